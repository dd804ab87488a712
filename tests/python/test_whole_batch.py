"""An invoke without a prompt sees the rows of all invokes before it, and writes to each of them."""

import numpy as np
import pytest

import pellucid as pl

A, B, C = [1, 2, 3, 4, 5], [6, 7, 8], [9, 10]


def alone(model: pl.LanguageModel, prompt: list[int]) -> np.ndarray:
    with model.trace(prompt):
        logits = model.lm_head.output.save()
    return logits.numpy()


def test_rows_stand_one_after_the_other_aligned_to_the_right(llama: pl.LanguageModel) -> None:
    with llama.trace() as tracer:
        with tracer.invoke(A):
            pass
        with tracer.invoke([B, C]):
            pass
        with tracer.invoke():
            logits = llama.lm_head.output.save()
            scores = llama.layers[0].attn.scores.save()
            pattern = llama.layers[0].attn.pattern.save()
    assert logits.shape == (3, 5, 384)
    for row, prompt in enumerate((A, B, C)):
        n = len(prompt)
        np.testing.assert_array_equal(logits.numpy()[row, 5 - n :], alone(llama, prompt)[0])
        assert (logits.numpy()[row, : 5 - n] == 0).all()
        assert np.isneginf(scores.numpy()[row, :, : 5 - n]).all()
        np.testing.assert_allclose(pattern.numpy()[row, :, 5 - n :].sum(-1), 1, atol=1e-6)
    with llama.trace([A, B, C]):
        together = llama.layers[0].attn.pattern.save()
    np.testing.assert_array_equal(pattern.numpy(), together.numpy())


def changed_everywhere(model: pl.LanguageModel, how: str) -> np.ndarray:
    with model.trace() as tracer:
        with tracer.invoke(A):
            pass
        with tracer.invoke([B, C]):
            pass
        with tracer.invoke():
            layer = model.layers[0]
            if how == "in place":
                layer.output[:, -1] *= 0.5
            elif how == "view":
                last = layer.output[:, -1]
                last *= 0.5
            elif how == "assigned":
                h = layer.output.clone()
                h[:, -1] = h[:, -1] * 0.5
                layer.output = h
            assert layer.output.shape == (3, 5, 32)
            logits = model.lm_head.output[:, -1].save()
    return logits.numpy()


@pytest.mark.parametrize("how", ["in place", "view", "assigned"])
def test_writes_go_to_every_invoke(how: str, llama: pl.LanguageModel) -> None:
    expected = []
    for prompt in (A, B, C):
        with llama.trace(prompt):
            llama.layers[0].output[:, -1] *= 0.5
            expected.append(pl.save(llama.lm_head.output[:, -1]))
    np.testing.assert_array_equal(
        changed_everywhere(llama, how), np.concatenate([e.numpy() for e in expected])
    )
    assert (changed_everywhere(llama, "not") != changed_everywhere(llama, how)).any()


def test_it_sees_what_invokes_before_it_wrote(llama: pl.LanguageModel) -> None:
    with llama.trace() as tracer:
        with tracer.invoke(A):
            llama.layers[0].output[:] = 0
        with tracer.invoke(A):
            pass
        with tracer.invoke():
            first = llama.layers[0].output.save()
            llama.layers[0].attn.z[:, :, 1] = 0
        with tracer.invoke():
            z = llama.layers[0].attn.heads.save()
    assert (first.numpy()[0] == 0).all()
    assert (first.numpy()[1] != 0).any()
    assert (z.numpy()[:, :, 1] == 0).all()
    assert (z.numpy()[:, :, 2] != 0).any()


def test_skip_and_cache(llama: pl.LanguageModel) -> None:
    with llama.trace() as tracer:
        with tracer.invoke(A):
            pass
        with tracer.invoke(B):
            pass
        with tracer.invoke():
            llama.layers[1].skip(llama.layers[1].input)
            cache = tracer.cache(["layers.0", "layers.1.mlp", "norm_f"])
            into = llama.layers[1].input.save()
            out = llama.norm_f.input.save()
    assert "model.layers.1.mlp" not in cache
    assert cache["model.layers.0"].output.shape == (2, 5, 32)
    np.testing.assert_array_equal(into.numpy(), out.numpy())


def test_steps_of_a_generation(llama: pl.LanguageModel) -> None:
    def generated(prompt: list[int]) -> tuple[np.ndarray, list[np.ndarray]]:
        with llama.generate(prompt, max_new_tokens=3, ignore_eos=True) as tracer:
            kept = pl.list().save()
            for step in tracer.iter[:]:
                if step:
                    llama.layers[0].output[:] *= 2
                kept.append(llama.lm_head.output[:, -1])
            ids = tracer.result.save()
        return ids.numpy(), [each.numpy() for each in kept]

    with llama.generate(max_new_tokens=3, ignore_eos=True) as tracer:
        made = []
        for prompt in (A, B):
            with tracer.invoke(prompt):
                made.append(tracer.result.save())
        with tracer.invoke():
            kept = pl.list().save()
            for step in tracer.iter[:]:
                if step:
                    llama.layers[0].output[:] *= 2
                kept.append(llama.lm_head.output[:, -1])
            with pytest.raises(pl.ArgumentError, match="depends on how each ends"):
                _ = tracer.result
    for row, prompt in enumerate((A, B)):
        alone, logits = generated(prompt)
        np.testing.assert_array_equal(made[row].numpy(), alone)
        for one, other in zip(kept, logits, strict=True):
            np.testing.assert_array_equal(one.numpy()[row], other[0])


def test_mistakes(llama: pl.LanguageModel) -> None:
    with pytest.raises(pl.TraceError, match="there are none") as raised, llama.trace() as tracer:
        with tracer.invoke():
            pass
    assert (raised.value.code, raised.value.file) == ("no-invoke", __file__)
    with pytest.raises(pl.TraceError, match="cannot follow one without"), llama.trace() as tracer:
        with tracer.invoke(A):
            pass
        with tracer.invoke():
            pass
        with tracer.invoke(B):
            pass
    with pytest.raises(pl.ShapeError, match=r"\[1, 5, 32\], the site in all invokes \[2, 5, 32\]"):
        with llama.trace() as tracer:
            with tracer.invoke(A):
                h = llama.layers[0].output
            with tracer.invoke(B):
                pass
            with tracer.invoke():
                llama.layers[0].output = h
    with llama.trace(A):
        llama.lm_head.output.save()
