"""Wrong inputs raise at the user's own line, with a code, expected and got, and what to do next."""

import gc
import inspect
import re
import warnings
from collections.abc import Callable

import numpy as np
import pytest

import pellucid as pl

PROMPT = [1, 2, 3, 4, 5, 6, 7]


def later(llama: pl.LanguageModel) -> None:
    late = llama.model.layers[1].output
    llama.model.layers[0].output = late  # HERE


CASES: list[tuple[Callable[[pl.LanguageModel], object], type[Exception], str, str]] = [
    (
        lambda m: m.tokenizer.id("xyz"),
        ValueError,
        "bad-argument",
        "`xyz` is 3 tokens, not one: `x`, `y`, `z`\nhelp: `encode(text)` gives them all",
    ),
    (
        lambda m: m.model.layers[0].mpl,
        AttributeError,
        "unknown-module",
        "`model.layers.0` has no module or site `mpl`\nhelp: did you mean `mlp`?",
    ),
    (
        lambda m: m.model.layers[0].experts,
        AttributeError,
        "unknown-module",
        "`model.layers.0` has no module or site `experts`\nhelp: it has the modules self_attn, "
        "mlp, input_layernorm, post_attention_layernorm and the sites input, output",
    ),
    (
        lambda m: m.model.layers[0].self_attn.patern,
        AttributeError,
        "unknown-module",
        "`model.layers.0.self_attn` has no module or site `patern`\nhelp: did you mean `pattern`?",
    ),
    (
        lambda m: m["model.layers.0.mpl"],
        AttributeError,
        "unknown-module",
        "`llama` has no module `model.layers.0.mpl`\n"
        "help: did you mean `model.layers.0.mlp` or `model.layers.1.mlp` or `model.layers.0`?",
    ),
    (
        lambda m: m.model.layers[2],
        IndexError,
        "index-out-of-range",
        "`model.layers` has 2 modules, 2 is out of range",
    ),
    (
        lambda m: setattr(m.model.layers[0], "output", m.lm_head.output),
        ValueError,
        "shape-mismatch",
        "cannot write `model.layers.0.output`: the value has shape [1, 7, 384], "
        "the site [1, 7, 32]",
    ),
    (
        lambda m: m.model.norm.output + m.lm_head.output,
        ValueError,
        "shape-mismatch",
        "`add`: shapes [1, 7, 32] and [1, 7, 384] do not broadcast",
    ),
    (
        lambda m: m.model.norm.output @ np.zeros((32, 2), np.float16),
        TypeError,
        "dtype-mismatch",
        "`matmul`: element types differ: f32[1, 7, 32] and f16[32, 2]\n"
        "help: `.to(...)` converts one of them",
    ),
    (
        lambda m: m.model.norm.output[:, 7],
        IndexError,
        "index-out-of-range",
        "index 7 is out of range for axis 1 of length 7 (shape [1, 7, 32])",
    ),
    (
        lambda m: m.model.norm.output["x"],
        TypeError,
        "bad-argument",
        "`'x'` cannot be an index\n"
        "help: integers, slices, `None`, `...` and tensors of integers or bool can",
    ),
    (
        lambda m: m.model.norm.output.softmax(dim=3),
        ValueError,
        "bad-argument",
        "`softmax`: dim 3 is out of range for a tensor with 3 axes (-3 to 2)",
    ),
    (
        lambda m: m.model.norm.output.softmax(dim="x"),
        TypeError,
        "bad-argument",
        "`softmax`: `dim` must be an axis, got `x`",
    ),
    (
        lambda m: m.model.norm.output + object(),
        TypeError,
        "bad-argument",
        "cannot make a tensor of a `object`\nhelp: tensors of this package, NumPy and PyTorch, "
        "numbers, and lists of numbers will do",
    ),
    (
        lambda m: bool(m.model.norm.output.sum() > 0),
        RuntimeError,
        "not-concrete",
        "the truth of a value (bool[]) cannot be known while its trace is recorded\nhelp: "
        "`pl.where` chooses by elements, `pl.cond` between computations, `pl.while_loop` repeats "
        "one; or `.save()` it and look after the block",
    ),
    (
        lambda m: m.model.norm.output.to("complex64"),
        TypeError,
        "dtype-mismatch",
        "there is no element type `complex64`\nhelp: the types are bool, uint8, int32, int64, "
        "float16, bfloat16, float32, float64",
    ),
    (
        lambda m: m.model.norm(m.lm_head.output),
        ValueError,
        "shape-mismatch",
        "`model.norm` takes f32[..., 32], got f32[1, 7, 384]",
    ),
    (
        lambda m: setattr(m, "lm_head", 0),
        ValueError,
        "bad-argument",
        "`lm_head` is a module, not a value\nhelp: write to its `input` or `output`",
    ),
    (
        lambda m: m.trace(PROMPT).__enter__(),
        RuntimeError,
        "open-trace",
        "a trace is open already, since FILE:LINE\nhelp: several prompts in one trace are "
        "`with tracer.invoke(prompt):`, one after another",
    ),
]


