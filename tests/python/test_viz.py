"""Figures have the axes, labels and sizes that they promise, from tensors of any library."""

import builtins
import itertools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid import viz

EFFECTS = [[0.0, 0.25, 0.5], [1.0, -0.5, 0.0]]
NAN, INF = float("nan"), float("inf")


def texts(labels: Any) -> list[str]:
    return [label.get_text() for label in labels]


@pytest.mark.parametrize("make", [list, np.array, pl.tensor, lambda rows: [*map(pl.tensor, rows)]])
def test_a_heat_map_names_its_cells_and_is_white_at_zero(make: Any) -> None:
    picture = viz.heatmap(
        make(EFFECTS),
        columns=["The", " $1$", (" Italy", "← France")],
        title="effects",
        xlabel="position",
        ylabel="layer",
        unit="logits",
    )
    axes, bar = picture.figure().axes
    assert axes.get_title("left") == "effects"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("position", "layer")
    assert texts(axes.get_xticklabels()) == ["The", "·$1$", "·Italy\n←·France"]
    assert texts(axes.get_yticklabels()) == ["0", "1"]
    assert (bar.get_ylabel(), texts(bar.get_yticklabels())) == ("logits", ["−1", "0", "1"])
    (image,) = axes.images
    assert image.get_clim() == (-1.0, 1.0)
    assert image.origin == "lower"
    np.testing.assert_array_equal(image.get_array(), EFFECTS)
    assert np.allclose(image.cmap(image.norm(0.0))[:3], 1, atol=0.05)


def test_colours_without_a_sign_start_at_zero_and_end_at_the_limit() -> None:
    picture = viz.heatmap(np.abs(EFFECTS), is_diverging=False, limit=2.0)
    assert picture.figure().axes[0].images[0].get_clim() == (0.0, 2.0)


def test_a_side_that_no_cell_has_is_left_out() -> None:
    image = viz.heatmap(np.abs(EFFECTS)).figure().axes[0].images[0]
    assert image.get_clim() == (0.0, 1.0)
    assert np.allclose(image.cmap(image.norm(0.0))[:3], 1, atol=0.05)


