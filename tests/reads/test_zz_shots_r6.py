from datetime import timedelta
import pytest
from django.urls import reverse
from audit import clock
from reads.models import Onboarding, Reader
from reads.services import care, distributing, fees, register
from studies.scoping import scope
from tests.exports.test_browser import OVERFLOW, opened, signed_in
from tests.reads.training_world import *
from tests.reads.training_world import commit, desk, make_case, make_trained_study, on_the_way, read_case
from tests.reads.read_world import ready, run_jobs, read_baseline
from reads.services import onboarding, qualifying

OUT = "/tmp/team/r6/"

@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_shots(new_page, assert_accessible):
    live, school = make_trained_study()
    make_case(school)
    row = on_the_way(live)
    other = on_the_way(live, READERS[1])
    read_case(live, school, "30.0", "12.0")
    reader_page = signed_in(new_page, live, READERS[0])
    def shot(page, name, url):
        opened(page, url)
        page.screenshot(path=f"{OUT}{name}.png", full_page=True)
        over = page.evaluate(OVERFLOW)
        try:
            assert_accessible(page)
            a = "ok"
        except AssertionError as e:
            a = str(e)[:600]
        print("SHOT", name, "overflow", over, a)
    from reads.models import TrainingAttempt, TrainingCase
    attempt = TrainingAttempt._base_manager.get(reader=live.users[READERS[0]])
    ops = signed_in(new_page, live, "reviewer_operations")
    sci = signed_in(new_page, school, "scientific")
    case = TrainingCase._base_manager.get()
    shot(sci, "case", reverse("training-case", args=["SCHOOL", case.pk]) + "?point=2")
    from reads.services import training
    with scope(school.study):
        new = training.add_case(school.subjects[1], "Lung only", actor=school.actor("scientific"))
    shot(sci, "key", reverse("training-case", args=["SCHOOL", new.pk]))
    with scope(live.study):
        for r in (row, other):
            pass
        for n in READERS:
            qualifying.qualify(live.users[n], live.study, actor=desk(live))
        for s in live.subjects:
            ready(live, live.time_points(s)[0])
    with scope(live.study):
        distributing.assign_all(live.study, actor=desk(live), seed="s1")
        run_jobs()
        read_baseline(live, READERS[0], "40.0", "20.0")
        one = Reader.objects.get(user=live.users[READERS[1]])
        care.log(live.study, one, "call", "Will read on Friday.", actor=desk(live))
        care.open_remediation(live.study, one, issue="Nodes measured in the long axis", steps=[{"text": "Read five cases", "owner": "Science", "due": "2030-01-10"}], due_on=clock.today()+timedelta(days=30), actor=desk(live))
    shot(ops, "assign2", reverse("reader-assignment", args=["ALPHA"]) + f"?reader={live.users[READERS[1]].pk}&rule=from_baseline")
    shot(ops, "carelist", reverse("care-list", args=["ALPHA"]))
    with scope(live.study):
        st = fees.draw_up(live.study, Reader.objects.get(user=live.users[READERS[0]]), clock.today(), actor=desk(live))
    pm = signed_in(new_page, live, "project_manager")
    shot(pm, "fee", reverse("fee-page", args=["ALPHA", st.pk]))
    shot(ops, "page", reverse("reader-page", args=["ALPHA", one.pk]))
