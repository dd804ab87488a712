"""Pellucid from Python: the same traces as the other tracing tools are given."""

from __future__ import annotations

from typing import Any

import numpy as np

import pellucid as pl
from peers.serve import Contestant, Work, serve, spots


class Traces(Contestant):
    about = f"pellucid {pl.__version__}"

    def work(self, case: dict[str, Any]) -> Work:
        model = self.shared(case["model"], lambda: pl.LanguageModel(case["model"]))
        calls = {
            "trace": logits_of,
            "fixed one": logits_of,
            "fixed empty": empty,
            "fixed all": all_layers,
            "residuals": residuals_of,
            "patterns": patterns_of,
        }
        return calls[case["work"]](model, case["ids"])


def empty(model: Any, ids: Any) -> Work:
    def call() -> None:
        with model.trace(ids):
            pass

    return Work(call)


def logits_of(model: Any, ids: Any) -> Work:
    def call() -> Any:
        with model.trace(ids):
            logits = model.lm_head.output.save()
        return logits

    return Work(call, lambda logits: np.asarray(logits)[:, spots(logits.shape[1])])


def all_layers(model: Any, ids: Any) -> Work:
    h = model.transformer.h

    def call() -> Any:
        with model.trace(ids):
            h0 = h[0].output.save()
            h1 = h[1].output.save()
            h2 = h[2].output.save()
            h3 = h[3].output.save()
            h4 = h[4].output.save()
            h5 = h[5].output.save()
            h6 = h[6].output.save()
            h7 = h[7].output.save()
            h8 = h[8].output.save()
            h9 = h[9].output.save()
            h10 = h[10].output.save()
            h11 = h[11].output.save()
            y = model.lm_head.output.save()
        return h0, h1, h2, h3, h4, h5, h6, h7, h8, h9, h10, h11, y

    return Work(call)


def residuals_of(model: Any, ids: Any) -> Work:
    def call() -> Any:
        with model.trace(ids):
            states = [block.output.save() for block in model.transformer.h]
            model.lm_head.output.save()  # the peers' passes go to the end
        return states

    return Work(call, np.stack)


def patterns_of(model: Any, ids: Any) -> Work:
    def call() -> Any:
        with model.trace(ids):
            patterns = [block.attn.pattern.save() for block in model.transformer.h]
            model.lm_head.output.save()  # the peers' passes go to the end
        return patterns

    return Work(call, np.stack)


if __name__ == "__main__":
    serve(Traces())