@pytest.mark.parametrize(("mistake", "kind", "code", "text"), CASES)
def test_in_a_trace(
    mistake: Callable[[pl.LanguageModel], object],
    kind: type[Exception],
    code: str,
    text: str,
    llama: pl.LanguageModel,
) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the nested trace never runs
        with pytest.raises(pl.PellucidError) as raised, llama.trace(PROMPT):
            mistake(llama)
    check(raised.value, kind, code, text)
    lines, first = inspect.getsourcelines(mistake)
    assert raised.value.file == __file__
    assert first <= raised.value.line < first + len(lines) + 3
    assert f"\n  --> {__file__}:{raised.value.line}" in str(raised.value)
    gc.collect()


def check(error: pl.PellucidError, kind: type[Exception], code: str, text: str) -> None:
    assert isinstance(error, kind)
    assert error.code == code
    message, _, help = text.partition("\nhelp: ")
    assert re.sub(r"/\S+:\d+", "FILE:LINE", error.message) == message
    assert re.sub(r"/\S+:\d+", "FILE:LINE", error.help or "") == help
    assert str(error).startswith(f"{error.message} [{code}]")


PROMPTS = [
    ([], "empty-prompt", "an invoke needs at least one prompt"),
    ([[]], "empty-prompt", "a prompt has no tokens"),
    ([[1], []], "empty-prompt", "a prompt has no tokens"),
    ("", "empty-prompt", "the prompt `` has no tokens"),
    ([384], "token-out-of-range", "token id 384 at position 0 is outside the vocabulary of 384"),
    ([1, -1], "token-out-of-range", "token id -1 at position 1 is not a token of any vocabulary"),
    ([0] * 129, "prompt-too-long", "a prompt has 129 tokens, `llama` takes at most 128"),
    (
        3,
        "bad-prompt",
        "a prompt cannot be a `int`\nhelp: give text, token ids, or a list of either; "
        "arrays of ids may have one or two axes",
    ),
    (np.zeros(3), "bad-prompt", "token ids must be integers, got an array of float64"),
]


@pytest.mark.parametrize(("prompt", "code", "text"), PROMPTS)
def test_prompts(prompt: object, code: str, text: str, llama: pl.LanguageModel) -> None:
    with pytest.raises(pl.PromptError) as raised:
        with llama.trace(prompt):
            raise AssertionError("the block must not be entered")
    check(raised.value, ValueError, code, text)
    assert raised.value.file == __file__
    llama_is_free(llama)


def llama_is_free(llama: pl.LanguageModel) -> None:
    """No trace was left open."""
    with llama.trace(PROMPT):
        llama.lm_head.output[:, -1].save()


def test_a_write_that_needs_a_later_value(llama: pl.LanguageModel) -> None:
    with pytest.raises(pl.OrderError) as raised, llama.trace(PROMPT):
        later(llama)
        llama.lm_head.output.save()
    text = (
        "cannot write `model.layers.0.output`: the value needs `model.layers.1.output`, "
        "which the model computes later\nhelp: `model.layers.1.output` is read at FILE:LINE; "
        "read it in another invoke of the same prompt, which then runs first"
    )
    check(raised.value, pl.PellucidError, "needs-later-value", text)
    lines, first = inspect.getsourcelines(later)
    assert raised.value.line == first + next(i for i, s in enumerate(lines) if "HERE" in s)


