"""NNsight's silent traps are warnings here at their line, and what it cannot do works.

In a function that falls into a trap, the line that the warning must point at ends with `# HERE`.
"""

import inspect
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import numpy as np
import pytest
from test_nnsight_errors import OTHER, PROMPT, Model, line_of, logits

import pellucid as pl

# What NNsight does silently, and warnings say here.


def a_forgotten_save(m: Model) -> None:
    with m.trace(PROMPT):
        h = m.layers[0].output * 2  # HERE
        m.lm_head.output.save()
    del h


def a_name_bound_anew(m: Model) -> None:
    with m.trace(PROMPT):
        h = m.layers[0].output
        h = h * 0  # HERE
        m.lm_head.output.save()


def a_value_saved_too_early(m: Model) -> None:
    with m.trace(PROMPT):
        out = m.lm_head.output.save()
        out = out.softmax(-1)  # HERE


def a_trace_without_with(m: Model) -> None:
    m.trace(PROMPT)  # HERE


def an_item_of_no_tuple(m: Model) -> None:
    with m.trace(PROMPT):
        m.layers[0].self_attn.output[0][:, -1] = 0  # HERE
        m.lm_head.output.save()


def a_loop_that_overruns(m: Model) -> None:
    with m.generate(PROMPT, max_new_tokens=2) as tracer:
        for _ in tracer.iter[:5]:  # HERE
            m.lm_head.output.save()


WARNINGS = [
    (a_loop_that_overruns, RuntimeWarning, "goes beyond the generation: it has 2 steps"),
    (a_forgotten_save, pl.UnusedValueWarning, "neither saved nor used"),
    (a_name_bound_anew, pl.UnusedValueWarning, "neither saved nor used"),
    (a_value_saved_too_early, pl.UnusedValueWarning, "neither saved nor used"),
    (a_trace_without_with, RuntimeWarning, "never ran: `trace` needs `with`"),
    (an_item_of_no_tuple, pl.TupleIndexWarning, "is one tensor, and `[0]` its first row"),
]


@pytest.mark.parametrize(
    ("mistake", "kind", "text"), WARNINGS, ids=[case[0].__name__ for case in WARNINGS]
)
def test_silent_traps_are_warnings(
    mistake: Callable, kind: type[Warning], text: str, llama: Model
) -> None:
    with pytest.warns(kind) as caught:
        mistake(llama)
    (warning,) = (each for each in caught if issubclass(each.category, kind))
    assert text in str(warning.message)
    assert (warning.filename, warning.lineno) == (__file__, line_of(mistake))


def test_rows_are_indexed_without_a_warning(llama: Model) -> None:
    with llama.trace(PROMPT):
        llama.layers[0].output[0].save()
        llama.layers[0].attn.output[0, -1].save()
        llama.layers[0].attn.output[0:1].save()
        llama.layers[0].attn.pattern[0].save()


# What fails in NNsight, and works here.


def test_out_of_order_access(llama: Model) -> None:
    with llama.trace(PROMPT):
        last = llama.lm_head.output.save()
        first = llama.layers[0].output.save()
        llama.layers[0].output[:, -1] *= 0.5
        again = llama.lm_head.output.save()

    def scaled(m: Model) -> None:
        m.layers[0].output[:, -1] *= 0.5

    assert first.shape == (1, 7, 32)
    np.testing.assert_array_equal(again.numpy(), logits(llama, scaled))
    np.testing.assert_array_equal(last.numpy(), logits(llama, scaled))  # the model's own, changed


def test_a_cache_after_a_read(llama: Model) -> None:
    with llama.trace(PROMPT) as tracer:
        llama.lm_head.output.save()
        cache = tracer.cache(modules=["layers.0"])
    assert cache.layers[0].output.shape == (1, 7, 32)


@pytest.mark.parametrize("n", [1, 2, 5])
def test_barriers_with_any_count(n: int, llama: Model) -> None:
    with llama.trace() as tracer:
        barrier = tracer.barrier(n)
        with tracer.invoke(PROMPT):
            h = llama.layers[0].output
            barrier()
        with tracer.invoke(PROMPT):
            barrier()
            llama.layers[0].output = h * 2
            out = llama.lm_head.output.save()

    def doubled(m: Model) -> None:
        m.layers[0].output[:] *= 2

    np.testing.assert_array_equal(out.numpy(), logits(llama, doubled))


def test_a_skip_in_one_invoke_only(llama: Model) -> None:
    with llama.trace() as tracer:
        with tracer.invoke(PROMPT):
            llama.layers[1].skip(llama.layers[1].input)
            skipped = llama.lm_head.output.save()
        with tracer.invoke(PROMPT):
            whole = llama.lm_head.output.save()
    np.testing.assert_array_equal(whole.numpy(), logits(llama))
    assert (skipped.numpy() != whole.numpy()).any()


def test_an_outer_name_of_the_same_value(llama: Model) -> None:
    clean = pl.zeros(1, 7, 32)
    with llama.trace() as tracer:
        with tracer.invoke(PROMPT):
            clean = llama.layers[0].output
        with tracer.invoke(PROMPT):
            llama.embed.output[:] = 0
            llama.layers[0].output = clean
            out = llama.lm_head.output.save()
    np.testing.assert_array_equal(out.numpy(), logits(llama))


