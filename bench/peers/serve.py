"""The child's side of the protocol: a request a line on stdin, an answer a line on stdout.

`setup` makes a case ready and runs it once, `run` times calls, `answer` writes numbers to compare,
`forget` lets go of everything. A contestant is a function that makes a `Work` of a case.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Work:
    """What is timed, and how its result becomes an array of f32."""

    call: Callable[[], Any]
    answer: Callable[[Any], Any] | None = None
    after: Callable[[], object] | None = None


class Contestant(ABC):
    """What a contestant has: models it opened, cases it made ready."""

    about = ""

    def __init__(self) -> None:
        self.models: dict[str, Any] = {}
        self.cases: dict[str, Work] = {}

    @abstractmethod
    def work(self, case: dict[str, Any]) -> Work:
        """Makes a case ready."""

    def shared(self, key: str, make: Callable[[], Any]) -> Any:
        """A model, opened once until it is forgotten."""
        if key not in self.models:
            self.models[key] = make()
        return self.models[key]

    def setup(self, request: dict[str, Any]) -> dict[str, Any]:
        work = self.work(request["case"])
        self.cases[request["case"]["id"]] = work
        return {"seconds": timed(work), "about": self.about}

    def run(self, request: dict[str, Any]) -> dict[str, Any]:
        work = self.cases[request["id"]]
        for _ in range(request["warm"]):
            timed(work)
        return {"seconds": [timed(work) for _ in range(request["calls"])]}

    def answer(self, request: dict[str, Any]) -> dict[str, Any]:
        import numpy as np

        work = self.cases[request["id"]]
        if work.answer is None:
            return {"numbers": 0}
        numbers = np.ascontiguousarray(work.answer(work.call()), dtype=np.float32)
        if work.after:
            work.after()
        numbers.tofile(request["path"])
        return {"numbers": numbers.size}

    def forget(self, _: dict[str, Any]) -> dict[str, Any]:
        self.cases.clear()
        self.models.clear()
        gc.collect()
        return {}


def timed(work: Work) -> float:
    """Seconds of one call; what puts things back as they were is not counted."""
    start = time.perf_counter()
    made = work.call()
    seconds = time.perf_counter() - start
    del made
    if work.after:
        work.after()
    return seconds


def serve(contestant: Contestant) -> None:
    """Answers until stdin ends. Libraries may print: what they write goes to stderr."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    doers = {name: getattr(contestant, name) for name in ("setup", "run", "answer", "forget")}
    for line in sys.stdin:
        request = json.loads(line)
        try:
            reply = doers[request["do"]](request)
        except Exception as e:  # the parent shows it and goes on without this case
            reply = {"error": f"{type(e).__name__}: {e}"}
        answers.write(json.dumps(reply) + "\n")
        answers.flush()


def spots(n_tokens: int) -> list[int]:
    """The tokens whose logits are compared: first, middle, last."""
    return [0, n_tokens // 2, n_tokens - 1]
