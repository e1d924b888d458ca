"""A third upload: real files as carriers, one identity planted at each of many kinds of place.

`planted.py` and `hostile.py` make their objects; here the objects are real ones of the corpus, with
the maker's own attributes, sequences, private blocks and syntaxes around each planted value.  What
was not planted must come out as it went in, so a needless loss shows as well as a leak.
"""

from __future__ import annotations

import base64
import copy
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pydicom
from pydicom.datadict import dictionary_VR
from pydicom.dataset import DataElement, Dataset
from pydicom.multival import MultiValue
from pydicom.sequence import Sequence

#: Files of the corpus whose pixels say nothing and whose kind is not held for a person.
CARRIERS: Final = (
    "series/ct_3slice_seg/*.dcm", "series/petct_nema_synthetic/**/*.dcm",
    "series/mr_siemens_mosaic/*.dcm", "series/mr_ge_epi_150/*-0000?.dcm",
    "series/mr_pacsman_128/*", "series/ct_mf_seg_small/*", "rt/lctsc/*", "rt/pydicom/rt*.dcm",
    "sr/*", "seg/seg_image*", "nm/*", "compressed/*", "overlay_waveform/waveform*",
)  # fmt: skip
Path_ = tuple[int, ...]


@dataclass(frozen=True)
class Person:
    """An invented person of one carrier's upload, with what must not be found of them."""

    number: int
    family: str
    given: str
    script: str
    mrn: str
    accession: str
    birth: str
    phone: str
    mail: str
    place: str
    doctor: str
    serial: str

    @property
    def name(self) -> str:
        return f"{self.family}^{self.given}" + (f"={self.script}" if self.script else "")


PEOPLE: Final = (
    Person(0, "Zwingenberger", "Melusine", "", "PX-4471-0082", "RAD/23/000981", "19490228",
           "+44 (0)1632 960 771", "m.zwingenberger@klinikum.example", "Klinikum Sankt Ottilien",
           "Vandenbroucke^Ghislaine", "QZ88-1207"),
    Person(1, "Đặng", "Thị Quỳnh", "", "0045518823", "VN00771826", "19610811", "84 912 345 678",
           "quynhdang@mail.example", "Bệnh viện Trúc Lâm", "Trịnh^Khắc Hiếu", "88120045"),
    Person(2, "Yamanobe", "Sadayoshi", "山野辺^貞義=やまのべ^さだよし", "JP.7719.332", "ACC7719332",
           "19330517", "075-555-0199", "yamanobe@byoin.example", "鴨川中央病院", "柊木^千尋",
           "KMG-55-A"),
    Person(3, "Nuñez-Ybarra", "José Ángel", "", "H 22 91 044", "20230519-0077", "19730630",
           "(55) 5550-1938", "nunez.ybarra@hospital.example", "Hospital Nuestra Señora",
           "Ibargüengoitia^Xóchitl", "S/N 004417"),
    Person(4, "Ní Dhomhnaill", "Sorcha", "", "IE0044917", "DUB-99172", "19881202", "12 34 56 78",
           "sorcha.nid@ospideal.example", "Ospidéal Cnoc na Gréine", "Mac Amhlaigh^Diarmaid",
           "N-7/02"),
)  # fmt: skip
#: Who occurs in free text alone: nothing in any header says that these are names.
STRANGERS: Final = (
    "Pfaffenzeller", "Krzysztofowicz", "Oyelaran-Bamgbose", "Tsukamoto", "Жаворонкова", "欧阳娜娜",
    "Σταματόπουλος", "عبدالرحمن", "Łukaszewska", "MacConmara", "d'Aubuisson", "Åkerblom-Nyström",
)  # fmt: skip
Spelling = Callable[[Person, str], str]
SPELLINGS: Final[tuple[Spelling, ...]] = (
    lambda p, s: f"{p.family} {p.given} CT",
    lambda p, s: f"axial_{p.given}_{p.family}",
    lambda p, s: f"{p.family.swapcase()}{p.given.upper()} head",
    lambda p, s: f"reader {s} liver",
    lambda p, s: f"{s.upper()}: no contrast",
    lambda p, s: f"sent by {s} on the 3rd",
    lambda p, s: f"<b>{p.family}</b>&nbsp;{p.given}",
    lambda p, s: f"id={p.mrn};acc={p.accession}",
    lambda p, s: f"lung {p.mrn.replace('-', '').replace('.', '').replace(' ', '')}",
    lambda p, s: "spine " + " ".join(p.mrn),
    lambda p, s: f"tel. {p.phone}",
    lambda p, s: f"mobile: {p.phone.replace(' ', '.')}",
    lambda p, s: f"{p.mail.replace('@', ' at ')}",
    lambda p, s: f"{p.mail.upper()}",
    lambda p, s: f"{p.place} brain",
    lambda p, s: f"Dr {p.doctor.replace('^', ' ')}, liver",
    lambda p, s: f"*{p.birth[6:]}.{p.birth[4:6]}.{p.birth[2:4]} pelvis",
    lambda p, s: f"{int(p.birth[6:])}/{int(p.birth[4:6])}/{p.birth[:4]}",
    lambda p, s: f"born {p.birth[6:]} {_MONTHS[int(p.birth[4:6])]} {p.birth[:4]}",
    lambda p, s: "０１２３４５６７８９"[0] + "".join(chr(0xFF10 + int(c)) for c in p.birth),
    lambda p, s: "".join(chr(0x660 + int(c)) for c in p.birth),
    lambda p, s: f"SN {p.serial} kidney",
    lambda p, s: f"{p.family[0]}.{p.given[0]}. {s} {p.birth[:4]}",
    lambda p, s: base64.b64encode(p.name.encode()).decode(),
    lambda p, s: p.name.encode().hex(),
    lambda p, s: f"{p.family[::-1]} {s[::-1]}",
    lambda p, s: "\u200b".join(p.family) + " head",
)  # fmt: skip
_MONTHS: Final = " Jan Feb MAR April may June July Aug Sept Oct november DEC".split(" ")
TEXT: Final = frozenset("LO SH ST LT UT UC".split())
#: Text that a machine sets names only people of the upload: nobody types there.
TECHNICAL: Final[tuple[Callable[[Person], str], ...]] = (
    lambda p: f"syngo {p.family}",
    lambda p: f"{p.mrn}_VB17",
    lambda p: f"B31f {p.accession}",
    lambda p: f"{p.place} 1.5T",
    lambda p: f"{p.doctor.split('^')[0].upper()}^tse",
    lambda p: f"coil{p.family}{p.given}",
    lambda p: f"{p.serial}:rev2",
)


