"""Edits: what a handle does in every trace and generation, and nobody else's model does."""

import threading
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl

TINY = Path(__file__).resolve().parents[1] / "fixtures" / "tiny"
PROMPT = [5, 9, 2, 7, 201, 4]


def logits(model, prompt=PROMPT, **how):
    with model.trace(prompt, **how):
        out = model.output.save()
    return np.asarray(out)


def test_an_edit_is_there_in_every_trace_and_the_model_stays(llama):
    before = logits(llama)
    with llama.edit() as edited:
        assert isinstance(edited, pl.LanguageModel) and edited is not llama
        edited.layers[0].output[:, -1] += 1.0
        edited.layers[1].mlp.output[:] = 0
    with llama.trace(PROMPT):
        llama.layers[0].output[:, -1] += 1.0
        llama.layers[1].mlp.output[:] = 0
        want = llama.output.save()
    assert np.array_equal(logits(edited), want) and not np.array_equal(want, before)
    assert np.array_equal(logits(llama), before)
    assert edited.layers[0] is not llama.layers[0]


def test_prompts_of_any_number_and_length(llama):
    with llama.edit() as edited:
        h = edited.layers[0].output
        edited.layers[0].output = h - h.mean(dim=1, keepdim=True)
        edited.layers[1].attn.pattern[:, 0, :, :] = 0.5
    for prompt in ([3], PROMPT, [[1, 2], [3, 4, 5]]):
        with llama.trace(prompt):
            h = llama.layers[0].output
            llama.layers[0].output = h - h.mean(dim=1, keepdim=True)
            llama.layers[1].attn.pattern[:, 0, :, :] = 0.5
            want = llama.output.save()
        assert np.array_equal(logits(edited, prompt), want)


def test_a_trace_sees_what_edits_wrote_and_writes_over_it(llama):
    with llama.edit() as edited:
        edited.layers[0].output[:] = 2.0
    with edited.trace(PROMPT):
        seen = edited.layers[0].output.save()
        edited.layers[0].output *= 3
        own = edited.layers[0].output.save()
        passed = edited.layers[1].input.save()
    assert np.all(np.asarray(seen) == 2) and np.all(np.asarray(own) == 6)
    assert np.all(np.asarray(passed) == 6)


def test_skips_taps_modules_conditions_and_loops(llama):
    def act(model):
        model.layers[0].mlp.skip(model.layers[0].mlp.input * 0.5)
        heads = model.layers[1].attn.heads
        model.layers[1].attn.heads = pl.cond(
            heads.mean() > 100, lambda: heads * 2, lambda: heads * 0.5
        )
        h = model.norm_f(model.layers[1].output)
        (h,) = pl.while_loop(lambda x: x.norm() > 1, lambda x: (x * 0.5,), (h,), max_steps=50)
        model.norm_f.output = h

    with llama.edit() as edited:
        act(edited)
    for prompt in (PROMPT, [[1], [2, 3]]):
        with llama.trace(prompt):
            act(llama)
            want = llama.output.save()
        assert np.array_equal(logits(edited, prompt), want)


def test_edits_follow_each_other_and_are_cleared(llama):
    before = logits(llama)
    with llama.edit() as one:
        one.layers[0].output += 1
    with one.edit() as two:
        two.layers[0].output *= 2
    with two.edit(inplace=True) as same:
        assert same is two
        two.layers[0].mlp.down_proj.weight *= 0
    assert [len(m.edits) for m in (llama, one, two)] == [0, 1, 3]
    with llama.trace(PROMPT):
        h = llama.layers[0].output - llama.layers[0].mlp.output
        llama.layers[0].output = (h + 1) * 2
        want = llama.output.save()
    assert np.allclose(logits(two), want, atol=1e-5)
    two.clear_edits()
    assert not two.edits and np.array_equal(logits(two), before)
    assert len(one.edits) == 1


def test_every_step_of_a_generation_or_the_first_ones(llama):
    direction = pl.tensor(np.linspace(-3, 3, 32, dtype=np.float32))
    with llama.edit() as every:
        every.layers[0].output[:, -1] += direction
    with llama.edit(steps=1) as prompt_only:
        prompt_only.layers[0].output[:, -1] += direction
    how = {"max_new_tokens": 6, "ignore_eos": True}

    def steered(steps):
        with llama.generate(PROMPT, **how) as tracer:
            for _ in tracer.iter[:steps]:
                llama.layers[0].output[:, -1] += direction
            result = tracer.result.save()
        return np.asarray(result)[0, len(PROMPT) :].tolist()

    plain = llama.generate(PROMPT, **how).ids
    assert every.generate(PROMPT, **how).ids == steered(6) != plain
    assert prompt_only.generate(PROMPT, **how).ids == steered(1) != steered(6)
    with every.generate(PROMPT, **how) as tracer:
        result = tracer.result.save()
    assert np.asarray(result)[0, len(PROMPT) :].tolist() == steered(6)