def test_what_was_measured_is_white_at_the_corrupted_run_and_marked() -> None:
    picture = viz.patching([[-2.0, 3.0], [1.0, -4.0]], tokens=["a", "b"], corrupted=-2, clean=3)
    axes, bar = picture.figure().axes
    assert axes.images[0].get_clim() == (-7.0, 3.0)
    assert texts(bar.get_yticklabels()) == ["−7", "corrupted −2", "clean 3"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("patched position", "patched layer")


@pytest.mark.parametrize(("n", "shown"), [(8, 8), (30, 30), (128, 128), (400, 100)])
def test_names_of_many_tokens_are_smaller_upright_and_at_last_fewer(n: int, shown: int) -> None:
    figure = viz.patching(np.ones((4, n)), tokens=[" word"] * n).figure()
    figure.draw_without_rendering()
    names = figure.axes[0].get_xticklabels()
    assert len(names) == shown
    assert texts(names[:2]) == (["·word"] * 2 if shown == n else ["0 ·word", "4 ·word"])
    if names[0].get_rotation() in (0, 90):  # boxes of slanting names overlap, the names do not
        places = [name.get_window_extent() for name in names]
        assert all(one.x1 < next.x0 for one, next in itertools.pairwise(places))
    assert all(name.get_fontsize() >= 5.5 for name in names)


def test_a_picture_is_as_large_as_on_a_slide_and_sharp() -> None:
    figure = viz.heatmap(np.zeros((30, 8))).figure()
    assert figure.dpi == 160
    width, height = figure.get_size_inches()
    assert (8 <= width <= 14, 5 <= height <= 9) == (True, True)


def test_cells_that_are_no_number_are_grey_and_say_so() -> None:
    axes = viz.heatmap([[1.0, NAN], [INF, -INF]]).figure().axes[0]
    assert texts(axes.texts) == ["NaN", "∞", "−∞"]
    image, grey = axes.images
    assert image.get_array().mask.tolist() == [[False, True], [True, True]]
    assert grey.get_array().mask.tolist() == [[True, False], [False, False]]


def test_a_lens_shows_every_token_and_frames_what_stays() -> None:
    tops = [[" a", "x"], [" b", "y"], [" b", "x"]]
    axes = viz.logit_lens(tops, np.full((3, 2), 0.5), tokens=[" to", " be"]).figure().axes[0]
    assert texts(axes.texts) == ["·a", "x", "·b", "y", "·b", "x"]
    assert texts(axes.get_xticklabels()) == ["·to", "·be"]
    framed = {(round(box.get_y() + 0.44), round(box.get_x() + 0.47)) for box in axes.patches}
    assert framed == {(1, 0), (2, 0), (2, 1)}
    assert texts(t for t in axes.texts if t.get_fontweight() == "bold") == ["·b", "·b", "x"]


def test_a_lens_spells_ids_and_colours_by_what_it_is_given(llama: pl.LanguageModel) -> None:
    with llama.trace("The 7 is"):
        lens = [llama.unembed(llama.norm_f(layer.output))[0] for layer in llama.layers]
        top = pl.stack(lens).softmax(-1).topk(3).save()
    given = {"tokens": llama.tokens("The 7 is"), "tokenizer": llama.tokenizer}
    picture = viz.logit_lens(top.indices, top.values, **given)
    want = [llama.tokenizer.pieces(row[:, 0]) for row in top.indices]
    assert picture.texts == [[viz.token_label(piece) for piece in row] for row in want]
    np.testing.assert_allclose(picture.cells, top.values[..., 0].numpy())
    ranks = np.array([[1, 10, 1000, 20]] * len(lens))[:, : picture.cells.shape[1]]
    bar = viz.logit_lens(top.indices, top.values, **given, rank=ranks).figure().axes[1]
    assert (texts(bar.get_yticklabels()), bar.get_ylabel()) == (
        ["1", "10", "100", "1000"][: len(str(ranks.max()))],
        "rank of the answer",
    )


def test_keys_after_their_query_are_blank_and_zeros_are_not() -> None:
    patterns = np.array([[[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.5, NAN, 0.5]]] * 5)
    figure = viz.attention(patterns, tokens=["a", "b", "c"], title="layer 3").figure()
    *heads, bar = [axes for axes in figure.axes if axes.axison]
    assert [axes.get_title() for axes in heads] == [f"head {i}" for i in range(5)]
    assert bar.get_ylabel() == "attention"
    image, grey = heads[0].images
    blank = [[False, True, True], [False, False, True], [False, True, False]]
    assert image.get_array().mask.tolist() == blank
    assert np.argwhere(~grey.get_array().mask).tolist() == [[2, 1]]
    assert texts(heads[0].texts) == ["NaN"]
    assert heads[0].yaxis_inverted()
    assert texts(heads[0].get_yticklabels()) == ["a", "b", "c"]
    assert texts(heads[1].get_yticklabels()) == []


def test_an_encoder_looks_ahead_and_one_query_stands_at_the_last_token() -> None:
    assert not viz.attention(np.full((2, 3, 3), 1 / 3), tokens=["a", "b", "c"]).is_causal
    step = viz.attention([[[0.2, 0.8, 0.0]]], tokens=["a", "b", "c"])
    assert (step.is_causal, step.queries) == (True, ("c",))
    assert not step.blank().any()


def test_differences_of_patterns_have_a_white_zero() -> None:
    picture = viz.attention([[[0.0, 0.0], [0.5, -0.25]]], tokens=["a", "b"])
    assert (picture.scale.kind, picture.scale.ends()) == ("diverging", (-0.5, 0.5))


def test_attribution_stands_layers_side_by_side_and_names_the_heads_that_matter() -> None:
    heads = [[0.1, -3.0], [2.0, NAN]]
    parts = {"attention": [1.0, -2.0], "MLP": [0.5, NAN]}
    given = {"heads": heads, "rest": {"embedding": 0.25}, "n_heads": 2, "title": "why"}
    figure = viz.attribution(parts, **given).figure()
    layers, most = figure.axes
    assert texts(layers.get_xticklabels()) == ["embedding", "0", "1"]
    assert [bar.get_height() for bar in layers.patches] == [0.25, 1.0, -2.0, 0.5, 0.0]
    assert texts(layers.texts) == ["NaN"]
    assert texts(layers.get_legend().get_texts()) == ["attention", "MLP"]
    assert texts(most.get_xticklabels()) == ["L0H1", "L1H0"]
    assert [bar.get_height() for bar in most.patches] == [-3.0, 2.0]
    assert figure.get_suptitle() == "why"


def test_text_keeps_tokens_whole_and_breaks_lines_where_it_does() -> None:
    figure = viz.text(["a", "\n", " b" * 40, " $c$"], [1, -1, NAN, 0.5], title="t").figure()
    axes, _ = figure.axes
    assert texts(axes.texts) == ["a", "↵", " b" * 40, " $c$"]
    assert [round(text.get_position()[1]) for text in axes.texts] == [1, 1, 2, 2]
    blue, red, grey, _ = (box.get_facecolor() for box in axes.patches)
    assert blue[2] > blue[0]
    assert red[0] > red[2]
    assert np.ptp(grey[:3]) < 0.1


def test_bars_stand_in_the_given_order_with_their_numbers() -> None:
    axes = viz.bars(pl.tensor([0.5, 0.25]), [" Paris", "\n"], title="next").figure().axes[0]
    assert texts(axes.get_yticklabels()) == ["·Paris", "↵"]
    assert axes.yaxis_inverted()
    assert texts(axes.texts) == ["0.500", "0.250"]
    assert [bar.get_width() for bar in axes.patches] == [0.5, 0.25]
    assert axes.get_legend() is None


def test_series_share_labels_and_a_legend_and_pictures_stand_side_by_side() -> None:
    bars = viz.bars({"before": [0.5, 0.2], "after": [0.1, 0.9]}, ["a", "b"])
    figure = viz.beside(bars, bars, title="both").figure()
    assert len(figure.axes) == 2
    for axes in figure.axes:
        assert texts(axes.get_legend().get_texts()) == ["before", "after"]
        before, after = (bar.patches[0] for bar in axes.containers[:2])
        assert before.get_y() + before.get_height() <= after.get_y() + 1e-9
    assert figure.get_suptitle() == "both"


def test_a_callout_points_at_a_row_and_a_column() -> None:
    plain = viz.heatmap(EFFECTS)
    (note,) = plain.callout("here", cell=(1, 0), at=(0.5, 2)).figure().axes[0].texts
    assert (note.get_text(), note.xy, note.xyann) == ("here", (0, 1), (2, 0.5))
    assert texts(plain.figure().axes[0].texts) == []


@pytest.mark.parametrize(
    ("token", "label"),
    [(" Paris", "·Paris"), ("\n\n", "↵↵"), ("\t", "⇥"), ("\x07", "\ufffd"), ("naïve", "naïve")],
)
def test_tokens_show_what_cannot_be_seen(token: str, label: str) -> None:
    assert viz.token_label(token) == label


def test_letters_that_no_font_has_do_not_warn(monkeypatch: pytest.MonkeyPatch) -> None:
    from pellucid.viz import _canvas

    monkeypatch.setattr(_canvas, "FONTS", ("DejaVu Sans",))
    _canvas._letters.cache_clear()
    picture = viz.heatmap([[1.0]], columns=["巴黎\U0001f5fc"], title="巴黎")
    assert texts(picture.figure().axes[0].get_xticklabels()) == ["□□□"]
    assert picture._repr_png_().startswith(b"\x89PNG")
    _canvas._letters.cache_clear()


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (
            lambda: viz.heatmap([1.0, 2.0]),
            r"`values`: expected the shape \[row, column\], got \[2\]",
        ),
        (lambda: viz.heatmap([[1], [1, 2]]), r"`values`: expected numbers \[row, column\], got"),
        (lambda: viz.heatmap([[]]), r"`values`: expected the shape \[row, column\], got \[1, 0\]"),
        (lambda: viz.heatmap(EFFECTS, rows="abc"), "`rows`: expected 2, one for each row"),
        (lambda: viz.patching(EFFECTS, tokens=["a"]), "`tokens`: expected 3, .*, got 1"),
        (lambda: viz.attention(np.ones((1, 2, 3, 3)), tokens="abc"), r"pass `patterns\[0\]`"),
        (lambda: viz.attention(np.ones((2, 3, 3)), tokens="ab"), "`tokens`: expected 3, one for"),
        (lambda: viz.attribution({"a": [1.0], "b": [1.0, 2.0]}), r"`parts\['b'\]`: .* got \[2\]"),
        (lambda: viz.text(["a"], [1.0, 2.0]), r"`scores`: .* \[position\] = \[1\], got \[2\]"),
        (lambda: viz.text([["a"], ["b"]], [[1.0]]), "`scores`: expected 2, one list for each"),
        (lambda: viz.bars([1.0], ["a", "b"]), r"`values`: expected the shape \[n\] = \[2\], got"),
        (
            lambda: viz.logit_lens([["a"]], [[1, 2]], tokens="ab"),
            r"`tops`: .*\[1, 2\], .* \[1, 1\]",
        ),
        (lambda: viz.logit_lens([[3]], [[1.0]], tokens="a"), "pass `tokenizer=model.tokenizer`"),
    ],
)
def test_wrong_shapes_are_refused_at_the_users_line(draw: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message) as error:
        draw()
    assert isinstance(error.value, pl.PellucidError)
    assert error.value.file == __file__


