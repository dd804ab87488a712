"""Writes the pages of the cookbook from its scripts: text, code, output and picture of each.

    python tools/cookbook.py                 # all of them, and the list
    python tools/cookbook.py logit_lens sae

A script in `examples/cookbook` is the only text of a recipe: its docstring is the page's, and what
it prints and draws is shown as it came. `tests/python/test_cookbook.py` runs every script and
fails when a page says something else.
"""

from __future__ import annotations

import argparse
import ast
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).resolve().parents[1]
SCRIPTS = ROOT / "examples" / "cookbook"
PAGES = ROOT / "docs" / "cookbook"
PELLUCID = ROOT / "target" / "release" / "pellucid"

GROUPS = {
    "Where is it?": [
        "activation_patching",
        "causal_tracing",
        "path_patching",
        "attention_knockout",
        "head_ablation",
    ],
    "What do parts say?": [
        "logit_lens",
        "logit_attribution",
        "patchscopes",
        "induction_heads",
        "probing",
        "sae",
        "transcoder",
    ],
    "Changing what it does": [
        "steering",
        "conditional",
        "directional_ablation",
        "function_vectors",
        "custom_attention",
        "kv_cache",
        "sampling",
    ],
    "Models, layers, data": [
        "early_exit",
        "moe_experts",
        "model_diffing",
        "sentence_embeddings",
        "activation_statistics",
        "export_trace",
    ],
}

# Pages without a script, by the recipe that they stand after.
WRITTEN_BY_HAND = {
    "logit_lens": ["- [Tuned lens](tuned_lens.md). The same, with a translator for each layer."]
}

NUMBER = re.compile(r"[-+]?\d+\.\d+")


def names() -> list[str]:
    """The recipes, in the order of the list."""
    return [name for group in GROUPS.values() for name in group]


def title(name: str) -> str:
    """What a recipe is called: its docstring up to the colon."""
    return _words(name)[0].partition(": ")[0]


def code(name: str) -> str:
    """A script without its docstring, which the page has above the code."""
    source = _source(name)
    docstring = ast.parse(source).body[0]
    return "\n".join(source.splitlines()[docstring.end_lineno :]).strip()


def page(name: str, output: str, pictures: list[str]) -> str:
    """The page of a recipe that printed `output` and drew `pictures`."""
    rest = _words(name)[1]
    parts = [
        f"# {title(name)}",
        f"{_about(name)}\n\n{_linked(rest)}",
        f"```python\n{code(name)}\n```",
        f"It prints\n\n```text\n{output.rstrip()}\n```",
        *(f"![What the script draws]({picture})" for picture in pictures),
        f"The script is `examples/cookbook/{name}.py`.",
    ]
    return "\n\n".join(parts) + "\n"


def shown(text: str) -> tuple[str, str]:
    """Code and output as a page shows them."""
    found = re.search(r"```python\n(.*?)\n```.*?```text\n(.*?)\n```", text, re.S)
    if found is None:
        raise ValueError("the page has no code, or no output")
    return found[1], found[2]


def agrees(printed: str, expected: str) -> bool:
    """Whether two outputs say the same: words exactly, numbers up to what rounding can do.

    Results of different instruction sets may differ in the last bits.
    """
    if NUMBER.sub("#", _narrow(printed)) != NUMBER.sub("#", _narrow(expected)):
        return False
    pairs = zip(NUMBER.findall(printed), NUMBER.findall(expected), strict=True)
    return all(abs(float(a) - float(b)) <= 0.02 + 0.01 * abs(float(b)) for a, b in pairs)


def contents() -> str:
    """The list of all recipes."""
    lines = [
        "# Cookbook",
        "",
        "Scripts to copy from: each is an experiment of the literature on a real, small model, in",
        "at most 40 lines of code, and runs in seconds on a laptop. `make models-all` fetches the",
        "models; then `python examples/cookbook/logit_lens.py` runs one.",
        "",
        "What a page shows below its code is what the script printed and drew. The tests run every",
        "script, and check what it finds.",
    ]
    for group, members in GROUPS.items():
        lines += ["", f"## {group}", ""]
        for name in members:
            lines.append(f"- [{title(name)}]({name}.md). {_about(name)}")
            lines += WRITTEN_BY_HAND.get(name, [])
    return "\n".join(lines) + "\n"


def run(name: str, folder: Path) -> tuple[str, list[Path]]:
    """Runs a script in a folder: what it prints, and the pictures that it leaves there."""
    environment = {
        "PELLUCID_MODELS": str(ROOT / ".models"),
        "PELLUCID": str(PELLUCID),
        "MPLBACKEND": "Agg",
    } | dict(os.environ)
    script = SCRIPTS / f"{name}.py"
    done = subprocess.run(
        [sys.executable, "-W", "error", str(script)],
        cwd=folder,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout, sorted(folder.glob("*.png"))


def write(name: str) -> None:
    """Runs a script and writes its page and its pictures."""
    with tempfile.TemporaryDirectory() as folder:
        output, pictures = run(name, Path(folder))
        for picture in pictures:
            # Maps and bars have few colours: a palette takes a quarter of the bytes.
            Image.open(picture).convert("RGB").quantize(128).save(
                PAGES / picture.name, optimize=True
            )
        text = page(name, output, [picture.name for picture in pictures])
    (PAGES / f"{name}.md").write_text(text, encoding="utf-8")


def main() -> None:
    """Writes the pages that are asked for, or all."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("names", nargs="*", metavar="NAME", help="recipes; all if left out")
    PAGES.mkdir(parents=True, exist_ok=True)
    for name in arguments.parse_args().names or names():
        print(name, file=sys.stderr)
        write(name)
    (PAGES / "index.md").write_text(contents(), encoding="utf-8")


def _source(name: str) -> str:
    return (SCRIPTS / f"{name}.py").read_text(encoding="utf-8")


def _words(name: str) -> tuple[str, str]:
    docstring = ast.get_docstring(ast.parse(_source(name))) or ""
    first, _, rest = docstring.partition("\n\n")
    return first, rest


def _about(name: str) -> str:
    about = _words(name)[0].partition(": ")[2]
    return about[:1].upper() + about[1:]


def _linked(text: str) -> str:
    return re.sub(r"https://[^\s;,]+", lambda url: f"<{url[0].rstrip('.')}>", text)


def _narrow(text: str) -> str:
    return re.sub(r" +", " ", text.strip())


if __name__ == "__main__":
    main()
