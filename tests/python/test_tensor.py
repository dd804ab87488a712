"""Concrete tensors: the same methods, computed at once; memory shared with other libraries."""

import inspect
import math
import pickle

import numpy as np
import pytest

import pellucid as pl

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) - 7


def test_numpy_reads_the_memory_without_copying() -> None:
    t = pl.tensor(X)
    a, b = t.numpy(), np.asarray(t)
    assert np.shares_memory(a, b)
    assert a.__array_interface__["data"][0] == b.__array_interface__["data"][0]
    assert not a.flags.writeable
    np.testing.assert_array_equal(a, X)
    del t
    np.testing.assert_array_equal(a, X)  # the array keeps the memory


def test_a_saved_value_is_read_without_copying(llama: pl.LanguageModel) -> None:
    with llama.trace([1, 2, 3]):
        h = llama.model.norm.output.save()
    assert np.shares_memory(np.asarray(h), h.numpy())
    assert np.shares_memory(np.from_dlpack(h), h.numpy())


@pytest.mark.parametrize(
    "name", ["bool", "uint8", "int32", "int64", "float16", "float32", "float64"]
)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 3, 4)])
def test_dlpack_both_ways(name: str, shape: tuple[int, ...]) -> None:
    given = np.array(np.arange(math.prod(shape)).reshape(shape) % 3, dtype=name)
    t = pl.tensor(given)
    assert (t.dtype, t.shape) == (name, shape)
    out = np.from_dlpack(t)
    np.testing.assert_array_equal(out, given)
    assert out.dtype == given.dtype
    assert np.shares_memory(out, t.numpy()) or given.size == 0
    back = pl.tensor(Foreign(given))
    np.testing.assert_array_equal(back.numpy(), given)


class Foreign:
    """Another library's tensor, as far as this package can tell."""

    def __init__(self, array: np.ndarray, is_old: bool = False) -> None:
        self.array = array
        self.is_old = is_old

    def __dlpack__(self, **options: object) -> object:
        if self.is_old and options:
            raise TypeError("__dlpack__() got an unexpected keyword argument 'max_version'")
        return self.array.__dlpack__(**options)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.array.__dlpack_device__()


def test_foreign_tensors_of_any_layout_are_taken() -> None:
    for view in (X.T, X[:, ::-1], X[1:, 1::2, 2:], np.broadcast_to(X[:, :1], X.shape)):
        np.testing.assert_array_equal(pl.tensor(Foreign(view)).numpy(), view)
    np.testing.assert_array_equal(pl.tensor(Foreign(X.copy(), is_old=True)).numpy(), X)


def test_a_tensor_elsewhere_is_refused() -> None:
    elsewhere = Foreign(X)
    elsewhere.__class__ = type("Gpu", (Foreign,), {"__dlpack_device__": lambda self: (2, 0)})
    with pytest.raises(pl.ArgumentError, match=r"not in main memory"):
        pl.tensor(elsewhere)


def test_dlpack_capsules_that_nobody_takes_are_freed() -> None:
    t = pl.tensor(X)
    for options in ({}, {"max_version": (1, 0)}, {"max_version": (1, 0), "copy": True}):
        for _ in range(100):
            t.__dlpack__(**options)
    with pytest.raises(BufferError):
        t.__dlpack__(dl_device=(2, 0))
    copied = np.from_dlpack(t, copy=True)
    assert not np.shares_memory(copied, t.numpy())


def test_bfloat16_reaches_numpy_as_float32() -> None:
    t = pl.tensor([1.0, 2.5, -3.0]).bfloat16()
    assert t.dtype == pl.bfloat16 == "bf16"
    assert t.numpy().dtype == np.float32
    assert t.tolist() == [1.0, 2.5, -3.0]
    with pytest.raises(ValueError, match="without a copy"):
        t.__array__(copy=False)
    assert pl.tensor(t).dtype == pl.bfloat16
    assert t.float().dtype == "float32"


