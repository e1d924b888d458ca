"""The reading room with a form of two diameters: shown, derived as one types, signed."""

from __future__ import annotations

import pytest
from django.urls import reverse

from reads.design.standard_form import standard_form
from reads.models import CriterionAssessment, Lesion, Measurement
from reads.services import reading
from studies.scoping import scope
from tests.reads.read_world import (
    READERS,
    logged_in,
    make_read_study,
    reader,
    ready,
    run_jobs,
    sign,
    task_of,
)
from tests.reads.test_forms_of_every_criterion import SMALLER, lymphoma_baseline, lymphoma_visit

pytestmark = pytest.mark.django_db

PET = {"deauville": "4", "hottest_site": "Neck", "hottest_suv": "3", "uptake_change": "REDUCED"}


def test_a_lugano_read_is_shown_derived_and_signed_with_its_products() -> None:
    world = make_read_study(
        own_form=standard_form({"LUGANO2014": {}}, key="ecrf_lymphoma", title="Lymphoma"),
        criteria=[{"key": "LUGANO2014", "parameters": {}}],
    )
    name = READERS[0]
    with scope(world.study):
        for point in world.time_points(world.subjects[0])[:2]:
            ready(world, point)
        run_jobs()
        actor = reader(world, name)
        first = reading.open_session(task_of(world, name), actor=actor)
        reading.save(
            first, lymphoma_baseline(), seen_version=first.form_record.version, actor=actor
        )
        sign(world, name, first)
        task = task_of(world, name, 2)
        second = reading.open_session(task, actor=actor)
        # Names, places and methods were carried forward from the baseline.
        assert [row["label"] for row in second.form_record.answers["target"]["lesions"]] == [
            "T01",
            "T02",
        ]
        visit = lymphoma_visit(SMALLER, "135", "DECREASED", PET)
        reading.save(second, visit, seen_version=second.form_record.version, actor=actor)
    client = logged_in(world, name)
    panel = client.get(reverse("read-panel", args=["ALPHA", task.pk])).content.decode()
    assert "Sum of products, mm²" in panel
    assert "40.0 × 30.0" in panel or "40 × 30" in panel
    for part in ("<dt>CT</dt><dd>PR</dd>", "<dt>PET</dt><dd>PMR</dd>"):
        assert part in panel
    # 700 against 1,600 mm², known from the signed baseline
    assert "−56.2" in panel or "-56.2" in panel
    with scope(world.study):
        answers = visit | {"response_lugano2014": {"ct": "PR", "pet": "PMR", "overall": "PR"}}
        second = reading.active_session(task)
        assert second is not None
        reading.save(second, answers, seen_version=second.form_record.version, actor=actor)
        sign(world, name, second)
        kept = CriterionAssessment.objects.get(session=second)
        assert kept.entered == {
            "ct_response": "PR",
            "pet_response": "PMR",
            "overall_response": "PR",
        }
        assert kept.derived["spd_mm2"] == "700"
        assert set(Lesion.objects.values_list("label", flat=True)) >= {"T01", "T02", "NT01"}
        sizes = Measurement.objects.filter(observation__session=second)
        assert sorted({one.kind for one in sizes}) == ["long_axis", "short_axis"]
    shown = client.get(reverse("signed-read", args=["ALPHA", task.pk])).content.decode()
    assert "Lugano 2014" in shown
    assert "Highest five-point score of the known sites" in shown
    assert "Length of the spleen" in shown
