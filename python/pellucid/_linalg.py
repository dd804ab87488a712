"""The operations of `pl.linalg`.

Made from the op table by `cargo xtask codegen`: edit `crates/pellucid-graph/src/op/table.rs`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from pellucid import _call
from pellucid._call import TensorLike
from pellucid._ops import (
    QR,
    EigenvaluesEigenvectors,
    SignLogabsdet,
    SolutionResidualsRankSingularValues,
    USVh,
)

if TYPE_CHECKING:
    from pellucid.tensor import Tensor

__all__ = [
    "cholesky",
    "cross",
    "det",
    "eigh",
    "eigvalsh",
    "inv",
    "lstsq",
    "matrix_power",
    "matrix_rank",
    "pinv",
    "qr",
    "slogdet",
    "solve",
    "solve_triangular",
    "svd",
    "svdvals",
    "vector_norm",
]


def vector_norm(
    x: TensorLike,
    ord: float = 2,
    dim: int | Sequence[int] | None = None,
    keepdim: bool = False,
    dtype: Any | None = None,
) -> Tensor:
    """Takes the vector norm of order `ord`, of all elements or along axes."""
    return _call.one(
        "linalg_vector_norm",
        _call.tensor(x),
        ord,
        _call.ints(dim),
        keepdim,
        _call.dtype_name(dtype),
    )


def cross(input: TensorLike, other: TensorLike, dim: int = -1) -> Tensor:
    """Takes the cross product along an axis of length 3."""
    return _call.one("linalg_cross", _call.tensor(input), _call.tensor(other), dim)


def svd(A: TensorLike, full_matrices: bool = True) -> USVh:
    """Decomposes into U diag(S) Vh; S falls."""
    return _call.several(USVh, "linalg_svd", _call.tensor(A), full_matrices)


def svdvals(A: TensorLike) -> Tensor:
    """Gives the singular values, largest first."""
    return _call.one("linalg_svdvals", _call.tensor(A))


def qr(A: TensorLike, mode: Literal["reduced", "complete", "r"] = "reduced") -> QR:
    """Decomposes into an orthonormal Q and an upper triangular R; the mode `r` gives a Q without
    elements.
    """
    return _call.several(QR, "linalg_qr", _call.tensor(A), mode)


def eigh(A: TensorLike, UPLO: Literal["L", "U", "l", "u"] = "L") -> EigenvaluesEigenvectors:
    """Gives eigenvalues, smallest first, and eigenvectors of symmetric matrices, of which one
    triangle is read.
    """
    return _call.several(EigenvaluesEigenvectors, "linalg_eigh", _call.tensor(A), UPLO)


def eigvalsh(A: TensorLike, UPLO: Literal["L", "U", "l", "u"] = "L") -> Tensor:
    """Gives the eigenvalues of symmetric matrices, smallest first."""
    return _call.one("linalg_eigvalsh", _call.tensor(A), UPLO)


def cholesky(A: TensorLike, upper: bool = False) -> Tensor:
    """Decomposes a positive-definite matrix into L L^T and gives L, or its transpose."""
    return _call.one("linalg_cholesky", _call.tensor(A), upper)


def inv(A: TensorLike) -> Tensor:
    """Inverts square matrices."""
    return _call.one("linalg_inv", _call.tensor(A))


def pinv(
    A: TensorLike, atol: float | None = None, rtol: float | None = None, hermitian: bool = False
) -> Tensor:
    """Takes the pseudoinverse; singular values up to max(`atol`, `rtol` * the largest) count as
    0.
    """
    return _call.one("linalg_pinv", _call.tensor(A), atol, rtol, hermitian)


def solve(A: TensorLike, B: TensorLike, left: bool = True) -> Tensor:
    """Solves AX = B, or XA = B; B holds vectors when it has the shape for it."""
    return _call.one("linalg_solve", _call.tensor(A), _call.tensor(B), left)


def solve_triangular(
    A: TensorLike, B: TensorLike, upper: bool, left: bool = True, unitriangular: bool = False
) -> Tensor:
    """Solves AX = B, or XA = B, for a triangular A."""
    return _call.one(
        "linalg_solve_triangular", _call.tensor(A), _call.tensor(B), upper, left, unitriangular
    )


def lstsq(
    A: TensorLike, B: TensorLike, rcond: float | None = None
) -> SolutionResidualsRankSingularValues:
    """Gives the shortest X that minimizes |AX - B| and the rank of A; residuals and singular
    values stay without elements.
    """
    return _call.several(
        SolutionResidualsRankSingularValues, "linalg_lstsq", _call.tensor(A), _call.tensor(B), rcond
    )


def det(A: TensorLike) -> Tensor:
    """Gives the determinant."""
    return _call.one("linalg_det", _call.tensor(A))


def slogdet(A: TensorLike) -> SignLogabsdet:
    """Gives the sign of the determinant and the logarithm of its absolute value."""
    return _call.several(SignLogabsdet, "linalg_slogdet", _call.tensor(A))


def matrix_rank(
    A: TensorLike, atol: float | None = None, rtol: float | None = None, hermitian: bool = False
) -> Tensor:
    """Counts the singular values above max(`atol`, `rtol` * the largest), as i64."""
    return _call.one("linalg_matrix_rank", _call.tensor(A), atol, rtol, hermitian)


def matrix_power(A: TensorLike, n: int) -> Tensor:
    """Multiplies a square matrix by itself; negative powers invert it."""
    return _call.one("linalg_matrix_power", _call.tensor(A), n)
