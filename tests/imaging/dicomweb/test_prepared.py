"""Statements that are planned once per connection."""

from __future__ import annotations

from uuid import UUID

import pytest
from django.db import connection

from imaging.dicomweb.prepared import Statement, composed
from imaging.models import StudyIndex

STUDY = UUID(int=7)


@pytest.mark.django_db
def test_marks_become_parameters_and_other_values_stay() -> None:
    rows = StudyIndex.objects.filter(study_id=STUDY, uid="?uid").exclude(study_date="it's")
    statement = composed(rows.values_list("uid"), {STUDY: "study", "?uid": "uid"})
    assert statement.rows(study=UUID(int=1), uid="1.2'; DROP TABLE x; --") == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements WHERE name LIKE 'icro_%%'")
        (text,) = [row[0] for row in cursor.fetchall() if "it''s" in row[0]]
    assert "$1" in text
    assert "$2" in text


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_was_lost_is_made_anew_once() -> None:
    statement = Statement("SELECT $1::int + 1", ("number",))
    assert statement.rows(number=1) == [(2,)]
    lost = connection.connection
    lost.close()
    assert statement.rows(number=2) == [(3,)]
    assert connection.connection is not lost
