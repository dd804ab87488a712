"""Traces of generations: loops over steps, writes at each, tokens, results, steps never made."""

import inspect
import threading
import warnings
from typing import Any

import numpy as np
import pytest

import pellucid as pl

IDS = [5, 9, 2, 7]


def _line() -> int:
    frame = inspect.currentframe()
    assert frame is not None and frame.f_back is not None
    return frame.f_back.f_lineno


def test_a_loop_is_recorded_for_each_step_and_code_after_it_runs(llama: pl.LanguageModel) -> None:
    with llama.generate(IDS, max_new_tokens=4, ignore_eos=True) as tracer:
        hidden = pl.list().save()
        norms = []
        for step in tracer.iter[:]:
            hidden.append(llama.layers[1].output[:, -1])
            if step == 2:
                chosen = llama.unembed.output.save()
            norms.append(llama.layers[0].output[:, -1].norm())
        stacked = pl.stack(norms).save()
        prompt = llama.layers[0].output.save()
        ids = tracer.result.save()
    assert [h.shape for h in hidden] == [(1, 32)] * 4
    assert chosen.shape[:2] == (1, 1)
    assert stacked.shape == (4,)
    assert prompt.shape == (1, 4, 32)
    assert ids[0].tolist() == llama.generate(IDS, max_new_tokens=4, ignore_eos=True).sequences
    with llama.trace(ids[0, :-1].tolist()):
        whole = llama.layers[1].output[0, 3:].save()
    assert np.array_equal(whole.numpy(), np.concatenate([h.numpy() for h in hidden]))


def test_a_vector_at_every_step_steers_what_follows(llama: pl.LanguageModel) -> None:
    vector = pl.tensor(np.linspace(-3, 3, 32, dtype=np.float32))
    with llama.generate(IDS, max_new_tokens=5, ignore_eos=True) as tracer:
        for _ in tracer.all():
            llama.layers[0].output += vector
        ids = tracer.result.save()
    longer = list(IDS)
    for _ in range(5):
        with llama.trace(longer):
            llama.layers[0].output += vector
            token = llama.unembed.output[0, -1].argmax().save()
        longer.append(int(token))
    assert ids[0].tolist() == longer
    assert longer != llama.generate(IDS, max_new_tokens=5, ignore_eos=True).sequences


def test_steps_are_chosen_as_in_nnsight(llama: pl.LanguageModel) -> None:
    seen: dict[str, list[Any]] = {"range": [], "list": [], "next": [], "module": []}
    with llama.generate(IDS, max_new_tokens=4, ignore_eos=True) as tracer:
        for _ in tracer.iter[1:3]:
            seen["range"].append(llama.layers[0].output.save())
        for _ in tracer.iter[[0, 3]]:
            seen["list"].append(llama.layers[0].output.save())
        with tracer.iter[2]:
            second = llama.layers[0].output.save()
        for _ in range(3):
            seen["module"].append(llama.layers[0].next().output.save())
        first = llama.layers[1].output.save()
        tracer.next()
        seen["next"].append(llama.layers[0].output.save())
        tracer.next()
        seen["next"].append(llama.layers[0].output.save())
    assert seen["list"][0].shape == (1, 4, 32)
    assert first.shape == (1, 4, 32)
    for name in ("range", "next"):
        assert [x.shape for x in seen[name]] == [(1, 1, 32)] * 2
        assert np.array_equal(seen[name][1].numpy(), second.numpy())
    assert np.array_equal(seen["module"][1].numpy(), second.numpy())
    assert np.array_equal(seen["module"][2].numpy(), seen["list"][1].numpy())


def test_tokens_and_logits_are_sites(llama: pl.LanguageModel) -> None:
    with llama.generate(IDS, max_new_tokens=4, ignore_eos=True) as tracer:
        tokens = [llama.generator.streamer.output.save() for _ in tracer.iter[:]]
        with tracer.iter[1]:
            llama.generator.token = pl.tensor([33])
        with tracer.iter[2]:
            llama.generator.logits[:, 44] = 1e9
            best = llama.generator.logits.argmax(-1).save()
        ids = llama.generator.output.save()
    assert ids[0, 5:7].tolist() == [33, 44]
    assert [int(t) for t in tokens][:1] == ids[0, 4:5].tolist()
    assert int(best) == 44


