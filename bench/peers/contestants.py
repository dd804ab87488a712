"""The parent's side: contestants are started when first asked; one that cannot be is missing."""

from __future__ import annotations

import json
import os
import selectors
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parents[2]
REPLY_SECONDS = 300


class ContestantError(Exception):
    """A contestant that is missing, or a case that it cannot do."""


@dataclass
class Settings:
    """Where things are. Environments that exist already may be named by variables."""

    threads: int = 2
    python: str = os.environ.get("PELLUCID_BENCH_PYTHON", str(ROOT / ".bench/venv/bin/python"))
    node: str = os.environ.get("PELLUCID_BENCH_NODE", str(ROOT / ".bench/node"))
    worker: str = os.environ.get(
        "PELLUCID_BENCH_WORKER", str(ROOT / "target/release/examples/bench_worker")
    )

    def command(self, name: str) -> list[str]:
        """How a contestant is started, from `bench`."""
        return {
            "engine": [self.worker],
            "ours": [sys.executable, "-m", "peers.traces_ours"],
            "torch": [self.python, "-m", "peers.torch_hf"],
            "nnsight": [self.python, "-m", "peers.traces_nnsight"],
            "lens": [self.python, "-m", "peers.traces_lens"],
            "llama": ["node", "peers/llama.mjs"],
        }[name]

    def environment(self, name: str) -> dict[str, str]:
        """Two threads for everybody, and no network."""
        paths = [str(ROOT / "bench")] + ([str(ROOT / "python")] if name == "ours" else [])
        n = str(self.threads)
        return os.environ | {
            "PYTHONPATH": os.pathsep.join(paths),
            "BENCH_THREADS": n,
            "BENCH_NODE": self.node,
            "PELLUCID_THREADS": n,
            "OMP_NUM_THREADS": n,
            "MKL_NUM_THREADS": n,
            "HF_HUB_OFFLINE": "1",
            "TOKENIZERS_PARALLELISM": "false",
            "TRANSFORMERS_VERBOSITY": "error",
            "TQDM_DISABLE": "1",
            # Every thread of node's pool that decodes would get helpers of its own from llama.cpp,
            # which look for work while others do it: 15 ms a token rather than 4 on two cores.
            "UV_THREADPOOL_SIZE": "1",
        }


class Process:
    """One contestant."""

    def __init__(self, name: str, settings: Settings) -> None:
        self.name, self.about = name, ""
        self.log = tempfile.TemporaryFile("w+")  # noqa: SIM115 - `close` closes it
        try:
            self.child = subprocess.Popen(
                settings.command(name),
                cwd=ROOT / "bench",
                env=settings.environment(name),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self.log,
                text=True,
                bufsize=1,
            )
        except OSError as e:
            self.log.close()
            raise ContestantError(f"{name} cannot be started: {e.strerror}") from e

    def ask(self, **request: Any) -> dict[str, Any]:
        """The answer to a request."""
        assert self.child.stdin and self.child.stdout
        try:
            self.child.stdin.write(json.dumps(request) + "\n")
            self.child.stdin.flush()
        except BrokenPipeError:
            raise ContestantError(self.last_words()) from None
        with selectors.DefaultSelector() as ready:
            ready.register(self.child.stdout, selectors.EVENT_READ)
            if not ready.select(REPLY_SECONDS):
                self.child.kill()
                raise ContestantError(f"{self.name} gave no answer in {REPLY_SECONDS} s")
        line = self.child.stdout.readline()
        if not line:
            raise ContestantError(self.last_words())
        reply: dict[str, Any] = json.loads(line)
        if "error" in reply:
            raise ContestantError(f"{self.name}: {reply['error']}")
        return reply

    def last_words(self) -> str:
        """Why it ended, as the last line on stderr that names an error says."""
        self.child.wait(10)
        self.log.seek(0)
        lines = [line.strip() for line in self.log.read().splitlines() if line.strip()]
        lines = [line for line in lines if "Error" in line] or lines
        return f"{self.name} is missing: {lines[-1] if lines else 'it ended without a word'}"

    def close(self) -> None:
        """Lets it end, which it does when there is nothing more to read."""
        assert self.child.stdin and self.child.stdout
        self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
        self.child.stdout.close()
        self.log.close()


@dataclass
class Contestants:
    """All that were started, and those that could not be, by their reason."""

    settings: Settings
    models: dict[str, dict[str, str]]  # path by model and weights
    running: dict[str, Process] = field(default_factory=dict)
    missing: dict[str, str] = field(default_factory=dict)
    about: dict[str, str] = field(default_factory=dict)

    def ask(self, name: str, **request: Any) -> dict[str, Any]:
        """The answer of a contestant, which is started if it is not running."""
        if name in self.missing:
            raise ContestantError(self.missing[name])
        try:
            if name not in self.running:
                self.running[name] = Process(name, self.settings)
            return self.running[name].ask(**request)
        except ContestantError as e:
            if name not in self.running or self.running[name].child.poll() is not None:
                self.missing[name] = str(e)
            raise

    def setup(self, name: str, id: str, case: dict[str, Any]) -> dict[str, Any]:
        """Makes a case ready and runs it once."""
        path = self.models.get(case["model"], {}).get(case["weights"])
        if path is None:
            raise ContestantError(f"no files of {case['model']} in {case['weights']}")
        reply = self.ask(name, do="setup", case=case | {"id": id, "model": path})
        self.about[name] = reply.get("about", "")
        return reply

    def answer(self, name: str, id: str) -> np.ndarray:
        """The numbers that a case computes."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "answer"
            self.ask(name, do="answer", id=id, path=str(path))
            return np.fromfile(path, dtype=np.float32) if path.exists() else np.empty(0, np.float32)

    def forget(self) -> None:
        """Lets everybody let go of their models."""
        for process in self.running.values():
            if process.child.poll() is None:
                process.ask(do="forget")

    def close(self) -> None:
        """Ends them."""
        for process in self.running.values():
            process.close()
