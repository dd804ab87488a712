"""The demo runs on a tiny model everywhere, and finds what is known on the real one."""

import sys
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "examples"))

import demo  # noqa: E402
import experiments as ex  # noqa: E402

PICTURES = ["1-next-token", "2-logit-lens", "3-patching", "4-neuron"]
SMOLLM2 = ROOT / ".models/SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf"

# Of transformers 5.23 in f32 on the same weights: the output of a layer of `demo.FRANCE` put into
# `demo.ITALY` by a forward hook, at the country and at the last token.
LAYERS = [0, 12, 22, 23, 28]
AT_SUBJECT = [1.0021, 0.9852, 0.9824, -0.0027, 0.0001]
AT_LAST = [0.0007, 0.0017, 0.0148, 0.6835, 0.7142]
# A fifth of the smallest number that the demo tells anyone, and far above what rounding can do.
TOLERANCE = 0.02


@pytest.fixture(scope="module")
def smollm2() -> pl.LanguageModel:
    if not SMOLLM2.exists():
        pytest.skip("`make models` fetches SmolLM2-135M-Instruct")
    return pl.LanguageModel(SMOLLM2)


def tiny_contrast(model: pl.LanguageModel) -> ex.Contrast:
    return ex.Contrast("The 7 is", "The 8 is", model.tokenizer.id("P"), model.tokenizer.id("R"))


def test_the_demo_tells_and_draws(
    llama: pl.LanguageModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(demo, "FRANCE", "The 7 is")
    monkeypatch.setattr(demo, "ITALY", "The 8 is")
    for show in demo.PARTS:
        show(llama, tmp_path)
    told = capsys.readouterr().out
    assert "\x1b" not in told
    for name in PICTURES:
        for ending, start in ((".png", b"\x89PNG"), (".html", b"<!doctype html>")):
            path = tmp_path / f"{name}{ending}"
            assert str(path) in told
            assert path.read_bytes().startswith(start)


def test_patching_everything_that_differs_restores_everything(llama: pl.LanguageModel) -> None:
    contrast = tiny_contrast(llama)
    clean, corrupted = llama.tokens(contrast.clean), llama.tokens(contrast.corrupted)
    differs = [i for i, (a, b) in enumerate(zip(clean, corrupted, strict=True)) if a != b]
    restored = ex.patching(llama, contrast)
    assert restored.shape == (len(llama.model.layers), len(clean))
    # Before the first token that differs both runs are the same, and there is nothing to restore;
    # the last layer's last position is all that the logits see.
    np.testing.assert_allclose(restored[:, : differs[0]], 0, atol=1e-4)
    np.testing.assert_allclose(restored[-1, :-1], 0, atol=1e-4)
    assert restored[-1, -1] == pytest.approx(1, abs=1e-4)


def test_the_lens_of_the_last_layer_is_the_models_own_answer(llama: pl.LanguageModel) -> None:
    prompt = "The 7 is"
    said, probabilities = ex.next_token(llama, prompt, k=1)
    answer = llama.tokenizer.id(said[0])
    tokens, lens, ranks = ex.logit_lens(llama, prompt, answer)
    assert tokens[-1][-1] == said[0]
    assert ranks[-1] == 1
    assert lens[-1, -1] == pytest.approx(float(probabilities[0]), abs=1e-6)


def test_the_neuron_found_has_the_effect_that_setting_it_has(llama: pl.LanguageModel) -> None:
    contrast = tiny_contrast(llama)
    neuron = ex.find_neuron(llama, contrast, n_tried=8)
    edit = ex.set_neuron(llama, contrast.corrupted, neuron, neuron.clean)
    assert edit.was == pytest.approx(neuron.corrupted, abs=1e-6)
    moved = np.log(edit.after / edit.before)
    effect = moved[contrast.right] - moved[contrast.wrong]
    assert effect == pytest.approx(neuron.effect, abs=1e-4)


def test_the_eiffel_tower_is_in_paris(smollm2: pl.LanguageModel) -> None:
    tokens, probabilities = ex.next_token(smollm2, demo.EIFFEL)
    assert tokens[:2] == [" Paris", " Rome"]
    assert probabilities[0] == pytest.approx(0.656, abs=0.001)
    said, _, ranks = ex.logit_lens(smollm2, demo.EIFFEL, smollm2.tokenizer.id(" Paris"))
    assert [said[layer][-1] for layer in (28, 29)] == [" Paris", " Paris"]
    assert ranks[27] > 1


def test_the_fact_is_handed_on_at_layer_23(smollm2: pl.LanguageModel) -> None:
    answers = (smollm2.tokenizer.id(text) for text in (demo.RIGHT, demo.WRONG))
    restored = ex.patching(smollm2, ex.Contrast(demo.FRANCE, demo.ITALY, *answers))
    assert restored.shape == (30, 8)
    np.testing.assert_allclose(restored[LAYERS, 3], AT_SUBJECT, atol=TOLERANCE)
    np.testing.assert_allclose(restored[LAYERS, -1], AT_LAST, atol=TOLERANCE)


def test_one_neuron_makes_any_city_paris(smollm2: pl.LanguageModel) -> None:
    paris, rome = (smollm2.tokenizer.id(text) for text in (demo.RIGHT, demo.WRONG))
    neuron = ex.find_neuron(smollm2, ex.Contrast(demo.EIFFEL, demo.COLOSSEUM, paris, rome))
    assert (neuron.layer, neuron.unit) == (25, 1120)
    up = ex.set_neuron(smollm2, demo.ANYWHERE, neuron, 5 * neuron.clean)
    assert up.before.argmax() != paris
    assert up.after.argmax() == paris
    down = ex.set_neuron(smollm2, demo.EIFFEL, neuron, -5 * neuron.clean)
    assert down.before.argmax() == paris
    assert down.after.argmax() == rome
