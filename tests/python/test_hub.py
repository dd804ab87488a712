"""Models of the hub, by id. The protocol itself is tested in `crates/pellucid-hub/tests`."""

from __future__ import annotations

import io
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from hub_server import COMMIT, Hub

import pellucid as pl

TINY = Path(__file__).resolve().parents[1] / "fixtures" / "tiny" / "llama"
NAMES = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"]


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Hub]:
    files = {name: (TINY / name).read_bytes() for name in NAMES}
    for name in (
        "HF_HUB_CACHE",
        "HF_TOKEN",
        "HF_TOKEN_PATH",
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
    ):
        monkeypatch.delenv(name, raising=False)
    with Hub({**files, "pytorch_model.bin": b"pickle"}) as hub:
        monkeypatch.setenv("HF_ENDPOINT", hub.endpoint)
        monkeypatch.setenv("HF_HOME", str(tmp_path))
        yield hub


def test_an_id_opens_what_the_folder_opens(hub: Hub) -> None:
    model, folder = pl.LanguageModel("org/tiny"), pl.LanguageModel(TINY)
    assert (model.name, model.revision, folder.revision) == ("tiny", COMMIT, None)
    prompt = [3, 1, 4]
    with model.trace(prompt):
        here = model.lm_head.output.save()
    with folder.trace(prompt):
        there = folder.lm_head.output.save()
    assert (here == there).all().item()
    assert "pytorch_model.bin" not in hub.bodies()


def test_a_second_opening_downloads_nothing_and_offline_asks_nothing(hub: Hub) -> None:
    pl.LanguageModel("org/tiny")
    hub.asked.clear()
    pl.LanguageModel("org/tiny")
    assert hub.bodies() == ["main"]
    hub.asked.clear()
    assert pl.LanguageModel("org/tiny", offline=True).revision == COMMIT
    assert pl.LanguageModel("org/tiny", revision=COMMIT).revision == COMMIT
    assert hub.asked == []


def test_a_revision_is_taken_or_refused(hub: Hub) -> None:
    assert pl.LanguageModel("org/tiny", revision="v1.0").revision == COMMIT
    assert pl.LanguageModel("org/tiny@v1.0").revision == COMMIT
    with pytest.raises(pl.LoadError, match="`org/tiny` has no revision `v2`") as raised:
        pl.LanguageModel("org/tiny", revision="v2")
    assert raised.value.code == "no-such-revision"
    with pytest.raises(pl.ArgumentError, match="only those of the hub have revisions"):
        pl.LanguageModel(TINY, revision="v1.0")


def test_what_cannot_be_had_is_a_load_error_with_help(hub: Hub, tmp_path: Path) -> None:
    def code(name: str, **more: bool) -> tuple[str, str | None]:
        with pytest.raises(pl.LoadError) as raised:
            pl.LanguageModel(name, **more)  # type: ignore[arg-type]
        assert type(raised.value) is pl.LoadError
        return raised.value.code, raised.value.help

    assert code("org/none")[0] == "no-such-repository"
    why, help = code("org/tiny", offline=True)
    assert why == "not-in-cache" and help and "offline=False" in help
    assert code("tiny")[0] == "no-such-model"
    hub.gate = "hf_mine"
    why, help = code("org/tiny")
    assert why == "gated-model" and help and f"{hub.endpoint}/org/tiny" in help
    del hub.files["model.safetensors"]
    assert code("org/tiny")[0] == "not-a-model"


def test_the_token_is_an_argument_or_of_the_environment(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.gate = "hf_mine"
    pl.LanguageModel("org/tiny", token="hf_mine")
    assert {token for _, path, token in hub.asked if "/org/tiny" in path} == {"Bearer hf_mine"}
    elsewhere = [token for _, path, token in hub.asked if path == "/model.safetensors"]
    assert elsewhere == [None]
    hub.asked.clear()
    monkeypatch.setenv("HF_TOKEN", "hf_mine")
    pl.LanguageModel("org/tiny")
    assert [token for _, _, token in hub.asked] == ["Bearer hf_mine"]


def test_a_hub_that_is_gone_leaves_the_cache_with_a_warning(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    pl.LanguageModel("org/tiny")
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:1")
    with pytest.warns(UserWarning, match="the hub does not answer"):
        assert pl.LanguageModel("org/tiny").revision == COMMIT


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("stream", [Terminal, io.StringIO])
def test_progress_is_shown_to_people_and_then_gone(
    hub: Hub, monkeypatch: pytest.MonkeyPatch, stream: type[io.StringIO]
) -> None:
    stderr = stream()
    monkeypatch.setattr("sys.stderr", stderr)
    monkeypatch.delenv("HF_HUB_DISABLE_PROGRESS_BARS", raising=False)
    hub.drop_after = 100_000
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        pl.LanguageModel("org/tiny")
    written = stderr.getvalue()
    if stream is io.StringIO:
        assert written == ""
        return
    assert f"model.safetensors {'█' * 24} 175 kB of 175 kB" in written
    assert "trying again" in written
    last = written.rsplit("\r", 2)
    assert last[1].strip() == "" and last[2] == "", "the line is wiped"


def test_ctrl_c_ends_a_download(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is raised in the calling thread ends the work of the other one, as a signal does."""
    hub.files["model.safetensors"] = bytes(64 << 20)
    hub.hold = threading.Event()

    def interrupted(_: object, kind: str, text: str, done: int, total: int | None) -> None:
        if text == "model.safetensors" and done:
            raise KeyboardInterrupt

    monkeypatch.setattr("pellucid._progress._Line.report", interrupted)
    with pytest.raises(KeyboardInterrupt):
        pl.LanguageModel("org/tiny")
    hub.hold.set()
    assert hub.left.wait(30), "the connection is closed before all has come"
