"""The forms of the sessions besides time points, drafted for a study and approved by its people."""

from __future__ import annotations

from django.db import transaction

from audit.actors import Actor
from audit.errors import RuleBroken
from reads.criteria.errors import CriteriaError
from reads.design import design_from
from reads.design.session_forms import forms_of
from studies.models import Configuration, Study
from studies.services import configuration

USED = ("draft", "in_review", "approved", "effective")


def missing(study: Study, design: Configuration) -> list[str]:
    """Return the keys of session forms that a design needs and that are not effective yet."""
    try:
        wanted = forms_of(design_from(design.document))
    except CriteriaError:
        return []
    rows = Configuration.objects.in_study(study).filter(
        kind=Configuration.Kind.FORM, key__in=wanted, state="effective"
    )
    held = set(rows.values_list("key", flat=True))
    return [key for key in wanted if key not in held]


def draft(study: Study, design: Configuration, *, actor: Actor) -> list[Configuration]:
    """Draft each form that a design's sessions need and that the study has no version of yet.

    Raises:
        RuleBroken: RD-028 a criterion of the design has no standard form.
        NotPermitted: the actor may not edit configuration.
    """
    try:
        wanted = forms_of(design_from(design.document))
    except CriteriaError as error:
        raise RuleBroken(f"No form was drafted. {error}.", rule="RD-028") from error
    rows = Configuration.objects.in_study(study).filter(
        kind=Configuration.Kind.FORM, key__in=wanted, state__in=USED
    )
    held = set(rows.values_list("key", flat=True))
    with transaction.atomic():
        return [
            configuration.draft(
                study,
                kind=Configuration.Kind.FORM,
                key=key,
                title=document["title"],
                document=document,
                actor=actor,
            )
            for key, document in wanted.items()
            if key not in held
        ]
