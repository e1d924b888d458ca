"""What the recogniser of text read in an image is read once.

The same phantom images come in again and again, and reading one of them takes half a second; the
answer to an image never changes. What the recogniser itself answered is kept on the disk under the
digest of the image, of the recogniser's version and of the module that asks it. The tests of the
recognition (``tests/imaging/pipeline``) and the worker processes always read anew.
"""

from __future__ import annotations

import functools
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from imaging.pipeline import burned_in
from tests.plugins import runs

READ_ANEW = "tests/imaging/pipeline/"
PACKAGES = ("rapidocr", "onnxruntime", "numpy")


@pytest.fixture(autouse=True, scope="session")
def _read_once() -> Iterator[None]:
    read = burned_in.TextFinder._recognise
    folder = runs.FOLDER / "recognised" / _digest_of_the_recogniser()
    folder.mkdir(parents=True, exist_ok=True)
    with pytest.MonkeyPatch.context() as patch:
        # What the process forks looks at images the same way.
        patch.setattr(burned_in.TextFinder, "_recognise", _remembered(read, folder))
        yield


def _remembered(read: Callable[..., Any], folder: Path) -> Callable[..., Any]:
    @functools.wraps(read)
    def look(self: burned_in.TextFinder, image: Any) -> Any:
        if os.environ.get("PYTEST_CURRENT_TEST", "").startswith(READ_ANEW):
            return read(self, image)
        shape = repr((image.shape, image.dtype.str)).encode()
        kept = folder / hashlib.sha256(shape + image.tobytes()).hexdigest()
        if kept.exists():
            return [
                (np.array(corners, np.dtype(kind)), text, score)
                for corners, kind, text, score in json.loads(kept.read_text())
            ]
        found = read(self, image)
        unfinished = kept.with_suffix(f".{os.getpid()}")
        told = [
            (np.asarray(corners).tolist(), np.asarray(corners).dtype.str, text, float(score))
            for corners, text, score in found
        ]
        unfinished.write_text(json.dumps(told))
        unfinished.replace(kept)
        return found

    return look


def _digest_of_the_recogniser() -> str:
    digest = hashlib.sha256(Path(burned_in.__file__).read_bytes())
    digest.update(Path(__file__).read_bytes())  # how answers are written
    digest.update(repr([version(package) for package in PACKAGES]).encode())
    return digest.hexdigest()[:20]
