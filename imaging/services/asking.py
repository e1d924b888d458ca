"""From a finding to a question: which cause it has and what the site is asked to do."""

from __future__ import annotations

from collections.abc import Iterable

from imaging.models import Finding
from queries.models import Query, RequestedAction

_SEND = RequestedAction.Kind.SEND_IMAGES
_FORM = RequestedAction.Kind.CORRECT_FORM
_CONFIRM = RequestedAction.Kind.CONFIRM
_CAUSE = Query.Cause

_GEOMETRY = """
mixed_study conflicting_instance duplicate_position mixed_orientation mixed_pixel_spacing
mixed_matrix mixed_kernel mixed_thickness no_pixel_spacing no_geometry pixel_format
not_attenuation_corrected not_decay_corrected
"""
_ABSENT = """
missing_slices gaps_between_slices irregular_spacing expected_series_missing wrong_modality
wrong_body_part
"""
_DATA = """
clinical_data_missing weight_missing dose_missing injection_time_missing scan_time_missing
"""
_ASKED: dict[str, tuple[str, str]] = {
    code: (cause.value, action.value)
    for cause, action, codes in (
        (_CAUSE.MISSING_IMAGES, _SEND, _ABSENT),
        (_CAUSE.QUALITY, _SEND, _GEOMETRY),
        (_CAUSE.PARAMETERS, _SEND, "outside_guideline not_stated lossy_compression"),
        (_CAUSE.IDENTITY, _CONFIRM, "mixed_subject other_subject already_received"),
        (_CAUSE.IDENTITY, _CONFIRM, "birth_after_study"),
        (_CAUSE.OUT_OF_WINDOW, _CONFIRM, "date_out_of_window date_in_future dates_disagree"),
        (_CAUSE.MISSING_DATA, _FORM, _DATA),
    )
    for code in codes.split()
}


def cause_of(code: str) -> str:
    """Return the cause of a query about a finding."""
    return _ASKED.get(code, (_CAUSE.OTHER.value, ""))[0]


def action_of(code: str) -> str:
    """Return what the site is asked to do about a finding; to say what happened by default."""
    return _ASKED.get(code, ("", _CONFIRM.value))[1]


def words_of(finding: Finding) -> str:
    """Return the question about a finding as its template has it."""
    return finding.query_text or finding.what_to_do or finding.title


def question_about(findings: Iterable[Finding]) -> str:
    """Return one question about several findings, each template once."""
    return "\n\n".join(dict.fromkeys(words_of(finding) for finding in findings))
