"""Builds the site of the documentation into `site`; broken links and forgotten pages fail.

    python tools/build_site.py [--out site]

Pages are written to be read in the repository, too. What works only there is changed in a copy
before the site is built: links that lead out of `docs` become the path they lead to, and `no-run`
is taken off code blocks.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
CONFIG = ROOT / "zensical.toml"

LINK = re.compile(r"(?<!!)\[(?P<text>[^\]]*)\]\((?P<target>[^)#:\s]+)(?:#[^)\s]*)?\)")
COLOUR = re.compile(r"\x1b\[[\d;]*m")
FENCE = re.compile(r"^(?P<fence> *```python) no-run:.*$", re.M)


class SiteError(Exception):
    """The documentation is not as it must be."""


def forgotten(config: str, pages: set[str]) -> list[str]:
    """Pages that the navigation lacks, and those that it names but that are not there."""
    named = set(re.findall(r'"([\w/.-]+\.md)"', config))
    return sorted(named ^ pages)


def for_the_site(text: str, page: Path) -> str:
    """A page as the site shows it; `page` is where it stands in the repository."""

    def inside(link: re.Match[str]) -> str:
        target = (page.parent / link["target"]).resolve()
        if not target.exists():
            raise SiteError(f"{page.relative_to(ROOT)}: `{link['target']}` leads nowhere")
        if target.is_relative_to(DOCS):
            return link[0]
        path = target.relative_to(ROOT).as_posix()
        text = link["text"]
        says_it = re.search("[`/]", text) and text.strip("`") in path
        return f"`{path}`" if says_it else f"{text} (`{path}`)"

    return LINK.sub(inside, FENCE.sub(r"\g<fence>", text))


def build(out: Path) -> None:
    """Builds the site into `out`, in place of what is there."""
    pages = sorted(DOCS.rglob("*.md"))
    config = CONFIG.read_text(encoding="utf-8")
    wrong = forgotten(config, {page.relative_to(DOCS).as_posix() for page in pages})
    if wrong:
        raise SiteError(f"named in {CONFIG.name} or in docs, not in both: {', '.join(wrong)}")
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder)
        shutil.copytree(DOCS, copy / "docs")
        for page in pages:
            text = for_the_site(page.read_text(encoding="utf-8"), page)
            (copy / "docs" / page.relative_to(DOCS)).write_text(text, encoding="utf-8")
        shutil.copy(CONFIG, copy)
        command = [sys.executable, "-m", "zensical", "build", "--strict"]
        done = subprocess.run(command, cwd=copy, capture_output=True, text=True)
        if done.returncode != 0:
            raise SiteError(COLOUR.sub("", done.stdout + done.stderr.partition("Traceback")[0]))
        shutil.rmtree(out, ignore_errors=True)
        shutil.copytree(copy / "site", out)


def main() -> None:
    """Builds the site, or says what is wrong with it."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--out", type=Path, default=ROOT / "site", help="folder of the site")
    try:
        build(arguments.parse_args().out)
    except SiteError as error:
        sys.exit(str(error))


if __name__ == "__main__":
    main()
