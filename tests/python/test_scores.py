"""Real models score as transformers does on the same weights: next tokens, loss, demo data."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import real_models as real
import score_models
from conftest import TINY
from score_models import score
from scores import TASKS

import pellucid as pl

# As in crates/pellucid-engine/tests/real.rs: both sum in f32, in other orders.
LOGITS_ATOL = 2e-4
# No count was seen to differ; one may where two tokens are equally likely up to rounding.
COUNT_ATOL = 1
# Of a mean of logits or losses that is rounded to 4 digits; 1e-4 was seen, once in ten.
MEAN_ATOL = 2e-4


@pytest.fixture(scope="module", params=real.LANGUAGE_MODELS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def model(name: str) -> pl.LanguageModel:
    return real.language_model(name)


def test_next_tokens(model: pl.LanguageModel, name: str) -> None:
    golden = real.golden(name)
    prompts = [golden[f"p{i}.input_ids"][0].tolist() for i in range(4)]
    with model.trace(prompts):
        top = pl.save(model.lm_head.output[:, -1].topk(50))
    for i in range(4):
        want = golden[f"p{i}.top_logits"]
        assert top.indices[i, :5].tolist() == golden[f"p{i}.top_ids"][:5].tolist()
        np.testing.assert_allclose(top.values[i], want, atol=LOGITS_ATOL, rtol=0)


def test_perplexity(model: pl.LanguageModel, name: str) -> None:
    golden = real.golden(name)
    ids = golden["text.input_ids"][0].tolist()
    with model.trace(ids):
        loss = pl.cross_entropy(model.lm_head.output[0, :-1], ids[1:]).save()
    want = float(golden["text.nll"].mean())
    assert math.exp(loss.item()) == pytest.approx(math.exp(want), rel=LOGITS_ATOL)


@pytest.mark.parametrize("task", list(TASKS))
def test_scores(model: pl.LanguageModel, name: str, task: str) -> None:
    assert_near(score(model, [task])[task], recorded(name)[task], task)


def recorded(name: str) -> dict[str, Any]:
    """How transformers scores."""
    file = real.FIXTURES / "scores" / f"{name.split('/')[0]}.json"
    scores: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return scores


def assert_near(got: Any, want: Any, where: str) -> None:
    """Counts within one, means within rounding, lists of what is known within one item."""
    if isinstance(want, dict):
        assert got.keys() == want.keys(), where
        for key in want:
            assert_near(got[key], want[key], f"{where}.{key}")
    elif isinstance(want, list):
        assert len(set(got) ^ set(want)) <= COUNT_ATOL, where
    else:
        atol = COUNT_ATOL if isinstance(want, int) else MEAN_ATOL
        assert abs(got - want) <= atol, f"{where}: {got}, expected {want}"


def test_the_tool_writes_what_it_counts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, out = TINY / "llama", tmp_path / "scores.json"
    arguments = ["score_models.py", str(folder), "--tasks", "agreement", "--out", str(out)]
    monkeypatch.setattr("sys.argv", arguments)
    assert score_models.main() == 0
    written = json.loads(out.read_text(encoding="utf-8"))
    assert written == score(pl.LanguageModel(folder), ["agreement"])
    assert written["agreement"]["n"] == 40
    other = score(pl.LanguageModel(TINY / "gpt2"), ["agreement"])  # other paths, the same words
    assert other["agreement"]["n"] == 40
    monkeypatch.setattr("sys.argv", ["score_models.py", str(TINY / "bert")])
    assert score_models.main() == 1
    assert "is an encoder" in capsys.readouterr().err


def test_the_page_says_what_transformers_counts() -> None:
    page = (real.ROOT / "docs/reference/parity.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.split("|")] for line in page.splitlines() if "`" in line]
    for column, model in ((2, real.SMOLLM2), (4, real.GEMMA3)):
        said = {row[1].split("`")[1]: row[column] for row in rows if len(row) == 7}
        assert said == shown(recorded(model))


def shown(scores: dict[str, Any]) -> dict[str, str]:
    """Each measure as the page has it."""
    cells = {
        name: f"{of['top1']}, {of['top5']}, {of['above_wrong']}"
        for name, of in scores["facts"]["relations"].items()
    }
    for name in ("ioi", "agreement", "pronouns"):
        of = scores[name]
        cells[name] = f"{of['right']}, {of['top1']}; {of['mean_logit_diff']}"
    of = scores["antonyms"]
    cells["antonyms"] = f"{of['three_shot']}, {of['zero_shot']}"
    of = scores["induction"]
    cells["induction"] = f"{of['right']}; {of['nll_first_copy']}, {of['nll_second_copy']}"
    return cells
