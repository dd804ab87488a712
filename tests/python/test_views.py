"""Views, pieces and places: what shares memory with a site's value, as PyTorch has it."""

from collections.abc import Callable

import numpy as np
import pytest

import pellucid as pl

X = np.arange(24, dtype=np.float32).reshape(2, 3, 4) - 7
I = np.array([[0, 2, 1], [1, 1, 0]])  # noqa: E741


def written(change: Callable[[np.ndarray], None]) -> np.ndarray:
    copy = X.copy()
    change(copy)
    return copy


@pytest.mark.parametrize(
    ("view", "same"),
    [
        (lambda t: t.select(1, -1), lambda a: a[:, -1]),
        (lambda t: t.narrow(2, -3, 2), lambda a: a[:, :, 1:3]),
        (lambda t: t.movedim(0, -1), lambda a: np.moveaxis(a, 0, -1)),
        (lambda t: t.moveaxis((0, 1), (1, 2)), lambda a: np.moveaxis(a, (0, 1), (1, 2))),
        (lambda t: t.swapaxes(0, -1), lambda a: a.swapaxes(0, -1)),
        (lambda t: t.diagonal(1, -2, -1), lambda a: np.einsum("ijj->ij", a[:, :, 1:])),
        (lambda t: t.unflatten(-1, (2, -1)), lambda a: a.reshape(2, 3, 2, 2)),
        (lambda t: t.view(6, 4), lambda a: a.reshape(6, 4)),
        (lambda t: t.ravel(), lambda a: a.reshape(-1)),
        (lambda t: t.mT, lambda a: a.swapaxes(-1, -2)),
        (lambda t: t[0].t(), lambda a: a[0].T),
        (lambda t: t[1].H, lambda a: a[1].T),
        (lambda t: t.unbind(1)[2], lambda a: a[:, 2]),
        (lambda t: t.split(2, dim=1)[1], lambda a: a[:, 2:]),
        (lambda t: t.split([1, 3], dim=-1)[1], lambda a: a[..., 1:]),
        (lambda t: t.chunk(2, -1)[0], lambda a: a[..., :2]),
        (lambda t: t.tensor_split((1, -1), 2)[1], lambda a: a[..., 1:-1]),
        (lambda t: t.hsplit(3)[1], lambda a: a[:, 1:2]),
        (lambda t: pl.atleast_3d(t[0])[..., 0], lambda a: a[0]),
        (lambda t: t.contiguous(), lambda a: a),
        (lambda t: t.reshape(6, 4).narrow(0, 1, 2).unsqueeze(1), lambda a: a.reshape(6, 4)[1:3]),
        (lambda t: t.mT.unflatten(1, (2, 2)), lambda a: a),
    ],
)
def test_a_write_through_a_view_is_a_write(
    llama: pl.LanguageModel,
    view: Callable[[pl.Tensor], pl.Tensor],
    same: Callable[[np.ndarray], np.ndarray],
) -> None:
    with llama.trace([1, 2]):
        t = pl.tensor(X) + llama.model.norm.output[0, 0, 0] * 0
        part = view(t)
        part *= 2
        after = t.save()

    def double(a: np.ndarray) -> None:
        same(a)[...] = same(a) * 2

    np.testing.assert_array_equal(after.numpy(), written(double))


@pytest.mark.parametrize(
    "copy",
    [
        lambda t: t.mT.reshape(2, 12),
        lambda t: t.T.ravel(),
        lambda t: t.mT.flatten(),
        lambda t: t.mT.contiguous(),
        lambda t: t[:, :, ::3].reshape(-1),
        lambda t: t.repeat(1, 1, 1),
        lambda t: t.flip(0),
        lambda t: t.diagonal().clone(),
        lambda t: t[t > 0],
    ],
)
def test_copies_are_left_alone(
    llama: pl.LanguageModel, copy: Callable[[pl.Tensor], pl.Tensor]
) -> None:
    with llama.trace([1, 2]):
        t = pl.tensor(X) + llama.model.norm.output[0, 0, 0] * 0
        part = copy(t)
        part *= 2
        after = t.save()
    np.testing.assert_array_equal(after.numpy(), X)


