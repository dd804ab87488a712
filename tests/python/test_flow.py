"""Branches, loops and functions: what is recorded is what Python would have done."""

from dataclasses import dataclass

import numpy as np
import pytest

import pellucid as pl

PROMPT = [1, 2, 3, 4]


def last(model: pl.LanguageModel) -> pl.Tensor:
    """The last token's state, after the first layer."""
    return model.model.layers[0].output[0, -1]


def value_of(model: pl.LanguageModel) -> np.ndarray:
    with model.trace(PROMPT):
        h = last(model).save()
    return np.asarray(h)


@pytest.mark.parametrize("bound", [0.0, 1e9])
def test_cond_takes_the_branch_of_the_value(llama, bound):
    with llama.trace(PROMPT):
        h = last(llama)
        made = pl.cond(h.norm() > bound, lambda: h * 2, lambda: h * 0.5).save()
    factor = 2.0 if bound == 0.0 else 0.5
    np.testing.assert_array_equal(made, value_of(llama) * np.float32(factor))


def test_branches_write_through_what_they_return(llama):
    with llama.trace(PROMPT):
        layer = llama.model.layers[0]
        h = layer.output
        layer.output = pl.cond(h.norm() > 0, lambda: h * 0, lambda: h)
        seen = llama.model.layers[1].input.save()
    assert not np.asarray(seen).any()


def test_cond_gives_containers(llama):
    @dataclass
    class Pair:
        scaled: pl.Tensor
        kept: dict[str, pl.Tensor]

    with llama.trace(PROMPT):
        h = last(llama)
        pair = pl.cond(
            h.sum() == h.sum(),
            lambda: Pair(h * 2, {"h": h, "n": 1}),
            lambda: Pair(h * 3, {"h": h, "n": 2}),
        )
        scaled, n = pair.scaled.save(), pair.kept["n"].save()
    np.testing.assert_array_equal(scaled, value_of(llama) * 2)
    assert n.item() == 1


def test_cond_of_something_known_chooses_at_once(llama):
    with llama.trace(PROMPT) as tracer:
        h = last(llama)
        pl.cond(pl.tensor([True]), lambda: h * 2, lambda: h * 3).save("x")
    assert "cond" not in tracer.text
    assert pl.cond(True, lambda: 1, lambda: 2) == 1


def test_nested_branches_and_operands(llama):
    def inner(x, factor):
        return pl.cond(x.norm() < 0, lambda: x, lambda: x * factor)

    with llama.trace(PROMPT):
        h = last(llama)
        made = pl.cond(h.norm() > 0, inner, lambda x, _: x, h, 4).save()
    np.testing.assert_array_equal(made, value_of(llama) * 4)


def test_while_loop_is_what_python_does(llama):
    with llama.trace(PROMPT):
        h, n = pl.while_loop(
            lambda h, n: (h.norm() > 1e-3) & (n < 50),
            lambda h, n: (h * 0.5, n + 1),
            (last(llama), 0),
        )
        h.save(), n.save()
    want, steps = value_of(llama), 0
    while np.linalg.norm(want) > 1e-3 and steps < 50:
        want, steps = want * np.float32(0.5), steps + 1
    np.testing.assert_array_equal(h, want)
    assert n.item() == steps > 0


def test_while_loop_of_one_value_and_of_concrete_tensors(llama):
    with llama.trace(PROMPT):
        n = pl.while_loop(lambda n: n < 7, lambda n: n + 2, pl.tensor(0)).save()
    assert n.item() == 8
    assert pl.while_loop(lambda n: n < 7, lambda n: n + 2, pl.tensor(1)).item() == 7


def test_a_loop_has_an_end(llama):
    with pytest.raises(pl.LimitError, match="after 5 steps") as raised, llama.trace(PROMPT):
        h = last(llama)
        pl.while_loop(lambda h: h.norm() >= 0, lambda h: h * 2, h, max_steps=5).save()
    assert raised.value.file == __file__
    with pytest.raises(pl.LimitError, match="after 5 steps"):
        pl.while_loop(lambda n: n > 0, lambda n: n, pl.tensor(1), max_steps=5)


