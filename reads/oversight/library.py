"""The checks: data in ``library.json``, read once and refused when it is not as it must be.

A check has a stable id, a level (error, warning, info), a scope (time point or global), a kind
(radiologic judgement, measurement, response), what it looks at, its condition, message, clause, and
two examples: one on which it fires once, one on which it stays silent.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reads.oversight.conditions import facts_of

SOURCE = Path(__file__).with_name("library.json")
LEVELS = ("error", "warning", "info")
SCOPES = {"lesion": "time_point", "point": "time_point", "response": "time_point"}
KINDS = ("judgement", "measurement", "response")


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One check of the library.

    Attributes:
        over: what it is asked of: every lesion, point, response, or course.
        when: its condition, a tree of data (``reads.oversight.conditions``).
        failing: facts on which it fires exactly once.
        passing: facts on which it does not fire.
    """

    id: str
    level: str
    kind: str
    over: str
    title: str
    when: Mapping[str, Any]
    message: str
    clause: str
    failing: Mapping[str, Any]
    passing: Mapping[str, Any]

    @property
    def scope(self) -> str:
        """Time point or global."""
        return SCOPES.get(self.over, "global")


def _read() -> tuple[Check, ...]:
    rows = json.loads(SOURCE.read_text(encoding="utf-8"))
    checks = tuple(Check(**row) for row in rows)
    if len({check.id for check in checks}) != len(checks):
        raise ValueError("two checks have one id")
    for check in checks:
        if check.level not in LEVELS or check.kind not in KINDS:
            raise ValueError(f"{check.id}: unknown level or kind")
        if check.over not in {*SCOPES, "course"}:
            raise ValueError(f"{check.id}: unknown rows")
        facts_of(check.when)
    return checks


LIBRARY = _read()
BY_ID: Mapping[str, Check] = {check.id: check for check in LIBRARY}


def library_digest() -> str:
    """Return SHA-256 (hex) of the library as it is stored."""
    return hashlib.sha256(SOURCE.read_bytes()).hexdigest()
