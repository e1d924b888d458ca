from __future__ import annotations
from typing import Any
import pytest
from django.urls import reverse
from audit import jobs, clock
from datetime import timedelta
from audit.models import Job
from reads.models import *
from reads.services import checking, reminders, retraining, recalling, rollback
from reads.services.reminders import pictures_of, Draft
from studies.scoping import scope
from tests.reads.oversight_world import exported_world, requested, sign_for, RULE
from tests.reads.read_world import READERS
from tests.reads.test_read_in_browser import as_person
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
OUT = "/tmp/team/R3/shots/"

def test_shots(new_page: Any, live_server: Any) -> None:
    world, case, cut = exported_world()
    code = world.study.code
    with scope(world.study):
        job = checking.ask(world.study, actor=world.actor("scientific")); jobs.run(str(job.pk))
        from audit.actors import acting
        from tests.world import BUILDER
        from reads.oversight.library import BY_ID
        s0 = ReadSession.objects.filter(state="signed", task__stream__reader=world.users[READERS[0]], task__sequence=2).first()
        with acting(BUILDER):
            for n, (cid, text) in enumerate((("LARGE_CHANGE", "T01: 40 mm before, 61 mm now (52.5 %). Is it the same lesion?"), ("NEW_LESION_WITHOUT_PD", "RECIST11: SD with an unequivocal new lesion."), ("ROUND_SIZES", "All 3 sizes are multiples of 5 mm. Were they measured or guessed?"), ("READ_AFTER_PROGRESSION", "RECIST11: 2 time points were read after progression."))):
                c = BY_ID[cid]
                CheckFinding(study=world.study, stream=s0.task.stream, session=s0, check_id=cid, level=c.level, kind=c.kind, scope=c.scope, place="T01", text=text, clause=c.clause, key=f"k{n}").save()
        finding = CheckFinding.objects.order_by("level").first()
        session = ReadSession.objects.filter(state="signed", task__stream__reader=world.users[READERS[0]], task__sequence=2).first()
        series, _, _, sha = list(pictures_of(session))[4]
        rem = reminders.write(world.users[READERS[0]], world.study, Draft(rule="Measure the same lesion", clause="RECIST 1.1 §4.3", text="Find the lesion of the baseline before you measure.\nCompare its neighbours.", session=session, picture=(series, sha), gates=True), actor=world.actor("scientific"))
        reminders.issue(rem, actor=world.actor("scientific"))
        row = requested(world)
        sign_for(world, row, "science")
        rc = recalling.request(world.users[READERS[1]], world.study, actor=world.actor("scientific"), reason="The screen was out of calibration from March on.")
        task = ReadTask.objects.get(stream__reader=world.users[READERS[0]], sequence=3)
    sci = as_person(new_page, world, "scientific", live_server.url)
    pm = as_person(new_page, world, "project_manager", live_server.url)
    rd = as_person(new_page, world, READERS[0], live_server.url)
    sp = as_person(new_page, world, "sponsor", live_server.url)
    def shot(page, name, url, full=True):
        page.goto(url); page.wait_for_load_state("networkidle"); page.screenshot(path=f"{OUT}{name}.png", full_page=full)
    u = lambda n, *a: reverse(n, args=[code, *a])
    shot(sci, "findings", u("check-findings"))
    shot(sci, "finding", u("check-finding", finding.pk))
    shot(sci, "library", u("check-library"), False)
    shot(sci, "readers", u("check-readers"))
    shot(sci, "reminder_new", u("reminder-new") + f"?finding={finding.pk}")
    shot(sci, "reminders", u("reminder-list"))
    shot(sci, "reminder", u("reminder-page", rem.pk))
    shot(rd, "inbox", reverse("read-inbox"))
    shot(rd, "my_reminder", u("my-reminder", rem.pk))
    shot(rd, "room", u("read-page", task.pk), False)
    shot(sci, "rollback_new", u("rollback-new") + f"?task={session.task_id}")
    shot(pm, "rollback", u("rollback-page", row.pk))
    pm.get_by_role("button", name="Approve").click(); pm.screenshot(path=OUT + "approve.png")
    shot(pm, "recall", u("recall-page", rc.pk))
    with scope(world.study):
        recalling.end(rc, "withdraw", actor=world.actor("scientific"), reason="no")
        sign_for(world, row, "project")
        rt = retraining.order(world.study, [world.users[READERS[1]]], actor=world.actor("scientific"), reason="Node short axis is measured as long axis.")
    shot(pm, "rollback_done", u("rollback-page", row.pk))
    shot(sp, "corrections", u("correction-list"))
    shot(sp, "correction", u("correction-page", "rollback", row.pk))
    shot(sci, "rollbacks", u("rollback-list") + "?state=done")
    shot(sci, "retrainings", u("retraining-list"))
    shot(sci, "retraining", u("retraining-page", rt.pk))
    with scope(world.study):
        task = ReadTask.objects.get(stream__reader=world.users[READERS[0]], sequence=2)
    shot(rd, "start", u("read-page", task.pk))
    shot(sci, "cut", u("cut-page", cut.pk))
