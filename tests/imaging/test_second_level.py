"""The second level of QC: drawn by a stored seed, another person, blinded; then settled."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.errors import NotPermitted, RuleBroken
from imaging.models import Finding, QcDraw, Submission
from imaging.phantom import Defects
from imaging.services import qc, second_level
from projects.trail import Filter, Trail
from queries.models import Query, RequestedAction
from studies.scoping import scope
from studies.validation import problems_of
from tests.imaging.qc_world import decided, look_over, second_analyst
from tests.imaging.upload_world import in_qc, make_imaging_study
from tests.remembering import continued, remembered
from tests.world import PLAN, StudyWorld

pytestmark = pytest.mark.django_db


@given(seed=st.text("0123456789abcdef", min_size=16, max_size=16), pk=st.uuids())
def test_the_number_of_a_draw_lies_between_0_and_100_and_repeats(seed: str, pk: object) -> None:
    number = second_level.number_of(seed, str(pk))
    assert Decimal(0) <= number < Decimal(100)
    assert second_level.number_of(seed, str(pk)) == number


def test_a_quarter_of_many_submissions_is_drawn_at_25_per_cent() -> None:
    drawn = sum(second_level.number_of("c0ffee", str(n)) < 25 for n in range(4000))
    # 1,000 expected; four standard deviations of a binomial are 110.
    assert 890 < drawn < 1110


def test_without_a_share_in_the_plan_the_first_signature_releases(tmp_path: Path) -> None:
    world = make_imaging_study()
    with scope(world.study):
        row = in_qc(world, tmp_path)
        decided(world, qc.claim(row, actor=world.actor("image_operations")), "pass")
        row.refresh_from_db()
        draw = QcDraw.objects.get()
        assert (row.state, draw.percent, draw.drawn) == ("released", 0, False)


@remembered
def make_looked_over() -> StudyWorld:
    """Return a study in which every decision goes to the second level, and two analysts."""
    world = make_imaging_study()
    with scope(world.study):
        look_over(world, 100)
        second_analyst(world)
    return world


@continued
def _first_passed(world: StudyWorld, folder: Path) -> Submission:
    row = in_qc(world, folder)
    decided(world, qc.claim(row, actor=world.actor("image_operations")), "pass")
    row.refresh_from_db()
    return row


def test_a_drawn_decision_waits_for_a_second_person(tmp_path: Path) -> None:
    world = make_looked_over()
    with scope(world.study):
        row = _first_passed(world, tmp_path)
        draw = QcDraw.objects.get()
        assert (row.state, second_level.stage(row)) == ("in_qc", 2)
        assert draw.number == second_level.number_of(draw.seed, row.pk)
        assert draw.by == "Project plan v2"
        with pytest.raises(RuleBroken, match="Another person"):
            qc.claim(row, actor=world.actor("image_operations"))


def test_two_equal_decisions_release_the_visit(tmp_path: Path) -> None:
    world = make_looked_over()
    with scope(world.study):
        row = _first_passed(world, tmp_path)
        review = qc.claim(row, actor=world.actor("image_operations", "second"))
        assert review.level == 2
        decided(world, review, "pass", name="second")
        row.refresh_from_db()
        row.time_point.refresh_from_db()
        assert (row.state, row.time_point.state) == ("released", "ready")


def test_the_second_person_does_not_see_what_the_first_decided(tmp_path: Path) -> None:
    world = make_looked_over()
    with scope(world.study):
        row = _first_passed(world, tmp_path)
        first, second = (world.actor("image_operations", n) for n in ("", "second"))
        assert not second_level.is_blinded(row, first)
        assert second_level.is_blinded(row, second)
        assert qc.current_review(row, second) is None
        assert qc.current_review(row, world.actor("scientific")).level == 1
        hidden = second_level.kept_from(second, Submission.objects.all())
        assert list(hidden) == [row]
        assert not second_level.kept_from(first, Submission.objects.all()).exists()


def test_the_second_person_judges_every_finding_anew(tmp_path: Path) -> None:
    world = make_looked_over()
    with scope(world.study):
        row = in_qc(world, tmp_path, defects=Defects(date_shift_days=-40))
        staff, other = (world.actor("image_operations", n) for n in ("", "second"))
        late = Finding.objects.get(submission=row, code="date_out_of_window")
        qc.explain(late, actor=staff, reason="the scanner was out of service")
        decided(world, qc.claim(row, actor=staff), "pass")
        review = qc.claim(row, actor=other)
        assert [f.code for f in qc.left_of(review) if f.level == "error"] == ["date_out_of_window"]
        with pytest.raises(RuleBroken, match="major finding waits"):
            decided(world, review, "pass", name="second")
        with pytest.raises(RuleBroken, match="asks no site"):
            qc.ask_site([late], actor=other)
        late.refresh_from_db()
        qc.explain(late, actor=other, reason="a day outside does no harm here")
        review.refresh_from_db()
        assert review.dispositions == {str(late.pk): "a day outside does no harm here"}
        late.refresh_from_db()
        assert late.explanation == "the scanner was out of service"
        decided(world, review, "pass", name="second")
        row.refresh_from_db()
        assert row.state == "released"


def test_a_difference_waits_for_science_whose_decision_counts(tmp_path: Path) -> None:
    world = make_looked_over()
    with scope(world.study):
        row = _first_passed(world, tmp_path)
        review = qc.claim(row, actor=world.actor("image_operations", "second"))
        decided(world, review, "fail", name="second", comment="Motion over the liver.")
        row.refresh_from_db()
        assert (row.state, second_level.stage(row)) == ("in_qc", 3)
        both = second_level.differ(row)
        assert both is not None
        assert [r.decision for r in both] == ["pass", "fail"]
        with pytest.raises(NotPermitted):
            qc.claim(row, actor=world.actor("image_operations"))
        science = world.actor("scientific")
        third = qc.claim(row, actor=science)
        assert (third.level, third.form_record) == (3, None)
        qc.decide(
            third,
            decision="pass_with_deviation",
            deviation_cause="equipment",
            comment="Motion at the edge only; the liver can be measured.",
            actor=science,
        )
        qc.sign(third, actor=science, assent=world.assent("scientific", qc.MEANING))
        row.refresh_from_db()
        row.time_point.refresh_from_db()
        assert (row.state, row.time_point.state) == ("released", "ready")


def test_the_second_person_may_pass_what_the_first_one_failed(tmp_path: Path) -> None:
    world = make_looked_over()
    with scope(world.study):
        row = in_qc(world, tmp_path, defects=Defects(date_shift_days=-40))
        first = qc.claim(row, actor=world.actor("image_operations"))
        decided(world, first, "fail", comment="Another visit was sent.")
        other = world.actor("image_operations", "second")
        review = qc.claim(row, actor=other)
        late = Finding.objects.get(submission=row, code="date_out_of_window")
        qc.explain(late, actor=other, reason="a day outside does no harm here")
        review.refresh_from_db()
        decided(world, review, "pass", name="second")
        assert second_level.stage(row) == 3
        science = world.actor("scientific")
        third = qc.claim(row, actor=science)
        qc.decide(third, decision="pass", actor=science)
        with pytest.raises(RuleBroken, match="needs its reason"):
            qc.sign(third, actor=science, assent=world.assent("scientific", qc.MEANING))
        qc.decide(third, decision="pass", comment="The visit is right.", actor=science)
        qc.sign(third, actor=science, assent=world.assent("scientific", qc.MEANING))
        row.refresh_from_db()
        late.refresh_from_db()
        assert (row.state, late.state) == ("released", "explained")
        assert "The visit is right." in late.explanation


def test_two_failures_ask_the_site_once(tmp_path: Path) -> None:
    world = make_looked_over()
    with scope(world.study):
        row = in_qc(world, tmp_path)
        first = qc.claim(row, actor=world.actor("image_operations"))
        decided(world, first, "fail", comment="Motion over the liver.")
        assert not row.time_point.queries.exists()
        second = qc.claim(row, actor=world.actor("image_operations", "second"))
        decided(world, second, "fail", name="second", comment="Motion.")
        row.refresh_from_db()
        assert row.state == "rejected"
        assert [q.title for q in row.time_point.queries.all()] == ["Repeat the scan of Baseline"]


def test_a_first_decision_that_waits_for_the_second_can_be_reset(tmp_path: Path) -> None:
    world = make_looked_over()
    with scope(world.study):
        row = _first_passed(world, tmp_path)
        qc.reset(row, actor=world.actor("image_operations"), reason="wrong series was judged")
        assert (row.state, second_level.stage(row)) == ("in_qc", 1)
        assert qc.review_of(row) is None


def _words(world: StudyWorld, name: str) -> str:
    actor = world.actor("image_operations", name)
    lines = Trail(world.study, actor, Filter()).every_line()
    return "\n".join(f"{line.object_kind} {line.field} {line.new} {line.reason}" for line in lines)


def test_the_trail_keeps_the_first_decision_back_until_the_second_is_signed(tmp_path: Path) -> None:
    world = make_looked_over()
    with scope(world.study):
        row = _first_passed(world, tmp_path)
        assert "imaging.qcreview" in _words(world, "")
        kept = _words(world, "second")
        assert "imaging.qcreview" not in kept
        assert "imaging.submission" in kept
        decided(
            world,
            qc.claim(row, actor=world.actor("image_operations", "second")),
            "pass",
            name="second",
        )
        assert "imaging.qcreview" in _words(world, "second")


def test_what_the_first_person_asked_the_site_is_kept_back_as_well(tmp_path: Path) -> None:
    world = make_looked_over()
    with scope(world.study):
        row = in_qc(world, tmp_path, defects=Defects(date_shift_days=-40))
        first, second = (world.actor("image_operations", n) for n in ("", "second"))
        late = Finding.objects.get(submission=row, code="date_out_of_window")
        review = qc.claim(row, actor=first)
        asked = qc.ask_site([late], actor=first, text="Was the scanner out of service?")
        decided(world, review, "fail", comment="out of window")
        assert second_level.stage(row) == 2
        assert asked in Query.objects.visible_to(first)
        assert asked in Query.objects.visible_to(world.actor("scientific"))
        assert asked not in Query.objects.visible_to(second)
        actions = RequestedAction.objects.visible_to(second).filter(query=asked)
        assert not actions.exists()
        assert "scanner out of service" not in _words(world, "second")


@pytest.mark.parametrize(
    ("part", "words"),
    [
        ({"second_level_percent": 101}, "a whole number, 0 to 100"),
        ({"second_level_percent": "20"}, "a whole number, 0 to 100"),
        ({"second_level": 20}, "“quality_control.second_level” is not known"),
        ([20], "“quality_control” is not an object"),
    ],
)
def test_a_plan_says_the_share_as_a_whole_number_of_per_cent(part: object, words: str) -> None:
    (found,) = problems_of("plan", {**PLAN, "quality_control": part})
    assert words in found
    assert problems_of("plan", {**PLAN, "quality_control": {"second_level_percent": 20}}) == []
