"""Saved tensors in the libraries of a notebook: arrays that are read, or copied, never written."""

from typing import Any

import numpy as np
import pytest

import pellucid as pl

ARRAY = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float32)


@pytest.fixture
def saved(llama: pl.LanguageModel) -> pl.Tensor:
    """States of a model at several positions, `[s, d]`."""
    with llama.trace(list(range(40))):
        h = llama.model.norm.output[0].save()
    return h


@pytest.fixture
def plt(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("MPLBACKEND", "Agg")
    pyplot = pytest.importorskip("matplotlib.pyplot")
    yield pyplot
    pyplot.close("all")


def test_matplotlib(plt: Any, saved: pl.Tensor) -> None:
    x = saved.numpy()
    np.testing.assert_array_equal(plt.imshow(saved).get_array(), x)
    (line,) = plt.plot(saved[:, 0])
    np.testing.assert_array_equal(line.get_ydata(), x[:, 0])
    (line,) = plt.plot(saved[:, 0], saved[:, 1].bfloat16(), "o")
    np.testing.assert_array_equal(line.get_xdata(), x[:, 0])
    bars = plt.bar(range(5), saved[:5, 0])
    np.testing.assert_allclose([bar.get_height() for bar in bars], x[:5, 0])
    counts, _, _ = plt.hist(saved.flatten())
    assert counts.sum() == saved.numel()
    points = plt.scatter(saved[:, 0], saved[:, 1], c=saved[:, 2])
    np.testing.assert_array_equal(points.get_offsets(), x[:, :2])
    plt.fill_between(np.arange(40), saved[:, 0], saved[:, 1])
    plt.errorbar(np.arange(40), saved.mean(-1), yerr=saved.std(-1))
    plt.axhline(saved.mean())
    plt.savefig("/dev/null", format="png")


def test_pandas(saved: pl.Tensor) -> None:
    pd = pytest.importorskip("pandas")
    x = saved.numpy().copy()
    series = pd.Series(saved[:, 0], name="first")
    assert series.dtype == np.float32
    np.testing.assert_array_equal(series, x[:, 0])
    table = pd.DataFrame(saved, columns=[f"d{i}" for i in range(32)])
    np.testing.assert_array_equal(table, x)
    by_name = pd.DataFrame({"a": saved[:, 0], "best": saved.argmax(-1), "big": saved[:, 1] > 0})
    assert [str(t) for t in by_name.dtypes] == ["float32", "int64", "bool"]
    np.testing.assert_allclose(by_name.groupby("big")["a"].sum().sum(), x[:, 0].sum(), rtol=1e-4)
    np.testing.assert_allclose(series + saved[:, 1], x[:, 0] + x[:, 1])
    np.testing.assert_array_equal(table[saved.numpy()[:, 0] > 0], x[x[:, 0] > 0])
    with pytest.raises(ValueError, match="read-only"):
        series[0] = 100.0
    own = series.copy()
    own[0] = 100.0
    np.testing.assert_array_equal(saved.numpy(), x)


def test_scikit_learn(saved: pl.Tensor) -> None:
    pytest.importorskip("sklearn")
    from sklearn.decomposition import PCA
    from sklearn.linear_model import LogisticRegression
    from sklearn.preprocessing import StandardScaler

    x = saved.numpy().copy()
    y = saved[:, 0] > 0
    probe = LogisticRegression().fit(saved, y)
    same = LogisticRegression().fit(x, y.numpy())
    np.testing.assert_array_equal(probe.predict(saved), same.predict(x))
    assert probe.score(saved, y) > 0.9
    np.testing.assert_allclose(
        PCA(2).fit_transform(saved), PCA(2).fit_transform(x), rtol=1e-3, atol=1e-4
    )
    assert StandardScaler(copy=False).fit_transform(saved).shape == x.shape
    np.testing.assert_array_equal(saved.numpy(), x)


def test_numpys_own_ways_to_make_arrays() -> None:
    t = pl.tensor(ARRAY)
    for array in (np.asarray(t), t.numpy(), np.from_dlpack(t), np.asanyarray(t)):
        np.testing.assert_array_equal(array, ARRAY)
        assert not array.flags.writeable
        assert np.shares_memory(array, t.numpy())
    for array in (np.array(t), np.array(t, dtype=np.float64), np.copy(t), np.stack([t, t])[0]):
        assert array.flags.writeable
        array[:] = 0
    np.testing.assert_array_equal(t, ARRAY)
    np.testing.assert_array_equal(np.array([t[0], t[1]]), ARRAY[:2])
    assert np.zeros(3, dtype=t.dtype).dtype == np.float32
    buffer = np.zeros((40, 5), np.float32)
    buffer[:] = t
    buffer[t[:, 0].numpy() > 0] += 1
    np.testing.assert_array_equal(t, ARRAY)
