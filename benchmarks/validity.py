"""Whether de-identification makes a valid object invalid: dciodvfy before and after.

    python -m benchmarks.validity SOURCE

Runs the command's production code over a folder of public files and `dciodvfy` (Debian package
dicom3tools) over each file before and after.  Counted are errors about attributes of Type 1 and 1C
(missing, or empty), and all other errors, that a file did not have before.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Final

import pydicom

from imaging.pipeline.deidentify import Subject, load_profile
from imaging.pipeline.folder_run import FolderRun, run_folder

TOOL: Final = "dciodvfy"
#: Values, item numbers and offsets differ between two files of one object; what is wrong does not.
_VALUES: Final = re.compile(r"<(?!/)[^>]*>|\[[^\]]*\]|0x[0-9a-f]+")
_TYPE_1: Final = re.compile(r"Type 1C?\b|[Ee]mpty attribute|may not be empty")


def is_there() -> bool:
    """Tell whether dciodvfy is installed."""
    return shutil.which(TOOL) is not None


def errors_of(path: Path) -> Counter[str]:
    """Return the errors that dciodvfy has about a file, values left out."""
    asked = subprocess.run([TOOL, "-new", str(path)], capture_output=True, timeout=120, check=False)
    lines = (asked.stderr + asked.stdout).decode("utf-8", "replace").splitlines()
    return Counter(_VALUES.sub("<>", line) for line in lines if line.startswith("Error"))


def is_type_1(error: str) -> bool:
    """Tell whether an error is about an attribute that must be there with a value."""
    return bool(_TYPE_1.search(error))


def pairs(source: Path, target: Path) -> Iterator[tuple[Path, Path]]:
    """Clean a folder; yield each file that was written, before and after."""
    files = [path for path in source.rglob("*") if path.is_file()]
    patients = sorted({patient for path in files if (patient := _patient(path))})
    subjects = {patient: Subject(f"S-{number:03d}") for number, patient in enumerate(patients)}
    run = FolderRun(source, target, subjects, load_profile("trial"), b"validity".ljust(32), 2)
    by_digest = {sha256(path.read_bytes()).hexdigest(): path for path in files}
    for record in run_folder(run, lambda step, done, total: None).records:
        if record.state == "written" and record.outcome is not None:
            yield by_digest[record.outcome.sha256_before], target / record.output


def new_errors(found: Iterable[tuple[Path, Path]]) -> list[tuple[Path, str]]:
    """Return the errors that a file has after cleaning and had not before."""
    both = list(found)
    with ThreadPoolExecutor(2) as pool:
        before = pool.map(errors_of, [one for one, _ in both])
        after = pool.map(errors_of, [other for _, other in both])
        return [
            (source, error)
            for (source, _), old, new in zip(both, before, after, strict=True)
            for error in (new - old).elements()
        ]


def _patient(path: Path) -> str:
    try:
        read = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["PatientID"])
    except Exception:
        return ""
    return str(read.get("PatientID", "") or "").strip()


def main() -> None:
    """Print how many files were looked at, and each kind of new error."""
    parser = argparse.ArgumentParser(description="dciodvfy before and after cleaning.")
    parser.add_argument("source", type=Path)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as target:
        looked = list(pairs(asked.source, Path(target)))
        found = new_errors(looked)
    kinds = Counter(error for _, error in found)
    type_1 = sum(number for error, number in kinds.items() if is_type_1(error))
    print(f"{len(looked)} files, {len(found)} new errors, {type_1} of Type 1 or 1C")
    for error, number in kinds.most_common():
        example = next(path for path, one in found if one == error)
        print(f"{number:6} {error}   ({example.name})")


if __name__ == "__main__":
    main()
