"""The benchmark's arithmetic: the best of each side, ratios, floors, tables. No peer is needed."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from peers import measure, results, rows
from peers.contestants import ContestantError, Contestants, Settings
from peers.measure import Timed
from peers.rows import Cost, Entry, Row

BENCH = Path(__file__).resolve().parents[2] / "bench"
A, B, C = Entry("ours", '{"n": 1}'), Entry("torch", '{"n": 2}'), Entry("torch", '{"n": 3}')


def outcome(row: Row, **seconds: list[float]) -> results.Outcome:
    entries = {"a": A, "b": B, "c": C}
    timed = {entries[name]: Timed(times, flops=2e9) for name, times in seconds.items()}
    return results.outcome(
        row, {e: timed.get(e, Timed(problem="torch: gone")) for e in row.entries}
    )


def row(**changes: object) -> Row:
    kinds = (Cost("sdpa", B), Cost("eager", C))
    given = {"group": "forward", "work": "w", "model": "m", "ours": (Cost("engine", A),)}
    return Row(**(given | {"peers": kinds, "at_least": 2.0} | changes))


@pytest.mark.parametrize(
    ("changes", "seconds", "ratios", "met"),
    [
        # The best peer by minima and the best by medians may be two.
        ({}, {"a": [1, 2, 3], "b": [2, 9, 9], "c": [3, 4, 5]}, (2.0, 2.0), "yes"),
        ({}, {"a": [1, 4, 5], "b": [2, 7, 9]}, (2.0, 1.75), "by minima"),
        ({}, {"a": [2, 2, 3], "b": [3, 7, 9]}, (1.5, 3.5), "by medians"),
        ({}, {"a": [2, 2, 3], "b": [3, 3, 9]}, (1.5, 1.5), "**no**"),
        ({}, {"a": [2, 2, 3]}, None, "not measured"),
        ({}, {"b": [2, 2, 3]}, None, "not measured"),
        ({"at_least": None}, {"a": [2], "b": [3]}, (1.5, 1.5), ""),
        ({"at_least": None, "at_most": 1.05}, {"a": [1.05], "b": [1]}, (1.05, 1.05), "yes"),
        ({"at_least": None, "at_most": 1.05}, {"a": [1.06], "b": [1]}, (1.06, 1.06), "**no**"),
    ],
)
def test_ratios_and_floors(changes: dict, seconds: dict, ratios: object, met: str) -> None:
    found = outcome(row(**changes), **seconds)
    assert found.ratios == (ratios if ratios is None else pytest.approx(ratios))
    assert found.met == met


def test_what_is_taken_off_and_divided() -> None:
    further = Cost("each", B, C, per=12)
    timed = {B: Timed([13.0, 15.0, 26.0]), C: Timed([1.0, 3.0, 4.0])}
    assert results.value(further, timed, min) == 1.0
    by_operation = Cost("prefill", B, per=None)
    assert results.value(by_operation, {B: Timed([4.0], flops=8e9)}, min) == 0.5e-9
    assert results.shown(0.5e-9, "GFLOP/s") == "2"
    assert [results.shown(s, "ms") for s in (0.00123, 0.0123, 0.123)] == ["1.23", "12.3", "123"]


def test_a_problem_takes_an_entry_out_of_the_table_and_is_told() -> None:
    found = outcome(row(), a=[1.0], b=[2.0])
    assert found.peers.by_minimum == "sdpa"
    assert found.problems == ("torch: gone",)
    about = {
        "machine": "Abacus",
        "date": "2026-01-02",
        "repeats": 20,
        "threads": 2,
        "system": "Linux",
        "versions": {"torch": "torch 2"},
        "weights": {"m": "random"},
    }
    text = results.summary([found], about)
    line = next(line for line in text.splitlines() if line.startswith("| w "))
    assert line == "| w | m | 1000 / 1000 ms | 2000 / 2000 ms (sdpa) | 2.00 | 2.00 | 2x | yes |"
    for part in ("# Abacus, 2026-01-02", "20 rounds", "- torch: torch 2", "- w: torch: gone"):
        assert part in text
    assert results.quoted([found], about).startswith("Abacus, 2 threads, 2026-01-02; torch 2.\n\n|")
    nothing = results.table([outcome(row())])
    assert nothing.splitlines()[-1] == "| w | m | missing | missing |  |  | 2x | not measured |"


def test_every_time_is_recorded() -> None:
    timed = {A: Timed([1.0, 2.0]), B: Timed([3.0]), C: Timed(problem="gone")}
    (found,) = results.record([results.outcome(row(), timed)], [timed])
    assert [e["seconds"] for e in found["entries"]] == [[1.0, 2.0], [3.0], []]
    assert found["entries"][2]["problem"] == "gone"
    assert json.loads(json.dumps(found))["ratios"] == [3.0, 2.0]


def test_the_table_goes_between_its_markers() -> None:
    text = "a\n<!-- bench -->\nold\n<!-- /bench -->\nb\n"
    assert results.put_between(text, "| new |\n") == text.replace("old", "| new |")
    for wrong in ("a", "<!-- /bench -->\n<!-- bench -->", text + text):
        with pytest.raises(ValueError, match="expected one"):
            results.put_between(wrong, "")
    readme = (BENCH.parent / "README.md").read_text(encoding="utf-8")
    assert "| new |" in results.put_between(readme, "| new |")


@pytest.mark.parametrize(
    ("seconds", "turn"), [(1.0, (0, 1)), (0.1, (1, 1)), (0.02, (1, 3)), (1e-5, (31, 300))]
)
def test_short_works_are_repeated(seconds: float, turn: tuple[int, int]) -> None:
    assert measure.turn_of(seconds) == turn


def test_every_row_can_be_asked_for() -> None:
    found = list(rows.rows())
    settings = Settings()
    assert len({(r.work, r.model, r.peers[0].name) for r in found}) == len(found)
    for r in found:
        assert r.ours and r.peers and (r.at_least is None or r.at_most is None)
        for e in [*r.entries, *([r.reference] if r.reference else [])]:
            case = json.loads(e.case)
            assert settings.command(e.contestant)
            assert case["weights"] in ("f32", "bf16", "gguf")
            ids = case.get("ids", [[0]])
            assert all(0 <= i < case["vocabulary"] for prompt in ids for i in prompt)
    listed = subprocess.run(
        [sys.executable, BENCH / "run.py", "--list"], capture_output=True, text=True, check=True
    )
    assert len(listed.stdout.splitlines()) == len(found)


def test_ours_answers_and_who_cannot_be_started_is_missing(tmp_path: Path) -> None:
    """The protocol whole, on the smallest model; and a peer that is not there."""
    tiny = BENCH.parent / "tests" / "fixtures" / "tiny" / "gpt2"
    settings = Settings(python=str(tmp_path / "no-python"))
    contestants = Contestants(settings, {"m": {"f32": str(tiny)}})
    ids = [[1, 2, 3]]
    ours = Cost("ours", rows.entry("ours", "m", work="trace", ids=ids))
    gone = Cost("gone", rows.entry("nnsight", "m", work="trace", ids=ids))
    wrong = Cost("wrong", rows.entry("ours", "m", work="no such work", ids=ids))
    try:
        timed = measure.measure(row(ours=(ours, wrong), peers=(gone,), same=1e-3), contestants, 3)
        again = contestants.answer("ours", ours.plus.id)
        reference = -again
        with pytest.raises(ContestantError, match="wrong: differs by 2 of"):
            measure.compare(contestants, ours.plus, Timed(), reference, 1e-3)
    finally:
        contestants.close()
    assert len(timed[ours.plus].seconds) == 3 and min(timed[ours.plus].seconds) > 0
    assert "cannot be started" in (timed[gone.plus].problem or "")
    assert "no such work" in (timed[wrong.plus].problem or "")
    assert again.size % 3 == 0 and again.any()
