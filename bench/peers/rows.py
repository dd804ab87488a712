"""What is measured, as data: one row a work, with who does it and how far ahead it has to be."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

GPT2, SMOLLM2, TWIN = "GPT-2 small", "SmolLM2-135M", "GPT-2, width 64"
VOCABULARY = {GPT2: 50257, SMOLLM2: 49152, TWIN: 512}
LAYERS = {GPT2: 12, SMOLLM2: 30, TWIN: 12}
CONTEXT = 128

# Largest difference of two right answers, as a part of the largest number: sums in another order;
# roundings to 8 bits at each step; llama.cpp rounds activations to 8 bits for its products.
SAME = {"f32": 1e-3, "bf16": 0.05, "gguf": 0.1}


@dataclass(frozen=True)
class Entry:
    """A case that a contestant does."""

    contestant: str
    case: str  # JSON, so that equal cases are one

    @property
    def id(self) -> str:
        return f"{self.contestant} {self.case}"


@dataclass(frozen=True)
class Cost:
    """What is compared: an entry's time, less that of another, by the number of things done."""

    name: str
    plus: Entry
    minus: Entry | None = None
    per: int | None = 1  # None: by operation


@dataclass(frozen=True)
class Row:
    """One line of the table. The best of ours is compared with the best of the peers."""

    group: str
    work: str
    model: str
    ours: tuple[Cost, ...]
    peers: tuple[Cost, ...]
    at_least: float | None = None  # peers / ours
    at_most: float | None = None  # ours / peers
    same: float | None = None
    reference: Entry | None = None  # compared with, if not the first of the peers
    unit: str = "ms"

    @property
    def entries(self) -> list[Entry]:
        """Everything that is timed, once."""
        costs = [e for c in (*self.ours, *self.peers) for e in (c.plus, c.minus) if e]
        return list(dict.fromkeys(costs))


def prompts(model: str, n: int, length: int) -> list[list[int]]:
    """Token ids, the same for everybody."""
    return [[(37 * (i + 11 * b) + 5) % VOCABULARY[model] for i in range(length)] for b in range(n)]


def rows() -> Iterator[Row]:
    """All, models one after the other."""
    for model in (GPT2, SMOLLM2):
        yield from forwards(model, "f32", {10: 3.6, 128: 1.8, 512: 1.65})
        yield from decodes(model, "f32", {1: 2.6, 8: 3.0, 32: 3.0})
        yield peak(model)
        if model == GPT2:
            yield from traces()
        yield from forwards(model, "bf16", {10: 2.4, 128: 1.4, 512: 1.4})
        yield from decodes(model, "bf16", {1: 3.8})
    yield quantized()
    yield from fixed()


def forwards(model: str, dtype: str, floors: dict[int, float]) -> Iterator[Row]:
    for length, floor in floors.items():
        ids = prompts(model, 1, length)
        work = f"forward, {length} tokens, {dtype}, all logits"
        yield against_torch("forward", work, model, dtype, floor, work="forward", ids=ids)


def decodes(model: str, dtype: str, floors: dict[int, float]) -> Iterator[Row]:
    for n, floor in floors.items():
        ids = prompts(model, n, CONTEXT)
        following = [7 + b for b in range(n)]
        who = "a token" if n == 1 else f"a token of each of {n} sequences"
        title = f"decode {who} at context {CONTEXT}, {dtype}"
        case = {"work": "decode", "ids": ids, "next": following}
        yield against_torch("decode", title, model, dtype, floor, **case)


def against_torch(group: str, title: str, model: str, dtype: str, floor: float, **case: Any) -> Row:
    ours = [Cost("engine", entry("engine", model, dtype=dtype, **case))]
    if dtype == "bf16":
        exact = entry("engine", model, weights="bf16", dtype="f32", **case)
        ours.append(Cost("engine, bf16 weights in f32", exact))
    kinds = ("sdpa", "eager")
    peers = [Cost(k, entry("torch", model, dtype=dtype, attention=k, **case)) for k in kinds]
    return Row(group, title, model, tuple(ours), tuple(peers), floor, same=SAME[dtype])


