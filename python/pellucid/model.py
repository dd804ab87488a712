"""Opening a model: from a folder or file to the tree of its envoys."""

from __future__ import annotations

import os
from typing import Any

from pellucid import _native, _prompt
from pellucid._html import model as page
from pellucid.dtype import DType, dtype
from pellucid.envoy import Envoy, grow
from pellucid.errors import fault
from pellucid.tracer import Tracer


class LanguageModel(Envoy):
    """A language model, opened: the envoy of the whole, and where traces begin.

    `model` is a Hugging Face folder, a `.gguf` file, or the name of a model in the folder that
    `PELLUCID_MODELS` names, in `.models`, or in the user's cache.

    ```python
    model = pl.LanguageModel("SmolLM2-135M-Instruct")
    with model.trace("The Eiffel Tower is in the city of"):
        logits = model.lm_head.output[:, -1].save()
    ```
    """

    def __init__(self, model: str | os.PathLike[str]) -> None:
        """Opens the model.

        Raises `LoadError` when there is no such model, or it cannot be read.
        """
        native = _native.Model.open(os.fspath(model))
        kind = next((kind for path, kind, _, _ in native.modules() if not path), "Model")
        super().__init__(native, "", kind)
        self._tokenizer = Tokenizer(native)
        grow(self, native)

    @property
    def name(self) -> str:
        """The name of the folder or file it came from."""
        return self._model.name

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
        return dtype(self._model.dtype)

    @property
    def tokenizer(self) -> Tokenizer:
        """Text to token ids and back."""
        return self._tokenizer

    def _repr_html_(self) -> str:
        sizes = f"{self.n_ctx} positions", f"{self.vocab_size} tokens"
        return page.html(self, self.model_type, self.dtype.name, *sizes)

    def trace(self, prompt: Any = None) -> Tracer:
        """One forward pass; what is written in its block happens inside the pass.

        `prompt` is text, token ids (a list, or an array with one axis), or several of either (a
        list, or an array with two axes). Without it, prompts come by `tracer.invoke(prompt)`.
        """
        return Tracer(self._model, prompt)

    def tokens(self, prompt: Any) -> Any:
        """The pieces that a prompt is read as; a list of such lists for several prompts."""
        rows = _prompt.prompts(prompt)
        pieces = [
            self._model.pieces(self._model.encode(row, True) if isinstance(row, str) else row)
            for row in rows
        ]
        is_single = isinstance(prompt, str) or (rows and len(rows) == 1 and _has_one_axis(prompt))
        return pieces[0] if is_single else pieces


class Tokenizer:
    """Text to token ids and back, as the model was trained."""

    def __init__(self, model: _native.Model) -> None:
        """Not for users: `model.tokenizer` is it."""
        self._model = model

    def encode(self, text: str, *, add_special_tokens: bool = True) -> list[int]:
        """The token ids of a text, with those that the model expects around it."""
        return self._model.encode(text, add_special_tokens)

    def id(self, text: str) -> int:
        """The id of a text that is one token, ` Paris` with its space say.

        Raises `ArgumentError` when it is none or several.
        """
        ids = self.encode(text, add_special_tokens=False)
        if len(ids) != 1:
            pieces = ", ".join(f"`{piece}`" for piece in self.pieces(ids))
            message = f"`{text}` is {len(ids)} tokens, not one: {pieces or 'nothing'}"
            raise fault("bad-argument", message, "`encode(text)` gives them all")
        return ids[0]

    def decode(self, ids: Any, *, skip_special_tokens: bool = False) -> str:
        """The text of token ids: one, a list, or an array."""
        return self._model.decode(_ids(ids), skip_special_tokens)

    def pieces(self, ids: Any) -> list[str]:
        """Each token by itself, as people read it."""
        return self._model.pieces(_ids(ids))


def _ids(given: Any) -> list[int]:
    listed = given.tolist() if hasattr(given, "tolist") else given
    if hasattr(listed, "__index__"):
        return [int(listed)]
    return [int(token) for token in listed]


def _has_one_axis(prompt: Any) -> bool:
    return all(hasattr(item, "__index__") and not isinstance(item, str) for item in prompt)
