"""What notebooks show: well-formed, self-contained, escaped, and saying what it should."""

import re
from html.parser import HTMLParser

import numpy as np
import pytest

import pellucid as pl

VOID = {"br", "hr", "img", "input", "meta", "link"}


class Page(HTMLParser):
    """Text of a page; every element that is opened must be closed where it belongs."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.feed(html)
        assert not self.open
        assert not self.tags & {"script", "img", "link", "iframe", "a"}
        assert not re.search(r"https?:|url\(|@import|\bsrc=|\bon\w+=", html)

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words += data.split()

    @property
    def text(self) -> str:
        return " ".join(self.words)


def shown(thing: object) -> str:
    return Page(thing._repr_html_()).text


TENSORS = [
    (pl.tensor(2.5), ["tensor [] float32 4 B", "2.5"]),
    (pl.tensor([[1, 2, 3]]), ["[1, 3] int64 24 B", "min 1 · mean 2 · max 3", "0 1 2 0 1 2 3"]),
    (pl.tensor([1.0, float("nan"), float("inf")]), ["1 NaN · 1 infinite", "nan inf"]),
    (pl.tensor([float("nan")] * 60), ["60 NaN"]),
    (pl.tensor([True, False]), ["1 of 2 are true", "True False"]),
    (pl.tensor(np.zeros((0, 3))), ["[0, 3] float64 0 B", "no elements"]),
    (pl.tensor(np.zeros((5, 50))), ["0 1 2 3 … 46 47 48 49"]),
    (pl.tensor(np.ones((2, 3, 20, 50))), ["[0, 0, :, :]", "made at", "test_html.py"]),
    (pl.tensor([1.5, 2.5]).bfloat16(), ["bfloat16 4 B", "1.5 2.5"]),
    (pl.tensor([1e4] * 90).half(), ["mean 1e+04"]),
]


@pytest.mark.parametrize(("tensor", "parts"), TENSORS)
def test_tensors(tensor: pl.Tensor, parts: list[str]) -> None:
    text = shown(tensor)
    for part in parts:
        assert part in text


def test_values_of_a_trace(llama: pl.LanguageModel) -> None:
    with llama.trace([1, 2, 3]):
        text = shown(llama.model.norm.output)
    assert "tensor [1, 3, 32] float32" in text
    assert ".save() keeps them" in text


def test_traces(llama: pl.LanguageModel, tmp_path) -> None:
    tracer = llama.trace("the <b>cat</b> & dog")
    assert "not entered yet" in shown(tracer)
    with tracer:
        for layer in llama.model.layers:
            layer.output[:, -1] *= 0.5
        llama.model.layers[1].mlp.skip(llama.model.layers[1].mlp.input)
        llama.lm_head(llama.model.norm.output)[:, -1].save("lens")
        during = shown(tracer)
    after = shown(tracer)
    assert "being recorded" in during
    assert "has ended" in after
    assert '"the <b>cat</b> & dog"' in after
    for part in (
        "model.layers.0.output read write",
        "model.layers.1.mlp skip",
        "lm_head apply",
        "result lens: f32[1, 384]",
        "tokens, 0.001 GFLOP",
        "plan model llama",
        "text pellucid 2",
    ):
        assert part in after
    tracer.save(tmp_path / "a.trace")
    assert f"for llama 16 statements {tracer.hash[:12]}" in shown(
        pl.load_trace(tmp_path / "a.trace")
    )


def test_a_trace_that_cannot_run_says_why(llama: pl.LanguageModel) -> None:
    with pytest.raises(pl.OrderError), llama.trace([1, 2]) as tracer:
        llama.model.layers[0].output = llama.model.layers[1].output
        text = shown(tracer)
    assert "which the model computes later" in text


def test_models(llama: pl.LanguageModel) -> None:
    text = shown(llama)
    assert text.startswith("llama llama float32 128 positions 384 tokens LlamaForCausalLM [b, s]")
    assert "0-1: 2 × LlamaDecoderLayer model.layers.*" in text
    assert ".pattern model.layers.*.self_attn.pattern [b, 4, s, keys]" in text
    mlp = shown(llama.model.layers[1].mlp)
    assert mlp.startswith("model.layers.1.mlp 6.14 k weights LlamaMLP model.layers.1.mlp")
