"""The scripts of the comparison give what NNsight gave, which is kept; NNsight is not needed."""

from pathlib import Path

import numpy as np
import pytest
from compare_nnsight import kept, ours
from compare_nnsight.coverage import TABLES
from compare_nnsight.run import MODELS, numbers
from compare_nnsight.scripts import SCRIPTS, takes, tolerance
from conftest import TINY

KEPT = Path(__file__).resolve().parents[1] / "fixtures" / "nnsight.npz"
PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "nnsight.md"
NAMES = {script.__name__ for script in SCRIPTS}


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("model", MODELS)
def test_results_are_nnsights(model: str) -> None:
    expected = kept.read(KEPT)[model]
    opened, parts = ours.parts(TINY / model)
    wrong = []
    for script in SCRIPTS:
        if not takes(script, model):
            continue
        found = kept.sample(numbers(script(opened, parts)))
        there = expected.pop(script.__name__)
        limit = tolerance(script.__name__)
        if found.shape != there.shape or not np.allclose(found, there, rtol=0, atol=limit):
            wrong.append(script.__name__)
    assert (wrong, list(expected)) == ([], [])


def test_the_tables_name_every_script() -> None:
    rows = [row for table in TABLES.values() for row in table]
    named = {name for row in rows for name in row.scripts.split()}
    assert named == NAMES
    assert all(row.scripts or row.note for row in rows)
    assert len(NAMES) >= 45


def test_the_page_is_of_these_tables() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.startswith("# The same scripts on NNsight")
    assert f"{len(SCRIPTS)} scripts run" in page
    for table in TABLES.values():
        for row in table:
            names = ", ".join(f"`{name}`" for name in row.scripts.split())
            assert f"| {row.name} | {names} | " in page
