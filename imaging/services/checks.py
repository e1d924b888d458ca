"""Automatic quality control: what the study knows of the visit, the checks, and their findings.

The checks run over the series that hold for the visit, whichever submission brought them. A finding
that is found again stays as it is; one that a correction cured is resolved.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from audit import clock
from audit.actors import Actor, acting
from imaging.models import AcquisitionFacts, Finding, Series, Submission
from imaging.pipeline.technical_qc import (
    Context,
    ExpectedSeries,
    Guideline,
    KnownScanner,
    SeriesFacts,
    VisitWindow,
    check_submission,
    from_document,
)
from imaging.pipeline.technical_qc import Finding as Found
from imaging.pipeline.technical_qc.advice import advice
from imaging.services import exceptions, identity
from imaging.services.intake import serial_in_words
from imaging.services.series import effective_series
from imaging.services.submission import form_context, scan_date
from imaging.workflows import FINDING
from studies.forms import Level, Status
from studies.models import TimePoint
from studies.services import forms
from studies.services.subjects import current_anchor

# A pinned document never changes; reading one costs as much as checking some hundred images by it.
_read: dict[str, Guideline] = {}
MOST_READ = 64


def guideline_of(submission: Submission) -> Guideline:
    """Return the guideline that the submission pins."""
    pinned = submission.guideline
    found = _read.get(pinned.digest)
    if found is None:
        if len(_read) >= MOST_READ:
            _read.clear()
        found = _read[pinned.digest] = from_document(pinned.document)
    return found


def context_of(submission: Submission, *, own: Iterable[str] = ()) -> Context:
    """Return what the study knows of the visit, its scanners and the subject's earlier visits.

    Args:
        own: keys of the studies in this submission that earlier submissions of the visit had too.
    """
    time_point = submission.time_point
    definition = time_point.definition
    earlier = earlier_facts(time_point)
    return Context(
        time_point=definition.code if definition else "",
        expected=tuple(_expected(time_point)),
        window=window_of(time_point),
        today=clock.today(submission.study_site.site.time_zone),
        scanners=tuple(
            KnownScanner(
                scanner.manufacturer,
                scanner.model_name,
                serial_in_words(scanner.serial_number),
                scanner.software_versions,
            )
            for scanner in submission.study_site.site.scanners.all()
        ),
        earlier=tuple(earlier),
        received_study_keys=frozenset(key for facts in earlier for key in facts.study_keys)
        - frozenset(own),
        exceptions=exceptions.standing(
            submission.study_site, scan_date(submission) or clock.today()
        ),
    )


def window_of(time_point: TimePoint) -> VisitWindow | None:
    """Return the visit's window, counted from the anchor that holds now.

    A visit that was sent before its anchor was corrected is judged by the corrected date.
    """
    definition = time_point.definition
    anchor = current_anchor(time_point.subject, definition.anchor_kind) if definition else None
    words = anchor_in_words(time_point)
    if definition is not None and anchor is not None:
        planned = anchor.date + timedelta(days=definition.offset_days)
        return VisitWindow(
            planned - timedelta(days=definition.window_before),
            planned + timedelta(days=definition.window_after),
            words,
        )
    if time_point.window_from and time_point.window_to:
        return VisitWindow(time_point.window_from, time_point.window_to, words)
    return None


def anchor_in_words(time_point: TimePoint) -> str:
    """Return from which dated fact a window is counted: the version of the anchor that holds."""
    definition = time_point.definition
    if definition is None:
        return ""
    anchor = current_anchor(time_point.subject, definition.anchor_kind)
    kind = definition.anchor_kind.replace("_", " ")
    on = f" on {anchor.date:%d %b %Y}" if anchor else ""
    return f"day {definition.offset_days} from {kind}{on}"


def _expected(time_point: TimePoint) -> Iterable[ExpectedSeries]:
    definition = time_point.definition
    if definition is None:
        return
    detailed = {row["modality"]: row for row in definition.expected_series}
    for modality in definition.modalities:
        parts = detailed.get(modality, {}).get("body_parts", ())
        yield ExpectedSeries(modality, tuple(parts))


def earlier_facts(time_point: TimePoint) -> list[SeriesFacts]:
    """Return the sealed facts of the subject's earlier visits, oldest first."""
    others = [
        other
        for other in time_point.subject.time_points.exclude(pk=time_point.pk)
        if other.assessment_date is not None
        and (time_point.assessment_date or date.max) > other.assessment_date
        and other.state not in {"expected", "received", "not_done"}
    ]
    found = []
    for other in sorted(others, key=lambda t: t.assessment_date or date.min):
        found += [facts for _, facts in sealed_series(effective_series(other))]
    return found


def sealed_series(rows: Iterable[Series]) -> list[tuple[Series, SeriesFacts]]:
    """Return series with their sealed facts, for the rules."""
    known = AcquisitionFacts.objects.filter(series__in=[row.pk for row in rows])
    by_series = {facts.series_id: facts.document for facts in known if facts.document}
    return [
        (row, SeriesFacts.from_document(by_series[row.pk])) for row in rows if row.pk in by_series
    ]


def findings_of_images(submission: Submission, facts: Sequence[SeriesFacts]) -> tuple[Found, ...]:
    """Run the checks over facts of series in the context of the visit."""
    if not facts and submission.file_count == 0 and submission.corrects_id is None:
        return ()
    return check_submission(
        facts, guideline=guideline_of(submission), context=context_of(submission)
    )


