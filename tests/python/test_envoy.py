"""The tree of envoys: names, order, completion, and what `print` shows."""

import inspect
import re

import pytest

import pellucid as pl


def test_paths_and_order(llama: pl.LanguageModel) -> None:
    layers = llama.model.layers
    assert layers[1].mlp.path == "model.layers.1.mlp"
    assert layers[-1] is layers[1] is llama["model.layers.1"] is llama.model["layers.1"]
    assert [layer.path for layer in layers] == ["model.layers.0", "model.layers.1"]
    assert (len(layers), layers[:1]) == (2, [layers[0]])
    assert layers[0].self_attn.sites["pattern"] == ("b", 4, "s", "keys")
    assert layers[0].self_attn.kind == "LlamaAttention"


def test_completion_offers_modules_and_sites(llama: pl.LanguageModel) -> None:
    names = dir(llama.model.layers[0].self_attn)
    assert {"q_proj", "o_proj", "pattern", "scores", "z", "input", "output", "path"} <= set(names)
    assert "lm_head" in dir(llama)


def test_names_that_are_not_there(llama: pl.LanguageModel) -> None:
    assert not hasattr(llama, "transformer")
    with pytest.raises(pl.PathError, match="did you mean `lm_head`"):
        _ = llama.lm_haed
    with pytest.raises(pl.PathError, match="has no module or site `foo`"):
        llama.lm_head.foo = 1


def test_print_folds_layers_and_shows_shapes(llama: pl.LanguageModel) -> None:
    text = repr(llama)
    assert text.splitlines()[0].startswith("LlamaForCausalLM(")
    assert "(0-1): 2 x LlamaDecoderLayer(" in text
    line = next(line for line in text.splitlines() if ".pattern" in line)
    assert line.split() == [
        ".pattern",
        "model.layers.*.self_attn.pattern",
        "[b,",
        "4,",
        "s,",
        "keys]",
    ]
    assert text.splitlines()[-1] == ")"
    assert repr(llama.lm_head).split("  ")[-2:] == ["[b, s, 32] -> [b, s, 384]", "unembed"]


def test_checkers_and_editors_know_every_site(
    llama: pl.LanguageModel, gpt2: pl.LanguageModel
) -> None:
    source = inspect.getsource(pl.Envoy)
    declared = {
        name.strip()
        for names in re.findall(r"^ +([a-z_, ]+) = Site\(\)", source, re.M)
        for name in names.split(",")
    }
    models = (llama._model, gpt2._model)
    points = {point for m in models for _, point, _, _ in (*m.sites(), *m.generator_sites())}
    assert points <= declared


def test_print_shows_what_a_generation_has(llama: pl.LanguageModel) -> None:
    lines = [line.split() for line in repr(llama).splitlines() if "generator" in line]
    assert lines[1] == [".logits", "generator.logits", "[b,", "384]"]
    assert lines[2] == [".token", "generator.token", "[b]", "generator.streamer.output"]


def test_what_the_model_says_of_itself(llama: pl.LanguageModel) -> None:
    assert (llama.name, llama.model_type) == ("llama", "llama")
    assert (llama.n_ctx, llama.vocab_size, llama.dtype) == (128, 384, pl.float32)


def test_inputs_are_arguments(llama: pl.LanguageModel) -> None:
    def logits(change) -> list[float]:
        with llama.trace([1, 2, 3]):
            change(llama.layers[1].mlp)
            out = llama.lm_head.output.save()
        return out.tolist()

    def by_input(mlp) -> None:
        mlp.input = mlp.input * 2

    def by_inputs(mlp) -> None:
        args, kwargs = mlp.inputs
        assert (len(args), kwargs) == (1, {})
        mlp.inputs = ((args[0] * 2,), {})

    def by_keyword(mlp) -> None:
        mlp.inputs = ((), {"hidden_states": mlp.input * 2})

    def in_place(mlp) -> None:
        mlp.inputs[0][0][:] *= 2

    assert logits(by_input) == logits(by_inputs) == logits(by_keyword) == logits(in_place)
    assert logits(by_input) != logits(lambda mlp: None)
    with pytest.raises(pl.ArgumentError, match=r"one positional argument, got 2 values"):
        with llama.trace([1, 2, 3]):
            llama.layers[1].inputs = ((llama.layers[1].input,), {"attention_mask": 1.0})
    with pytest.raises(pl.ArgumentError, match="got a `Tensor`"), llama.trace([1, 2, 3]):
        llama.layers[1].inputs = llama.layers[1].input


def test_the_tree_by_its_paths(llama: pl.LanguageModel) -> None:
    layer = llama.get("model.layers.0")
    assert layer is llama.model.layers[0] is llama.get("layers.0")
    assert layer.get("mlp.up_proj") is layer.mlp.up_proj
    assert layer.parent is llama.model.layers
    assert (llama.parent, llama.model.parent) == (None, llama)
    assert [e.path for e in layer.mlp.modules()] == [
        "model.layers.0.mlp",
        "model.layers.0.mlp.gate_proj",
        "model.layers.0.mlp.up_proj",
        "model.layers.0.mlp.down_proj",
        "model.layers.0.mlp.act_fn",
    ]
    assert dict(llama.named_modules())["model.layers.1.mlp"] is llama.layers[1].mlp
    norms = llama.named_modules(lambda envoy: envoy.kind == "LlamaRMSNorm")
    assert len(norms) == 5
    assert norms[-1] == ("model.norm", llama.norm_f)
    with pytest.raises(pl.PathError, match=r"model\.layers\.0\.mpl"):
        llama.get("model.layers.0.mpl")
    with llama.trace([1, 2, 3]):
        assert llama.get("model.layers.0.mlp.output").shape == (1, 3, 32)