def test_operators() -> None:
    t = pl.tensor(X)
    for got, want in [
        (t + 1, X + 1),
        (1 - t, 1 - X),
        (t * t, X * X),
        (2 / (t + 100), 2 / (X + 100)),
        (t**2, X**2),
        (-t, -X),
        (abs(t), np.abs(X)),
        (t @ X[0].T, X @ X[0].T),
        (t + X, X + X),
        (t == 3, X == 3),
        (t != X, X != X),
        ((t > 0) & (t < 5), (X > 0) & (X < 5)),
        (~(t >= 0) | (t <= -20), ~(X >= 0)),
    ]:
        assert isinstance(got, pl.Tensor)
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)
    assert (t == None) is False  # noqa: E711
    with pytest.raises(pl.DTypeError, match="takes bool and integers, got f32"):
        _ = t & t


def test_operators_of_integers() -> None:
    n = np.array([[-7, 4, 0], [9, -1, 100]])
    t = pl.tensor(n)
    for got, want in [
        (t // 4, n // 4),
        (100 // (t + 200), 100 // (n + 200)),
        (t % 5, n % 5),
        (t % -5, n % -5),
        (7 % (t + 200), 7 % (n + 200)),
        (t & 6, n & 6),
        (6 | t, 6 | n),
        (t ^ n[0], n ^ n[0]),
        (t << 3, n << 3),
        (2 ** pl.tensor([3]), np.array([8])),
        (t >> 1, n >> 1),
        (1 << pl.tensor([3, 4]), np.array([8, 16])),
        (~t, ~n),
        (+t, n),
        (t / 4, n / 4),
    ]:
        np.testing.assert_array_equal(got.numpy(), want)
    with pytest.raises(pl.ArgumentError, match="integers cannot be divided by zero"):
        _ = t % 0


def test_augmented_assignment_of_a_concrete_tensor_makes_a_new_one() -> None:
    t = before = pl.tensor([6, 7])
    t //= 2
    t <<= 3
    t ^= 1
    assert (t.tolist(), before.tolist()) == ([25, 25], [6, 7])
    with pytest.raises(pl.ArgumentError, match="cannot write to a concrete tensor"):
        before.add_(1)
    with pytest.raises(pl.ArgumentError, match="cannot write to a concrete tensor"):
        before.zero_()


def test_numbers_do_not_widen() -> None:
    assert (pl.tensor([1.0]).half() * 0.1).dtype == "float16"
    assert (pl.tensor([1]) + 1).dtype == "int64"
    assert (pl.tensor([1]) * 0.5).dtype == "float32"
    assert (pl.tensor([True]) + 1).dtype == "int64"


def test_shapes() -> None:
    t = pl.tensor(X)
    for got, want in [
        (t.reshape(6, -1), X.reshape(6, 4)),
        (t.reshape((4, 6)), X.reshape(4, 6)),
        (t.view(24), X.reshape(24)),
        (t.permute(2, 0, 1), X.transpose(2, 0, 1)),
        (t.permute([0, 2, 1]), X.transpose(0, 2, 1)),
        (t.T, X.T),
        (t.mT, X.swapaxes(-1, -2)),
        (t[:, None, -1, ::2], X[:, None, -1, ::2]),
        (t[..., [0, 2]], X[..., [0, 2]]),
        (t[0, [[1], [0]], [0, 2]], X[0, [[1], [0]], [0, 2]]),
        (t[X[:, 0, 0] > 0], X[X[:, 0, 0] > 0]),
        (t[:, :1].expand(-1, 5, -1), np.broadcast_to(X[:, :1], (2, 5, 4))),
        (t.unsqueeze(1).squeeze(1), X),
        (pl.cat([t, t], dim=-1), np.concatenate([X, X], -1)),
        (pl.stack([t, X], 1), np.stack([X, X], 1)),
        (t.flatten(1), X.reshape(2, 12)),
    ]:
        np.testing.assert_array_equal(got.numpy(), want)
    assert (t.size(), t.size(-1), t.dim()) == ((2, 3, 4), 4, 3)
    assert [row.shape for row in t] == [(3, 4), (3, 4)]


def test_reductions_and_choices() -> None:
    t = pl.tensor(X)
    for got, want in [
        (t.sum(), X.sum()),
        (t.mean(dim=(0, 2)), X.mean((0, 2))),
        (t.max(), X.max()),
        (t.min(dim=1).values, X.min(1)),
        (t.max(1).indices, X.argmax(1)),
        (t.argmax(-1), X.argmax(-1)),
        (t.std(dim=0), X.std(0, ddof=1)),
        (pl.where(t > 0, t, 0.0), np.where(X > 0, X, 0)),
        (t.where(X > 0, 1), np.where(X > 0, X, 1)),
        (t.masked_fill(X > 0, -1), np.where(X > 0, -1, X)),
        (t.softmax(-1).sum(-1), np.ones((2, 3))),
        (t.clamp(min=0, max=3), X.clip(0, 3)),
    ]:
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-5)
    assert pl.sum([1, 2, 3]).item() == 6


@pytest.mark.parametrize("name", ["bfloat16", "float32", "int64", "bool"])
def test_pickling_keeps_elements_and_dtype(name: str) -> None:
    t = pl.tensor(X).to(name)
    back = pickle.loads(pickle.dumps(t))
    assert back.dtype == name
    np.testing.assert_array_equal(back.numpy(), t.numpy())


def test_python_numbers() -> None:
    t = pl.tensor(2.5)
    assert (float(t), int(t), bool(t), t.item(), f"{t:.2f}") == (2.5, 2, True, 2.5, "2.50")
    assert [10, 11, 12][pl.tensor(1)] == 11
    with pytest.raises(TypeError, match="cannot be an index"):
        [1][t]
    with pytest.raises(pl.ArgumentError, match="has 24 elements, not one"):
        float(pl.tensor(X))
    with pytest.raises(TypeError, match="no length"):
        len(t)


def test_repr() -> None:
    assert repr(pl.tensor([1.0, 2.5])) == "tensor([1. , 2.5])"
    assert repr(pl.tensor([1, 2])) == "tensor([1, 2])"
    assert repr(pl.tensor([1.0]).half()) == "tensor([1.], dtype=float16)"
    assert repr(pl.tensor([True])) == "tensor([ True])"


def test_concrete_tensors_are_read_only_and_sums_accumulate() -> None:
    t = pl.tensor([1.0, 2.0])
    with pytest.raises(pl.ArgumentError, match="read-only"):
        t[0] = 5
    total = t
    total += t
    assert (total.tolist(), t.tolist()) == ([2.0, 4.0], [1.0, 2.0])


def test_dtypes_have_their_names() -> None:
    assert pl.float32 == "float32" == pl.tensor([1.0]).dtype
    assert pl.float32 == np.dtype("float32")
    assert pl.float32 != pl.float64
    assert (repr(pl.bfloat16), str(pl.int64)) == ("pellucid.bfloat16", "int64")
    assert {pl.float32: 1}[pl.tensor([1.0]).dtype] == 1
    assert pl.tensor([1, 2], dtype=np.int32).dtype == "i32"


def test_everything_that_completion_offers_is_explained() -> None:
    for thing in (pl.Tensor, pl.LanguageModel, pl.Envoy, pl.Tracer, pl.Trace, pl.Tokenizer, pl):
        names = [name for name in dir(thing) if not name.startswith("_")]
        assert names
        for name in names:
            doc = inspect.getdoc(getattr(thing, name))
            is_plain = isinstance(getattr(thing, name), pl.DType) or inspect.ismodule(
                getattr(thing, name)
            )
            assert is_plain or (doc and doc[0].isupper() and doc.split("\n\n")[0].endswith(".")), (
                name
            )


def test_reductions_in_pytorchs_ways() -> None:
    t = pl.tensor(X)
    other = X[::-1].copy()
    for got, want in [
        (t.max(), X.max()),
        (pl.min(t), X.min()),
        (t.max(-1).values, X.max(-1)),
        (pl.min(t, 0, keepdim=True).indices, X.argmin(0)[None]),
        (t.max(other), np.maximum(X, other)),
        (pl.min(t, pl.tensor(other)), np.minimum(X, other)),
        (t.median(), np.float32(4.0)),
        (t[0].median(dim=1).values, X[0][:, 1]),
        (pl.tensor([1.0, math.nan, 3.0]).nanmedian(), np.float32(1.0)),
        (pl.tensor([1.0, math.nan, 3.0]).median(), np.float32(math.nan)),
        (pl.median(pl.zeros(0)), np.float32(math.nan)),
        (t.std(), X.std(ddof=1)),
        (t.std(False), X.std()),
        (t.std(unbiased=False), X.std()),
        (t.var(-1), X.var(-1, ddof=1)),
        (t.var(-1, False, True), X.var(-1, keepdims=True)),
        (pl.var(t, (0, 1), correction=2), X.var((0, 1), ddof=2)),
        (t.std_mean(0).mean, X.mean(0)),
        (t.var_mean(0, unbiased=False)[0], X.var(0)),
        (t.quantile(0.25, 1), np.quantile(X, 0.25, 1).astype(np.float32)),
        (t.sum(-1, dtype=pl.float64), X.sum(-1, dtype=np.float64)),
    ]:
        assert isinstance(got, pl.Tensor)
        np.testing.assert_allclose(got.numpy(), want, rtol=1e-6)
    with pytest.raises(pl.ArgumentError, match="say the same"):
        t.std(unbiased=True, correction=1)


def test_creation() -> None:
    t = pl.tensor(X)
    for got, want in [
        (pl.zeros(2, 3), np.zeros((2, 3), np.float32)),
        (pl.ones((2,), dtype="int64"), np.ones(2, np.int64)),
        (pl.empty(0, 2), np.zeros((0, 2), np.float32)),
        (pl.full((2, 2), 7), np.full((2, 2), 7)),
        (pl.full([], True), np.array(True)),
        (pl.arange(5), np.arange(5)),
        (pl.arange(1, 2, 0.25), np.arange(1, 2, 0.25, np.float32)),
        (pl.arange(5, 0, -2, dtype=pl.float64), np.array([5.0, 3.0, 1.0])),
        (pl.linspace(0, 1, 3), np.array([0, 0.5, 1], np.float32)),
        (pl.eye(2, dtype=bool), np.eye(2, dtype=bool)),
        (t.half().new_zeros(3), np.zeros(3, np.float16)),
        (t.new_full((2,), 3), np.full(2, 3, np.float32)),
        (t.long().new_ones((1, 2)), np.ones((1, 2), np.int64)),
        (t.half().new_tensor([1, 2]), np.array([1, 2], np.float16)),
        (pl.empty_like(t), np.zeros_like(X)),
        (pl.ones_like(t, dtype="uint8"), np.ones_like(X, np.uint8)),
    ]:
        assert got.numpy().dtype == np.asarray(want).dtype
        np.testing.assert_array_equal(got.numpy(), want)
    with pytest.raises(pl.ArgumentError, match="must not be negative, got -1"):
        pl.zeros(2, -1)
    with pytest.raises(pl.LimitError, match="there is no memory"):
        pl.zeros(1 << 50)


def test_second_names_of_operations() -> None:
    t = pl.tensor(X)
    for got, want in [
        (t.clip(-1, 2), X.clip(-1, 2)),
        (pl.multiply(t, 2).subtract(1), X * 2 - 1),
        (t.absolute().negative(), -np.abs(X)),
        (pl.greater_equal(t, 3), X >= 3),
        (pl.concat([t, t]), np.concatenate([X, X])),
    ]:
        np.testing.assert_array_equal(got.numpy(), want)
    assert pl.clip is pl.clamp
    assert pl.Tensor.clip_ is pl.Tensor.clamp_
