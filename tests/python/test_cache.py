"""`tracer.cache`: many modules saved at once, by path, by pattern and along the model's tree."""

import inspect

import numpy as np
import pytest

import pellucid as pl

PROMPT = [1, 2, 3, 4, 5, 6, 7]
OTHER = [9, 8, 7, 6]


def test_all_modules_in_the_order_in_which_they_run(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT) as tracer:
        cache = tracer.cache()
        reads = {path: llama[path].output.save() for path in ("model.layers.0.mlp", "lm_head")}
    outputs = [path for path, point, *_ in llama._model.sites() if point == "output"]
    assert list(cache) == list(cache.keys()) == outputs
    assert len(cache) == len(outputs) == 31
    for path, read in reads.items():
        np.testing.assert_array_equal(cache[path].output.numpy(), read.numpy())
    assert cache["model"].output.shape == (1, 7, 32)
    assert cache.output.shape == cache[""].output.shape == (1, 7, 384)
    assert {cached.output.is_symbolic for cached in cache.values()} == {False}


def test_places_have_all_their_names(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT) as tracer:
        cache = tracer.cache(include_inputs=True)
    attn = cache.model.layers[1].self_attn.output
    assert cache.layers[1].attn.output is attn
    assert cache["model.layers.1.self_attn"].output is attn
    assert cache["layers.1.attn"].output is attn
    assert cache.layers[-1]["attn"].output is attn
    assert [layer.attn.output for layer in cache.layers][1] is attn
    assert [layer.path for layer in cache.layers[:1]] == ["model.layers.0"]
    assert len(cache.layers) == 2
    assert cache.layers[1].input.numpy().tolist() == cache.layers[0].output.numpy().tolist()
    assert {"mlp", "attn", "output"} <= set(dir(cache.layers[0]))
    assert repr(cache.norm_f) == (
        "Cached(model.norm, input=float32[1, 7, 32], output=float32[1, 7, 32])"
    )


LAYERS = ["model.layers.0", "model.layers.1"]
CHOICES = [
    ("model.layers.0", ["model.layers.0"]),
    ("model.layers.*", LAYERS),
    ("model.layers", LAYERS),
    ("layers.?", LAYERS),
    ("model.layers.*.mlp", [f"{layer}.mlp" for layer in LAYERS]),
    ("layers.*.attn", [f"{layer}.self_attn" for layer in LAYERS]),
    ("**.up_proj", [f"{layer}.mlp.up_proj" for layer in LAYERS]),
    ("model.layers.1.mlp.[gu]*", [f"model.layers.1.mlp.{x}_proj" for x in ("gate", "up")]),
    ("*", ["model", "lm_head"]),
    (["lm_head", "model.layers.*", "unembed"], [*LAYERS, "lm_head"]),
    ("", [""]),
    ([], []),
]


@pytest.mark.parametrize(("modules", "paths"), CHOICES)
def test_modules_are_chosen_by_path_and_pattern(
    modules: object, paths: list[str], llama: pl.LanguageModel
) -> None:
    with llama.trace(PROMPT) as tracer:
        cache = tracer.cache(modules)
    assert list(cache) == paths
    assert all(path in cache for path in paths)
    assert "model.norm" not in cache


def test_modules_are_chosen_by_envoy(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT) as tracer:
        one = tracer.cache(llama.layers[0].mlp)
        many = tracer.cache(llama.model.layers)
        mixed = tracer.cache([llama.lm_head, *llama.layers])
    assert list(one) == ["model.layers.0.mlp"]
    assert list(many) == LAYERS
    assert list(mixed) == [*LAYERS, "lm_head"]


def test_it_holds_what_passed_through_after_writes(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT) as tracer:
        cache = tracer.cache("layers.*", include_inputs=True)
        llama.layers[0].output[:] = 0
    assert not cache.layers[0].output.numpy().any()
    assert not cache.layers[1].input.numpy().any()
    assert cache.layers[0].input.numpy().any()


def test_each_invoke_has_its_own(llama: pl.LanguageModel) -> None:
    with llama.trace() as tracer:
        with tracer.invoke(PROMPT):
            first = tracer.cache(llama.layers)
        with tracer.invoke([OTHER, OTHER]):
            second = tracer.cache(llama.layers)
            llama.layers[1].output[:, -1] = first.layers[1].output[0, -1]
    with llama.trace(PROMPT):
        alone = llama.layers[1].output.save()
    np.testing.assert_array_equal(first.layers[1].output.numpy(), alone.numpy())
    assert second.layers[0].output.shape == (2, 4, 32)
    np.testing.assert_array_equal(second.layers[1].output.numpy()[1, -1], alone.numpy()[0, -1])


def test_floats_are_converted_and_ids_are_not(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT) as tracer:
        half = tracer.cache(["model.embed_tokens"], include_inputs=True, dtype="float16")
        full = tracer.cache(["model.embed_tokens"])
    assert half.embed.output.dtype == pl.float16
    assert half.embed.input.dtype == pl.int64
    assert half.embed.input.tolist() == [PROMPT]
    want = full.embed.output.numpy().astype(np.float16)
    np.testing.assert_array_equal(half.embed.output.numpy(), want)


