"""NNsight's side of `Parts`, and its words for what the packages call differently."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from compare_nnsight.parts import Parts


class Theirs(Parts):
    """The parts of a model of NNsight."""

    def attn_out(self, layer: int) -> Any:
        """The first of what the module gives."""
        return self.attn(layer).output[0]

    def attn_weights(self, layer: int) -> Any:
        """The second, with eager attention."""
        return self.attn(layer).output[1]

    def _softmax(self, layer: int) -> Any:
        return self.attn(layer).source.attention_interface_1.source.nn_functional_softmax_0

    def pattern(self, layer: int) -> Any:
        """The softmax in the source of eager attention."""
        return self._softmax(layer).output

    def set_pattern(self, layer: int, value: Any) -> None:
        """Writes what it gives."""
        self._softmax(layer).output = value

    def scores(self, layer: int) -> Any:
        """What it takes."""
        return self._softmax(layer).input

    def keys(self, layer: int) -> Any:
        """The first of what the cache's `update` gives, heads moved behind positions."""
        return getattr(self.attn(layer).source, self.paths.kv_update).output[0].transpose(1, 2)

    def values(self, layer: int) -> Any:
        """The second."""
        return getattr(self.attn(layer).source, self.paths.kv_update).output[1].transpose(1, 2)

    def root_logits(self) -> Any:
        """A field of transformers' output."""
        return self.model.output.logits

    def edited(self, made: Any) -> Any:
        """The second of a tracer and a model."""
        return made[1]

    def new_token(self) -> Any:
        """What went to the streamer, to which the prompt goes first."""
        return self.model.generator.streamer.output

    def steps_of_tokens(self, n: int) -> slice:
        """One step later than they were chosen."""
        return slice(1, n + 1)

    @contextmanager
    def changed_weight(self, path: str, change: Callable[[Any], Any]) -> Iterator[Any]:
        """Changes it for everybody, and puts it back."""
        weight = self.model.get(path)._module.weight
        before = weight.data.clone()
        weight.data = change(before.clone())
        try:
            yield self.model
        finally:
            weight.data = before

    def router(self, layer: int) -> Any:
        """The first of what the router gives, without the axis of prompts."""
        return self.layers[layer].mlp.gate.output[0].unsqueeze(0)

    def chosen(self, layer: int) -> Any:
        """The third."""
        return self.layers[layer].mlp.gate.output[2].unsqueeze(0)

    def expert_weights(self, layer: int) -> Any:
        """The second."""
        return self.layers[layer].mlp.gate.output[1].unsqueeze(0)

    def again(self, **options: Any) -> Any:
        """Opens it with options."""
        return opened(self.folder, **options)


def opened(folder: Path, **options: Any) -> Any:
    """A model of NNsight, eager so that attention patterns are there."""
    tokenizer = import_module("transformers").AutoTokenizer.from_pretrained(folder)
    return import_module("nnsight").LanguageModel(
        str(folder),
        tokenizer=tokenizer,
        dispatch=True,
        device_map="cpu",
        attn_implementation="eager",
        **options,
    )


def parts(folder: Path) -> tuple[Any, Theirs]:
    """A model and its parts."""
    nnsight, torch = import_module("nnsight"), import_module("torch")
    model = opened(folder)
    words = SimpleNamespace(
        save=nnsight.save,
        tensor=torch.tensor,
        ids=torch.tensor,
        cat=torch.cat,
        stack=torch.stack,
        where=torch.where,
        float16=torch.float16,
        zeros_like=torch.zeros_like,
        einsum=torch.einsum,
        no_grad=torch.no_grad,
        Envoy=nnsight.Envoy,
        eproperty=import_module("nnsight.intervention.eproperty").eproperty,
        encode=lambda text: model.tokenizer(text)["input_ids"],
        encoded=lambda texts: model.tokenizer(
            texts, return_tensors="pt", padding=True, padding_side="left"
        ),
    )
    return model, Theirs(model, folder, words)