def test_prompts_see_no_padding(llama: Model) -> None:
    with llama.trace() as tracer:
        with tracer.invoke(list(range(1, 40))):
            pass
        with tracer.invoke(PROMPT):
            position = llama.layers[0].output[:, 2].save()
            out = llama.lm_head.output.save()
    with llama.trace(PROMPT):
        alone = llama.layers[0].output[:, 2].save()
    np.testing.assert_array_equal(position.numpy(), alone.numpy())
    np.testing.assert_array_equal(out.numpy(), logits(llama))


BODIES = [
    "with model.trace(PROMPT): out = model.lm_head.output.save()",
    """
    with model.trace(PROMPT):
        try:
            out = model.lm_head.output.save()
        finally:
            pass
    """,
    """
    with model.trace(PROMPT):
        out = model.lm_head.output
# a comment that stands at the beginning of its line
        out = out.save()
    """,
    """
    def run():
        with model.trace(PROMPT):
            return model.lm_head.output.save()
    out = run()
    """,
    """
    with around():
        with model.trace(PROMPT):
            out = model.lm_head.output.save()
    """,
    "tracer = model.trace(PROMPT)\nwith tracer: out = model.lm_head.output.save()",
]


@pytest.mark.parametrize("body", BODIES, ids=range(len(BODIES)))
def test_any_body_without_a_source_file(body: str, llama: Model) -> None:
    @contextmanager
    def around():
        yield

    lines = (line.removeprefix("    ") for line in body.splitlines())
    code = "\n".join(lines)
    names = {"model": llama, "PROMPT": PROMPT, "around": around}
    exec(code, names)
    np.testing.assert_array_equal(names["out"].numpy(), logits(llama))


def test_save_is_on_tensors_only(llama: Model) -> None:
    assert not hasattr(object(), "save")
    assert not hasattr([], "save")
    with llama.trace(PROMPT):
        kept = pl.save({"a": [llama.layers[0].output], "n": 3})
        out = llama.lm_head.output.save()
    assert kept["a"][0].shape == (1, 7, 32)
    assert kept["n"] == 3
    assert out.save() is out  # saved already: there is nothing to lose


def test_an_error_in_the_block_is_the_users_own(llama: Model) -> None:
    with pytest.raises(KeyError) as raised, llama.trace(PROMPT):
        llama.lm_head.output.save()
        {}["missing"]
    assert inspect.getinnerframes(raised.value.__traceback__)[-1].filename == __file__
    assert logits(llama).shape == (1, 7, 384)


def test_code_after_a_loop_over_steps(llama: Model) -> None:
    with llama.generate(PROMPT, max_new_tokens=3, ignore_eos=True) as tracer:
        kept = pl.list().save()
        for _ in tracer.iter[:]:
            kept.append(llama.lm_head.output[:, -1])
        ids = tracer.result.save()
        first = llama.layers[0].output.save()
    assert (len(kept), ids.shape, first.shape) == (3, (1, 10), (1, 7, 32))
    with pytest.warns(RuntimeWarning, match="beyond"):
        with llama.generate(PROMPT, max_new_tokens=3, ignore_eos=True) as tracer:
            for _ in tracer.iter[:9]:
                pass
            again = tracer.result.save()
    np.testing.assert_array_equal(again.numpy(), ids.numpy())


def test_a_loop_that_reads_nothing_ends(llama: Model) -> None:
    n = 0
    with llama.generate(PROMPT, max_new_tokens=4) as tracer:
        for step in tracer.all():
            n += 1
            if step in (0, 2):
                llama.lm_head.output[:, -1].save()
    assert n == 4


def test_order_inside_a_step_does_not_shift_it(llama: Model) -> None:
    def states(is_reversed: bool) -> list[np.ndarray]:
        with llama.generate(PROMPT, max_new_tokens=3, ignore_eos=True) as tracer:
            kept = pl.list().save()
            for _ in tracer.iter[:]:
                modules = [llama.layers[0], llama.lm_head]
                read = [module.output[:, -1] for module in modules[:: -1 if is_reversed else 1]]
                kept.extend(read[:: -1 if is_reversed else 1])
        return [each.numpy() for each in kept]

    for one, other in zip(states(False), states(True), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_step_that_was_not_made(llama: Model) -> None:
    end = 383
    with llama.generate(PROMPT, max_new_tokens=4) as tracer:
        llama.lm_head.output[:, -1, end] = 1000.0
        for _ in tracer.iter[2]:
            late = llama.lm_head.output.save()
        ids = tracer.result.save()
    assert ids.shape == (1, 8)
    with pytest.raises(pl.PellucidError) as raised:
        late.numpy()
    assert raised.value.code == "not-reached"
    assert "ended before step 2" in raised.value.message


def test_threads_trace_one_model(llama: Model) -> None:
    def traced(i: int) -> np.ndarray:
        with llama.trace() as tracer:
            with tracer.invoke([i + 1, *PROMPT]):
                clean = llama.layers[0].output[:, -1]
            with tracer.invoke(OTHER * (i % 3 + 1)):
                llama.layers[0].output[:, -1] = clean * i
                out = llama.lm_head.output[:, -1].save()
        return out.numpy()

    alone = [traced(i) for i in range(40)]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(traced, range(40)))
    for one, other in zip(alone, together, strict=True):
        np.testing.assert_array_equal(one, other)