def test_several_prompts_and_continuations(llama: pl.LanguageModel) -> None:
    with llama.generate(max_new_tokens=3, temperature=1.0, seed=3, n=2, ignore_eos=True) as tracer:
        with tracer.invoke([[1, 2, 3], [4]]):
            both = tracer.result.save()
            with tracer.iter[1]:
                second = llama.generator.token.save()
        with tracer.invoke([4]):
            alone = tracer.result.save()
    assert both.shape[0] == 4
    assert second.shape == (4,)
    assert both[2:, 2:].tolist() == alone.tolist()
    plain = llama.generate(
        [[1, 2, 3], [4]], max_new_tokens=3, temperature=1.0, seed=3, n=2, ignore_eos=True
    )
    assert both[:, 3:].tolist() == [ids for samples in plain.ids for ids in samples]


def test_steps_that_were_not_made_do_not_exist(llama: pl.LanguageModel) -> None:
    made = llama.generate(IDS, max_new_tokens=6, ignore_eos=True).text
    stop = next(c for c in made if made.index(c) > 0)
    with llama.generate(IDS, max_new_tokens=6, ignore_eos=True, stop=stop) as tracer:
        kept = pl.list().save()
        each = []
        for _ in tracer.iter[:]:
            kept.append(llama.layers[0].output)
            each.append(llama.layers[1].output.save())
        line = _line() - 1
        ids = tracer.result.save()
    n = len(ids[0]) - 4
    assert 0 < n < 6
    assert len(kept) == n
    assert [x.exists for x in each] == [True] * n + [False] * (6 - n)
    with pytest.raises(pl.PellucidError, match="the generation ended before step") as raised:
        each[-1].numpy()
    assert raised.value.code == "not-reached"
    assert f"test_steps.py:{line}" in str(raised.value)


def test_a_cache_of_a_generation_has_every_step(llama: pl.LanguageModel) -> None:
    with llama.generate(IDS, max_new_tokens=3, ignore_eos=True) as tracer:
        cache = tracer.cache("model.layers.*")
        last = [llama.layers[1].output.save() for _ in tracer.iter[:]]
    found: Any = cache.layers[1].output
    assert [x.shape for x in found] == [(1, 4, 32), (1, 1, 32), (1, 1, 32)]
    assert all(np.array_equal(a.numpy(), b.numpy()) for a, b in zip(found, last, strict=True))
    assert "model.layers.0.output@2" in cache.numpy()


def test_the_cache_of_keys_is_edited(llama: pl.LanguageModel) -> None:
    with llama.generate(IDS, max_new_tokens=4, ignore_eos=True) as tracer:
        with tracer.iter[1]:
            llama.layers[0].attn.cache.values[:, 1] = 0
        with tracer.iter[3]:
            later = llama.layers[0].attn.cache.values.save()
            pattern = llama.layers[0].attn.pattern.save()
    assert later.shape[1] == pattern.shape[-1] == 7
    assert not later[:, 1].numpy().any()
    assert later[:, 2].numpy().any()


def test_wrong_steps_are_errors_at_their_line(llama: pl.LanguageModel) -> None:
    def wrong(index: Any, expected: str) -> None:
        with (
            pytest.raises(pl.PellucidError, match=expected),
            llama.generate(IDS, max_new_tokens=3) as tracer,
        ):
            tracer.iter[index]

    wrong(-1, "cannot be negative")
    wrong(3, "it has the steps 0 to 2")
    wrong(slice(-2, None), "counted from 0 upwards")
    wrong("a", "whole number")
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        with llama.generate(IDS, max_new_tokens=3) as tracer:
            steps = list(tracer.iter[1:7])
            line = _line() - 1
    assert steps == [1, 2]
    assert [w.lineno for w in seen if "goes beyond" in str(w.message)] == [line]
    with pytest.raises(pl.PellucidError, match="no step to be of"), llama.trace(IDS) as traced:
        traced.iter[[]].__enter__()


def test_a_recorded_generation_has_the_traces_tokens(llama: pl.LanguageModel) -> None:
    generation = llama.generate(IDS, max_new_tokens=2)
    with generation as tracer:
        ids = tracer.result.save()
    with pytest.raises(pl.PellucidError, match="was recorded on"):
        _ = generation.text
    assert ids.shape[1] <= 6
    with pytest.raises(pl.PellucidError, match="no prompt to continue"):
        _ = llama.generate(max_new_tokens=2).text


