"""PyTorch's functions on values. Stand-ins where PyTorch is missing, as in CI; itself elsewhere."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import pellucid as pl
from pellucid import _torch

PROMPT = [1, 2, 3]


def of_torch(name: str, module: str = "torch") -> Callable[..., Any]:
    """What PyTorch hands over for one of its functions, as far as this package looks at it."""

    def function(*args: Any, **named: Any) -> Any:
        raise AssertionError("on a symbolic value the function itself is not called")

    function.__name__ = function.__qualname__ = name
    function.__module__ = module
    return lambda *args, **named: pl.Tensor.__torch_function__(function, (), args, named)


NOT_IN_TORCH: set[str] = set()
"""Functions of this package that PyTorch does not have."""


@pytest.mark.parametrize("name", pl._ops.__all__)
def test_every_row_is_found_by_its_name(name: str) -> None:
    assert _torch.find(lambda: None, name) is not None


CASES: dict[str, Callable[[Any], Any]] = {
    "softmax": lambda h: of_torch("softmax")(h, -1),
    "functional": lambda h: of_torch("softmax", "torch.nn.functional")(
        h, dim=-1, _stacklevel=3, dtype=None
    ),
    "dtype": lambda h: of_torch("softmax", "torch.nn.functional")(h, dim=-1, dtype="float64"),
    "named": lambda h: of_torch("mean")(input=h, dim=-1, keepdim=True),
    "axis": lambda h: of_torch("sum")(h, axis=0, keepdims=True),
    "alias": lambda h: of_torch("absolute")(h),
    "special": lambda h: of_torch("special_expit", "torch._C._special")(h),
    "max": lambda h: of_torch("max")(h),
    "max along": lambda h: of_torch("max")(h, 1, keepdim=True).values,
    "max of two": lambda h: of_torch("max")(h, -h),
    "std": lambda h: of_torch("std")(h, -1, False),
    "std of all": lambda h: of_torch("std")(h, False),
    "norm": lambda h: of_torch("norm")(h, p="fro", dim=-1, out=None, dtype=None),
    "dropout": lambda h: of_torch("dropout")(h, p=0.5, training=False, inplace=False),
    "embedding": lambda h: of_torch("embedding", "torch.nn.functional")(
        h.argmax(-1), np.eye(32, dtype=np.float32), padding_idx=None, max_norm=None
    ),
    "embedding, weights first": lambda h: of_torch("embedding")(
        np.eye(32, dtype=np.float32), h.argmax(-1)
    ),
    "cat": lambda h: of_torch("cat")([h, h], dim=1),
    "device": lambda h: of_torch("full_like")(h, fill_value=2.0, device="cpu"),
    "operator": lambda h: of_torch("__getitem__")(np.arange(40), h.argmax(-1)),
}


def wanted(h: np.ndarray) -> dict[str, np.ndarray]:
    exp = np.exp(h - h.max(-1, keepdims=True))
    softmax = exp / exp.sum(-1, keepdims=True)
    one_hot = np.eye(32)[h.argmax(-1)]
    return {
        "softmax": softmax,
        "functional": softmax,
        "dtype": softmax,
        "named": h.mean(-1, keepdims=True),
        "axis": h.sum(0, keepdims=True),
        "alias": abs(h),
        "special": 1 / (1 + np.exp(-h)),
        "max": h.max(),
        "max along": h.max(1, keepdims=True),
        "max of two": abs(h),
        "std": h.std(-1),
        "std of all": h.std(),
        "norm": np.linalg.norm(h, axis=-1),
        "dropout": h,
        "embedding": one_hot,
        "embedding, weights first": one_hot,
        "cat": np.concatenate([h, h], 1),
        "device": np.full_like(h, 2),
        "operator": h.argmax(-1),
    }


def test_functions_are_recorded(llama: pl.LanguageModel) -> None:
    with llama.trace(PROMPT):
        h = llama.model.norm.output
        got = pl.save({name: case(h) for name, case in CASES.items()})
        h.save()
    want = wanted(h.numpy())
    assert got.keys() == want.keys()
    for name, value in got.items():
        np.testing.assert_allclose(value, want[name], rtol=1e-5, atol=1e-6, err_msg=name)
    assert got["dtype"].dtype == pl.float64


WRONG = [
    (
        lambda h: of_torch("fft_fft", "torch._C._fft")(h),
        "unknown-op",
        "`torch.fft.fft` cannot be recorded: no operation has its name",
        "write it with the methods of `pl.Tensor`, or `.save()` the value and call it after the "
        "block",
    ),
    (
        lambda h: of_torch("sigmoi", "torch.nn.functional")(h),
        "unknown-op",
        "`torch.nn.functional.sigmoi` cannot be recorded: no operation has its name",
        "did you mean `sigmoid` or `sign`? else write it with the methods of `pl.Tensor`, or "
        "`.save()` the value and call it after the block",
    ),
    (
        lambda h: of_torch("exp")(h, out=h),
        "bad-argument",
        "`torch.exp` cannot write to `out` while a trace is recorded",
        "take what it gives, or assign to `tensor[:]`",
    ),
    (
        lambda h: of_torch("add_")(np.zeros(3), h),
        "bad-argument",
        "`torch.add_` cannot write a value of a trace into a tensor of PyTorch",
        "`.save()` the value and write after the block",
    ),
    (
        lambda h: of_torch("full_like")(h, 1.0, device="cuda"),
        "bad-argument",
        "`torch.full_like`: values are on `cpu`, got `cuda`",
        "leave `device` out",
    ),
    (
        lambda h: of_torch("dropout")(h, p=0.5, training=True),
        "bad-argument",
        "`dropout` in training mode is random",
        "`module.eval()` first, or `pl.bernoulli` with a seed",
    ),
    (
        lambda h: of_torch("cumsum")(h, 0, colour="red"),
        "bad-argument",
        "`torch.cumsum` has no argument `colour` here",
        "it takes input, dim, dtype",
    ),
]


@pytest.mark.parametrize(("wrong", "code", "message", "help"), WRONG)
def test_what_cannot_be_recorded(
    wrong: Callable[[Any], Any], code: str, message: str, help: str, llama: pl.LanguageModel
) -> None:
    with llama.trace(PROMPT):
        with pytest.raises(pl.PellucidError) as raised:
            wrong(llama.model.norm.output.save())
    assert (raised.value.code, raised.value.message) == (code, message)
    if code != "unknown-op":
        assert raised.value.help == help
    assert raised.value.file == __file__


# From here on with PyTorch itself.


@pytest.fixture(scope="module")
def torch() -> Any:
    return pytest.importorskip("torch")


def test_every_row_is_what_pytorch_calls_it(torch: Any, llama: pl.LanguageModel) -> None:
    spaces = [torch, torch.nn.functional, torch.Tensor, torch.special]
    missing = [n for n in pl._ops.__all__ if not any(hasattr(space, n) for space in spaces)]
    assert set(missing) == NOT_IN_TORCH
    for name in set(pl._ops.__all__) - NOT_IN_TORCH:
        function = next(getattr(space, name) for space in spaces if hasattr(space, name))
        shown, found = _torch.names(function)
        assert _torch.find(function, found) is not None, shown


def test_operators_and_functions_agree_with_pytorch(torch: Any, llama: pl.LanguageModel) -> None:
    functional = torch.nn.functional
    torch.manual_seed(0)
    weight, scale = torch.randn(32, 32), torch.nn.Parameter(torch.rand(32))
    norm = torch.nn.LayerNorm(32)
    cases: list[Callable[[Any], Any]] = [
        lambda h: scale + h,
        lambda h: scale - h,
        lambda h: h - scale.detach(),
        lambda h: scale * h,
        lambda h: scale / h,
        lambda h: weight @ h[0].T,
        lambda h: h @ weight,
        lambda h: scale > h,
        lambda h: 2.0**h,
        lambda h: torch.softmax(h, -1),
        lambda h: functional.softmax(h, dim=-1, dtype=torch.float64),
        lambda h: torch.std(h, dim=0, unbiased=False) if h.shape[0] > 1 else torch.std(h, -1),
        lambda h: torch.max(h, 1).values,
        lambda h: torch.cat([h, torch.ones(1, 2, 32)], dim=1),
        lambda h: torch.where(h > 0, h, 0.0),
        lambda h: norm(h),
        lambda h: torch.nn.GELU()(h),
        lambda h: functional.gelu(h, approximate="tanh"),
        lambda h: functional.embedding(torch.argmax(h, -1), weight),
        lambda h: torch.gather(h, -1, torch.argmax(h, -1, keepdim=True)),
        lambda h: torch.topk(h, 3).values,
        lambda h: torch.norm(h, dim=-1),
        lambda h: torch.full_like(h, 3.0, dtype=torch.int64),
        lambda h: functional.relu(h * 1, inplace=True),
        lambda h: functional.softplus(h, beta=2),
        lambda h: torch.special.expm1(h),
        lambda h: torch.true_divide(h, 3),
        lambda h: torch.div(h, 0.3, rounding_mode="floor"),
        lambda h: torch.add(h, scale.detach(), alpha=2),
        lambda h: torch.lerp(h, scale.detach(), 0.5),
        lambda h: torch.bitwise_and(torch.argmax(h, -1), 3),
    ]
    with llama.trace(PROMPT):
        h = llama.model.norm.output
        got = pl.save([case(h) for case in cases])
        h.save()
    for i, case in enumerate(cases):
        want = case(torch.tensor(h.numpy())).detach()
        assert str(got[i].dtype) == str(want.dtype).removeprefix("torch."), i
        np.testing.assert_allclose(got[i], want.numpy(), rtol=2e-5, atol=1e-5, err_msg=str(i))


def test_pytorch_computes_on_concrete_tensors(torch: Any) -> None:
    t = pl.tensor([[1.0, 2.0], [3.0, 5.0]])
    layer = torch.nn.Linear(2, 1)
    loss = layer(t).pow(2).mean()
    loss.backward()
    assert layer.weight.grad is not None
    assert isinstance(torch.fft.fft(t), torch.Tensor)
    assert isinstance(torch.ones(2) * t, torch.Tensor)
    torch.relu_(t)
    torch.tensor(t)[0] = 7
    np.testing.assert_array_equal(t, [[1, 2], [3, 5]])


def test_tensors_cross_by_dlpack_and_by_copy(torch: Any) -> None:
    for name in ("bool", "uint8", "int32", "int64", "float16", "bfloat16", "float32", "float64"):
        t = pl.tensor([[0, 1], [1, 1]]).to(name)
        for there in (torch.from_dlpack(t), torch.as_tensor(t), torch.tensor(t), torch.asarray(t)):
            assert str(there.dtype) == f"torch.{name}"
            assert there.tolist() == t.tolist()
        back = pl.tensor(torch.from_dlpack(t))
        assert (back.dtype, back.tolist()) == (name, t.tolist())


def test_errors_in_pytorchs_own_code_point_at_the_users_line(
    torch: Any, llama: pl.LanguageModel
) -> None:
    with llama.trace(PROMPT):
        with pytest.raises(pl.PellucidError) as raised:
            torch.nn.functional.softmax(llama.model.norm.output, dim=7)
    assert raised.value.file == __file__
