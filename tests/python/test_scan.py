"""`model.scan`: recorded and checked like a trace, and never run."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl

PROMPT = [1, 2, 3, 4, 5, 6, 7]
CONFIG = Path(__file__).resolve().parents[1] / "fixtures" / "tiny" / "llama" / "config.json"


@pytest.fixture(scope="module")
def meta(tmp_path_factory: pytest.TempPathFactory) -> pl.LanguageModel:
    """A model without weights."""
    folder = tmp_path_factory.mktemp("meta")
    return pl.LanguageModel(shutil.copy(CONFIG, folder))


def test_shapes_without_weights(meta: pl.LanguageModel) -> None:
    with meta.scan(PROMPT) as tracer:
        h = meta.model.layers[0].output
        meta.model.layers[0].output[:, -1] *= 2
        logits = meta.lm_head.output[:, -1].save()
        top = pl.save({"top": logits.topk(3).indices})
        cache = tracer.cache("layers.*")
    assert (logits.shape, logits.dtype) == ((1, 384), "float32")
    assert (top["top"].shape, top["top"].dtype) == ((1, 3), "int64")
    assert h.shape == cache.layers[1].output.shape == (1, 7, 32)
    assert "write 0 model.layers.0.output" in tracer.text
    assert "model.lm_head" in tracer.explain() or "lm_head.output" in tracer.explain()


def test_several_prompts(meta: pl.LanguageModel) -> None:
    with meta.scan() as tracer:
        with tracer.invoke([PROMPT, PROMPT]):
            two = meta.lm_head.output
        with tracer.invoke([[1, 2]]):
            one = meta.lm_head.output
    assert two.shape == (2, 7, 384)
    assert one.shape == (1, 2, 384)


def test_elements_are_an_error_that_says_why(llama: pl.LanguageModel) -> None:
    with llama.scan(PROMPT):
        saved = llama.lm_head.output.sum().save()
    for use in (
        saved.numpy,
        saved.item,
        saved.tolist,
        lambda: saved + 1,
        lambda: float(saved),
        lambda: bool(saved),
        lambda: f"{saved:.2f}",
        lambda: saved.value,
        lambda: np.asarray(saved),
    ):
        with pytest.raises(pl.TraceError) as raised:
            use()
        assert raised.value.code == "not-concrete"
        assert "has no elements: its trace was scanned, not run" in raised.value.message
        assert raised.value.help == "`model.trace(...)` runs it"
        assert raised.value.file == __file__


def test_what_a_trace_would_object_to(meta: pl.LanguageModel) -> None:
    with pytest.raises(pl.ShapeError), meta.scan(PROMPT):
        meta.model.layers[0].output = meta.lm_head.output
    with pytest.raises(pl.OrderError, match="which the model computes later"), meta.scan(PROMPT):
        meta.model.layers[0].output = meta.model.layers[1].output
    with pytest.raises(pl.PromptError), meta.scan([384]):
        pass
    with pytest.raises(pl.TraceError, match="has no prompt"), meta.scan():
        pass


def test_concrete_tensors_stay_what_they_were(llama: pl.LanguageModel) -> None:
    total = pl.zeros(32)
    with llama.scan(PROMPT):
        total += llama.model.norm.output[0, -1]
    assert total.tolist() == [0.0] * 32


def test_the_weights_are_missed_when_it_runs(meta: pl.LanguageModel) -> None:
    with pytest.raises(pl.PellucidError) as raised, meta.trace(PROMPT):
        meta.lm_head.output.save()
    assert raised.value.code == "no-weights"
    assert raised.value.help == "`model.scan(...)` checks a trace and does not run it"
    assert raised.value.file == __file__
