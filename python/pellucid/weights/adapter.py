"""LoRA adapters in PEFT's format (Hu et al. 2021, arXiv:2106.09685), as edits.

A folder holds `adapter_config.json` and `adapter_model.safetensors`: for each module that is
adapted two matrices, whose product, scaled, is added to its own.
"""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from pellucid import _views
from pellucid.errors import fault
from pellucid.weights import _safetensors
from pellucid.weights._rank_one import is_transposed

if TYPE_CHECKING:
    from pellucid.envoy import Envoy
    from pellucid.errors import PellucidError
    from pellucid.model import Model

M = TypeVar("M", bound="Model")

_PREFIX = "base_model.model."

_REFUSED = {
    "use_dora": "DoRA, which scales whole matrices by their norms,",
    "lora_bias": "LoRA with a bias of its own",
    "modules_to_save": "an adapter with whole modules (`modules_to_save`)",
    "trainable_token_indices": "an adapter with rows of the embedding",
    "target_parameters": "LoRA on parameters that belong to no linear module",
    "use_qalora": "QALoRA",
    "alora_invocation_tokens": "activated LoRA",
    "megatron_config": "LoRA on layers of Megatron",
    "layer_replication": "an adapter that repeats layers",
    "use_bdlora": "block-diagonal LoRA",
    "arrow_config": "Arrow, which routes between adapters,",
    "velora_config": "VeLoRA",
    "kasa_config": "KaSA",
    "monteclora_config": "MonteCLoRA",
    "ensure_weight_tying": "an adapter that ties weights",
}


@dataclass(frozen=True)
class Pair:
    """The two matrices of one module, and what their product is multiplied by."""

    module: Envoy
    a: _safetensors.Floats  # [r, n_in]
    b: _safetensors.Floats  # [n_out, r]
    scale: float


def load(model: M, folder: str | os.PathLike[str], merge: bool, inplace: bool) -> M:
    """A model with an adapter: another handle, or the same one `inplace`."""
    pairs = list(_pairs(model, os.fspath(folder)))
    edited: M
    with model.edit(inplace=inplace) as edited:
        for pair in pairs:
            module = edited[pair.module.path]
            _merge(module, pair) if merge else _apply(module, pair)
    return edited


def _merge(module: Envoy, pair: Pair) -> None:
    a, b = _views.given(pair.a), _views.given(pair.b)
    product = (a.t() @ b.t() if is_transposed(module) else b @ a) * pair.scale
    weight: Any = module.weight
    weight.copy_(weight.float() + product)


def _apply(module: Envoy, pair: Pair) -> None:
    a, b = _views.given(pair.a), _views.given(pair.b)
    x = module.input
    inner = a.t()[x] if "Embedding" in module.kind else x.float() @ a.t()  # [b, s, r]
    module.output = module.output + (inner @ b.t() * pair.scale).to(module.output.dtype)


def _pairs(model: Model, folder: str) -> Iterator[Pair]:
    """The matrices of an adapter, checked against its configuration and the model."""
    config = _config(folder)
    tensors = _tensors(folder)
    wanted = set(_targets(model, config))
    there = {name.rpartition(".lora_")[0] for name in tensors}
    if there - wanted:
        message = f"the adapter has weights for `{min(there - wanted)}`"
        is_there = _is_module(model, min(there - wanted))
        left_out = "which its `target_modules` leave out"
        why = left_out if is_there else "which the model does not have"
        raise _bad(folder, f"{message}, {why}")
    if wanted - there:
        message = f"it has no weights for `{min(wanted - there)}`, which its `target_modules` name"
        raise _bad(folder, message)
    for path in sorted(there):
        a, b = _matrices(tensors, path, folder)
        module = model[path]
        rank = _by_pattern(config.get("rank_pattern"), path, config["r"])
        alpha = _by_pattern(config.get("alpha_pattern"), path, config.get("lora_alpha", rank))
        shape = model.parameter_shapes()[f"{path}.weight"]
        n_out, n_in = reversed(shape) if is_transposed(module) else shape
        if a.shape != (rank, n_in) or b.shape != (n_out, rank):
            message = (
                f"its matrices for `{path}` are {list(a.shape)} and {list(b.shape)}, expected "
                f"[{rank}, {n_in}] and [{n_out}, {rank}]"
            )
            raise _bad(folder, message)
        by = math.sqrt(rank) if config.get("use_rslora") else rank
        yield Pair(module, a, b, alpha / by)


