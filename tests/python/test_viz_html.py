"""Pages stand alone, say what figures say, and take nothing from a token for markup."""

import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from pellucid import viz
from pellucid.viz import _page

NAN = float("nan")
HOSTILE = [
    "</script><script>alert(1)</script>",
    "<b>",
    "&lt;",
    "%{z}",
    "$x$",
    "\u2028",
    "\u202e",
    "",
]
N = len(HOSTILE)


class Page(HTMLParser):
    """What a page is made of: its tags, the plots' specifications, the text that is shown."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.specs: list[dict[str, Any]] = []
        self.text = ""
        self.open: list[tuple[str, dict[str, str | None]]] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag not in ("meta", "link", "img"):
            self.open.append((tag, dict(attrs)))
        names = {name for name, _ in attrs}
        assert not names & {"src", "href", "onclick", "onload", "onerror"}

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        tag, attributes = self.open[-1] if self.open else ("", {})
        if tag == "script" and attributes.get("type") == "application/json":
            self.specs.append(json.loads(data))
        elif tag not in ("script", "style"):
            self.text += data


def all_pictures(names: list[str]) -> list[viz.Picture]:
    n = len(names)
    values = np.linspace(-1, 1, 3 * n).reshape(3, n)
    values[1, 1] = NAN
    tops = [[[a, "x"] for a in names]] * 3
    triangle = np.tril(np.ones((2, n, n))) / n
    bars = viz.bars({names[0]: np.ones(n), "b": np.ones(n)}, names, title=names[0], limit=2)
    return [
        viz.heatmap(values, columns=names, rows=names[:3], title=names[0], unit=names[1]),
        viz.patching(values, tokens=names, title=names[0]).callout(
            names[0], cell=(0, 0), at=(1, 1)
        ),
        viz.logit_lens(tops, np.abs(np.stack([values, values], -1)), tokens=names, title=names[0]),
        viz.attention(triangle, tokens=names, heads=names[:2], title=names[0]),
        viz.attribution({names[0]: values[0]}, heads=values.T, rest={names[1]: 0.5}),
        viz.text(names, values[0], title=names[0], names=names[:1], unit=names[1]),
        bars,
        viz.beside(bars, bars, title=names[0]),
    ]


PLAIN = ["The", " cat", " sat", "\n", " 巴黎", " 🗼", " the", " the"]


@pytest.fixture(autouse=True)
def no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    """Packing plotly for every page would take long; one test looks at it."""
    monkeypatch.setattr(_page, "plotly", lambda: "eJw=")


@pytest.mark.parametrize("i", range(8))
def test_tokens_cannot_add_to_a_page(i: int) -> None:
    plain, hostile = Page(all_pictures(PLAIN)[i].html()), Page(all_pictures(HOSTILE)[i].html())
    assert hostile.tags.count("script") == plain.tags.count("script")
    assert set(hostile.tags) <= set(plain.tags)
    for spec in hostile.specs:
        for name in ("keys", "queries", "heads"):  # shown as text, by `attention.js`
            spec["layout"]["meta"].pop(name, None)
    shown = [json.dumps(spec, ensure_ascii=False) for spec in hostile.specs]
    allowed = r"</?(b|br|extra)>"  # plotly's own, which only this package writes
    assert [re.findall(r"<[^>]*>?", re.sub(allowed, "", text)) for text in shown] == [[]] * len(
        shown
    )


@pytest.mark.parametrize("i", range(8))
def test_plots_are_what_plotly_takes_in_both_themes(i: int) -> None:
    from plotly.graph_objects import Figure

    for spec in Page(all_pictures(PLAIN)[i].html()).specs:
        Figure(spec)  # refuses what its schema does not know
        for theme in ("light", "dark"):
            Figure(spec).update_layout(
                {
                    name.replace(".", "_"): value
                    for name, value in spec["layout"]["meta"][theme].items()
                }
            )
        for trace in spec["data"]:
            if trace["type"] == "heatmap":
                assert {len(row) for row in trace["z"]} == {len(trace["z"][0])}


def test_pages_load_nothing_and_are_light_or_dark() -> None:
    for picture in all_pictures(PLAIN):
        html = picture.html()
        assert "prefers-color-scheme: dark" in html
        assert not re.search(r"https?://|@import|url\(", html)


def test_a_page_with_plots_carries_all_of_plotly_and_one_without_is_small(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import base64
    import zlib

    from plotly.offline import get_plotlyjs

    monkeypatch.undo()
    packed = re.search(r'id="plotly">([^<]*)<', viz.heatmap([[1.0]]).html())
    assert packed is not None
    assert zlib.decompress(base64.b64decode(packed[1])).decode() == get_plotlyjs()
    assert len(viz.text(["a"], [1.0]).html()) < 20_000


def test_a_map_has_the_numbers_names_and_grey_cells_of_its_figure() -> None:
    picture = viz.patching([[0.0, 1.0], [NAN, -0.5]], tokens=[" a", "<b>"], layers=[3, 7])
    (spec,) = Page(picture.html()).specs
    cells, grey = spec["data"]
    assert cells["z"] == [[0.0, 1.0], [None, -0.5]]
    assert (grey["z"], grey["text"]) == ([[None, None], [0, None]], [["", ""], ["NaN", ""]])
    assert spec["layout"]["xaxis"]["ticktext"] == ["·a", "&lt;b&gt;"]
    assert spec["layout"]["yaxis"]["ticktext"] == ["3", "7"]
    assert [spec["layout"]["coloraxis"][end] for end in ("cmin", "cmax")] == [-1.0, 1.0]


def test_a_lens_lists_all_tokens_at_a_cell() -> None:
    picture = viz.logit_lens([[[" a", "<b>"]]], [[[0.75, 0.125]]], tokens=["x"], kl=[[0.5]])
    (spec,) = Page(picture.html()).specs
    trace, frames = spec["data"]
    assert trace["text"] == [["<b>·a</b>"]]
    assert trace["hovertext"] == [
        [
            "after layer 0, read at x (0)<br>KL to the last layer, nats: 0.500"
            "<br><b>0.750  ·a</b><br>0.125  &lt;b&gt;"
        ]
    ]
    assert (frames["x"][-1], len(frames["x"])) == (None, 6)


def test_hundreds_of_tokens_have_room_each() -> None:
    n = 300
    tops = [[f"t{i}" for i in range(n)]] * 2
    (spec,) = Page(viz.logit_lens(tops, np.ones((2, n)), tokens=tops[0]).html()).specs
    assert spec["layout"]["width"] > 80 * n
    assert len(spec["layout"]["xaxis"]["ticktext"]) == n
    page = Page(viz.attention(np.full((1, n, n), 1 / n), tokens=tops[0]).html())
    large = page.specs[1]["layout"]
    assert large["width"] >= 9 * n
    assert (large["xaxis"]["tickangle"], len(large["xaxis"]["tickvals"])) == (-90, n / 2)


def test_attention_hands_the_page_what_its_script_reads() -> None:
    patterns = np.array([[[1.0, 0.0], [0.25, 0.75]]] * 2)
    page = Page(viz.attention(patterns, tokens=["a", "<b>"], heads=["x", 5]).html())
    small, large = page.specs
    assert [trace["z"] for trace in small["data"]] == [[[1.0, None], [0.25, 0.75]]] * 2
    meta = small["layout"]["meta"]
    assert {name: meta[name] for name in ("keys", "queries", "heads", "is_causal")} == {
        "keys": ["a", "<b>"],
        "queries": ["a", "<b>"],
        "heads": ["x", "head 5"],
        "is_causal": True,
    }
    assert [note["text"] for note in small["layout"]["annotations"]] == ["x", "head 5"]
    assert large["layout"]["yaxis"]["range"] == [1.5, -0.5]
    assert "a<b>" in page.text


def test_text_is_text_with_a_colour_and_a_number_for_each_token() -> None:
    html = viz.text(["a", " <b>", "\n", "c"], [2.0, -1.0, 0.0, NAN], limit=2).html()
    assert '<span class="p" style="--w:1.000" data-tip="a (0): 2.000">a</span>' in html
    assert '<span class="n" style="--w:0.500" data-tip="·&lt;b&gt; (1): −1.000"> &lt;b&gt;' in html
    assert "<i>↵</i>\n</span>" in html
    assert '<span class="x" style="--w:0.000" data-tip="c (3): NaN">c</span>' in html


def test_a_notebook_shows_the_page_in_a_frame() -> None:
    shown = viz.text(["<b>"], [1.0])._repr_html_()
    page = Page.__new__(Page)
    HTMLParser.__init__(page)
    found: list[dict[str, str | None]] = []
    page.handle_starttag = lambda tag, attrs: found.append(dict(attrs))  # type: ignore[method-assign]
    page.handle_endtag = lambda tag: None  # type: ignore[method-assign]
    page.handle_data = lambda data: None  # type: ignore[method-assign]
    page.feed(shown)
    assert [attributes["srcdoc"] for attributes in found] == [viz.text(["<b>"], [1.0]).html()]
