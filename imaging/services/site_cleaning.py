"""De-identification at the site: handing out its plan, its account, and judging what came of it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import transaction

from accounts.models import User
from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.models import record
from imaging.models import ReceivedFile, SiteCleaning, Submission
from imaging.pipeline.deidentify import DeidPlan, IdentityTokens, Subject, TrialValues
from imaging.pipeline.deidentify.profile import compile_profile
from imaging.pipeline.deidentify.values import STAND_IN
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.reasons import SENTENCES, sentence
from imaging.pipeline.sandbox import Contained, Sandbox, SandboxLimits
from imaging.pipeline.site_cleaning import (
    SITE_ENGINE,
    SiteOption,
    claims_site_cleaning,
    second_plan,
    site_plan,
    subject_key,
    true_date,
    why_identified,
)
from imaging.pipeline.technical_qc import SeriesFacts
from imaging.pipeline.verify import read_header
from imaging.storage import ArrivalStore, study_key

if TYPE_CHECKING:
    from imaging.services.intake import Examined, Intake

OPEN_STATES = ("draft", "uploading")
LIMITS = SandboxLimits()
When = TypeVar("When", date, datetime)
#: Why a file is refused and not kept where identity is removed at the site.
REFUSED_CODES = frozenset(
    {"identified_at_site", "site_other_profile", "site_other_subject", "dates_not_moved"}
)
_KEY = re.compile(r"[0-9a-f]{64}")
_MOST_FILES = 20_000
_MOST_REASONS = 40


def option_of(submission: Submission) -> SiteOption:
    """Return what the profile that the submission pins says about cleaning at the site."""
    return SiteOption.of(submission.profile.document)


def option_problems(document: Mapping[str, Any]) -> list[str]:
    """Return what is wrong with the site option of a profile document, in words."""
    return SiteOption.of(document).problems


def plan_for(submission: Submission, *, study_secret: bytes, tokens: IdentityTokens) -> DeidPlan:
    """Return the plan by which files of a submission are cleaned, at the site or here.

    Its key is the subject's, made from the study's: both engines give the same new identifiers,
    and whoever is handed the key of one subject learns nothing of another.
    """
    study = submission.study
    return DeidPlan(
        key=subject_key(study_secret, submission.subject_id.hex),
        profile=compile_profile(submission.profile.document, submission.profile.digest),
        subject=Subject(
            subject_id=submission.subject.code,
            site_id=submission.study_site.number,
            time_point_id=submission.time_point.label,
        ),
        trial=TrialValues(
            sponsor_name=study.sponsor.name,
            protocol_id=study.protocol_number,
            protocol_name=study.title,
        ),
        tokens=tokens,
    )


# --- the site -------------------------------------------------------------------------------


def hand_out(submission: Submission, *, actor: Actor) -> dict[str, Any]:
    """Return the plan for the sender's browser; who was handed it and when is kept.

    Raises:
        RuleBroken: IMG-060 the study does not clean at the site.
        Conflict: IMG-010 the submission was sent already.
    """
    actor.require("submission.upload")
    with transaction.atomic(), acting(actor.acting_as("submission.upload")):
        row = _locked(submission)
        option = option_of(row)
        if option.at_site == "off":
            raise RuleBroken("This study removes identity at the server.", rule="IMG-060")
        plan = plan_for(row, study_secret=study_key(row.study_id), tokens=IdentityTokens())
        account = SiteCleaning.objects.in_study(row.study_id).filter(submission=row).first()
        if account is None:
            account = SiteCleaning(study_id=row.study_id, submission=row)
        account.profile_digest = plan.profile.digest
        account.handed_to = User.objects.get(pk=actor.user_id)
        account.handed_at = clock.now()
        account.save()
        record("submission.site_plan", row, details={"profile": str(row.profile)})
    return {**site_plan(plan, option), "at_site": option.at_site, "sentences": SENTENCES}


def report(
    submission: Submission,
    *,
    cleaned: int,
    not_sent: Mapping[str, int],
    patient_key: str,
    engine: str,
    actor: Actor,
) -> SiteCleaning:
    """Keep what the site's engine says it did: files cleaned, and files not sent by reason.

    Raises:
        RuleBroken: IMG-061 the account is not readable, or no plan was handed out.
        Conflict: IMG-010 the submission was sent already.
    """
    actor.require("submission.upload")
    known = all(code in SENTENCES and 0 < count < _MOST_FILES for code, count in not_sent.items())
    sound = 0 <= cleaned < _MOST_FILES and (not patient_key or _KEY.fullmatch(patient_key))
    if not known or not sound or len(not_sent) > _MOST_REASONS or engine != SITE_ENGINE:
        raise RuleBroken("The account of the cleaning is not readable.", rule="IMG-061")
    with transaction.atomic(), acting(actor.acting_as("submission.upload")):
        row = _locked(submission)
        account: SiteCleaning | None = (
            SiteCleaning.objects.in_study(row.study_id).filter(submission=row).first()
        )
        if account is None:
            raise RuleBroken("No plan was handed out for this submission.", rule="IMG-061")
        account.cleaned, account.engine_version = cleaned, engine
        account.not_sent = [{"code": c, "count": n} for c, n in sorted(not_sent.items())]
        account.patient_key, account.reported_at = patient_key, clock.now()
        account.save()
        record(
            "submission.site_cleaned",
            row,
            details={"cleaned": cleaned, "not_sent": dict(sorted(not_sent.items()))},
        )
        return account


def _locked(submission: Submission) -> Submission:
    row: Submission = (
        Submission.objects.in_study(submission.study_id).select_for_update().get(pk=submission.pk)
    )
    if row.state not in OPEN_STATES:
        raise Conflict(f"{row} was sent already; its files cannot change.", rule="IMG-010")
    return row


def account_of(submission: Submission) -> dict[str, Any] | None:
    """Return the site's account for pages: counts and sentences; nothing when there is none."""
    account = SiteCleaning.objects.in_study(submission.study_id).filter(submission=submission)
    row = account.first()
    if row is None or row.reported_at is None:
        return None
    lines = [
        {"count": entry["count"], "text": sentence(entry["code"]), "code": entry["code"]}
        for entry in row.not_sent
    ]
    return {"row": row, "cleaned": row.cleaned, "not_sent": lines}


