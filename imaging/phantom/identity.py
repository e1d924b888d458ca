"""Invented persons and institutions. No name, address or number belongs to anybody."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from imaging.phantom.spec import Identity, Scanner

_FAMILY = (
    "Abendroth", "Bellweather", "Castellane", "Dufresnoy", "Eskildsen", "Fontanelli", "Grünwaldt",
    "Hollinghurst", "Ivarsdóttir", "Jankowiak", "Kirchmann", "Lindqvister", "Marchetto",
    "Nordskov", "Okonjewo", "Petrosjan", "Quintavalle", "Rosenzweigh", "Szymczyk", "Tanakawa",
)  # fmt: skip
_FEMALE = ("Alma", "Birgit", "Chiara", "Dorothea", "Elodie", "Freja", "Greta", "Hanne")
_MALE = ("Anselm", "Bastien", "Corrado", "Detlef", "Emil", "Frederik", "Gaspard", "Henrik")
_STREETS = ("Lindenweg", "Rue des Tilleuls", "Harbour Lane", "Via dei Mulini", "Skovvej")
_TOWNS = ("Oberfeldheim", "Saint-Aubry", "Kingsmere", "Valdinoto", "Nordhavnby")
_HOUSES = (
    "Klinikum Oberfeldheim", "Hôpital Saint-Aubry", "Kingsmere General Hospital",
    "Ospedale di Valdinoto", "Nordhavnby Universitetshospital",
)  # fmt: skip

SCANNERS = (
    Scanner(),
    Scanner("NORDLICHT MEDICAL", "Aurora 128", "NL-128-2204", "AUR 6.0.0", 120.0, "B30f"),
    Scanner("TERRA IMAGING", "Basalt CT", "TB-00981", "BCT 11.4", 120.0, "STANDARD"),
    Scanner("OMBRA SYSTEMS", "Velum 80", "OV80-5512", "V3.10SP2", 110.0, "FC08"),
)


def invented_identity(seed: int, *, house: int = 0) -> Identity:
    """One invented person examined at one of five invented hospitals.

    The person depends on ``seed`` and the hospital on ``house``, so that subjects of one site
    share institution, department and station.
    """
    rng = np.random.default_rng([seed, 77])
    house %= len(_HOUSES)
    sex = "FM"[int(rng.integers(2))]
    given = _FEMALE if sex == "F" else _MALE

    def person() -> str:
        family = _FAMILY[int(rng.integers(len(_FAMILY)))]
        first = (_FEMALE + _MALE)[int(rng.integers(len(_FEMALE + _MALE)))]
        return f"{family}^{first}"

    family = _FAMILY[int(rng.integers(len(_FAMILY)))]
    first = given[int(rng.integers(len(given)))]
    number = int(rng.integers(10**7, 10**8))
    return Identity(
        patient_name=f"{family}^{first}",
        patient_id=f"H{house + 1}-{number}",
        birth_date=date(1938, 1, 1) + timedelta(days=int(rng.integers(0, 17_000))),
        sex=sex,
        weight_kg=float(rng.integers(52, 104)),
        height_m=round(float(rng.uniform(1.55, 1.92)), 2),
        address=f"{_STREETS[house]} {int(rng.integers(1, 140))}, {_TOWNS[house]}",
        phone=f"+00 555 {int(rng.integers(100, 999))} {int(rng.integers(1000, 9999))}",
        institution=_HOUSES[house],
        institution_address=f"{_STREETS[house]} 1, {_TOWNS[house]}",
        department="Radiology",
        station=f"CT{house + 1}-{_TOWNS[house][:6].upper()}",
        referring_physician=f"{person()}^^Dr.",
        performing_physician=f"{person()}^^Dr.",
        operator=person(),
        accession_number=f"ACC{int(rng.integers(10**8, 10**9))}",
    )
