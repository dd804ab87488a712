"""What a language model is scored on: recall, indirect objects, agreement, induction and others.

The measures alone: whoever runs a model, Pellucid in `score_models.py` or transformers in
`tests/fixtures/make_scores.py`, gives a `Reader`, and gets the same numbers counted the same way.
Scores are counts of `n`, so that two runs agree or differ by whole answers.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

DATA = Path(__file__).resolve().parent.parent / "examples" / "data"
TOP = 5
Rows = list[dict[str, Any]]


class Answers(NamedTuple):
    """What a model says next, `[n]` each: its first choice, and two candidates."""

    top: NDArray[Any]
    right: NDArray[Any]
    """Logit of the right token."""
    wrong: NDArray[Any]
    rank: NDArray[Any]
    """How many tokens are likelier than the right one."""


class Predictions(NamedTuple):
    """What a model says inside a text of `s` tokens, `[s - 1]` each."""

    top: NDArray[Any]
    nll: NDArray[Any]
    """-log p of the token that comes."""


class Reader(Protocol):
    """A model, as far as it is scored."""

    def encode(self, text: str, special: bool) -> list[int]:
        """Token ids, with those that the model expects around a text if `special`."""

    def answer(self, prompts: list[str], right: list[int], wrong: list[int]) -> Answers:
        """The next token after each prompt."""

    def predict(self, texts: list[list[int]]) -> list[Predictions]:
        """Every next token of each text."""


def read(name: str, data: Path = DATA) -> Rows:
    """The rows of a data set."""
    lines = (data / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines]


def facts(model: Reader, rows: Rows) -> dict[str, Any]:
    """Facts by relation: the target first, among the first five, above a wrong one of its kind."""
    said = _ask(model, rows, "prompt", "target", "target_new")
    is_top = said.rank == 0
    relations: dict[str, list[int]] = {}
    for i, row in enumerate(rows):
        relations.setdefault(row["relation"], []).append(i)
    scores: dict[str, Any] = {
        name: {
            "n": len(at),
            "top1": _count(is_top[at]),
            "top5": _count(said.rank[at] < TOP),
            "above_wrong": _count(said.right[at] > said.wrong[at]),
        }
        for name, at in relations.items()
    }
    known = [row["id"] for row, top in zip(rows, is_top, strict=True) if top]
    return {"relations": scores, "known": known}


def pairs(model: Reader, rows: Rows, right: str, wrong: str) -> dict[str, Any]:
    """One continuation against another."""
    said = _ask(model, rows, "prompt", right, wrong)
    difference = said.right - said.wrong
    return {
        "n": len(rows),
        "right": _count(difference > 0),
        "top1": _count(said.rank == 0),
        "mean_logit_diff": round(float(difference.mean()), 4),
    }


def ioi(model: Reader, rows: Rows) -> dict[str, Any]:
    """The indirect object against the subject."""
    return pairs(model, rows, "io", "s")


def corrections(model: Reader, rows: Rows) -> dict[str, Any]:
    """The correct word against the wrong one."""
    return pairs(model, rows, "correct", "wrong")


def antonyms(model: Reader, rows: Rows) -> dict[str, Any]:
    """The opposite of a word as first choice, after three examples and after none."""
    scores: dict[str, Any] = {"n": len(rows)}
    for name, key in (("three_shot", "prompt"), ("zero_shot", "zero_shot")):
        said = _ask(model, rows, key, "target", "target")
        scores[name] = _count(said.rank == 0)
    return scores


def induction(model: Reader, rows: Rows) -> dict[str, Any]:
    """Words in random order, then the same again: tokens after the first word, in either copy."""
    texts, spans = [], []
    for row in rows:
        words = row["words"]
        ids = model.encode(row["text"], True)
        first, once, again = (
            len(model.encode(" ".join(part), True))
            for part in (words[:1], words, [*words, words[0]])
        )
        texts.append(ids)
        spans.append((slice(first - 1, once - 1), slice(again - 1, len(ids) - 1)))
    found = model.predict(texts)
    both = list(zip(texts, found, spans, strict=True))
    hits = [np.asarray(ids[1:])[second] == said.top[second] for ids, said, (_, second) in both]
    seen = np.concatenate([said.nll[first] for _, said, (first, _) in both])
    repeated = np.concatenate([said.nll[second] for _, said, (_, second) in both])
    return {
        "n": len(repeated),
        "right": _count(np.concatenate(hits)),
        "nll_first_copy": round(float(seen.mean()), 4),
        "nll_second_copy": round(float(repeated.mean()), 4),
    }


TASKS: dict[str, Callable[[Reader, Rows], dict[str, Any]]] = {
    "facts": facts,
    "ioi": ioi,
    "agreement": corrections,
    "pronouns": corrections,
    "antonyms": antonyms,
    "induction": induction,
}


def _ask(model: Reader, rows: Rows, prompt: str, right: str, wrong: str) -> Answers:
    """Candidates are the first tokens of their texts."""
    first = [[model.encode(row[key], False)[0] for row in rows] for key in (right, wrong)]
    return model.answer([row[prompt] for row in rows], *first)


def _count(hits: NDArray[Any]) -> int:
    return int(np.count_nonzero(hits))
