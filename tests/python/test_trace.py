"""Reading, writing and running: what a trace's block means."""

import numpy as np
import pytest

import pellucid as pl

PROMPT = [1, 2, 3, 4, 5, 6, 7]
OTHER = [9, 8, 7, 6]


def last_logits(model: pl.LanguageModel, prompt: list[int] = PROMPT) -> np.ndarray:
    with model.trace(prompt):
        logits = model.lm_head.output[:, -1].save()
    return logits.numpy()


def test_shapes_are_known_while_recording_and_values_after(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        h = llama.model.layers[0].output
        assert h.shape == (1, 7, 32)
        assert h.dtype == pl.float32
        assert h.dtype == "float32"
        assert h.dtype == np.float32
        assert (h.is_symbolic, h.ndim, h.numel(), len(h)) == (True, 3, 224, 1)
        saved = h[:, -1].save()
    assert not saved.is_symbolic
    assert np.asarray(saved).shape == (1, 32)
    assert np.isfinite(saved.numpy()).all()


def test_save_gives_the_same_object_and_reaches_into_containers(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        a, b = llama.model.norm.output, llama.lm_head.output
        assert a.save() is a
        kept = {"b": b, "both": [a, (b * 2, 7)]}
        assert pl.save(kept) is kept
    assert not any(t.is_symbolic for t in (a, b, kept["both"][1][0]))
    np.testing.assert_array_equal(kept["both"][1][0].numpy(), b.numpy() * 2)


def test_a_write_changes_what_comes_after(llama: pl.LanguageModel) -> None:
    bare = last_logits(llama)
    with llama.trace(PROMPT):
        llama.model.layers[0].output[:, -1] = 0
        h = llama.model.layers[0].output.save()
        logits = llama.lm_head.output[:, -1].save()
    assert (h.numpy()[:, -1] == 0).all()
    assert (h.numpy()[:, :-1] != 0).any()
    assert np.abs(logits.numpy() - bare).max() > 1e-3


def test_writing_back_what_was_read_changes_nothing(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        llama.model.layers[0].output = llama.model.layers[0].output
        llama.model.layers[1].self_attn.pattern = llama.model.layers[1].self_attn.pattern
        logits = llama.lm_head.output[:, -1].save()
    np.testing.assert_array_equal(logits.numpy(), last_logits(llama))


@pytest.mark.parametrize("how", ["item", "augmented item", "view", "augmented view", "attribute"])
def test_every_way_to_write_in_place_writes_the_site(how: str, llama: pl.LanguageModel) -> None:
    layer = llama.model.layers[0]
    with llama.trace(PROMPT):
        before = layer.output.clone().save()
        if how == "item":
            layer.output[:, 2:5] = layer.output[:, 2:5] * 2
        elif how == "augmented item":
            layer.output[:, 2:5] *= 2
        elif how == "view":
            layer.output[:, 2:5][:] = layer.output[:, 2:5] + layer.output[:, 2:5]
        elif how == "augmented view":
            part = layer.output[:, 2:5]
            part += part
        else:
            doubled = layer.output.clone()
            doubled[:, 2:5] *= 2
            layer.output = doubled
        after = layer.output.save()
        read_by_the_next = llama.model.layers[1].input.save()
    want = before.numpy().copy()
    want[:, 2:5] *= 2
    np.testing.assert_array_equal(after.numpy(), want)
    np.testing.assert_array_equal(read_by_the_next.numpy(), want)


def test_aliases_see_each_others_writes(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        h = llama.model.layers[0].output
        column = h[0, :, 3]
        transposed = h.transpose(1, 2)
        copy = h.clone().save()
        h[0, 1] = 5.0
        column[2] += 1
        flipped, h2 = transposed.save(), h.save()
    want = copy.numpy().copy()
    want[0, 1] = 5.0
    want[0, 2, 3] += 1
    np.testing.assert_array_equal(h2.numpy(), want)
    np.testing.assert_array_equal(flipped.numpy(), want.transpose(0, 2, 1))


def test_a_saved_value_is_what_it_was_then_unless_written_by_its_name(
    llama: pl.LanguageModel,
) -> None:
    with llama.trace(PROMPT):
        before = llama.model.norm.output.save()
        llama.model.norm.output[:] = 1
        own = (llama.model.norm.output * 1).save()
        own += 1
    assert (before.numpy() != 1).any()
    assert (own.numpy() == 2).all()


def test_invokes_see_their_own_rows_and_share_values(llama: pl.LanguageModel) -> None:
    layer = llama.model.layers[0]
    with llama.trace() as tracer:
        with tracer.invoke(PROMPT):
            clean = layer.output[:, -1]
            alone = llama.lm_head.output[:, -1].save()
        with tracer.invoke([OTHER, [5, 6]]):
            assert layer.output.shape == (2, 4, 32)
        with tracer.invoke(OTHER):
            layer.output[:, -1] = clean
            patched = llama.lm_head.output[:, -1].save()
        clean = (clean * 1).save()
    np.testing.assert_array_equal(alone.numpy(), last_logits(llama))
    assert np.abs(patched.numpy() - last_logits(llama, OTHER)).max() > 1e-4
    assert clean.shape == (1, 32)


def test_a_later_value_of_another_invoke_can_be_written_early(llama: pl.LanguageModel) -> None:
    with llama.trace() as tracer:
        with tracer.invoke(PROMPT):
            late = llama.model.layers[1].output[:, -1]
        with tracer.invoke(OTHER):
            llama.model.layers[0].output[:, -1] = late
            got = llama.model.layers[0].output[:, -1].save()
            want = (late * 1).save()
    np.testing.assert_array_equal(got.numpy(), want.numpy())


def test_modules_apply_to_any_value(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        lens = [
            llama.lm_head(llama.model.norm(layer.output))[:, -1].save()
            for layer in llama.model.layers
        ]
    np.testing.assert_allclose(lens[-1].numpy(), last_logits(llama), atol=1e-5)


def test_skip_replaces_a_module(llama: pl.LanguageModel) -> None:
    layer = llama.model.layers[0]
    with llama.trace(PROMPT):
        layer.skip(layer.input)
        skipped = llama.model.layers[1].input.save()
        embedded = llama.model.embed_tokens.output.save()
    np.testing.assert_array_equal(skipped.numpy(), embedded.numpy())


def test_stop_ends_the_run(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT) as tracer:
        h = llama.model.layers[0].output.save()
        tracer.stop()
        assert "stop" in tracer.text
    assert h.shape == (1, 7, 32)
    with pytest.raises(pl.OrderError, match="after the place where this trace stops"):
        with llama.trace(PROMPT) as tracer:
            llama.model.layers[0].output.save()
            tracer.stop()
            llama.lm_head.output.save()


def test_constants_come_from_lists_arrays_and_concrete_tensors(llama: pl.LanguageModel) -> None:
    vector = np.linspace(-1, 1, 32, dtype=np.float32)
    concrete = pl.tensor(vector)
    with llama.trace(PROMPT):
        h = llama.model.norm.output[0, -1]
        sums = [(h + v).save() for v in (vector, concrete, vector.tolist(), vector[::-1][::-1])]
        left = (vector + h).save()
        picked = llama.model.norm.output[0, [0, -1]].save()
        masked = llama.model.norm.output[0, np.arange(7) > 4].save()
        scaled = (h * np.float32(2)).save()
        h = h.save()
    for total in (*sums, left):
        np.testing.assert_array_equal(total.numpy(), h.numpy() + vector)
    assert (picked.shape, masked.shape) == ((2, 32), (2, 32))
    np.testing.assert_array_equal(scaled.numpy(), h.numpy() * 2)


def test_results_with_two_parts_have_names(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        top = llama.lm_head.output[0, -1].topk(3)
        best, where = llama.lm_head.output[0, -1].max(-1)
        pl.save([top, best, where])
    logits = last_logits(llama)[0]
    assert top.indices.tolist() == np.argsort(-logits)[:3].tolist()
    np.testing.assert_array_equal(top.values.numpy(), np.sort(logits)[::-1][:3])
    assert (where.item(), best.item()) == (logits.argmax(), logits.max())
    assert top.indices.dtype == pl.int64


@pytest.mark.parametrize(
    "prompt",
    [
        PROMPT,
        [PROMPT],
        tuple(PROMPT),
        np.array(PROMPT),
        np.array([PROMPT], dtype=np.int32),
        pl.tensor(PROMPT),
    ],
    ids=["ids", "rows", "tuple", "numpy", "numpy 2-D int32", "tensor"],
)
def test_prompts(prompt: object, llama: pl.LanguageModel) -> None:
    with llama.trace(prompt):
        logits = llama.lm_head.output[:, -1].save()
    np.testing.assert_array_equal(logits.numpy(), last_logits(llama))


def test_text_prompts_are_tokenized(llama: pl.LanguageModel) -> None:
    text = "the cat sat"
    ids = llama.tokenizer.encode(text)
    assert "".join(llama.tokens(text)) == llama.tokenizer.decode(ids)
    assert llama.tokens([text, text]) == [llama.tokens(text)] * 2
    with llama.trace([text, ids]):
        logits = llama.lm_head.output[:, -1].save()
    assert logits.shape == (2, 384)
    np.testing.assert_array_equal(logits.numpy()[0], logits.numpy()[1])


def test_explain_and_text(llama: pl.LanguageModel, tmp_path) -> None:
    with llama.trace(PROMPT) as tracer:
        llama.model.layers[0].output[:, -1] *= 0.5
        logits = llama.lm_head.output[:, -1].save("logits")
        plan = tracer.explain()
    assert "model.layers.0.output" in plan
    assert "result logits: f32[1, 384]" in plan
    assert tracer.explain() == plan
    for name in ("half.trace", "half.safetensors"):
        tracer.save(tmp_path / name)
        again = pl.load_trace(tmp_path / name)
        assert (again.text, again.hash) == (tracer.text, tracer.hash)
        assert again.model_name == llama.name
        assert again.explain(llama).count("\n") == plan.count("\n")
        np.testing.assert_array_equal(again.run(llama)["logits"].numpy(), logits.numpy())
    with pytest.raises(pl.ArgumentError, match="which form"):
        tracer.save(tmp_path / "half.pt")


def test_in_place_methods_write_to_the_site(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        before = llama.model.layers[0].output.clone().save()
        h = llama.model.layers[0].output
        assert h.mul_(2).add_(h[:, :1], alpha=-1) is h
        h[:, 0].fill_(3)
        h[:, 1].zero_()
        h[:, 2].copy_(h[:, 4])
        h[:, 3].clamp_(min=0)
        last = h[:, -1]
        last //= 2
        after = llama.model.layers[0].output.save()
        logits = llama.lm_head.output[:, -1].save()
    want = before.numpy() * 2
    want -= want[:, :1]
    want[:, 0], want[:, 1], want[:, 2] = 3, 0, want[:, 4]
    want[:, 3] = want[:, 3].clip(0)
    want[:, -1] //= 2
    np.testing.assert_allclose(after.numpy(), want, rtol=1e-6, atol=1e-6)
    assert np.abs(logits.numpy() - last_logits(llama)).max() > 1e-3


def test_in_place_methods_refuse_what_does_not_fit(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        h = llama.model.layers[0].output
        ids = h.argmax(-1)
        with pytest.raises(pl.DTypeError, match=r"the result is f32\[1, 7\], the tensor i64"):
            ids.add_(0.5)
        with pytest.raises(pl.DTypeError, match="cannot write in place"):
            ids /= 2
        with pytest.raises(pl.ShapeError, match=r"the result has shape \[2, 7, 32\]"):
            h.add_(pl.tensor(np.zeros((2, 1, 1), np.float32)))
        with pytest.raises(pl.ShapeError, match="must be one number"):
            h.fill_([1.0, 2.0])
        (h > 0).eq_(h).save()
        h.half().add_(h).save()


def test_what_is_created_inside_a_trace_is_part_of_it(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT) as tracer:
        positions = pl.arange(7)
        mask = pl.zeros(7, 32)
        assert positions.is_symbolic
        mask[::2] = 1
        h = (llama.model.layers[0].output * mask).save()
        mask.add_(pl.ones(32))
        mask.save()
        eye = pl.eye(3).save()
        assert "arange 0 7" in tracer.text
    assert (h.numpy()[:, 1::2] == 0).all()
    assert (h.numpy()[:, ::2] != 0).any()
    np.testing.assert_array_equal(mask.numpy()[:2], [[2.0] * 32, [1.0] * 32])
    np.testing.assert_array_equal(eye.numpy(), np.eye(3))
    assert not pl.zeros(2).is_symbolic
    with llama.trace(PROMPT), pytest.raises(pl.LimitError, match="value_bytes"):
        pl.zeros(1 << 40)


def test_a_meter_says_what_a_run_took_and_explain_says_it_before(llama: pl.LanguageModel) -> None:
    ids = [(37 * i + 5) % 380 for i in range(40)]
    with llama.trace(ids) as tracer:
        logits = llama.lm_head.output.save()
        plan = tracer.explain()
        with pytest.raises(pl.TraceError, match="has not run"):
            _ = tracer.meter
    bytes_of_logits = 4 * logits.numel()
    assert bytes_of_logits <= tracer.meter.peak_bytes < 10 * bytes_of_logits
    assert tracer.meter.tokens == 40 and tracer.meter.seconds > 0
    assert "memory beside the weights: at most " in plan
    with llama.generate(ids, max_new_tokens=4, ignore_eos=True) as generation:
        generation.result.save()
    assert generation.meter.tokens == 43
    with llama.session():
        with llama.trace(ids[:3]) as first:
            kept = llama.model.layers[0].output.save()
        with llama.trace(ids[:5]) as second:
            (llama.lm_head.output[:, -1] + kept.sum()).save()
    assert (first.meter.tokens, second.meter.tokens) == (3, 5)
