"""What the workbench shows: findings, header facts, the form beside the files, the decision."""

from __future__ import annotations

from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.signing import shown_signatures, sign_request
from audit import clock
from imaging.models import Finding, Preview, QcReview, Series, Submission
from imaging.pipeline.technical_qc.guideline_text import asks_in_words
from imaging.pipeline.technical_qc.parameters import PARAMETERS
from imaging.services import asking, checks, qc, second_level
from imaging.services.submission import form_context
from imaging.views import parts, posting
from imaging.workflows import QC_REVIEW
from studies.access import StudyRequest, person
from ui import moments
from ui.figures import with_minus

BADGES = {"error": "Major", "warning": "Minor", "info": "Note"}
# True dates and times are sealed: the page says whether they agree, not what they are.
_SEALED = ("scan.date", "scan.time")


def finding_card(
    request: StudyRequest,
    row: Finding,
    *,
    chosen: Series | None,
    review: QcReview | None,
    blinded: bool,
) -> dict[str, Any]:
    """Return a finding as its card shows it; at the second level without what the first did."""
    own = review.dispositions.get(str(row.pk), "") if blinded and review is not None else ""
    if blinded:
        is_open = row.state != "resolved" and not own and not row.suppressed_by
        explanation, query = own, None
    else:
        is_open = row.state in {"open", "queried"} and not row.suppressed_by
        explanation, query = row.explanation, row.query
    return {
        "row": row,
        "text": parts.finding_words(row.measured, row.expected, row.what_it_means),
        "badge": _(BADGES[row.level]),
        "is_open": is_open,
        "explanation": explanation,
        "query": query,
        "state": _("Accepted by you") if own else "" if blinded else row.get_state_display(),
        "slice": slice_of(row, chosen),
        "picture": picture_of(request.study.code, row),
        "on": chosen is not None and row.series_id == chosen.pk and row.level == "error",
        "may_ask": not blinded and row.state == "open" and bool(row.query_text),
        "question": asking.words_of(row),
        "args": [request.study.code, row.pk],
    }


def slice_of(row: Finding, chosen: Series | None) -> int | None:
    """Return the picture next to what a finding is about, counted from the head."""
    heights = sorted(chosen.facts.get("positions", []), reverse=True) if chosen else []
    if chosen is None or not row.positions or not heights or row.series_id != chosen.pk:
        return None
    at = max(row.positions)
    return min(range(len(heights)), key=lambda i: abs(heights[i] - at))


def picture_of(study_code: str, row: Finding) -> str:
    """Return the address of the picture next to what a finding is about, or nothing."""
    if row.series is None or not row.positions:
        return ""
    preview = Preview.objects.filter(series=row.series).order_by("id").first()
    place = slice_of(row, row.series)
    if preview is None or place is None or place >= len(preview.objects_sha256):
        return ""
    digest = preview.objects_sha256[place]
    return reverse("image-preview", args=[study_code, row.series_id, digest])


def fact_lines(row: Submission, chosen: Series, findings: list[Finding]) -> list[dict[str, Any]]:
    """Return header facts beside the guideline, with the verdict of the checks."""
    values: dict[str, str] = chosen.facts.get("values", {})
    definition = row.time_point.definition
    guideline = checks.guideline_of(row)
    at = definition.code if definition else ""
    rules = {r.parameter: r for r in guideline.comparisons(modality=chosen.modality, time_point=at)}
    same = {r.parameter: r for r in guideline.consistency(modality=chosen.modality, time_point=at)}
    found = {f.parameter: f for f in findings if f.series_id == chosen.pk and f.parameter}
    lines = []
    for name in dict.fromkeys([*rules, *values]):
        rule, finding = rules.get(name), found.get(name)
        asked = asks_in_words(rule) if rule else ""
        if not asked and name in same:
            asked = _("as earlier")
        lines.append(
            {
                "name": PARAMETERS[name].title if name in PARAMETERS else name,
                "header": with_minus(values.get(name, "")),
                "expected": with_minus(asked),
                "source": rule.source if rule else "",
                "verdict": verdict(rule, finding, values.get(name, "")),
                "on": finding is not None and finding.level == "error",
            }
        )
    if chosen.facts.get("suv"):
        lines.insert(0, _suv_line(chosen.facts["suv"]))
    return sorted(lines, key=lambda line: (not line["on"], not line["expected"]))


def _suv_line(words: str) -> dict[str, Any]:
    good = words.startswith("computable")
    mark = ("good", "check", _("Computable")) if good else ("stop", "circle-x", _("No SUV"))
    return {
        "name": "SUVbw",
        "header": words,
        "expected": _("computable"),
        "source": "",
        "verdict": mark,
        "on": not good,
    }


