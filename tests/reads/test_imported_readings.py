"""Readings from earlier spreadsheets: read in, mapped, tried dry, signed, marked for ever."""

from __future__ import annotations

import io
from datetime import date

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, IntegrityError, transaction
from openpyxl import Workbook

from audit.errors import Conflict, RuleBroken
from reads.imported.checking import Known, day_of, dry_run, suggested
from reads.models import ImportedReading
from reads.services import imports
from studies.cells import SheetRefused, column_letter, sheets_of
from studies.scoping import scope
from tests.reads.read_world import logged_in, make_read_study
from tests.world import PASSWORD, StudyWorld

pytestmark = pytest.mark.django_db

HEAD = "Subject,Visit,Reader,Read date,Overall response,SOD,New lesions,Comments"
GOOD = (
    HEAD,
    "101-001,Baseline,R1,2026-01-05,,61.5,,",
    "101-001,Week 8,R1,05 Mar 2026,PR,40,no,small",
    "101-001,week8,R2,2026-03-06,SD,55,no,",
)


def content(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def read_in(world: StudyWorld, *lines: str):
    return imports.read_in(
        world.study,
        content(*lines),
        name="C:\\old\\readings.csv",
        origin="Local reads 2024",
        actor=world.actor("data_manager"),
    )


def mapped(world: StudyWorld, *lines: str):
    row = read_in(world, *lines)
    return imports.map_columns(row, row.mapping, "RECIST11", actor=world.actor("data_manager"))


def taken_over(world: StudyWorld, *lines: str):
    row = mapped(world, *lines)
    assent = world.assent("data_manager", "readings")
    return imports.take_over(row, actor=world.actor("data_manager"), assent=assent)


def test_columns_are_suggested_by_their_names_and_named_as_spreadsheets_name_them() -> None:
    head = HEAD.split(",")
    assert suggested(head) == {
        "subject": 0, "time_point": 1, "reader": 2, "read_on": 3, "overall_response": 4,
        "sum_mm": 5, "new_lesion": 6, "comment": 7,
    }  # fmt: skip
    assert [column_letter(n) for n in (0, 25, 26, 51, 52, 701, 702)] == [
        "A", "Z", "AA", "AZ", "BA", "ZZ", "AAA",
    ]  # fmt: skip


def test_a_dry_run_names_every_problem_by_row_and_column_and_writes_nothing() -> None:
    world = make_read_study()
    with scope(world.study):
        row = mapped(
            world,
            *GOOD,
            "101-999,Baseline,R1,,SD,,,",
            "101-001,Week 99,R1,,SD,,,",
            ",Baseline,,,SD,,,",
            "101-001,Week 16,R1,03/04/2026,MAYBE,-3,perhaps,",
            "101-001,Week 8,r1,,PD,,,",
            "101-001,Week 16,R2,2999-01-01,,,,",
            "",
        )
        checked = imports.try_out(row)
        assert [(p.row, p.column) for p in checked.problems] == [
            (5, "A"), (6, "B"), (7, "A"), (7, "C"),
            (8, "E"), (8, "G"), (8, "F"), (8, "D"),
            (9, ""), (10, ""), (10, "D"),
        ]  # fmt: skip
        words = {(p.row, p.column): p.text for p in checked.problems}
        assert words[(5, "A")] == "The study has no subject “101-999”."
        assert words[(8, "D")] == "“03/04/2026” is no day. Write 2026-03-05 or 05 Mar 2026."
        assert words[(9, "")] == "The same time point and reader as in row 3."
        assert words[(10, "")] == "The row holds no response and no sum."
        with pytest.raises(RuleBroken, match="11 problems are left"):
            imports.take_over(
                row,
                actor=world.actor("data_manager"),
                assent=world.assent("data_manager", "readings"),
            )
    assert ImportedReading.objects.count() == 0


def test_signed_rows_are_imported_as_they_are_and_marked_for_ever() -> None:
    world = make_read_study()
    with scope(world.study):
        row = taken_over(world, *GOOD)
        assert row.state == "imported"
        rows = list(imports.readings_of(world.study))
        assert [(r.time_point.label, r.reader, r.row_number) for r in rows] == [
            ("Baseline", "R1", 2), ("Week 8", "R1", 3), ("Week 8", "R2", 4),
        ]  # fmt: skip
        assert rows[1].values == {
            "overall_response": "PR", "sum_mm": "40", "new_lesion": "NO", "comment": "small",
        }  # fmt: skip
        assert rows[1].read_on == date(2026, 3, 5)
        assert {r.origin for r in rows} == {"imported"}
        for change in ({"origin": "read"}, {"values": {}}):
            with pytest.raises(DatabaseError), transaction.atomic():
                ImportedReading.objects.filter(pk=rows[0].pk).update(**change)
        with pytest.raises(DatabaseError), transaction.atomic():
            rows[0].delete()


def test_the_same_file_twice_is_one_import_and_nothing_is_overwritten() -> None:
    world = make_read_study()
    with scope(world.study):
        first = taken_over(world, *GOOD)
        again = read_in(world, *GOOD)
        assert again.pk == first.pk
        with pytest.raises(Conflict):
            imports.map_columns(again, again.mapping, "RECIST11", actor=world.actor("data_manager"))
        with pytest.raises(Conflict):
            imports.take_over(
                again,
                actor=world.actor("data_manager"),
                assent=world.assent("data_manager", "readings"),
            )
        other = mapped(world, *GOOD, "101-001,Week 16,R1,,PD,70,yes,")
        problems = imports.try_out(other).problems
        assert [(p.row, p.text) for p in problems] == [
            (n, "This reading was imported before. It is never overwritten.") for n in (2, 3, 4)
        ]
        row = imports.readings_of(world.study).first()
        with pytest.raises(IntegrityError), transaction.atomic():
            ImportedReading.objects.create(
                study=world.study, batch=other, row_number=2, subject=row.subject,
                time_point=row.time_point, reader=row.reader, criterion=row.criterion, values={},
            )  # fmt: skip
        assert ImportedReading.objects.count() == 3


def test_a_discarded_file_may_be_read_in_again() -> None:
    world = make_read_study()
    with scope(world.study):
        first = read_in(world, *GOOD)
        imports.discard(first, actor=world.actor("data_manager"), reason="wrong file")
        assert read_in(world, *GOOD).pk != first.pk


def test_a_workbook_is_read_by_its_visible_sheets_with_days_and_numbers_as_text() -> None:
    book = Workbook()
    sheet = book.active
    sheet.title = "Reads"
    sheet.append(["Subject", "Visit", "Read date", "Sum"])
    sheet.append(["101-001", "Week 8", date(2026, 3, 5), 40.50])
    sheet.append([None, None, None, None])
    hidden = book.create_sheet("Codes")
    hidden.append(["a", "b"])
    hidden.append(["1", "2"])
    hidden.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    assert sheets_of(out.getvalue()) == {
        "Reads": [
            ["Subject", "Visit", "Read date", "Sum"],
            ["101-001", "Week 8", "2026-03-05", "40.5"],
        ]
    }


@pytest.mark.parametrize(
    ("bytes_", "words"),
    [
        (b"", "no table"),
        (b"Subject\n", "no table"),
        (b"PK\x03\x04 broken", "broken"),
        (b"\x89PNG\x00\x00\x00", "neither CSV nor"),
        (b"A,B\n" + b"1,2\n" * 5001, "more than 5,000 rows"),
        (b"x" * 5_000_001, "larger than 5 MB"),
    ],
)
def test_what_is_no_table_is_refused_in_words(bytes_: bytes, words: str) -> None:
    with pytest.raises(SheetRefused, match=words):
        sheets_of(bytes_)


def test_semicolons_and_the_codepage_of_office_programs_are_read() -> None:
    found = sheets_of("Subject;Visit;Reader\n1;Wöche 8;Müller\n".encode("cp1252"))
    assert found[""][1] == ["1", "Wöche 8", "Müller"]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-05", date(2026, 3, 5)),
        ("05 Mar 2026", date(2026, 3, 5)),
        ("05MAR2026", date(2026, 3, 5)),
        ("03/05/2026", None),
        ("5.3.26", None),
        ("2026-02-30", None),
    ],
)
def test_only_days_that_can_be_read_once_are_days(text: str, day: date | None) -> None:
    assert day_of(text) == day


