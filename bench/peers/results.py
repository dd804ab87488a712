"""From times to a table: ratios of minima and of medians, floors, Markdown."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from peers.measure import Timed
from peers.rows import Cost, Entry, Row

Statistic = Callable[[list[float]], float]
BEGIN, END = "<!-- bench -->", "<!-- /bench -->"


@dataclass(frozen=True)
class Side:
    """The best of one side, in seconds (or seconds an operation), and whose it is."""

    minimum: float
    median: float
    by_minimum: str
    by_median: str


@dataclass(frozen=True)
class Outcome:
    """A row with its numbers. `None` where a side has none."""

    row: Row
    ours: Side | None
    peers: Side | None
    problems: tuple[str, ...]

    @property
    def ratios(self) -> tuple[float, float] | None:
        """By minima, by medians: peers / ours, or ours / peers where ours may cost so much more."""
        if self.ours is None or self.peers is None:
            return None
        pairs = (self.ours.minimum, self.peers.minimum), (self.ours.median, self.peers.median)
        a, b = (o / p if self.row.at_most is not None else p / o for o, p in pairs)
        return a, b

    @property
    def met(self) -> str:
        """Whether the floor is met, by minima and by medians."""
        row, ratios = self.row, self.ratios
        if ratios is None:
            return "not measured"
        if row.at_least is None and row.at_most is None:
            return ""
        if row.at_most is not None:
            held = [ratio <= row.at_most for ratio in ratios]
        else:
            held = [ratio >= (row.at_least or 0) for ratio in ratios]
        words = {(True, True): "yes", (True, False): "by minima", (False, True): "by medians"}
        return words.get((held[0], held[1]), "**no**")


def outcome(row: Row, timed: dict[Entry, Timed]) -> Outcome:
    """The best of each side."""
    problems = dict.fromkeys(t.problem for t in timed.values() if t.problem)
    sides = (best(row.ours, timed), best(row.peers, timed))
    return Outcome(row, *sides, tuple(problems))


def best(costs: tuple[Cost, ...], timed: dict[Entry, Timed]) -> Side | None:
    """The least of several ways to do the same."""
    done = [c for c in costs if all(timed[e].seconds for e in (c.plus, c.minus) if e)]
    done = [c for c in done if all(timed[e].problem is None for e in (c.plus, c.minus) if e)]
    if not done:
        return None
    by_minimum = min((value(c, timed, min), c.name) for c in done)
    by_median = min((value(c, timed, statistics.median), c.name) for c in done)
    return Side(by_minimum[0], by_median[0], by_minimum[1], by_median[1])


def value(cost: Cost, timed: dict[Entry, Timed], of: Statistic) -> float:
    """What a cost comes to."""
    seconds = of(timed[cost.plus].seconds) - (of(timed[cost.minus].seconds) if cost.minus else 0.0)
    return seconds / (cost.per if cost.per is not None else timed[cost.plus].flops)


def shown(seconds: float, unit: str) -> str:
    """A time in the row's unit."""
    if unit == "GFLOP/s":
        return f"{1e-9 / seconds:.0f}"
    number = seconds * {"ms": 1e3, "us": 1e6}[unit]
    return f"{number:.{2 if number < 10 else 1 if number < 100 else 0}f}"


def side(found: Side | None, unit: str) -> str:
    """Minimum and median."""
    if found is None:
        return "missing"
    return f"{shown(found.minimum, unit)} / {shown(found.median, unit)} {unit}"


def floor(row: Row) -> str:
    """How far ahead it has to be."""
    if row.at_most is not None:
        return f"<= {row.at_most:g}x"
    if row.at_least is None:
        return ""
    return f"{row.at_least:g}x" if row.group != "peak" else f"{row.at_least:.0%}"


def table(outcomes: list[Outcome]) -> str:
    """One Markdown line a row."""
    lines = [
        "| work | model | ours: min / median | best peer: min / median | ratio of minima "
        "| of medians | at least | met |",
        "|---|---|--:|--:|--:|--:|--:|---|",
    ]
    for o in outcomes:
        ratios = [f"{r:.2f}" for r in o.ratios] if o.ratios else ["", ""]
        whose = f" ({o.peers.by_minimum})" if o.peers else ""
        mine = f" ({o.ours.by_minimum})" if o.ours and len(o.row.ours) > 1 else ""
        cells = [
            o.row.work,
            o.row.model,
            side(o.ours, o.row.unit) + mine,
            side(o.peers, o.row.unit) + whose,
            *ratios,
            floor(o.row),
            o.met,
        ]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def summary(outcomes: list[Outcome], about: dict[str, Any]) -> str:
    """The Markdown of a run."""
    problems = dict.fromkeys(f"{o.row.work}: {p}" for o in outcomes for p in o.problems)
    parts = [
        f"# {about['machine']}, {about['date']}",
        f"{about['system']}.",
        f"{about['repeats']} rounds in which the contestants take turns, each in a process of its "
        f"own with {about['threads']} threads; the best of each side. Ratios are of one run; a "
        "ratio with `<=` is ours by theirs, the others theirs by ours.",
        table(outcomes),
        "\n".join(f"- {name}: {what}" for name, what in about["versions"].items()),
        "\n".join(f"- {model}: weights {what}" for model, what in about["weights"].items()),
    ]
    if problems:
        parts.append("Not measured:\n\n" + "\n".join(f"- {p}" for p in problems))
    return "\n\n".join(part for part in parts if part) + "\n"


def quoted(outcomes: list[Outcome], about: dict[str, Any]) -> str:
    """What README shows of a run."""
    peers = ", ".join(dict.fromkeys(about["versions"].values()))
    text = f"{about['machine']}, {about['threads']} threads, {about['date']}; {peers}."
    return f"{text}\n\n{table(outcomes)}"


def record(outcomes: list[Outcome], timings: list[dict[Entry, Timed]]) -> list[dict[str, Any]]:
    """Everything that was measured, for a file."""
    return [
        {
            "group": o.row.group,
            "work": o.row.work,
            "model": o.row.model,
            "at_least": o.row.at_least,
            "at_most": o.row.at_most,
            "ours": o.ours and asdict(o.ours),
            "peers": o.peers and asdict(o.peers),
            "ratios": o.ratios,
            "met": o.met,
            "entries": [
                {"contestant": e.contestant, "case": without_ids(e)} | asdict(t)
                for e, t in timed.items()
            ],
        }
        for o, timed in zip(outcomes, timings, strict=True)
    ]


def without_ids(entry: Entry) -> dict[str, Any]:
    """A case without its tokens, which follow from their number."""
    case = json.loads(entry.case)
    ids = case.pop("ids", [])
    case.pop("next", None)
    return case | {"sequences": len(ids), "tokens": len(ids[0]) if ids else 0}


def put_between(text: str, put: str) -> str:
    """A text with what stands between its markers replaced; an error if they are not there once."""
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ValueError(f"expected one `{BEGIN}` and one `{END}` after it")
    before, rest = text.split(BEGIN)
    return f"{before}{BEGIN}\n{put.strip()}\n{END}{rest.split(END)[1]}"
