"""Facts of PCWG3 out of the standard form: soft tissue by RECIST 1.1, the bone scan by names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reads.criteria.pcwg3_facts import BoneScan, PcwgTimePoint
from reads.rows import Rows, code

if TYPE_CHECKING:
    from reads.ecrf import ReadPoint


def pcwg(point: ReadPoint) -> PcwgTimePoint:
    """Return what was recorded as PCWG3 takes it."""
    rows = Rows(point.evaluation)
    seen = point.facts()
    at_baseline = rows.number("bone.count")
    return PcwgTimePoint(
        id=point.id,
        date=point.day,
        baseline=point.baseline,
        assessed=seen.assessed,
        bone_lesions=int(at_baseline) if at_baseline is not None else None,
        target_lesions_at_baseline=bool(seen.target) if point.baseline else None,
        bone=_scan(rows),
        soft_tissue=seen,
    )


def _scan(rows: Rows) -> BoneScan:
    by_state: dict[str, list[str]] = {}
    for row in rows.of("bone.lesions"):
        by_state.setdefault(code(row.get("state")), []).append(str(row["label"]))
    visible, counted = rows.value("bone.visible"), rows.number("bone.new_count")
    return BoneScan(
        done=rows.yes("bone.done"),
        readable=rows.yes("bone.readable"),
        first_seen=tuple(by_state.get("FIRST_SEEN", ())),
        persisting=tuple(by_state.get("PERSISTING", ())),
        lesions_visible=visible if isinstance(visible, bool) else None,
        new_lesion_count=int(counted) if counted is not None else None,
    )
