"""A value that is neither saved nor used is warned of, at its line; what is used never is."""

import inspect
import warnings
from collections.abc import Callable

import pytest

import pellucid as pl

PROMPT = [1, 2, 3, 4, 5, 6, 7]


def read(m: pl.LanguageModel) -> object:
    return m.lm_head.output


def derived(m: pl.LanguageModel) -> object:
    return m.lm_head.output.softmax(-1) * 2


def applied(m: pl.LanguageModel) -> object:
    return m.lm_head(m.norm_f.output)


def saved_too_early(m: pl.LanguageModel) -> object:
    return -m.norm_f.output.sum().save()


def several(m: pl.LanguageModel) -> object:
    return m.norm_f.output.max(-1)


def parts(m: pl.LanguageModel) -> object:
    return m.norm_f.output.split(2, dim=1)


@pytest.mark.parametrize("script", [read, derived, applied, saved_too_early, several, parts])
def test_unused(script: Callable[[pl.LanguageModel], object], llama: pl.LanguageModel) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with llama.trace(PROMPT):
            script(llama)
            llama.lm_head.output.save()
    line = inspect.getsourcelines(script)[1] + 1
    assert [(w.category, w.filename, w.lineno) for w in caught] == [
        (pl.UnusedValueWarning, __file__, line)
    ]
    assert str(caught[0].message) == (
        f"the value of {__file__}:{line} is neither saved nor used, so it is not computed: "
        "add `.save()` to have it after the block"
    )


def test_a_line_is_warned_of_once(llama: pl.LanguageModel) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        with llama.trace(PROMPT):
            for layer in llama.layers:
                layer.output.sum()
    assert len(caught) == 1


def test_what_is_used_is_not_warned_of(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        h = llama.layers[0].output
        _ = h.shape, llama.norm_f.output.dtype, len(llama.norm_f.input)
        values, _ = h.max(-1)
        _, last = h.split([6, 1], dim=1)
        first, *_ = h[0]
        pl.save([values, last, first])
        llama.layers[0].output[:, -1] = h[:, 0] * 2
        part = llama.layers[1].output[:, 1:3]
        part += 1
        part.mul_(2)
        llama.layers[1].mlp.skip(llama.layers[1].mlp.input * 0)
        chosen = pl.cond(h.sum() > 0, lambda: h * 2, lambda: h)
        chosen.save()
        rows: list[pl.Tensor] = pl.save([])
        rows.extend(layer.output for layer in llama.layers)


def test_nothing_is_said_of_a_trace_that_fails_or_is_scanned(llama: pl.LanguageModel) -> None:
    with pytest.raises(ZeroDivisionError), llama.trace(PROMPT):
        _ = llama.lm_head.output
        _ = 1 / 0
    with llama.scan(PROMPT):
        _ = llama.lm_head.output * 2
