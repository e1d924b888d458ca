"""A baseline and three follow-ups read with RECIST 1.1 and iRECIST by the keyboard alone.

After the log-in nothing but ``page.keyboard`` touches the page. Every key is counted; the counts
stand in docs/reading.md and may not grow unseen. Hand calculation (one liver target of 40 mm, one
pleural non-target):

- TP2 26 mm, minus 35 %: PR and iPR.
- TP3 26 mm, a new lung lesion of 12 mm: PD and iUPD, by the new lesion.
- TP4 the new lesion has 19 mm, 7 mm more: PD stays, iCPD.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from reads.design.standard_form import standard_form
from reads.models import CriterionAssessment, ReaderStream, ReadSession
from studies.scoping import scope
from studies.services.subjects import add_unscheduled
from tests.reads.read_world import READERS, make_read_study, ready, run_jobs
from tests.reads.test_read_in_browser import as_person
from tests.world import PASSWORD, StudyWorld

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CRITERIA = ("RECIST11", "iRECIST")
DOCS = Path(__file__).parents[2] / "docs" / "reading.md"


@dataclass
class Keys:
    """A person with a keyboard and no mouse; counts every key."""

    page: Page
    counted: dict[str, int] = field(default_factory=dict)
    part: str = ""

    def count(self, keys: int) -> None:
        """Count keys for the part of the read that is going on."""
        self.counted[self.part] = self.counted.get(self.part, 0) + keys

    def press(self, *names: str) -> None:
        """Press keys one after the other; a chord counts each of its keys."""
        for name in names:
            self.page.keyboard.press(name)
            self.count(len(name.split("+")))

    def type(self, text: str) -> None:
        """Type a text."""
        self.page.keyboard.type(text)
        self.count(len(text))

    def at(self, place: str) -> None:
        """Wait until the keys go to a place of the form; a person sees it by the focus ring."""
        expect(self.page.locator(f':focus[name="answers[{place}]"]')).to_have_count(1)

    def fill(self, place: str, text: str) -> None:
        """Type the answer that is asked for, and go on."""
        self.at(place)
        self.type(text)
        self.press("Enter")


def read_study() -> StudyWorld:
    """Return a study read with RECIST 1.1 and iRECIST whose subject has four time points."""
    form = standard_form({key: {} for key in CRITERIA}, key="ecrf_immune", title="Tumours")
    world = make_read_study(
        own_form=form,
        criteria=[{"key": key, "parameters": {}} for key in CRITERIA],
        readers_per_subject=1,
        adjudication={},
    )
    with scope(world.study):
        subject = world.subjects[0]
        last = world.time_points(subject)[-1].planned_date
        assert last is not None
        add_unscheduled(
            subject,
            label="Six weeks later",
            day=last + timedelta(days=42),
            reason="Confirmation of progression",
            actor=world.actor("site_user"),
        )
        for time_point in world.time_points(subject):
            ready(world, time_point)
        run_jobs()
    return world


def reader_of(world: StudyWorld) -> str:
    """Return the reader whom the draw gave the subject."""
    with scope(world.study):
        reader_id = ReaderStream.objects.get(subject=world.subjects[0]).reader_id
    return next(name for name in READERS if world.users[name].pk == reader_id)


def start(keys: Keys, address: str) -> None:
    """Open the first case of the inbox and start it; the form takes the keys at once."""
    keys.page.goto(address)
    keys.press("j", "Enter")
    expect(keys.page.locator(":focus", has_text="Start read")).to_have_count(1)
    keys.press("Enter")
    keys.at("quality.overall")


def review_and_sign(keys: Keys) -> None:
    """Review, look, and sign."""
    expect(keys.page.locator("[data-live=open]").first).to_contain_text("Ready for the review")
    keys.press("Control+Enter")
    keys.page.wait_for_url("**/review/")
    keys.press("Control+Enter")
    expect(keys.page.locator("#sign-password")).to_be_focused()
    keys.type(PASSWORD)
    keys.press("Control+Enter")
    keys.page.wait_for_url("**/signed/")


def read_baseline(keys: Keys) -> None:
    """One target and one non-target lesion."""
    keys.press("1", "Enter")  # can be read
    keys.at("target.none")
    keys.press("n", "F7")  # there are targets; the first is T01, measured, by CT
    keys.fill("target.lesions.0.location", "liv")
    keys.fill("target.lesions.0.slice", "4")
    keys.fill("target.lesions.0.long_axis", "40")
    keys.fill("target.lesions.0.irradiated", "n")
    keys.at("non_target.none")
    keys.press("n", "F8")
    keys.fill("non_target.lesions.0.location", "pleu")


def read_followed(keys: Keys, size: str) -> None:
    """The lesions carried forward, with one size for the target."""
    keys.press("1", "Enter")
    keys.fill("target.lesions.0.state", "m")
    keys.fill("target.lesions.0.slice", "5")
    keys.fill("target.lesions.0.long_axis", size)
    keys.fill("non_target.lesions.0.state", "p")


def respond(keys: Keys, recist: str, immune: str) -> None:
    """Enter the responses by their number: target, non-target, new, overall; then of iRECIST."""
    for place, digit in zip(("target", "non_target", "new", "overall"), recist, strict=True):
        keys.fill(f"response.{place}", digit)
    for place, digit in zip(("target", "non_target", "overall"), immune, strict=True):
        keys.fill(f"response_irecist.{place}", digit)


def describe_new(keys: Keys, size: str) -> None:
    """Record the first new lesion: an unequivocal new target in the lung, found by CT."""
    keys.press("F9")
    keys.fill("new.lesions.0.location", "lu")
    keys.fill("new.lesions.0.certainty", "1")
    keys.fill("new.lesions.0.category", "1")
    keys.fill("new.lesions.0.state", "m")
    keys.fill("new.lesions.0.long_axis", size)
    keys.fill("new.lesions.0.slice", "2")


def documented() -> dict[str, int]:
    """Return the counts that the documentation states."""
    rows = re.findall(r"^\| (Baseline|Follow-up \d) .*\| (\d+) \|$", DOCS.read_text(), re.M)
    return {name: int(count) for name, count in rows}


def test_a_baseline_and_three_follow_ups_are_read_by_the_keyboard_alone(
    new_page: Any, live_server: Any, assert_accessible: Callable[[Page], None]
) -> None:
    world = read_study()
    page = as_person(new_page, world, reader_of(world), live_server.url)
    keys = Keys(page)

    def begin(part: str) -> None:
        keys.part = part
        start(keys, f"{live_server.url}/reads/")

    begin("Baseline")
    read_baseline(keys)
    assert_accessible(page)
    review_and_sign(keys)

    begin("Follow-up 1")
    read_followed(keys, "26")
    keys.fill("new.any", "n")
    respond(keys, "2212", "222")
    assert_accessible(page)
    review_and_sign(keys)

    begin("Follow-up 2")
    read_followed(keys, "26")
    keys.at("new.any")
    describe_new(keys, "12")
    respond(keys, "2235", "225")
    keys.at("response_irecist.basis")
    keys.press("3", "Enter")  # the iUPD rests on new lesions
    review_and_sign(keys)

    begin("Follow-up 3")
    read_followed(keys, "26")
    keys.fill("new.any", "y")
    keys.fill("new.lesions.0.state", "m")
    keys.fill("new.lesions.0.long_axis", "19")
    keys.fill("new.lesions.0.slice", "2")
    respond(keys, "2235", "226")
    review_and_sign(keys)

    with scope(world.study):
        run_jobs()
        assert ReadSession.objects.filter(state__in=("signed", "final")).count() == 4
        found = {
            (row.session.task.sequence, row.criterion): row.entered.get("overall_response")
            for row in CriterionAssessment.objects.select_related("session__task")
        }
        derived = {
            (row.session.task.sequence, row.criterion): row.derived.get("overall_response")
            for row in CriterionAssessment.objects.select_related("session__task")
        }
    responses = {"RECIST11": ["PR", "PD", "PD"], "iRECIST": ["iPR", "iUPD", "iCPD"]}
    for criterion, expected in responses.items():
        assert [found[(n, criterion)] for n in (2, 3, 4)] == expected
        assert [derived[(n, criterion)] for n in (2, 3, 4)] == expected
    assert keys.counted == documented()
