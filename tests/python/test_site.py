"""The site has every page, and links lead somewhere in the repository and on the site."""

from pathlib import Path

import build_site
import pytest

PAGE = build_site.DOCS / "guides" / "recording.md"


def test_every_page_is_in_the_menu_and_every_link_leads_somewhere() -> None:
    pages = sorted(build_site.DOCS.rglob("*.md"))
    named = {page.relative_to(build_site.DOCS).as_posix() for page in pages}
    assert build_site.forgotten(build_site.CONFIG.read_text(encoding="utf-8"), named) == []
    for page in pages:
        build_site.for_the_site(page.read_text(encoding="utf-8"), page)


def test_pages_that_are_forgotten_or_gone() -> None:
    assert build_site.forgotten('nav = ["a.md", "b/c.md"]', {"a.md", "d.md"}) == ["b/c.md", "d.md"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("see [models](models.md#names)", "see [models](models.md#names)"),
        ("see [data](../../examples/data/README.md).", "see data (`examples/data/README.md`)."),
        ("[`README.md`](../../README.md)", "`README.md`"),
        ("[paper](https://arxiv.org/abs/1)", "[paper](https://arxiv.org/abs/1)"),
        ("```python no-run: needs a server\nx\n```", "```python\nx\n```"),
    ],
)
def test_what_works_in_the_repository_alone_is_changed(text: str, expected: str) -> None:
    assert build_site.for_the_site(text, PAGE) == expected


def test_a_link_to_nothing() -> None:
    with pytest.raises(
        build_site.SiteError, match=r"guides/recording\.md: `gone\.md` leads nowhere"
    ):
        build_site.for_the_site("[here](gone.md)", PAGE)


def test_a_broken_heading_fails_the_build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("zensical")
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "index.md").write_text("# A\n\n[b](b.md)\n", encoding="utf-8")
    (docs / "b.md").write_text("# B\n\n[a](index.md)\n", encoding="utf-8")
    config = tmp_path / "zensical.toml"
    config.write_text('[project]\nsite_name = "x"\nnav = ["index.md", "b.md"]\n', encoding="utf-8")
    monkeypatch.setattr(build_site, "ROOT", tmp_path)
    monkeypatch.setattr(build_site, "DOCS", docs)
    monkeypatch.setattr(build_site, "CONFIG", config)
    build_site.build(tmp_path / "site")
    assert "<title>" in (tmp_path / "site" / "index.html").read_text(encoding="utf-8")
    (docs / "b.md").write_text("# B\n\n[a](index.md#no-such-heading)\n", encoding="utf-8")
    with pytest.raises(build_site.SiteError, match="no-such-heading"):
        build_site.build(tmp_path / "site")
