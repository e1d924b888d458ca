"""What the de-identifier itself writes: the trial's identity and the proof of the method.

Clinical Trial Subject, Study and Series modules (PS3.3 C.7.1.3, C.7.2.3, C.7.3.2) and the
de-identification attributes of the Patient module (PS3.3 C.7.1.1) and CID 7050.
"""

from __future__ import annotations

import struct
from typing import Final

from imaging.pipeline.deidentify.plan import DeidPlan
from imaging.pipeline.encoding import encode, encode_items

_TEXT: Final = (
    (0x00120010, "LO"), (0x00120020, "LO"), (0x00120021, "LO"), (0x00120030, "LO"),
    (0x00120031, "LO"), (0x00120040, "LO"), (0x00120050, "LO"), (0x00120060, "LO"),
)  # fmt: skip
_ALWAYS: Final = frozenset(
    {tag for tag, _ in _TEXT}
    | {0x00080005, 0x00100010, 0x00100020, 0x00120052, 0x00120053}
    | {0x00120062, 0x00120063, 0x00120064, 0x00280303}
)


def written_tags(plan: DeidPlan) -> frozenset[int]:
    """Attributes of the top level that are replaced whatever came in."""
    return _ALWAYS | {0x00120051} if plan.subject.time_point_description else _ALWAYS


def trial_elements(plan: DeidPlan, *, explicit: bool) -> list[tuple[int, bytes]]:
    """Return the written elements, encoded, in tag order."""
    subject, trial = plan.subject, plan.trial
    values = (
        trial.sponsor_name, trial.protocol_id, trial.protocol_name, subject.site_id,
        trial.site_name, subject.subject_id, subject.time_point_id,
        trial.coordinating_center_name,
    )  # fmt: skip
    out = [
        (0x00080005, encode(0x00080005, "CS", b"ISO_IR 192", explicit)),
        (0x00100010, encode(0x00100010, "PN", subject.subject_id.encode(), explicit)),
        (0x00100020, encode(0x00100020, "LO", subject.subject_id.encode(), explicit)),
        (0x00120062, encode(0x00120062, "CS", b"YES", explicit)),
        (0x00120063, encode(0x00120063, "LO", _method(plan), explicit)),
        (0x00120064, _method_codes(plan, explicit)),
        (0x00280303, encode(0x00280303, "CS", b"MODIFIED", explicit)),
    ]
    for (tag, vr), value in zip(_TEXT, values, strict=True):
        out.append((tag, encode(tag, vr, value.encode(), explicit)))
    if subject.time_point_description:
        text = subject.time_point_description.encode()
        out.append((0x00120051, encode(0x00120051, "ST", text, explicit)))
    if subject.offset_from_event is not None:
        days = struct.pack("<d", subject.offset_from_event)
        out.append((0x00120052, encode(0x00120052, "FD", days, explicit)))
        out.append((0x00120053, encode(0x00120053, "CS", subject.event_type.encode(), explicit)))
    return sorted(out)


def _method(plan: DeidPlan) -> bytes:
    return f"PS3.15 Annex E, profile {plan.profile.table_edition}"[:64].encode()


def _method_codes(plan: DeidPlan, explicit: bool) -> bytes:
    contents = [
        encode(0x00080100, "SH", code.encode(), explicit)
        + encode(0x00080102, "SH", b"DCM", explicit)
        + encode(0x00080104, "LO", meaning[:64].encode(), explicit)
        for code, meaning in plan.profile.methods
    ]
    return encode_items(0x00120064, contents, explicit)
