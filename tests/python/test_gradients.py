"""Gradients in traces: PyTorch's words, what can be changed on the way, and what is refused."""

import numpy as np
import pytest
from conftest import TINY

import pellucid as pl

IDS = [1, 5, 9, 3]


@pytest.fixture(scope="module")
def model() -> pl.LanguageModel:
    return pl.LanguageModel(TINY / "llama")


def test_a_gradient_is_that_of_differences(model: pl.LanguageModel) -> None:
    step = np.linspace(-1, 1, 32, dtype=np.float32)

    def loss(by: float) -> float:
        with model.trace(IDS):
            model.model.layers[0].output += pl.tensor(step * by)
            y = model.lm_head.output[0, -1].logsumexp(-1).save()
        return float(y)

    with model.trace(IDS):
        h = model.model.layers[0].output
        y = model.lm_head.output[0, -1].logsumexp(-1)
        y.backward()
        g = h.grad.save()
    difference = (loss(1e-2) - loss(-1e-2)) / 2e-2
    assert (g.numpy()[0] @ step).sum() == pytest.approx(difference, rel=2e-2)


def test_in_the_block_gradients_are_changed_as_they_flow(model: pl.LanguageModel) -> None:
    def early(change: str) -> np.ndarray:
        with model.trace(IDS):
            h, later = model.model.layers[0].output, model.model.layers[1].output
            assert later.shape == h.shape
            with model.lm_head.output[0, -1, 7].backward():
                if change == "twice":
                    later.grad *= 2
                elif change == "nothing":
                    later.grad[:] = 0
                elif change == "given":
                    later.grad = later.grad * 3
                g = h.grad.save()
        return g.numpy()

    plain = early("")
    np.testing.assert_array_equal(early("twice"), 2 * plain)
    np.testing.assert_array_equal(early("nothing"), 0 * plain)
    np.testing.assert_allclose(early("given"), 3 * plain, rtol=1e-4, atol=1e-6)


def test_several_passes_add_up(model: pl.LanguageModel) -> None:
    with model.trace(IDS):
        h, y = model.model.layers[0].output, model.lm_head.output
        y[0, -1, 7].backward(retain_graph=True)
        one = h.grad.save()
        y[0, -1, 7].backward()
        two = h.grad.save()
    np.testing.assert_array_equal(two.numpy(), 2 * one.numpy())


def test_leaves_invokes_and_functions_have_gradients(model: pl.LanguageModel) -> None:
    vector = pl.zeros(32)
    with model.trace() as tracer:
        with tracer.invoke(IDS):
            model.model.layers[0].output += vector
            a = model.lm_head.output[0, -1, 7]
        with tracer.invoke([2, 4]):
            h = model.model.layers[0].output
            b = model.lm_head.output[0, -1, 8]
        loss = a * b
        of_vector, of_h = pl.grad(loss, [vector, h])
        of_vector.save()
        of_h.save()
    assert of_vector.shape == (32,) and of_h.shape == (1, 2, 32)
    assert np.abs(of_vector.numpy()).max() > 0 and np.abs(of_h.numpy()).max() > 0


def test_gradients_of_gradients_through_operations(model: pl.LanguageModel) -> None:
    with model.trace(IDS):
        x = model.model.layers[0].output
        (first,) = pl.grad((x**3).sum(), x, create_graph=True)
        (second,) = pl.grad(first.sum(), x)
        second.save()
        seen = x.save()
    np.testing.assert_allclose(second.numpy(), 6 * seen.numpy(), rtol=1e-5)


def test_detach_and_no_grad_cut(model: pl.LanguageModel) -> None:
    with model.trace(IDS):
        h = model.model.layers[0].output
        with pl.no_grad():
            cut = h * 2
        y = (h.detach() * h).sum() + (cut * h).sum()
        (g,) = pl.grad(y, h)
        g.save()
        seen = h.save()
    np.testing.assert_allclose(g.numpy(), 3 * seen.numpy(), rtol=1e-6)


def test_what_cannot_be_had_says_so(model: pl.LanguageModel) -> None:
    with model.trace(IDS):
        early, late = model.model.layers[0].output, model.model.layers[1].output
        with pytest.raises(pl.ShapeError, match="one element"):
            late.backward()
        early.sum().backward()
        with pytest.raises(pl.GradientError, match="does not depend"):
            late.grad  # noqa: B018
        with pytest.raises(pl.GradientError, match="not floating"):
            model.model.embed_tokens.input.grad  # noqa: B018
        assert pl.grad(early.sum(), [late], allow_unused=True) == (None,)
        late.save()
    with pytest.raises(pl.GradientError, match="no trace"):
        pl.ones(1).backward()
    with model.generate(IDS, max_new_tokens=1), pytest.raises(pl.GradientError, match="generation"):
        model.lm_head.output.sum().backward()
