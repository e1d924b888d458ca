"""The history of a record reads like sentences and as lines (21 CFR 11.10(e); FDA CI Q12)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from audit import clock, trail
from audit.actors import Actor, acting, service
from audit.models import record
from studies.models import Organisation, Scanner, Site
from studies.services import configuration, forms
from tests.world import BUILDER, make_study

pytestmark = pytest.mark.django_db

NURSE = Actor(
    name="Dr Ana Sousa",
    login="ana.sousa@example.org",
    role="site_user",
    organisation="Hospital São José",
    zone="Asia/Kathmandu",
)


def scanner() -> Scanner:
    with acting(service("test")):
        hospital = Organisation(name="Hospital", kind="hospital")
        hospital.save()
        site = Site(
            organisation=hospital, name="Site", city="Lisbon", country="PT", time_zone="UTC"
        )
        site.save()
        row = Scanner(
            site=site,
            modality="CT",
            manufacturer="Phantom Medical",
            model_name="Ellipse 64",
            serial_number="PM-1",
        )
        row.save()
    return row


def test_an_edit_of_ten_fields_gives_ten_lines_with_everything_an_inspector_asks_for() -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=1)
    subject = world.subjects[0]
    time_point = world.time_points(subject)[0]
    # Ten columns of two records that belong together, changed in one act.
    row = Scanner.objects.get(site=world.sites[0].site)
    at = datetime(2026, 3, 5, 12, 0, tzinfo=UTC)
    with clock.shifted_to(at), acting(NURSE, "moved to another building"):
        row.modality = "MR"
        row.manufacturer = "Other Medical"
        row.model_name = "Sphere 3T"
        row.serial_number = "OM-77"
        row.software_versions = "6.0"
        row.qualified_from = date(2026, 3, 1)
        row.qualified_until = date(2027, 3, 1)
        row.save()
        time_point.label = "Baseline (repeated)"
        time_point.planned_date = date(2026, 3, 2)
        time_point.assessment_date = date(2026, 3, 4)
        time_point.save()
    lines = [line for line in trail.lines(row) + trail.lines(time_point) if line.login]
    assert [(line.label, line.old, line.new) for line in lines if line.name == NURSE.name][:7] == [
        ("Modality", "CT", "MR"),
        ("Manufacturer", "Phantom Medical", "Other Medical"),
        ("Model", "Ellipse 64", "Sphere 3T"),
        ("Device serial number", "PM-0001", "OM-77"),
        ("Software versions", "5.1", "6.0"),
        ("Qualified from", "–", "01 Mar 2026"),
        ("Qualified until", "–", "01 Mar 2027"),
    ]
    assert len(lines) == 10
    for line in lines:
        assert line.name == "Dr Ana Sousa"
        assert line.login == "ana.sousa@example.org"
        assert line.role == "site_user"
        assert line.organisation == "Hospital São José"
        assert line.reason == "moved to another building"
        assert abs(line.at - at) < timedelta(seconds=10)
        assert line.local.utcoffset() == timedelta(hours=5, minutes=45)
        assert line.local.strftime("%d %b %Y %H:%M %z").startswith("05 Mar 2026 17:45 +0545")
        assert line.shifted


def test_an_edit_of_ten_answers_gives_ten_lines_in_the_words_of_the_form() -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=0)
    document = {
        "key": "ten",
        "version": "1.0",
        "title": "Ten answers",
        "sections": [
            {
                "key": "s",
                "title": "Section",
                "items": [
                    {"key": f"q{n}", "label": f"Question {n}", "kind": "text"} for n in range(10)
                ],
            }
        ],
    }
    made = configuration.draft(
        world.study, kind="form", key="ten", title="Ten answers", document=document, actor=BUILDER
    )
    row = forms.start(made, actor=BUILDER, answers={"s": {f"q{n}": f"a{n}" for n in range(10)}})
    with acting(NURSE, "typed from the wrong page"):
        forms.save_answers(
            row,
            {"s": {f"q{n}": f"b{n}" for n in range(10)}},
            seen_version=0,
            actor=NURSE,
        )
    lines = [line for line in trail.lines(row) if line.field.startswith("answers.s.")]
    edited = [line for line in lines if line.name == NURSE.name]
    assert [(line.label, line.old, line.new) for line in edited] == [
        (f"Question {n}", f"a{n}", f"b{n}") for n in range(10)
    ]
    assert {line.reason for line in edited} == {"typed from the wrong page"}


def test_an_answer_that_the_form_does_not_know_is_in_the_history_all_the_same() -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=0)
    form = configuration.effective(world.study, "form", "transmittal_ct")
    row = forms.start(form, actor=BUILDER, answers={"nowhere": {"x": 1}})
    forms.save_answers(row, {"nowhere": {"x": 2}}, seen_version=0, actor=BUILDER)
    changed = [line for line in trail.lines(row) if line.field == "answers.nowhere.x"]
    assert [(line.old, line.new) for line in changed] == [("–", "1"), ("1", "2")]


def test_a_creation_gives_a_line_for_every_field_that_was_filled() -> None:
    lines = trail.lines(scanner())
    assert {(line.label, line.old, line.new) for line in lines} == {
        ("Site", "–", "Site"),
        ("Modality", "–", "CT"),
        ("Manufacturer", "–", "Phantom Medical"),
        ("Model", "–", "Ellipse 64"),
        ("Device serial number", "–", "PM-1"),
    }


def test_a_save_that_changes_nothing_gives_no_line() -> None:
    row = scanner()
    before = len(trail.lines(row))
    with acting(NURSE):
        row.save()
    assert len(trail.lines(row)) == before


def test_a_long_reason_is_kept_whole() -> None:
    row = scanner()
    reason = "because " * 200
    with acting(NURSE, reason):
        row.modality = "MR"
        row.save()
    assert trail.lines(row)[-1].reason == reason


def test_the_reason_of_one_act_does_not_stick_to_the_next() -> None:
    row = scanner()
    with acting(NURSE, "first"):
        row.modality = "MR"
        row.save()
    with acting(NURSE):
        row.modality = "PT"
        row.save()
    assert [line.reason for line in trail.lines(row) if line.label == "Modality"] == [
        "",
        "first",
        "",
    ]


def test_entries_are_sentences_newest_first_and_tell_acts_and_changes_once() -> None:
    row = scanner()
    trail.name_verbs({"scanner.service": "had serviced"})
    with acting(NURSE, "yearly service"):
        row.software_versions = "5.2"
        row.save()
        record("scanner.service", row, details={"by": "Phantom Medical"})
    found = trail.entries(row)
    assert [(e.name, e.verb, e.object_label, e.reason) for e in found] == [
        ("Dr Ana Sousa", "had serviced", "Phantom Medical Ellipse 64", "yearly service"),
        ("Dr Ana Sousa", "changed", "Phantom Medical Ellipse 64", "yearly service"),
    ]
    assert [(c.label, c.old, c.new) for c in found[1].changes] == [
        ("Software versions", "–", "5.2")
    ]
    assert found[0].local.tzinfo == ZoneInfo("Asia/Kathmandu")
    assert not found[0].system


def test_a_move_of_a_state_is_told_as_the_act_and_not_again_as_a_change() -> None:
    world = make_study("ALPHA", sponsor="Norvane", subject_count=1)
    found = trail.entries(world.subjects[0])
    assert [(e.verb.split()[0], e.object_label) for e in found] == [
        ("enrolled", "101-001"),
        ("registered", "101-001"),
    ]
    assert all(not e.changes for e in found)
    states = [line for line in trail.lines(world.subjects[0]) if line.field == "state"]
    assert [(line.old, line.new) for line in states] == [
        ("–", "Screening"),
        ("Screening", "Enrolled"),
    ]


def test_what_the_platform_does_is_marked_as_the_platform_s() -> None:
    row = scanner()
    with acting(service("De-identification")):
        record("scanner.seen", row)
    entry = trail.entries(row)[0]
    assert entry.system
    assert entry.name == "De-identification"


def test_an_entry_made_at_the_real_time_is_not_marked_as_shifted() -> None:
    row = scanner()
    assert not any(line.shifted for line in trail.lines(row))
    with clock.shifted_by(timedelta(days=-3)), acting(NURSE):
        row.modality = "MR"
        row.save()
        record("scanner.moved", row)
    assert trail.lines(row)[-1].shifted
    assert all(entry.shifted for entry in trail.entries(row))


def test_references_and_choices_are_shown_by_their_names() -> None:
    row = scanner()
    with acting(NURSE):
        other = Site(
            organisation=row.site.organisation,
            name="New wing",
            city="Lisbon",
            country="PT",
            time_zone="UTC",
        )
        other.save()
        row.site = other
        row.save()
        row.site.organisation.kind = "vendor"
        row.site.organisation.save()
    line = trail.lines(row)[-1]
    assert (line.label, line.old, line.new) == ("Site", "Site", "New wing")
    line = trail.lines(row.site.organisation)[-1]
    assert (line.old, line.new) == ("Hospital or imaging centre", "Vendor")
