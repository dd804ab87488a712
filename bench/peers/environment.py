"""What the peers need, in `.bench`: an environment of Python, one of node, and the models."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
import venv
from pathlib import Path

from peers.contestants import ROOT, Settings
from peers.rows import GPT2, SMOLLM2, TWIN

HOME = ROOT / ".bench"
REQUIREMENTS = ROOT / "bench" / "requirements.txt"
NODE_LLAMA_CPP = "3.22.1"
PREBUILT = {  # the library alone, without those for graphics cards
    ("Linux", "x86_64"): "linux-x64",
    ("Linux", "aarch64"): "linux-arm64",
    ("Darwin", "x86_64"): "mac-x64",
    ("Darwin", "arm64"): "mac-arm64-metal",
}
MODELS = Path(os.environ.get("PELLUCID_BENCH_MODELS", HOME / "models"))
GGUF = "SmolLM2-135M-Instruct/SmolLM2-135M-Instruct.Q4_1.gguf"


def install() -> list[str]:
    """Installs what is not there. Says what could not be: its rows will be without it."""
    problems = []
    for what, work in (("Python peers", python), ("llama.cpp", node)):
        try:
            work()
        except (OSError, subprocess.CalledProcessError) as e:
            problems.append(f"{what} cannot be installed: {e}")
    return problems


def python() -> None:
    """torch, transformers, nnsight and TransformerLens, of pinned versions."""
    if "PELLUCID_BENCH_PYTHON" in os.environ:
        return
    folder, stamp = HOME / "venv", HOME / "venv" / "installed.txt"
    wanted = REQUIREMENTS.read_text()
    if stamp.exists() and stamp.read_text() == wanted:
        return
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    pip = [folder / "bin/python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "-r", REQUIREMENTS], check=True)
    stamp.write_text(wanted)


def node() -> None:
    """node-llama-cpp with the library that it brings: nothing is compiled, nothing is run."""
    if "PELLUCID_BENCH_NODE" in os.environ:
        return
    folder = HOME / "node"
    stamp = folder / "installed.txt"
    if stamp.exists() and stamp.read_text() == NODE_LLAMA_CPP:
        return
    npm = shutil.which("npm")
    if npm is None:
        raise OSError("there is no `npm`")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text('{"private": true}\n')
    quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    packages = [f"node-llama-cpp@{NODE_LLAMA_CPP}"]
    library = PREBUILT.get((platform.system(), platform.machine()))
    if library:
        packages += ["--omit=optional", f"@node-llama-cpp/{library}@{NODE_LLAMA_CPP}"]
    subprocess.run([npm, "install", *quiet, *packages], cwd=folder, check=True)
    stamp.write_text(NODE_LLAMA_CPP)


def gguf() -> Path | None:
    """SmolLM2 as `make models` fetches it."""
    folders = [os.environ.get("PELLUCID_MODELS"), str(ROOT / ".models")]
    found = (Path(folder) / GGUF for folder in folders if folder)
    return next((path for path in found if path.exists()), None)


def models(settings: Settings) -> dict[str, dict[str, str]]:
    """Makes models that are not there; the path of each by its name and weights."""
    file = gguf()
    names = {GPT2: "gpt2", SMOLLM2: "smollm2", TWIN: "gpt2-twin"}
    if not all((MODELS / name / "WEIGHTS").exists() for name in names.values()):
        command = [settings.python, "-m", "peers.make_models", str(MODELS)]
        environment = settings.environment("torch")
        command += [str(file)] if file else []
        try:
            subprocess.run(command, cwd=ROOT / "bench", env=environment, check=True)
        except (OSError, subprocess.CalledProcessError) as e:
            print(f"models cannot be made: {e}", file=sys.stderr)
    paths = {
        model: {kind: str(MODELS / name / kind) for kind in ("f32", "bf16")}
        for model, name in names.items()
        if (MODELS / name / "WEIGHTS").exists()
    }
    if file:
        paths.setdefault(SMOLLM2, {})["gguf"] = str(file)
    return paths


def weights() -> dict[str, str]:
    """What the weights of each model are."""
    names = {GPT2: "gpt2", SMOLLM2: "smollm2", TWIN: "gpt2-twin"}
    notes = {model: MODELS / name / "WEIGHTS" for model, name in names.items()}
    return {model: note.read_text().strip() for model, note in notes.items() if note.exists()}
