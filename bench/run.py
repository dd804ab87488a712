"""The benchmark against peers, both sides taking turns in one run.

    python bench/run.py [--quick] [--only forward,decode] [--models smollm] [--repeats 20]

`make bench` builds what is measured, installs the peers into `.bench` and runs this. The table is
printed, and written with every time to `bench/runs/DATE-MACHINE`; `--readme` puts it into README.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent))

from peers import environment, results
from peers.contestants import ROOT, Contestants, Settings
from peers.measure import measure
from peers.rows import rows


def processor() -> str:
    """What the system says the processor is."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        return names[0]
    except (OSError, IndexError):
        return platform.processor() or platform.machine()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="5 rounds, nothing is written")
    parser.add_argument("--only", default="", help="groups of rows, by commas; see --list")
    parser.add_argument("--models", default="", help="a part of the models' names")
    parser.add_argument("--works", default="", help="a part of the rows' works")
    parser.add_argument("--repeats", type=int, help="rounds; 20 unless --quick")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--machine", default="", help="a name for the machine in the run's folder")
    parser.add_argument("--out", type=Path, help="another folder for the run")
    parser.add_argument("--readme", action="store_true", help="put the table into README.md")
    parser.add_argument("--list", action="store_true", help="name the rows, and end")
    parser.add_argument("--no-install", action="store_true", help="take the peers that are there")
    return parser.parse_args()


def chosen(args: argparse.Namespace) -> list[Any]:
    """The rows that were asked for."""
    groups = [group for group in args.only.split(",") if group]
    known = {row.group for row in rows()}
    if unknown := [group for group in groups if group not in known]:
        sys.exit(f"no rows of {', '.join(unknown)}; there are {', '.join(sorted(known))}")

    def wanted(row: Any) -> bool:
        named = args.models.lower() in row.model.lower() and args.works.lower() in row.work.lower()
        return named and (not groups or row.group in groups)

    return [row for row in rows() if wanted(row)]


def main() -> None:
    args = arguments()
    work = chosen(args)
    if args.list:
        for row in work:
            print(f"{row.group:10} {row.model:16} {row.work}")
        return
    for problem in [] if args.no_install else environment.install():
        print(problem, file=sys.stderr)
    settings = Settings(threads=args.threads)
    repeats = args.repeats or (5 if args.quick else 20)
    contestants = Contestants(settings, environment.models(settings))
    outcomes, timings, model = [], [], None
    try:
        for row in work:
            if row.model != model:
                contestants.forget()
                model = row.model
            timings.append(measure(row, contestants, repeats))
            outcomes.append(results.outcome(row, timings[-1]))
            print(results.table(outcomes[-1:]).splitlines()[-1], flush=True)
            for problem in outcomes[-1].problems:
                print(f"    {problem}", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        print("stopped: what was measured is kept", file=sys.stderr)
    finally:
        contestants.close()
    about = {
        "machine": processor(),
        "date": datetime.date.today().isoformat(),
        "repeats": repeats,
        "threads": args.threads,
        "versions": contestants.about | {"missing": "; ".join(contestants.missing.values())},
        "weights": environment.weights(),
        "system": f"{platform.system()} {platform.release()}, {os.cpu_count()} processors",
    }
    if not args.quick or args.out:
        write(args, about, outcomes, timings)


def write(
    args: argparse.Namespace, about: dict[str, Any], outcomes: list[Any], timings: list[Any]
) -> None:
    """The files of a run, and README's table."""
    about["versions"] = {name: what for name, what in about["versions"].items() if what}
    text = results.summary(outcomes, about)
    machine = args.machine or re.sub(r"[^a-z0-9]+", "-", about["machine"].lower()).strip("-")
    folder = args.out or ROOT / "bench" / "runs" / f"{about['date']}-{machine}"
    folder.mkdir(parents=True, exist_ok=True)
    numbers = about | {"rows": results.record(outcomes, timings)}
    (folder / "results.json").write_text(json.dumps(numbers, indent=1) + "\n")
    (folder / "summary.md").write_text(text)
    print(f"\n{text}\nwritten to {folder}")
    if args.readme:
        readme = ROOT / "README.md"
        quoted = results.quoted(outcomes, about)
        readme.write_text(results.put_between(readme.read_text(), quoted))


if __name__ == "__main__":
    main()
