"""Texts continued: what `model.generate` gives."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pellucid import _native, _prompt
from pellucid._location import here
from pellucid.errors import fault
from pellucid.tracer import Tracer

if TYPE_CHECKING:
    from pellucid._log import Log
    from pellucid._recorder import Recorder
    from pellucid.envoy import Envoy
    from pellucid.tensor import Tensor


@dataclass(frozen=True)
class Token:
    """A token that was made, as `for token in generation` gives it."""

    prompt: int
    """Which prompt it continues."""
    sample: int
    """Which of the prompt's `n` continuations it belongs to."""
    id: int
    """Its id."""
    text: str
    """What it adds to the text: nothing while a character, or a text to stop at, is incomplete."""
    ended: str | None
    """With the last token of a continuation why it is: `"eos"`, `"stop"` or `"length"`."""


@dataclass(frozen=True)
class Settings:
    """How tokens are chosen; `model.generate` documents each."""

    max_new_tokens: int = 20
    n: int = 1
    temperature: float | None = None
    top_k: int | None = None
    top_p: float | None = None
    min_p: float | None = None
    repetition_penalty: float = 1.0
    seed: int | None = None
    stop: tuple[str, ...] = ()
    ignore_eos: bool = False

    @property
    def is_random(self) -> bool:
        """Whether anything is given that makes another token than the likeliest possible."""
        limits = (self.top_k, self.top_p, self.min_p, self.seed)
        return bool(self.temperature) or self.n > 1 or any(each is not None for each in limits)


