"""The driver from receipt to QC: each stage looks at what is done already and does the rest."""

from __future__ import annotations

import hashlib
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import transaction

from audit.actors import Actor, acting, service
from audit.errors import Conflict
from audit.jobs import Progress
from audit.models import Job
from imaging.dicomweb import indexing
from imaging.dicomweb.indexing import Known
from imaging.models import DeidReport, Submission
from imaging.pipeline.deidentify.engine import IMPLEMENTATION_NAME
from imaging.pipeline.reasons import sentence
from imaging.pipeline.technical_qc import Finding as Found
from imaging.pipeline.technical_qc import SeriesFacts, check_submission
from imaging.pipeline.technical_qc.file_facts import keyed
from imaging.pipeline.technical_qc.series_checks import sorted_out_as
from imaging.services import (
    ahead,
    archives,
    checks,
    cleaning,
    deid_report,
    headers,
    holds,
    identity,
    intake,
    looking,
    papers,
    pictures,
    screening,
    series,
    site_cleaning,
)
from imaging.services.cleaning import Ahead
from imaging.services.intake import Examined, Intake
from imaging.services.submission import prefill_form
from imaging.workflows import SUBMISSION
from queries.models import Query, RequestedAction
from queries.services import close
from studies.models import Study
from studies.scoping import across_studies, scope
from studies.workflows import TIME_POINT

SECONDS_BETWEEN_MARKS = 0.5
CLEANS = "De-identification and checks"
# States in which a worker that was lost before may have left pictures to render.
DRAWN = ("in_qc", "released")
_CURABLE = (
    RequestedAction.Kind.SEND_IMAGES,
    RequestedAction.Kind.CORRECT_FORM,
    RequestedAction.Kind.RESCAN,
)


class Marks:
    """Progress that is written at most twice a second, so that counting costs nothing."""

    def __init__(self, row: Job) -> None:
        self._progress = Progress(row)
        self._at = 0.0
        self._units = 0

    def __call__(self, units: int, note: str) -> None:
        self._units = max(self._units, units)
        now = time.monotonic()
        if now - self._at >= SECONDS_BETWEEN_MARKS:
            self._at = now
            self._progress.at(self._units, note)


def found_anywhere(submission_id: str) -> tuple[Submission, Study]:
    """Return a submission and its study, for a worker that knows the id only."""
    with across_studies("a worker takes up a submission"):
        row = Submission.objects.select_related("study").get(pk=UUID(submission_id))
    return row, row.study


def process(job: Job, submission_id: str) -> None:
    """Take a received submission to QC, or to a hold with its reason."""
    row, study = found_anywhere(submission_id)
    system = service(CLEANS, study_id=study.pk)
    marks = Marks(job)
    with scope(study):
        if row.state == "received":
            ahead.wait_for_checks(row, marks)
            row.refresh_from_db()
        _take_to_qc(row, system, marks, None)
        if row.state in DRAWN:
            # QC is open by now: its pictures come while somebody claims it.
            ahead.drop(row)
            marks(row.file_count, "Rendering pictures")
            pictures.render(list(row.series.all()), marks)


def _take_to_qc(row: Submission, system: Actor, marks: Marks, ready: ahead.Ready | None) -> None:
    described: Known = {}
    if row.state == "received":
        with _opened(row, marks, ready) as (opened, at_hand):
            described = clean(row, system, marks, opened, at_hand)
        row.refresh_from_db()
    if row.state == "deidentified":
        marks(row.file_count, "Indexing and checking")
        start_qc(row, system, marks, described)
        row.refresh_from_db()


def clean(
    row: Submission,
    system: Actor,
    marks: Marks,
    opened: Intake,
    at_hand: Ahead | None,
) -> Known:
    """De-identify and verify; hold the submission where a person must look.

    Args:
        at_hand: the clean files where that was begun or done ahead.

    Returns:
        What was read of the clean files for the index.
    """
    intake.apply_set_aside(row, opened.set_aside)
    plan = cleaning.plan_of(row, opened)
    if _in_doubt(row, identity.before_cleaning(row, opened), system):
        return {}
    identity.set_duplicates_aside(row, opened)
    if at_hand is not None:
        looking.note_looked(row, opened)
        cleaning.take_over(row, opened, at_hand.batches(), tick=marks)
    else:
        held = looking.hold_what_shows_text(row, opened, marks)
        for part, by in site_cleaning.parts_of(opened, plan):
            cleaning.clean(row, part, by, held=held, tick=marks)
    papers.open_all(row, plan, marks)
    if _in_doubt(row, identity.after_cleaning(row), system):
        return {}
    why = holds.after_cleaning(row)
    if why:  # series are sealed when they are whole
        screening.make(row, opened, marks)
        _hold(row, system, why, "after_cleaning")
        return {}
    series.seal(row, opened)
    document = deid_report.report_document(row, plan)
    with transaction.atomic():
        DeidReport.objects.create(
            study_id=row.study_id,
            submission=row,
            profile_digest=row.profile.digest,
            engine_version=IMPLEMENTATION_NAME,
            document=document,
        )
        SUBMISSION.move(
            row,
            "deidentify",
            actor=system,
            details={
                "files": document["verified"]["files"],
                "outcomes": document["outcomes"],
                "profile": str(row.profile),
            },
        )
    return {sha256: left.described for sha256, left in opened.left.items()}


