"""A read in two steps: the images are judged and fixed, then the clinical data are opened.

The criteria of the RANO family weigh steroids and clinical status with the images (Wen 2010, table
4; Wen 2023). A reader who knows them must not judge the images with them, so the first opening of a
dossier in such a read fixes every answer before the section on steroids and clinical status, here
and in the database (``FormRecord.fixed``). There is no way to free them: where the images have to
be judged again, science lets the read begin anew, and what was typed stays as a voided version.
"""

from __future__ import annotations

from django.db import transaction

from audit.actors import Actor, acting, service
from audit.errors import Conflict, ReasonRequired, RuleBroken
from audit.models import record
from reads.design import ReadDesign
from reads.design import dossiers as rule
from reads.models import ReadSession, ReadTask
from reads.workflows import READ_SESSION, READ_TASK
from studies.forms.definition import Form
from studies.models import FormRecord
from studies.services import forms

CHANGED = (
    "The form was changed in another tab. Nothing was opened or fixed: reload the page, look at "
    "your answers about the images again, then open the dossier."
)


def sections_first(form: Form, design: ReadDesign, kind: str) -> tuple[str, ...]:
    """Return the sections that are done before the dossier opens; none in a read of one step.

    A form without the section that rests on the dossier is not done in two steps.
    """
    order = [section.key for section in form.sections]
    if not rule.images_come_first(design, kind) or rule.CLINICAL_SECTION not in order:
        return ()
    return tuple(order[: order.index(rule.CLINICAL_SECTION)])


def _first(session: ReadSession, design: ReadDesign) -> tuple[str, ...]:
    form = forms.form_of(session.form_record.form)
    return sections_first(form, design, session.task.kind)


def is_fixed(session: ReadSession | None) -> bool:
    """Tell whether the answers about the images are fixed."""
    return session is not None and bool(session.form_record.fixed)


def fixes_images(session: ReadSession | None, design: ReadDesign) -> bool:
    """Tell whether opening a dossier now would fix the answers about the images."""
    if session is None or session.state != "open" or is_fixed(session):
        return False
    return bool(_first(session, design))


def images_judged(session: ReadSession | None, design: ReadDesign) -> bool:
    """Tell whether the answers about the images can be fixed: all given, no check of them open."""
    if session is None:
        return False
    first = _first(session, design)
    if not first or is_fixed(session):
        return True
    from reads.services.reading import look

    found = look(session, final=True).evaluation
    places = (*found.missing, *(each.place for each in found.messages if each.blocks))
    return not any(place.partition(".")[0] in first for place in places)


def fix_images(
    session: ReadSession, design: ReadDesign, *, seen_version: int | None, actor: Actor
) -> None:
    """Fix the answers about the images; call with the form's row locked.

    Args:
        seen_version: the version of the form that the reader's page shows, if it says so.

    Raises:
        Conflict: RD-041 the form was saved in another tab meanwhile.
    """
    if not fixes_images(session, design):
        return
    if seen_version is not None and seen_version != session.form_record.version:
        raise Conflict(CHANGED, rule="RD-041")
    first = _first(session, design)
    session.form_record = forms.fix(session.form_record, first, actor=actor)
    record("readsession.fix_images", session, details={"sections": list(first)})


def locked_form(session: ReadSession) -> FormRecord:
    """Return the form record of a session, locked until the transaction ends."""
    rows = FormRecord.objects.in_study(session.study_id).select_related("form")
    found: FormRecord = rows.select_for_update(of=("self",)).get(pk=session.form_record_id)
    return found


def begin_anew(task: ReadTask, *, actor: Actor, reason: str) -> None:
    """Let the images of a read be judged again although the dossier was opened.

    The session is voided and stays read-only; the reader starts with an empty form, and the
    dossier opens again when the images are judged.

    Raises:
        ReasonRequired: no reason.
        RuleBroken: RD-042 the read is not under way, or its images are not fixed.
    """
    actor.require("dossier.decide")
    if not reason.strip():
        raise ReasonRequired("Say why the images are judged again.", rule="RD-042")
    with transaction.atomic():
        locked = ReadTask.objects.in_study(task.study_id).select_for_update().get(pk=task.pk)
        session = locked.sessions.filter(state="open").select_related("form_record").first()
        if locked.state != "in_progress" or session is None or not is_fixed(session):
            raise RuleBroken(
                "Only a read that is under way, and whose images are fixed, can begin anew. Answer "
                "an open question of the reader first; a signed read is rolled back.",
                rule="RD-042",
            )
        with acting(actor.acting_as("dossier.decide"), reason):
            details = {"session": str(session.pk), "version": session.version}
            record("readtask.begin_anew", locked, reason=reason, details=details)
        start_over(locked, reason)


def start_over(task: ReadTask, reason: str) -> None:
    """Void what was typed in an unsigned read and let its reader start it again.

    The voided version stays as it stands. Call inside a transaction.
    """
    desk = service("Read desk", study_id=task.study_id)
    READ_TASK.move(task, "hold", actor=desk, reason=reason)
    for session in task.sessions.filter(state="open").select_related("form_record"):
        forms.lock(session.form_record, actor=desk)
        READ_SESSION.move(session, "void", actor=desk, reason=reason)
    READ_TASK.move(task, "resume", actor=desk, reason=reason)


def was_begun_anew(task: ReadTask) -> bool:
    """Tell whether the version that is read now follows one whose images were fixed."""
    last = task.sessions.filter(state="voided").order_by("-version").first()
    return bool(last and last.signed_at is None and is_fixed(last))
