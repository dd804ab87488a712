"""Models that continue texts."""

from __future__ import annotations

from pellucid import _native
from pellucid.errors import fault
from pellucid.model import Model


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