def peak(model: str) -> Row:
    case = {"work": "forward", "dtype": "f32", "ids": prompts(model, 1, 512)}
    ours = Cost("engine", entry("engine", model, **case), per=None)
    peer = Cost("registers only", entry("engine", model, work="peak"), per=None)
    title = "part of the machine's f32 peak, prefill of 512 tokens"
    return Row("peak", title, model, (ours,), (peer,), 0.75, unit="GFLOP/s")


def traces() -> Iterator[Row]:
    for group, work, length, floor in (
        ("trace", "trace", 10, 1.03),
        ("cache", "residuals", 10, 1.05),
    ):
        ids = prompts(GPT2, 1, length)
        ours = Cost("trace", entry("ours", GPT2, work=work, ids=ids))
        bare = Cost("bare engine", entry("engine", GPT2, work="forward", dtype="f32", ids=ids))
        reference = entry("nnsight", GPT2, work=work, ids=ids)
        title = {"trace": "trace with one save", "residuals": "all residual streams saved"}[work]
        title = f"{title}, {length} tokens, from Python"
        yield Row(
            group,
            title,
            GPT2,
            (ours,),
            (bare,),
            at_most=floor,
            same=SAME["f32"],
            reference=reference,
        )
    for work, length, floor in (("trace", 10, None), ("residuals", 10, None), ("patterns", 128, 2)):
        title = {
            "trace": "trace with one save",
            "residuals": "all residual streams saved",
            "patterns": "all attention patterns saved",
        }[work]
        yield against_tools(GPT2, f"{title}, {length} tokens, from Python", work, length, floor)


def against_tools(model: str, title: str, work: str, length: int, floor: float | None) -> Row:
    case = {"work": work, "ids": prompts(model, 1, length), "layers": LAYERS[model]}
    ours = Cost("trace", entry("ours", model, **case))
    peers = tuple(Cost(tool, entry(tool, model, **case)) for tool in ("nnsight", "lens"))
    return Row("tools", title, model, (ours,), peers, floor, same=SAME["f32"])


def quantized() -> Row:
    following, ids = [7], prompts(SMOLLM2, 1, CONTEXT)
    case = {"work": "decode", "ids": ids, "next": following, "weights": "gguf"}
    ours = [
        Cost("engine, blocks", entry("engine", SMOLLM2, dtype="f32", quantized=True, **case)),
        Cost("engine, widened to f32", entry("engine", SMOLLM2, dtype="f32", **case)),
    ]
    flash = {"on": True, "off": False}
    peers = [
        Cost(f"llama.cpp, flash {k}", entry("llama", SMOLLM2, flash=v, **case))
        for k, v in flash.items()
    ]
    title = f"decode a token at context {CONTEXT}, the same Q4_1 GGUF"
    return Row("quantized", title, SMOLLM2, tuple(ours), tuple(peers), 1.0, same=SAME["gguf"])


def fixed() -> Iterator[Row]:
    work = "12 layers of width 64, 10 tokens, one save, from Python"
    yield against_tools(TWIN, work, "trace", 10, 15)
    ids = prompts(TWIN, 1, 10)

    def of(contestant: str, what: str) -> Entry:
        return entry(contestant, TWIN, work=f"fixed {what}", ids=ids)

    # Nothing is taken off ours. NNsight's is on top of a forward of a stack of small layers.
    ours = Cost("trace", of("ours", "empty"))
    peer = Cost("nnsight, less the forward", of("nnsight", "empty"), of("nnsight", "bare"))
    work = "an empty trace, from Python"
    yield Row("fixed", work, TWIN, (ours,), (peer,), at_most=1, unit="us")
    ours = Cost("trace", of("ours", "all"), of("ours", "one"), 12)
    peer = Cost("nnsight", of("nnsight", "all"), of("nnsight", "one"), 12)
    work = "each further save, from Python"
    yield Row("fixed", work, TWIN, (ours,), (peer,), at_most=1, unit="us")


def entry(contestant: str, model: str, **case: Any) -> Entry:
    """A case of a contestant; `weights` says which files, if not the f32 folder."""
    case = {"model": model, "vocabulary": VOCABULARY.get(model), "weights": "f32"} | case
    return Entry(contestant, json.dumps(case, sort_keys=True))
