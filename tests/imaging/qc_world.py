"""A visit in quality control with two image analysts: what the tests of QC need again and again."""

from __future__ import annotations

import json
from typing import Any

from imaging.models import QcReview
from imaging.services import qc
from studies.models import Configuration
from studies.scoping import scope
from studies.services import forms, people
from tests.world import BUILDER, PLAN, StudyWorld, _configure, make_user


def second_analyst(world: StudyWorld, name: str = "second") -> str:
    """Add another person of image operations and return the name for ``world.actor``."""
    if name not in world.users:
        world.users[name] = make_user(f"{world.study.code.lower()}_{name}_analyst")
        people.grant_role(world.users[name], "image_operations", study=world.study, actor=BUILDER)
    return name


def second_scientist(world: StudyWorld, name: str = "scientist_2") -> str:
    """Add another scientist."""
    if name not in world.users:
        world.users[name] = make_user(f"{world.study.code.lower()}_{name}")
        people.grant_role(world.users[name], "scientific", study=world.study, actor=BUILDER)
    return name


def look_over(world: StudyWorld, percent: int) -> None:
    """Make a plan effective that sends a share of decisions to the second level."""
    with scope(world.study):
        _configure(
            world,
            Configuration.Kind.PLAN,
            "plan",
            "Project plan",
            {**PLAN, "quality_control": {"second_level_percent": percent}},
        )


def fill_checklist(world: StudyWorld, review: QcReview, name: str = "") -> None:
    """Answer every asked place: no doubt anywhere, nothing to compare with at baseline."""
    actor = world.actor("image_operations", name)
    for _ in range(3):
        record = review.form_record
        record.refresh_from_db()
        result = forms.evaluated(record, context=qc.checklist_context(review), final=True)
        answers: dict[str, Any] = json.loads(json.dumps(record.answers))
        for place in result.missing:
            section, key = place.split(".")
            item = result.form.items[place]
            codes = [choice.code for choice in item.choices]
            value: Any = "NA" if "NA" in codes else codes[0] if codes else "as expected"
            answers.setdefault(section, {})[key] = "5" if key == "quality" else value
        if answers != record.answers:
            review.form_record = qc.save_checklist(
                review, answers, seen_version=record.version, actor=actor
            )


def decided(
    world: StudyWorld, review: QcReview, decision: str, *, name: str = "", **more: str
) -> QcReview:
    """Fill the checklist, decide and sign as a person of image operations."""
    actor = world.actor("image_operations", name)
    fill_checklist(world, review, name)
    made = qc.decide(review, decision=decision, actor=actor, **more)
    fill_checklist(world, made, name)
    record = made.form_record
    record.refresh_from_db()
    result = forms.evaluated(record, context=qc.checklist_context(made), final=True)
    reasons = {m.key: "seen by eye" for m in result.messages if m.level == "warning"}
    if reasons:
        qc.save_checklist(
            made, {**record.answers, "reasons": reasons}, seen_version=record.version, actor=actor
        )
    qc.complete_checklist(made, actor=actor)
    return qc.sign(
        made, actor=actor, assent=world.assent("image_operations", qc.MEANING, name=name)
    )
