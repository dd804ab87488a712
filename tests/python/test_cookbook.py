"""Every recipe of the cookbook runs, finds what is known, and its page says what it prints."""

import ast
import os
import runpy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cookbook
import numpy as np
import pytest
from real_models import path_of

ROOT = Path(__file__).resolve().parents[2]
MODELS = ("SmolLM2-135M-Instruct", "gemma-3-270m", "all-MiniLM-L6-v2")
Names = dict[str, Any]
CHECKS: dict[str, Callable[[Names], None]] = {}


def check(f: Callable[[Names], None]) -> Callable[[Names], None]:
    """What must be true of the names that a script leaves; it is called as the script is."""
    CHECKS[f.__name__] = f
    return f


@check
def activation_patching(found: Names) -> None:
    restored = found["restored"].numpy()
    assert (restored[:7, 3] > 0.95).all(), "the subject carries the answer through layer 20"
    assert (abs(restored[7:, 3]) < 0.05).all(), "and not from layer 23 on"
    np.testing.assert_allclose(restored[-1], [0] * 7 + [1], atol=1e-4)
    np.testing.assert_allclose(restored[:, :3], 0, atol=1e-4)


@check
def causal_tracing(found: Names) -> None:
    assert found["clean"] > 0.6
    assert found["corrupted"] < 0.05
    effects = found["effects"].numpy()
    last = effects[-1, -1]
    assert last == pytest.approx(found["clean"].item() - found["corrupted"].item(), abs=1e-4)
    at = np.unravel_index(effects[:, :-1].argmax(), effects[:, :-1].shape)
    assert at[1] in found["subject"]
    assert effects[at] > 0.05


@check
def path_patching(found: Names) -> None:
    effects = found["effects"].numpy()
    assert found["whole"] > 5
    assert np.unravel_index(effects.argmin(), effects.shape) == (4, 0), "head 0 of layer 20"
    assert effects.min() < -1.5
    assert np.median(abs(effects)) < 0.1, "most heads say nothing on this path"


@check
def attention_knockout(found: Names) -> None:
    kept, starts = found["kept"], list(found["starts"])
    assert starts[int(kept["the subject"].argmin())] == 22
    assert kept["the subject"].min() < found["whole"] / 3
    assert float(kept["the subject"][0]) == pytest.approx(found["whole"].item(), abs=0.1)


@check
def head_ablation(found: Names) -> None:
    losses = {name: float(loss) for name, loss in found["losses"].items()}
    for way in ("zero", "mean", "resample"):
        assert losses["induction", way] > losses["whole"] + 3
        assert abs(losses["neighbours", way] - losses["whole"]) < 0.2


@check
def logit_lens(found: Names) -> None:
    assert found["first"] == 28
    assert found["rank"][29] == 1
    assert found["rank"][0] > 1000
    assert found["said"][29] == " Paris"


@check
def logit_attribution(found: Names) -> None:
    assert found["whole"].item() == pytest.approx(found["parts"].item(), abs=1e-3)
    heads = found["heads"].numpy()
    assert np.unravel_index(heads.argmax(), heads.shape) == (23, 3)
    assert heads.max() > 2


@check
def patchscopes(found: Names) -> None:
    lens, scope = (found["shares"][name].numpy() for name in ("logit lens", "patchscope"))
    assert scope[1:4].min() >= 0.5, "early states still spell their token"
    assert lens[1:4].max() == 0
    assert scope[-3:].max() == 0, "late ones are about the next"


@check
def induction_heads(found: Names) -> None:
    scores = found["scores"].numpy()
    assert np.unravel_index(scores.argmax(), scores.shape) == (18, 6)
    assert scores.max() > 0.8
    assert np.median(scores) < 0.05
    assert found["second"] < found["first"] / 2


@check
def probing(found: Names) -> None:
    assert found["probe"].score(found["X"][found["n"] :], found["y"][found["n"] :]) == 1
    (singular, as_plural), (plural, as_singular) = found["means"]
    assert singular < -3 < 3 < as_plural
    assert as_singular < -3 < 3 < plural


