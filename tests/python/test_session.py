"""Sessions: values and containers flow between traces, of one model and of several."""

import inspect
import threading
from typing import Any

import numpy as np
import pytest

import pellucid as pl

A, B = [5, 9, 2, 7], [3, 3, 8, 250]


def _line() -> int:
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


def test_a_value_of_an_earlier_trace_is_used_without_saving_it(llama: pl.LanguageModel) -> None:
    with llama.session():
        with llama.trace(A):
            clean = llama.layers[0].output
        with llama.trace(B):
            llama.layers[0].output[:] = clean
            patched = llama.unembed.output.save()
    with llama.trace() as tracer:
        with tracer.invoke(A):
            clean = llama.layers[0].output
        with tracer.invoke(B):
            llama.layers[0].output[:] = clean
            want = llama.unembed.output.save()
    assert np.array_equal(patched.numpy(), want.numpy())


def test_python_runs_between_traces(llama: pl.LanguageModel) -> None:
    prompts = [A, B, [1, 2]]
    with llama.session():
        kept = pl.list().save()
        total = 0
        for prompt in prompts:
            with llama.trace(prompt):
                last = llama.layers[1].output[0, -1]
                kept.append(last)
            total = total + last  # between two traces
        mean = (total / len(prompts)).save()
        with llama.trace(A):
            llama.layers[1].output[:, -1] = mean
            steered = llama.unembed.output[0, -1].save()
        biggest = kept[0].max().save()
    rows = []
    for prompt in prompts:
        with llama.trace(prompt):
            rows.append(llama.layers[1].output[0, -1].save())
    for a, b in zip(kept, rows, strict=True):
        assert np.array_equal(a.numpy(), b.numpy())
    want = ((rows[0] + rows[1]) + rows[2]) / 3
    assert np.allclose(mean.numpy(), want.numpy(), atol=1e-6)
    assert float(biggest) == rows[0].numpy().max()
    with llama.trace(A):
        llama.layers[1].output[:, -1] = mean
        again = llama.unembed.output[0, -1].save()
    assert np.array_equal(steered.numpy(), again.numpy())


def test_two_models_in_one_session(llama: pl.LanguageModel) -> None:
    other = pl.LanguageModel("tiny:llama")
    with pl.session():
        with llama.trace(A):
            one = llama.unembed.output[0, -1, :100].softmax(-1)
        with other.trace(A):
            two = other.unembed.output[0, -1, :100].softmax(-1)
            inside = (one - two).abs().sum().save()
        outside = (one - two).abs().sum().save()
    assert float(inside) == float(outside) > 0


def test_generations_take_part(llama: pl.LanguageModel) -> None:
    with llama.session():
        with llama.trace(A):
            vector = llama.layers[0].output[0, -1] * 3
        with llama.generate(B, max_new_tokens=3, ignore_eos=True) as tracer:
            for _ in tracer.iter[:]:
                llama.layers[0].output += vector
            ids = tracer.result.save()
    with llama.trace(A):
        vector = (llama.layers[0].output[0, -1] * 3).save()
    with llama.generate(B, max_new_tokens=3, ignore_eos=True) as tracer:
        for _ in tracer.iter[:]:
            llama.layers[0].output += vector
        want = tracer.result.save()
    assert ids.tolist() == want.tolist()


def test_what_is_written_in_a_later_trace_is_the_later_traces(llama: pl.LanguageModel) -> None:
    with llama.session():
        with llama.trace(A):
            h = llama.layers[0].output[0].save()
            before = (h * 1).save()
        with llama.trace(A):
            h[0] = 0
            after = h.sum(-1).save()
    assert not h[0].numpy().any()
    assert before[0].numpy().any()
    assert after[0] == 0


def test_functions_and_branches_take_earlier_values(llama: pl.LanguageModel) -> None:
    with llama.session():
        with llama.trace(A):
            one = llama.layers[0].output[0, -1]
        with llama.trace(B):
            two = llama.layers[0].output[0, -1]
            inside = pl.cond(two.sum() > 1e9, lambda: one * 0, lambda: one * 2).save()
        between = pl.cond(one.sum() < 1e9, lambda: one * 2, lambda: two).save()
        values = one[one > 0].save()
    assert np.array_equal(inside.numpy(), between.numpy())
    assert (values.numpy() > 0).all()


