"""Whose images are these: what an upload tells of itself against everything received before.

Compared are keyed hashes and digests, never names. A doubt becomes a finding with its code, its
words and what to do; those that put the subject in question hold the submission until a person
has looked and said why it may go on.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from audit.actors import Actor
from imaging.models import (
    AcquisitionFacts,
    Finding,
    ImagingStudy,
    Instance,
    ReceivedFile,
    Submission,
)
from imaging.services import site_cleaning
from imaging.services.intake import Intake
from imaging.workflows import FINDING

ALIVE = ("received", "deidentified", "in_qc", "released", "held")


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of doubt in words; ``holds`` keeps the submission from going on by itself."""

    level: str
    title: str
    means: str
    do: str
    holds: bool = True


KINDS: dict[str, Kind] = {
    "two_subjects": Kind(
        "error",
        "The upload holds images of two persons",
        "The headers name more than one patient number.",
        "Reject the submission and ask the site to send each subject by itself. Let it go on only "
        "when both numbers are the same person's.",
    ),
    "same_uid_other_content": Kind(
        "error",
        "Two files of the upload share one identifier but differ",
        "An identifier stands for one image (PS3.5 9). One of the two was changed after it was "
        "made.",
        "Ask the site which file is the original and to send it again.",
    ),
    "same_uid_other_pixels": Kind(
        "error",
        "Images came before under the same identifiers with other pixels",
        "What was received first stays as it is. One of the two was changed after it was made.",
        "Ask the site which is the original. Reject this submission, or let it go on as the "
        "correction.",
    ),
    "same_pixels_other_uid": Kind(
        "warning",
        "Images came before with the same pixels under other identifiers",
        "The same scan was exported twice, or under another subject or visit.",
        "Compare the scan dates of both. Let it go on only when both are meant to be here.",
    ),
    "already_have_it": Kind(
        "warning",
        "Every file was received before for this visit",
        "No second copy was made.",
        "Reject the submission as sent twice, or ask the site for what it meant to send.",
    ),
    "other_subjects_study": Kind(
        "error",
        "This examination was received before for another subject",
        "One of the two subjects has the other's images.",
        "Find out from the site whose images these are. Move the earlier ones, or reject these.",
    ),
    "other_sites_study": Kind(
        "error",
        "This examination was received before from another site",
        "The same scan stands for subjects of two sites.",
        "Ask both sites whose images these are before anything goes on.",
    ),
    "person_of_other_subject": Kind(
        "error",
        "This person's earlier images belong to another subject",
        "The patient number in the headers was seen under another subject of the study.",
        "Find out from the site which subject it is. Move the earlier ones, or reject these.",
    ),
}
KINDS["site_other_person"] = Kind(
    "error",
    "The site's computer saw another person than at earlier visits of this subject",
    "Identity was removed at the site; a keyed hash of the patient number differs.",
    "Ask the site whether the number of the person changed. Reject these images if they are of "
    "somebody else.",
)
CODES = frozenset(KINDS)


@dataclass(frozen=True, slots=True)
class Doubt:
    """One doubt about an upload: its kind, and what was counted."""

    code: str
    measured: str = ""

    @property
    def kind(self) -> Kind:
        """The words of the code."""
        return KINDS[self.code]

    @property
    def sentence(self) -> str:
        """What people are told when the submission is held."""
        told = f"{self.kind.title} ({self.measured})" if self.measured else self.kind.title
        return f"{told}. A person must look."


def before_cleaning(submission: Submission, intake: Intake) -> list[Doubt]:
    """Return what the headers and digests of an upload put in doubt."""
    found = [
        *_two_persons(intake),
        *_shared_identifiers(intake),
        *_received_elsewhere(submission, intake),
        *_person_elsewhere(submission, intake),
        *([Doubt("site_other_person")] if site_cleaning.other_person(submission) else []),
    ]
    known = known_files(submission)
    if intake.examined and all(item.row.sha256 in known for item in intake.examined):
        count = len(intake.examined)
        found.append(Doubt("already_have_it", f"{count:,} {_images(count)}"))
    return found


def _images(count: int) -> str:
    return "image" if count == 1 else "images"


