"""`pl.log`: said while the trace runs, in the order of the model, to whom one chooses."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import pellucid as pl

PROMPT = [1, 2, 3, 4, 5]
ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("live", [False, True])
def test_it_prints_text_and_values_and_the_line(
    llama: pl.LanguageModel, capsys: pytest.CaptureFixture[str], live: bool
) -> None:
    with llama.trace(PROMPT, live=live):
        h = llama.layers[0].output
        pl.log("sum of", 3, (h * 0 + 2.5)[0, 0, 0], {"ids": [h.argmax(-1)[0, :1] * 0]})
    line = test_it_prints_text_and_values_and_the_line.__code__.co_firstlineno + 6
    assert capsys.readouterr().out == f"sum of 3 2.5 {{ ids: [ [0] ] }}  (test_log.py:{line})\n"


def test_long_tensors_are_cut(llama: pl.LanguageModel, capsys: pytest.CaptureFixture[str]) -> None:
    with llama.trace(PROMPT):
        pl.log(pl.zeros(2, 5))
    assert capsys.readouterr().out.startswith("float32[2, 5] [0, 0, 0, 0, 0, 0, ...]  (")


def test_logs_come_in_the_order_of_the_model(llama: pl.LanguageModel) -> None:
    said: list[pl.Log] = []
    with llama.trace(PROMPT, log=said.append):
        pl.log("last", llama.unembed.output)
        pl.log("first", llama.embed.output)
        total = llama.layers[0].output.sum()
        pl.log("then", total)
        total.save()
    assert [log.parts[0] for log in said] == ["first", "then", "last"]
    logged = said[1].parts[1]
    assert isinstance(logged, pl.Tensor)
    np.testing.assert_array_equal(logged.numpy(), total.numpy())
    assert said[1].file == __file__
    assert all(not p.is_symbolic for log in said for p in log.parts if isinstance(p, pl.Tensor))


def test_a_log_is_a_reason_to_run(llama: pl.LanguageModel) -> None:
    said: list[pl.Log] = []
    with llama.trace(PROMPT, log=said.append):
        llama.layers[0].output[:] = 0.0
        pl.log(llama.layers[0].output.sum())
    assert [log.text for log in said] == ["0.0"]


def test_values_are_said_as_they_are_at_the_line(llama: pl.LanguageModel) -> None:
    said: list[pl.Log] = []
    with llama.trace(PROMPT, log=said.append):
        h = llama.layers[0].output
        h[:] = 1.0
        pl.log(h.mean())
        h[:] = 2.0
        pl.log(h.mean())
    assert [log.text for log in said] == ["1.0", "2.0"]


def test_it_is_heard_while_the_trace_runs(llama: pl.LanguageModel) -> None:
    class EnoughError(Exception):
        pass

    def listen(log: pl.Log) -> None:
        raise EnoughError

    def rising(x: pl.Tensor) -> pl.Tensor:
        return x * 1.0

    # The loop would take minutes: the listener's error ends it.
    with pytest.raises(EnoughError), llama.trace(PROMPT, log=listen):
        h = llama.layers[0].output
        pl.log("before", h)
        pl.while_loop(lambda x: x.sum() < np.inf, rising, h, max_steps=1_000_000).save()


def test_on_log_chooses_who_hears_all(llama: pl.LanguageModel) -> None:
    said: list[pl.Log] = []
    before = pl.on_log(said.append)
    try:
        with llama.trace(PROMPT):
            pl.log("in", llama.embed.output.shape)
        pl.log("outside", pl.tensor([1.0, 2.0]))
    finally:
        assert pl.on_log(before) == said.append
    assert [log.text for log in said] == ["in (1, 5, 32)", "outside [1., 2.]"]


def test_it_is_no_logarithm(llama: pl.LanguageModel) -> None:
    """The name was that of an operation, which is still a method and a function of others."""
    x = pl.tensor([1.0])
    assert x.log().item() == 0.0
    assert np.log(x).item() == 0.0
    with llama.trace(PROMPT):
        y = np.log(llama.embed.output.abs()).save()
    assert isinstance(y, pl.Tensor)


def test_a_branch_cannot_log(llama: pl.LanguageModel) -> None:
    with pytest.raises(pl.TraceError, match="may only compute"), llama.trace(PROMPT):
        h = llama.embed.output

        def loud() -> pl.Tensor:
            pl.log(h)
            return h

        pl.cond(h.sum() > 0, loud, lambda: h)


def test_a_file_keeps_its_logs(
    llama: pl.LanguageModel, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with llama.trace(PROMPT) as tracer:
        pl.log("mean", llama.embed.output.mean().abs() * 0, "of", "# all")
    capsys.readouterr()
    assert 'log "mean" %3 "of # all"' in tracer.text
    for name in ("a.trace", "a.safetensors"):
        tracer.save(tmp_path / name)
        pl.load_trace(tmp_path / name).run(llama)
        assert capsys.readouterr().out.startswith("mean 0.0 of # all  (")


def test_printing_a_value_says_how_to_log_it(
    llama: pl.LanguageModel, capsys: pytest.CaptureFixture[str]
) -> None:
    with llama.scan(PROMPT):
        print(llama.embed.output)
    assert "pl.log prints them as the trace runs" in capsys.readouterr().out


def test_a_script_prints_as_it_runs() -> None:
    script = (
        "import pellucid as pl\n"
        f"m = pl.LanguageModel({str(ROOT / 'tests/fixtures/tiny/llama')!r})\n"
        "with m.trace([1, 2]):\n"
        "    pl.log('width', m.embed.output.shape[-1], m.embed.output.sum() * 0)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "python")},
        check=True,
    )
    assert done.stdout.startswith("width 32 ")