def test_numpy_takes_all_of_it(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT) as tracer:
        cache = tracer.cache([llama.layers[0], ""], include_inputs=True).save()
    arrays = cache.numpy()
    assert list(arrays) == ["model.layers.0.input", "model.layers.0.output", "input", "output"]
    assert arrays["output"].shape == (1, 7, 384)
    assert cache.get("lm_head") is None
    assert cache.get("layers.0").path == "model.layers.0"
    assert "layers.1" not in cache
    assert "model.nowhere" not in cache


def test_modules_that_do_not_run_are_left_out(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT) as tracer:
        cache = tracer.cache()
        llama.layers[0].skip(llama.layers[0].input)
        llama.layers[1].attn.heads[:] = 0
        tracer.stop()
    assert list(cache) == [
        "model.embed_tokens",
        "model.layers.0",
        "model.layers.1.input_layernorm",
        *(f"model.layers.1.self_attn.{name}_proj" for name in "qkv"),
    ]
    with pytest.raises(pl.TraceError, match=r"`model.norm.output` was not cached: .* did not run"):
        _ = cache.norm_f.output


def wrong(tracer: pl.Tracer, modules: object) -> None:
    tracer.cache(modules)  # HERE


@pytest.mark.parametrize(
    ("modules", "kind", "message", "help"),
    [
        (
            "model.layers.*.mpl",
            pl.PathError,
            "`model.layers.*.mpl` matches no module",
            "did you mean `model.layers.*.mlp`?",
        ),
        (
            "**.zzz",
            pl.PathError,
            "`**.zzz` matches no module",
            "the model has the modules model, lm_head, generator, embed, layers, norm_f, unembed, "
            "embed_tokens",
        ),
        (
            "lm_head.*",
            pl.PathError,
            "`lm_head.*` matches no module",
            "`lm_head` has no modules below",
        ),
        (
            ["model.layers.0.mpl"],
            pl.PathError,
            "`llama` has no module `model.layers.0.mpl`",
            "did you mean `model.layers.0.mlp` or `model.layers.1.mlp` or `model.layers.0`?",
        ),
        (
            [3],
            pl.ArgumentError,
            "`tracer.cache`: a `int` is no module",
            "modules, their paths, and patterns of paths will do",
        ),
    ],
)
def test_wrong_modules(
    modules: object, kind: type[Exception], message: str, help: str, llama: pl.LanguageModel
) -> None:
    with pytest.raises(pl.PellucidError) as raised, llama.trace(PROMPT) as tracer:
        wrong(tracer, modules)
    assert isinstance(raised.value, kind)
    assert (raised.value.message, raised.value.help) == (message, help)
    lines, first = inspect.getsourcelines(wrong)
    assert raised.value.line == first + next(i for i, s in enumerate(lines) if "HERE" in s)


def test_what_is_not_there(llama: pl.LanguageModel, gpt2: pl.LanguageModel) -> None:
    with llama.trace(PROMPT) as tracer:
        cache = tracer.cache("model.layers.*")
        with pytest.raises(pl.TraceError, match="is cached when the invoke of the cache ends"):
            _ = cache.layers[0].output
        with pytest.raises(pl.ArgumentError, match="`device` cannot be `cuda`"):
            tracer.cache(device="cuda")
        with pytest.raises(pl.DTypeError, match="no element type `float8`"):
            tracer.cache(dtype="float8")
        with pytest.raises(pl.ArgumentError, match="is a module of another model"):
            tracer.cache(gpt2.lm_head)
    for use, message in (
        (lambda: cache.norm_f.output, "`model.norm.output` was not cached"),
        (lambda: cache.layers[0].input, "`model.layers.0.input` was not cached"),
        (lambda: cache.layers[0].mpl, "has no module or site `mpl`"),
        (lambda: cache["model.nrm"], "has no module `model.nrm`"),
        (lambda: cache.layers[2], "2 is out of range"),
    ):
        with pytest.raises(pl.PellucidError, match=message):
            use()
    with pytest.raises(pl.TraceError, match=r"`tracer.cache` outside of an invoke"):
        with llama.trace() as tracer:
            tracer.cache()


def test_one_script_for_every_architecture(gpt2: pl.LanguageModel) -> None:
    with gpt2.trace(PROMPT) as tracer:
        cache = tracer.cache("layers.*.attn")
    assert list(cache) == ["transformer.h.0.attn", "transformer.h.1.attn"]
    assert cache.layers[0].attn.output is cache.transformer.h[0].attn.output


def test_modules_that_an_edit_skips_are_left_out(llama: pl.LanguageModel) -> None:
    with llama.edit() as edited:
        edited.layers[0].skip(edited.layers[0].input)
    with edited.trace(PROMPT) as tracer:
        cache = tracer.cache("layers.*.mlp")
    assert list(cache) == ["model.layers.1.mlp"]
    with llama.trace() as tracer:
        with tracer.invoke(PROMPT):
            pass
        with tracer.invoke():
            cache = tracer.cache("layers.*.mlp")
            llama.layers[0].skip(llama.layers[0].input)
    assert list(cache) == ["model.layers.1.mlp"]
