"""The residual stream's writers: what adds to it, by the vocabulary that all models share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pellucid import _views
from pellucid.errors import fault
from pellucid.weights._rank_one import is_transposed

if TYPE_CHECKING:
    from pellucid._call import TensorLike
    from pellucid.envoy import Envoy
    from pellucid.model import Model
    from pellucid.tensor import Tensor

TABLES = (
    "transformer.wpe",
    "model.decoder.embed_positions",
    "embeddings.position_embeddings",
    "embeddings.token_type_embeddings",
)
"""Tables added to the embedding of tokens."""

ATTENTION = ("c_proj", "attention.out_proj", "out_proj", "dense", "o_proj", "output.dense")
"""Below `layers.*.attn`."""

MLP = ("c_proj", "fc_out", "dense_4h_to_h", "down_proj", "experts")
"""Below `layers.*.mlp`."""

WIRED = ("fc2", "output.dense")
"""Below a layer that wires its MLP itself."""


@dataclass(frozen=True)
class Writer:
    """A module that adds to the residual stream."""

    module: Envoy
    """Whose output is added."""
    norm: Envoy | None = None
    """The norm between it and the residual stream, where there is one (Gemma 2, OLMo 2)."""


def writers(model: Model) -> list[Writer]:
    """Every module that adds to the residual stream, the first in a forward pass first.

    Embeddings of tokens and positions, the output matrices of attention and of MLPs, and experts.

    Raises `EditError` for a model of which they are not known, and for one whose residual stream is
    what a LayerNorm gives (BERT): no weights before it say what there is along a direction.
    """
    found = list(_tables(model))
    for layer in model.layers:
        parts = (
            (_first(_child(layer, "attn"), ATTENTION), "post_attention_layernorm"),
            (
                _first(_child(layer, "mlp"), MLP) or _first(layer, WIRED),
                "post_feedforward_layernorm",
            ),
        )
        is_sandwich = layer._child("post_feedforward_layernorm") is not None
        for module, norm in parts:
            if module is None:
                message = f"what `{layer.path}` adds to the residual stream is not known"
                raise fault("no-edit", message, "write to its weights by their names")
            found.append(Writer(module, layer._child(norm) if is_sandwich else None))
        _check_norms(model, layer, found[-1])
    return found


def orthogonalize(edited: Model, direction: TensorLike) -> None:
    """Makes every writer of the residual stream write nothing along `direction` (`[d]`).

    Afterwards the residual stream has no component along it, before any layer and after all of
    them, whatever the prompt (Arditi et al. 2024, arXiv:2406.11717). Biases and experts are
    writers too; where a norm stands between a writer and the stream, its scale is heeded.
    A head that is tied to the embedding changes with it.
    """
    r = _views.given(direction).float()
    if r.ndim != 1:
        raise fault(
            "shape-mismatch", f"`orthogonalize`: a direction has one axis, got {list(r.shape)}"
        )
    for writer in writers(edited):
        _clear(writer, r)


def _clear(writer: Writer, direction: Tensor) -> None:
    """Takes from a writer's weights what leads along a direction."""
    module, norm = writer.module, writer.norm
    r = direction
    if norm is not None:
        scale = _weight(norm, "weight").float()
        r = r * (scale + 1 if norm.kind.startswith("Gemma") else scale)
    r = r / r.norm()
    name = "down_proj" if "weight" not in module._weights else "weight"
    weight = _weight(module, name)
    wide = weight.float()
    if is_transposed(module):
        part = (wide @ r).outer(r)  # [n_in, d]
    else:
        part = (r @ wide).unsqueeze(-2) * r.unsqueeze(-1)  # [.., d, n_in]
    weight.copy_(wide - part)
    if "bias" in module._weights:
        bias = _weight(module, "bias")
        bias.copy_(bias.float() - r * (bias.float() @ r))


def _weight(module: Envoy, name: str) -> Tensor:
    weight: Tensor = getattr(module, name)
    return weight


def _tables(model: Model) -> Iterator[Writer]:
    decoder = _first(model, ("model.decoder",))
    narrow = None if decoder is None else decoder._child("project_in")
    yield Writer(_first(model, ("embed",)) or model if narrow is None else narrow)
    for path in TABLES:
        table = _first(model, (path,))
        if table is not None:
            yield Writer(table)


def _child(envoy: Envoy, name: str) -> Envoy | None:
    return envoy._child(name)


def _first(envoy: Envoy | None, paths: tuple[str, ...]) -> Envoy | None:
    """The first of some modules below another that is there."""
    for path in paths if envoy is not None else ():
        found: Envoy | None = envoy
        for name in path.split("."):
            found = None if found is None else found._child(name)
        if found is not None:
            return found
    return None


def _check_norms(model: Model, layer: Envoy, last: Writer) -> None:
    """Raises when a LayerNorm comes between the last writer of a layer and the layer's output."""
    kinds = {path: kind for path, kind, _, _ in model._model.modules()}
    sites = [(path, point) for path, point, _, _ in model._model.sites()]
    between = sites[sites.index((last.module.path, "output")) : sites.index((layer.path, "output"))]
    for path, _ in between:
        if kinds[path] == "LayerNorm":
            message = f"the residual stream of `{model.name}` is what LayerNorms give (`{path}`)"
            help = "no weights say what they leave along a direction: write to outputs of layers"
            raise fault("no-edit", message, help)
