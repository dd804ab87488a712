"""Generation as people use it: text, streaming, sampling, and settings that mean nothing."""

from collections.abc import Callable
from typing import Any

import pytest

import pellucid as pl

PROMPTS = [[5, 9, 2, 7], [11], [3, 3, 8, 250, 1]]


@pytest.fixture(scope="module")
def random_llama() -> pl.LanguageModel:
    return pl.LanguageModel("tiny:llama")


def test_greedy_tokens_are_those_of_traces_repeated(llama: pl.LanguageModel) -> None:
    generation = llama.generate(PROMPTS[0], max_new_tokens=5, ignore_eos=True)
    ids = list(PROMPTS[0])
    for _ in range(5):
        with llama.trace(ids):
            token = llama.lm_head.output[0, -1].argmax().save()
        ids.append(int(token))
    assert generation.sequences == ids
    assert generation.ids == ids[4:]
    assert generation.ended == "length"


def test_nesting_follows_what_was_given(random_llama: pl.LanguageModel) -> None:
    one = random_llama.generate("ab", max_new_tokens=3, ignore_eos=True)
    assert isinstance(one.text, str)
    assert len(one.ids) == 3
    several = random_llama.generate(["ab", "c"], max_new_tokens=3, ignore_eos=True)
    assert several.ids[0] == one.ids
    assert [len(ids) for ids in several.sequences] == [5, 4]
    drawn = random_llama.generate("ab", max_new_tokens=3, n=4, seed=1)
    assert len(drawn.ids) == 4
    both = random_llama.generate(["ab", "c"], max_new_tokens=3, n=4, seed=1)
    assert both.ids[0] == drawn.ids
    assert len(both.ended[1]) == 4


def test_tokens_stream_as_they_are_made(random_llama: pl.LanguageModel) -> None:
    heard: list[Any] = []
    generation = random_llama.generate(
        PROMPTS, max_new_tokens=6, temperature=1.0, seed=4, on_token=heard.append
    )
    assert heard == []
    first = next(iter(generation))
    assert (first.prompt, first.sample) == (0, 0)
    assert len(heard) == 3
    tokens = list(generation)
    assert tokens == heard
    assert list(generation) == tokens
    assert "".join(t.text for t in tokens if t.prompt == 1) == generation.text[1]
    assert sum(t.ended is not None for t in tokens) == 3


def test_a_seed_repeats_alone_and_among_others(random_llama: pl.LanguageModel) -> None:
    def draw(prompts: list[list[int]], seed: int) -> Any:
        return random_llama.generate(prompts, max_new_tokens=8, top_p=0.9, n=2, seed=seed).ids

    together = draw(PROMPTS, 5)
    assert draw(PROMPTS, 5) == together
    assert [draw([p], 5)[0] for p in PROMPTS] == together
    assert draw(PROMPTS, 6) != together
    unseeded = random_llama.generate(PROMPTS, max_new_tokens=8, temperature=1.0)
    again = random_llama.generate(PROMPTS, max_new_tokens=8, temperature=1.0, seed=unseeded.seed)
    assert unseeded.ids == again.ids


def test_stop_ends_the_text(random_llama: pl.LanguageModel) -> None:
    whole = random_llama.generate("xyz", max_new_tokens=30, temperature=1.0, seed=2).text
    stop = next(c for c in whole[4:] if c.isascii())
    cut = random_llama.generate("xyz", max_new_tokens=30, temperature=1.0, seed=2, stop=stop)
    assert (cut.text, cut.ended) == (whole.split(stop)[0], "stop")


@pytest.mark.parametrize(
    ("settings", "part"),
    [
        ({"temperature": 0, "top_k": 3}, "`top_k` would have no effect"),
        ({"temperature": 0, "n": 2}, "`n` would have no effect"),
        ({"temperature": -1}, "`temperature`: expected 0 or more, got -1"),
        ({"top_p": 1.2}, "`top_p`: expected above 0 and at most 1, got 1.2"),
        ({"n": 0}, "`n`: expected at least 1, got 0"),
        ({"stop": ["a", ""]}, "`stop`: expected texts that are not empty"),
        ({"max_new_tokens": 1000}, "takes at most 256"),
    ],
)
def test_settings_of_no_meaning(
    random_llama: pl.LanguageModel, settings: dict[str, Any], part: str
) -> None:
    with pytest.raises(pl.PellucidError, match=r"expected|effect|takes") as raised:
        random_llama.generate("ab", **settings)
    assert part in str(raised.value)
    assert f"{__file__}:" in str(raised.value)


@pytest.mark.parametrize(
    ("use", "part"),
    [
        (lambda m: m.generate().text, "there is no prompt"),
        (lambda m: m.generate([]), "prompt"),
        (lambda m: m.generate([[]]), "no tokens"),
        (lambda m: m.generate([9999]), "9999"),
    ],
)
def test_prompts_that_cannot_be_continued(
    random_llama: pl.LanguageModel, use: Callable[[Any], object], part: str
) -> None:
    with pytest.raises(pl.PellucidError) as raised:
        use(random_llama)
    assert part in str(raised.value)


def test_sampling_is_asked_for_as_in_transformers(random_llama: pl.LanguageModel) -> None:
    def ids(**given: object) -> list[int]:
        return random_llama.generate([1, 2, 3], max_new_tokens=6, ignore_eos=True, **given).ids

    assert ids(do_sample=False) == ids()
    assert ids(do_sample=True, seed=3) == ids(temperature=1.0, seed=3)
    assert ids(do_sample=True, temperature=0.5, seed=3) == ids(temperature=0.5, seed=3)
    mask = {"input_ids": [0, 1, 2, 3], "attention_mask": [0, 1, 1, 1]}
    generation = random_llama.generate(**mask, max_new_tokens=6, ignore_eos=True)
    assert generation.ids == [ids()]
    for given in ({"temperature": 0.5}, {"n": 2}, {"top_k": 3}, {"seed": 1}):
        with pytest.raises(pl.ArgumentError, match="`do_sample=False` takes the likeliest"):
            random_llama.generate([1, 2], do_sample=False, **given)