def _matrices(
    tensors: dict[str, _safetensors.Floats], path: str, folder: str
) -> tuple[_safetensors.Floats, _safetensors.Floats]:
    for first, second in (("A.weight", "B.weight"), ("embedding_A", "embedding_B")):
        a, b = tensors.get(f"{path}.lora_{first}"), tensors.get(f"{path}.lora_{second}")
        if a is not None and b is not None:
            return a, b
    raise _bad(folder, f"one of the two matrices for `{path}` is missing")


def _config(folder: str) -> dict[str, Any]:
    path = os.path.join(folder, "adapter_config.json")
    try:
        with open(path, encoding="utf-8") as file:
            config: dict[str, Any] = json.load(file)
    except FileNotFoundError:
        raise _bad(folder, "it has no `adapter_config.json`") from None
    except ValueError as error:
        raise _bad(folder, f"`adapter_config.json` is not JSON: {error}") from None
    if config.get("peft_type") != "LORA":
        raise _bad(folder, f"it is of the type {config.get('peft_type')}, not LORA")
    for key, what in _REFUSED.items():
        if config.get(key):
            raise _bad(folder, f"{what} is not supported (`{key}`)")
    if config.get("bias", "none") != "none":
        raise _bad(folder, f"biases were trained too (`bias` is {config['bias']!r})")
    init = config.get("init_lora_weights", True)
    if init not in (True, False, "gaussian", "orthogonal"):
        message = (
            f"it belongs to other base weights than the model's (`init_lora_weights` is {init!r})"
        )
        raise _bad(folder, message, "save it converted, `path_initial_model_for_weight_conversion`")
    return config


def _tensors(folder: str) -> dict[str, _safetensors.Floats]:
    path = os.path.join(folder, "adapter_model.safetensors")
    try:
        found = _safetensors.read(path)
    except FileNotFoundError:
        help = "`adapter_model.bin` is a pickle, which can do anything: save it as safetensors"
        raise _bad(folder, "it has no `adapter_model.safetensors`", help) from None
    except ValueError as error:
        raise _bad(folder, f"`adapter_model.safetensors`: {error}") from None
    other = [name for name in found if not name.startswith(_PREFIX) or ".lora_" not in name]
    if other:
        raise _bad(folder, f"`{other[0]}` is no matrix of LoRA")
    return {name.removeprefix(_PREFIX): tensor for name, tensor in found.items()}


def _targets(model: Model, config: dict[str, Any]) -> Iterator[str]:
    """Paths of the modules that the configuration means, by PEFT's rules."""
    targets, excluded = config.get("target_modules"), config.get("exclude_modules")
    layers, pattern = config.get("layers_to_transform"), config.get("layers_pattern")
    shapes = model.parameter_shapes()
    for path, kind, _, _ in model._model.modules():
        is_linear = kind in ("Linear", "Conv1D")
        if f"{path}.weight" not in shapes and path != "lm_head":
            continue
        if targets == "all-linear":
            if not is_linear or path == "lm_head":
                continue
        elif not _matches(targets, path):
            continue
        if excluded and _matches(excluded, path):
            continue
        if layers is not None and not _is_in(path, layers, pattern):
            continue
        yield path


def _matches(names: Any, path: str) -> bool:
    if isinstance(names, str):
        return re.fullmatch(names, path) is not None
    return any(path == name or path.endswith(f".{name}") for name in names or ())


def _is_in(path: str, layers: int | list[int], patterns: str | list[str] | None) -> bool:
    """Whether a path is in one of some layers."""
    if not patterns:
        found = re.match(r".*\.[^.]*\.(\d+)\.", path)
    else:
        names = [patterns] if isinstance(patterns, str) else patterns
        matches = (re.match(rf".*\.{name}\.(\d+)\.", path) for name in names)
        found = next((match for match in matches if match), None)
    wanted = [layers] if isinstance(layers, int) else layers
    return found is not None and int(found[1]) in wanted


def _by_pattern(patterns: dict[str, Any] | None, path: str, otherwise: Any) -> Any:
    """What the first pattern that a path ends with says."""
    for pattern, value in (patterns or {}).items():
        if re.match(rf"(.*\.)?({pattern})$", path):
            return value
    return otherwise


def _is_module(model: Model, path: str) -> bool:
    return any(found == path for found, _, _, _ in model._model.modules())


def _bad(folder: str, why: str, help: str | None = None) -> PellucidError:
    return fault("bad-adapter", f"cannot use the adapter `{folder}`: {why}", help)
