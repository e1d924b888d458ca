"""SDTM datasets of a small signed read, against rows written by hand (SDTMIG 3.4, TU, TR, RS).

Both readers find a liver and a lung target (40 and 20 mm, then 30 and 15 mm) and a pleural
non-target lesion; they agree on stable disease, so reader 1's evaluation is the accepted one.
"""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from decimal import Decimal

import pytest

from exports.datasets.tumour import _piece, _size
from reads.models import Measurement
from studies.scoping import scope
from tests.exports.cut_world import FILES, content, make_cut_study, released, rows

pytestmark = pytest.mark.django_db
USUBJID = "P-ALPHA-101-001"
READER = {"R1": "RADIOLOGIST 1", "R2": "RADIOLOGIST 2"}


def test_a_signed_read_becomes_tu_tr_and_rs() -> None:
    world = make_cut_study()
    with scope(world.study):
        cut = released(world)
        first = world.time_points(world.subjects[0])[0].assessment_date
        assert first is not None
        days = {"Baseline": first.isoformat(), "Week 8": (first + timedelta(days=56)).isoformat()}

        found = rows(cut, "tu.csv")
        assert [
            (r["TUSEQ"], r["TULNKID"], r["TUORRES"], r["TULOC"], r["TUEVALID"], r["TUACPTFL"])
            for r in found
        ] == [
            ("1", "R1-NT01", "NON-TARGET", "PLEURA", "RADIOLOGIST 1", "Y"),
            ("2", "R1-T01", "TARGET", "LIVER", "RADIOLOGIST 1", "Y"),
            ("3", "R1-T02", "TARGET", "LUNG", "RADIOLOGIST 1", "Y"),
            ("4", "R2-NT01", "NON-TARGET", "PLEURA", "RADIOLOGIST 2", ""),
            ("5", "R2-T01", "TARGET", "LIVER", "RADIOLOGIST 2", ""),
            ("6", "R2-T02", "TARGET", "LUNG", "RADIOLOGIST 2", ""),
        ]
        assert {(r["STUDYID"], r["DOMAIN"], r["USUBJID"], r["TUTESTCD"]) for r in found} == {
            ("P-ALPHA", "TU", USUBJID, "TUMIDENT")
        }
        assert {r["TUEVAL"] for r in found} == {"INDEPENDENT ASSESSOR"}
        assert {(r["VISIT"], r["TUDTC"]) for r in found} == {("Baseline", days["Baseline"])}

        expected = []
        for visit, group, liver, lung in (
            ("Baseline", "A1", "40", "20"),
            ("Week 8", "A2", "30", "15"),
        ):
            for reader in ("R1", "R2"):
                head = (visit, f"{reader}-{group}", READER[reader])
                expected += [
                    (
                        *head,
                        f"{reader}-NT01",
                        "NON-TARGET",
                        "TUMSTATE",
                        "PRESENT",
                        "PRESENT",
                        "",
                        "",
                    ),
                    (*head, f"{reader}-T01", "TARGET", "LDIAM", f"{liver}.0", liver, liver, "mm"),
                    (*head, f"{reader}-T02", "TARGET", "LDIAM", f"{lung}.0", lung, lung, "mm"),
                ]
        for visit, group, total in (("Baseline", "A1", "60"), ("Week 8", "A2", "45")):
            for reader in ("R1", "R2"):
                head = (visit, f"{reader}-{group}", READER[reader])
                expected.append((*head, "", "TARGET", "SUMDIAM", total, total, total, "mm"))
        found = rows(cut, "tr.csv")
        assert [
            (
                r["VISIT"], r["TRLNKGRP"], r["TREVALID"], r["TRLNKID"], r["TRGRPID"],
                r["TRTESTCD"], r["TRORRES"], r["TRSTRESC"], r["TRSTRESN"], r["TRSTRESU"],
            )
            for r in found
        ] == expected  # fmt: skip
        assert [int(r["TRSEQ"]) for r in found] == list(range(1, 17))
        assert all((r["TRACPTFL"] == "Y") == (r["TREVALID"] == "RADIOLOGIST 1") for r in found)
        assert all(r["TRDTC"] == days[r["VISIT"]] for r in found)

        found = [r for r in rows(cut, "rs.csv") if r["VISIT"] == "Week 8"]
        assert [
            (r["RSLNKGRP"], r["RSTESTCD"], r["RSCAT"], r["RSORRES"], r["RSACPTFL"]) for r in found
        ] == [
            ("R1-A2", "TRGRESP", "RECIST 1.1", "SD", "Y"),
            ("R1-A2", "NTRGRESP", "RECIST 1.1", "NON-CR/NON-PD", "Y"),
            ("R1-A2", "OVRLRESP", "RECIST 1.1", "SD", "Y"),
            ("R2-A2", "TRGRESP", "RECIST 1.1", "SD", ""),
            ("R2-A2", "NTRGRESP", "RECIST 1.1", "NON-CR/NON-PD", ""),
            ("R2-A2", "OVRLRESP", "RECIST 1.1", "SD", ""),
        ]
        assert {r["DERIVED"] for r in found} == {""}
        everything = b"".join(content(cut, name) for name in FILES if name.endswith(".csv"))
        for name in ("central_reader", "central_reader_2"):
            assert world.users[name].printed_name.encode() not in everything
            assert world.users[name].email.encode() not in everything

        manifest = json.loads(content(cut, "manifest.json"))
        assert manifest["protocol"] == "P-ALPHA"
        assert {one["name"] for one in manifest["files"]} == {
            name for name in FILES if name.endswith(".csv")
        }
        for one in manifest["files"]:
            delivered = content(cut, one["name"])
            assert one["sha256"] == hashlib.sha256(delivered).hexdigest()
            assert one["bytes"] == len(delivered)
            assert one["rows"] == delivered.count(b"\r\n") - 1
        sums = content(cut, "SHA256SUMS").decode().splitlines()
        digest = hashlib.sha256(content(cut, "manifest.json")).hexdigest()
        assert f"{digest}  manifest.json" in sums
        assert cut.manifest_digest == digest


@pytest.mark.parametrize(
    ("kind", "unit", "test"),
    [
        ("pieces", "mm", ("LDIAM", "Longest Diameter")),
        ("pieces_product", "mm2", ("PRODUCT", "Product")),
        ("piece_2", "mm", ("LDIAM", "Longest Diameter")),
        ("piece_product_3", "mm2", ("PRODUCT", "Product")),
    ],
)
def test_the_size_of_a_lesion_that_split_and_of_its_pieces_are_results(
    kind: str, unit: str, test: tuple[str, str]
) -> None:
    kept = Measurement(
        kind=kind, entered="31.0", entered_unit=unit, value=Decimal("31.0000"), unit=unit
    )
    assert _size(kept) == (*test, "31.0", unit, "31", Decimal(31), unit, None, None)


@pytest.mark.parametrize(
    ("kind", "name"),
    [("long_axis", ""), ("pieces", ""), ("piece_1", ".1"), ("piece_product_4", ".4")],
)
def test_a_piece_is_linked_as_its_lesion_with_its_number(kind: str, name: str) -> None:
    assert _piece(Measurement(kind=kind)) == name
