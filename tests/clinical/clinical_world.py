"""A study that asks for dossiers: an effective definition, and short ways to fill one."""

from __future__ import annotations

from typing import Any

from audit.actors import acting
from clinical.definition import Entered
from clinical.models import Discrepancy, Dossier, DossierDocument
from clinical.services import dossiers, entering, imports, secondsource
from imaging.storage import ArrivalStore
from studies.models import Configuration, TimePoint
from tests.world import BUILDER, StudyWorld, _configure

ITEMS: list[dict[str, Any]] = [
    {
        "code": "psa",
        "label": "PSA",
        "kind": "number",
        "unit": "ng/mL",
        "lowest": "0",
        "required": True,
        "when": "every",
        "source": "cro",
    },
    {
        "code": "prior_therapy",
        "label": "Prior systemic therapy",
        "kind": "table",
        "required": True,
        "when": "baseline",
        "source": "cro",
        "columns": [
            {"code": "agent", "label": "Agent", "kind": "text", "required": True},
            {"code": "end", "label": "End", "kind": "date"},
            {
                "code": "response",
                "label": "Best response",
                "kind": "choice",
                "choices": [
                    {"value": "PR", "label": "Partial response"},
                    {"value": "PD", "label": "Progressive disease"},
                ],
            },
        ],
    },
    {
        "code": "biopsy",
        "label": "Biopsy result",
        "kind": "text",
        "when": "baseline",
        "source": "site",
    },
    {
        "code": "pathology",
        "label": "Pathology report",
        "kind": "document",
        "when": "baseline",
        "source": "site",
    },
]
DEFINITION: dict[str, Any] = {"schema": "dossier-definition/1", "items": ITEMS}


def define(world: StudyWorld, items: list[dict[str, Any]] | None = None) -> Configuration:
    """Let a definition of dossiers hold in the study."""
    document = {**DEFINITION, "items": items or ITEMS}
    return _configure(world, Configuration.Kind.DOSSIER, "dossier", "Dossier definition", document)


def baseline(world: StudyWorld, subject: int = 0) -> TimePoint:
    """Return the baseline of a subject."""
    return next(
        point
        for point in world.time_points(world.subjects[subject])
        if point.definition.is_baseline
    )


def requested(world: StudyWorld, point: TimePoint | None = None, reason: str = "") -> Dossier:
    """Return the dossier of a time point (baseline when none is given), asked for."""
    actor = world.actor("project_manager")
    return dossiers.request(point or baseline(world), actor=actor, reason=reason)


THERAPY = ({"agent": "carboplatin", "end": "2025-11", "response": "PR"},)


def fill(world: StudyWorld, row: Dossier, psa: str = "4.2") -> Dossier:
    """Enter every required item of a dossier, as the clinical CRO does, and declare it received."""
    partner = world.actor("clinical_data_partner")
    entering.enter(row, "psa", Entered(value=psa, unit="ng/mL", on="2026-01-05"), actor=partner)
    if any(item["code"] == "prior_therapy" for item in row.definition.document["items"]) and (
        row.time_point.definition.is_baseline
    ):
        entering.enter(row, "prior_therapy", Entered(rows=THERAPY), actor=partner)
    return dossiers.receive(row, actor=partner)


def approved(world: StudyWorld, row: Dossier) -> Dossier:
    """Take a received dossier through reconciliation and signature."""
    dossiers.reconcile(row, actor=world.actor("data_manager"))
    assent = world.assent("scientific", dossiers.MEANING)
    return dossiers.approve(row, actor=world.actor("scientific"), assent=assent)


def applied(world: StudyWorld, point: TimePoint | None = None, reason: str = "") -> Dossier:
    """Return a dossier that holds for a time point."""
    row = approved(world, fill(world, requested(world, point, reason)))
    return dossiers.apply(row, actor=world.actor("project_manager"))


SHEET = b"Subject,Time point,Item,Value,Unit\n"


def dossier_objects(world: StudyWorld) -> dict[str, Any]:
    """Return the key of one object of each kind of this app, for the table of addresses."""
    made = define(world)
    row = requested(world)
    partner = world.actor("clinical_data_partner")
    file = imports.read_in(
        world.study,
        SHEET + f"{row.subject.code},Baseline,psa,4.2,ng/mL\n".encode(),
        name="items.csv",
        reason="first delivery",
        actor=partner,
    )
    paper = DossierDocument(study=world.study, time_point=row.time_point, number=1, kind="pdf",
                            size=1)  # fmt: skip
    arrivals = ArrivalStore(paper.pk)
    picture = arrivals.put(f"\x89PNG of {world.study}".encode("latin-1"))
    paper.sha256 = paper.name_sha256 = picture
    paper.pages = [{"sha256": picture, "width": 10, "height": 10, "boxes": []}]
    with acting(BUILDER):
        paper.save()
    manager = world.actor("data_manager")
    extract = secondsource.read_in(
        world.study,
        f"Subject,Visit,PSA\n{row.subject.code},Baseline,4.3\n".encode(),
        name="edc.csv",
        source="EDC",
        extracted_on=None,
        actor=manager,
    )
    with acting(BUILDER):
        difference = Discrepancy(
            study=world.study,
            reconciliation=extract,
            kind="differs",
            subject=row.subject,
            time_point=row.time_point,
            place=str(row.time_point),
            item="psa",
            label="PSA",
            ours="4.2 ng/mL",
            theirs="4.3 ng/mL",
        )
        difference.save()
    return {
        "reconciliation": extract.pk,
        "discrepancy": difference.pk,
        "dossier": row.pk,
        "dossier_definition": made.pk,
        "dossier_import": file.pk,
        "dossier_document": paper.pk,
        "dossier_page": picture,
    }
