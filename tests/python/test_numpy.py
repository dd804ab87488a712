"""NumPy's functions: recorded on values of a trace, NumPy's own on concrete tensors."""

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid import _foreign, _numpy

PROMPT = [1, 2, 3]
ROW = np.linspace(-1, 1, 32, dtype=np.float32)
MASK = np.arange(3) > 1

CASES: dict[str, Callable[[Any], Any]] = {
    "exp": np.exp,
    "add on the right": lambda x: np.add(np.float32(2), x),
    "array + value": lambda x: ROW + x,
    "value + array": lambda x: x + ROW,
    "array * value": lambda x: ROW * x,
    "array @ value": lambda x: ROW @ x[0].T,
    "array > value": lambda x: ROW > x,  # noqa: SIM300
    "scalar / value": lambda x: np.float32(3) / x,
    "maximum": lambda x: np.maximum(x, ROW),
    "power": lambda x: np.power(x, 2),
    "negative": np.negative,
    "absolute": np.abs,
    "rint": np.rint,
    "isnan": np.isnan,
    "not": lambda x: np.logical_not(x > 0),
    "~": lambda x: ~np.greater(x, 0),
    "add.reduce": lambda x: np.add.reduce(x[0]),
    "maximum.reduce": lambda x: np.maximum.reduce(x, axis=-1, keepdims=True),
    "mean": lambda x: np.mean(x, axis=-1, keepdims=True),
    "mean by position": lambda x: np.mean(x, (0, 2)),
    "mean in double": lambda x: np.mean(x, dtype=np.float64),
    "sum": np.sum,
    "std": lambda x: np.std(x, -1),
    "var with ddof": lambda x: np.var(x, axis=1, ddof=1),
    "max": lambda x: np.max(x, 1),
    "argmax": lambda x: np.argmax(x, axis=-1),
    "any": lambda x: np.any(x > 2, axis=0),
    "concatenate": lambda x: np.concatenate([x, x], axis=1),
    "stack": lambda x: np.stack([x, x], -1),
    "where": lambda x: np.where(x > 0, x, 0.0),
    "where by a known mask": lambda x: np.where(MASK[:, None], x, ROW),
    "clip": lambda x: np.clip(x, -1, 1),
    "expand_dims": lambda x: np.expand_dims(x, 1),
    "squeeze": lambda x: np.squeeze(x, 0),
    "transpose": np.transpose,
    "transpose with axes": lambda x: np.transpose(x, (1, 0, 2)),
    "swapaxes": lambda x: np.swapaxes(x, 0, 1),
    "reshape": lambda x: np.reshape(x, (4, -1)),
    "ravel": np.ravel,
    "broadcast_to": lambda x: np.broadcast_to(x, (2, 3, 32)),
    "cumsum": np.cumsum,
    "cumsum along": lambda x: np.cumsum(x, axis=1),
    "sort": np.sort,
    "sort flat": lambda x: np.sort(x, axis=None),
    "take": lambda x: np.take(x, [2, 0], axis=1),
    "dot": lambda x: np.dot(x, ROW),
    "matmul": lambda x: np.matmul(x, ROW[:, None]),
    "norm": np.linalg.norm,
    "norm along": lambda x: np.linalg.norm(x, axis=-1, keepdims=True),
    "full_like": lambda x: np.full_like(x, 2.5),
    "zeros_like": lambda x: np.zeros_like(x, dtype=np.int64),
    "prod": lambda x: np.prod(x[..., :4], axis=-1),
    "multiply.reduce": lambda x: np.multiply.reduce(x[0]),
    "nansum": lambda x: np.nansum(x, 1),
    "cumprod": lambda x: np.cumprod(x[..., :3], axis=-1),
    "quantile": lambda x: np.quantile(x, 0.3, axis=-1, keepdims=True),
    "median": lambda x: np.median(x, axis=-1),
    "arctan2": lambda x: np.arctan2(x, ROW),
    "log1p": lambda x: np.log1p(np.abs(x)),
    "floor_divide": lambda x: np.floor_divide(x, 0.5),
    "mod": lambda x: np.mod(x, 0.75),
    "nan_to_num": lambda x: np.nan_to_num(np.where(x > 0, np.nan, x), nan=2.0),
    "round": lambda x: np.round(x, 2),
    "shape": lambda x: (np.shape(x), np.ndim(x), np.size(x), np.size(x, 1)),
}