def test_a_function_is_recorded_once(llama):
    calls = []

    @pl.function
    def unit(x, eps=1e-6, names=("a",)):
        calls.append(names)
        return {"unit": x / (x.norm(dim=-1, keepdim=True) + eps), "norm": x.norm()}

    with llama.trace(PROMPT) as tracer:
        values = [unit(layer.output[0, -1]) for layer in llama.model.layers]
        other = unit(last(llama), eps=1.0)
        pl.save([values, other])
    assert len(calls) == 2
    assert tracer.text.count("function unit") == 2
    assert tracer.text.count("call unit(") == len(llama.model.layers)
    want = value_of(llama)
    np.testing.assert_allclose(values[0]["unit"], want / (np.linalg.norm(want) + 1e-6), rtol=1e-6)
    np.testing.assert_allclose(other["unit"], want / (np.linalg.norm(want) + 1.0), rtol=1e-6)
    assert unit(pl.tensor([3.0, 4.0]))["norm"].item() == 5.0


def test_a_function_can_write_its_own_values(llama):
    @pl.function
    def without_first(x):
        own = x.clone()
        own[0] = 0
        return own

    with llama.trace(PROMPT):
        made = without_first(last(llama)).save()
    want = value_of(llama).copy()
    want[0] = 0
    np.testing.assert_array_equal(made, want)


def refused(llama, error, match, act):
    with pytest.raises(error, match=match) as raised, llama.trace(PROMPT):
        act(llama, last(llama))
    assert raised.value.file == __file__
    return raised.value


def test_effects_stay_outside(llama):
    def write(model, h):
        def then():
            model.model.layers[1].output = model.model.layers[1].output * 2
            return h

        pl.cond(h.norm() > 0, then, lambda: h)

    refused(llama, pl.TraceError, "may only compute", write)

    def save(_, h):
        pl.cond(h.norm() > 0, lambda: (h * 2).save(), lambda: h)

    refused(llama, pl.TraceError, "may only compute", save)

    def in_place(_, h):
        def then():
            h[0] = 1
            return h

        pl.cond(h.norm() > 0, then, lambda: h)

    refused(llama, pl.TraceError, "cannot write to what is around it", in_place)


def test_functions_take_arguments_only(llama):
    def around(_, h):
        pl.function(lambda x: x + h)(h * 2)

    assert "pass it" in refused(llama, pl.TraceError, "uses a value from around it", around).help

    def site(model, h):
        pl.function(lambda x: x + model.model.norm.output)(h)

    refused(llama, pl.TraceError, "uses its parameters only", site)


def test_a_value_stays_in_its_branch(llama):
    def escape(_, h):
        kept = []
        pl.cond(h.norm() > 0, lambda: kept.append(h * 2) or h, lambda: h)
        kept[0] + 1

    refused(llama, pl.TraceError, "has ended", escape)


def test_types_of_branches_and_steps_agree(llama):
    def branches(_, h):
        pl.cond(h.norm() > 0, lambda: h, lambda: h[:3])

    refused(llama, pl.ShapeError, "branches must give the same", branches)

    def pred(_, h):
        pl.cond(h, lambda: h, lambda: h)

    assert "any" in refused(llama, pl.DTypeError, "bool of one element", pred).help

    def keys(_, h):
        pl.cond(h.norm() > 0, lambda: (h,), lambda: [h])

    refused(llama, pl.ArgumentError, "containers of the same kind", keys)

    def step(_, h):
        pl.while_loop(lambda h: h.norm() > 0, lambda h: h > 0, h)

    refused(llama, pl.DTypeError, "carry the same into each step", step)

    def count(_, h):
        pl.while_loop(lambda h, n: n < 3, lambda h, n: h, (h, 0))

    refused(llama, pl.ArgumentError, "as many values", count)


def test_an_error_inside_leaves_the_trace_as_it_was(llama):
    with llama.trace(PROMPT):
        h = last(llama)
        with pytest.raises(ZeroDivisionError):
            pl.cond(h.norm() > 0, lambda: 1 / 0, lambda: h)
        with pytest.raises(pl.ShapeError):
            pl.cond(h.norm() > 0, lambda: h + pl.tensor([1.0, 2.0]), lambda: h)
        kept = (h * 2).save()
    np.testing.assert_array_equal(kept, value_of(llama) * 2)
