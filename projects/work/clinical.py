"""Work on clinical dossiers: to ask for, to deliver, to reconcile, to approve, to apply."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

from django.db.models import Count, Q

from audit.actors import Actor
from clinical.models import Dossier, Reconciliation
from clinical.services import documents, dossiers
from projects.addresses import address
from projects.work.items import FEW, WorkItem, source
from studies.models import Study
from ui.figures import counted


def _in_state(
    study: Study, actor: Actor, state: str, verb: str, tone: str = "wait"
) -> Iterable[WorkItem]:
    rows = Dossier.objects.visible_to(actor).filter(state=state).order_by("due_at")
    for row in islice(rows.select_related("time_point__subject"), FEW):
        yield WorkItem(
            what=f"{verb} dossier of {row.time_point}",
            study=study.code,
            about=row.sent_back_reason or row.reason or f"Version {row.version}",
            kind="Dossier",
            url=address("dossier", study.code, row.pk),
            icon="report",
            tone=tone,
            due=row.due_at if state == "requested" else None,
            cause="Clinical dossier late",
        )


@source("dossier.enter")
def dossiers_to_deliver(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Dossiers that are asked for."""
    return _in_state(study, actor, "requested", "Deliver", "work")


@source("dossier.reconcile")
def dossiers_to_reconcile(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Dossiers that came."""
    return _in_state(study, actor, "received", "Reconcile")


@source("dossier.approve")
def dossiers_to_approve(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Reconciled dossiers, for science."""
    return _in_state(study, actor, "reconciled", "Approve")


@source("dossier.apply")
def dossiers_to_apply(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Approved dossiers that readers wait for."""
    return _in_state(study, actor, "approved", "Apply")


@source("dossier.request")
def dossiers_to_request(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Time points whose images came and of which nobody asked the dossier, in one line."""
    number = len(dossiers.not_requested(study))
    if number:
        yield WorkItem(
            what=f"Request {counted(number, 'clinical dossier')}",
            study=study.code,
            about="Images came; the charter asks for clinical data",
            kind="Dossier",
            url=address("dossier-desk", study.code),
            icon="report",
        )


@source("reconciliation.manage")
def differences_to_settle(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Comparisons with a second source of which differences are left, one line each."""
    rows = Reconciliation.objects.visible_to(actor).filter(state="compared").defer("cells")
    left = rows.annotate(
        left=Count("discrepancies", filter=~Q(discrepancies__state="settled"))
    ).filter(left__gt=0)
    for row in left:
        yield WorkItem(
            what=f"Dispose of {counted(row.left, 'difference')}",
            study=study.code,
            about=f"{row}, {row.source}",
            kind="Dossier",
            url=address("reconciliation", study.code, row.pk),
            icon="arrows-diff",
            tone="wait",
        )


@source("submission.hold")
def documents_to_judge(study: Study, actor: Actor) -> Iterable[WorkItem]:
    """Documents of dossiers that wait for a redacted copy or its release, oldest first."""
    for paper in islice(documents.waiting(study), FEW):
        verb = "Release" if paper.state == "redacted" else "Redact"
        yield WorkItem(
            what=f"{verb} {str(paper).lower()}",
            study=study.code,
            about=str(paper.time_point),
            kind="Dossier",
            url=address("dossier-document", study.code, paper.pk),
            icon="shield-lock",
            tone="wait",
        )
