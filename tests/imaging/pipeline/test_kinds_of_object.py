"""What an attribute becomes can depend on the kind of object: Type 2 here, Type 1C there."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.imaging.sitedeid import reference

STORAGE = "1.2.840.10008.5.1.4.1.1."
# SR Document Series and Key Object Document Series ask for Referenced Performed Procedure Step
# Sequence as Type 2 (PS3.3 C.17.1, C.17.6.1): basic text, enhanced, comprehensive, comprehensive 3D
# SR, procedure log, mammography CAD, key objects, dose, macular grid report.
REPORTS = ("88.11", "88.22", "88.33", "88.34", "88.40", "88.50", "88.59", "88.67", "79.1")
# Type 3 or 1C in the series of these: it may not be there without an item.
OTHERS = ("481.3", "481.5", "11.1", "66.1", "9.1.1", "67")
ITEM = [["00081150", "UI", "1.2.840.10008.3.1.2.3.3"], ["00081155", "UI", "1.2.3.77"]]
GIVEN = {"empty": [], "with an item": [ITEM]}


def cleaned(kind: str, rows: list[list[object]], folder: Path) -> dict[str, object]:
    rows = [["00080016", "UI", STORAGE + kind], *rows]
    source, target = folder / "in.dcm", folder / "out.dcm"
    source.write_bytes(reference.written({"base": "report", "input": rows}))
    assert reference.clean(source, target) == ""
    return reference.read_back(target.read_bytes())


@pytest.mark.parametrize("given", GIVEN)
@pytest.mark.parametrize("kind", REPORTS)
def test_a_report_keeps_an_empty_reference_to_its_step(
    kind: str, given: str, tmp_path: Path
) -> None:
    found = cleaned(kind, [["00081111", "SQ", GIVEN[given]]], tmp_path)
    assert found["00081111"] == ["SQ", []]


@pytest.mark.parametrize("kind", OTHERS)
def test_any_other_object_loses_the_reference(kind: str, tmp_path: Path) -> None:
    assert "00081111" not in cleaned(kind, [["00081111", "SQ", []]], tmp_path)
    assert "00081111" not in cleaned(kind, [["00081111", "SQ", [ITEM]]], tmp_path)
