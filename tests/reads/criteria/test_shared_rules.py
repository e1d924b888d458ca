"""The shared rules: sums, nadir, changes, and the SDTM mapping of the RECIST family."""

from __future__ import annotations

from decimal import Decimal

from reads.criteria.nadir import Nadir, change_rule, difference_rule, nadir_rule
from reads.criteria.recist_items import sdtm_items
from reads.criteria.sums import sum_rule


def test_a_sum_rule_adds_and_tells_what_is_missing() -> None:
    rule = sum_rule(key="X.sum", clause="clause 1", unit="mm", what="Sum of axes")
    assert (rule.key, rule.clause) == ("X.sum", "clause 1")
    assert rule.statement == (
        "Sum of axes is the total over all lesions; it is complete only if each has a value."
    )
    whole = rule.derive("sum", {"values": {"A": Decimal(3), "B": Decimal("4.5")}})
    assert (whole.name, whole.value) == ("sum", Decimal("7.5"))
    assert whole.sentence == "Sum of axes 7.5 mm = A 3 mm + B 4.5 mm, clause 1"
    part = rule.derive("sum", {"values": {"A": Decimal(3), "B": None}})
    assert part.value is None
    assert part.sentence == "Sum of axes is incomplete: A 3 mm + B not evaluable, clause 1"
    none = rule.derive("sum", {"values": {}})
    assert none.sentence == "Sum of axes is incomplete: no lesion, clause 1"


def test_a_nadir_rule_takes_the_smaller_and_on_a_tie_the_earlier_sum() -> None:
    rule = nadir_rule(key="X.nadir", clause="clause 2", unit="ml")
    assert (rule.key, rule.clause) == ("X.nadir", "clause 2")
    assert rule.statement == (
        "The nadir is the smallest complete sum of baseline and all earlier time points."
    )
    nadir = Nadir()
    found = rule.derive("nadir", nadir.inputs())
    assert found.value is None
    assert found.sentence == "No complete sum before this time point, clause 2"
    told = []
    for name, size in (("BL", 9), ("TP1", 7), ("TP2", None), ("TP3", 7), ("TP4", 8)):
        nadir.take(None if size is None else Decimal(size), name)
        told.append(rule.derive("nadir", nadir.inputs()).sentence)
    assert told == [
        "Nadir before this time point is 9 ml (BL), clause 2",
        *["Nadir before this time point is 7 ml (TP1), clause 2"] * 4,
    ]
    assert rule.derive("nadir", nadir.inputs()).value == 7


def test_a_change_rule_gives_the_percentage_and_its_direction() -> None:
    rule = change_rule(key="X.change", clause="clause 3", unit="mm²", reference="nadir")
    assert (rule.key, rule.clause) == ("X.change", "clause 3")
    assert rule.statement == "Percentage change of the sum against the nadir."
    ten = Decimal(10)
    for value, change, sentence in (
        (Decimal(9), -10, "Sum 9 mm² is 10 % below the nadir of 10 mm², clause 3"),
        (Decimal(12), 20, "Sum 12 mm² is 20 % above the nadir of 10 mm², clause 3"),
        (ten, 0, "Sum 10 mm² is 0 % above the nadir of 10 mm², clause 3"),
        (None, None, "No percentage against the nadir, clause 3"),
    ):
        found = rule.derive("change", {"value": value, "reference": ten})
        assert (found.value, found.sentence) == (change, sentence)
    assert rule.derive("change", {"value": ten, "reference": None}).value is None
    assert rule.derive("change", {"value": ten, "reference": Decimal(0)}).value is None


def test_a_difference_rule_subtracts() -> None:
    rule = difference_rule(key="X.more", clause="clause 4", unit="mm", reference="nadir")
    assert (rule.key, rule.clause) == ("X.more", "clause 4")
    assert rule.statement == "Absolute change of the sum against the nadir."
    found = rule.derive("more", {"value": Decimal(7), "reference": Decimal("9.5")})
    assert found.value == Decimal("-2.5")
    assert found.sentence == "Sum changed by -2.5 mm against the nadir, clause 4"
    for value, reference in ((None, Decimal(1)), (Decimal(1), None)):
        found = rule.derive("more", {"value": value, "reference": reference})
        assert found.value is None
        assert found.sentence == "No absolute change against the nadir, clause 4"


def test_the_sdtm_mapping_is_that_of_the_source() -> None:
    rows = [
        (item.source, item.domain, item.test_code, item.category, item.note)
        for item in sdtm_items("RECIST 1.1")
    ]
    new = "TUORRES=NEW, TULOC, TULAT"
    assert rows == [
        ("target.organ", "TU", "TUMIDENT", "", "TUORRES=TARGET, TULOC, TULAT"),
        ("non_target.organ", "TU", "TUMIDENT", "", "TUORRES=NON-TARGET, TULOC, TULAT"),
        ("new_lesions.organ", "TU", "TUMIDENT", "", new),
        ("target.ld_mm", "TR", "LDIAM", "", "non-nodal target, mm"),
        ("target.sa_mm", "TR", "LPERP", "", "nodal target, mm"),
        ("target.state", "TR", "TUMSTATE", "", "TOO SMALL TO MEASURE in TRORRES, 5 in TRSTRESN"),
        ("non_target.state", "TR", "TUMSTATE", "", "PRESENT, ABSENT, UNEQUIVOCAL"),
        ("sum_mm", "TR", "SUMDIAM", "", "sum of diameters, mm"),
        ("pct_change_baseline", "TR", "PCBSD", "", "percent change from baseline"),
        ("pct_change_nadir", "TR", "PCNSD", "", "percent change from nadir"),
        ("abs_change_nadir_mm", "TR", "ACNSD", "", "absolute change from nadir, mm"),
        ("target_response", "RS", "TRGRESP", "RECIST 1.1", ""),
        ("non_target_response", "RS", "NTRGRESP", "RECIST 1.1", ""),
        ("new_lesion", "RS", "NEWLPROG", "RECIST 1.1", "EQUIVOCAL or UNEQUIVOCAL"),
        ("overall_response", "RS", "OVRLRESP", "RECIST 1.1", "NE is a result"),
        ("bor", "RS", "BESTRESP", "RECIST 1.1", ""),
    ]
