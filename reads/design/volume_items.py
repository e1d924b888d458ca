"""What a volumetric response asks of the same target lesions: a volume in ml for each.

A lesion that is gone counts 0 ml. One that is too small to measure counts the sphere of the
diameter that it counts in mm (0.065 ml for 5 mm, the value RANO 2.0 uses), unless a volume is
given; one that is not evaluable has no volume, and the sum is incomplete.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

Document = dict[str, Any]

_PI_6 = Decimal("0.5235987755982988730771072305")
_MM3_IN_ML = 1000
_FOLLOW_UP = {"context": "time_point.kind", "is": "follow_up"}
_STATE = "target.lesions.state"


def sphere_ml(diameter_mm: Decimal) -> Decimal:
    """Return the volume of a sphere in ml to three decimals (pi/6 times d cubed)."""
    volume = _PI_6 * diameter_mm**3 / _MM3_IN_ML
    return volume.quantize(Decimal("0.001"), rounding=ROUND_HALF_UP)


def as_number(value: Decimal) -> int | float:
    """Return a decimal as a number of a form document; a text would be another kind of value."""
    return int(value) if value == value.to_integral_value() else float(value)


def add(document: Document, too_small_mm: Decimal) -> None:
    """Ask for the volume of every target and show their sum and its course."""
    add_volumes(document, sphere_ml(too_small_mm))


def add_volumes(document: Document, too_small_ml: Decimal) -> None:
    """Ask for volumes; a target too small to measure counts so many ml. Asked once for all."""
    if "baseline.volume_ml" in document["context"]:
        return
    document["context"] |= {"baseline.volume_ml": "decimal", "nadir.volume_ml": "decimal"}
    target = next(each for each in document["sections"] if each["key"] == "target")
    rows = next(each for each in target["items"] if each["key"] == "lesions")["items"]
    state = next(each for each in rows if each["key"] == "state")
    known = {each["code"] for each in state["choices"]}
    measured = [code for code in ("MEASURED", "SPLIT") if code in known]
    place = next(n for n, each in enumerate(rows) if each["key"] in ("pieces", "merged_into"))
    place += rows[place]["key"] == "pieces"
    rows.insert(place, _volume(measured))
    rows.append(_counted(too_small_ml, measured))
    target["items"] += _course()


def _volume(measured: list[str]) -> Document:
    return {
        "key": "volume",
        "label": "Volume",
        "kind": "decimal",
        "unit": "ml",
        "decimals": 3,
        "minimum": "0",
        "maximum": "10000",
        "cdisc": {"dataset": "TR", "variable": "TRORRES", "code": "VOLUME"},
        "shown_when": {"item": _STATE, "one_of": [*measured, "TOO SMALL TO MEASURE"]},
        "required": {"item": _STATE, "one_of": measured},
        "help": "All pieces together.",
    }


def _counted(too_small_ml: Decimal, measured: list[str]) -> Document:
    typed = {"other": "target.lesions.volume"}
    small = {"item": _STATE, "is": "TOO SMALL TO MEASURE"}
    given = {"item": "target.lesions.volume", "answered": True}
    return {
        "key": "volume_value",
        "label": "Volume that counts",
        "kind": "decimal",
        "unit": "ml",
        "decimals": 3,
        "derived": {
            "cases": [
                {"when": {"item": _STATE, "one_of": ["ABSENT", "MERGED"]}, "value": 0},
                {
                    "when": {"all": [small, {"not": given}]},
                    "value": as_number(too_small_ml),
                },
                {
                    "when": {"item": _STATE, "one_of": [*measured, "TOO SMALL TO MEASURE"]},
                    "value": typed,
                },
            ]
        },
        "cdisc": {"dataset": "TR", "variable": "TRSTRESN", "code": "VOLUME"},
    }


def _course() -> list[Document]:
    return [
        {
            "key": "volume_sum",
            "label": "Volume of target lesions",
            "kind": "decimal",
            "unit": "ml",
            "decimals": 3,
            "derived": {"sum": "target.lesions.volume_value"},
            "help": "Empty while any target lesion has no volume.",
            "cdisc": {"dataset": "TR", "variable": "TRSTRESN", "code": "SUMVOL"},
        },
        _before("baseline_volume", "Volume at baseline", "baseline.volume_ml"),
        _before("nadir_volume", "Smallest volume so far", "nadir.volume_ml"),
        _change("volume_since_baseline", "Volume since baseline", "target.baseline_volume"),
        _change("volume_since_nadir", "Volume since the smallest", "target.nadir_volume"),
    ]


def _before(key: str, label: str, source: str) -> Document:
    return {
        "key": key,
        "label": label,
        "kind": "decimal",
        "unit": "ml",
        "decimals": 3,
        "read_only": True,
        "prefill": source,
        "shown_when": _FOLLOW_UP,
    }


def _change(key: str, label: str, reference: str) -> Document:
    return {
        "key": key,
        "label": label,
        "kind": "decimal",
        "unit": "%",
        "decimals": 1,
        "derived": {
            "percent_change": {"from": {"other": reference}, "to": {"other": "target.volume_sum"}},
            "decimals": 1,
        },
        "shown_when": _FOLLOW_UP,
    }
