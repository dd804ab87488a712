"""Scores a language model on the demo data, by Pellucid.

    python tools/score_models.py SmolLM2-135M-Instruct
    python tools/score_models.py MODEL --tasks facts ioi --out scores.json

Tasks and counts are those of `scores.py`; `tests/fixtures/scores` has what transformers counts on
the same weights. Prompts of every length share a trace: they are packed, not padded.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from scores import DATA, TASKS, Answers, Predictions, read

import pellucid as pl

PROMPTS_AT_ONCE = 64
TEXTS_AT_ONCE = 8
"""Fewer: of these every position has logits."""


class Pellucid:
    """A model whose answers are read out of traces."""

    def __init__(self, model: pl.LanguageModel) -> None:
        """Wraps an open model."""
        self.model = model

    def encode(self, text: str, special: bool) -> list[int]:
        """Token ids."""
        return self.model.tokenizer.encode(text, add_special_tokens=special)

    def answer(self, prompts: list[str], right: list[int], wrong: list[int]) -> Answers:
        """The next token after each prompt; what is compared is computed inside the trace."""
        parts: list[Answers] = []
        for at in _slices(len(prompts), PROMPTS_AT_ONCE):
            with self.model.trace(prompts[at]):
                logits = self._last_logits()  # [b, v]
                a, b = (logits.gather(1, pl.tensor(ids[at]).unsqueeze(1)) for ids in (right, wrong))
                said = [logits.argmax(-1), a[:, 0], b[:, 0], (logits > a).sum(-1)]
                pl.save(said)
            parts.append(Answers(*(value.numpy() for value in said)))
        return Answers(*(np.concatenate(column) for column in zip(*parts, strict=True)))

    def predict(self, texts: list[list[int]]) -> list[Predictions]:
        """Every next token of each text, an invoke each."""
        found: list[Predictions] = []
        for at in _slices(len(texts), TEXTS_AT_ONCE):
            said = []
            with self.model.trace() as tracer:
                for ids in texts[at]:
                    with tracer.invoke(ids):
                        logits = self.model.unembed.output[0, :-1]  # [s - 1, v]
                        nll = pl.cross_entropy(logits, pl.tensor(ids[1:]), reduction="none")
                        said.append((logits.argmax(-1), nll))
                pl.save(said)
            found += [Predictions(top.numpy(), nll.numpy()) for top, nll in said]
        return found

    def _last_logits(self) -> pl.Tensor:
        """The unembedding applied to the last position alone: elsewhere nobody asks for it."""
        return self.model.unembed(self.model.norm_f.output[:, -1])


def score(model: pl.LanguageModel, tasks: list[str], data: Path = DATA) -> dict[str, Any]:
    """The scores of a model by task, as `tests/fixtures/scores` has them."""
    reader = Pellucid(model)
    return {task: TASKS[task](reader, read(task, data)) for task in tasks}


def _slices(n: int, size: int) -> Iterator[slice]:
    return (slice(start, start + size) for start in range(0, n, size))


def main() -> int:
    """Prints the scores of the model that the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("model", help="a folder, a .gguf file, or a name")
    parser.add_argument("--tasks", nargs="+", choices=list(TASKS), default=list(TASKS))
    parser.add_argument("--data", type=Path, default=DATA, help="default: examples/data")
    parser.add_argument("--out", type=Path, help="a file for the JSON; default: stdout")
    args = parser.parse_args()
    try:
        scores = score(pl.LanguageModel(args.model), args.tasks, args.data)
    except (pl.PellucidError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    text = json.dumps(scores, indent=1) + "\n"
    if args.out is None:
        print(text, end="")
    else:
        args.out.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