def verdict(rule: Any, finding: Finding | None, value: str) -> tuple[str, str, str]:
    """Return tone, icon and word for a header fact."""
    if finding is not None and finding.suppressed_by:
        return "idle", "info-circle", str(finding.suppressed_by)
    if finding is not None and finding.state not in {"explained", "resolved"}:
        tone = {"error": "stop", "warning": "wait"}.get(finding.level, "idle")
        icon = {"error": "circle-x", "warning": "alert-triangle"}.get(finding.level, "info-circle")
        return tone, icon, _("Outside") if value else _("Not stated")
    if finding is not None:
        return "good", "circle-check", _("Accepted")
    if rule is not None and value:
        return "good", "check", _("Matches")
    return "", "", ""


def form_lines(row: Submission) -> list[dict[str, Any]]:
    """Return the transmittal form beside what the files say, differences first."""
    _result, view = posting.view_of(
        row.form_record, context=form_context(row), final=False, read_only=True
    )
    lines = []
    for section in view.sections:
        for field in section.fields:
            if field.rows is not None:
                continue
            chosen = [str(option.label) for option in field.options if option.is_chosen]
            said = ", ".join(chosen) or field.text or field.value
            absent = (
                next((o.label for o in field.absence.options if o.is_chosen), "")
                if field.absence
                else ""
            )
            from_file = field.is_source_file and bool(field.source)
            if not said and not absent and not from_file:
                continue
            sealed = field.place in _SEALED
            header = field.source if from_file else ""
            if from_file and sealed:
                header = _("another day or time") if field.source_differs else _("the same")
            lines.append(
                {
                    "section": section.title,
                    "label": field.label,
                    "form": said or str(absent),
                    "header": header,
                    "differs": from_file and field.source_differs and bool(said),
                    "warnings": [m.text for m in field.messages],
                    "reasons": [m.reason for m in field.messages if m.reason],
                }
            )
    return sorted(lines, key=lambda line: not line["differs"])


def checklist(
    request: StudyRequest, row: Submission, review: QcReview, *, final: bool, read_only: bool
) -> dict[str, Any]:
    """Return the checklist of a review for the page."""
    if review.form_record is None:
        return {"record": None}
    context = qc.checklist_context(review)
    result, view = posting.view_of(
        review.form_record, context=context, final=final, read_only=read_only
    )
    return {
        "record": review.form_record,
        "page": view,
        "unanswered": sum(
            one.asked - one.answered for one in view.sections if one.key != "decision"
        ),
        "structure": posting.structure_digest(result),
        "body_url": reverse("qc-checklist-body", args=[request.study.code, row.pk]),
        "autosave_url": reverse("qc-checklist-autosave", args=[request.study.code, row.pk]),
        "offset": moments.offset_minutes(clock.now(), person(request).time_zone),
    }


def why_closed(row: Submission, review: QcReview) -> str:
    """Return in words what keeps a decision from passing, or nothing."""
    why = []
    if review.level == second_level.RESOLUTION:
        return ""
    blocking = [f for f in qc.left_of(review) if f.level == Finding.Level.ERROR]
    if blocking:
        why.append(
            ngettext("%(n)s major finding waits", "%(n)s major findings wait", len(blocking))
            % {"n": len(blocking)}
        )
    if review.level == second_level.FIRST:
        queries = row.time_point.queries.filter(
            blocking=True, state__in=["open", "answered", "reopened"]
        )
        if queries:
            why.append(_("%s is open") % ", ".join(str(query) for query in queries))
    return _("Pass is closed: %s") % ", ".join(why) if why else ""


def decision(
    request: StudyRequest,
    row: Submission,
    review: QcReview,
    *,
    errors: tuple[str, ...],
    signing: bool,
) -> dict[str, Any]:
    """Return what the decision bar and the sign dialog show."""
    step = "resolve" if review.level == second_level.RESOLUTION else "sign"
    guards = QC_REVIEW.guard_results(review, step) if review.state == "open" else []
    facts = [
        (_("Submission"), str(row)),
        (_("Level"), str(review.get_level_display())),
        (_("Decision"), str(review.get_decision_display() or _("none yet"))),
    ]
    if review.deviation_cause:
        facts.append((_("Cause"), str(review.get_deviation_cause_display())))
    if review.comment:
        facts.append((_("Comment"), review.comment))
    if review.form_record is not None:
        facts.append((_("Checklist"), str(review.form_record.form)))
    sign = sign_request(
        request,
        review,
        dialog_id="sign-qc",
        title=_("Sign the QC decision on %s") % row.time_point,
        url=reverse("qc-sign", args=[request.study.code, row.pk]),
        facts=facts,
        statement=_(qc.STATEMENT),
        consequence=_(
            "A pass releases the images to the readers and a failure asks for a re-scan, unless "
            "the decision is drawn for a second person."
        )
        if review.level == second_level.FIRST
        else _("It takes effect when both decisions agree; a difference goes to science.")
        if review.level == second_level.SECOND
        else _("Your decision counts. A pass releases the images; a failure asks for a re-scan."),
        label=_("Sign decision"),
        errors=errors,
    )
    return {
        "guards": guards,
        "pass_closed": why_closed(row, review) if review.state == "open" else "",
        "sign": sign,
        "signing": signing and all(guard.ok for guard in guards),
        "signatures": shown_signatures(review) if review.state == "signed" else [],
    }