def _two_persons(intake: Intake) -> Iterable[Doubt]:
    persons = {item.verified.sealed.patient_hash for item in intake.examined}
    if len(persons) > 1:
        yield Doubt("two_subjects", f"{len(persons)} patient numbers")


def _shared_identifiers(intake: Intake) -> Iterable[Doubt]:
    contents: dict[str, set[str]] = defaultdict(set)
    for item in intake.examined:
        contents[item.verified.identity.sop_uid].add(item.row.sha256)
    shared = sum(len(digests) > 1 for digests in contents.values())
    if shared:
        yield Doubt("same_uid_other_content", f"{shared:,} {_identifiers(shared)}")


def _identifiers(count: int) -> str:
    return "identifier" if count == 1 else "identifiers"


def _received_elsewhere(submission: Submission, intake: Intake) -> Iterable[Doubt]:
    keys = {item.verified.sealed.study_uid_hash for item in intake.examined} - {""}
    elsewhere = (
        ImagingStudy.objects.in_study(submission.study_id)
        .filter(original_key__in=keys, series__submission__state__in=ALIVE)
        .exclude(subject_id=submission.subject_id)
        .select_related("subject")
        .distinct()
    )
    sites = {study.subject.study_site_id for study in elsewhere}
    if sites - {submission.study_site_id}:
        yield Doubt("other_sites_study")
    elif sites:
        yield Doubt("other_subjects_study")


def _person_elsewhere(submission: Submission, intake: Intake) -> Iterable[Doubt]:
    """Patient numbers are one site's own; at another site the birth date must agree as well."""
    sealed = [item.verified.sealed for item in intake.examined]
    persons = {one.patient_hash for one in sealed} - {""}
    traits = {one.demographics_hash for one in sealed} - {""}
    here = Q(series__submission__study_site=submission.study_site_id)
    known = AcquisitionFacts.objects.filter(
        here | Q(patient_traits_key__in=traits),
        study_id=submission.study_id,
        patient_key__in=persons,
        series__submission__state__in=ALIVE,
    ).exclude(series__submission__subject=submission.subject_id)
    others = known.values("series__submission__subject").distinct().count()
    if others:
        yield Doubt("person_of_other_subject")


def known_files(submission: Submission) -> frozenset[str]:
    """Return the digests of originals that were cleaned before for the same visit and profile."""
    rows = Instance.objects.filter(
        study_id=submission.study_id,
        series__submission__time_point=submission.time_point_id,
        series__submission__state__in=ALIVE,
        profile_digest=submission.profile.digest,
    ).exclude(series__submission=submission.pk)
    return frozenset(rows.values_list("source_sha256", flat=True))


def set_duplicates_aside(submission: Submission, intake: Intake) -> int:
    """Let files that the visit has already make no second copy; return how many there are."""
    known = known_files(submission)
    twice = [item for item in intake.examined if item.row.sha256 in known]
    submission.files.filter(pk__in=[item.row.pk for item in twice]).update(
        outcome=ReceivedFile.Outcome.DUPLICATE,
        code="duplicate",
        reason="The same file was received before for this visit. One copy was kept.",
    )
    gone = {item.row.pk for item in twice}
    intake.examined[:] = [item for item in intake.examined if item.row.pk not in gone]
    return len(twice)


def after_cleaning(submission: Submission) -> list[Doubt]:
    """Return what the pixels of a cleaned upload put in doubt."""
    own = list(
        Instance.objects.filter(series__submission=submission)
        .exclude(pixel_sha256="")
        .exclude(effects__has_key="places_masked")
        .values_list("series_id", "original_key", "pixel_sha256")
    )
    others = (
        Instance.objects.filter(study_id=submission.study_id, series__submission__state__in=ALIVE)
        .exclude(series__submission=submission)
        .exclude(pixel_sha256="")
        .exclude(effects__has_key="places_masked")
    )
    return [*_other_pixels(own, others), *_other_identifiers(own, others)]


Own = Sequence[tuple[Any, str, str]]


