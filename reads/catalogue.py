"""The edit checks of every criterion's catalogue, as messages of the form, each shown once.

The eCRF holds most checks of the criteria itself and knows them by the same names. What it does
not hold (for example the window in which an iUPD is confirmed) is run by the engine over the whole
stream and shown beside the others: an error blocks, a warning needs a reason. Two criteria that
find the same thing about the same place say it once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reads.criteria import registry
from reads.criteria.base import CriteriaError, Finding
from reads.design.response_items import items_of, place, section_of
from reads.ecrf import Parameters, ReadPoint, history_of
from studies.forms.evaluation import Evaluation, Message
from studies.forms.values import Level

#: name in the catalogue -> name of the same check in the platform's forms
SAME = {
    "SPLIT_WITHOUT_CHILD_SIZES": "SPLIT_WITHOUT_PIECES",
    "NODE_NONTARGET_COULD_BE_TARGET": "NODE_COULD_BE_TARGET",
    # The engine has no entry to compare with: the form compares, criterion by criterion.
    "RESPONSE_MISMATCH_TARGET": "RESPONSE_MISMATCH_TARGET",
    "RESPONSE_MISMATCH_OVERALL": "RESPONSE_MISMATCH_OVERALL",
}
#: name in the catalogue -> place that the form itself asks for, as a needed answer
ASKED = {
    "RANO_STEROID_MISSING": "clinical.dexamethasone",
    "RANO_CLINICAL_MISSING": "clinical.status",
}
_GROUPS = {
    "target": "target.lesions",
    "non_target": "non_target.lesions",
    "new_lesions": "new.lesions",
    "lesions": "target.lesions",
}
_ITEMS = {
    "ld_mm": "long_axis",
    "sa_mm": "short_axis",
    "ldi_mm": "long_axis",
    "sdi_mm": "short_axis",
    "d1_mm": "long_axis",
    "d2_mm": "short_axis",
    "fragments_mm2": "pieces_product",
    "volume_ml": "volume",
    "organ": "location",
    "modality": "method",
}
_LESION = re.compile(r"(target|non_target|new_lesions|(?<![a-z_])lesions)\[(\d+)\](?:\.(\w+))?$")


def with_catalogues(
    evaluation: Evaluation,
    points: Sequence[ReadPoint],
    criteria: Mapping[str, Parameters],
    answers: Mapping[str, object],
) -> Evaluation:
    """Return the evaluation with the checks of the criteria that the form does not hold itself.

    Args:
        points: the stream up to this time point, which is the last one.
        answers: the raw answers, for the reasons given to warnings.
    """
    held = {check.id for check in evaluation.form.checks}
    given = answers.get("reasons")
    reasons = given if isinstance(given, Mapping) else {}
    found: dict[str, Message] = {}
    for key, parameters in criteria.items():
        for finding in _findings(points, key, parameters):
            if SAME.get(finding.id, finding.id) in held or finding.id in held:
                continue
            if ASKED.get(finding.id) in evaluation.form.items:
                continue
            message = _message(finding, evaluation, key, reasons)
            found.setdefault(message.key, message)
    return replace(evaluation, messages=(*evaluation.messages, *found.values()))


def _findings(points: Sequence[ReadPoint], key: str, parameters: Parameters) -> Iterator[Finding]:
    """The findings of one criterion that concern the last time point."""
    criterion = registry.get(key)
    try:
        history = history_of(points, criterion)
        found = criterion.edit_checks(history, criterion.options(parameters))
    except CriteriaError:
        return  # the derivation has the same trouble and says it
    last = "baseline" if len(points) == 1 else f"visits[{len(points) - 2}]"
    for finding in found:
        if finding.field == last or finding.field.startswith(f"{last}."):
            yield finding


def _message(
    finding: Finding, evaluation: Evaluation, criterion: str, reasons: Mapping[str, object]
) -> Message:
    group, label, where = _where(finding, evaluation, criterion)
    key = f"{finding.id}:{label}" if label else finding.id
    level = Level(finding.level.value)
    reason = reasons.get(key)
    item = evaluation.form.items.get(_path(where))
    words = item.label if item is not None else evaluation.form.title
    return Message(
        key=key,
        check=finding.id,
        place=where,
        level=level,
        text=finding.message,
        label=f"{label}, {words}" if label and group != where else words,
        clause=finding.clause,
        reason=reason.strip() if isinstance(reason, str) and level is Level.WARNING else "",
    )


def _where(finding: Finding, evaluation: Evaluation, criterion: str) -> tuple[str, str, str]:
    """Return group, lesion and place of the form that a finding is about."""
    match = _LESION.search(finding.field)
    if match is None:
        return "", "", _elsewhere(evaluation, criterion)
    group = _GROUPS[match[1]]
    keys = evaluation.rows.get(group, ())
    rows = [number for number, key in enumerate(keys) if key]
    if int(match[2]) >= len(rows):
        return (
            group,
            "",
            group if group in evaluation.visible else _elsewhere(evaluation, criterion),
        )
    row = rows[int(match[2])]
    item = _ITEMS.get(match[3] or "", match[3] or "label")
    where = f"{group}.{row}.{item}"
    return group, keys[row], where if where in evaluation.visible else f"{group}.{row}.label"


def _elsewhere(evaluation: Evaluation, criterion: str) -> str:
    overall = f"{section_of(criterion)}.overall"
    known = {place(criterion, item) for item in items_of(criterion)} & evaluation.visible
    return overall if overall in known else "quality.overall"


def _path(where: str) -> str:
    return ".".join(part for part in where.split(".") if not part.isdigit())
