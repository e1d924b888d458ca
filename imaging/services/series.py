"""Which series hold for a visit, what a correction supersedes, and their facts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Final

from django.db import transaction

from imaging.models import AcquisitionFacts, Instance, Series, Submission
from imaging.pipeline.technical_qc import SeriesFacts
from imaging.pipeline.technical_qc.facts import Value
from imaging.pipeline.technical_qc.parameters import PARAMETERS
from imaging.pipeline.technical_qc.reading import joined_values
from imaging.pipeline.technical_qc.series_checks import (
    derived_values,
    in_words,
    main_stack,
    sorted_out_as,
)
from imaging.pipeline.technical_qc.tracer_checks import suv_in_words
from imaging.services.intake import (
    Examined,
    Intake,
    facts_of,
    joined_facts,
    read_again,
    serial_in_words,
)
from imaging.services.site_cleaning import true_facts
from imaging.storage import research
from studies.models import Scanner, TimePoint

# What says nothing to people who judge an acquisition.
_NOT_SHOWN = frozenset(
    "transfer_syntax photometric samples_per_pixel bits_allocated bits_stored high_bit "
    "rescale_type rescale_slope".split()
)
_COUNTED = {"derived_series": "derived", "localiser": "localiser", "not_an_image": "not an image"}
ALIVE = ("received", "deidentified", "in_qc", "released", "held")


def effective_series(time_point: TimePoint) -> list[Series]:
    """Return the series that hold for a visit: not superseded, not withdrawn, in order."""
    return list(
        Series.objects.in_study(time_point.study_id)
        .filter(
            time_point_links__time_point=time_point,
            time_point_links__withdrawn_reason="",
            superseded_by=None,
            submission__state__in=ALIVE,
        )
        .select_related("submission", "imaging_study")
        .order_by("number", "created_at")
        .distinct()
    )


def seal(submission: Submission, intake: Intake) -> None:
    """Write sealed facts and public facts of every cleaned series; what is there stays."""
    from imaging.services import checks

    rows = {
        row.pk: row
        for row in Series.objects.in_study(submission.study_id).filter(submission=submission)
        if not AcquisitionFacts.objects.filter(series=row).exists()
    }
    originals, cleaned = _files(intake, rows)
    true = facts_of(originals, intake.key)
    seen = _clean_values(submission, intake, cleaned)
    for pk, row in rows.items():
        if str(pk) not in true or str(pk) not in seen:
            continue
        paths = [item.place for item in originals[str(pk)]]
        origin = true_facts(submission, intake, true[str(pk)], paths)
        facts = joined_facts(origin, seen[str(pk)])
        with transaction.atomic():
            old = _superseded(row)
            if old is not None:
                _carry_over(row, old)
                facts = checks.merged(facts, _facts_of(old) or facts)
                old.superseded_by = row
                old.save()
            _write(submission, row, facts, intake)


def _files(
    intake: Intake, rows: dict[object, Series]
) -> tuple[dict[str, list[Examined]], dict[str, list[str]]]:
    """Return originals, and SHA-256 of clean files, of each series that has no facts yet."""
    by_source = {item.row.sha256: item for item in intake.examined}
    originals: dict[str, list[Examined]] = {str(pk): [] for pk in rows}
    cleaned: dict[str, list[str]] = {str(pk): [] for pk in rows}
    instances = Instance.objects.filter(series__in=list(rows)).order_by("id")
    for series_id, source, sha256 in instances.values_list("series_id", "source_sha256", "sha256"):
        if source in by_source:
            originals[str(series_id)].append(by_source[source])
            cleaned[str(series_id)].append(sha256)
    return originals, cleaned


def _clean_values(
    submission: Submission, intake: Intake, cleaned: dict[str, list[str]]
) -> dict[str, Mapping[str, tuple[Value, ...]]]:
    """Return the parameters' values in the clean files of each series.

    They were read while the files were verified; those of an earlier run are read again.
    """
    found: dict[str, Mapping[str, tuple[Value, ...]]] = {}
    again: dict[str, list[Path]] = {}
    store, place = research(), submission.pk.hex
    for pk, digests in cleaned.items():
        left = [intake.left[sha256] for sha256 in digests if sha256 in intake.left]
        if left and len(left) == len(digests):
            found[pk] = joined_values([one.values for one in left])
        elif digests:
            again[pk] = [store.path_of(sha256, place=place) for sha256 in digests]
    if again:
        found |= {pk: facts.values for pk, facts in read_again(again, intake.key).items()}
        if store.root is None:
            store.clear_workspace(place)
    return found


def _superseded(row: Series) -> Series | None:
    """Return the series of an earlier submission of the visit that this one replaces."""
    found: Series | None = (
        Series.objects.in_study(row.study_id)
        .filter(
            uid=row.uid,
            superseded_by=None,
            submission__time_point=row.submission.time_point_id,
            submission__number__lt=row.submission.number,
            submission__state__in=ALIVE,
        )
        .order_by("-submission__number")
        .first()
    )
    return found


def _carry_over(row: Series, old: Series) -> None:
    """Let a correction that brings some slices keep those that came before."""
    own = set(row.instances.values_list("sop_instance_uid", flat=True))
    kept = [i for i in old.instances.all() if i.sop_instance_uid not in own]
    for instance in kept:
        instance.pk, instance.series = None, row
    Instance.objects.bulk_create(kept, ignore_conflicts=True)


def supersede_asked(submission: Submission) -> None:
    """Let a correction replace the series that a query asked about, when it came as a new export.

    A series under its old identifier was replaced when it was sealed; one under a new identifier
    replaces the asked one of the same modality.
    """
    if submission.corrects_id is None:
        return
    new = sorted(submission.series.all(), key=lambda s: s.instance_count, reverse=True)
    asked = Series.objects.in_study(submission.study_id).filter(
        superseded_by=None,
        findings__state="queried",
        findings__query__actions__outcome=f"sent with {submission}",
        submission__time_point=submission.time_point_id,
        submission__number__lt=submission.number,
    )
    for old in asked.distinct():
        replacement = next((row for row in new if row.modality == old.modality), None)
        if replacement is not None:
            old.superseded_by = replacement
            old.save()


def _facts_of(row: Series) -> SeriesFacts | None:
    sealed = AcquisitionFacts.objects.filter(series=row).first()
    return SeriesFacts.from_document(sealed.document) if sealed and sealed.document else None


def _write(submission: Submission, row: Series, facts: SeriesFacts, intake: Intake) -> None:
    wanted = set(row.instances.values_list("source_sha256", flat=True))
    sealed = next(item.verified.sealed for item in intake.examined if item.row.sha256 in wanted)
    AcquisitionFacts.objects.create(
        study_id=row.study_id,
        series=row,
        study_date=facts.study_date,
        study_time=sealed.study_time[:16],
        acquisition_date=facts.acquisition_date,
        acquisition_time=sealed.acquisition_time[:16],
        weight_kg=_weight(sealed.weight_kg),
        patient_key=sealed.patient_hash,
        patient_traits_key=sealed.demographics_hash,
        serial_key=sealed.serial_hash,
        document=facts.to_document(),
    )
    shown = derived_values(facts, main_stack(facts))
    row.facts = {
        "sorted_out": _COUNTED.get(sorted_out_as(facts), ""),
        "values": {
            name: in_words(name, values)
            for name, values in shown.values.items()
            if name in PARAMETERS and name not in _NOT_SHOWN
        },
        "positions": list(_heights(facts)),
        "spacing": _spacing(facts),
        "suv": suv_in_words(facts.tracer) if facts.modality == "PT" else "",
    }
    row.description = describe(row.modality, shown)
    row.body_part = shown.text("body_part")[:32]
    row.instance_count = row.instances.count()
    row.number = row.number or _next_number(submission)
    row.scanner = _scanner(submission, facts)
    row.save()


def _next_number(submission: Submission) -> int:
    return (
        Series.objects.in_study(submission.study_id)
        .filter(submission__time_point=submission.time_point, number__isnull=False)
        .values("uid")
        .distinct()
        .count()
        + 1
    )


def _heights(facts: SeriesFacts) -> tuple[float, ...]:
    stack = main_stack(facts)
    return stack.heights if stack else ()


def _spacing(facts: SeriesFacts) -> float | None:
    stack = main_stack(facts)
    return stack.spacing if stack else None


#: Regions that are written as one word (PS3.16 Table L-1), for people.
_REGIONS: Final = {
    "abdomenpelvis": "abdomen and pelvis",
    "chestabdomen": "chest and abdomen",
    "chestabdpelvis": "chest, abdomen and pelvis",
    "headneck": "head and neck",
    "neckchest": "neck and chest",
    "neckchestabdomen": "neck, chest and abdomen",
    "neckchestabdpelv": "neck, chest, abdomen and pelvis",
    "wholebody": "whole body",
    "cspine": "cervical spine",
    "tspine": "thoracic spine",
    "lspine": "lumbar spine",
}


def describe(modality: str, facts: SeriesFacts) -> str:
    """Return a name for a series made of its facts; the header's own text stays outside."""
    part = facts.text("body_part").replace("\\", " ").lower()
    parts = [modality, _REGIONS.get(part, part)]
    parts.append(facts.text("contrast_phase"))
    thickness = facts.all_of("slice_thickness_mm")
    if thickness:
        parts.append(in_words("slice_thickness_mm", thickness[:1]))
    if facts.text("kernel"):
        parts.append(facts.text("kernel"))
    return ", ".join(part for part in parts if part)[:120]


def _scanner(submission: Submission, facts: SeriesFacts) -> Scanner | None:
    name = (facts.text("manufacturer").upper(), facts.text("model").upper())
    for scanner in submission.study_site.site.scanners.all():
        same = (scanner.manufacturer.upper(), scanner.model_name.upper()) == name
        if same and facts.text("serial") in {"", serial_in_words(scanner.serial_number)}:
            return scanner
    return None


def _weight(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    return value if 0 < value < 1000 else None  # noqa: PLR2004 - what the column holds


def true_scan_date(rows: list[Series]) -> date | None:
    """Return the earliest true acquisition date among series, for the rules."""
    known = AcquisitionFacts.objects.filter(series__in=[row.pk for row in rows])
    days = [f.acquisition_date or f.study_date for f in known]
    return min((day for day in days if day), default=None)