def test_values_of_an_open_trace_have_nothing_to_draw_yet(llama: pl.LanguageModel) -> None:
    with pytest.raises(pl.TraceError, match="cannot be known while its trace is recorded"):
        with llama.trace([1, 2, 3]):
            viz.heatmap(llama.lm_head.output[0])


@pytest.mark.parametrize("name", ["x.png", "x.svg", "x.pdf", "x.html"])
def test_the_name_says_what_is_written(tmp_path: Path, name: str) -> None:
    viz.text(["a", " <b>"], [1.0, -1.0]).save(tmp_path / name)
    starts = {".png": b"\x89PNG", ".svg": b"<?xml", ".pdf": b"%PDF", ".html": b"<!doctype html>"}
    assert (tmp_path / name).read_bytes().startswith(starts[Path(name).suffix])


def test_other_names_are_refused(tmp_path: Path) -> None:
    with pytest.raises(pl.ArgumentError, match=r"cannot save `x.jpg`: .*`.png`.* or `.html`"):
        viz.text(["a"], [1.0]).save(tmp_path / "x.jpg")


@pytest.mark.parametrize(("library", "draw"), [("matplotlib", "figure"), ("plotly", "html")])
def test_without_a_library_the_error_says_how_to_get_it(
    monkeypatch: pytest.MonkeyPatch, library: str, draw: str
) -> None:
    from pellucid.viz import _page

    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == library:
            raise ImportError(name)
        return real(name, *rest, **more)

    _page.plotly.cache_clear()
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(ImportError, match=r"pip install 'pellucid\[viz\]'"):
        getattr(viz.bars([1.0], ["a"]), draw)()
