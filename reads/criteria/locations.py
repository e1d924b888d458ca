"""Lesion locations as a coded list.

Each location has the organ that the criteria count by (paired organs are one organ, all lymph
nodes together are one: EORTC clarifications, criteria.md 2.1), the CDISC LOC term with whether
LAT applies, and the DICOM anatomic region (SNOMED CT code as used in PS3.16 CID 4 and CID 7600).
Free organ text from older forms is resolved to a location where its words are known; other text
counts as an organ of its own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

LYMPH_NODE = "LYMPH NODE"


class Laterality(StrEnum):
    """CDISC LAT with the DICOM laterality modifier (SNOMED CT, PS3.16 CID 244)."""

    LEFT = "LEFT"
    RIGHT = "RIGHT"
    BILATERAL = "BILATERAL"

    @property
    def dicom_code(self) -> str:
        """Return the SNOMED CT code of the laterality."""
        return {"LEFT": "7771000", "RIGHT": "24028007", "BILATERAL": "51440002"}[self.value]


@dataclass(frozen=True, slots=True, kw_only=True)
class LesionLocation:
    """One coded location.

    code: value stored on the form; organ: group for the limit per organ; cdisc_loc: CDISC LOC
    submission value; paired: whether LAT is asked; region: SNOMED CT code and meaning.
    nodal: a lymph node; pelvic: a node of the pelvis (PCWG3 reports these apart); bone: skeleton;
    words: further spellings in free text.
    """

    code: str
    organ: str
    cdisc_loc: str
    region_code: str
    region_meaning: str
    paired: bool = False
    nodal: bool = False
    pelvic: bool = False
    bone: bool = False
    words: tuple[str, ...] = ()


def _organ(
    code: str,
    region: tuple[str, str],
    *words: str,
    cdisc: str = "",
    organ: str = "",
    paired: bool = False,
    bone: bool = False,
) -> LesionLocation:
    return LesionLocation(
        code=code,
        organ=organ or code,
        cdisc_loc=cdisc or code,
        region_code=region[0],
        region_meaning=region[1],
        paired=paired,
        bone=bone,
        words=words,
    )


def _node(code: str, region: tuple[str, str], *words: str, pelvic: bool = False) -> LesionLocation:
    return LesionLocation(
        code=code,
        organ=LYMPH_NODE,
        cdisc_loc=code,
        region_code=region[0],
        region_meaning=region[1],
        paired=region[0] in {"68171009", "8928004", "81105003"},
        nodal=True,
        pelvic=pelvic,
        words=words,
    )


LOCATIONS = (
    _organ("ABDOMINAL WALL", ("818981001", "Abdomen")),
    _organ("ADRENAL GLAND", ("23451007", "Adrenal gland"), "ADRENAL", "ADRENALS", paired=True),
    _organ("ANUS", ("53505006", "Anus")),
    _organ("BILE DUCT", ("28273000", "Bile duct")),
    _organ("BLADDER", ("89837001", "Bladder"), "URINARY BLADDER", cdisc="URINARY BLADDER"),
    _organ(
        "BONE",
        ("272673000", "Bone"),
        "SKELETON",
        "VERTEBRA",
        "SPINE",
        "RIB",
        "FEMUR",
        "STERNUM",
        "SACRUM",
        "SKULL",
        "SCAPULA",
        "ILIUM",
        bone=True,
    ),
    _organ("BONE MARROW", ("14016003", "Bone marrow"), "MARROW"),
    _organ("BRAIN", ("12738006", "Brain"), "CEREBRUM", "CEREBELLUM", "CNS"),
    _organ("BREAST", ("76752008", "Breast"), "BREASTS", paired=True),
    _organ("BRONCHUS", ("955009", "Bronchus")),
    _organ("CERVIX", ("71252005", "Cervix"), cdisc="CERVIX UTERI"),
    _organ("CHEST WALL", ("78904004", "Chest wall")),
    _organ("COLON", ("71854001", "Colon"), "LARGE INTESTINE"),
    _organ("DIAPHRAGM", ("5798000", "Diaphragm")),
    _organ("DUODENUM", ("38848004", "Duodenum")),
    _organ("ESOPHAGUS", ("32849002", "Esophagus"), "OESOPHAGUS"),
    _organ("EYE", ("81745001", "Eye"), "EYES", paired=True),
    _organ("FALLOPIAN TUBE", ("31435000", "Fallopian tube"), paired=True),
    _organ("GALLBLADDER", ("28231008", "Gallbladder")),
    _organ("HEART", ("80891009", "Heart")),
    _organ("KIDNEY", ("64033007", "Kidney"), "KIDNEYS", "RENAL", paired=True),
    _organ("LARYNX", ("4596009", "Larynx")),
    _organ("LIVER", ("10200004", "Liver"), "HEPATIC"),
    _organ("LUNG", ("39607008", "Lung"), "LUNGS", "PULMONARY", paired=True),
    _organ("MEDIASTINUM", ("72410000", "Mediastinum")),
    _organ("MENINGES", ("1231004", "Meninges"), "LEPTOMENINGES"),
    _organ("MUSCLE", ("127954009", "Skeletal muscle"), cdisc="SKELETAL MUSCLE"),
    _organ("NASOPHARYNX", ("360955006", "Nasopharynx")),
    _organ("OMENTUM", ("27398004", "Omentum")),
    _organ("ORAL CAVITY", ("74262004", "Oral cavity"), "MOUTH"),
    _organ("ORBIT", ("363654007", "Orbit"), paired=True),
    _organ("OVARY", ("15497006", "Ovary"), "OVARIES", paired=True),
    _organ("PANCREAS", ("15776009", "Pancreas")),
    _organ("PARANASAL SINUS", ("2095001", "Paranasal sinus")),
    _organ("PAROTID GLAND", ("45289007", "Parotid gland"), "PAROTID", paired=True),
    _organ("PELVIS", ("816092008", "Pelvis")),
    _organ("PERICARDIUM", ("76848001", "Pericardium")),
    _organ("PERITONEUM", ("15425007", "Peritoneum")),
    _organ("PHARYNX", ("54066008", "Pharynx")),
    _organ("PLEURA", ("3120008", "Pleura"), paired=True),
    _organ("PROSTATE", ("41216001", "Prostate"), "PROSTATE GLAND", cdisc="PROSTATE GLAND"),
    _organ("RECTUM", ("34402009", "Rectum")),
    _organ("RETROPERITONEUM", ("82849001", "Retroperitoneum")),
    _organ("SKIN", ("39937001", "Skin")),
    _organ("SMALL INTESTINE", ("30315005", "Small intestine"), "SMALL BOWEL"),
    _organ("SOFT TISSUE", ("87784001", "Soft tissue")),
    _organ("SPINAL CORD", ("2748008", "Spinal cord")),
    _organ("SPLEEN", ("78961009", "Spleen")),
    _organ("STOMACH", ("69695003", "Stomach"), "GASTRIC"),
    _organ("SUBCUTANEOUS TISSUE", ("71966008", "Subcutaneous tissue"), "SUBCUTANEOUS"),
    _organ("TESTIS", ("40689003", "Testis"), "TESTES", paired=True),
    _organ("THYROID GLAND", ("69748006", "Thyroid"), "THYROID"),
    _organ("TONGUE", ("21974007", "Tongue")),
    _organ("TRACHEA", ("44567001", "Trachea")),
    _organ("URETER", ("87953007", "Ureter"), paired=True),
    _organ("UTERUS", ("35039007", "Uterus")),
    _organ("VAGINA", ("76784001", "Vagina")),
    _organ("VULVA", ("45292006", "Vulva")),
    _node(LYMPH_NODE, ("59441001", "Lymph node"), "LYMPH NODES", "NODE", "NODES"),
    _node("ABDOMINAL LYMPH NODE", ("818991007", "Abdominal lymph node")),
    _node("AXILLARY LYMPH NODE", ("68171009", "Axillary lymph node")),
    _node("CERVICAL LYMPH NODE", ("81105003", "Cervical lymph node")),
    _node("HILAR LYMPH NODE", ("53074004", "Hilar lymph node")),
    _node("ILIAC LYMPH NODE", ("84219008", "Iliac lymph node"), pelvic=True),
    _node("INGUINAL LYMPH NODE", ("8928004", "Inguinal lymph node")),
    _node("MEDIASTINAL LYMPH NODE", ("62683002", "Mediastinal lymph node")),
    _node("MESENTERIC LYMPH NODE", ("279795009", "Lymph node of mesentery")),
    _node("PELVIC LYMPH NODE", ("54268001", "Pelvic lymph node"), pelvic=True),
    _node("RETROPERITONEAL LYMPH NODE", ("91394001", "Retroperitoneal lymph node")),
    _node("SUPRACLAVICULAR LYMPH NODE", ("76838003", "Supraclavicular lymph node")),
)

BY_CODE = {location.code: location for location in LOCATIONS}
_BY_WORDS = {
    **{location.code: location for location in LOCATIONS},
    **{word: location for location in LOCATIONS for word in location.words},
}
_SIDE_WORDS = {
    "LEFT": Laterality.LEFT,
    "LT": Laterality.LEFT,
    "L": Laterality.LEFT,
    "RIGHT": Laterality.RIGHT,
    "RT": Laterality.RIGHT,
    "R": Laterality.RIGHT,
    "BILATERAL": Laterality.BILATERAL,
    "BOTH": Laterality.BILATERAL,
}
_NODE_WORDS = {"NODE", "NODES", "NODAL", "LYMPH", "LYMPHATIC", "LN"}


@lru_cache(maxsize=4096)
def _words(text: str) -> tuple[str, ...]:
    return tuple(word for word in re.split(r"[^A-Z0-9]+", text.upper()) if word)


@lru_cache(maxsize=4096)
def location_of(text: str) -> LesionLocation | None:
    """Return the coded location that organ text means, without its side; None when unknown."""
    words = tuple(word for word in _words(text) if word not in _SIDE_WORDS)
    exact = _BY_WORDS.get(" ".join(words))
    if exact is not None:
        return exact
    if _NODE_WORDS.intersection(words):
        return _node_named(words)
    for start in range(len(words)):
        for end in range(len(words), start, -1):
            found = _BY_WORDS.get(" ".join(words[start:end]))
            if found is not None:
                return found
    return None


def _node_named(words: tuple[str, ...]) -> LesionLocation:
    for location in LOCATIONS:
        if location.nodal and location.code != LYMPH_NODE and location.code.split()[0] in words:
            return location
    return BY_CODE[LYMPH_NODE]


def laterality_of(text: str) -> Laterality | None:
    """Return the side that organ or side text names; None when it names none."""
    for word in _words(text):
        if word in _SIDE_WORDS:
            return _SIDE_WORDS[word]
    return None


def organ_group(text: str, *, nodal: bool) -> str:
    """Return the organ that a lesion counts to for the limit per organ.

    All lymph nodes are one organ; left and right of a paired organ are one organ.
    """
    if nodal:
        return LYMPH_NODE
    found = location_of(text)
    if found is not None:
        return found.organ
    return " ".join(word for word in _words(text) if word not in _SIDE_WORDS)


def is_lymph_node(text: str) -> bool:
    """Return whether organ text means a lymph node."""
    found = location_of(text)
    return found is not None and found.nodal


def is_bone(text: str) -> bool:
    """Return whether organ text means the skeleton."""
    found = location_of(text)
    return found is not None and found.bone