class Generation:
    """Continuations of prompts, made when they are first asked for.

    `text`, `ids`, `sequences` and `ended` are of one continuation for one prompt; a list for
    several prompts, or for `n` continuations of one; a list of lists for both.

    ```python
    generation = model.generate("The Eiffel Tower is in", max_new_tokens=8)
    generation.text
    for token in model.generate("Once upon a time", max_new_tokens=50, temperature=0.8, seed=1):
        print(token.text, end="", flush=True)
    ```
    """

    def __init__(
        self,
        root: Envoy,
        prompt: Any,
        settings: Settings,
        on_token: Callable[[Token], object] | None,
        *,
        live: bool = False,
        log: Callable[[Log], object] | None = None,
    ) -> None:
        """Not for users: `model.generate` makes it."""
        temperature, self._seed = _chosen(settings)
        self._root = root
        self._prompt = prompt
        self._n = settings.n
        self._on_token = on_token
        self._lock = threading.Lock()
        self._is_live = live
        self._log = log
        self._settings = (
            settings.max_new_tokens,
            settings.n,
            temperature,
            settings.top_k,
            settings.top_p,
            settings.min_p,
            settings.repetition_penalty,
            self._seed,
            list(settings.stop),
            not settings.ignore_eos,
        )
        self._at = here()
        self._native = None if prompt is None else self._started(prompt)
        self._tracer: GenerationTracer | None = None
        self._tokens: list[Token] = []
        self._is_done = False

    def __iter__(self) -> Iterator[Token]:
        """Tokens as they are made, one of each continuation after the other."""
        self._made()
        seen = 0
        while True:
            while seen < len(self._tokens):
                yield self._tokens[seen]
                seen += 1
            if not self._advance():
                return

    @property
    def seed(self) -> int:
        """What random numbers depend on: with it the same settings give the same tokens."""
        return self._seed

    @property
    def text(self) -> Any:
        """What was added to the prompt, without special tokens."""
        return self._nested(lambda tokens, _: "".join(token.text for token in tokens))

    @property
    def ids(self) -> Any:
        """The ids that were added to the prompt."""
        return self._nested(lambda tokens, _: [token.id for token in tokens])

    @property
    def sequences(self) -> Any:
        """The ids of the prompt and those added to it."""
        return self._nested(lambda tokens, prompt: prompt + [token.id for token in tokens])

    @property
    def ended(self) -> Any:
        """Why each continuation ended: `"eos"`, `"stop"` or `"length"`."""
        return self._nested(lambda tokens, _: tokens[-1].ended if tokens else "length")

    def __repr__(self) -> str:
        state = f"{len(self._tokens)} tokens" if self._is_done else "not made yet"
        return f"Generation({state}, seed={self._seed})"

    def __enter__(self) -> GenerationTracer:
        """Records on the generation; it is made when the block ends, with what was recorded."""
        self._tracer = GenerationTracer(
            self._root,
            self._prompt,
            self._settings,
            live=self._is_live,
            log=self._log,
            on_token=self._on_token,
        )
        self._tracer._at = self._at
        return self._tracer.__enter__()  # type: ignore[return-value]

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._tracer is not None:
            self._tracer.__exit__(kind, raised, traceback)

    def _started(self, prompt: Any) -> _native.Generation:
        rows = _prompt.prompts(prompt)
        self._is_single = _prompt.is_single(prompt, rows)
        return _native.Generation(self._root._model, rows, self._settings, self._at)

    def _made(self) -> _native.Generation:
        """What makes the tokens, if it is not a trace that does."""
        if self._tracer is not None:
            message = "this generation was recorded on: its tokens are those of its trace"
            help = "save them in the block: `ids = tracer.result.save()`"
            raise fault("bad-argument", message, help)
        if self._native is None:
            help = "give one, or record: `with model.generate(...) as tracer:` and `tracer.invoke`"
            raise fault("bad-prompt", "there is no prompt to continue", help)
        return self._native

    def _advance(self) -> bool:
        """Makes the next token of every continuation that goes on."""
        with self._lock:
            fresh = [] if self._is_done else self._made().step()
            self._is_done = not fresh
            tokens = [
                Token(row // self._n, row % self._n, id, text, ended)
                for row, id, text, ended in fresh
            ]
            self._tokens += tokens
        if self._on_token is not None:
            for token in tokens:
                self._on_token(token)
        return bool(fresh)

    def _nested(self, of: Callable[[list[Token], list[int]], Any]) -> Any:
        made_by = self._made()
        while self._advance():
            pass
        prompts = made_by.prompts
        rows: list[list[list[Token]]] = [[[] for _ in range(self._n)] for _ in prompts]
        for token in self._tokens:
            rows[token.prompt][token.sample].append(token)
        made = [
            [of(tokens, prompt) for tokens in samples]
            for samples, prompt in zip(rows, prompts, strict=True)
        ]
        per_prompt = made if self._n > 1 else [samples[0] for samples in made]
        return per_prompt[0] if self._is_single else per_prompt


def _chosen(settings: Settings) -> tuple[float, int]:
    """Temperature and seed; settings that would have no effect are errors."""
    random = {
        "top_k": settings.top_k is not None,
        "top_p": settings.top_p is not None,
        "min_p": settings.min_p is not None,
        "seed": settings.seed is not None,
        "n": settings.n > 1,
    }
    given = [name for name, is_given in random.items() if is_given]
    if settings.temperature is None:
        temperature = 1.0 if given else 0.0
    else:
        temperature = float(settings.temperature)
    if temperature == 0.0 and given:
        message = f"`temperature=0` takes the likeliest token, so `{given[0]}` would have no effect"
        raise fault("bad-argument", message, "leave one of the two out")
    if temperature == 0.0:
        return temperature, 0
    seed = secrets.randbits(63) if settings.seed is None else int(settings.seed)
    return temperature, seed


class GenerationTracer(Tracer):
    """A trace of a generation: `with model.generate(prompt) as tracer:`."""

    _word = "generate"

    def __init__(
        self,
        root: Envoy,
        prompt: Any,
        settings: _native._Settings,
        *,
        live: bool = False,
        log: Callable[[Log], object] | None = None,
        on_token: Callable[[Token], object] | None = None,
    ) -> None:
        """Not for users: `model.generate(...)` makes it."""
        super().__init__(root, prompt, live=live, log=log)
        self._settings = settings
        self._on_token = on_token

    def _prepare(self, recorder: Recorder) -> None:
        if self._on_token is not None and recorder.is_live:
            message = "`on_token` hears a recorded generation; a live one makes tokens as you read"
            raise fault("bad-argument", message, "`model.generator.token` is each step's token")
        recorder.generate(self._settings, here())

    def _run(self, recorder: Recorder) -> None:
        on_token, n = self._on_token, self._settings[1]
        if on_token is not None:
            recorder.on_token = lambda row, id, text, ended: on_token(
                Token(row // n, row % n, id, text, ended)
            )
            n_invokes = 0 if recorder.is_stopped else self._n_invokes or 1
            for invoke in range(n_invokes):  # tokens are made to the last
                ids = recorder.read(invoke, "generator", "output", 0, here())
                recorder.save(ids, None, here())
        super()._run(recorder)

    @property
    def _n_steps(self) -> int:
        return self._settings[0]

    @property
    def result(self) -> Tensor:
        """The ids, prompt and new ones: int64 `[b * n, prompt + new]`.

        Prompts of different lengths are aligned to the right, and rows that ended before others
        are filled up with the pad token, as in transformers. `model.generator.output` is the same.
        """
        return self._root._child_named("generator")._read("output")