def test_functions_are_recorded_and_mean_the_same(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        x = llama.model.norm.output
        got = {name: case(x) for name, case in CASES.items()}
        assert all(v.is_symbolic for v in got.values() if not isinstance(v, tuple))
        x.save()
        pl.save(got)
    for name, case in CASES.items():
        want = case(x.numpy())
        if isinstance(want, tuple):
            assert got[name] == want
        else:
            np.testing.assert_allclose(got[name].numpy(), want, rtol=1e-5, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("name", CASES)
def test_numpy_computes_on_concrete_tensors(name: str) -> None:
    array = np.random.default_rng(0).normal(size=(1, 3, 32)).astype(np.float32)
    got, want = CASES[name](pl.tensor(array)), CASES[name](array)
    if isinstance(want, tuple):
        assert got == want
        return
    assert isinstance(got, pl.Tensor if name == "value + array" else np.ndarray | np.generic)
    np.testing.assert_allclose(got, want, rtol=1e-6)


WRONG = [
    (
        lambda x: np.fft.fft(x),
        "unknown-op",
        "`np.fft.fft` cannot be recorded: no operation has its name",
    ),
    (
        lambda x: np.subtract.outer(x, x),
        "unknown-op",
        "`np.subtract.outer` cannot be recorded: no operation has its name",
    ),
    (
        lambda x: np.exp(x, out=np.zeros(3)),
        "bad-argument",
        "`np.exp` cannot write to `out` while a trace is recorded",
    ),
    (
        lambda x: np.sum(x, where=MASK),
        "bad-argument",
        "`np.sum` has no argument `where` here",
    ),
    (
        lambda x: np.mean(x, axis=5),
        "bad-argument",
        "`mean`: dim 5 is out of range for a tensor with 3 axes (-3 to 2)",
    ),
    (
        lambda x: np.asarray(x),
        "not-concrete",
        "the elements of a value (float32[1, 3, 32]) cannot be known while its trace is recorded",
    ),
]


@pytest.mark.parametrize(("wrong", "code", "message"), WRONG)
def test_what_cannot_be_recorded(
    wrong: Callable[[Any], Any], code: str, message: str, llama: pl.LanguageModel
) -> None:
    with llama.trace(PROMPT):
        with pytest.raises(pl.PellucidError) as raised:
            wrong(llama.model.norm.output.save())
    assert (raised.value.code, raised.value.message) == (code, message)
    assert raised.value.file == __file__


def test_concrete_tensors_cannot_be_written_by_numpy() -> None:
    t = pl.tensor(ROW)
    with pytest.raises(pl.ArgumentError, match="read-only"):
        np.add(t, t, out=t)
    with pytest.raises(ValueError, match="read-only"):
        t.numpy()[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        np.asarray(t).sort()
    own = np.array(t)
    own += t
    np.testing.assert_array_equal(own, ROW * 2)


NOT_YET = """
    argsort bincount column_stack diag diagonal dot dstack flip hstack inner isin kron
    linalg_cholesky linalg_cross linalg_det linalg_eigh linalg_eigvalsh linalg_inv
    linalg_matrix_power linalg_pinv linalg_qr linalg_slogdet linalg_solve linalg_svd movedim outer
    roll rot90 searchsorted take_along_dim tensordot tile trace tril triu vstack
""".split()  # noqa: SIM905
"""Operations that the tables name before they exist."""


@pytest.mark.parametrize("name", _numpy.FUNCTIONS)
def test_the_table_says_numpys_parameters_and_a_known_operation(name: str) -> None:
    row, parameters = _numpy.FUNCTIONS[name]
    function: Any = np
    for part in name.split("."):
        function = getattr(function, part, None)
    if function is not None:  # an older NumPy may lack it
        try:
            theirs = list(inspect.signature(function).parameters)
        except ValueError:
            theirs = None
        given = [pair.partition("=")[0] for pair in parameters.split()]
        assert theirs is None or given == theirs[: len(given)] or set(given) <= set(theirs)
    assert row in NOT_YET or _numpy._row(name, row) is not None


@pytest.mark.parametrize("name", {*_numpy.UFUNCS.values(), *_numpy.REDUCED.values()})
def test_functions_of_elements_have_operations(name: str) -> None:
    assert name in NOT_YET or name.startswith("__") or _foreign.find(name) is not None
