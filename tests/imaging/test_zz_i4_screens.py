from pathlib import Path
from typing import Any
import pytest
from django.urls import reverse
from imaging.phantom import write_series
from imaging.services import attachments, manifest
from studies.scoping import scope
from tests.imaging.test_held_files import _capture
from tests.imaging.test_workbench_in_browser import as_person
from tests.imaging.upload_world import draft, fill_form, make_imaging_study, run_jobs, send, spec_for
from tests.imaging.pipeline.test_office import word, REPORT
pytestmark=[pytest.mark.browser,pytest.mark.django_db(transaction=True)]
OUT=Path("/tmp/team/i4/png")
def test_shots(new_page: Any, live_server: Any, tmp_path: Path) -> None:
    world=make_imaging_study(); code=world.study.code
    with scope(world.study):
        pages={n:as_person(new_page,world,n,live_server.url) for n in("site_user","image_operations","project_manager","scientific")}
        def shot(who,label,name,*args,wide=(1280,)):
            for w in wide:
                p=pages[who]; p.set_viewport_size({"width":w,"height":800 if w>400 else 844})
                try:
                    p.goto(live_server.url+reverse(name,args=args)); p.wait_for_selector("html[data-ready]",timeout=8000); p.wait_for_timeout(400)
                    p.screenshot(path=str(OUT/f"{label}-{w}.png"),full_page=True)
                    print(label,w,"scroll",p.evaluate("document.documentElement.scrollWidth"))
                except Exception as e: print("FAIL",label,w,str(e)[:200])
        shot("scientific","profile","deid-profile",code)
        shot("project_manager","senders","dicom-peers",code)
        shot("site_user","unscheduled","visit-unscheduled",code,world.subjects[0].pk,wide=(1280,390))
        row=draft(world); folder=tmp_path/"u"; write_series(folder,spec_for(row.time_point))
        like=next(p for p in sorted(folder.rglob("*")) if p.is_file())
        for n in range(2): _capture(like,folder/f"c{n}",number=n+1,frames=1)
        manifest.upload_folder(row,folder,actor=world.actor("site_user"))
        attachments.add(row,"report.docx","x",[word(tmp_path/"came",REPORT).read_bytes()],actor=world.actor("site_user"))
        shot("site_user","files","upload-files",code,row.pk,wide=(1280,390))
        run_jobs(row)
        shot("site_user","checks","upload-checks",code,row.pk,wide=(1280,390))
        shot("site_user","form","upload-form",code,row.pk,wide=(1280,390))
        fill_form(world,row)
        shot("site_user","review","upload-review",code,row.pk,wide=(1280,390))
        row=send(world,row)
        shot("site_user","receipt","receipt",code,row.pk,wide=(1280,390))
        run_jobs(row); row.refresh_from_db(); print(row.state)
        shot("site_user","home","site-home",wide=(1280,390))
        shot("image_operations","holds","hold-queue",code)
        shot("image_operations","mask","hold-screen",code,row.pk)
        shot("image_operations","attachment","attachment-screen",code,row.pk,row.attachments.get().pk)
        shot("image_operations","submission","submission",code,row.pk)