@check
def sae(found: Names) -> None:
    by = {(text.split()[-1], way): float(x) for (text, way), x in found["found"].items()}
    assert by["cat", "with its error"] == pytest.approx(-7.33, abs=0.02), "as without the SAE"
    assert abs(by["cat", "reconstructed"] - by["cat", "with its error"]) > 0.5
    assert by["cat", "made plural"] > by["cat", "with its error"] + 5
    assert by["cats", "made singular"] < -3 < 3 < by["cats", "made plural"]


@check
def transcoder(found: Names) -> None:
    losses = {way: float(loss) for way, loss in found["losses"].items()}
    assert losses["transcoder and its error"] == pytest.approx(losses["MLP"], abs=1e-4)
    lost, all_of_it = losses["transcoder"] - losses["MLP"], losses["nothing"] - losses["MLP"]
    assert 0 < lost < all_of_it / 4, "most of what the MLP does is there"


@check
def conditional(found: Names) -> None:
    for entropy, a, b in zip(found["entropies"], found["before"], found["after"], strict=True):
        assert np.array_equal(a, b) == (entropy.item() <= 3)
    assert [entropy.item() > 3 for entropy in found["entropies"]] == [False, False, True, True]


@check
def steering(found: Names) -> None:
    said = found["said"]
    assert "great" in said[1, False] and "great" in said[1, True]
    assert "mess" in said[-1, False] and "nightmare" in said[-1, True]
    assert len(set(said.values())) == 5
    plain = found["model"].generate(found["prompt"], max_new_tokens=16)
    assert said[0, False] == plain.text


@check
def directional_ablation(found: Names) -> None:
    before, without, in_weights = found["p"]
    assert before > 0.7
    assert without < 0.1
    assert in_weights == pytest.approx(without, abs=1e-3), "the same maths in another place"
    with found["model"].trace(**found["chat"](found["request"])):
        again = found["model"].unembed.output[0, -1].softmax(-1)[found["fence"]].save()
    assert float(again) == before, "the model itself is as it was"


@check
def kv_cache(found: Names) -> None:
    said = found["said"]
    assert said["nothing written", 0].startswith(" Paris")
    assert said["layer 10", 0] == said["layer 10", 1] == said["nothing written", 0]
    assert said["layer 23", 0].startswith(" Rome. Rome is the largest city in Italy")
    assert said["layer 23", 1].startswith(" Paris")
    assert "Roman" in said["layer 23", 1]


@check
def sampling(found: Names) -> None:
    assert found["plain"] == found["texts"][0.0]
    shares, probabilities = zip(*found["drawn"].values(), strict=True)
    # Three standard deviations of a share of 50 draws are 0.15 where the probability is 0.15.
    np.testing.assert_allclose(shares, probabilities, atol=0.15)
    assert list(probabilities) == sorted(probabilities)
    assert probabilities[-1] > 4 * probabilities[0]
    assert shares[-1] > shares[0]


@check
def model_diffing(found: Names) -> None:
    cka, depths = found["cka"].numpy(), found["depths"].numpy()
    assert cka.shape == (10, 9)
    assert ((cka > 0) & (cka < 1)).all()
    assert cka[:4, :2].min() > 0.9, "early layers are about the last word, in both"
    assert cka[-1, -1] < cka[0, 0]
    assert depths[-1] == pytest.approx(1, abs=1e-5)
    assert (np.diff(depths) > -0.02).all(), "layers are the more alike the nearer they are"


@check
def function_vectors(found: Names) -> None:
    capitals = [" Athens", " Warsaw", " Vienna", " Oslo", " Budapest"]
    assert found["said"][1::2] == capitals
    assert not set(found["said"][::2]) & set(capitals)


@check
def custom_attention(found: Names) -> None:
    assert found["sharpened"][1.0].item() == pytest.approx(found["whole"].item(), abs=1e-3)
    assert found["sharpened"][0.5] > found["whole"] + 1
    assert found["flat"].max() > found["whole"] + 3, "some layers must choose where they look"
    assert found["flat"].min() < found["whole"] + 0.1, "others need not"


