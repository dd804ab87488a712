"""The trained circuit of `toy-induction`: heads score as its report says; ablating shows why."""

import json

import numpy as np
import pytest
from conftest import TINY

import pellucid as pl

FOLDER = TINY.parent / "toy-induction"
REPORT = json.loads((FOLDER / "report.json").read_text(encoding="utf-8"))
ROWS, PERIOD, BOS = 64, REPORT["period"], 383
LENGTH = 1 + 2 * PERIOD
# The report is rounded to three digits; an accuracy may further differ by one of 1408 tokens.
ATOL = 6e-4
ACCURACY_ATOL = ATOL + 1 / 1408


@pytest.fixture(scope="module")
def model() -> pl.LanguageModel:
    return pl.LanguageModel(FOLDER)


@pytest.fixture(scope="module")
def ids() -> np.ndarray:
    """BOS, random tokens, the same tokens again: those that the report is about."""
    rng = np.random.default_rng(1)
    rows = np.full((ROWS, LENGTH), BOS)
    for row in rows:
        row[1:] = np.resize(rng.permutation(BOS)[:PERIOD], LENGTH - 1)
    return rows


def accuracy(logits: pl.Tensor, ids: np.ndarray) -> pl.Tensor:
    """How often the second copy is foreseen, from its second token on."""
    said = logits[:, PERIOD + 1 : -1].argmax(-1)
    return (said == pl.tensor(ids[:, PERIOD + 2 :])).float().mean()


def test_repeats_are_foreseen_and_one_head_carries_it(
    model: pl.LanguageModel, ids: np.ndarray
) -> None:
    heads = [(layer, head) for layer in range(2) for head in range(4)]
    with model.trace() as tracer:
        with tracer.invoke(ids):
            whole = accuracy(model.lm_head.output, ids).save()
        ablated = []
        for layer, head in heads:
            with tracer.invoke(ids):
                model.transformer.h[layer].attn.z[:, :, head] = 0
                ablated.append(accuracy(model.lm_head.output, ids))
        pl.save(ablated)
    assert whole.item() == pytest.approx(REPORT["accuracy_on_repeats"], abs=1 / 1408)
    for (layer, head), got in zip(heads, ablated, strict=True):
        want = REPORT["heads"][f"L{layer}H{head}"]["accuracy_when_zeroed"]
        assert got.item() == pytest.approx(want, abs=ACCURACY_ATOL), f"L{layer}H{head}"
    assert whole.item() > 0.99
    assert ablated[heads.index((0, 3))].item() < 0.02


def test_heads_attend_as_the_report_says(model: pl.LanguageModel, ids: np.ndarray) -> None:
    with model.trace(ids):
        patterns = [layer.attn.pattern for layer in model.transformer.h]  # [b, h, s, s]
        again = [p.diagonal(1 - PERIOD, 2, 3)[..., 2:].mean((0, 2)) for p in patterns]
        before = [p.diagonal(-1, 2, 3).mean((0, 2)) for p in patterns]
        pl.save([again, before])
    for layer in range(2):
        for head in range(4):
            want = REPORT["heads"][f"L{layer}H{head}"]
            assert again[layer][head].item() == pytest.approx(want["induction"], abs=ATOL)
            assert before[layer][head].item() == pytest.approx(want["previous_token"], abs=ATOL)