def test_what_cannot_be_viewed_or_written_says_so(llama: pl.LanguageModel) -> None:
    with llama.trace([1, 2]) as tracer:
        h = llama.model.norm.output
        assert h.is_contiguous()
        assert not h.mT.is_contiguous()
        assert h.mT.contiguous().is_contiguous()
        with pytest.raises(pl.ShapeError, match="not laid out so that it can have this shape"):
            h.mT.view(-1)
        with pytest.raises(pl.ArgumentError, match="cannot write through `expand`"):
            h[:, :1].expand(1, 5, -1)[:] = 0
        with pytest.raises(pl.ArgumentError, match="cannot write through `unfold`"):
            h.unfold(-1, 3, 1).zero_()
        assert h.expand(1, -1, -1).zero_() is not None  # nothing is repeated
        with pytest.raises(pl.ShapeError, match=r"pieces of \[3, 4\] do not make up axis 1"):
            h.split([3, 4], dim=1)
        with pytest.raises(pl.ShapeError, match="depends on elements"):
            h[h > 0].split(2)
        tracer.stop()


def test_masks_are_places(llama: pl.LanguageModel) -> None:
    with llama.trace([1, 2, 3]):
        h = llama.model.norm.output
        before = h.clone().save()
        big = (h.abs() > 1).save()
        taken = h[big].save()
        rows = h[0, h[0, :, 0] > 0].save()
        h[big] = h[big] * 0.5
        h[:, 0][h[:, 0] < 0] = 0.0
        after = llama.model.norm.output.save()
        where = pl.nonzero(big, as_tuple=True)
        found = before[where].save()
        n = taken.sum().save()
    a, mask = before.numpy().copy(), big.numpy()
    np.testing.assert_array_equal(taken.numpy(), a[mask])
    np.testing.assert_array_equal(found.numpy(), a[mask])
    np.testing.assert_array_equal(rows.numpy(), a[0, a[0, :, 0] > 0])
    np.testing.assert_allclose(n.item(), a[mask].sum(), rtol=1e-5)
    a[mask] *= 0.5
    a[:, 0][a[:, 0] < 0] = 0
    np.testing.assert_array_equal(after.numpy(), a)


def test_writes_in_place(llama: pl.LanguageModel) -> None:
    index = pl.tensor([[0, 1]])
    with llama.trace([1, 2]):
        h = llama.model.norm.output
        before = h.clone().save()
        h.scatter_(1, pl.tensor([[[0, 0]]]), value=7.0)
        h.select(0, 0).index_fill_(1, pl.tensor([-1]), 3.0)
        h[0].masked_scatter_(pl.tensor([[True], [False]]) & (h[0] == 7), pl.tensor([1.0, 2.0]))
        h[:, :1].narrow(-1, 2, 2).scatter_add_(2, index.unsqueeze(0), pl.tensor([[[1.0, 1.0]]]))
        after = llama.model.norm.output.save()
    assert after[0, 0, :2].tolist() == [1.0, 2.0]
    np.testing.assert_allclose(after[0, 0, 2:4], before[0, 0, 2:4] + 1)
    assert after[0, :, -1].tolist() == [3.0, 3.0]


