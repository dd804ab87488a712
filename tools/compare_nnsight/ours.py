"""Pellucid's side of `Parts`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

import pellucid as pl
from compare_nnsight.parts import Parts


class Ours(Parts):
    """The parts of a model of Pellucid."""

    def attn_out(self, layer: int) -> Any:
        """The module's output, one tensor."""
        return self.attn(layer).output

    def attn_weights(self, layer: int) -> Any:
        """The tap."""
        return self.attn(layer).pattern

    def pattern(self, layer: int) -> Any:
        """The tap."""
        return self.attn(layer).pattern

    def set_pattern(self, layer: int, value: Any) -> None:
        """Writes the tap."""
        self.attn(layer).pattern = value

    def scores(self, layer: int) -> Any:
        """The tap before it."""
        return self.attn(layer).scores

    def keys(self, layer: int) -> Any:
        """The cache as this step reads it."""
        return self.attn(layer).cache.keys

    def values(self, layer: int) -> Any:
        """The same of values."""
        return self.attn(layer).cache.values

    def root_logits(self) -> Any:
        """The model's output is one tensor."""
        return self.model.output

    def edited(self, made: Any) -> Any:
        """The model itself."""
        return made

    def new_token(self) -> Any:
        """What the step chose."""
        return self.model.generator.streamer.output

    def steps_of_tokens(self, n: int) -> slice:
        """The steps that chose them."""
        return slice(0, n)

    @contextmanager
    def changed_weight(self, path: str, change: Callable[[Any], Any]) -> Iterator[Any]:
        """Changes it in an edited copy of the model."""
        with self.model.edit() as edited:
            module = edited.get(path)
            module.weight = change(module.weight)
        yield edited

    def router(self, layer: int) -> Any:
        """The router's output."""
        return self.layers[layer].mlp.gate.output

    def chosen(self, layer: int) -> Any:
        """The tap."""
        return self.layers[layer].mlp.chosen

    def expert_weights(self, layer: int) -> Any:
        """The tap."""
        return self.layers[layer].mlp.weights

    def again(self, **options: Any) -> Any:
        """Opens it with options."""
        return pl.LanguageModel(self.folder, **options)


def parts(folder: Path) -> tuple[Any, Ours]:
    """A model and its parts."""
    model = pl.LanguageModel(folder)

    def encoded(texts: list[str]) -> Any:
        return model.tokenizer(texts, padding=True, padding_side="left")

    words = SimpleNamespace(
        save=pl.save,
        tensor=pl.tensor,
        ids=np.array,
        cat=pl.cat,
        stack=pl.stack,
        where=pl.where,
        float16=pl.float16,
        zeros_like=pl.zeros_like,
        einsum=pl.einsum,
        no_grad=nullcontext,
        Envoy=pl.Envoy,
        eproperty=pl.eproperty,
        encode=model.tokenizer.encode,
        encoded=encoded,
    )
    return model, Ours(model, folder, words)
