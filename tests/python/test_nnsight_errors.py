"""What is an error in NNsight, or goes wrong later, is an error here at its line.

Each case is named by what NNsight 0.8.1 says. In a function that makes a mistake, the line that
the error must point at ends with `# HERE`.
"""

import inspect
import warnings
from collections.abc import Callable

import numpy as np
import pytest

import pellucid as pl

PROMPT = [1, 2, 3, 4, 5, 6, 7]
OTHER = [8, 9, 10]
Model = pl.LanguageModel


def line_of(function: Callable) -> int:
    lines, first = inspect.getsourcelines(function)
    return first + next(i for i, line in enumerate(lines) if "# HERE" in line)


def logits(model: Model, change: Callable[[Model], object] = lambda model: None) -> np.ndarray:
    with model.trace(PROMPT):
        change(model)
        out = model.lm_head.output.save()
    return out.numpy()


# Mistakes, and what is said of them.


def a_write_needs_a_later_value(m: Model) -> None:
    with m.trace(PROMPT):
        late = m.layers[1].output
        m.layers[0].output = late  # HERE
        m.lm_head.output.save()


def a_module_that_does_not_run_any_more(m: Model) -> None:
    with m.trace(PROMPT) as tracer:
        m.layers[0].output.save()
        tracer.stop()
        m.lm_head.output.save()  # HERE


def a_module_inside_a_skipped_one(m: Model) -> None:
    with m.trace(PROMPT):
        m.layers[1].skip(m.layers[1].input)
        m.layers[1].mlp.output.save()  # HERE


def a_value_outside_of_a_trace(m: Model) -> None:
    m.lm_head.output.save()  # HERE


def a_trace_without_input(m: Model) -> None:
    with m.trace():  # HERE
        pass


def an_invoke_beside_a_direct_input(m: Model) -> None:
    with m.trace(PROMPT) as tracer:
        with tracer.invoke(OTHER):  # HERE
            pass


def an_invoke_inside_an_invoke(m: Model) -> None:
    with m.trace() as tracer:
        with tracer.invoke(PROMPT):
            with tracer.invoke(OTHER):  # HERE
                pass


def a_trace_inside_a_trace(m: Model) -> None:
    with m.trace(PROMPT):
        m.lm_head.output.save()
        with m.trace(OTHER):  # HERE
            pass


def an_invoke_without_a_prompt_alone(m: Model) -> None:
    with m.trace() as tracer:
        with tracer.invoke():  # HERE
            pass


def a_skip_of_the_wrong_shape(m: Model) -> None:
    with m.trace(PROMPT):
        m.layers[1].skip(m.layers[1].input[:, :3])  # HERE


def a_replacement_of_the_wrong_shape(m: Model) -> None:
    with m.trace(PROMPT):
        m.layers[0].output = m.layers[0].output[:, :, :16]  # HERE


def a_replacement_with_too_many_rows(m: Model) -> None:
    with m.trace() as tracer:
        with tracer.invoke(PROMPT):
            h = m.layers[0].output
        with tracer.invoke(PROMPT):
            m.layers[0].output = pl.cat([h, h])  # HERE


def a_name_that_the_module_lacks(m: Model) -> None:
    with m.trace(PROMPT):
        m.layers[0].self_attn.q_porj.output.save()  # HERE


def the_source_of_a_module(m: Model) -> None:
    with m.trace(PROMPT):
        m.layers[0].self_attn.source.attention_interface_1.output.save()  # HERE


def an_index_out_of_range(m: Model) -> None:
    with m.trace(PROMPT):
        m.layers[0].output[:, 7].save()  # HERE


def the_truth_of_a_value(m: Model) -> None:
    with m.trace(PROMPT):
        h = m.layers[0].output
        if h.norm() > 3:  # HERE
            m.layers[0].output[:] = 0


def a_value_after_the_block(m: Model) -> None:
    with m.trace(PROMPT):
        h = m.layers[0].output
        h.sum().save()
    np.asarray(h)  # HERE


def a_value_of_another_trace(m: Model) -> None:
    with m.trace(PROMPT):
        h = m.layers[0].output
        h.sum().save()
    with m.trace(PROMPT):
        m.layers[0].output = h  # HERE


def arguments_that_are_of_generations(m: Model) -> None:
    m.trace(PROMPT, max_new_tokens=3)  # HERE


def an_assignment_to_a_module(m: Model) -> None:
    with m.trace(PROMPT):
        m.layers[0].mlp = 0  # HERE


def a_barrier_for_nobody(m: Model) -> None:
    with m.trace(PROMPT) as tracer:
        tracer.barrier(0)  # HERE


