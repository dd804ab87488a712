"""Draws random graphs, runs them, and holds them to PyTorch.

    python tools/fuzz_graphs.py --seeds 1000 [--first 0] [--out DRAWN]

Needs torch and safetensors. `crates/pellucid-engine/tests/ops/graphs.rs` draws the graphs and runs
them; `tests/fixtures/graphs` has the interpreter that says what PyTorch makes of them. Results that
differ are explained by rounding if every operation agrees alone, on the inputs that it had; an
operation that does not is printed, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections import Counter
from importlib import import_module
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
FIXTURES = ROOT / "tests" / "fixtures"
TEST = "graphs::drawn_graphs_give_the_bits_of_their_statements"
CHUNK = 2000


class Tally:
    """What became of all graphs so far."""

    def __init__(self) -> None:
        """Nothing yet."""
        self.kinds: Counter[str] = Counter()
        self.statements: Counter[str] = Counter()
        self.ops: Counter[str] = Counter()
        self.without_form: Counter[str] = Counter()
        self.undefined: Counter[str] = Counter()
        self.faults: dict[str, list[str]] = {}

    def add(self, name: str, text: str, verdict: Any) -> None:
        """Counts one graph."""
        self.kinds[verdict.kind] += 1
        self.ops += verdict.ops
        self.without_form += verdict.without_form
        self.undefined += verdict.undefined
        for line in text.splitlines():
            self.statements["statements"] += "=" in line or "save" in line
            for word in ("call", "cond", "loop", "set_index", "write"):
                self.statements[word] += f"= {word} " in line or line.startswith(f"{word} ")
        for fault in verdict.faults:
            self.faults.setdefault(fault.split(":")[0], []).append(f"{name}: {fault}")

    def show(self, most: int) -> None:
        """Prints the counts, and some faults of each operation that has any."""
        print(f"graphs: {sum(self.kinds.values())} ({dict(self.kinds)})")
        print(f"statements: {dict(self.statements)}")
        print(f"operations run: {sum(self.ops.values())}, {len(self.ops)} different ones")
        print(f"without a form in torch: {dict(self.without_form.most_common())}")
        print(f"undefined in C: {dict(self.undefined)}")
        for op, faults in sorted(self.faults.items(), key=lambda item: -len(item[1])):
            print(f"\n{op}: {len(faults)} differ")
            for fault in faults[:most]:
                print(f"  {fault[:900]}")


def draw(first: int, last: int, folder: Path) -> None:
    """Has the seeds' graphs drawn, run, and written to a folder."""
    variables = {"PELLUCID_SEEDS": f"{first}..{last}", "PELLUCID_GRAPHS": str(folder)}
    test = ["cargo", "test", "--quiet", "-p", "pellucid-engine", "--test", "ops", "--", TEST]
    done = subprocess.run(
        test, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True
    )
    if done.returncode != 0:
        sys.exit(f"seeds {first}..{last}:\n{done.stdout}\n{done.stderr}")


def main() -> int:
    """Draws and judges, chunk by chunk."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1000, help="how many graphs")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--out", type=Path, help="keep the graphs in this folder")
    parser.add_argument("--show", type=int, default=3, help="faults to print of each operation")
    options = parser.parse_args()

    sys.path.insert(0, str(FIXTURES / "graphs"))
    torch, verdict = import_module("torch"), import_module("verdict")
    torch.set_num_threads(1)
    load_file = import_module("safetensors.torch").load_file
    embedding = load_file(FIXTURES / "tiny/llama/model.safetensors")["model.embed_tokens.weight"]
    tally = Tally()
    end = options.first + options.seeds
    for first in range(options.first, end, CHUNK):
        with tempfile.TemporaryDirectory() as temporary:
            folder = options.out or Path(temporary)
            folder.mkdir(parents=True, exist_ok=True)
            last = min(first + CHUNK, end)
            draw(first, last, folder)
            for seed in range(first, last):
                trace = folder / f"{seed:06}.trace"
                if trace.exists():
                    tally.add(trace.stem, trace.read_text(), verdict.judge(trace, embedding))
        print(f"{last - options.first} of {options.seeds}", file=sys.stderr)
    tally.show(options.show)
    return 1 if tally.faults else 0


if __name__ == "__main__":
    sys.exit(main())