@check
def early_exit(found: Names) -> None:
    assert found["exits"][29].item() == pytest.approx(found["whole"].item(), abs=1e-4)
    losses = [float(loss) for loss in found["exits"].values()]
    assert losses == sorted(losses, reverse=True)
    skipped = found["skipped"].numpy()
    assert skipped.argmax() == 0
    assert np.median(skipped) < found["whole"].item() + 0.5


@check
def moe_experts(found: Names) -> None:
    chosen, losses = found["chosen"].numpy(), found["losses"].numpy()
    for expert in range(found["n_experts"]):
        where = (chosen == expert).any(-1)
        assert where.any()
        assert losses[expert][where].min() > 0
        np.testing.assert_allclose(losses[expert][~where], 0, atol=1e-6)


@check
def sentence_embeddings(found: Names) -> None:
    before, after = found["before"].numpy(), found["after"].numpy()
    assert after[0, 1] > 0.95 > 0.7 > before[0, 1]
    assert abs(after[0, 2] - before[0, 2]) < 0.1


@check
def activation_statistics(found: Names) -> None:
    std = found["std"].numpy()
    assert found["count"] > 1000
    assert std[15].argmax() == 507
    assert std[15].max() > 50 * np.median(std[15])


@check
def export_trace(found: Names) -> None:
    assert found["here"].tolist() == found["there"].tolist()
    assert found["model"].tokenizer.pieces(found["here"])[0] == " Paris"


@pytest.mark.parametrize("name", cookbook.names())
def test_recipe(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    script = cookbook.SCRIPTS / f"{name}.py"
    for model in MODELS:
        if f'"{model}"' in script.read_text(encoding="utf-8"):
            path_of(model)
    monkeypatch.setenv("MPLBACKEND", "Agg")
    monkeypatch.setenv("PELLUCID_MODELS", os.environ.get("PELLUCID_MODELS", str(ROOT / ".models")))
    monkeypatch.setenv("PELLUCID", os.environ.get("PELLUCID", str(cookbook.PELLUCID)))
    monkeypatch.chdir(tmp_path)
    found = runpy.run_path(str(script), run_name="__main__")
    CHECKS[name](found)
    page = (cookbook.PAGES / f"{name}.md").read_text(encoding="utf-8")
    printed = capsys.readouterr().out
    _, shown = cookbook.shown(page)
    assert cookbook.agrees(printed, shown), (
        f"`python tools/cookbook.py {name}` writes the page anew"
    )
    pictures = sorted(path.name for path in tmp_path.glob("*.png"))
    assert cookbook.page(name, shown, pictures) == page


def test_every_script_is_in_the_list_and_is_checked() -> None:
    scripts = {path.stem for path in cookbook.SCRIPTS.glob("*.py")}
    assert scripts == set(cookbook.names()) == set(CHECKS)
    assert (cookbook.PAGES / "index.md").read_text(encoding="utf-8") == cookbook.contents()


@pytest.mark.parametrize("name", cookbook.names())
def test_a_script_is_short_and_says_whose_idea_it_is(name: str) -> None:
    lines = [line for line in cookbook.code(name).splitlines() if line.strip()]
    assert len(lines) <= 40
    source = (cookbook.SCRIPTS / f"{name}.py").read_text(encoding="utf-8")
    assert len((ast.get_docstring(ast.parse(source)) or "").splitlines()) > 2


@pytest.mark.parametrize(
    ("printed", "expected"),
    [("loss 1.25 nats", "loss 1.26 nats"), ("a   -0.00", "a 0.00"), ("layer 12\n", "layer 12")],
)
def test_outputs_that_agree(printed: str, expected: str) -> None:
    assert cookbook.agrees(printed, expected)


@pytest.mark.parametrize(
    ("printed", "expected"),
    [("loss 1.25", "loss 1.35"), ("layer 12", "layer 13"), ("' Paris'", "' Rome'"), ("1.0", "")],
)
def test_outputs_that_do_not(printed: str, expected: str) -> None:
    assert not cookbook.agrees(printed, expected)