# --- the server -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Mark:
    """What one file says of its cleaning: whether it claims it, and why it does not count."""

    claims: bool
    code: str


def sort_out(submission: Submission, intake: Intake) -> None:
    """Tell files that were cleaned at the site from identified ones.

    Cleaned ones are noted, with their true dates; identified ones are taken out where the study
    requires cleaning at the site: their bytes are removed at once, their digest stays.
    """
    option = option_of(submission)
    if option.at_site == "off" or not intake.examined:
        return
    plan = plan_for(submission, study_secret=intake.key, tokens=IdentityTokens())
    marks = _marks_of(intake.examined, plan)
    kept: list[Examined] = []
    refused: dict[str, list[Examined]] = defaultdict(list)
    for item in intake.examined:
        mark = marks[item.row.pk]
        if not mark.code:
            kept.append(_with_true_dates(item, plan))
            intake.at_site.add(item.row.pk)
        elif option.at_site == "required" or mark.claims:
            refused[mark.code].append(item)
        else:
            kept.append(item)
    intake.examined[:] = kept
    _refuse(submission, refused)


def _refuse(submission: Submission, refused: Mapping[str, Sequence[Examined]]) -> None:
    arrivals = ArrivalStore(submission.pk)
    for code, items in refused.items():
        submission.files.filter(pk__in=[item.row.pk for item in items]).update(
            outcome=ReceivedFile.Outcome.REFUSED, code=code, reason=sentence(code)[:300]
        )
        for item in items:
            arrivals.remove(item.row.sha256)
            item.place.unlink(missing_ok=True)


