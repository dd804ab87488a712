"""Python over known things: what people keep values in, and loops, sums and lists of values."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections import OrderedDict, defaultdict
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

import pellucid as pl

PROMPT = [1, 2, 3, 4, 5, 6, 7]


class Pair(NamedTuple):
    clean: pl.Tensor
    patched: pl.Tensor


@dataclass
class Head:
    layer: int
    pattern: pl.Tensor
    parts: dict[str, pl.Tensor] = field(default_factory=dict)


def test_save_reaches_into_every_container(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        h = llama.model.norm.output
        kept = {
            "dict": {"a": h * 1, 3: h * 2},
            "ordered": OrderedDict(a=h * 3),
            "default": defaultdict(list, a=[h * 4, "text", None]),
            "pair": Pair(h * 5, h * 6),
            "head": Head(2, h * 7, {"q": h * 8}),
            "namespace": SimpleNamespace(x=(h * 9, [h * 10])),
            "set": {h * 11},
            "top": h[0, -1].topk(2),
            "number": 5,
        }
        kept["itself"] = kept
        assert pl.save(kept) is kept
    got = [
        *kept["dict"].values(),
        kept["ordered"]["a"],
        kept["default"]["a"][0],
        *kept["pair"],
        kept["head"].pattern,
        kept["head"].parts["q"],
        kept["namespace"].x[0],
        kept["namespace"].x[1][0],
        *kept["set"],
    ]
    first = got[0].numpy()
    for i, t in enumerate(got, start=1):
        np.testing.assert_array_equal(t.numpy(), first * np.float32(i))
    assert kept["top"].indices.shape == (2,)


def test_results_are_named_by_where_they_stand(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT) as tracer:
        h = llama.model.norm.output
        pl.save({"heads": [Head(0, h * 1), Pair(h * 2, h * 3)]}, "kept")
        text = tracer.text
    for name in ("heads.0.pattern", "heads.1.clean", "heads.1.patched"):
        assert f'save "kept.{name}"' in text


def test_copies_of_containers_hold_copies_of_values(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        head = Head(0, llama.model.norm.output * 1, {"q": llama.model.norm.output * 2})
        same, deep, as_dict = copy.copy(head), copy.deepcopy(head), dataclasses.asdict(head)
        head.pattern[:] = 0
        view = copy.copy(head.pattern)
        view[0, 0] = 1
        pl.save([head, deep, as_dict])
    assert same.pattern is head.pattern
    assert (head.pattern.numpy()[0, 0] == 1).all()
    assert (head.pattern.numpy()[0, 1:] == 0).all()
    np.testing.assert_array_equal(deep.pattern.numpy() * 2, deep.parts["q"].numpy())
    np.testing.assert_array_equal(as_dict["pattern"].numpy(), deep.pattern.numpy())
    t = pl.tensor([1.0])
    assert copy.deepcopy(t).tolist() == copy.copy(t).tolist() == [1]


def test_named_results_save_themselves(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        top = llama.lm_head.output[0, -1].topk(3).save()
        best = llama.lm_head.output[0, -1].max(-1).save()
    assert top.indices.tolist()[0] == best.indices.item()
    assert top.values.numpy()[0] == best.values.item()


def test_lists_of_values_are_tensors(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        h = llama.model.norm.output[0, -1]
        grid = pl.tensor([[h[0], h[1], 0.0], [h[2], h[3], 1.0]]).save()
        flat = pl.tensor([h[0], h[1]], dtype="float64").save()
        nested = pl.stack([[h[0], h[1]], [h[2], h[3]]]).save()
        added = (h[:2] * [h[2], 1.0]).save()
        h.save()
    x = h.numpy()
    np.testing.assert_array_equal(grid.numpy(), [[x[0], x[1], 0], [x[2], x[3], 1]])
    np.testing.assert_array_equal(flat.numpy(), x[:2].astype(np.float64))
    np.testing.assert_array_equal(nested.numpy(), x[:4].reshape(2, 2))
    np.testing.assert_array_equal(added.numpy(), [x[0] * x[2], x[1]])
    pair = pl.tensor([pl.tensor(1.5).bfloat16(), pl.tensor(2.0).bfloat16()])
    assert (pair.dtype, pair.tolist()) == ("bfloat16", [1.5, 2])
    with pytest.raises(pl.ShapeError, match="differ"):
        pl.tensor([pl.tensor([1.0]), pl.tensor([1.0, 2.0])])


def test_python_over_known_things(llama: pl.LanguageModel) -> None:
    layers = llama.model.layers
    with llama.trace(PROMPT):
        by_layer = {i: layer.output[:, -1] for i, layer in enumerate(layers)}
        pairs = [a - b for a, b in zip(by_layer.values(), by_layer.values(), strict=True)]
        total = sum(by_layer.values())
        widest = max(layers[0].output.shape)
        rows = [row.sum() for row in layers[0].output[0]]
        first, *_, last = layers[0].output[0]
        heads = [Head(i, value) for i, value in by_layer.items() if i % 2 == 0]
        chosen = rows[int(np.argmax([3, 9, 2]))]
        pl.save([by_layer, pairs, total, rows, first, last, heads, chosen])
    assert widest == 32
    assert len(rows) == 7
    x = [by_layer[i].numpy() for i in range(len(layers))]
    np.testing.assert_allclose(total.numpy(), x[0] + x[1], rtol=1e-6)
    np.testing.assert_array_equal(last.numpy(), x[0][0])
    assert not pairs[0].numpy().any()
    assert heads[0].pattern.tolist() == x[0].tolist()
    assert chosen.item() == rows[1].item()


def test_scalars_stay_values(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        logits = llama.lm_head.output[0, -1]
        best = logits.argmax().item()
        share = logits[best].item() / logits.abs().sum().item()
        one = logits[:1].item()
        assert (best.shape, share.shape, one.shape) == ((), (), ())
        text = f"{share} {share:.3f} {one}"
        rounded = round(share, 2)
        pl.save([best, share, one, rounded, logits])
    x = logits.numpy()
    assert text.startswith("tensor(<no elements yet>, shape=[], dtype=float32) tensor(<no")
    assert (best.item(), one.item()) == (x.argmax(), x[0])
    np.testing.assert_allclose(share, x.max() / np.abs(x).sum(), rtol=1e-5)
    np.testing.assert_allclose(rounded, round(share.item(), 2), atol=1e-6)


NEEDS_ELEMENTS: list[Any] = [
    (lambda v: bool(v > 0), "the truth of a value (bool[])", "`pl.cond`"),
    (lambda v: 1 if v > 0 else 2, "the truth of a value (bool[])", "`pl.where`"),
    (lambda v: v > 0 and v < 1, "the truth of a value (bool[])", "`pl.while_loop`"),
    (lambda v: max(v, v * 2), "the truth of a value (bool[])", "`pl.where`"),
    (lambda v: sorted([v, v * 2]), "the truth of a value (bool[])", "`pl.where`"),
    (lambda v: [1.0, 2.0].index(v), "the truth of a value (bool[])", "`pl.where`"),
    (lambda v: v in [1.0, 2.0], "the truth of a value (bool[])", "`pl.where`"),
    (lambda v: 1.0 in v, "what stands in a value (float32[])", "`(value == x).any()`"),
    (lambda v: int(v), "the number in a value (float32[])", "instead of `int(...)`"),
    (lambda v: float(v), "the number in a value (float32[])", "instead of `float(...)`"),
    (lambda v: math.sqrt(v), "the number in a value (float32[])", "`value.sqrt()`"),
    (lambda v: range(v.long()), "the number in a value (int64[])", "`pl.while_loop`"),
    (lambda v: [1, 2][v.long()], "the number in a value (int64[])", "`h[value]`"),
    (lambda v: v.tolist(), "the elements of a value (float32[])", "`.save()` it"),
    (lambda v: v.numpy(), "the elements of a value (float32[])", "`.save()` it"),
]


@pytest.mark.parametrize(("use", "what", "way_out"), NEEDS_ELEMENTS)
def test_what_needs_elements_says_the_way_out(
    use: Any, what: str, way_out: str, llama: pl.LanguageModel
) -> None:
    with llama.trace(PROMPT):
        with pytest.raises(pl.TraceError) as raised:
            use(llama.model.norm.output.sum())
    assert raised.value.code == "not-concrete"
    assert raised.value.message == f"{what} cannot be known while its trace is recorded"
    assert way_out in (raised.value.help or "")
    assert "look after the block" in (raised.value.help or "")
    assert (raised.value.file, raised.value.line) == (__file__, use.__code__.co_firstlineno)


def test_a_concrete_tensor_written_to_in_a_trace_is_a_value_of_it(
    llama: pl.LanguageModel,
) -> None:
    sums, other, untouched = pl.tensor(np.zeros((2, 32))), pl.tensor([1.0]), pl.tensor([3.0])
    same_memory = sums
    with llama.trace(PROMPT):
        for i, layer in enumerate(llama.model.layers):
            sums[i] = layer.output[0, -1]
        sums[:, 0] = 5.0
        other += llama.model.norm.output.sum()
        read = (sums[0] * 2).save()
        norm = llama.model.norm.output.save()
        states = [layer.output[0, -1].save() for layer in llama.model.layers]
        assert sums.is_symbolic
        assert not untouched.is_symbolic
    want = np.stack([state.numpy() for state in states]).astype(np.float64)
    want[:, 0] = 5
    assert same_memory is sums
    np.testing.assert_array_equal(sums.numpy(), want)
    np.testing.assert_array_equal(read.numpy(), want[0] * 2)
    np.testing.assert_allclose(other.item(), 1 + norm.numpy().sum(), rtol=1e-5)
    with pytest.raises(pl.ArgumentError, match="read-only"):
        sums[0] = 1


def test_a_trace_that_fails_leaves_concrete_tensors_as_they_were(
    llama: pl.LanguageModel,
) -> None:
    t = pl.tensor([1.0, 2.0])
    with pytest.raises(ZeroDivisionError), llama.trace(PROMPT):
        t[0] = llama.model.norm.output.sum()
        assert t.is_symbolic
        1 / 0  # noqa: B018
    assert t.tolist() == [1, 2]
    with llama.trace(PROMPT):
        t[0] = 7
        other = (t * 2).save()
    assert (t.tolist(), other.tolist()) == ([7, 2], [14, 4])


def test_branches_cannot_write_to_concrete_tensors(llama: pl.LanguageModel) -> None:
    t = pl.tensor([1.0, 2.0])
    with pytest.raises(pl.ArgumentError, match="in a function, branch or loop"):
        with llama.trace(PROMPT):
            h = llama.model.norm.output.sum()
            pl.cond(h > 0, lambda: t.mul_(2), lambda: t)
    assert t.tolist() == [1, 2]


def test_constants_are_not_what_is_written_to(llama: pl.LanguageModel) -> None:
    t = pl.tensor([1.0, 2.0])
    twin = pl.tensor(t)
    with llama.trace(PROMPT):
        before = (t + llama.model.norm.output.sum() * 0).save()
        t[:] = 9
        after = (t + 0).save()
        untouched = (twin + llama.model.norm.output.sum() * 0).save()
    assert before.tolist() == untouched.tolist() == [1, 2]
    assert after.tolist() == t.tolist() == [9, 9]
