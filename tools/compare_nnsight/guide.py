"""The guide for those who come from NNsight: its blocks run on both sides, in pairs."""

from __future__ import annotations

import re
import tempfile
import traceback
import warnings
from importlib.util import module_from_spec, spec_from_file_location
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

from compare_nnsight import ours, theirs
from compare_nnsight.run import distance, numbers

GUIDE = Path(__file__).resolve().parents[2] / "docs" / "guides" / "coming-from-nnsight.md"
BLOCK = re.compile(r"^```python( no-run: NNsight)?\n(.*?)^```$", re.M | re.S)


class Pair(NamedTuple):
    """A block of NNsight, and the one after it."""

    line: int
    theirs: str
    ours: str


def pairs(text: str) -> list[Pair]:
    """The pairs of the page; blocks that have no other side are left out."""
    found = list(BLOCK.finditer(text))
    return [
        Pair(text.count("\n", 0, left.start()) + 1, left[2], right[2])
        for left, right in pairwise(found)
        if left[1] and not right[1]
    ]


def compare(folder: Path) -> dict[int, float]:
    """How far names that both sides have are apart, by the line of each pair."""
    opening, *rest = pairs(GUIDE.read_text(encoding="utf-8"))
    with warnings.catch_warnings(), tempfile.TemporaryDirectory() as place:
        warnings.simplefilter("ignore")
        left = {"model": theirs.opened(folder)}
        right = {"model": ours.parts(folder)[0]}
        run(without_model(opening.theirs), left, Path(place, "left0.py"))
        run(without_model(opening.ours), right, Path(place, "right0.py"))
        apart = {}
        for i, pair in enumerate(rest, start=1):
            try:
                a = run(pair.theirs, left, Path(place, f"left{i}.py"))
                b = run(pair.ours, right, Path(place, f"right{i}.py"))
            except Exception:
                traceback.print_exc(limit=-4)
                a = b = {}
            both = [name for name in a if name in b and is_result(a[name])]
            gaps = [distance(numbers(a[name]), numbers(b[name])) for name in both]
            apart[pair.line] = max(gaps, default=float("inf"))
            print(f"guide, line {pair.line:4} {apart[pair.line]:8.1e}  {', '.join(both)}")
    return apart


def without_model(block: str) -> str:
    """A block that opens the model, without that: both sides have the same small one."""
    return "".join(line for line in block.splitlines(True) if not line.startswith("model ="))


def run(code: str, names: dict[str, Any], file: Path) -> dict[str, Any]:
    """Runs a block as a file, which NNsight needs; gives the names that it made."""
    file.write_text(code)
    spec = spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None:
        raise RuntimeError(f"cannot run {file}")
    module = module_from_spec(spec)
    vars(module).update(names)
    before = dict(vars(module))
    spec.loader.exec_module(module)
    made = {k: v for k, v in vars(module).items() if k not in before or before[k] is not v}
    names.update(made)
    return made


def is_result(value: Any) -> bool:
    """Whether it is a saved tensor, or a list of them."""
    items = value if isinstance(value, list) else [value]
    return bool(items) and all(hasattr(item, "argmax") and is_concrete(item) for item in items)


def is_concrete(value: Any) -> bool:
    """Whether a tensor has elements."""
    return not getattr(value, "is_symbolic", False)
