"""Form records: the one way to read, autosave and complete answers, whatever the form.

A save states the version it was made from. Of two tabs one wins; the other gets ``Conflict`` with
what is stored, so that nobody's typing is lost silently.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db import transaction

from audit import clock
from audit.actors import Actor, acting
from audit.errors import Conflict, RuleBroken
from audit.trail import Change, differing, document_change
from studies.forms.canonical import canonical_json
from studies.forms.definition import Form
from studies.forms.derivations import Named
from studies.forms.difference import answer_changes
from studies.forms.evaluate import evaluate
from studies.forms.evaluation import Evaluation
from studies.models import Configuration, FormRecord

_MAX_ANSWER_BYTES = 1_000_000
FIXED = "These answers are fixed and cannot change any more. Nothing was saved."


@lru_cache(maxsize=256)
def _parsed(digest: str, text: str) -> Form:
    import json

    return Form.from_document(json.loads(text))


def form_of(configuration: Configuration) -> Form:
    """Return the parsed form of a configuration; parsed once per digest."""
    return _parsed(configuration.digest, canonical_json(configuration.document))


def start(
    configuration: Configuration, *, actor: Actor, answers: Mapping[str, Any] | None = None
) -> FormRecord:
    """Begin a record with the answers that are there before anybody types."""
    with transaction.atomic(), acting(actor):
        record = FormRecord(
            study_id=configuration.study_id, form=configuration, answers=dict(answers or {})
        )
        record.save()
        return record


def evaluated(
    record: FormRecord,
    *,
    final: bool = False,
    previous: Evaluation | Mapping[str, object] | None = None,
    context: Mapping[str, object] | None = None,
    derivations: Mapping[str, Named] | None = None,
) -> Evaluation:
    """Return what the record's form makes of its answers."""
    return evaluate(
        form_of(record.form),
        record.answers,
        previous=previous,
        context=context,
        derivations=derivations,
        final=final,
    )


def save_answers(
    record: FormRecord,
    answers: Mapping[str, Any],
    *,
    seen_version: int,
    actor: Actor,
    entered_at: datetime | None = None,
) -> FormRecord:
    """Keep answers as typed, right or wrong; nothing is checked away.

    Args:
        seen_version: the version that the page was made from.
        entered_at: when the person typed; the save time is the server's (EMA 2023 §6.2.1).

    Raises:
        Conflict: the record was saved meanwhile (``details`` has the stored answers and version),
            or it is signed.
        RuleBroken: FRM-001 the answers are too large.
    """
    if len(canonical_json(answers)) > _MAX_ANSWER_BYTES:
        raise RuleBroken("The form holds more text than can be kept.", rule="FRM-001")
    with transaction.atomic(), acting(actor):
        row = FormRecord.objects.in_study(record.study_id).select_for_update().get(pk=record.pk)
        if row.locked:
            raise Conflict("This form is signed and cannot change.", rule="FRM-002")
        if row.version != seen_version:
            raise Conflict(
                "This form was changed in another tab. Both versions are kept: choose one.",
                rule="FRM-003",
                details={"version": row.version, "answers": row.answers},
            )
        if any(row.answers.get(key) != answers.get(key) for key in row.fixed):
            raise Conflict(FIXED, rule="FRM-005")
        if row.answers == answers and row.completed_at is None:
            return row
        row.answers = dict(answers)
        row.version += 1
        row.entered_at = entered_at or clock.now()
        row.saved_at = clock.now()
        row.completed_at = None
        row.save()
        return row


def fix(record: FormRecord, sections: Collection[str], *, actor: Actor) -> FormRecord:
    """Fix the answers of some sections for good; the others stay open. Safe to repeat."""
    with transaction.atomic(), acting(actor):
        row = FormRecord.objects.in_study(record.study_id).select_for_update().get(pk=record.pk)
        missing = [key for key in sections if key not in row.fixed]
        if missing:
            row.fixed = [*row.fixed, *missing]
            row.save()
        return row


def complete(record: FormRecord, evaluation: Evaluation, *, actor: Actor) -> FormRecord:
    """Declare a record complete.

    Raises:
        RuleBroken: FRM-004 the evaluation (a final one) finds something missing or wrong.
    """
    if not evaluation.can_sign:
        left = [message.text for message in evaluation.messages if message.blocks]
        missing = len(evaluation.missing)
        answers = "answer is" if missing == 1 else "answers are"
        parts = [f"{missing} {answers} missing."] if missing else []
        raise RuleBroken(
            " ".join([*parts, *left[:5]]) or "The form is not complete.",
            rule="FRM-004",
            details={"missing": list(evaluation.missing), "messages": left},
        )
    with transaction.atomic(), acting(actor):
        row = FormRecord.objects.in_study(record.study_id).select_for_update().get(pk=record.pk)
        if row.version != record.version:
            raise Conflict("This form was changed in another tab.", rule="FRM-003")
        row.completed_at = clock.now()
        row.save()
        return row


def lock(record: FormRecord, *, actor: Actor) -> FormRecord:
    """Make a completed record immutable; call in the transaction that signs it."""
    with transaction.atomic(), acting(actor):
        row = FormRecord.objects.in_study(record.study_id).select_for_update().get(pk=record.pk)
        row.locked = True
        row.save()
        return row


def changed_answers(
    version: Any, old: Mapping[str, Any], new: Mapping[str, Any]
) -> Iterator[Change]:
    """Yield the changes between two versions of a record's answers, in the words of its form.

    What the form does not show (a hidden item, an answer that it does not know) is named by its
    place, so that no change is missing.

    Args:
        version: a history row of a form record.
    """
    form = form_of(Configuration._base_manager.get(pk=version.form_id))
    places = {path: (was, now) for path, was, now in differing(old, new)}
    told: set[Any] = set()
    for change in answer_changes(evaluate(form, old), evaluate(form, new)):
        inside = {path for path in places if _begins(path, change.place)}
        # What only follows from other answers is not an edit.
        if inside:
            told |= inside
            yield Change(f"answers.{change.place}", change.label, change.old, change.new)
    for path, (was, now) in places.items():
        if path not in told:
            yield document_change("answers", "Answers", path, was, now)


def _begins(path: tuple[str | int, ...], place: str) -> bool:
    parts = tuple(place.split("."))
    return tuple(map(str, path[: len(parts)])) == parts