def test_a_saved_generation_runs_again(llama: pl.LanguageModel, tmp_path: Any) -> None:
    with llama.generate(IDS, max_new_tokens=3, temperature=0.9, seed=11, stop="zz") as tracer:
        for _ in tracer.iter[1:]:
            llama.layers[0].output[:] *= 1.5
        ids = tracer.result.save("ids")
    for name in ("g.trace", "g.safetensors"):
        tracer.save(tmp_path / name)
        again = pl.load_trace(tmp_path / name).run(llama)
        assert again["ids"].tolist() == ids.tolist()


def test_a_with_block_is_recorded_again_for_its_other_steps(llama: pl.LanguageModel) -> None:
    vector = pl.tensor(np.linspace(-3, 3, 32, dtype=np.float32))

    def loops() -> list[Any]:
        with llama.generate(IDS, max_new_tokens=5, ignore_eos=True) as tracer:
            before = llama.layers[0].output  # a site that the loop changes at every step
            total = before.sum() * 0
            each = pl.list().save()
            for _ in tracer.iter[:4]:
                llama.layers[0].output[:, -1] += vector
                total += llama.layers[1].output.sum()
                each.append(llama.layers[1].output[:, -1])
                last = llama.layers[1].output.norm().save()
            total.save()
            ids = tracer.result.save()
        return [total, last, ids, *each]

    def blocks() -> list[Any]:
        with llama.generate(IDS, max_new_tokens=5, ignore_eos=True) as tracer:
            before = llama.layers[0].output
            total = before.sum() * 0
            each = pl.list().save()
            with tracer.iter[:4]:
                llama.layers[0].output[:, -1] += vector
                total += llama.layers[1].output.sum()
                each.append(llama.layers[1].output[:, -1])
                last = llama.layers[1].output.norm().save()
            total.save()
            ids = tracer.result.save()
        return [total, last, ids, *each]

    wanted, got = loops(), blocks()
    assert len(wanted) == len(got) == 7
    for a, b in zip(wanted, got, strict=True):
        assert np.array_equal(a.numpy(), b.numpy())


def test_skips_and_all_in_a_with_block(llama: pl.LanguageModel) -> None:
    with llama.generate(IDS, max_new_tokens=4, ignore_eos=True) as tracer:
        with tracer.all():
            llama.layers[1].skip(llama.layers[1].input)
        ids = tracer.result.save()
    with llama.generate(IDS, max_new_tokens=4, ignore_eos=True) as tracer:
        for _ in tracer.all():
            llama.layers[1].skip(llama.layers[1].input)
        want = tracer.result.save()
    assert ids.tolist() == want.tolist()


def test_a_block_that_does_not_fit_another_step_says_where(llama: pl.LanguageModel) -> None:
    with (
        pytest.raises(pl.PellucidError, match=r"out of range|outside") as raised,
        llama.generate(IDS, max_new_tokens=4) as tracer,
        tracer.iter[:2],
    ):
        line = _line() + 1
        llama.layers[0].output[:, 3] = 0
    assert f"test_steps.py:{line}" in str(raised.value)


def test_tokens_of_a_recorded_generation_stream(llama: pl.LanguageModel) -> None:
    heard: list[Any] = []
    with llama.generate(
        max_new_tokens=4, ignore_eos=True, n=2, seed=5, on_token=heard.append
    ) as tracer:
        with tracer.invoke([[1, 2], [3]]):
            llama.layers[0].output[:, -1] *= 2
        with tracer.invoke([9, 9]):
            ids = tracer.result.save()
    assert len(heard) == 6 * 4
    assert {(t.prompt, t.sample) for t in heard} == {(p, s) for p in range(3) for s in range(2)}
    for sample in range(2):
        made = [t.id for t in heard if (t.prompt, t.sample) == (2, sample)]
        assert ids[sample, 2:].tolist() == made
    with (
        pytest.raises(pl.PellucidError, match="on_token"),
        llama.generate([1], max_new_tokens=2, live=True, on_token=heard.append),
    ):
        pass