def _other_pixels(own: Own, others: Any) -> Iterable[Doubt]:
    before: dict[str, set[str]] = defaultdict(set)
    keys = [key for _, key, _ in own]
    for key, pixels in others.filter(original_key__in=keys).values_list(
        "original_key", "pixel_sha256"
    ):
        before[key].add(pixels)
    changed = {key for _, key, pixels in own if key in before and pixels not in before[key]}
    if changed:
        yield Doubt("same_uid_other_pixels", f"{len(changed):,} {_images(len(changed))}")


def _other_identifiers(own: Own, others: Any) -> Iterable[Doubt]:
    """Most of a series must agree: single slices of air are alike in every scan."""
    before: dict[str, set[str]] = defaultdict(set)
    for key, pixels in others.filter(pixel_sha256__in={pixels for _, _, pixels in own}).values_list(
        "original_key", "pixel_sha256"
    ):
        before[pixels].add(key)
    total: Counter[Any] = Counter(series for series, _, _ in own)
    distinct = {series: {p for s, _, p in own if s == series} for series in total}
    again = Counter(
        series for series, key, pixels in own if pixels in before and key not in before[pixels]
    )
    twice = [
        series
        for series, count in again.items()
        if 2 * count > total[series] and 2 * len(distinct[series]) > total[series]
    ]
    if twice:
        images = sum(again[series] for series in twice)
        yield Doubt("same_pixels_other_uid", f"{images:,} {_images(images)}")


def to_hold(submission: Submission, doubts: Sequence[Doubt]) -> Doubt | None:
    """Return the first doubt that holds and that no person has lifted."""
    lifted = set(submission.lifted_holds)
    return next((d for d in doubts if d.kind.holds and d.code not in lifted), None)


def note(submission: Submission, doubts: Iterable[Doubt]) -> list[Finding]:
    """Write each doubt as a finding of the submission, once."""
    made = []
    known = set(submission.findings.values_list("key", flat=True))
    for doubt in doubts:
        key = f"identity:{doubt.code}"
        if key in known:
            continue
        row = Finding(
            study_id=submission.study_id,
            submission=submission,
            code=doubt.code,
            level=doubt.kind.level,
            title=doubt.kind.title,
            measured=doubt.measured,
            what_it_means=doubt.kind.means,
            what_to_do=doubt.kind.do,
            key=key,
        )
        row.save()
        made.append(row)
    return made


def plain(doubt: Doubt) -> dict[str, Any]:
    """Return a doubt as the checks before sending show it."""
    return {
        "key": f"identity:{doubt.code}",
        "code": doubt.code,
        "level": doubt.kind.level,
        "title": doubt.kind.title,
        "measured": doubt.measured,
        "expected": "",
        "means": doubt.kind.means,
        "do": SITE_DOES[doubt.code],
        "positions": [],
        "parameter": "",
    }


#: What a site can do before it sends; what a person of the platform does is in ``KINDS``.
SITE_DOES = {
    "site_other_person": "Check that these images are of the subject of this upload. Choose other "
    "files if they are not.",
    "two_subjects": "Choose the files again and take one subject's only.",
    "same_uid_other_content": "Export the series again from the scanner or the archive.",
    "same_uid_other_pixels": "Send the images as the scanner made them, or say what was changed.",
    "same_pixels_other_uid": "Check that the scan belongs to this visit.",
    "already_have_it": "Nothing needs to be sent. Choose other files if something was missing.",
    "other_subjects_study": "Check the subject of this upload. Choose other files if it is wrong.",
    "other_sites_study": "Check the subject of this upload. Choose other files if it is wrong.",
    "person_of_other_subject": "Check the subject of this upload. Choose other files if it is "
    "wrong.",
}


def open_codes(submission: Submission) -> list[str]:
    """Return the codes of doubts that hold and that nobody has answered."""
    rows = submission.findings.filter(code__in=CODES, state__in=["open", "queried"])
    return sorted({code for code in rows.values_list("code", flat=True) if KINDS[code].holds})


def explain_lifted(
    submission: Submission, codes: Collection[str], *, actor: Actor, reason: str
) -> None:
    """Answer the findings of holds that a person lifted, with the same reason."""
    rows = submission.findings.filter(code__in=CODES & set(codes), state__in=["open", "queried"])
    for finding in rows:
        FINDING.move(
            finding,
            "explain",
            actor=actor,
            reason=reason,
            changes={"explanation": reason.strip()[:300]},
        )
