"""Models that continue texts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from pellucid import _chat, _native, _prompt
from pellucid.errors import fault
from pellucid.generation import Generation, Settings, Token
from pellucid.model import Model

if TYPE_CHECKING:
    from pellucid._log import Log


class LanguageModel(Model):
    """A language model, opened: the envoy of the whole, and where traces begin.

    `model` is a Hugging Face folder, a `.gguf` file, or the name of a model in the folder that
    `PELLUCID_MODELS` names, in `.models`, or in the user's cache. An encoder, which gives hidden
    states and no next token, is opened as a `Model`.

    ```python
    model = pl.LanguageModel("SmolLM2-135M-Instruct")
    with model.trace("The Eiffel Tower is in the city of"):
        logits = model.lm_head.output[:, -1].save()
    ```
    """

    def _accept(self, native: _native.Model) -> None:
        if not native.is_causal:
            message = f"`{native.name}` is an encoder, which does not continue texts"
            raise fault("bad-argument", message, f'open it with `pl.Model("{native.name}")`')

    def generate(
        self,
        prompt: Any = None,
        *,
        max_new_tokens: int = 20,
        do_sample: bool | None = None,
        n: int = 1,
        temperature: float | None = None,
        top_k: int | None = None,
        top_p: float | None = None,
        min_p: float | None = None,
        repetition_penalty: float = 1.0,
        seed: int | None = None,
        stop: str | Sequence[str] = (),
        ignore_eos: bool = False,
        on_token: Callable[[Token], object] | None = None,
        input_ids: Any = None,
        attention_mask: Any = None,
        messages: _chat.Messages | None = None,
        live: bool = False,
        log: Callable[[Log], object] | None = None,
    ) -> Generation:
        """Continues prompts, which may differ in length, with a cache of keys and values.

        Without any of `temperature`, `top_k`, `top_p`, `min_p`, `seed` and `n`, or with
        `do_sample=False`, each token is the likeliest. Otherwise tokens are drawn, as in
        transformers: logits of tokens already there are divided by `repetition_penalty`, all by
        `temperature` (1 if unset), then the `top_k` likeliest are kept, of them those that together
        have the probability `top_p`, of them those with at least `min_p` of the likeliest one's.
        `n` continuations of each prompt are drawn; `seed` makes them the same every time, alone or
        beside other prompts, to the bit.

        A continuation ends with a token that ends texts (unless `ignore_eos`), before a text of
        `stop`, or after `max_new_tokens`. `prompt`, `input_ids`, `attention_mask` and `messages`
        are what `trace` takes.
        `on_token` is called with each token as it is made; iterating over what this returns gives
        them too.

        `with model.generate(prompt) as tracer:` records on the generation's steps:

        ```python
        with model.generate("The Eiffel Tower is in", max_new_tokens=3) as tracer:
            hidden = pl.list().save()
            for step in tracer.iter[:]:
                model.layers[5].output[:, -1] += vector
                hidden.append(model.layers[9].output[:, -1])
            ids = tracer.result.save()
        ```

        `live` and `log` are those of `trace`: a live generation goes on as its steps are written,
        and a loop over `tracer.iter[:]` ends when all continuations have.

        Raises `ArgumentError` for settings that have no meaning or would have no effect.
        """
        settings = Settings(
            max_new_tokens,
            n,
            1.0 if do_sample and temperature is None else temperature,
            top_k,
            top_p,
            min_p,
            repetition_penalty,
            seed,
            (stop,) if isinstance(stop, str) else tuple(stop),
            ignore_eos,
        )
        if do_sample is False and settings.is_random:
            message = "`do_sample=False` takes the likeliest token, so others would have no effect"
            raise fault("bad-argument", message, "leave it out, or the others")
        prompt = _prompt.given(prompt, input_ids, attention_mask)
        given = _chat.prompt(self._model, prompt, messages, True)
        if isinstance(given, list | tuple) and not given:
            raise fault("bad-prompt", "there is no prompt to continue")
        return Generation(self, given, settings, on_token, live=live, log=log)
