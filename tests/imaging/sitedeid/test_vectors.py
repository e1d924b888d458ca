"""The shared vectors, run against the server's engine; the browser's tests run the same files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.imaging.sitedeid import reference

FILES = sorted(path for path in reference.VECTORS.glob("*.json") if path.stem != "common")
CASES = [
    pytest.param(case, id=f"{path.stem}: {case['title']}")
    for path in FILES
    for case in json.loads(path.read_text("utf-8"))
    if "expected" in case
]


HOLDS = [
    pytest.param(case, id=case["title"])
    for case in json.loads((reference.VECTORS / "holds.json").read_text("utf-8"))
]


@pytest.mark.parametrize("case", HOLDS)
def test_the_server_holds_what_the_vector_says(case: dict[str, Any], tmp_path: Path) -> None:
    source = tmp_path / "in.dcm"
    source.write_bytes(reference.written(case))
    code = reference.clean(source, tmp_path / "out.dcm", unjudged_too=False)
    assert code == case["outcome"]["server"]


def matches(found: Any, expected: Any) -> bool:
    """Compare a value with an expected one, which may say how it begins."""
    if isinstance(expected, Mapping) and "begins" in expected:
        return str(found).startswith(expected["begins"])
    return bool(found == expected)


@pytest.mark.parametrize("case", CASES)
def test_the_servers_engine_gives_what_the_vector_says(
    case: dict[str, Any], tmp_path: Path
) -> None:
    source, target = tmp_path / "in.dcm", tmp_path / "out.dcm"
    source.write_bytes(reference.written(case))
    assert reference.clean(source, target) == ""
    found = reference.read_back(target.read_bytes())
    base = reference.COMMON["bases"][case.get("base", "ct")]["expected"]
    expected = {**base, **reference.COMMON["written"], **case["expected"]}
    wrong = {
        tag: (found.get(tag), expected.get(tag))
        for tag in sorted(found.keys() | expected.keys())
        if tag not in found
        or tag not in expected
        or found[tag][0] != expected[tag][0]
        or not matches(found[tag][1], expected[tag][1])
    }
    assert wrong == {}