def test_a_with_block_carries_views_and_concrete_tensors(llama: pl.LanguageModel) -> None:
    def sums(blocks: bool, concrete: bool) -> tuple[Any, Any]:
        buffer = pl.zeros(4, 32)
        with llama.generate(IDS, max_new_tokens=4, ignore_eos=True) as tracer:
            if not concrete:
                buffer = pl.zeros(4, 32)
                row = buffer[1]

            def body() -> None:
                nonlocal row, buffer
                if concrete:
                    buffer[1] += llama.layers[0].output[0, -1]
                else:
                    row += llama.layers[0].output[0, -1]
                    buffer[2] = buffer[1] * 2

            if blocks:
                with tracer.iter[1:]:
                    body()
            else:
                for _ in tracer.iter[1:]:
                    body()
            kept = buffer.save()
        return kept.numpy()[1], kept.numpy()[2]

    for concrete in (False, True):
        for got, want in zip(sums(True, concrete), sums(False, concrete), strict=True):
            assert np.array_equal(got, want)
    assert sums(True, True)[0].any()


def test_on_token_of_a_generation_that_is_stopped(llama: pl.LanguageModel) -> None:
    heard: list[Any] = []
    with llama.generate(IDS, max_new_tokens=4, ignore_eos=True, on_token=heard.append) as tracer:
        with tracer.iter[1]:
            hidden = llama.layers[0].output.save()
            tracer.stop()
    assert hidden.shape == (1, 1, 32)
    assert len(heard) == 1


def test_a_listener_that_fails_loses_no_token(llama: pl.LanguageModel) -> None:
    def fail(_: Any) -> None:
        raise ZeroDivisionError

    prompts = [[1, 2], [3]]
    generation = llama.generate(prompts, max_new_tokens=3, ignore_eos=True, on_token=fail)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            generation.text  # noqa: B018
    assert generation.ids == llama.generate(prompts, max_new_tokens=3, ignore_eos=True).ids


def test_what_a_with_block_over_steps_cannot_mean_is_an_error(llama: pl.LanguageModel) -> None:
    total = pl.zeros(1, 32)
    with (
        pytest.raises(pl.PellucidError, match="has one for each") as raised,
        llama.generate(IDS, max_new_tokens=3, ignore_eos=True) as tracer,
    ):
        with tracer.iter[:]:
            total = total + llama.layers[0].output[:, -1]
        line = _line() + 1
        total.save()
    assert f"test_steps.py:{line}" in str(raised.value)
    for wrong in (lambda tracer: tracer.next(), lambda tracer: llama.layers[0].next()):
        with (
            pytest.raises(pl.PellucidError, match="over several steps"),
            llama.generate(IDS, max_new_tokens=4) as tracer,
            tracer.iter[:2],
        ):
            wrong(tracer)
    with pytest.raises(pl.PellucidError, match="without a prompt"):
        with llama.generate(max_new_tokens=3) as tracer:
            with tracer.invoke(IDS):
                llama.layers[0].output.save()
            with tracer.invoke(), tracer.iter[:]:
                llama.layers[0].output[:] = 0


def test_sites_read_before_a_with_block_are_read_in_it(llama: pl.LanguageModel) -> None:
    with llama.generate(IDS, max_new_tokens=3, ignore_eos=True) as tracer:
        first = llama.layers[0].output.norm().save()
        kept = pl.list().save()
        with tracer.iter[:]:
            kept.append(llama.layers[0].output)
            last = llama.layers[0].output.save()
    assert [x.shape for x in kept] == [(1, 4, 32), (1, 1, 32), (1, 1, 32)]
    assert np.array_equal(last.numpy(), kept[2].numpy())
    assert float(first) == pytest.approx(float(np.linalg.norm(kept[0].numpy())))


def test_the_last_step_that_was_made_stays(llama: pl.LanguageModel) -> None:
    made = llama.generate(IDS, max_new_tokens=6, ignore_eos=True).text
    stop = next(c for c in made if made.index(c) > 0)
    with llama.generate(IDS, max_new_tokens=6, ignore_eos=True, stop=stop) as tracer:
        kept = pl.list().save()
        with tracer.iter[:]:
            last = llama.layers[0].output[:, -1].save()
            kept.append(llama.layers[0].output[:, -1])
    assert 0 < len(kept) < 6
    assert np.array_equal(last.numpy(), kept[-1].numpy())


def test_a_generation_can_be_read_by_several_threads(llama: pl.LanguageModel) -> None:
    want = llama.generate([IDS, [3]], max_new_tokens=20, ignore_eos=True).ids
    generation = llama.generate([IDS, [3]], max_new_tokens=20, ignore_eos=True)
    threads = [threading.Thread(target=lambda: generation.ids) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert generation.ids == want
