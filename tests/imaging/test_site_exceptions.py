"""Standing exceptions of sites: approved by another scientist, listed every time, ended."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from audit import clock
from audit.errors import NotPermitted, RuleBroken
from imaging.models import Finding, SiteException
from imaging.phantom import Defects
from imaging.services import exceptions, qc
from studies.scoping import scope
from tests.imaging.qc_world import decided, second_scientist
from tests.imaging.upload_world import in_qc, make_imaging_study
from tests.remembering import continued
from tests.world import (
    BACKEND,
    StudyWorld,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def world() -> StudyWorld:
    return make_imaging_study()


def proposed(world: StudyWorld, **changes: Any) -> SiteException:
    given: dict[str, Any] = {
        "code": "outside_guideline",
        "parameter": "slice_thickness_mm",
        "modality": "CT",
        "reason": "The scanner of the site reconstructs 8 mm only.",
        "valid_from": clock.today() - timedelta(days=60),
        "actor": world.actor("image_operations"),
        **changes,
    }
    return exceptions.propose(world.sites[0], **given)


@continued
def approved(world: StudyWorld, **changes: Any) -> SiteException:
    return exceptions.approve(
        proposed(world, **changes),
        actor=world.actor("scientific"),
        assent=world.assent("scientific", exceptions.MEANING),
    )


def thick(world: StudyWorld, folder: Path) -> Finding:
    row = in_qc(world, folder, defects=Defects(thickness_mm=8.0))
    found: Finding = Finding.objects.get(submission=row, parameter="slice_thickness_mm")
    return found


def test_a_covered_finding_stays_listed_asks_nobody_and_does_not_block(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        made = approved(world)
        finding = thick(world, tmp_path)
        assert (finding.level, finding.state) == ("error", "open")
        assert finding.suppressed_by == str(made) == "EX-001"
        assert not finding.blocks
        review = qc.claim(finding.submission, actor=world.actor("image_operations"))
        assert finding not in qc.left_of(review)
        decided(world, review, "pass")
        finding.submission.refresh_from_db()
        assert finding.submission.state == "released"


def test_an_exception_of_one_site_covers_no_other_parameter(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        approved(world, parameter="kvp")
        assert thick(world, tmp_path).suppressed_by == ""


def test_an_approval_covers_what_is_open_in_quality_control(
    world: StudyWorld, tmp_path: Path
) -> None:
    with scope(world.study):
        finding = thick(world, tmp_path)
        assert finding.blocks
        approved(world)
        finding.refresh_from_db()
        assert (finding.suppressed_by, finding.blocks) == ("EX-001", False)


@pytest.mark.parametrize(
    ("valid_from", "valid_until", "covers"),
    [(-10, None, True), (1, None, False), (-10, -1, False), (-10, 0, True), (0, 10, True)],
)
def test_an_exception_holds_in_its_period_only(
    world: StudyWorld, valid_from: int, valid_until: int | None, covers: bool
) -> None:
    day = date(2026, 3, 5)
    with scope(world.study):
        approved(
            world,
            valid_from=day + timedelta(days=valid_from),
            valid_until=None if valid_until is None else day + timedelta(days=valid_until),
        )
        assert bool(exceptions.standing(world.sites[0], day)) is covers
        assert exceptions.standing(world.sites[1], day) == ()


def test_who_proposed_an_exception_does_not_approve_it(world: StudyWorld) -> None:
    with scope(world.study):
        row = proposed(world, actor=world.actor("scientific"))
        with pytest.raises(RuleBroken, match="another scientist"):
            exceptions.approve(
                row,
                actor=world.actor("scientific"),
                assent=world.assent("scientific", exceptions.MEANING),
            )
        name = second_scientist(world)
        made = exceptions.approve(
            row,
            actor=world.actor("scientific", name),
            assent=world.assent("scientific", exceptions.MEANING, name=name),
        )
        assert made.approved_by == world.users[name]


def test_operations_cannot_approve(world: StudyWorld) -> None:
    with scope(world.study), pytest.raises(NotPermitted):
        exceptions.approve(
            proposed(world),
            actor=world.actor("image_operations"),
            assent=world.assent("image_operations", exceptions.MEANING),
        )


@pytest.mark.parametrize("code", ["mixed_subject", "missing_slices", "other_subject", "ghosts"])
def test_nobody_is_excepted_from_identity_and_completeness(world: StudyWorld, code: str) -> None:
    with scope(world.study), pytest.raises(RuleBroken, match="hold for everybody"):
        proposed(world, code=code)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"parameter": ""}, "Choose the parameter"),
        ({"reason": " "}, "Say why"),
        ({"valid_from": date(2026, 3, 5), "valid_until": date(2026, 3, 4)}, "ends before"),
    ],
)
def test_an_exception_needs_parameter_reason_and_a_period(
    world: StudyWorld, changes: dict[str, Any], message: str
) -> None:
    with scope(world.study), pytest.raises(RuleBroken, match=message):
        proposed(world, **changes)


def test_an_ended_exception_covers_nothing_more_and_keeps_its_reason(world: StudyWorld) -> None:
    with scope(world.study):
        row = exceptions.end(
            approved(world), actor=world.actor("image_operations"), reason="a new scanner"
        )
        assert (row.state, row.end_reason, row.ended_on) == (
            "ended",
            "a new scanner",
            clock.today(),
        )
        assert exceptions.standing(world.sites[0], clock.today()) == ()


def test_the_pages_list_propose_and_export(world: StudyWorld) -> None:
    client = Client()
    client.force_login(world.users["image_operations"], backend=BACKEND)
    listing = reverse("exception-list", args=[world.study.code])
    refused = client.post(listing, {"study_site": world.sites[0].pk, "code": "mixed_subject",
                                    "reason": "kept text", "valid_from": "2026-03-05"})  # fmt: skip
    assert refused.status_code == 422
    assert "kept text" in refused.content.decode()
    made = client.post(
        listing,
        {"study_site": world.sites[0].pk, "code": "scanner_changed", "valid_from": "2026-03-05",
         "reason": "=HYPERLINK(1)"},
        follow=True,
    )  # fmt: skip
    assert "EX-001" in made.content.decode()
    export = client.get(reverse("exception-export", args=[world.study.code]))
    lines = export.content.decode().split("\r\n")
    assert lines[1].startswith("ALPHA,EX-001,101,scanner_changed,,,'=HYPERLINK(1),2026-03-05,")
