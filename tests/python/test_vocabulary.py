"""Names that all models share, and a user's own: they give what the real paths give."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import pellucid as pl

TINY = Path(__file__).resolve().parents[1] / "fixtures" / "tiny"
DECODERS = sorted(path.parent for path in TINY.glob("*/config.json") if path.parent.name != "bert")
PROMPT = "The Eiffel Tower is in the city of"
WORDS = ("embed", "layers", "norm_f", "unembed")


@pytest.fixture(scope="module", params=DECODERS, ids=lambda path: path.name)
def model(request: pytest.FixtureRequest) -> pl.LanguageModel:
    return pl.LanguageModel(request.param)


def real(model: pl.LanguageModel) -> dict[str, str]:
    """What each name stands for: a path of the model's own list of modules, or a site's."""
    return {name: target for name, _, target in model._model.aliases()}


def site(model: pl.LanguageModel, name: str) -> tuple[pl.Envoy, str]:
    """The module and point of a name like `layers.0.attn.output`, by real paths only."""
    paths = real(model)
    module, _, point = name.rpartition(".")
    path = paths.get(name) or f"{paths[module]}.{point}"
    module, _, point = path.rpartition(".")
    assert module in {path for path, _, _, _ in model._model.modules()}
    return model[module], point


def test_one_script_reads_what_the_real_paths_give(model: pl.LanguageModel) -> None:
    saved = {}
    with model.trace(PROMPT):
        saved["embed.output"] = model.embed.output.save()
        for i, layer in enumerate(model.layers):
            saved[f"layers.{i}.input"] = layer.input.save()
            saved[f"layers.{i}.attn.pattern"] = layer.attn.pattern.save()
            saved[f"layers.{i}.attn.heads"] = layer.attn.heads.save()
            saved[f"layers.{i}.attn.output"] = layer.attn.output.save()
            saved[f"layers.{i}.mlp.input"] = layer.mlp.input.save()
            saved[f"layers.{i}.mlp.output"] = layer.mlp.output.save()
            saved[f"layers.{i}.output"] = layer.output.save()
        saved["norm_f.output"] = model.norm_f.output.save()
        saved["unembed.output"] = model.unembed.output.save()
        again = model.unembed(model.norm_f(model.layers[-1].output)).save()
    with model.trace(PROMPT):
        expected = {}
        for name in saved:
            module, point = site(model, name)
            expected[name] = getattr(module, point).save()
    for name, value in saved.items():
        np.testing.assert_array_equal(value, expected[name], err_msg=name)
        if name.endswith("heads"):
            assert value.shape[:2] == (1, len(model.tokens(PROMPT)))
            assert value.ndim == 4
    np.testing.assert_allclose(again, saved["unembed.output"], atol=1e-5)


def test_heads_are_written_through(model: pl.LanguageModel) -> None:
    def ablated(module: pl.Envoy, point: str) -> NDArray[np.float32]:
        with model.trace(PROMPT):
            getattr(module, point)[:, :, 1] = 0.0
            logits = model.unembed.output[:, -1].save()
        return np.asarray(logits)

    with model.trace(PROMPT):
        plain = model.unembed.output[:, -1].save()
    by_name = ablated(model.layers[1].attn, "heads")
    by_path = ablated(*site(model, "layers.1.attn.heads"))
    np.testing.assert_array_equal(by_name, by_path)
    assert np.abs(by_name - np.asarray(plain)).max() > 1e-4


def test_a_site_has_one_value_under_all_names(gpt2: pl.LanguageModel) -> None:
    with gpt2.trace(PROMPT) as tracer:
        gpt2.layers[0].output[:, -1] = 0.0
        changed = gpt2.transformer.h[0].output.save()
        gpt2.transformer.h[1].attn.z = gpt2.layers[1].attn.heads * 0.0
        heads = gpt2.layers[1].attn.heads.save()
    assert not np.asarray(changed)[:, -1].any()
    assert not np.asarray(heads).any()
    assert "transformer.h.1.attn.z" in tracer.text
    assert "layers.0" not in tracer.text.replace("transformer.h", "")


def test_names_are_envoys_of_the_modules(llama: pl.LanguageModel, gpt2: pl.LanguageModel) -> None:
    assert llama.layers[1].attn is llama.model.layers[1].self_attn is llama["layers.1.attn"]
    assert llama.layers.path == "model.layers"
    assert gpt2.layers[0].attn.path == "transformer.h.0.attn"
    assert (gpt2.embed.path, gpt2.norm_f.path, gpt2.unembed.path) == (
        "transformer.wte",
        "transformer.ln_f",
        "lm_head",
    )
    assert set(WORDS) <= set(dir(llama))
    assert {"attn", "mlp", "self_attn"} <= set(dir(llama.layers[0]))
    assert (
        llama.layers[0].attn.sites["heads"] == llama.layers[0].attn.sites["z"] == ("b", "s", 4, 8)
    )


def test_an_encoder_has_what_it_shares_with_decoders() -> None:
    bert = pl.Model(TINY / "bert")
    layer = bert.layers[0]
    with bert.trace([5, 6, 7]) as tracer:
        heads, pattern = layer.attn.heads.save(), layer.attn.pattern.save()
        out = layer.mlp.output.save()
        embedded = bert.embed.output.save()
        whole, after = layer.output.output.save(), bert.layers[1].input.save()
    np.testing.assert_array_equal(whole, after)  # `layer.output` is a module of Hugging Face's
    assert (heads.ndim, pattern.shape[-2:], out.shape) == (4, (3, 3), embedded.shape)
    assert "encoder.layer.0.attention.self.z" in tracer.text


def test_skips_and_errors_take_the_names(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        llama.layers[1].mlp.skip(llama.layers[1].mlp.input)
        logits = llama.unembed.output.save()
    with llama.trace(PROMPT):
        llama.model.layers[1].mlp.skip(llama.model.layers[1].mlp.input)
        expected = llama.lm_head.output.save()
    np.testing.assert_array_equal(logits, expected)
    with pytest.raises(pl.PathError, match="did you mean `norm_f`"):
        _ = llama.norm_g
    with pytest.raises(pl.PathError, match="did you mean `heads`"):
        _ = llama.layers[0].attn.head
    with pytest.raises(pl.PathError, match=r"did you mean `layers\.0\.attn`"):
        _ = llama["layers.0.atn"]
    with pytest.raises(pl.ArgumentError, match="is a module, not a value"):
        llama.unembed = 1


def test_print_shows_the_names(llama: pl.LanguageModel, gpt2: pl.LanguageModel) -> None:
    for model, path in ((llama, "model.layers.*.self_attn.z"), (gpt2, "transformer.h.*.attn.z")):
        lines = [line.split() for line in repr(model).splitlines()]
        line = next(line for line in lines if path in line)
        assert line[-1] == "layers.*.attn.heads"
        ends = {line[-1] for line in lines}
        assert {*WORDS, "layers.*", "layers.*.attn", "layers.*.mlp"} <= ends
        assert "layers.*.attn.heads" in model._repr_html_()


def test_renames() -> None:
    rename = {
        "transformer.h": "blocks",
        "mlp": ["ffn", "feed_forward"],
        "attn.z": "attn.mixed",
        "attn.c_proj": "attn.o_proj",
        "GPT2Attention": "attention",
        "*.wte": "tokens_in",
        "model.layers": "blocks",
        "transformer.h.*.ln_1.output": "normed.*",
    }
    model = pl.LanguageModel(TINY / "gpt2", rename=rename)
    block = model.blocks[1]
    assert block is model.transformer.h[1] is model.layers[1]
    assert block.ffn is block.feed_forward is block.mlp
    assert block.attn.o_proj is block.attn.c_proj
    assert block.attention is block.attn
    assert model.tokens_in is model.embed
    with model.trace(PROMPT) as tracer:
        value: Any = block.attn.mixed  # to checkers, a name of one's own is a module
        mixed, z = value.save(), block.attn.z.save()
        normed = model["normed"]
        one, other = getattr(normed, "1").save(), block.ln_1.output.save()
    np.testing.assert_array_equal(mixed, z)
    np.testing.assert_array_equal(one, other)
    assert "mixed" not in tracer.text
    assert "blocks.*.ffn" not in repr(model)  # a rename is shown where it was given
    assert "transformer.h.*.ffn" in repr(model)


def test_names_of_sites_alone_are_no_modules() -> None:
    rename = {"self_attn.input": "mixer.input", "self_attn.output": "mixer.output"}
    model = pl.LanguageModel(TINY / "llama", rename=rename)
    mixer = model.layers[0].mixer
    assert mixer.sites == {"input": ("b", "s", 32), "output": ("b", "s", 32)}
    with model.trace(PROMPT):
        mixer.output[:] = 0.0
        gone = model.layers[0].attn.output.save()
    assert not np.asarray(gone).any()
    with (
        pytest.raises(pl.PathError, match=r"no module `model.layers.0.mixer`"),
        model.trace(PROMPT),
    ):
        mixer.skip(model.layers[0].input)


@pytest.mark.parametrize(
    ("rename", "message"),
    [
        ({"model.norm": "lm_head"}, "cannot call `model.norm` `lm_head`"),
        ({"mlp": "self_attn"}, "that is the name of `model.layers.0.self_attn`"),
        ({"mlp": "x", "self_attn": "x"}, "cannot call `model.layers.0.self_attn`"),
        ({"self_attn.z": "self_attn.output"}, "is the name of"),
        ({"model.norm": "trace"}, "cannot call `model.norm` `trace`"),
        ({"mlp": "skip"}, "cannot call `model.layers.0.mlp` `skip`"),
        ({"mlp": "a b"}, "`a b` cannot be a name"),
    ],
)
def test_names_that_are_taken(rename: dict[str, str], message: str) -> None:
    with pytest.raises(pl.ArgumentError) as error:
        pl.LanguageModel(TINY / "llama", rename=rename)
    assert message in str(error.value)


def test_a_rename_may_take_a_name_of_the_vocabulary() -> None:
    model = pl.LanguageModel(
        TINY / "llama", rename={"model.norm": "embed", "nothing": "nothing_else"}
    )
    assert model.embed is model.model.norm