def test_a_decimal_comma_is_a_decimal_sign() -> None:
    known = Known(frozenset({"1"}), {("1", "v"): "key"}, frozenset(), date(2026, 1, 1))
    rows = [["s", "v", "r", "sum"], ["1", "V", "R", "12,5"]]
    mapping = {"subject": 0, "time_point": 1, "reader": 2, "sum_mm": 3}
    checked = dry_run(rows, mapping, criterion="RECIST11", known=known)
    assert checked.readings[0].values == {"sum_mm": "12.5"}


def test_the_pages_from_file_to_signature_and_the_mark_everywhere() -> None:
    world = make_read_study()
    client = logged_in(world, "data_manager")
    base = "/s/ALPHA/imported-readings/"
    file = SimpleUploadedFile("old.csv", content(*GOOD), content_type="text/csv")
    page = client.post(f"{base}read-in/", {"file": file, "origin": "Local reads"})["Location"]
    shown = client.get(page)
    assert "Not run yet" in shown.content.decode()
    columns = {f"column-{name}": n for name, n in shown.context["row"].mapping.items()}
    client.post(f"{page}act/", {"act": "map", "criterion": "RECIST11", **columns})
    shown = client.get(page)
    sign = shown.context["sign"]
    assert sign is not None
    signed = dict(sign.hidden)
    wrong = client.post(f"{page}act/", {**signed, "password": "not this one"})
    assert wrong.status_code == 422
    assert ImportedReading.objects.count() == 0
    client.post(f"{page}act/", {**signed, "password": PASSWORD})
    assert ImportedReading.objects.count() == 3
    done = client.get(page).content.decode()
    assert "I have compared these readings with their source" in done
    assert "INVALID" not in done
    assert "imported the readings of" in done
    rows = client.get(f"{base}?format=csv").content.decode().splitlines()
    assert rows[0].startswith("origin,subject,time_point")
    assert all(line.startswith("imported,101-001,") for line in rows[1:])
    with scope(world.study):
        point = world.time_points(world.subjects[0])[0]
    about = logged_in(world, "scientific").get(f"/s/ALPHA/time-points/{point.pk}/").content.decode()
    assert "from spreadsheets, no read of the platform" in about
    assert logged_in(world, "central_reader").get(base).status_code == 403
