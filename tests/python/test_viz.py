"""Pictures have the axes, labels and sizes that they promise, from tensors of any library."""

import builtins
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid import viz

EFFECTS = [[0.0, 0.25, 0.5], [1.0, -0.5, 0.0]]


def texts(labels: Any) -> list[str]:
    return [label.get_text() for label in labels]


@pytest.mark.parametrize("make", [list, np.array, pl.tensor, lambda rows: [*map(pl.tensor, rows)]])
def test_a_heat_map_names_its_cells_and_is_white_at_zero(make: Any) -> None:
    figure = viz.heatmap(
        make(EFFECTS),
        xticks=["The", " $1$", (" Italy", "← France")],
        yticks=range(2),
        title="effects",
        xlabel="position",
        ylabel="layer",
        unit="logits",
    )
    axes, bar = figure.axes
    assert (axes.get_title("left"), axes.get_xlabel(), axes.get_ylabel()) == (
        "effects",
        "position",
        "layer",
    )
    assert texts(axes.get_xticklabels()) == ["The", "·$1$", "·Italy\n←·France"]
    assert texts(axes.get_yticklabels()) == ["0", "1"]
    assert bar.get_ylabel() == "logits"
    (image,) = axes.images
    assert image.get_clim() == (-1.0, 1.0)
    assert image.origin == "lower"
    np.testing.assert_array_equal(image.get_array(), EFFECTS)
    assert np.allclose(image.cmap(image.norm(0.0))[:3], 1, atol=0.05)


def test_colours_without_a_sign_start_at_zero_and_end_at_the_limit() -> None:
    figure = viz.heatmap(np.abs(EFFECTS), is_diverging=False, limit=2.0)
    assert figure.axes[0].images[0].get_clim() == (0.0, 2.0)


def test_the_colour_bar_leaves_out_a_side_that_no_cell_has() -> None:
    assert viz.heatmap(EFFECTS).axes[1].get_ylim() == (-1.0, 1.0)
    assert viz.heatmap(np.abs(EFFECTS)).axes[1].get_ylim() == (0.0, 1.0)


def test_many_rows_have_a_label_for_some_and_for_the_last() -> None:
    shown = texts(viz.heatmap(np.ones((30, 2)), yticks=range(30)).axes[0].get_yticklabels())
    assert shown == [str(layer) for layer in range(1, 30, 2)]


def test_a_picture_is_as_large_as_on_a_slide_and_sharp() -> None:
    figure = viz.heatmap(np.zeros((30, 8)))
    assert figure.dpi == 160
    width, height = figure.get_size_inches()
    assert (8 <= width <= 14, 5 <= height <= 9) == (True, True)


def test_a_lens_shows_every_token_and_frames_what_stays() -> None:
    tokens = [[" a", "x"], [" b", "y"], [" b", "x"]]
    figure = viz.lens_table(tokens, np.full((3, 2), 0.5), prompt=[" to", " be"])
    axes = figure.axes[0]
    assert texts(axes.texts) == ["·a", "x", "·b", "y", "·b", "x"]
    assert texts(axes.get_xticklabels()) == ["·to", "·be"]
    framed = {(round(box.get_y() + 0.44), round(box.get_x() + 0.47)) for box in axes.patches}
    assert framed == {(1, 0), (2, 0), (2, 1)}
    assert texts(t for t in axes.texts if t.get_fontweight() == "bold") == ["·b", "·b", "x"]


def test_bars_stand_in_the_given_order_with_their_numbers() -> None:
    axes = viz.bars(pl.tensor([0.5, 0.25]), [" Paris", "\n"], title="next").axes[0]
    assert texts(axes.get_yticklabels()) == ["·Paris", "↵"]
    assert axes.yaxis_inverted()
    assert texts(axes.texts) == ["0.500", "0.250"]
    assert [bar.get_width() for bar in axes.patches] == [0.5, 0.25]
    assert axes.get_legend() is None


def test_series_share_labels_and_a_legend_and_panels_stand_side_by_side() -> None:
    figure = viz.panels(2, title="both")
    for axes in figure.axes:
        series = {"before": [0.5, 0.2], "after": [0.1, 0.9]}
        assert viz.bars(series, ["a", "b"], axes=axes) is figure
        legend = axes.get_legend()
        assert legend is not None
        assert texts(legend.get_texts()) == ["before", "after"]
        before, after = (bar.patches[0] for bar in axes.containers[:2])
        assert before.get_y() + before.get_height() <= after.get_y() + 1e-9
    assert figure.get_suptitle() == "both"


def test_a_callout_points_at_a_row_and_a_column() -> None:
    figure = viz.heatmap(EFFECTS)
    viz.callout(figure, "here", cell=(1, 0), at=(0.5, 2))
    (note,) = figure.axes[0].texts
    assert (note.get_text(), note.xy, note.xyann) == ("here", (0, 1), (2, 0.5))


@pytest.mark.parametrize(
    ("token", "label"),
    [(" Paris", "·Paris"), ("\n\n", "↵↵"), ("\t", "⇥"), ("\x07", "\ufffd"), ("naïve", "naïve")],
)
def test_tokens_show_what_cannot_be_seen(token: str, label: str) -> None:
    assert viz.token_label(token) == label


def test_letters_that_the_font_lacks_do_not_warn() -> None:
    figure = viz.heatmap([[1.0]], xticks=["巴黎\U0001f5fc"], title="巴黎")
    assert texts(figure.axes[0].get_xticklabels()) == ["□□□"]
    assert figure._repr_png_().startswith(b"\x89PNG")  # type: ignore[attr-defined]


def test_values_of_the_wrong_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected values with 2 axes, got shape \[2\]"):
        viz.heatmap([1.0, 2.0])


def test_values_of_an_open_trace_have_nothing_to_draw_yet(llama: pl.LanguageModel) -> None:
    with pytest.raises(pl.TraceError, match="cannot be known while its trace is recorded"):
        with llama.trace([1, 2, 3]):
            viz.heatmap(llama.lm_head.output[0])


def test_without_matplotlib_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def no_matplotlib(name: str, *rest: Any, **more: Any) -> Any:
        if name.split(".")[0] == "matplotlib":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", no_matplotlib)
    with pytest.raises(ImportError, match=r"pip install 'pellucid\[viz\]'"):
        viz.bars([1.0], ["a"])