def a_cache_of_nothing(m: Model) -> None:
    with m.trace(PROMPT) as tracer:
        tracer.cache(modules=["layers.*.mpl"])  # HERE


def a_negative_step(m: Model) -> None:
    with m.generate(PROMPT, max_new_tokens=3) as tracer:
        for _ in tracer.iter[-1]:  # HERE
            m.lm_head.output.save()


def a_step_beyond_the_last(m: Model) -> None:
    with m.generate(PROMPT, max_new_tokens=3) as tracer:
        for _ in tracer.iter[3]:  # HERE
            m.lm_head.output.save()


def a_value_of_a_later_step(m: Model) -> None:
    with m.generate(PROMPT, max_new_tokens=3) as tracer:
        for _ in tracer.iter[2]:
            late = m.layers[0].output[:, -1]
        m.layers[0].output[:, -1] = late  # HERE
        tracer.result.save()


def a_step_of_a_trace(m: Model) -> None:
    with m.trace(PROMPT) as tracer:
        for _ in tracer.iter[1]:  # HERE
            m.lm_head.output.save()


ERRORS = [
    (a_negative_step, ValueError, "bad-argument", "cannot be negative"),
    (a_step_beyond_the_last, IndexError, "index-out-of-range", "it has the steps 0 to 2"),
    (a_value_of_a_later_step, pl.OrderError, "needs-later-value", "later"),
    (a_step_of_a_trace, IndexError, "index-out-of-range", "beyond"),
    (a_write_needs_a_later_value, pl.OrderError, "needs-later-value", "computes later"),
    (a_module_that_does_not_run_any_more, pl.OrderError, "after-stop", "stop"),
    (a_module_inside_a_skipped_one, pl.OrderError, "skipped-site", "skip"),
    (a_value_outside_of_a_trace, RuntimeError, "no-trace", "`lm_head.output` outside of a trace"),
    (a_trace_without_input, RuntimeError, "no-invoke", "has no prompt"),
    (an_invoke_beside_a_direct_input, RuntimeError, "no-invoke", "has its prompt already"),
    (an_invoke_inside_an_invoke, RuntimeError, "no-invoke", "cannot stand inside another"),
    (a_trace_inside_a_trace, RuntimeError, "open-trace", "a trace is open already, since"),
    (an_invoke_without_a_prompt_alone, RuntimeError, "no-invoke", "there are none"),
    (a_skip_of_the_wrong_shape, ValueError, "shape-mismatch", "[1, 3, 32]"),
    (a_replacement_of_the_wrong_shape, ValueError, "shape-mismatch", "[1, 7, 16], the site [1, 7"),
    (a_replacement_with_too_many_rows, ValueError, "shape-mismatch", "[2, 7, 32], the site [1, 7"),
    (a_name_that_the_module_lacks, AttributeError, "unknown-module", "did you mean `q_proj`"),
    (the_source_of_a_module, AttributeError, "unknown-module", "scores, pattern"),
    (an_index_out_of_range, IndexError, "index-out-of-range", "axis 1 of length 7"),
    (the_truth_of_a_value, RuntimeError, "not-concrete", "`pl.cond` between computations"),
    (a_value_after_the_block, RuntimeError, "not-saved", "add `.save()` inside the block at"),
    (a_value_of_another_trace, RuntimeError, "not-saved", "was not saved"),
    (an_assignment_to_a_module, ValueError, "bad-argument", "is a module, not a value"),
    (a_barrier_for_nobody, ValueError, "bad-argument", "at least one invoke"),
    (a_cache_of_nothing, AttributeError, "unknown-module", "did you mean `layers.*.mlp`"),
]


@pytest.mark.parametrize(
    ("mistake", "kind", "code", "text"), ERRORS, ids=[case[0].__name__ for case in ERRORS]
)
def test_mistakes_point_at_their_line(
    mistake: Callable, kind: type[Exception], code: str, text: str, llama: Model
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(pl.PellucidError) as raised:
            mistake(llama)
    error = raised.value
    assert isinstance(error, kind)
    assert (error.code, error.file, error.line) == (code, __file__, line_of(mistake))
    assert text in str(error)
    assert logits(llama).shape == (1, 7, 384)  # the model is as before


def test_arguments_that_would_be_ignored(llama: Model) -> None:
    with pytest.raises(TypeError, match="max_new_tokens") as raised:
        arguments_that_are_of_generations(llama)
    frames = inspect.getinnerframes(raised.value.__traceback__)
    assert frames[-1].lineno == line_of(arguments_that_are_of_generations)
