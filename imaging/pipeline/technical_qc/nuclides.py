"""Radionuclides: recognition in headers, and half-lives.

Half-lives in s from the decay data evaluations of the DDEP/LNHB tables, rounded; scanners round
too, so the check allows a tolerance.
"""

from __future__ import annotations

import re

from pydicom.dataset import Dataset

HALF_LIVES_S: dict[str, float] = {
    "C-11": 1_221.8,
    "N-13": 597.9,
    "O-15": 122.2,
    "F-18": 6_586.2,
    "Cu-64": 45_724.0,
    "Ga-68": 4_070.0,
    "Rb-82": 76.4,
    "Zr-89": 282_290.0,
    "Tc-99m": 21_624.0,
    "In-111": 242_330.0,
    "I-123": 47_604.0,
    "I-124": 360_800.0,
    "I-131": 693_400.0,
    "Lu-177": 574_300.0,
}

# SRT codes of PS3.16 CID 18 and CID 4020; code meanings are read first.
_CODES = {
    "C-105A1": "C-11",
    "C-107A1": "N-13",
    "C-B1038": "O-15",
    "C-111A1": "F-18",
    "C-127A2": "Cu-64",
    "C-131A3": "Ga-68",
    "C-159A2": "Rb-82",
    "C-168A4": "Zr-89",
    "C-163A8": "Tc-99m",
    "C-145A4": "In-111",
    "C-114A4": "I-123",
    "C-114A5": "I-124",
    "C-114B1": "I-131",
}
_ELEMENTS = {
    "carbon": "C", "nitrogen": "N", "oxygen": "O", "fluorine": "F", "fluor": "F", "copper": "Cu",
    "gallium": "Ga", "rubidium": "Rb", "zirconium": "Zr", "technetium": "Tc", "indium": "In",
    "iodine": "I", "lutetium": "Lu",
}  # fmt: skip
_MASS_FIRST = re.compile(r"\^?(\d{2,3}m?)\^?\s*-?\s*([A-Za-z]+)")
_NAME_FIRST = re.compile(r"([A-Za-z]+)\s*[-^ ]?\^?(\d{2,3}m?)")


def name_of(text: str) -> str:
    """A nuclide such as "F-18" out of "^18^Fluorine", "Fluorine-18", "18F" or "F18"; else ""."""
    for pattern, mass_group, name_group in ((_MASS_FIRST, 1, 2), (_NAME_FIRST, 2, 1)):
        match = pattern.search(text)
        if match is None:
            continue
        word = match.group(name_group)
        symbol = _ELEMENTS.get(word.lower(), word.capitalize() if len(word) < 3 else "")
        name = f"{symbol}-{match.group(mass_group)}"
        if name in HALF_LIVES_S:
            return name
    return ""


def nuclide_of(drug: Dataset) -> str:
    """The nuclide of an item of the Radiopharmaceutical Information Sequence, or ""."""
    codes = drug.get("RadionuclideCodeSequence") or []
    for item in codes:
        found = name_of(str(item.get("CodeMeaning", "")))
        found = found or _CODES.get(str(item.get("CodeValue", "")), "")
        if found:
            return found
    return name_of(str(drug.get("Radiopharmaceutical", "")))