def findings_of_form(submission: Submission) -> list[Found]:
    """Return what the transmittal form leaves open: data not available, warnings explained."""
    result = forms.evaluated(submission.form_record, context=form_context(submission), final=True)
    form = result.form
    found = []
    for place, answer in result.answers.items():
        item = form.items.get(place)
        absent = answer.status in {Status.NOT_DONE, Status.NOT_EVALUABLE}
        if item is None or place not in result.visible or not absent:
            continue
        found.append(
            Found(
                code="clinical_data_missing",
                level="error" if place in result.asked else "warning",
                title=f"{item.label} is missing in the transmittal form",
                measured=f"{answer.status.value.replace('_', ' ')}: {answer.reason}"[:200],
                expected="a value",
                what_it_means="The read or the analysis needs this value.",
                what_to_do="Ask the site for the value, or accept that it does not exist.",
                parameter=place,
                query=f"Please complete “{item.label}” in the transmittal form, or tell us why it "
                "cannot be known.",
            )
        )
    found += [
        Found(
            code="explained_in_form",
            level="info",
            title=message.text[:200],
            measured=message.reason[:200],
            expected="",
            what_it_means="The site gave a reason when it sent the form.",
            what_to_do="Judge whether the reason is enough.",
            parameter=message.key,
            source=message.clause,
        )
        for message in result.messages
        if message.level is Level.WARNING and message.is_accepted
    ]
    return found


def findings_of_files(submission: Submission) -> list[Found]:
    """Return one finding per reason for which files were set aside."""
    counts: dict[tuple[str, str, str], int] = {}
    rows = submission.files.filter(outcome__in=["held", "refused"])
    for outcome, code, reason in rows.values_list("outcome", "code", "reason"):
        counts[outcome, code, reason] = counts.get((outcome, code, reason), 0) + 1
    return [
        Found(
            code=f"file_{outcome}",
            level="warning",
            title=f"{count} {'file was' if count == 1 else 'files were'} "
            + ("held for a person" if outcome == "held" else "refused"),
            measured=reason,
            expected="",
            what_it_means="These files are not among the clean images.",
            what_to_do="Decide whether the visit is complete without them.",
            parameter=code,
        )
        for (outcome, code, reason), count in sorted(counts.items())
    ]


def run(submission: Submission, *, actor: Actor) -> list[Finding]:
    """Check the visit and bring its findings up to date; repeating it changes nothing."""
    pairs = sealed_series(effective_series(submission.time_point))
    rows = {facts.series_key: row for row, facts in pairs}
    found = [
        *findings_of_images(submission, [facts for _, facts in pairs]),
        *findings_of_form(submission),
        *findings_of_files(submission),
    ]
    keyed = _numbered(found)
    # Doubts about whose images these are were answered by a person or still wait for one.
    before = {
        finding.key: finding
        for finding in Finding.objects.in_study(submission.study_id)
        .filter(
            submission__time_point=submission.time_point,
            submission__state__in=["deidentified", "in_qc", "held"],
        )
        .exclude(code__in=identity.CODES)
    }
    for key, finding in before.items():
        if key not in keyed and finding.state != "resolved":
            FINDING.move(finding, "resolve", actor=actor)
    judged = _judged_before(submission)
    made = []
    for key, item in keyed.items():
        if key in before or key in judged:
            continue
        series = rows.get(item.series_key)
        made.append(_save(submission, item, key, series, actor))
    return made


def _judged_before(submission: Submission) -> set[str]:
    """Return what was judged when the visit was released: late images do not raise it again."""
    rows = Finding.objects.in_study(submission.study_id).filter(
        submission__time_point=submission.time_point, submission__state="released"
    )
    return set(rows.exclude(submission=submission).values_list("key", flat=True))


def _numbered(found: Iterable[Found]) -> dict[str, Found]:
    keyed: dict[str, Found] = {}
    for item in found:
        key, number = item.key[:150], 2
        while key in keyed:
            key, number = f"{item.key[:150]}#{number}", number + 1
        keyed[key] = item
    return keyed


def _save(
    submission: Submission, item: Found, key: str, series: Series | None, actor: Actor
) -> Finding:
    finding = Finding(
        study_id=submission.study_id,
        submission=submission,
        series=series,
        code=item.code,
        level=item.level,
        title=item.title,
        measured=item.measured,
        expected=item.expected,
        what_it_means=item.what_it_means,
        what_to_do=item.what_to_do,
        positions=list(item.positions),
        parameter=item.parameter[:60],
        query_text=item.query,
        source=item.source[:200],
        suppressed_by=item.suppressed_by[:120],
        explanation=_said_before(submission, key),
        key=key,
    )
    with acting(actor):
        finding.save()
    return finding


def _said_before(submission: Submission, key: str) -> str:
    said = submission.check_result.get("explained", {}).get(key, "")
    return f"Site before sending: {said}"[:300] if said else ""


def plain(item: Found) -> dict[str, Any]:
    """Return a finding as JSON for the checks before sending."""
    return {
        "key": item.key[:150],
        "series": item.series_key,
        "code": item.code,
        "level": item.level,
        "title": item.title,
        "measured": item.measured,
        "expected": item.expected,
        "means": item.what_it_means,
        "do": advice(item.code, item.level) or item.what_to_do,
        "positions": list(item.positions),
        "parameter": item.parameter,
    }


def merged(new: SeriesFacts, old: SeriesFacts) -> SeriesFacts:
    """Return the facts of a series that a correction completes: its slices and those kept."""
    known = {item.instance_key for item in new.slices}
    kept = tuple(item for item in old.slices if item.instance_key not in known)
    values = {
        name: tuple(dict.fromkeys((*new.values.get(name, ()), *old.values.get(name, ()))))
        for name in {*new.values, *old.values}
    }
    return replace(new, slices=new.slices + kept, values=values)
