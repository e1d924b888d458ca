"""The chain over the trail is proved every night without anybody asking."""

from __future__ import annotations

import pytest

from audit import jobs
from audit.models import Event
from projects.sealing import VERIFIED, seal
from projects.tasks import ask_for_proof
from tests.world import make_study

pytestmark = pytest.mark.django_db


def test_the_nightly_proof_is_a_job_whose_finding_is_kept() -> None:
    make_study("ALPHA", sponsor="Norvane", subject_count=0)
    assert seal().verified_at is None
    assert jobs.run(ask_for_proof()) == "done"
    kept = Event.objects.get(kind=VERIFIED)
    assert kept.details["breaks"] == []
    assert seal().verified_at == kept.at
