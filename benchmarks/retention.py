"""What de-identification keeps: every attribute of a folder before and after, by class.

    python -m benchmarks.retention SOURCE [--list 20]

Runs the command over a folder of public files, each patient mapped to a subject, and compares every
public attribute with a value: kept as it was, changed, or lost.  Attributes that the table of
PS3.15 Annex E removes or replaces under the options of the profile are not counted (identity, UIDs
and dates are other tests' matter), nor what lies inside a sequence that the table removes, nor a
text that holds a word of the bearer's own name or number: that must go.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import tempfile
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from imaging.pipeline.deidentify import Subject, load_profile
from imaging.pipeline.deidentify.profile import PROFILES
from imaging.pipeline.folder_run import FolderRun, run_folder

#: Written anew in every output: character set, Clinical Trial modules, method.
REWRITTEN: Final = frozenset({0x00080005, 0x00280303, 0x00120062, 0x00120063})
#: Attributes without which an image cannot be measured, or its uptake not be computed.
NEEDED: Final = frozenset(
    """Rows Columns PixelSpacing ImagePositionPatient ImageOrientationPatient SliceThickness
    SpacingBetweenSlices RescaleSlope RescaleIntercept RescaleType BitsAllocated BitsStored HighBit
    PixelRepresentation SamplesPerPixel PhotometricInterpretation NumberOfFrames KVP
    XRayTubeCurrent Exposure ConvolutionKernel RepetitionTime EchoTime InversionTime FlipAngle
    MagneticFieldStrength SequenceName ScanningSequence SequenceVariant DiffusionBValue Units
    DecayCorrection DecayFactor CorrectedImage RadionuclideTotalDose RadionuclideHalfLife
    RadiopharmaceuticalStartTime PatientWeight PatientSize PatientSex SeriesTime AcquisitionTime
    ActualFrameDuration FrameReferenceTime ImagerPixelSpacing GantryDetectorTilt TablePosition
    ContourData DoseGridScaling GridFrameOffsetVector""".split()
)
#: Curves, overlays and variable pixel data are removed on purpose; pixel data is not one of them.
CURVES: Final = (0x50, 0x60, 0x7F)
PIXELS: Final = 0x7FE0
METHOD_CODES: Final = 0x00120064
SHORTEST_WORD: Final = 3
_OPTIONS: Final = (
    "cleanDescOpt", "cleanStructContOpt", "cleanGraphOpt", "rtnPatCharsOpt",
)  # fmt: skip
Place = tuple[int, ...]


@cache
def _table() -> dict[str, dict[str, str]]:
    rows = json.loads((PROFILES / "annex_e.json").read_text("utf-8"))["rows"]
    return {"".join(c for c in row["tag"] if c.isalnum()).lower(): row for row in rows}


def _stays(tag: int) -> bool:
    """Tell whether the table keeps or cleans the attribute, or does not name it."""
    row = _table().get(f"{tag:08x}")
    return row is None or any(option in row for option in _OPTIONS)


def is_kept_by_the_standard(place: Place, element: DataElement) -> bool:
    """Tell whether a public attribute with a value, at its place, should survive cleaning."""
    tags = place[::2]
    if any(tag >> 16 & 1 for tag in tags) or element.is_empty or not str(element.value).strip():
        return False
    try:
        vr = dictionary_VR(tags[-1])
    except KeyError:
        return False
    curve = tags[-1] >> 24 in CURVES and tags[-1] >> 16 != PIXELS
    written = tags[0] == METHOD_CODES or tags[-1] in REWRITTEN or tags[-1] & 0xFFFF == 0
    if curve or written or vr in ("PN", "UI", "DA", "DT"):
        return False
    return all(_stays(tag) for tag in tags) and not any(_gone(tag) for tag in tags[:-1])


def _gone(tag: int) -> bool:
    """Sequences that the profile removes on purpose; `docs/deidentification.md` says why."""
    return f"{tag:08x}" not in _profile_tags()


@cache
def _profile_tags() -> frozenset[str]:
    return frozenset(f"{tag:08x}" for tag in load_profile("trial").actions)


def elements_of(ds: Dataset, place: Place = ()) -> Iterator[tuple[Place, DataElement]]:
    """Every element that is no sequence, with its place: tags and item numbers in turn."""
    for element in ds:
        here = (*place, int(element.tag))
        if element.VR == "SQ":
            for number, item in enumerate(element.value):
                yield from elements_of(item, (*here, number))
        else:
            yield here, element


def compared(source: Path, target: Path) -> tuple[Counter[str], Counter[str]]:
    """Clean a folder; return counts by class and outcome, and each loss by keyword and value."""
    patients = sorted({p for path in source.rglob("*") if (p := _patient(path))})
    subjects = {patient: Subject(f"S-{number:03d}") for number, patient in enumerate(patients)}
    run = FolderRun(source, target, subjects, load_profile("trial"), b"retention".ljust(32), 2)
    by_digest = {hashlib.sha256(p.read_bytes()).hexdigest(): p for p in _files(source)}
    counts: Counter[str] = Counter()
    losses: Counter[str] = Counter()
    for record in run_folder(run, lambda step, done, total: None).records:
        if record.state != "written" or record.outcome is None:
            continue
        before = pydicom.dcmread(by_digest[record.outcome.sha256_before])
        after = dict(elements_of(pydicom.dcmread(target / record.output)))
        own = _words(f"{before.get('PatientName', '')} {before.get('PatientID', '')}")
        for place, element in elements_of(before):
            if is_kept_by_the_standard(place, element) and own.isdisjoint(_words(element.value)):
                _compare(element, after.get(place), counts, losses)
    return counts, losses


def _words(value: object) -> set[str]:
    """Words of a text of three and more signs; none of a value that is no text."""
    if not isinstance(value, str):
        return set()
    words = re.findall(r"[^\W_]+", value.lower())
    return {word for word in words if len(word) >= SHORTEST_WORD}


def _compare(
    old: DataElement, new: DataElement | None, counts: Counter[str], losses: Counter[str]
) -> None:
    kind = "needed" if old.keyword in NEEDED else "other"
    if new is None or new.is_empty:
        outcome = "lost"
    else:
        outcome = "kept" if str(new.value) == str(old.value) else "changed"
    counts[f"{kind} {outcome}"] += 1
    if outcome != "kept":
        now = str(new.value)[:50] if new is not None else "-"
        losses[f"{outcome}: {old.keyword}: {str(old.value)[:50]!r} -> {now!r}"] += 1


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file()]


def _patient(path: Path) -> str:
    try:
        read = pydicom.dcmread(path, stop_before_pixels=True, specific_tags=["PatientID"])
    except Exception:
        return ""
    return str(read.get("PatientID", "") or "").strip()


def main() -> None:
    """Print counts by class and outcome, the share kept, and the commonest losses."""
    parser = argparse.ArgumentParser(description="What de-identification keeps of a folder.")
    parser.add_argument("source", type=Path)
    parser.add_argument("--list", type=int, default=20, help="how many losses to show")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as target:
        counts, losses = compared(asked.source, Path(target))
    for kind in ("needed", "other"):
        of = {o: counts[f"{kind} {o}"] for o in ("kept", "changed", "lost")}
        whole = sum(of.values()) or 1
        print(f"{kind:8} {whole:7} kept {of['kept'] / whole:.2%}", of)
    for loss, number in losses.most_common(asked.list):
        print(f"{number:6} {loss}")


if __name__ == "__main__":
    main()
