from __future__ import annotations
from typing import Any
import pytest
from playwright.sync_api import expect
from reads.design.standard_form import standard_form
from reads.services import reading
from studies.scoping import scope
from tests.reads.read_world import *  # noqa
from tests.reads.read_world import READERS, make_read_study, ready, run_jobs, task_of, reader, fill, sign, baseline_answers
from tests.reads.test_read_in_browser import as_person, answer

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
CRITERIA = {"RECIST11": {}, "iRECIST": {}, "VOLUMETRIC": {}}


def test_shots(new_page: Any, live_server: Any) -> None:
    form = standard_form(CRITERIA, key="ecrf_three", title="Tumour assessment")
    world = make_read_study(own_form=form, criteria=[{"key": k, "parameters": {}} for k in CRITERIA])
    with scope(world.study):
        for tp in world.time_points(world.subjects[0]):
            ready(world, tp)
        run_jobs()
        name = READERS[0]
        first = baseline_answers("40.0", "20.0", "31.5")
        for row, ml in zip(first["target"]["lesions"], ("33.5", "4.2", "16.4")):
            row["volume"] = ml
        s = reading.open_session(task_of(world, name, 1), actor=reader(world, name))
        fill(world, name, s, first)
        sign(world, name, s)
        s = reading.open_session(task_of(world, name, 2), actor=reader(world, name))
        a = dict(s.form_record.answers)
        rows = [dict(r, state="MEASURED", slice="5", long_axis=mm, volume=ml) for r, mm, ml in zip(a["target"]["lesions"], ("26.0", "12.0", "22.0"), ("9.2", "0.9", "5.6"))]
        a |= {"quality": {"overall": "ADEQUATE"}, "target": {"lesions": rows}, "new": {"any": False},
              "non_target": {"lesions": [dict(r, state="PRESENT") for r in a["non_target"]["lesions"]]},
              "response": {"target": "PR", "non_target": "NON-CR/NON-PD", "new": "NONE", "overall": "PR"},
              "response_irecist": {"target": "iPR", "non_target": "NON-iCR/NON-iUPD", "overall": "iPR"},
              "response_volumetric": {"overall": "PR"}}
        fill(world, name, s, a)
        sign(world, name, s)
        s = reading.open_session(task_of(world, name, 3), actor=reader(world, name))
        b = dict(s.form_record.answers)
        rows = [dict(r, state="MEASURED", slice="6", long_axis=mm, volume=ml) for r, mm, ml in zip(b["target"]["lesions"], ("30.0", "16.0", "28.0"), ("14.1", "2.1", "11.5"))]
        b |= {"quality": {"overall": "ADEQUATE"}, "target": {"lesions": rows},
              "new": {"any": True, "lesions": [{"label": "NL01", "location": "LUNG", "method": "CT SCAN", "certainty": "UNEQUIVOCAL", "category": "NEW TARGET", "state": "MEASURED", "long_axis": "12", "slice": "3", "first_seen": "TP3"}]},
              "response": {"target": "PD", "non_target": "NON-CR/NON-PD", "new": "UNEQUIVOCAL", "overall": "PD"},
              "response_irecist": {"target": "iUPD", "non_target": "NON-iCR/NON-iUPD", "overall": "iSD"},
              "response_volumetric": {"overall": "PD"}}
        fill(world, name, s, b)
    page = as_person(new_page, world, name, live_server.url)
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"/s/ALPHA/reads/{s.task_id}/")
    page.locator("#ecrf").wait_for()
    page.wait_for_timeout(800)
    page.screenshot(path="/tmp/team/r2/room-1440.png")
    page.set_viewport_size({"width": 1280, "height": 800})
    page.wait_for_timeout(300)
    page.screenshot(path="/tmp/team/r2/room-1280.png")
    page.keyboard.press("F4")
    page.wait_for_timeout(300)
    page.screenshot(path="/tmp/team/r2/room-f4.png")
    page.locator("#tab-checks").click()
    page.wait_for_timeout(300)
    page.screenshot(path="/tmp/team/r2/room-why.png")
    page.keyboard.press("F1")
    page.wait_for_timeout(300)
    page.screenshot(path="/tmp/team/r2/room-keys.png")
    with scope(world.study):
        b["non_target"] = {"lesions": [dict(r, state="PRESENT") for r in b["non_target"]["lesions"]]}
        b["response_irecist"] |= {"overall": "iUPD", "basis": ["TARGET", "NEW LESION"]}
        s.form_record.refresh_from_db()
        fill(world, name, s, b)
        try:
            reading.review(s, actor=reader(world, name))
        except Exception as e:
            print("REVIEW", e)
    page.goto(f"/s/ALPHA/reads/{s.task_id}/review/")
    page.wait_for_timeout(500)
    page.screenshot(path="/tmp/team/r2/review.png", full_page=True)
