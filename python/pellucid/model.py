"""Models of every kind: from a folder or file to the tree of its envoys, traces, embeddings."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pellucid import _chat, _native, _progress, _prompt
from pellucid._call import made
from pellucid._html import model as page
from pellucid._location import here
from pellucid._scan import Scanner
from pellucid.dtype import DType
from pellucid.dtype import dtype as element_type
from pellucid.edit import Edit, Editor
from pellucid.envoy import Envoy, Envoys, envoy_classes, grow
from pellucid.errors import fault
from pellucid.session import Session
from pellucid.tokenizer import Tokenizer
from pellucid.tracer import Tracer

if TYPE_CHECKING:
    from typing_extensions import Self

    from pellucid._log import Log
    from pellucid.tensor import Tensor


class Model(Envoy):
    """A model of any kind, opened: the envoy of the whole, and where traces begin.

    `model` is a Hugging Face folder, a `.gguf` file, the name of a model in the folder that
    `PELLUCID_MODELS` names, in `.models`, or in the user's cache; or the id of a model of the
    Hugging Face hub: `org/name`, or `org/name/file.gguf` for one file of it. A `config.json` alone
    is a model without weights, to record and check on; `tiny:llama`, and so on for every
    architecture, is a small one of random weights. What continues texts is better opened as a
    `LanguageModel`.

    ```python
    model = pl.Model("all-MiniLM-L6-v2")
    a, b = model.encode(["A man is eating.", "Someone has lunch."])
    print(a @ b)
    ```
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        rename: Mapping[str, str | Sequence[str]] | None = None,
        envoys: Envoys | None = None,
        dtype: Any = "float32",
        quantized: bool = False,
        stream_weights: bool = False,
        memory_budget: int | str | None = None,
        dispatch: bool = False,
        revision: str | None = None,
        token: str | None = None,
        offline: bool | None = None,
    ) -> None:
        """Opens the model: milliseconds, since weights are read when a trace first needs them.

        `dtype` is that of values inside: `float32`, `bfloat16` or `float16`; wider weights are
        rounded to it, as `dtype=` of transformers does. Half weights in a float32 run keep their
        size in memory, and so, about, do quantized weights of a GGUF file, which are widened,
        exactly, as they are used. `quantized=True` does so in half runs too, more slowly.
        `stream_weights=True` leaves all weights in their file and reads them again in each forward
        pass, so that a model larger than memory runs; so does every weight beyond
        `memory_budget`, bytes or text like `"4GB"` (unset: 80 % of the memory that is free, less
        256 MiB for the run itself). None of these three changes a bit of any result.
        `dispatch=True` reads the weights now.

        `rename` gives modules and sites more names: `{"transformer.h": "blocks", "mlp": ["ffn"],
        "self_attn.z": "self_attn.mixed", "*.h": "blocks", "LlamaMLP": "ffn"}`. A key is a path
        from anywhere in the model, with `*` for any one name, or a class; keys that lead nowhere
        are passed over, so that one table serves many models. Traces hold the real paths.

        `envoys` gives modules classes of their own, with properties and methods that the class
        `pl.Envoy` lacks: `{"self_attn": Attention, "layers.*": Block, "LlamaMLP": Gated}`. A key
        is the end of a path, with `*` for any one name, or a class; or it is one class for all.

        A model of the hub is downloaded first where the cache, which all the hub's clients share,
        has it not. `revision` is a branch, a tag or a commit, the `main` branch by default; `token`
        stands for `HF_TOKEN`, `offline` for `HF_HUB_OFFLINE`.

        Raises `LoadError` when there is no such model, or it cannot be read, and `ArgumentError`
        when a name is taken.
        """
        if envoys is not None:
            envoy_classes(envoys)
        with _progress.shown() as report:
            native = _native.Model.open(
                os.fspath(model),
                _renames(rename or {}),
                element_type(dtype).name,
                quantized,
                stream_weights,
                None if memory_budget is None else str(memory_budget),
                (revision, token, offline),
                report,
            )
        self._accept(native)
        if dispatch:
            native.load()
        kind = next((kind for path, kind, _, _ in native.modules() if not path), "Model")
        super().__init__(native, "", kind)
        self._tokenizer = Tokenizer(native)
        self._envoys = envoys
        grow(self, native, envoys)

    @property
    def name(self) -> str:
        """The name of the folder or file it came from."""
        return self._model.name

    @property
    def revision(self) -> str | None:
        """The commit that it is of, for a model of the hub."""
        return self._model.revision

    @property
    def model_type(self) -> str:
        """The architecture, as `config.json` names it."""
        return self._model.model_type

    @property
    def n_ctx(self) -> int:
        """Most tokens that a prompt may have."""
        return self._model.n_ctx

    @property
    def vocab_size(self) -> int:
        """Token ids are below this."""
        return self._model.vocab_size

    @property
    def dtype(self) -> DType:
        """Element type of the values inside."""
        return element_type(self._model.dtype)

    @property
    def weight_bytes(self) -> int:
        """Bytes that all weights take in memory once they are read; streamed ones take none."""
        return self._model.weight_bytes

    @property
    def tokenizer(self) -> Tokenizer:
        """Text to token ids and back."""
        return self._tokenizer

    def _repr_html_(self) -> str:
        sizes = f"{self.n_ctx} positions", f"{self.vocab_size} tokens"
        return page.html(self, self.model_type, self.dtype.name, *sizes)

    def trace(
        self,
        prompt: Any = None,
        *,
        input_ids: Any = None,
        attention_mask: Any = None,
        messages: _chat.Messages | None = None,
        add_generation_prompt: bool = True,
        live: bool = False,
        log: Callable[[Log], object] | None = None,
    ) -> Tracer:
        """One forward pass; what is written in its block happens inside the pass.

        `prompt` is text, token ids (a list, or an array with one axis), or several of either (a
        list, or an array with two axes), or what a tokenizer gives. `input_ids` is another name
        of it; tokens for which `attention_mask` is 0, at either end, are left out. `messages` is a
        conversation instead, `[{"role": "user", "content": "Hello"}]`, or several, read through
        the model's chat template. Without any, prompts come by `tracer.invoke(prompt)`.

        `live=True` runs each line as it is written: values have elements in the block, so that
        Python can print them, decide by them, and compute with them in any library. Sites must then
        be read and written in the order of the model. `log` hears what the trace logs (`pl.log`).
        """
        given = _prompt.given(prompt, input_ids, attention_mask)
        prompt = _chat.prompt(self._model, given, messages, add_generation_prompt)
        return Tracer(self, prompt, live=live, log=log)

    def scan(
        self,
        prompt: Any = None,
        *,
        input_ids: Any = None,
        attention_mask: Any = None,
        messages: _chat.Messages | None = None,
        add_generation_prompt: bool = True,
    ) -> Tracer:
        """A trace that is recorded and checked but not run, for which no weights are needed.

        After the block its values have a shape and a dtype, and no elements. Arguments are those
        of `trace`.
        """
        given = _prompt.given(prompt, input_ids, attention_mask)
        return Scanner(self, _chat.prompt(self._model, given, messages, add_generation_prompt))

    def session(self) -> Session:
        """Several traces as one job, in which values flow from one to the next; see `Session`."""
        return Session(self._model)

    def edit(self, *, inplace: bool = False, steps: int | None = None) -> Editor:
        """What is done in every later trace and generation, and what weights become.

        ```python
        with model.edit() as edited:
            edited.model.layers[5].output[:, -1] += direction
            edited.model.layers[3].mlp.down_proj.weight *= 0.5
        edited.generate("...")  # `model` is as it was
        ```

        Gives another handle, which shares all other weights with this one; `inplace=True` changes
        this handle instead. What is written to sites is done in each step of a generation, or in
        the first `steps` ones: 1 is the prompt's. Values of sites have no number and length of
        prompts here, so that the edit is for any.

        Raises `EditError` at the line that depends on the prompt.
        """
        return Editor(self, inplace, steps)

    @property
    def edits(self) -> list[Edit]:
        """The edits of this handle, in the order in which they were made."""
        return [Edit(trace) for trace in _native.edits(self._model)]

    def with_edit(self, edit: Edit) -> Self:
        """Another handle of the model with one more edit."""
        edited = self._copy()
        edited.add_edit(edit)
        return edited

    def add_edit(self, edit: Edit) -> None:
        """Gives this handle one more edit."""
        _native.add_edit(self._model, edit._inner)

    def clear_edits(self) -> None:
        """Makes this handle what it was when the model was opened."""
        _native.clear_edits(self._model)

    def load_adapter(
        self, folder: str | os.PathLike[str], *, merge: bool = True, inplace: bool = False
    ) -> Self:
        """The model with a LoRA adapter in PEFT's format: another handle, or this one `inplace`.

        `merge=True` adds the adapter's product to the weights, `merge=False` its effect to the
        outputs of the modules that it is for, in every trace. Either is an edit like others.

        Raises `EditError` for an adapter of another kind (DoRA), or one that does not fit.
        """
        from pellucid.weights import adapter

        return adapter.load(self, folder, merge, inplace)

    def _copy(self) -> Self:
        """Another handle of the same model."""
        handle = type(self).__new__(type(self))
        native = _native.copy_model(self._model)
        Envoy.__init__(handle, native, "", self._kind)
        handle._tokenizer = self._tokenizer
        handle._envoys = self._envoys
        grow(handle, native, self._envoys)
        return handle

    def encode(self, prompt: Any, *, normalize: bool | None = None) -> Tensor:
        """What an encoder makes of texts: `[b, d]` for a list of them, `[d]` for one.

        As sentence-transformers does with the same folder: the mean of the last hidden states, or
        what its `modules.json` says; divided by its length if that says so, or if `normalize` does.
        Texts may differ in length; they are packed, not padded, and a text's embedding does not
        depend on the others. A prompt is what `trace` takes. Nothing is cut: a text of more than
        `n_ctx` tokens is an error.

        Raises `ArgumentError` when the model is no encoder.
        """
        rows = _prompt.prompts(prompt)
        at = here()
        embeddings = made(self._model.embed(rows, normalize, at), at)  # [b, d]
        return embeddings[0] if _prompt.is_single(prompt, rows) else embeddings

    def tokens(
        self,
        prompt: Any = None,
        *,
        messages: _chat.Messages | None = None,
        add_generation_prompt: bool = True,
    ) -> Any:
        """The pieces that a prompt is read as; a list of such lists for several prompts."""
        given = _chat.prompt(self._model, prompt, messages, add_generation_prompt)
        rows = _prompt.prompts(given)
        pieces = [
            self._model.pieces(self._model.encode(row, True) if isinstance(row, str) else row)
            for row in rows
        ]
        return pieces[0] if _prompt.is_single(given, rows) else pieces

    def _accept(self, native: _native.Model) -> None:
        """Raises when the model is of a kind that this class is not for."""

    def positions(
        self,
        prompt: Any = None,
        text: str = "",
        *,
        which: int | None = None,
        messages: _chat.Messages | None = None,
        add_generation_prompt: bool = True,
    ) -> list[int]:
        """Where a text is in a prompt: the positions of all tokens that have a part of it.

        ```python
        where = model.positions("The Eiffel Tower is in", "Eiffel Tower")  # [1, 2, 3]
        ```

        `which` chooses if it is there several times: 0 is the first, -1 the last. In token ids
        and messages it is looked for in what they spell, special tokens included.

        Raises `ArgumentError` when it is not there, or several times without `which`.
        """
        given = _chat.prompt(self._model, prompt, messages, add_generation_prompt)
        rows = _prompt.prompts(given)
        if len(rows) != 1:
            message = f"positions are those of one prompt, got {len(rows)}"
            raise fault("bad-argument", message, "ask for each prompt by itself")
        return self._model.positions(rows[0], text, which, True, here())


def _renames(rename: Mapping[str, str | Sequence[str]]) -> list[tuple[str, str]]:
    several = {key: [to] if isinstance(to, str) else to for key, to in rename.items()}
    return [(key, name) for key, names in several.items() for name in names]