@contextmanager
def _opened(
    row: Submission, marks: Marks, ready: ahead.Ready | None
) -> Iterator[tuple[Intake, Ahead | None]]:
    """Open an upload, or take what was worked out of it ahead: then no original is opened."""
    if ready is not None:  # the originals are still open
        yield ready.intake, ready.work
        return
    ready = ahead.ready(row)
    if ready is not None:
        with intake.working(row):  # attachments are opened in it
            yield ready.intake, ready.work
        return
    with intake.opened(row, marks, only=intake.TRUE_VALUES) as opened:
        yield opened, None


def _in_doubt(row: Submission, doubts: Sequence[identity.Doubt], system: Actor) -> bool:
    """Write doubts about whose images these are as findings; hold where one is not answered."""
    with transaction.atomic(), acting(system):
        identity.note(row, doubts)
        doubt = identity.to_hold(row, doubts)
        if doubt is not None:
            _hold(row, system, doubt.sentence, doubt.code)
    return doubt is not None


def _hold(row: Submission, system: Actor, why: str, code: str) -> None:
    SUBMISSION.move(
        row,
        "hold",
        actor=system,
        reason=why,
        changes={"hold_reason": why[:300]},
        details={"code": code},
    )


def start_qc(row: Submission, system: Actor, marks: Marks, described: Known) -> None:
    """Index, check, and put the visit into QC; a correction may close the query that asked."""
    indexing.index_all(row.series.select_related("imaging_study"), marks, described)
    with transaction.atomic():
        locked = Submission.objects.in_study(row.study_id).select_for_update().get(pk=row.pk)
        if locked.state != "deidentified":
            return
        series.supersede_asked(locked)
        found = checks.run(locked, actor=system)
        SUBMISSION.move(locked, "start_qc", actor=system, details={"findings": len(found)})
        if locked.time_point.state == "received":
            TIME_POINT.move(locked.time_point, "start_qc", actor=system)
        close_cured_queries(locked, system)


def close_cured_queries(row: Submission, system: Actor) -> list[Query]:
    """Close the queries of the visit whose requests are done and whose findings are gone."""
    closed = []
    waiting = row.time_point.queries.filter(state="answered", actions__kind__in=_CURABLE)
    for query in waiting.distinct():
        undone = query.actions.filter(done_at=None).exists()
        left = query.findings.filter(state__in=["open", "queried"]).exists()
        if not undone and not left:
            closed.append(
                close(query, actor=system, reason=f"the checks of {row} found it corrected")
            )
    return closed


def check_before_sending(job: Job, submission_id: str) -> None:
    """Read an upload before it is sent: what is in it, what to fix, what the form can take over."""
    row, study = found_anywhere(submission_id)
    system = service("Checks before sending", study_id=study.pk)
    marks = Marks(job)
    with scope(study):
        if row.state != "uploading":
            return
        with _opened_with_archives(row, system, marks) as opened:
            result = _result(row, opened)
            with transaction.atomic():
                locked = Submission.objects.in_study(study).select_for_update().get(pk=row.pk)
                if locked.state != "uploading" or locked.manifest_digest != row.manifest_digest:
                    return
                if locked.check_result != result:
                    locked.check_result = result
                    locked.save()
            _prefill(locked, system)
            # The site fills in the form by now.
            ready = ahead.work(row, opened, marks)
            if ready is None:
                return
            if not ahead.is_signed(row, ready):
                ahead.keep(row, ready)
                return
            try:
                _take_to_qc(row, service(CLEANS, study_id=study.pk), marks, ready)
            finally:
                ready.work.stop()  # a doubt ends it before all of it is taken


@contextmanager
def _opened_with_archives(row: Submission, system: Actor, marks: Marks) -> Iterator[Intake]:
    """Open an upload; where archives are in it, they are opened first, and then all of it anew."""
    with intake.opened(row, marks) as opened:
        found = opened.archives
        if not found:
            yield opened
            return
    archives.open_all(row, found, actor=system, tick=marks)
    row.refresh_from_db()
    with intake.opened(row, marks) as opened:
        yield opened


