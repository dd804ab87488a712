"""NNsight on the same model: traces as its documentation writes them.

Gradients are off, the model computes no cache, and attention is eager, which has the patterns.
`fixed` is the cost of a trace itself: its model is a stack of twelve small layers.
"""

from __future__ import annotations

import os
from typing import Any

import nnsight
import torch
from nnsight import NNsight, TransformersModel

from peers.serve import Contestant, Work, serve, spots


class Traces(Contestant):
    about = f"nnsight {nnsight.__version__}, torch {torch.__version__}"

    def work(self, case: dict[str, Any]) -> Work:
        if case["work"].startswith("fixed"):
            return self.fixed(case)
        model = self.shared(case["model"], lambda: open_model(case["model"]))
        make = {"trace": logits_of, "residuals": residuals_of, "patterns": patterns_of}[
            case["work"]
        ]
        return make(model, torch.tensor(case["ids"]))

    def fixed(self, case: dict[str, Any]) -> Work:
        model, x = self.shared("stack", stack), torch.zeros(1, 64)
        plain = model._module

        @torch.no_grad()
        def bare() -> Any:
            return plain(x)

        @torch.no_grad()
        def empty() -> None:
            with model.trace(x):
                pass

        @torch.no_grad()
        def one() -> Any:
            with model.trace(x):
                y = model.output.save()
            return y

        @torch.no_grad()
        def all_layers() -> Any:
            with model.trace(x):
                h0 = model[0].output.save()
                h1 = model[1].output.save()
                h2 = model[2].output.save()
                h3 = model[3].output.save()
                h4 = model[4].output.save()
                h5 = model[5].output.save()
                h6 = model[6].output.save()
                h7 = model[7].output.save()
                h8 = model[8].output.save()
                h9 = model[9].output.save()
                h10 = model[10].output.save()
                h11 = model[11].output.save()
                y = model.output.save()
            return h0, h1, h2, h3, h4, h5, h6, h7, h8, h9, h10, h11, y

        calls = {"bare": bare, "empty": empty, "one": one, "all": all_layers}
        return Work(calls[case["work"].removeprefix("fixed ")])


def open_model(path: str) -> Any:
    """The model, with the attention that has patterns."""
    model = TransformersModel(
        path,
        task="text-generation",
        dispatch=True,
        attn_implementation="eager",
        dtype=torch.float32,
    )
    model._module.eval().requires_grad_(False)
    return model


def stack() -> Any:
    """Twelve linear layers of width 64."""
    layers = torch.nn.Sequential(*(torch.nn.Linear(64, 64) for _ in range(12)))
    return NNsight(layers.eval().requires_grad_(False))


def logits_of(model: Any, ids: Any) -> Work:
    @torch.no_grad()
    def call() -> Any:
        with model.trace(ids, use_cache=False):
            logits = model.output.logits.save()
        return logits

    return Work(call, lambda logits: logits[:, spots(logits.shape[1])].numpy())


def residuals_of(model: Any, ids: Any) -> Work:
    @torch.no_grad()
    def call() -> Any:
        with model.trace(ids, use_cache=False):
            states = nnsight.save([block.output for block in model.transformer.h])
        return states

    return Work(call, lambda states: torch.stack(list(states)).numpy())


def patterns_of(model: Any, ids: Any) -> Work:
    @torch.no_grad()
    def call() -> Any:
        with model.trace(ids, use_cache=False):
            patterns = nnsight.save([block.attn.output[1] for block in model.transformer.h])
        return patterns

    return Work(call, lambda patterns: torch.stack(list(patterns)).numpy())


if __name__ == "__main__":
    torch.set_num_threads(int(os.environ["BENCH_THREADS"]))
    serve(Traces())