class Planter:
    """Plants a person into one file and remembers where: paths of tags and item numbers."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.planted = 0

    def phrase(self, person: Person) -> str:
        self.planted += 1
        return self._random.choice(SPELLINGS)(person, self._random.choice(STRANGERS))

    def machine(self, person: Person) -> str:
        self.planted += 1
        return self._random.choice(TECHNICAL)(person)

    def plant(self, ds: Dataset, person: Person, technical: frozenset[int]) -> set[Path_]:
        """Plant in a share of what the file has, and at places of its own; return the paths."""
        touched: set[Path_] = set()
        for path, holder, element in list(elements_of(ds)):
            tag = int(element.tag)
            if tag & 0x10000 or tag in (0x00080005, 0x00080018, 0x0020000D, 0x0020000E):
                continue
            if element.VR in TEXT and self._random.random() < 0.5:
                is_machine = tag in technical
                new = self.machine(person) if is_machine else self.phrase(person)
                limit = {"SH": 16, "LO": 64}.get(element.VR, 1000)
                holder[element.tag].value = new[:limit].replace("\\", "/")
                touched.add(path)
            elif element.VR == "PN":
                holder[element.tag].value = self._random.choice((person.name, person.doctor))
                self.planted += 1
                touched.add(path)
        self._identity(ds, person)
        touched |= self._nested(ds, person) | self._private(ds, person)
        return touched

    def _identity(self, ds: Dataset, person: Person) -> None:
        ds.SpecificCharacterSet = "ISO_IR 192"
        ds.PatientName, ds.PatientID, ds.PatientBirthDate = person.name, person.mrn, person.birth
        ds.AccessionNumber, ds.DeviceSerialNumber = person.accession[:16], person.serial
        ds.ReferringPhysicianName, ds.InstitutionName = person.doctor, person.place
        ds.PatientTelephoneNumbers, ds.PatientAddress = person.phone, person.place
        ds.OtherPatientNames, ds.StationName = person.name, person.serial[:16]
        ds.add_new(0x00100FFF, "LO", person.mail)  # an attribute that nobody knows
        ds.add_new(0x00380500, "LO", self.phrase(person)[:64])
        ds.add_new(0x4008010C, "PN", person.doctor)
        ds.add_new(0x7F010010, "OB", person.name.encode().ljust(80))
        ds.add_new(0x00204000, "LT", self.phrase(person))
        ds.add_new(0x00321060, "LO", self.phrase(person)[:64])
        self.planted += 16

    def _nested(self, ds: Dataset, person: Person) -> set[Path_]:
        """Sequences that the table of the standard does not name, and some that it does."""
        touched: set[Path_] = set()
        code = Dataset()
        code.CodeValue, code.CodingSchemeDesignator = "P" + person.mrn[:15], "99HOUSE"
        code.CodeMeaning = self.phrase(person)[:64]
        code.add_new(0x00080119, "UC", self.phrase(person))
        for keyword in (
            "ProcedureCodeSequence",
            "ViewModifierCodeSequence",
            "ContributingEquipmentSequence",
            "ReferencedRawDataSequence",
            "RequestAttributesSequence",
            "OriginalAttributesSequence",
            "ScheduledProtocolCodeSequence",
            "OtherPatientIDsSequence",
            "PersonIdentificationCodeSequence",
            "AcquisitionContextSequence",
        ):
            inner = Dataset()
            inner.ConceptCodeSequence = [copy.deepcopy(code)]
            inner.PatientID, inner.IssuerOfPatientID = person.mrn, person.place
            inner.TextValue, inner.PersonName = self.phrase(person), person.doctor
            inner.DateTime = person.birth + "070809"
            inner.Manufacturer = self.machine(person)[:64]
            ds.add_new(pydicom.datadict.tag_for_keyword(keyword), "SQ", Sequence([inner]))
            touched.add((int(pydicom.datadict.tag_for_keyword(keyword)),))
            self.planted += 8
        return touched

    def _private(self, ds: Dataset, person: Person) -> set[Path_]:
        own = ds.private_block(0x0099, f"{person.family.upper()} LAB", create=True)
        own.add_new(0x01, "LO", person.name)
        own.add_new(0x02, "UN", person.mail.encode("utf-16-be"))
        nested = Dataset()
        nested.PatientName, nested.StudyDate = person.name, person.birth
        own.add_new(0x03, "SQ", [nested])
        safe = ds.private_block(0x0019, "GEMS_ACQU_01", create=True)
        if 0x9C not in {int(e.tag) & 0xFF for e in ds.group_dataset(0x0019)}:
            safe.add_new(0x9C, "LO", self.machine(person)[:64])
        other = ds.private_block(0x2001, "Philips Imaging DD 001", create=True)
        other.add_new(0x08, "IS", "".join(c for c in person.mrn if c.isdigit())[:9])
        self.planted += 6
        return set()


def elements_of(ds: Dataset, path: Path_ = ()) -> Iterator[tuple[Path_, Dataset, DataElement]]:
    """Every element that is no sequence, with its path of tags and item numbers."""
    for element in ds:
        where = (*path, int(element.tag))
        if element.VR == "SQ":
            for number, item in enumerate(element.value):
                yield from elements_of(item, (*where, number))
        else:
            yield where, ds, element


def secrets_of(person: Person) -> set[str]:
    """What must not be found of a person; words of the place and of the doctor as well."""
    digits = "".join(sign for sign in person.mrn if sign.isdigit())
    phone = "".join(sign for sign in person.phone if sign.isdigit())
    words = f"{person.family} {person.given} {person.place} {person.doctor}".replace("^", " ")
    found = {
        person.mrn, digits, person.accession, person.phone, phone, person.mail, person.serial,
        person.mail.split("@")[0], *person.script.replace("=", "^").split("^"), *words.split(),
        base64.b64encode(person.name.encode()).decode(), person.name.encode().hex(),
    }  # fmt: skip
    ordinary = {"Hospital", "Klinikum", "Sankt", "central", "na", "Mac", "Bệnh", "viện"}
    return {s for s in found - ordinary if len(s) >= 5 or (not s.isascii() and len(s) >= 2)}


def write_carriers(
    corpus: Path, folder: Path, technical: frozenset[int], *, seed: int = 7, most: int = 4
) -> tuple[Planter, dict[str, tuple[Dataset, set[Path_]]]]:
    """Write the upload; return the planter, and per file name the planted source and its paths."""
    planter, made = Planter(seed), {}
    count = 0
    for pattern in CARRIERS:
        for path in sorted(p for p in corpus.glob(pattern) if p.is_file())[:most]:
            try:
                ds = pydicom.dcmread(path)
                list(ds.iterall())
            except Exception:
                continue
            if not {"SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID"} <= set(ds.dir()):
                continue
            person = PEOPLE[count % len(PEOPLE)]
            for keyword in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID"):
                begin = ds[keyword].value[:50].rstrip(".")
                setattr(ds, keyword, f"{begin}.{person.number}.{count}")
            touched = planter.plant(ds, person, technical)
            name = f"{person.family}_{count:03d}_{person.mrn.replace(' ', '')}.dcm".replace("/", "")
            ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
            ds.file_meta.SourceApplicationEntityTitle = person.mrn[:16]
            ds.preamble = person.mail.encode().ljust(128, b" ")
            ds.save_as(folder / name)
            with (folder / name).open("ab") as stream:
                stream.write(b"\0\0" + person.mail.encode() * 2)
            made[name] = (ds, touched)
            count += 1
    return planter, made


def same(old: object, new: object) -> bool:
    if isinstance(old, MultiValue) and isinstance(new, MultiValue):
        return [str(v) for v in old] == [str(v) for v in new]
    return old == new or str(old) == str(new)


def named(tag: int) -> str:
    try:
        return dictionary_VR(tag)
    except KeyError:
        return ""