def _prefill(row: Submission, system: Actor) -> None:
    try:
        prefill_form(row, actor=system)
    except Conflict:
        return  # somebody types already: nothing of theirs is overwritten


def _result(row: Submission, opened: Intake) -> dict[str, Any]:
    key, by_series = opened.key, opened.by_series
    files_of = {keyed(uid, key): items for uid, items in by_series.items()}
    facts = [
        intake.before_cleaning(
            site_cleaning.true_facts(row, opened, found, [item.place for item in by_series[uid]])
        )
        for uid, found in intake.facts_of(by_series, key).items()
    ]
    previous = [f for _, f in checks.sealed_series(series.effective_series(row.time_point))]
    known = {key for old in previous for key in old.study_keys}
    whole = [_completed(new, previous) for new in facts]
    rest = [old for old in previous if old.series_key not in {f.series_key for f in facts}]
    found = check_submission(
        [*whole, *rest] if row.corrects_id else whole,
        guideline=checks.guideline_of(row),
        context=checks.context_of(row, own=known),
    )
    return {
        "manifest": row.manifest_digest,
        "series": [_series_line(f, found, files_of.get(f.series_key, [])) for f in facts],
        "findings": [
            *(identity.plain(d) for d in _doubts(row, opened)),
            *(checks.plain(f) for f in found),
        ],
        "explained": _explained(row, found, files_of),
        "set_aside": _set_aside(row, opened),
        "patients": len({i.verified.sealed.patient_hash for i in opened.examined}),
        "files": row.file_count,
        "images": len(opened.examined),
        "header": headers.of_upload(row, facts, files_of),
        "guideline": _asked(row),
    }


def _doubts(row: Submission, opened: Intake) -> list[identity.Doubt]:
    """Return doubts about whose images these are; two persons the other checks tell as well."""
    return [d for d in identity.before_cleaning(row, opened) if d.code != "two_subjects"]


def _completed(new: SeriesFacts, previous: list[SeriesFacts]) -> SeriesFacts:
    old = next((f for f in previous if f.series_key == new.series_key), None)
    return checks.merged(new, old) if old else new


def _explained(
    row: Submission, found: Sequence[Found], files_of: Mapping[str, Sequence[Examined]]
) -> dict[str, str]:
    """Return what was said about findings by their keys: here before, or in the browser."""
    keys = {item.key[:150] for item in found}
    before: dict[str, str] = row.check_result.get("explained", {})
    explained = {key: text for key, text in before.items() if key in keys}
    for said in row.check_result.get("said", []):
        for item in found:
            own = {f.row.sha256 for f in files_of.get(item.series_key, ())}
            about = not said["files"] or bool(own & set(said["files"]))
            if item.code == said["code"] and about:
                explained[item.key[:150]] = said["text"]
    return explained


def _series_line(
    facts: SeriesFacts, found: Sequence[Found], files: Sequence[Examined]
) -> dict[str, Any]:
    own = [f for f in found if f.series_key == facts.series_key]
    return {
        "key": facts.series_key,
        "name": series.describe(facts.modality, facts),
        "images": len(facts.slices),
        "files": len(files),
        "bytes": sum(item.row.size for item in files),
        "digest": _digest_of(files),
        "sorted_out": sorted_out_as(facts),
        "errors": [f.title for f in own if f.level == "error"],
    }


def _digest_of(files: Sequence[Examined]) -> str:
    """Return SHA-256 (hex) over the sorted lines ``digest size`` of a series' files."""
    lines = sorted(f"{item.row.sha256} {item.row.size}\n" for item in files)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _set_aside(row: Submission, opened: Intake) -> list[dict[str, Any]]:
    refused = row.files.filter(outcome="refused", code__in=intake.KEPT_REFUSALS)
    counts = Counter(code for _, code in opened.set_aside.values())
    counts.update(refused.values_list("code", flat=True))
    return [{"code": c, "text": sentence(c), "count": n} for c, n in sorted(counts.items())]


def _asked(row: Submission) -> dict[str, str]:
    """Return the guideline's values that the transmittal form compares with."""
    definition = row.time_point.definition
    guideline = checks.guideline_of(row)
    rules = guideline.comparisons(modality="CT", time_point=definition.code if definition else "")
    asked = {}
    for rule in rules:
        if rule.parameter == "slice_thickness_mm" and rule.kind == "max" and rule.numbers:
            asked["slice_thickness_max_mm"] = f"{rule.numbers[0]:g}"
        if rule.parameter == "contrast_phase" and len(rule.words) == 1:
            asked["contrast_phase"] = rule.words[0]
    return asked