def _marks_of(examined: Sequence[Examined], plan: DeidPlan) -> dict[int, _Mark]:
    latest, originals = clock.today(), examined[0].originals

    def setup() -> Callable[[tuple[str, str, int]], _Mark]:
        def judge(work: tuple[str, str, int]) -> _Mark:
            sha256, place, size = work
            try:
                header = read_header(originals.read(sha256, Path(place), size))
            except Malformed as problem:
                return _Mark(False, problem.code)
            code = why_identified(header, plan, latest=latest)
            return _Mark(claims_site_cleaning(header), code)

        return judge

    found: dict[int, _Mark] = {}
    with Sandbox(setup, limits=LIMITS) as sandbox:
        for position, result in sandbox.map([item.order for item in examined]):
            mark = _Mark(False, result.code) if isinstance(result, Contained) else result
            found[examined[position].row.pk] = mark
    return found


def _with_true_dates(item: Examined, plan: DeidPlan) -> Examined:
    sealed = item.verified.sealed
    true = {
        name: _true_text(getattr(sealed, name), plan)
        for name in ("study_date", "series_date", "acquisition_date")
    }
    # Whose images these are was hashed at the site; the code in the file says nothing of it.
    sealed = replace(sealed, patient_hash="", demographics_hash="", serial_hash="", **true)
    return replace(item, verified=replace(item.verified, sealed=sealed))


def _true_text(value: str, plan: DeidPlan) -> str:
    try:
        moved = datetime.strptime(value, "%Y%m%d").date()  # noqa: DTZ007 - a date without a zone
    except ValueError:
        return value
    return f"{true_date(moved, plan):%Y%m%d}"


def parts_of(intake: Intake, plan: DeidPlan) -> Iterator[tuple[Intake, DeidPlan]]:
    """Yield what is cleaned by which plan: identified files, then those cleaned at the site."""
    if not intake.at_site:
        yield intake, plan
        return
    own = [item for item in intake.examined if item.row.pk not in intake.at_site]
    if own:
        yield replace(intake, examined=own), plan
    again = [item for item in intake.examined if item.row.pk in intake.at_site]
    yield replace(intake, examined=again), second_plan(plan)


def true_facts(
    submission: Submission, intake: Intake, facts: SeriesFacts, files: Sequence[Path]
) -> SeriesFacts:
    """Return facts with the dates of acquisition, when the series came cleaned from the site.

    Args:
        files: paths in the working folder from which the facts were read.
    """
    cleaned = {str(item.place) for item in intake.examined if item.row.pk in intake.at_site}
    if not cleaned or not {str(path) for path in files} <= cleaned:
        return facts
    plan = plan_for(submission, study_secret=intake.key, tokens=IdentityTokens())
    back = timedelta(days=-plan.offset_days)
    tracer = facts.tracer and replace(
        facts.tracer,
        injection=_moved(facts.tracer.injection, back),
        series_start=_moved(facts.tracer.series_start, back),
        acquisition_start=_moved(facts.tracer.acquisition_start, back),
        ge_scan_start=_moved(facts.tracer.ge_scan_start, back),
    )
    values = {n: v for n, v in facts.values.items() if n != "serial" or STAND_IN not in v}
    return replace(
        facts,
        values=values,
        slices=tuple(replace(item, subject_key="") for item in facts.slices),
        traits_key="",
        study_date=_moved(facts.study_date, back),
        acquisition_date=_moved(facts.acquisition_date, back),
        tracer=tracer,
    )


def _moved(value: When | None, by: timedelta) -> When | None:
    return None if value is None else value + by


def other_person(submission: Submission) -> bool:
    """Tell whether the site's browser saw another person than at earlier visits of the subject."""
    accounts = SiteCleaning.objects.in_study(submission.study_id).exclude(patient_key="")
    own = accounts.filter(submission=submission).first()
    if own is None:
        return False
    earlier = accounts.filter(
        submission__subject=submission.subject_id,
        submission__state__in=["received", "deidentified", "in_qc", "released", "held"],
    ).exclude(submission=submission.pk)
    return earlier.exclude(patient_key=own.patient_key).exists()