def test_concrete_tensors_take_the_same() -> None:
    t = pl.tensor(X)
    for got, want in [
        (t[True], X[None]),
        (t[False], X[None][:0]),
        (t[t > 3], X[X > 3]),
        (t.take_along_dim(I[:, :, None], 1), np.take_along_axis(X, I[:, :, None], 1)),
        (t.repeat(2, 1, 1), np.tile(X, (2, 1, 1))),
        (t.tile(2), np.tile(X, 2)),
        (t.repeat_interleave(pl.tensor([1, 0, 2]), 1), np.repeat(X, [1, 0, 2], 1)),
        (pl.repeat_interleave([1, 2], [2, 1]), [1, 1, 2]),
        (t.flip(0, -1), X[::-1, :, ::-1]),
        (t.flip([1]), X[:, ::-1]),
        (t.roll(2, -1), np.roll(X, 2, -1)),
        (pl.rot90(t[0]), np.rot90(X[0])),
        (t.fliplr(), np.fliplr(X)),
        (t[0].tril(-1), np.tril(X[0], -1)),
        (pl.hstack([t[0], X[1]]), np.hstack([X[0], X[1]])),
        (pl.vstack([t[0, 0], X[1, 0]]), np.vstack([X[0, 0], X[1, 0]])),
        (pl.dstack([t[0], X[1]]), np.dstack([X[0], X[1]])),
        (pl.column_stack([[1, 2], [3, 4]]), [[1, 3], [2, 4]]),
        (pl.cartesian_prod([1, 2], [3, 4]), [[1, 3], [1, 4], [2, 3], [2, 4]]),
        (pl.meshgrid([1, 2], [3, 4, 5], indexing="xy")[1], np.meshgrid([1, 2], [3, 4, 5])[1]),
        (pl.one_hot([2, 0]), [[0, 0, 1], [1, 0, 0]]),
        (pl.unique([3, 1, 3]), [1, 3]),
        (pl.unique([3, 1, 3], return_counts=True)[1], [1, 2]),
        (pl.where(t > 3)[1], np.where(X > 3)[1]),
        (pl.argwhere([0, 5, 6]), [[1], [2]]),
        (pl.bincount([1, 1, 3]), [0, 2, 0, 1]),
        (pl.searchsorted([1.0, 3.0], [2.0, 4.0]), [1, 2]),
        (pl.isin([1, 2, 3], 2), [False, True, False]),
        (pl.scatter([0, 0, 0], 0, [1], 5), [0, 5, 0]),
        (pl.scatter([1, 1, 1], 0, [1, 1], value=3, reduce="multiply"), [1, 9, 1]),
        (t.take([0, -1]), [X[0, 0, 0], X[-1, -1, -1]]),
    ]:
        np.testing.assert_array_equal(got.numpy(), np.asarray(want))
    assert [p.shape for p in t.split(2, 1)] == [(2, 2, 4), (2, 1, 4)]
    assert [p.shape for p in pl.tensor_split(t, 3, 2)] == [(2, 3, 2), (2, 3, 1), (2, 3, 1)]
    with pytest.raises(pl.DTypeError, match=r"`\.bool\(\)` makes a mask"):
        t[pl.tensor([1, 0], dtype="uint8")]
    with pytest.raises(pl.ShapeError, match="a mask of shape"):
        t[pl.tensor([True, False, True])]


def test_random_numbers_need_a_seed() -> None:
    a, b = pl.randn(2, 3, seed=1), pl.randn((2, 3), seed=1)
    np.testing.assert_array_equal(a.numpy(), b.numpy())
    assert (a.numpy() != pl.randn(2, 3, seed=2).numpy()).any()
    assert pl.rand(3, seed=0, dtype="float16").dtype == "float16"
    assert pl.rand_like(a, seed=3).shape == (2, 3)
    assert sorted(pl.randperm(5, seed=0).tolist()) == [0, 1, 2, 3, 4]
    for drawn in (pl.randint(3, (50,), seed=1), pl.randint(-1, 2, size=(50,), seed=1)):
        assert len(set(drawn.tolist())) == 3
    assert a.bernoulli is not None and pl.tensor([1.0, 0.0]).bernoulli(seed=0).tolist() == [1, 0]
    assert pl.tensor([0.0, 2.0]).multinomial(1, seed=5).tolist() == [1]
    with pytest.raises(pl.ArgumentError, match="`seed` is missing"):
        pl.randn(2, 3)
    with pytest.raises(pl.ArgumentError, match="takes `high, size`"):
        pl.randint(3, seed=1)
