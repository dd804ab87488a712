"""Taking turns: every entry of a row is made ready, checked, then timed in alternated rounds."""

from __future__ import annotations

import json
import statistics
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from peers.contestants import ContestantError, Contestants
from peers.rows import Entry, Row

# A turn repeats a short work for so long, after one call that nobody times; what the turn took is
# the median of its calls. A long work is called once.
TURN_SECONDS = 0.06
MOST_CALLS = 300
LONG_SECONDS = 0.2

# Threads of some contestants look for more work for a few milliseconds before they sleep.
PAUSE_SECONDS = 0.01


@dataclass
class Timed:
    """What an entry took in each round."""

    seconds: list[float] = field(default_factory=list)
    flops: float = 0.0
    difference: float | None = None  # from the reference, as a part of its largest number
    problem: str | None = None


def measure(row: Row, contestants: Contestants, repeats: int) -> dict[Entry, Timed]:
    """Everything about a row."""
    timed = {entry: Timed() for entry in row.entries}
    for entry, result in timed.items():
        attempt(result, lambda e=entry, r=result: ready(contestants, e, r))
    check(row, contestants, timed)
    turns = [e for e, result in timed.items() if result.problem is None]
    plans = {}
    for entry in turns:
        attempt(timed[entry], lambda e=entry: plans.update({e: plan(contestants, e)}))
    for round in range(repeats):
        for entry in turns if round % 2 == 0 else reversed(turns):
            result = timed[entry]
            if result.problem is None:
                attempt(result, lambda e=entry, r=result: turn(contestants, e, r, plans[e]))
    return timed


def attempt(result: Timed, work: Any) -> None:
    """Notes what goes wrong, so that the others go on."""
    try:
        work()
    except ContestantError as e:
        result.problem = str(e)


def ready(contestants: Contestants, entry: Entry, result: Timed) -> None:
    reply = contestants.setup(entry.contestant, entry.id, json.loads(entry.case))
    result.flops = reply.get("flops", 0.0)


def plan(contestants: Contestants, entry: Entry) -> tuple[int, int]:
    """Calls that are not timed, calls that are."""
    reply = contestants.ask(entry.contestant, do="run", id=entry.id, warm=0, calls=2)
    return turn_of(min(reply["seconds"]))


def turn_of(seconds: float) -> tuple[int, int]:
    """Calls that are not timed, calls that are, of a work that takes so long."""
    calls = max(1, min(MOST_CALLS, int(TURN_SECONDS / max(seconds, 1e-6))))
    return (0 if seconds > LONG_SECONDS else 1 + calls // 10), calls


def turn(contestants: Contestants, entry: Entry, result: Timed, plan: tuple[int, int]) -> None:
    warm, calls = plan
    time.sleep(PAUSE_SECONDS)
    reply = contestants.ask(entry.contestant, do="run", id=entry.id, warm=warm, calls=calls)
    result.seconds.append(statistics.median(reply["seconds"]))


def check(row: Row, contestants: Contestants, timed: dict[Entry, Timed]) -> None:
    """Compares what is computed with the first peer's; what is wrong is not timed."""
    if row.same is None:
        return
    try:
        reference = wanted(row, contestants, timed)
    except ContestantError as e:
        reference, why = None, str(e)
    for entry, result in timed.items():
        if result.problem is not None:
            continue
        if reference is None:
            # Without the peer there is nothing to compare with; its row says that it is missing.
            result.difference = None
            continue
        attempt(result, lambda e=entry, r=result: compare(contestants, e, r, reference, row.same))
    if reference is None and row.reference is not None:
        print(f"    nothing to compare with: {why}")


def wanted(row: Row, contestants: Contestants, timed: dict[Entry, Timed]) -> np.ndarray:
    """The reference's numbers."""
    if row.reference is not None:
        entry = row.reference
        contestants.setup(entry.contestant, entry.id, json.loads(entry.case))
        return contestants.answer(entry.contestant, entry.id)
    problems = []
    for cost in row.peers:
        if timed[cost.plus].problem is None:
            return contestants.answer(cost.plus.contestant, cost.plus.id)
        problems.append(timed[cost.plus].problem or "")
    raise ContestantError("; ".join(problems))


def compare(
    contestants: Contestants, entry: Entry, result: Timed, reference: np.ndarray, same: float
) -> None:
    numbers = contestants.answer(entry.contestant, entry.id)
    if numbers.size != reference.size:
        if entry.contestant == "engine":  # the bare pass beside a trace of something else
            return
        raise ContestantError(f"wrong: {numbers.size} numbers, expected {reference.size}")
    result.difference = float(np.abs(numbers - reference).max() / np.abs(reference).max())
    if not result.difference <= same:
        raise ContestantError(f"wrong: differs by {result.difference:.2g} of the largest number")