def test_mistakes_are_told_at_their_line(llama: pl.LanguageModel) -> None:
    with llama.session():
        with llama.trace(A):
            h = llama.layers[0].output
            h.sum().save()
        with pytest.raises(pl.PellucidError, match="before its session ends") as raised:
            print(h.numpy())
        assert f"test_session.py:{_line() - 1}" in str(raised.value)
    with pytest.raises(pl.PellucidError, match="was not saved"):
        h.numpy()
    with llama.session(), pytest.raises(pl.PellucidError, match="a session is open already"):
        with llama.session():
            pass
    with llama.session():
        with pytest.raises(pl.PellucidError, match="live"), llama.trace(A, live=True):
            pass
    with pytest.raises(pl.PellucidError, match=r"out of range|outside") as raised:
        with llama.session():
            with llama.trace(A):
                wrong = llama.layers[0].output[0, -1].argmax() + 100
            line = _line() + 2
            with llama.trace(A):
                llama.layers[0].output[0].index_select(0, wrong.reshape(1)).save()
    assert f"test_session.py:{line}" in str(raised.value)


def test_a_trace_that_failed_leaves_the_others(llama: pl.LanguageModel) -> None:
    with llama.session():
        with llama.trace(A):
            h = llama.layers[0].output
        with pytest.raises(ZeroDivisionError), llama.trace(A):
            raise ZeroDivisionError
        with llama.trace(B):
            llama.layers[0].output[:] = h
            x = llama.unembed.output.save()
    assert x.shape == (1, 4, 384)


def test_an_error_in_the_block_runs_nothing(llama: pl.LanguageModel) -> None:
    with pytest.raises(ZeroDivisionError), llama.session():
        with llama.trace(A):
            h = llama.layers[0].output.save()
        raise ZeroDivisionError
    with pytest.raises(pl.PellucidError, match="not"):
        h.numpy()


def test_threads_have_sessions_of_their_own(llama: pl.LanguageModel) -> None:
    found: dict[int, Any] = {}

    def work(i: int) -> None:
        with llama.session():
            with llama.trace([i + 1, 2]):
                h = llama.layers[0].output
            with llama.trace([7, 7]):
                llama.layers[0].output[:] = h
                found[i] = llama.unembed.output.save()

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(4):
        alone = dict(found)
        work(i)
        assert np.array_equal(found[i].numpy(), alone[i].numpy())


def test_a_step_that_was_not_made_is_missing_in_later_traces(llama: pl.LanguageModel) -> None:
    made = llama.generate(A, max_new_tokens=6, ignore_eos=True).text
    stop = next(c for c in made if made.index(c) > 0)
    with llama.session() as session:
        with llama.generate(A, max_new_tokens=6, ignore_eos=True, stop=stop) as tracer:
            states = [llama.layers[0].output[:, -1] for _ in tracer.iter[[0, 5]]]
        with llama.trace(B):
            first = states[0].sum().save()
            last = states[-1].sum().save()
        explained = session.explain()
    assert first.exists
    assert not last.exists
    assert "trace 1" in explained


def test_traces_run_with_the_edits_of_when_they_were_recorded() -> None:
    model = pl.LanguageModel("tiny:llama")
    with model.trace(A):
        plain = model.unembed.output.save()
    with model.session():
        with model.trace(A):
            before = model.unembed.output.save()
        with model.edit() as edited:
            edited.layers[0].output *= 2
            edited.layers[0].mlp.down_proj.weight *= 0
        with edited.trace(A):
            other = edited.unembed.output.save()
        with model.edit(inplace=True):
            model.layers[0].output *= 3
        with model.trace(A):
            after = model.unembed.output.save()
        model.clear_edits()
    with edited.trace(A):
        want = edited.unembed.output.save()
    assert np.array_equal(before.numpy(), plain.numpy())
    assert np.array_equal(other.numpy(), want.numpy())
    assert not np.array_equal(after.numpy(), plain.numpy())
    with model.trace(A):
        again = model.unembed.output.save()
    assert np.array_equal(again.numpy(), plain.numpy())
