"""Live generations: real tensors at each step, a loop that ends with the generation."""

import numpy as np
import pytest

import pellucid as pl

PROMPT = [1, 2, 3, 4, 5]
ENDS = 383
"""The token that ends texts of the tiny model."""


def steered(m: pl.LanguageModel, tracer: pl.Tracer) -> list[pl.Tensor]:
    hidden = []
    for step in tracer.iter[:]:
        if step == 1:
            m.layers[0].mlp.output[:] = 0.0
        m.layers[0].output[:, -1] += step
        hidden.append(m.layers[1].attn.pattern)
        hidden.append(m.layers[1].output[:, -1])
        m.generator.logits[:, 7] -= 100.0
        hidden.append(m.generator.token)
    return [*hidden, tracer.result]


@pytest.mark.parametrize("prompt", [PROMPT, [PROMPT, PROMPT[:2]]])
@pytest.mark.parametrize("settings", [{}, {"temperature": 0.9, "seed": 3, "n": 2}])
def test_a_live_generation_gives_what_a_recorded_one_gives(
    llama: pl.LanguageModel, prompt: list[int], settings: dict[str, int]
) -> None:
    with llama.generate(prompt, max_new_tokens=4, ignore_eos=True, **settings) as tracer:
        want = pl.save(steered(llama, tracer))
    with llama.generate(prompt, max_new_tokens=4, ignore_eos=True, live=True, **settings) as tracer:
        got = steered(llama, tracer)
        assert got[-2].tolist() == got[-1][:, -1].tolist()
    for a, b in zip(want, got, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_a_loop_over_steps_ends_with_the_generation(llama: pl.LanguageModel) -> None:
    tokens = llama.generate(PROMPT, max_new_tokens=6, ignore_eos=True).ids
    assert ENDS not in tokens
    seen = []
    with llama.generate(PROMPT, max_new_tokens=6, live=True) as tracer:
        for step in tracer.iter[:]:
            token = llama.generator.token
            seen.append(int(token))
            if step == 2:
                llama.generator.token = [ENDS]
        ids = tracer.result
        with pytest.raises(pl.OrderError, match=r"the pass stands at `generator\.output`"):
            _ = llama.unembed.output
    assert seen == tokens[:3]
    assert ids.tolist() == [[*PROMPT, *tokens[:2], ENDS]]


def test_a_step_that_is_not_made(llama: pl.LanguageModel) -> None:
    with llama.generate(PROMPT, max_new_tokens=6, live=True) as tracer:
        llama.generator.token = [ENDS]
        with tracer.iter[2], pytest.raises(pl.PellucidError, match="ended before step 2") as error:
            _ = llama.layers[0].output
        assert error.value.code == "not-reached"
        assert tracer.result.shape == (1, len(PROMPT) + 1)


def test_a_step_behind_is_out_of_order(llama: pl.LanguageModel) -> None:
    with llama.generate(PROMPT, max_new_tokens=3, ignore_eos=True, live=True) as tracer:
        with tracer.iter[1]:
            h = llama.layers[0].output
            assert h.shape == (1, 1, 32)
        with pytest.raises(pl.OrderError, match=r"stands at `model.layers.0.output@1`"):
            _ = llama.layers[0].output
        for _ in tracer.iter[2:]:
            with pytest.raises(pl.OrderError, match="cannot write"):
                h += 1
            with pytest.raises(pl.OrderError, match="has come to step 2"), tracer.iter[1]:
                _ = llama.layers[1].output


def test_a_cache_of_a_live_generation(llama: pl.LanguageModel) -> None:
    def script(tracer: pl.Tracer) -> pl.Cache:
        cache = tracer.cache("layers.*.mlp")
        with tracer.iter[1]:
            llama.layers[0].output.sum().save()
        return cache

    with llama.generate(PROMPT, max_new_tokens=3, ignore_eos=True, live=True) as tracer:
        live = script(tracer)
    with llama.generate(PROMPT, max_new_tokens=3, ignore_eos=True) as tracer:
        recorded = script(tracer)
    for layer in range(2):
        pairs = zip(live.layers[layer].mlp.output, recorded.layers[layer].mlp.output, strict=True)
        for a, b in pairs:
            np.testing.assert_array_equal(a.numpy(), b.numpy())