def test_a_value_that_was_not_saved(llama: pl.LanguageModel) -> None:
    with pytest.warns(pl.UnusedValueWarning), llama.trace(PROMPT):
        h = llama.model.norm.output * 2
    line = inspect.currentframe().f_lineno - 1
    assert h.shape == (1, 7, 32)
    for use in (
        h.numpy,
        h.tolist,
        lambda: h + 1,
        lambda: h[0],
        h.save,
        lambda: np.asarray(h),
        lambda: h.value,
    ):
        with pytest.raises(pl.TraceError) as raised:
            use()
        assert raised.value.code == "not-saved"
        assert raised.value.message == f"the value of {__file__}:{line} was not saved"
        assert raised.value.help == f"add `.save()` inside the block at {__file__}:{line}"


def test_values_and_modules_outside_of_a_trace(llama: pl.LanguageModel) -> None:
    outside = [
        (lambda: llama.lm_head.output, "`lm_head.output` outside of a trace"),
        (lambda: setattr(llama.lm_head, "output", 1), "`lm_head.output` outside of a trace"),
        (lambda: llama.lm_head.skip(1), "`lm_head.skip` outside of a trace"),
        (lambda: llama.lm_head(1), "`lm_head(...)` outside of a trace"),
    ]
    for use, message in outside:
        with pytest.raises(pl.TraceError) as raised:
            use()
        help = "values exist inside `with model.trace(prompt):`"
        check(raised.value, RuntimeError, "no-trace", f"{message}\nhelp: {help}")


def test_invokes_where_they_cannot_be(llama: pl.LanguageModel) -> None:
    with pytest.raises(pl.TraceError, match="outside of an invoke: whose rows"):
        with llama.trace():
            _ = llama.lm_head.output
    with pytest.raises(pl.TraceError, match="this trace has its prompt already"):
        with llama.trace(PROMPT) as tracer, tracer.invoke(PROMPT):
            pass
    with pytest.raises(pl.TraceError, match="an invoke cannot stand inside another"):
        with llama.trace() as tracer, tracer.invoke(PROMPT), tracer.invoke(PROMPT):
            pass
    with llama.trace(PROMPT) as tracer:
        pass
    with pytest.raises(pl.TraceError, match="has ended"):
        tracer.stop()
    with pytest.raises(pl.TraceError, match="has been entered before"), tracer:
        pass


def test_a_trace_without_with(llama: pl.LanguageModel) -> None:
    with pytest.warns(RuntimeWarning, match=r"never ran: `trace` needs `with`"):
        llama.trace(PROMPT)
        gc.collect()
    with pytest.warns(RuntimeWarning), pytest.raises(pl.TraceError, match="was never entered"):
        llama.trace(PROMPT).stop()
    gc.collect()


def test_another_model_inside_a_trace(llama: pl.LanguageModel, gpt2: pl.LanguageModel) -> None:
    with pytest.raises(pl.TraceError, match="of `gpt2` inside a trace of `llama`"):
        with llama.trace(PROMPT):
            _ = gpt2.lm_head.output


def test_the_users_own_exception_ends_the_trace(llama: pl.LanguageModel) -> None:
    with pytest.raises(ZeroDivisionError), llama.trace(PROMPT):
        h = llama.lm_head.output.save()
        1 / 0  # noqa: B018
    with pytest.raises(pl.TraceError, match="was not saved"):
        h.numpy()
    llama_is_free(llama)


def test_models_that_cannot_be_opened(tmp_path) -> None:
    with pytest.raises(pl.LoadError) as raised:
        pl.LanguageModel(tmp_path / "nothing")
    assert isinstance(raised.value, OSError)
    assert "nothing" in raised.value.message
    broken = tmp_path / "broken.gguf"
    broken.write_bytes(b"GGUF" + bytes(3))
    with pytest.raises(pl.LoadError) as raised:
        pl.LanguageModel(broken)
    assert raised.value.code == "bad-gguf"


def test_traces_that_cannot_be_read(tmp_path) -> None:
    page = tmp_path / "a.trace"
    page.write_text("pellucid 2\ninvoke 0 ids [1, 2]\n%0 = sofmax %0\n")
    with pytest.raises(pl.ArgumentError) as raised:
        pl.load_trace(page)
    assert (raised.value.code, raised.value.line) == ("unknown-op", 3)
    assert "did you mean `softmax`" in (raised.value.help or "")
    page.write_bytes(b"\x80\x04nonsense")
    with pytest.raises(pl.FormatError):
        pl.load_trace(page)