def test_plain_generation_of_an_edited_handle(llama):
    with llama.edit() as same:
        same.layers[0].output = same.layers[0].output + 0.0
    for how in ({}, {"n": 3, "seed": 4}, {"temperature": 0.8, "seed": 1, "top_k": 5}):
        prompts = [PROMPT, [3], [4, 4, 1]]
        plain = llama.generate(prompts, max_new_tokens=7, **how)
        edited = same.generate(prompts, max_new_tokens=7, **how)
        assert edited.ids == plain.ids and edited.ended == plain.ended
    with llama.edit() as forced:
        forced.generator.token[:] = 7
    assert forced.generate(PROMPT, max_new_tokens=4, ignore_eos=True).ids == [7] * 4
    assert np.array_equal(logits(forced), logits(llama)), "a trace has no tokens to force"
    streamed = [token.id for token in forced.generate(PROMPT, max_new_tokens=3, ignore_eos=True)]
    assert streamed == [7] * 3


def test_embeddings_of_an_edited_encoder():
    bert = pl.Model(TINY / "bert")
    texts = [[5, 9, 2], [7]]
    with bert.edit() as edited:
        edited.embeddings.output[:, 0] = 0
    with bert.edit() as same:
        same.embeddings.output = same.embeddings.output + 0.0
    plain = np.asarray(bert.encode(texts))
    assert np.array_equal(np.asarray(same.encode(texts)), plain)
    assert not np.allclose(np.asarray(edited.encode(texts)), plain)
    assert np.array_equal(np.asarray(edited.encode(texts))[1], np.asarray(edited.encode([7])))


def test_traces_from_files_and_explanations_have_the_edits_of_who_runs_them(llama, tmp_path):
    with llama.trace(PROMPT) as tracer:
        llama.layers[0].output.mean().save("mean")
    tracer.save(tmp_path / "mean.trace")
    trace = pl.load_trace(tmp_path / "mean.trace")
    with llama.edit() as edited:
        edited.layers[0].output[:] = 4.0
    assert trace.run(edited)["mean"].item() == 4.0 != trace.run(llama)["mean"].item()
    assert "set_index" in trace.explain(edited) and "set_index" not in trace.explain(llama)
    with edited.trace(PROMPT) as tracer:
        edited.output.save()
    assert "layers.0" not in tracer.text, "a trace is what its user wrote"


@pytest.mark.parametrize("suffix", ["trace", "safetensors"])
def test_edits_are_data(llama, tmp_path, suffix):
    direction = np.linspace(0, 1, 32, dtype=np.float32)
    with llama.edit(steps=2) as edited:
        edited.layers[0].output[:, -1] += direction
        edited.layers[1].mlp.down_proj.weight[3] *= 0
    (edit,) = edited.edits
    edit.save(tmp_path / f"edit.{suffix}")
    loaded = pl.load_edit(tmp_path / f"edit.{suffix}")
    assert loaded.hash == edit.hash and repr(loaded).startswith("Edit(")
    assert loaded.places == ["model.layers.0.output", "model.layers.1.mlp.down_proj.weight"]
    again = llama.with_edit(loaded)
    assert np.array_equal(logits(again), logits(edited))
    how = {"max_new_tokens": 5, "ignore_eos": True}
    assert again.generate(PROMPT, **how).ids == edited.generate(PROMPT, **how).ids
    assert "invoke 0 []" in edit.text
    with pytest.raises(pl.FormatError, match="was recorded for `llama`"):
        pl.LanguageModel(TINY / "gpt2").with_edit(loaded)


def test_a_trace_is_no_edit_and_an_edit_no_trace(llama, tmp_path):
    with llama.trace(PROMPT) as tracer:
        llama.output.save()
    tracer.save(tmp_path / "a.trace")
    with pytest.raises(pl.EditError, match="is a trace, which has prompts"):
        pl.load_edit(tmp_path / "a.trace")
    with llama.edit() as edited:
        edited.layers[0].output += 1
    edited.edits[0].save(tmp_path / "e.trace")
    with pytest.raises(pl.EditError, match="an edit cannot run: it has no prompt"):
        pl.load_trace(tmp_path / "e.trace").run(llama)


def test_print_shows_what_is_edited(llama):
    with llama.edit() as edited:
        edited.layers[1].output[:, -1] += 1
        edited.layers[1].mlp.down_proj.weight *= 2
    shown = repr(edited)
    assert "edited" not in repr(llama)
    lines = [line for line in shown.splitlines() if "edited" in line]
    assert len(lines) == 2, shown
    assert "edited: output" in lines[0] and "(1): LlamaDecoderLayer" in lines[0]
    assert "edited: weight" in lines[1] and "down_proj" in lines[1]
    assert "edited: weight" in edited._repr_html_() and "edited" not in llama._repr_html_()
    edited.clear_edits()
    assert repr(edited) == repr(llama)


def raised(code, edit, model):
    with pytest.raises(pl.PellucidError) as caught:
        with model.edit() as edited:
            edit(edited)
    assert caught.value.code == code, caught.value
    assert caught.value.file == __file__
    return str(caught.value)


