"""Live traces: real tensors at each site, the results of a recorded trace, the order rule."""

import gc
import os
import signal
import subprocess
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl

PROMPT = [1, 2, 3, 4, 5]
ROOT = Path(__file__).resolve().parents[2]
Script = Callable[[pl.LanguageModel, pl.Tracer], object]


def in_place(m: pl.LanguageModel, tracer: pl.Tracer) -> object:
    h = m.layers[0].output
    h[:, -1] *= 0.5
    h.transpose(1, 2)[:, 0] += 1
    m.layers[1].attn.heads[:, :, 1] = 0.0
    return h, m.unembed.output


def replaced(m: pl.LanguageModel, tracer: pl.Tracer) -> object:
    m.layers[1].mlp.output = m.layers[0].mlp.output.flip(1)
    return m.layers[1].mlp.output, m.unembed.output[:, -1]


def skipped(m: pl.LanguageModel, tracer: pl.Tracer) -> object:
    m.layers[1].skip(m.layers[0].output * 2)
    return m.norm_f.output


def applied(m: pl.LanguageModel, tracer: pl.Tracer) -> object:
    return m.unembed(m.norm_f(m.layers[0].output)).softmax(-1).max(-1)


def masked(m: pl.LanguageModel, tracer: pl.Tracer) -> object:
    h = m.layers[0].output
    h[h > 1] = 0.0
    return h[h > 0.5], m.unembed.output


def branches(m: pl.LanguageModel, tracer: pl.Tracer) -> object:
    h = m.layers[0].output
    chosen = pl.cond(h.norm() > 1, lambda: h * 0.25, lambda: h)
    m.layers[0].output = chosen
    x, n = pl.while_loop(lambda x, n: x.norm() > 1, lambda x, n: (x * 0.5, n + 1), (h, 0))
    return x, n, half(x), m.unembed.output, pl.cond(h.norm() > 1, lambda: 1.0, lambda: 2.0)


@pl.function
def half(x: pl.Tensor) -> pl.Tensor:
    return x / 2


def stopped(m: pl.LanguageModel, tracer: pl.Tracer) -> object:
    h = m.layers[0].output
    tracer.stop()
    return h + 1


def random(m: pl.LanguageModel, tracer: pl.Tracer) -> object:
    h = m.embed.output
    m.embed.output += pl.randn(*h.shape, seed=3)
    return m.unembed.output


def with_numpy(m: pl.LanguageModel, tracer: pl.Tracer) -> object:
    h = m.layers[0].output
    return np.tanh(h), np.concatenate([h, h], axis=1), m.unembed.output.argmax(-1)


SCRIPTS = [in_place, replaced, skipped, applied, masked, branches, stopped, random, with_numpy]


