"""T17: the same cut gives the same bytes in another process, zone, locale, and row order."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest
from django.db import connection

from studies.scoping import scope
from tests.exports.cut_world import generated, hashes, make_cut_study
from tests.plugins import runs
from tests.settings import RUN

pytestmark = pytest.mark.django_db(transaction=True)

BUILD = """
import django, json
django.setup()
from exports.models import DataCut
from exports.services import build
from studies.scoping import across_studies
with across_studies("makes the files of a cut again"):
    cut = DataCut.objects.select_related("study", "specification").get()
    print(json.dumps({made.name: made.sha256 for made in build(cut)}))
"""
SHUFFLED = {
    "exports_cutitem": "record_id",
    "reads_historicalmeasurement": "id",
    "reads_historicalobservation": "id",
    "studies_historicaltimepoint": "id",
}


def made_elsewhere(**environment: str) -> dict[str, str]:
    """Return name -> SHA-256 as another process makes the files."""
    done = subprocess.run(
        [sys.executable, "-c", BUILD],
        cwd=runs.ROOT,
        env={
            **os.environ,
            **RUN.process_environment(),
            "DJANGO_SETTINGS_MODULE": "icro.settings",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout.strip().splitlines()[-1])


def shuffle_rows() -> None:
    """Rewrite tables in another physical order, as a restore or CLUSTER would."""
    with connection.cursor() as cursor:
        cursor.execute("SET ROLE NONE")
        for table, column in SHUFFLED.items():
            cursor.execute(f"CREATE INDEX shuffle ON {table} (md5({column}::text))")
            cursor.execute(f"CLUSTER {table} USING shuffle")
            cursor.execute(f"ALTER TABLE {table} SET WITHOUT CLUSTER")
            cursor.execute("DROP INDEX shuffle")
        cursor.execute("RESET ROLE")


def test_a_cut_gives_the_same_bytes_everywhere() -> None:
    world = make_cut_study()
    with scope(world.study):
        stored = hashes(generated(world))
    assert made_elsewhere(PYTHONHASHSEED="7", TZ="Asia/Kolkata", LC_ALL="tr_TR.UTF-8") == stored
    shuffle_rows()
    assert made_elsewhere(PYTHONHASHSEED="4711", TZ="America/Lima", LC_ALL="C") == stored
