"""A tensor in a notebook: what it is, where it was made, and a look at its elements."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from pellucid._html import code, faint, head, n_bytes, page
from pellucid._location import shown

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

N_ROWS, N_COLUMNS, N_STRIPES = 6, 8, 96
WARM, COLD = "222,110,40", "60,130,235"


def html(tensor: Tensor) -> str:
    """The whole of it."""
    is_open = any(not isinstance(length, int) for length in tensor.shape)
    size = "" if is_open else faint(n_bytes(tensor.numel() * tensor.dtype.itemsize))
    place = faint(f"made at {shown(tensor._at)}") if tensor._at else ""
    top = head("tensor", code(list(tensor.shape)), code(tensor.dtype.name), size, place)
    if tensor.is_symbolic:
        return page(top, faint("no elements while its trace is recorded: .save() keeps them"))
    elements = tensor.numpy()
    if elements.size == 0:
        return page(top, faint("no elements"))
    if elements.ndim == 0:
        return page(top, f"<div>{code(_number(elements[()]))}</div>")
    return page(top, _range(elements), _corner(elements), _strip(elements))


def _range(elements: np.ndarray[Any, Any]) -> str:
    if elements.ndim == 0 or elements.dtype == np.bool_:
        n = int(np.count_nonzero(elements))
        return (
            "" if elements.ndim == 0 else f"<div>{faint(f'{n} of {elements.size} are true')}</div>"
        )
    numbers = elements.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    words = []
    if finite.size:
        words = [f"{w} {getattr(finite, w)():.4g}" for w in ("min", "mean", "max", "std")]
    for what, test in (("NaN", np.isnan), ("infinite", np.isinf)):
        if n := int(np.count_nonzero(test(numbers))):
            words.append(f"{n} {what}")
    return f"<div>{faint(' · '.join(words))}</div>"


def _corner(elements: np.ndarray[Any, Any]) -> str:
    """The first matrix of the tensor, its middle left out when it is large."""
    leading = (0,) * max(elements.ndim - 2, 0)
    matrix = np.atleast_2d(elements[leading])
    rows, columns = _ends(matrix.shape[0], N_ROWS), _ends(matrix.shape[1], N_COLUMNS)
    shown_rows, shown_columns = ([i for i in ends if i is not None] for ends in (rows, columns))
    largest = _largest(matrix[np.ix_(shown_rows, shown_columns)])
    where = f"[{', '.join('0' * len(leading))}, :, :]" if leading else ""
    above = "".join(f"<th>{'…' if c is None else c}</th>" for c in columns)
    lines = [f"<tr><th>{where}</th>{above}</tr>"]
    for r in rows:
        cells = "".join(
            "<td>…</td>" if r is None or c is None else _cell(matrix[r, c], largest)
            for c in columns
        )
        lines.append(f"<tr><th>{'…' if r is None else r}</th>{cells}</tr>")
    return f"<table>{''.join(lines)}</table>"


def _strip(elements: np.ndarray[Any, Any]) -> str:
    """Means over the whole tensor in the order of memory, when the corner does not show it all."""
    if elements.size <= N_ROWS * N_COLUMNS:
        return ""
    parts = np.array_split(elements.astype(np.float64).ravel(), min(N_STRIPES, elements.size))
    means = np.array([_mean(part[np.isfinite(part)]) for part in parts])
    largest = float(np.quantile(np.abs(means), 0.9)) or _largest(means)
    stripes = "".join(f'<i style="{_shade(mean, largest)}"></i>' for mean in means)
    return f'<div class="strip" title="all elements in order, averaged">{stripes}</div>'


def _mean(part: np.ndarray[Any, Any]) -> float:
    return float(part.mean()) if part.size else 0.0


def _ends(n: int, most: int) -> list[int | None]:
    if n <= most:
        return list(range(n))
    return [*range(most // 2), None, *range(n - most // 2, n)]


def _largest(numbers: np.ndarray[Any, Any]) -> float:
    finite = np.abs(numbers[np.isfinite(numbers)].astype(np.float64))
    return float(finite.max()) if finite.size else 0.0


def _cell(number: Any, largest: float) -> str:
    return f'<td style="{_shade(float(number), largest)}">{_number(number)}</td>'


def _number(number: Any) -> str:
    return str(number) if isinstance(number, np.bool_ | np.integer) else f"{number:.4g}"


def _shade(number: float, largest: float) -> str:
    if not np.isfinite(number):
        return "background:rgba(127,127,127,.4)"
    if largest == 0 or number == 0:
        return ""
    colour = WARM if number > 0 else COLD
    return f"background:rgba({colour},{0.6 * min(abs(number) / largest, 1):.2f})"