@pytest.mark.parametrize("script", SCRIPTS)
@pytest.mark.parametrize("name", ["llama", "gpt2"])
def test_a_live_trace_gives_what_a_recorded_one_gives(
    script: Script, name: str, request: pytest.FixtureRequest
) -> None:
    m = request.getfixturevalue(name)
    with m.trace([PROMPT, PROMPT[:3]]) as tracer:
        want = pl.save(script(m, tracer))
    with m.trace([PROMPT, PROMPT[:3]], live=True) as tracer:
        got = script(m, tracer)
    for a, b in zip(_flat(want), _flat(got), strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def _flat(value: object) -> list[pl.Tensor]:
    if isinstance(value, tuple):
        return [leaf for item in value for leaf in _flat(item)]
    assert isinstance(value, pl.Tensor)
    return [value]


def test_values_have_elements_at_once(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT, live=True):
        h = llama.layers[0].output
        assert not h.is_symbolic
        assert repr(h).startswith("tensor([[[")
        assert str(h) == repr(h)
        assert isinstance(float(h.norm()), float)
        assert h.numpy().shape == (1, 5, 32)
        norm = float(h.norm())
        if h.norm() > 1:
            h[:] = h / h.norm()
        assert abs(float(h.norm()) - 1) < 1e-5 < norm
        assert f"{h.norm():.2f}" == "1.00"
        assert len(h[h > 0]) == int((h.numpy() > 0).sum())
        assert [int(i) for i in h[0, -1].topk(2).indices] == h[0, -1].topk(2).indices.tolist()
        assert h[0, 0, 0].item() in h


def test_every_value_stays_concrete_and_save_is_needless(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT, live=True):
        h = llama.layers[0].output
        view = h[:, -1]
        saved = h.sum().save()
        h[:] = 1.0
        _ = llama.unembed.output
    assert view.tolist() == [[1.0] * 32]
    assert saved.item() != 160.0
    assert h.sum().item() == 160.0
    assert not h.is_symbolic


def test_python_computes_and_writes_back(llama: pl.LanguageModel) -> None:
    def doubled(x: pl.Tensor) -> np.ndarray:  # type: ignore[type-arg]
        return np.asarray(x) * 2

    with llama.trace(PROMPT, live=True):
        x = llama.layers[1].mlp.output
        llama.layers[1].mlp.output = doubled(x)
        got = llama.unembed.output
    with llama.trace(PROMPT):
        llama.layers[1].mlp.output *= 2
        want = llama.unembed.output.save()
    np.testing.assert_array_equal(got.numpy(), want.numpy())


def test_scikit_learn_in_the_middle(llama: pl.LanguageModel) -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    with llama.trace([PROMPT, PROMPT[::-1]], live=True):
        h = llama.layers[0].output
        probe = linear_model.LogisticRegression().fit(h[:, -1], [0, 1])
        assert probe.predict(h[:, -1]).tolist() == [0, 1]
        llama.layers[0].output[:, -1] -= probe.coef_.astype(np.float32)
        moved = llama.layers[1].output
    assert moved.shape == (2, 5, 32)


def test_functions_that_have_no_operation_run_on_the_elements(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT, live=True):
        h = llama.layers[0].output
        histogram, _ = np.histogram(h, bins=3)
        assert histogram.sum() == h.numel()


def test_a_site_that_the_pass_has_left(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT, live=True):
        h = llama.layers[1].output
        again = llama.layers[1].output
        with pytest.raises(pl.OrderError) as error:
            _ = llama.layers[0].output
        line = test_a_site_that_the_pass_has_left.__code__.co_firstlineno + 5
        assert (error.value.code, error.value.file, error.value.line) == (
            "live-order",
            __file__,
            line,
        )
        assert error.value.message == (
            "cannot read `model.layers.0.output`: the pass stands at `model.layers.1.output`, "
            "and the model computed that before it"
        )
        assert error.value.help is not None and "leave `live=True` out" in error.value.help
        with pytest.raises(pl.OrderError, match="cannot write"):
            llama.layers[0].output = h
        _ = llama.unembed.output
        with pytest.raises(pl.OrderError, match="cannot write"):
            h += 1
        with pytest.raises(pl.OrderError, match="cannot write"):
            h[:, -1] = 0.0
        # What was refused has not happened.
        np.testing.assert_array_equal(h.numpy(), again.numpy())


def test_invokes_have_passes_of_their_own(llama: pl.LanguageModel) -> None:
    def script(tracer: pl.Tracer) -> tuple[pl.Tensor, pl.Tensor]:
        with tracer.invoke(PROMPT):
            clean = llama.layers[0].output
            last = llama.unembed.output
        with tracer.invoke(PROMPT[::-1]):
            llama.layers[0].output[:, -1] = clean[:, -1]
            patched = llama.unembed.output - last
        return clean, patched

    with llama.trace(live=True) as tracer:
        got = script(tracer)
    with llama.trace() as tracer:
        want = pl.save(script(tracer))
    for a, b in zip(want, got, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_an_invoke_that_has_ended_cannot_be_written(llama: pl.LanguageModel) -> None:
    with llama.trace(live=True) as tracer:
        with tracer.invoke(PROMPT):
            h = llama.layers[0].output
        with tracer.invoke(PROMPT), pytest.raises(pl.OrderError, match="pass of its invoke"):
            h += 1


def test_a_cache_is_filled_whatever_was_read(llama: pl.LanguageModel) -> None:
    def script(tracer: pl.Tracer) -> pl.Cache:
        cache = tracer.cache(["layers.*.mlp", "embed"], include_inputs=True)
        llama.layers[0].mlp.output[:, 0] = 0.0
        llama.layers[1].output.sum().save()
        return cache

    with llama.trace(PROMPT, live=True) as tracer:
        live = script(tracer)
    with llama.trace(PROMPT) as tracer:
        recorded = script(tracer)
    assert live.numpy().keys() == recorded.numpy().keys()
    for path, array in recorded.numpy().items():
        np.testing.assert_array_equal(array, live.numpy()[path])
    with llama.trace(PROMPT, live=True) as tracer:
        _ = llama.layers[1].output  # beyond what the cache wants
        with pytest.raises(pl.OrderError):
            tracer.cache("layers.0.mlp")


def test_an_error_in_the_block_ends_it_and_values_remain(llama: pl.LanguageModel) -> None:
    threads = threading.active_count()
    with pytest.raises(ZeroDivisionError), llama.trace(PROMPT, live=True):
        h = llama.layers[0].output * 2
        1 / 0  # noqa: B018 - the error
    assert h.shape == (1, 5, 32)
    assert np.isfinite(h.numpy()).all()
    assert threading.active_count() == threads
    with llama.trace(PROMPT):
        again = (llama.layers[0].output * 2).save()
    np.testing.assert_array_equal(h.numpy(), again.numpy())


def test_an_error_of_a_line_leaves_the_trace_usable(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT, live=True):
        h = llama.layers[0].output
        with pytest.raises(pl.RangeError, match="out of range"):
            h.index_select(1, pl.tensor([99]))
        with pytest.raises(pl.ShapeError):
            llama.layers[0].output = h[:, :2]
        logits = llama.unembed.output
    with llama.trace(PROMPT):
        want = llama.unembed.output.save()
    np.testing.assert_array_equal(logits.numpy(), want.numpy())


def test_control_c_ends_it(llama: pl.LanguageModel) -> None:
    def interrupt() -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt), llama.trace(PROMPT, live=True):
        h = llama.layers[0].output
        threading.Timer(0.1, interrupt).start()
        pl.while_loop(lambda x: x.sum() < np.inf, lambda x: x * 1.0, h, max_steps=10**7)
    assert h.shape == (1, 5, 32)


def test_values_of_nobody_are_forgotten(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT, live=True) as tracer:
        h = llama.layers[0].output
        held = h + 0
        for _ in range(500):
            held = held + 1
        recorder = weakref.ref(tracer._entered())
        assert held.sum().item() == pytest.approx(h.sum().item() + 500 * h.numel(), rel=1e-4)
    del tracer
    gc.collect()
    assert recorder() is None  # tensors that are left have their elements, and hold nothing else
    assert held.shape == h.shape


def test_traces_of_several_threads(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        want = llama.unembed.output.save()
    got: dict[int, pl.Tensor] = {}
    meet = threading.Barrier(3)

    def work(number: int) -> None:
        with llama.trace(PROMPT, live=True):
            for layer in llama.layers:
                layer.output.sum().item()
                meet.wait()
            got[number] = llama.unembed.output

    threads = [threading.Thread(target=work, args=(i,)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for i in range(3):
        np.testing.assert_array_equal(got[i].numpy(), want.numpy())


def test_a_recorded_trace_can_follow_from_what_was_live(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT, live=True) as tracer:
        (llama.layers[0].output * 2).save("twice")
        assert "mul %0 2" in tracer.text
    with llama.trace(PROMPT) as other:
        (llama.layers[0].output * 2).save("twice")
    assert tracer.hash == other.hash


def test_values_do_not_go_to_another_trace_while_it_is_open(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT, live=True):
        h = llama.layers[0].output
    with llama.trace(PROMPT, live=True):
        assert (llama.layers[0].output - h).abs().max().item() == 0.0


def test_a_trace_that_is_never_left_does_not_keep_python_from_ending() -> None:
    script = (
        "import pellucid as pl\n"
        f"m = pl.LanguageModel({str(ROOT / 'tests/fixtures/tiny/llama')!r})\n"
        "m.trace([1, 2], live=True).__enter__()\n"
        "h = m.layers[0].output\n"
        "print(h.shape)\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "python")}
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env=environment,
        check=True,
        timeout=60,
    )
    assert done.stdout == "(1, 2, 32)\n"
