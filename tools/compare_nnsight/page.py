"""`docs/reference/nnsight.md`, written from the tables and from what a run measured."""

from __future__ import annotations

from collections.abc import Mapping

from compare_nnsight.coverage import TABLES, Row
from compare_nnsight.differences import DIFFERENCES
from compare_nnsight.scripts import SCRIPTS

INTRO = """\
# The same scripts on NNsight

<!-- written by tools/compare_nnsight, do not edit -->

{n} scripts run on NNsight 0.8.1 (transformers 5.23, PyTorch 2.15, eager attention) and on
Pellucid, the same text for both, on {models} tiny models with random weights: {names}. Elements of
results differ by at most {worst:.0e} (values are below 20; both sum in f32, in other orders), by
half a unit of the last place where a script rounds to half precision, and ids, indices and shapes
by nothing.

    python tools/compare_nnsight --page docs/reference/nnsight.md

runs them again; it needs `nnsight==0.8.1`, `transformers==5.23.0` and torch in an environment of
its own. What NNsight gave is kept in `tests/fixtures/nnsight.npz`, and compared on every change by
[test_nnsight_scripts.py](../../tests/python/test_nnsight_scripts.py). The scripts are in
[tools/compare_nnsight](../../tools/compare_nnsight); `parts.py` there names what the two call
differently. Side by side they are read in [Coming from NNsight](../guides/coming-from-nnsight.md).

The third column is the largest difference of a script, over all models.
"""


def page(apart: Mapping[tuple[str, str], float]) -> str:
    """The whole page."""
    models = list(dict.fromkeys(model for _, model in apart))
    exact: list[float] = [far for key, far in apart.items() if key[0] != "cache_inputs_in_half"]
    text = INTRO.format(
        n=len(SCRIPTS),
        models=len(models),
        names=", ".join(models),
        worst=max(exact, default=0.0),
    )
    for title, rows in TABLES.items():
        text += f"\n## {title}\n\n| feature | scripts | apart | |\n|---|---|---|---|\n"
        text += "".join(line(row, apart) for row in rows)
    text += "\n## Differences\n\n| | NNsight 0.8.1 | Pellucid, and why |\n|---|---|---|\n"
    text += "".join(f"| **{title}** | {theirs} | {ours} |\n" for title, theirs, ours in DIFFERENCES)
    return text


def line(row: Row, apart: Mapping[tuple[str, str], float]) -> str:
    """A feature, its scripts, and how far they are apart at most."""
    scripts = row.scripts.split()
    far = [gap for (script, _), gap in apart.items() if script in scripts]
    most = max(far, default=-1.0)
    worst = f"{most:.0e}" if most > 0 else "0" if far else ""
    names = ", ".join(f"`{name}`" for name in scripts)
    return f"| {row.name} | {names} | {worst} | {row.note} |\n"
