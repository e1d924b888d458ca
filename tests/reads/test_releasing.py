"""Release: validation, report, signatures, and what is refused in words."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from accounts.models import Signature, User
from audit import jobs
from audit.errors import Conflict, RuleBroken
from audit.models import Event, Job
from reads.models import ReadSession, ReadTask, ValidationReport
from reads.services import charters, designing, releasing, sessionforms
from studies.models import Configuration, Study
from studies.scoping import across_studies, scope
from studies.services import configuration
from tests.reads.read_world import BLINDING
from tests.world import StudyWorld, _configure, make_study

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> StudyWorld:
    made = make_study("ALPHA", sponsor="Norvane", subject_count=0)
    with scope(made.study):
        _configure(made, Configuration.Kind.BLINDING, "blinding", "Blinding B-1", BLINDING)
    return made


def charter(world: StudyWorld, *, template: str = "two-plus-one", **changed: Any) -> Configuration:
    """A draft of a charter whose eCRF was made for its criteria and holds."""
    actor = world.actor("scientific")
    made = charters.start_from_template(world.study, template, actor=actor)
    made = configuration.revise(
        made, {**made.document, **changed}, seen_digest=made.digest, actor=actor
    )
    form = designing.begin_for_design(made, actor=actor)
    configuration.approve(form, actor=actor, assent=world.assent("scientific", "approval"))
    form.refresh_from_db()
    configuration.make_effective(form, actor=actor)
    made.refresh_from_db()
    return made


def validated(world: StudyWorld, made: Configuration) -> ValidationReport:
    row = releasing.ask(made, actor=world.actor("scientific"))
    assert jobs.run(str(row.pk)) == "done", row.error
    return ValidationReport.objects.latest("at")


def failures(report: ValidationReport) -> list[tuple[str, str]]:
    return [
        (one["number"], one["detail"]) for one in report.facts["lines"] if one["result"] == "failed"
    ]


def counts() -> dict[str, int]:
    with across_studies("the test counts what remains"):
        return {
            "studies": Study.objects.count(),
            "users": User.objects.count(),
            "tasks": ReadTask.objects.count(),
            "sessions": ReadSession.objects.count(),
            "signatures": Signature.objects.count(),
            "jobs": Job.objects.count(),
            "events": Event.objects.count(),
        }


THREE = [
    {"key": "RECIST11", "parameters": {}},
    {"key": "iRECIST", "parameters": {}},
    {"key": "VOLUMETRIC", "parameters": {}},
]


def test_three_criteria_two_readers_and_an_adjudicator_pass_their_validation(
    world: StudyWorld,
) -> None:
    with scope(world.study):
        made = charter(world, criteria=THREE)
        report = validated(world, made)
        assert failures(report) == []
        assert report.passed
        results = {one["number"]: one["detail"] for one in report.facts["lines"]}
        assert "read.settled.3" in results
        assert "overall response" in results["read.settled.3"]
        assert report.facts["engines"].keys() == {"RECIST11", "iRECIST", "VOLUMETRIC"}
        assert bytes(report.pdf).startswith(b"%PDF")
        assert report.digest == releasing.digest_of(report.facts)


def test_nothing_of_the_scripted_reads_remains(world: StudyWorld) -> None:
    with scope(world.study):
        made = charter(world)
        form, blinding = releasing.parts_of(made)
        before = counts()
        outcomes = releasing.rehearsal.rehearse(made, form, blinding)
        assert [one for one in outcomes if not one.passed] == []
        assert counts() == before


def test_a_charter_is_released_after_validation_and_two_signatures(world: StudyWorld) -> None:
    with scope(world.study):
        actor = world.actor("scientific")
        made = charter(world)
        report = validated(world, made)
        releasing.sign_report(
            report, actor=actor, assent=world.assent("scientific", releasing.MEANING)
        )
        configuration.approve(made, actor=actor, assent=world.assent("scientific", "approval"))
        made.refresh_from_db()
        held = releasing.release(made, actor=actor)
        assert held.state == "effective"
        assert all(step.is_done for step in releasing.steps(held))


@pytest.mark.parametrize(
    ("until", "words"),
    [
        ("signed", "has not been validated"),
        ("validated", "nobody signed the validation report"),
    ],
)
def test_what_is_missing_refuses_the_release_in_words(
    world: StudyWorld, until: str, words: str
) -> None:
    with scope(world.study):
        actor = world.actor("scientific")
        made = charter(world)
        if until == "validated":
            validated(world, made)
        configuration.approve(made, actor=actor, assent=world.assent("scientific", "approval"))
        made.refresh_from_db()
        with pytest.raises(RuleBroken, match=words):
            releasing.release(made, actor=actor)
        with pytest.raises(RuleBroken, match=words):
            configuration.make_effective(made, actor=actor)
        made.refresh_from_db()
        assert made.state == "approved"


def test_a_check_that_can_never_fire_fails_the_validation_and_is_named(world: StudyWorld) -> None:
    with scope(world.study):
        made = charter(world)
        form, _ = releasing.parts_of(made)
        actor = world.actor("scientific")
        again = designing.begin_from_version(form, actor=actor)
        document = copy.deepcopy(again.document)
        document["checks"].append(
            {
                "id": "NEVER",
                "item": "quality.overall",
                "level": "error",
                "must": {
                    "item": "quality.overall",
                    "one_of": ["ADEQUATE", "LIMITED", "NOT READABLE"],
                },
                "message": "This cannot be said.",
            }
        )
        again = configuration.revise(
            again, {**document, "title": "With a dead check"}, seen_digest=again.digest, actor=actor
        )
        report = validated(world, made)
        assert failures(report) == [("NEVER", "never fired")]
        assert not report.passed
        with pytest.raises(RuleBroken, match="validation failed"):
            releasing.sign_report(
                report, actor=actor, assent=world.assent("scientific", releasing.MEANING)
            )


def test_a_change_after_the_validation_needs_a_new_one(world: StudyWorld) -> None:
    with scope(world.study):
        actor = world.actor("scientific")
        made = charter(world)
        first = validated(world, made)
        assert releasing.holding_report(made) == first
        made = configuration.revise(
            made,
            {**made.document, "turnaround": {"read_days": 6}},
            seen_digest=made.digest,
            actor=actor,
        )
        assert releasing.holding_report(made) is None
        second = validated(world, made)
        assert [one.pk for one in releasing.reports(made)] == [second.pk, first.pk]


def test_a_validation_that_runs_twice_writes_one_report(world: StudyWorld) -> None:
    with scope(world.study):
        made = charter(world, template="single")
        row = releasing.ask(made, actor=world.actor("scientific"))
        assert jobs.run(str(row.pk)) == "done"
        jobs.KINDS[row.kind].handler(row, **row.arguments)
        assert ValidationReport.objects.count() == 1


def test_a_charter_whose_form_is_not_there_says_so(world: StudyWorld) -> None:
    with scope(world.study):
        actor = world.actor("scientific")
        made = charters.start_from_template(world.study, "two-plus-one", actor=actor)
        made = configuration.revise(
            made, {**made.document, "form": "nowhere"}, seen_digest=made.digest, actor=actor
        )
        with pytest.raises(RuleBroken, match="names the form “nowhere”"):
            releasing.ask(made, actor=actor)


@pytest.mark.parametrize("template", ["single", "paired", "two-plus-one"])
def test_every_oncology_template_passes_its_validation(world: StudyWorld, template: str) -> None:
    with scope(world.study):
        report = validated(world, charter(world, template=template))
        assert failures(report) == []


@pytest.mark.parametrize(
    "keys",
    [
        ("LUGANO2014", "CHESON2007"),
        ("RANO_LGG_2011", "RANO20_MIXED", "RANO20_CE_VOL"),
        ("RECIST11", "PCWG3"),
        ("PERCIST",),
    ],
    ids="+".join,
)
def test_every_criterion_with_a_standard_form_passes_its_validation(
    world: StudyWorld, keys: tuple[str, ...]
) -> None:
    criteria = [{"key": key, "parameters": {}} for key in keys]
    with scope(world.study):
        report = validated(world, charter(world, criteria=criteria, endpoints=[]))
    assert failures(report) == []
    results = {one["number"]: one["detail"] for one in report.facts["lines"]}
    assert "overall response" in results["read.settled.3"]
    assert set(report.facts["engines"]) == set(keys)


SESSIONS: dict[str, Any] = {
    "sessions": {"global_review": True, "eligibility": True},
    "oncology_review": {
        "form": "oncology", "readers": 2, "adjudicate_on": ["overall_response"],
    },
}  # fmt: skip


def test_a_validation_plays_eligibility_global_review_and_oncologists(world: StudyWorld) -> None:
    with scope(world.study):
        made = charter(world, **SESSIONS)
        before = counts()
        report = validated(world, made)
    assert failures(report) == []
    lines = {one["number"]: one["detail"] for one in report.facts["lines"]}
    assert lines["read.eligibility"].startswith("Eligible by imaging.")
    assert "read.eligibility.gate" in lines
    assert "read.eligibility.apart" in lines
    assert lines["read.global.opens"] == "2 reviews opened."
    assert lines["read.global.change"] == "1 responses changed."
    assert "the platform's form" in lines["read.global"]
    assert lines["read.oncology.opens"] == "2 reviews opened."
    assert "for the course" in lines["read.oncology.4"]
    assert "read.oncology.2" not in lines
    after = counts()
    assert after["signatures"] == before["signatures"]
    assert after["sessions"] == 0


def test_over_the_subject_the_reviews_differ_and_the_case_is_adjudicated(
    world: StudyWorld,
) -> None:
    over = {
        "sessions": {"global_review": True},
        "adjudication": {"variables": ["best_overall_response"], "at": "subject"},
    }
    with scope(world.study):
        report = validated(world, charter(world, **over))
    assert failures(report) == []
    lines = {one["number"]: one["detail"] for one in report.facts["lines"]}
    assert lines["read.global"].lower().startswith("adjudic")


def test_the_study_s_own_session_forms_are_played(world: StudyWorld) -> None:
    alone = {"readers_per_subject": 1, "adjudication": {"variables": []}}
    with scope(world.study):
        made = charter(
            world, template="single", oncology_review={"form": "oncology", "readers": 1}, **alone
        )
        sessionforms.draft(world.study, made, actor=world.actor("scientific"))
        report = validated(world, made)
    assert failures(report) == []
    lines = {one["number"]: one["detail"] for one in report.facts["lines"]}
    assert "With the form of the study “oncology”." in lines["read.oncology.2"]
    assert "read.oncology.3" in lines


def test_another_blinding_profile_needs_a_validation_of_its_own(world: StudyWorld) -> None:
    with scope(world.study):
        made = charter(world, template="single")
        report = validated(world, made)
        assert releasing.holding_report(made) == report
        _configure(
            world, Configuration.Kind.BLINDING, "blinding", "Blinding B-2",
            {"hide": [*BLINDING["hide"], "equipment"]},
        )  # fmt: skip
        assert releasing.holding_report(made) is None
        with pytest.raises(Conflict, match="The blinding profile was Blinding B-1"):
            releasing.sign_report(
                report,
                actor=world.actor("scientific"),
                assent=world.assent("scientific", releasing.MEANING),
            )
