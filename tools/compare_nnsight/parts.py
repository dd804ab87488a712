"""What a script is given: a model's parts, and the few words in which the two packages differ.

A script is one function over a model and its `Parts`, the same text for both packages. Whatever it
cannot say in one way is a method here, so this file is the list of differences of name.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

PROMPT, OTHER = "The Eiffel Tower is in the city of", "We went to the store and"
Script = Callable[[Any, "Parts"], Any]


@dataclass(frozen=True)
class Paths:
    """Where an architecture keeps its parts in transformers."""

    layers: str = "model.layers"
    norm: str = "model.norm"
    embed: str = "model.embed_tokens"
    head: str = "lm_head"
    attn: str = "self_attn"
    o: str = "o_proj"
    down: str = "down_proj"
    kv_update: str = "past_key_values_update_0"


PATHS = {
    "gpt2": Paths(
        "transformer.h",
        "transformer.ln_f",
        "transformer.wte",
        attn="attn",
        o="c_proj",
        down="c_proj",
        kv_update="curr_past_key_values_update_0",
    ),
    "gpt_neox": Paths(
        "gpt_neox.layers",
        "gpt_neox.final_layer_norm",
        "gpt_neox.embed_in",
        attn="attention",
        o="dense",
        down="dense_4h_to_h",
        kv_update="layer_past_update_0",
    ),
}


class Parts(ABC):
    """A model's parts, and words that both packages have."""

    def __init__(self, model: Any, folder: Path, words: SimpleNamespace) -> None:
        """Finds the parts; `words` are `save`, `tensor`, `cat` and so on of the package."""
        config = json.loads((folder / "config.json").read_text())
        self.model_type: str = config["model_type"]
        self.folder = folder
        self.paths = PATHS.get(self.model_type, Paths())
        self.layers = follow(model, self.paths.layers)
        self.norm = follow(model, self.paths.norm)
        self.embed = follow(model, self.paths.embed)
        self.head = follow(model, self.paths.head)
        self.n_heads: int = config.get("num_attention_heads") or config["n_head"]
        generation = json.loads((folder / "generation_config.json").read_text())
        self.eos: int = generation["eos_token_id"]
        self.words = words
        self.model = model

    def attn(self, layer: int) -> Any:
        """The attention of a layer."""
        return getattr(self.layers[layer], self.paths.attn)

    def o(self, layer: int) -> Any:
        """The projection that ends attention; its input is what heads give, beside each other."""
        return getattr(self.attn(layer), self.paths.o)

    def down(self, layer: int) -> Any:
        """The projection that ends an MLP; its input is the neurons."""
        return getattr(self.layers[layer].mlp, self.paths.down)

    def heads(self, value: Any) -> Any:
        """What heads give, one by one: `[b, s, h, k]`, a view."""
        return value.unflatten(-1, (self.n_heads, -1))

    @abstractmethod
    def attn_out(self, layer: int) -> Any:
        """What attention adds to the residual stream; theirs is a tuple, with the pattern."""

    @abstractmethod
    def attn_weights(self, layer: int) -> Any:
        """The attention pattern that the module gives beside its output."""

    @abstractmethod
    def pattern(self, layer: int) -> Any:
        """Who attends to whom: `[b, h, s, s]`, where the softmax gives it."""

    @abstractmethod
    def set_pattern(self, layer: int, value: Any) -> None:
        """Replaces it."""

    @abstractmethod
    def scores(self, layer: int) -> Any:
        """What the softmax is taken of."""

    @abstractmethod
    def keys(self, layer: int) -> Any:
        """The keys that attention reads, those of steps before included: `[b, s, h, k]`, a view."""

    @abstractmethod
    def values(self, layer: int) -> Any:
        """The values that attention reads."""

    @abstractmethod
    def root_logits(self) -> Any:
        """The logits as the whole model gives them."""

    @abstractmethod
    def edited(self, made: Any) -> Any:
        """The edited model of `with model.edit() as made:`."""

    @abstractmethod
    def new_token(self) -> Any:
        """The token that a step of a generation chose: `[b]`."""

    @abstractmethod
    def steps_of_tokens(self, n: int) -> slice:
        """The steps at which `new_token` gives the first `n` new tokens."""

    @abstractmethod
    def again(self, **options: Any) -> Any:
        """The same model, opened again with options."""

    @abstractmethod
    def changed_weight(
        self, path: str, change: Callable[[Any], Any]
    ) -> AbstractContextManager[Any]:
        """A model in which a module's weight is what `change` makes of it."""

    @abstractmethod
    def router(self, layer: int) -> Any:
        """How much a router thinks of each expert: `[b, s, experts]`."""

    @abstractmethod
    def chosen(self, layer: int) -> Any:
        """The experts that a token is given to: one line for each token."""

    @abstractmethod
    def expert_weights(self, layer: int) -> Any:
        """What their results are multiplied by, writable."""

    @property
    def width(self) -> int:
        """How many numbers a residual stream has."""
        return 32  # of every tiny fixture

    def noise(self, *shape: int, seed: int = 0) -> Any:
        """Random numbers that both packages get."""
        made = np.random.default_rng(seed).standard_normal(shape).astype(np.float32)
        return self.words.tensor(made)


def follow(model: Any, path: str) -> Any:
    """The module at a path."""
    for name in path.split("."):
        model = getattr(model, name)
    return model


def ids_of(parts: Parts, text: str, n: int) -> list[int]:
    """The first `n` token ids of a text."""
    given: Sequence[int] = parts.words.encode(text)
    return [int(i) for i in given][:n]
