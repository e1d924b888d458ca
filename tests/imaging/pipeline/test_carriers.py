"""Identity planted into real files: none survives, and what was not planted is kept."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.dataset import Dataset

from benchmarks.retention import is_kept_by_the_standard
from imaging.pipeline.deidentify import Subject, load_profile
from imaging.pipeline.folder_run import FolderRun, run_folder
from tests.imaging.pipeline import carriers
from tests.imaging.pipeline.carriers import PEOPLE, STRANGERS, elements_of, secrets_of

pytestmark = pytest.mark.corpus


@pytest.fixture(scope="module")
def run(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("target")
    profile = load_profile("trial")
    technical = frozenset(
        tag for tag, action in profile.actions.items() if action in ("technical", "keep")
    )
    planter, made = carriers.write_carriers(corpus, source, technical)
    subjects = {person.mrn: Subject(f"S-{person.number:03d}") for person in PEOPLE}
    report = run_folder(
        FolderRun(source, target, subjects, profile, b"a key of the third upload, 32 b.", 2),
        lambda step, done, total: None,
    )
    written = [
        (*made[r.shown_name], pydicom.dcmread(target / r.output), target / r.output)
        for r in report.records
        if r.state == "written"
    ]
    return {"planter": planter, "made": made, "report": report, "written": written}


def fold(text: str) -> str:
    plain = unicodedata.normalize("NFKD", text.casefold().translate(str.maketrans("đł", "dl")))
    return "".join(c for c in plain if c.isalnum() and not unicodedata.combining(c))


def test_thousands_of_values_are_planted_into_real_files(run: dict[str, Any]) -> None:
    assert run["planter"].planted > 5_000
    assert len(run["written"]) > 30


def test_only_screen_captures_and_changed_acquisition_text_are_held(run: dict[str, Any]) -> None:
    held = {(r.code, r.where) for r in run["report"].records if r.state != "written"}
    # the second is Rescale Type, where a name was planted: it must be equal, so it is held
    assert held <= {("always_looked_at", ""), ("acquisition_changed", "(0028,1054)")}


def test_nobody_survives_in_any_element(run: dict[str, Any]) -> None:
    secrets = {fold(s) for person in PEOPLE for s in secrets_of(person)}
    for stranger in STRANGERS:
        secrets |= {fold(stranger), fold(stranger[::-1])}
    for person in PEOPLE:
        year, month, day = person.birth[:4], person.birth[4:6], person.birth[6:]
        secrets |= {person.birth, day + month + year, fold(person.family[::-1])}
    searched = {s for s in secrets if len(s) >= 5 or not s.isascii()}
    leaks = []
    for _, _, output, _ in run["written"]:
        for path, _, element in elements_of(output):
            if element.VR == "UI" or path[-1] == 0x7FE00010:
                continue
            value = element.value
            text = fold(value.decode("latin-1") if isinstance(value, bytes) else str(value))
            leaks += [(element.keyword, text[:60], s) for s in searched if s in text]
    assert leaks == []


def test_nobody_survives_in_any_byte_or_name(run: dict[str, Any]) -> None:
    needles = {
        spelled.encode(codec)
        for person in PEOPLE
        for s in secrets_of(person)
        for spelled in (s, s.upper(), s.lower())
        for codec in ("utf-8", "utf-16-le", "utf-16-be")
    }
    for _, _, _, path in run["written"]:
        data = path.read_bytes() + str(path).encode()
        assert not [n for n in needles if len(n) >= 6 and n in data]


def test_what_was_not_planted_is_kept(run: dict[str, Any]) -> None:
    total, lost = 0, []
    for source, touched, output, _ in run["written"]:
        after = {path: element for path, _, element in elements_of(output)}
        for path, _, element in elements_of(source):
            if any(path[: len(where)] == where for where in touched):
                continue
            if not is_kept_by_the_standard(path, element) or planted_at_top(source, path):
                continue
            total += 1
            new = after.get(path)
            if new is None or new.is_empty:
                lost.append((element.keyword, str(element.value)[:40]))
    assert total > 3_000
    assert len(lost) / total < 0.005, lost


def planted_at_top(source: Dataset, path: tuple[int, ...]) -> bool:
    """Attributes that `Planter` writes itself, whatever the file had."""
    return path[0] in (0x00204000, 0x00321060, 0x00380500, 0x00100219)
