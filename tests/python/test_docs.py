"""Every Python block in README.md and below docs/ runs.

The blocks of one file run in their order and share their names, as a reader would type them. They
run in a folder of their own where `.models` and `examples` stand as in the repository. A block
that cannot run here says why: ```python no-run: needs a server
"""

import re
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
COOKBOOK = {path.stem for path in (ROOT / "examples" / "cookbook").glob("*.py")}
PAGES = [
    ROOT / "README.md",
    *(
        page
        for page in sorted((ROOT / "docs").rglob("*.md"))
        # These are written from scripts, which test_cookbook.py runs.
        if not (page.parent.name == "cookbook" and page.stem in COOKBOOK)
    ),
]
FENCE = re.compile(r"^(?P<indent> *)(?P<ticks>`{3,}) *(?P<info>[^`]*)$")
NO_RUN = re.compile(r"^no-run: *\S")


@dataclass(frozen=True)
class Block:
    """A fenced block of Python; `line` is that of its first line of code."""

    line: int
    code: str


def python_blocks(text: str) -> list[Block]:
    """The blocks of a page that are to run."""
    blocks = []
    lines = iter(enumerate(text.splitlines(), start=1))
    for number, line in lines:
        fence = FENCE.match(line)
        if fence is None:
            continue
        body = []
        for _, inner in lines:
            if inner.strip() == fence["ticks"]:
                break
            body.append(inner.removeprefix(fence["indent"]))
        else:
            raise ValueError(f"the block that opens on line {number} never closes")
        language, _, rest = fence["info"].strip().partition(" ")
        if language == "python" and _runs(rest.strip(), number):
            blocks.append(Block(number + 1, "\n".join(body) + "\n"))
    return blocks


def _runs(rest: str, number: int) -> bool:
    if rest and not NO_RUN.match(rest):
        raise ValueError(f"line {number}: `{rest}`: say `no-run: ` and why, or nothing")
    return not rest


def run_page(page: Path) -> None:
    """Runs a page's blocks; a failure points at the line of the page."""
    names: dict[str, object] = {"__name__": "__main__"}
    for block in python_blocks(page.read_text(encoding="utf-8")):
        code = "\n" * (block.line - 1) + block.code
        exec(compile(code, str(page), "exec"), names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_page(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (".models", "examples"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    run_page(page)


def test_the_readme_has_code() -> None:
    assert python_blocks((ROOT / "README.md").read_text(encoding="utf-8"))


def test_blocks_share_names_and_failures_carry_the_line(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# A\n```python\nx = 1\n```\n\n```python\ny = x + 1\nassert y == 3, y\n```\n")
    with pytest.raises(AssertionError, match="2") as error:
        run_page(page)
    assert error.traceback[-1].lineno + 1 == 8
    assert str(error.traceback[-1].path) == str(page)


@pytest.mark.parametrize(
    ("page", "expected"),
    [
        ("```python\na\n```", [Block(2, "a\n")]),
        ("x\n\n  ```python\n  a\n    b\n  ```\n", [Block(4, "a\n  b\n")]),
        ("```sh\nls\n```\n```\nplain\n```", []),
        ("```python no-run: needs a server\na\n```", []),
        ("````md\n```python\na\n```\n````", []),
    ],
)
def test_python_blocks(page: str, expected: list[Block]) -> None:
    assert python_blocks(page) == expected


@pytest.mark.parametrize(
    "page", ["```python no-run\na\n```", "```python no-run:\na\n```", "```python\na\n"]
)
def test_blocks_that_are_refused(page: str) -> None:
    with pytest.raises(ValueError, match="line"):
        python_blocks(page)