def test_what_depends_on_the_prompt_is_refused_at_its_line(llama):
    h = np.zeros((1, 6, 32), dtype=np.float32)
    assert "prompts of any number and length" in raised(
        "shape-mismatch", lambda m: m.layers[0].output.copy_(h), llama
    )
    text = raised("prompt-in-edit", lambda m: range(m.layers[0].output.shape[1]), llama)
    assert "is not known in an edit" in text
    flat = raised("prompt-in-edit", lambda m: m.layers[0].output.reshape(122, 32), llama)
    assert "how many prompts there are or how long they are" in flat
    assert "saves" in raised("no-edit", lambda m: m.output.save(), llama)

    def late(m):
        m.layers[0].output[:] = m.layers[1].output

    assert "later" in raised("needs-later-value", late, llama)
    text = raised("no-trace", lambda m: llama.layers[0].output, llama)
    assert "write `edited` instead of `model`" in text

    def prompted(m):
        m.layers[0].mlp.down_proj.weight *= m.layers[0].output.mean()

    assert "activations" in raised("prompt-in-edit", prompted, llama)


def test_an_edit_that_does_not_fit_a_prompt_says_where_it_was_written(llama):
    with llama.edit() as edited:
        edited.layers[0].output[:, 5] = 0
    logits(edited)
    with pytest.raises(pl.RangeError) as caught:
        logits(edited, [1, 2])
    assert caught.value.file == __file__ and "the edit does not fit" in str(caught.value)
    with pytest.raises(pl.RangeError, match=r"model.edit\(steps=1\)"):
        edited.generate(PROMPT, max_new_tokens=2, ignore_eos=True)


def test_a_failed_edit_changes_nothing(llama):
    before = logits(llama)
    mine = llama.with_edit(edit_of(llama))
    with pytest.raises(ZeroDivisionError):
        with mine.edit(inplace=True):
            mine.layers[0].output[:] = 0
            _ = 1 / 0
    assert len(mine.edits) == 1 and np.array_equal(logits(llama), before)
    with pytest.raises(pl.TraceError, match="a trace is open already"):
        with llama.trace(PROMPT):
            llama.output.save()
            with llama.edit():
                pass


def edit_of(model):
    with model.edit() as edited:
        edited.layers[0].output += 1
    return edited.edits[0]


@pytest.fixture
def edited(llama):
    """A handle whose edits change weights, read and write sites, and skip a module."""
    with llama.edit() as model:
        model.layers[0].mlp.down_proj.weight *= 0.5
        h = model.layers[0].output
        model.layers[0].output = h + model.embed.output.norm()
        model.layers[1].attn.skip(h * 0.25)
    return model


def test_a_live_trace_has_the_edits(edited):
    def script(model):
        h = model.layers[0].output
        h[:, -1] *= 2
        return [h, model.layers[1].attn.output, model.layers[1].output, model.output]

    with edited.trace([PROMPT, PROMPT[:2]]):
        want = pl.save(script(edited))
    with edited.trace([PROMPT, PROMPT[:2]], live=True):
        got = script(edited)
    for a, b in zip(want, got, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))
    with edited.trace(PROMPT, live=True):
        with pytest.raises(pl.OrderError, match="an edit of the model skips what it is in"):
            _ = edited.layers[1].attn.pattern


def test_a_live_trace_overrules_an_edit(edited):
    def script(model):
        model.layers[1].attn.skip(model.layers[0].output)
        return model.layers[1].attn.output

    with edited.trace(PROMPT):
        want = script(edited).save()
    with edited.trace(PROMPT, live=True):
        got = script(edited)
    np.testing.assert_array_equal(np.asarray(want), np.asarray(got))


def test_a_live_generation_has_the_edits(edited):
    def script(model, tracer):
        seen = [model.layers[0].output[:, -1] for _ in tracer.iter[:]]
        return [*seen, tracer.result]

    settings = {"max_new_tokens": 3, "ignore_eos": True}
    with edited.generate(PROMPT, **settings) as tracer:
        want = pl.save(script(edited, tracer))
    with edited.generate(PROMPT, live=True, **settings) as tracer:
        got = script(edited, tracer)
    for a, b in zip(want, got, strict=True):
        np.testing.assert_array_equal(np.asarray(a), np.asarray(b))


def test_threads_trace_one_handle_while_others_are_edited(llama):
    want, failures = logits(llama), []

    def trace():
        for _ in range(15):
            if not np.array_equal(logits(llama), want):
                failures.append("changed")

    threads = [threading.Thread(target=trace) for _ in range(2)]
    for thread in threads:
        thread.start()
    for i in range(5):
        with llama.edit() as edited:
            edited.layers[0].mlp.down_proj.weight *= i
            edited.layers[1].output += i
        logits(edited)
    for thread in threads:
        thread.join()
    assert not failures


def test_envoys_of_own_classes_stay_so():
    class Block(pl.Envoy):
        def double(self):
            self.output[:] = self.output * 2

    model = pl.LanguageModel(TINY / "llama", envoys={"layers.*": Block})
    with model.edit() as edited:
        edited.model.layers[0].double()
    assert isinstance(edited.model.layers[1], Block)
    assert not np.array_equal(logits(edited), logits(model))
