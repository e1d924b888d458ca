"""A second, differently made upload: identity in every attribute and in many scripts.

`planted.py` plants identity at chosen places; this module plants it everywhere: each attribute of
the data dictionary gets a value of its type that names somebody, in one of many spellings, and each
kind of object, transfer syntax and character set occurs.  What must not survive is known of each
person.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from pydicom._dicom_dict import DicomDictionary
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence

from imaging.pipeline.verifier import UNCHANGED

EXPLICIT: Final = "1.2.840.10008.1.2.1"
IMPLICIT: Final = "1.2.840.10008.1.2"
BIG: Final = "1.2.840.10008.1.2.2"
DEFLATED: Final = "1.2.840.10008.1.2.1.99"
RLE: Final = "1.2.840.10008.1.2.5"
STORAGE: Final = "1.2.840.10008.5.1.4.1.1."


@dataclass(frozen=True)
class Person:
    """An invented person; `family` and `given` as written in the first group of the name."""

    family: str
    given: str
    other_groups: str
    mrn: str
    birth: str
    phone: str
    mail: str
    street: str
    hospital: str
    doctor: str
    operator: str
    accession: str
    serial: str
    charset: str

    @property
    def name(self) -> str:
        return f"{self.family}^{self.given}" + (
            f"={self.other_groups}" if self.other_groups else ""
        )


PEOPLE: Final = (
    Person("Kwiatkowska-Brandt", "Honorata", "", "770-88-1234", "19520709", "0171 555 01 88",
           "h.kwiatkowska@posteo.example", "Lerchenauer Gasse 44", "Krankenhaus Dornbirnegg",
           "Wiesengrundner^Theobald", "Szczepaniak^Ireneusz", "ACN-2291-0077", "SN#X7719-22",
           "ISO_IR 192"),
    Person("Größenwaldt", "Öztürk", "", "MR0099812", "19610402", "+49-6221-5550142",
           "oe.groessenwaldt@kliniken.example", "Käthe-Rösner-Weg 3", "Universitätsklinik Börnheim",
           "Häberle^Käthchen", "Ångström^Björnson", "A9918277", "FX-11-0098", "ISO_IR 100"),
    Person("Иванченко", "Людмила", "", "61500917", "19700228", "8 (495) 555-01-77",
           "ludmila.ivanchenko@pochta.example", "улица Вязовая 12", "Городская больница Заречье",
           "Прохоренков^Аркадий", "Щербатюк^Зинаида", "РК-771299", "77190042", "ISO_IR 144"),
    Person("Παπαδημητρίου", "Ευσταθία", "", "GR-445190", "19450817", "210 555 0191",
           "papadim@iatreio.example", "οδός Κυκλαμίνων 5", "Νοσοκομείο Αμπελώνας",
           "Θεοδωρακόπουλος^Άρης", "Ξανθάκη^Φωτεινή", "GA100237", "ΣΝ-4410", "ISO_IR 126"),
    Person("Wang", "XiaoDong", "王^小东", "CN20011887", "19831130", "010-5550-1299",
           "wangxd@yiyuan.example", "梧桐路七号", "梧桐第三医院", "欧阳^建国", "司马^丽华",
           "BJ-00187265", "CT-88-1177", "GB18030"),
    Person("Kurosawa", "Haruki", "黒沢^春樹=くろさわ^はるき", "0044187-2", "19670305",
           "06-5550-1774", "kurosawa.h@byoin.example", "桜ケ丘二丁目", "桜ケ丘総合病院",
           "藤堂^美咲", "御手洗^健一", "OSK-120044", "SER-JP-9", "\\ISO 2022 IR 87"),
    Person("Seo", "Yeonhwa", "서^연화=서^연화", "KR7712-004", "19911212", "02-5550-1288",
           "seo.yh@byeongwon.example", "은행나무길 8", "은행나무병원", "남궁^도윤", "선우^예린",
           "SEL8890012", "KS-009", "\\ISO 2022 IR 149"),
    Person("الحمداني", "زينب", "", "AR-118820", "19590101", "+962 6 555 0133",
           "z.hamdani@mashfa.example", "شارع الياسمين", "مستشفى الياسمين", "القيسي^نزار",
           "البرغوثي^ليلى", "JO-551002", "AMM-21", "ISO_IR 127"),
    Person("גולדשטיין", "אביגיל", "", "IL0312447", "19480515", "03-555-0172",
           "avigail@beitholim.example", "רחוב הגפן", "בית חולים הגפן", "רוזנצווייג^נפתלי",
           "אלקיים^שירה", "TLV77012", "HE-55", "ISO_IR 138"),
    Person("O'Shaughnessy", "Máirín", "", "IE 5501 882", "19440621", "(01) 555-0146",
           "mairin@ospideal.example", "14 Rowanberry Terrace", "Ospidéal Rowanberry",
           "MacGiolla^Tadhg", "de Búrca^Nóirín", "DUB/2024/00917", "E-100.92", "ISO_IR 100"),
    Person("Dvořáčková", "Zdeňka", "", "505412/0087", "19500412", "+420 555 012 288",
           "dvorackova@nemocnice.example", "Lipová alej 7", "Nemocnice Lipová",
           "Říhošek^Přemysl", "Žďárský^Jiří", "CZ-90017", "P-2201", "ISO_IR 101"),
    Person("Phan", "Nguyệt Ánh", "", "VN 0091827", "19770919", "028 5550 1277",
           "nguyetanh@benhvien.example", "hẻm Hoa Sữa", "Bệnh viện Hoa Sữa", "Đoàn^Thục Uyên",
           "Quách^Trọng Nghĩa", "SGN88120", "VK-7", "ISO_IR 192"),
)  # fmt: skip

Spelling = Callable[[Person], str]
#: Ways in which a free text names somebody, each beside words of the field.
SPELLINGS: Final[tuple[Spelling, ...]] = (
    lambda p: f"CT CHEST {p.family} {p.given}",
    lambda p: f"{p.given} {p.family} LIVER",
    lambda p: f"{p.family.upper()}, {p.given.upper()} AXIAL",
    lambda p: f"{p.given[0]}. {p.family} PELVIS",
    lambda p: f"{p.family.lower()}_{p.given.lower()}_t2_tse",
    lambda p: f"{p.family}{p.given} BRAIN",
    lambda p: f"head {'-'.join(p.family)}",
    lambda p: f"MRN {p.mrn} KNEE",
    lambda p: f"spine {digits(p.mrn)}",
    lambda p: f"acc. {p.accession} ABDOMEN",
    lambda p: f"call {p.phone} LUNG",
    lambda p: f"LUNG tel {digits(p.phone)}",
    lambda p: f"mailto:{p.mail} HEART",
    lambda p: f"{p.mail} THORAX",
    lambda p: f"{p.street}, {p.hospital}",
    lambda p: f"ref Dr. {p.doctor.replace('^', ' ')} AXIAL",
    lambda p: f"RT {p.operator.replace('^', ', ')}",
    lambda p: f"born {p.birth[6:]}.{p.birth[4:6]}.{p.birth[:4]} BRAIN",
    lambda p: f"DOB {p.birth[4:6]}/{p.birth[6:]}/{p.birth[:4]} LIVER",
    lambda p: f"DOB {p.birth} SPLEEN",
    lambda p: f"{p.birth[:4]}-{p.birth[4:6]}-{p.birth[6:]} KIDNEY",
    lambda p: f"({p.family}) PORTAL VENOUS",
    lambda p: f"PATIENT:{p.family}/{p.given};SERIAL:{p.serial}",
    lambda p: f"{p.family}'s liver lesion",
    lambda p: f"{p.hospital.upper()} SPINE",
    lambda p: f"{p.doctor.partition('^')[0]}Proto",
    lambda p: f"v{short_birth(p)}",
    lambda p: f"{short_birth(p)} SPINE",
)


def short_birth(person: Person) -> str:
    """A date of birth as many write it: 09Jul52."""
    month = "JanFebMarAprMayJunJulAugSepOctNovDec"[3 * int(person.birth[4:6]) - 3 :][:3]
    return person.birth[6:] + month + person.birth[2:4]


def digits(text: str) -> str:
    return "".join(sign for sign in text if sign.isdigit())


def secrets_of(person: Person) -> set[str]:
    """What must not be found, long enough not to occur by chance."""
    found = {
        person.family, person.given, person.mrn, digits(person.mrn), person.phone,
        digits(person.phone), person.mail, person.mail.split("@")[0], person.accession,
        person.serial, person.birth, person.hospital.split()[-1], short_birth(person),
        *person.doctor.split("^"), *person.operator.split("^"),
        *person.other_groups.replace("=", "^").split("^"),
    }  # fmt: skip
    return {s for s in found if len(s) >= 5 or (not s.isascii() and len(s) >= 2)}


class Maker:
    """Makes the files; a seed decides which spelling goes where."""

    def __init__(self, seed: int = 1) -> None:
        self._random = random.Random(seed)
        self.planted = 0

    def text(self, person: Person) -> str:
        self.planted += 1
        return self._random.choice(SPELLINGS)(person)

    def uid(self, person: Person, *parts: object) -> str:
        """A UID that carries the number of the person, as some modalities make them."""
        tail = sum(ord(c) * (i + 1) for i, c in enumerate("".join(map(str, parts))))
        mrn = digits(person.mrn).lstrip("0")
        return f"1.2.826.0.1.{mrn}.{len(parts)}.{tail}"

    def value(self, person: Person, vr: str, tag: int) -> object:
        """A value of a VR that names the person."""
        self.planted += 1
        if vr in ("LO", "SH", "ST", "LT", "UT", "UC"):
            text = self.text(person)
            return text[:16] if vr == "SH" else text[:64] if vr == "LO" else text
        family = person.family if person.family.isascii() else person.mail.split("@")[0]
        upper = "".join(c if c.isalnum() else "_" for c in family.upper())[:16]
        raw = family.encode().ljust(32, b"\0")[:32]
        return {
            "CS": upper, "AE": upper, "PN": person.name,
            "UR": f"https://pacs.example/{person.mrn.replace(' ', '')}",
            "UI": self.uid(person, tag), "IS": digits(person.mrn)[:9],
            "DS": digits(person.mrn)[:12], "DA": person.birth, "DT": person.birth + "101500",
            "TM": "101500", "AS": "093Y",
            "UL": int(digits(person.mrn)[:9]), "SL": int(digits(person.mrn)[:9]),
            "OB": family.encode("utf-16-le"), "OW": family.encode("utf-16-le"),
            "UN": person.name.encode().ljust(64, b"\0"),
            "US": 7, "SS": 7, "FL": 1.5, "FD": 1.5, "AT": 0x00100010,
            "OF": raw, "OD": raw, "OL": raw, "OV": raw,
            "UV": 7, "SV": 7,
        }[vr]  # fmt: skip

    def base(self, person: Person, modality: str, sop_class: str, number: int) -> Dataset:
        ds = Dataset()
        ds.SpecificCharacterSet = person.charset.split("\\")
        ds.SOPClassUID = STORAGE + sop_class
        ds.SOPInstanceUID = self.uid(person, modality, sop_class, number)
        ds.StudyInstanceUID = self.uid(person)
        ds.SeriesInstanceUID = self.uid(person, modality, sop_class)
        ds.FrameOfReferenceUID = self.uid(person, "for", 1)
        ds.Modality = modality
        ds.PatientName, ds.PatientID, ds.PatientBirthDate = person.name, person.mrn, person.birth
        ds.PatientSex, ds.PatientAge, ds.PatientWeight = "F", "061Y", "70.5"
        ds.OtherPatientIDs = person.mrn
        ds.PatientTelephoneNumbers, ds.PatientAddress = person.phone, person.street
        ds.StudyDate = ds.SeriesDate = ds.AcquisitionDate = ds.ContentDate = "20230519"
        ds.StudyTime = ds.SeriesTime = ds.AcquisitionTime = ds.ContentTime = "111213.5"
        ds.AccessionNumber = person.accession
        ds.ReferringPhysicianName, ds.OperatorsName = person.doctor, person.operator
        ds.InstitutionName, ds.DeviceSerialNumber = person.hospital, person.serial
        ds.Manufacturer, ds.ManufacturerModelName = "SIEMENS", "Biograph128"
        ds.SoftwareVersions = ["VG60A", "syngo MI.PET 2013B"]
        ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = person.accession[:16], 3, number
        ds.StudyDescription, ds.SeriesDescription = self.text(person), self.text(person)
        ds.ProtocolName, ds.PatientComments = self.text(person), self.text(person)
        ds.RequestingPhysician = person.doctor
        return ds

    def pixels(self, ds: Dataset, number: int, *, colour: bool = False) -> Dataset:
        ds.Rows, ds.Columns = 32, 48
        ds.SamplesPerPixel = 3 if colour else 1
        ds.PhotometricInterpretation = "RGB" if colour else "MONOCHROME2"
        if colour:
            ds.PlanarConfiguration = 0
        bits = 8 if colour else 16
        ds.BitsAllocated, ds.BitsStored, ds.HighBit = bits, bits, bits - 1
        ds.PixelRepresentation = 0
        ramp = np.add.outer(np.arange(32), np.arange(48)) * 9 + number
        if colour:
            ds.PixelData = np.repeat(ramp[..., None] % 256, 3, 2).astype(np.uint8).tobytes()
        else:
            ds.PixelData = ramp.astype(np.uint16).tobytes()
        ds["PixelData"].VR = "OB" if colour else "OW"
        return ds

    def slice(self, person: Person, modality: str, number: int) -> Dataset:
        """An image with geometry, dose, private blocks, graphics and identity five levels deep."""
        sop_class = {"CT": "2", "MR": "4", "PT": "128", "NM": "20"}[modality]
        ds = self.pixels(self.base(person, modality, sop_class, number), number)
        ds.ImageType = ["ORIGINAL", "PRIMARY"]
        ds.ImagePositionPatient = ["-100.5", "-80.25", f"{number * 2.5:.2f}"]
        ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
        ds.PixelSpacing, ds.SliceThickness = ["0.9765625", "0.9765625"], "2.5"
        ds.RescaleIntercept, ds.RescaleSlope = "-1024", "1"
        if modality == "CT":
            ds.KVP, ds.XRayTubeCurrent, ds.ConvolutionKernel = "120", 210, "B31f"
        if modality == "MR":
            ds.EchoTime, ds.RepetitionTime, ds.FlipAngle = "2.98", "2300", "9"
            ds.SequenceName, ds.ScanningSequence = "*tfl3d1_16ns", "GR"
        if modality == "PT":
            drug = Dataset()
            drug.Radiopharmaceutical, drug.RadionuclideTotalDose = "Fluorodeoxyglucose", "348000000"
            drug.RadionuclideHalfLife = "6586.2"
            drug.RadiopharmaceuticalStartTime = "101000"
            drug.RadiopharmaceuticalStartDateTime = "20230519101000"
            ds.RadiopharmaceuticalInformationSequence = [drug]
            ds.Units, ds.DecayCorrection, ds.CorrectedImage = "BQML", "START", ["DECY", "ATTN"]
        self._deep(ds, person, 5)
        self._private(ds, person)
        self._groups(ds, person)
        return ds

    def _deep(self, ds: Dataset, person: Person, depth: int) -> None:
        inner = Dataset()
        inner.PatientName, inner.PatientID = person.name, person.mrn
        inner.TextValue, inner.CodeMeaning = self.text(person), self.text(person)
        inner.InstitutionAddress, inner.ContentDate = person.street, "20230519"
        inner.ReferencedSOPInstanceUID = ds.SOPInstanceUID
        inner.ReferencedSOPClassUID = ds.SOPClassUID
        block = inner.private_block(0x0071, "INNER " + person.mrn[:8], create=True)
        block.add_new(1, "UN", person.name.encode())
        for keyword in ("ConceptCodeSequence", "ContentSequence", "AnatomicRegionSequence",
                        "ViewCodeSequence", "DerivationImageSequence")[:depth]:  # fmt: skip
            outer = Dataset()
            outer.StudyComments = self.text(person)
            setattr(outer, keyword, Sequence([inner]))
            inner = outer
        ds.SharedFunctionalGroupsSequence = [inner]
        self.planted += 4

    def _private(self, ds: Dataset, person: Person) -> None:
        known = ds.private_block(0x0019, "SIEMENS MR HEADER", create=True)
        known.add_new(0x0C, "IS", "800")
        known.add_new(0x0F, "SH", person.mail[:16])
        other = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
        other.add_new(0x10, "OB", b"SV10" + person.name.encode("utf-16-le"))
        other.add_new(0x20, "UN", person.name.encode())
        nested = Dataset()
        nested.PatientName = person.name
        own = ds.private_block(0x0033, "HOUSE OF " + person.mrn[:6], create=True)
        own.add_new(0x01, "SQ", [nested])
        own.add_new(0x02, "LT", self.text(person))
        ds.add_new(0x00351022, "LO", person.mrn)
        self.planted += 5

    def _groups(self, ds: Dataset, person: Person) -> None:
        for group in (0x6000, 0x6002, 0x601E):
            ds.add_new(group << 16 | 0x0010, "US", 8)
            ds.add_new(group << 16 | 0x0011, "US", 8)
            ds.add_new(group << 16 | 0x0022, "LO", self.text(person)[:64])
            ds.add_new(group << 16 | 0x0100, "US", 1)
            ds.add_new(group << 16 | 0x3000, "OW", person.mail.encode()[:8].ljust(8))
        for group in (0x5000, 0x5002):
            ds.add_new(group << 16 | 0x2500, "LO", self.text(person)[:64])
            ds.add_new(group << 16 | 0x3000, "OW", person.mail.encode().ljust(64))
        ds.add_new(0x00080001, "UL", 4711)
        ds.add_new(0x00204000, "LT", self.text(person))
        ds.add_new(0x00084000, "LT", self.text(person))
        icon = Dataset()
        icon.ImageComments, icon.PixelData = self.text(person), person.mail.encode().ljust(64)
        icon["PixelData"].VR = "OW"
        ds.IconImageSequence = [icon]
        ds.DataSetTrailingPadding = person.name.encode().ljust(64, b"\0")
        self.planted += 7

    def everywhere(self, person: Person, part: int, parts: int) -> Dataset:
        """A registration object that carries one part of the whole data dictionary."""
        ds = self.base(person, "REG", "66.1", part)
        inner = Dataset()
        for index, (tag, (vr, *_)) in enumerate(sorted(DicomDictionary.items())):
            skip = tag >> 16 <= 2 or tag >> 16 in (0x7FE0, 0xFFFE) or tag & 0xFFFF == 0
            if index % parts != part or skip or tag in UNCHANGED or tag in ds:
                continue
            choice = vr.split(" or ")[0]
            if choice in ("SQ", "NONE"):
                continue
            ds.add_new(tag, choice, self.value(person, choice, tag))
            if tag not in (0x00080005, 0x00080018, 0x0020000D, 0x0020000E):
                inner.add_new(tag, choice, self.value(person, choice, tag))
        ds.BurnedInAnnotation = "NO"
        ds.StrainCodeSequence = [inner]
        return ds

    def document(self, person: Person, images: list[Dataset], kind: str, number: int) -> Dataset:
        """An object without pixels of its own that refers to images."""
        classes = {
            "RTSTRUCT": "481.3", "RTPLAN": "481.5", "SR": "88.33", "PR": "11.1", "KO": "88.59",
            "ECG": "9.1.1", "DOC": "104.1",
        }  # fmt: skip
        ds = self.base(person, kind, classes[kind], number)
        reference = Dataset()
        reference.ReferencedSOPClassUID = images[0].SOPClassUID
        reference.ReferencedSOPInstanceUID = images[0].SOPInstanceUID
        series = Dataset()
        series.SeriesInstanceUID = images[0].SeriesInstanceUID
        series.ReferencedImageSequence = [reference]
        getattr(self, f"_{kind.lower()}")(ds, person, reference, series)
        return ds

    def _rtstruct(self, ds: Dataset, person: Person, reference: Dataset, series: Dataset) -> None:
        ds.StructureSetLabel, ds.StructureSetName = person.mail[:16], self.text(person)[:64]
        ds.StructureSetDescription, ds.StructureSetDate = self.text(person), "20230520"
        roi, contour, observed = Dataset(), Dataset(), Dataset()
        roi.ROINumber, roi.ReferencedFrameOfReferenceUID = 1, ds.FrameOfReferenceUID
        roi.ROIName, roi.ROIGenerationDescription = self.text(person)[:64], self.text(person)[:64]
        ds.StructureSetROISequence = [roi]
        contour.ContourImageSequence = [reference]
        contour.ContourData, contour.NumberOfContourPoints = ["1", "2", "3"], 1
        contour.ContourGeometricType = "POINT"
        holder = Dataset()
        holder.ReferencedROINumber, holder.ContourSequence = 1, [contour]
        ds.ROIContourSequence = [holder]
        observed.ROIInterpreter, observed.ROIObservationDescription = (
            person.doctor, self.text(person)[:1024],
        )  # fmt: skip
        observed.ObservationNumber = observed.ReferencedROINumber = 1
        ds.RTROIObservationsSequence = [observed]

    def _rtplan(self, ds: Dataset, person: Person, reference: Dataset, series: Dataset) -> None:
        ds.RTPlanLabel, ds.RTPlanName = person.mail[:16], self.text(person)[:64]
        ds.RTPlanDate, ds.RTPlanDescription = "20230520", self.text(person)
        beam = Dataset()
        beam.BeamName, beam.TreatmentMachineName = self.text(person)[:64], person.serial[:16]
        beam.BeamNumber, beam.BeamType = 1, "STATIC"
        ds.BeamSequence = [beam]
        ds.ReferencedStructureSetSequence = [reference]

    def _sr(self, ds: Dataset, person: Person, reference: Dataset, series: Dataset) -> None:
        observer = Dataset()
        observer.VerifyingObserverName = person.doctor
        observer.VerifyingOrganization = person.hospital
        observer.VerificationDateTime = "20230520101010"
        ds.VerifyingObserverSequence = [observer]
        ds.CompletionFlag, ds.VerificationFlag, ds.ValueType = "COMPLETE", "VERIFIED", "CONTAINER"
        items = []
        for kind, keyword, value in (
            ("PNAME", "PersonName", person.name), ("TEXT", "TextValue", self.text(person)),
            ("DATE", "Date", "20230519"), ("UIDREF", "UID", reference.ReferencedSOPInstanceUID),
            ("IMAGE", "ReferencedSOPSequence", [reference]),
        ):  # fmt: skip
            item = Dataset()
            item.RelationshipType, item.ValueType = "CONTAINS", kind
            setattr(item, keyword, value)
            items.append(item)
        nested = Dataset()
        nested.RelationshipType, nested.ValueType = "CONTAINS", "CONTAINER"
        nested.ContentSequence = items
        ds.ContentSequence = [nested]

    def _pr(self, ds: Dataset, person: Person, reference: Dataset, series: Dataset) -> None:
        ds.ContentLabel, ds.ContentDescription = "MARKS", self.text(person)[:64]
        ds.ContentCreatorName, ds.PresentationCreationDate = person.doctor, "20230520"
        text, note, layer = Dataset(), Dataset(), Dataset()
        text.UnformattedTextValue = self.text(person)
        note.GraphicLayer, note.TextObjectSequence = "NOTES", [text]
        ds.GraphicAnnotationSequence = [note]
        layer.GraphicLayer, layer.GraphicLayerOrder = "NOTES", 1
        layer.GraphicLayerDescription = self.text(person)[:64]
        ds.GraphicLayerSequence = [layer]
        ds.ReferencedSeriesSequence = [series]

    def _ko(self, ds: Dataset, person: Person, reference: Dataset, series: Dataset) -> None:
        self._sr(ds, person, reference, series)
        evidence = Dataset()
        evidence.StudyInstanceUID = ds.StudyInstanceUID
        evidence.ReferencedSeriesSequence = [series]
        ds.CurrentRequestedProcedureEvidenceSequence = [evidence]

    def _ecg(self, ds: Dataset, person: Person, reference: Dataset, series: Dataset) -> None:
        wave, note = Dataset(), Dataset()
        wave.MultiplexGroupLabel, wave.WaveformBitsAllocated = self.text(person)[:16], 16
        wave.NumberOfWaveformChannels, wave.NumberOfWaveformSamples = 1, 100
        wave.WaveformSampleInterpretation, wave.SamplingFrequency = "SS", "500"
        wave.WaveformData = struct.pack("<100h", *range(100))
        ds.WaveformSequence = [wave]
        note.UnformattedTextValue = self.text(person)
        ds.WaveformAnnotationSequence = [note]

    def _doc(self, ds: Dataset, person: Person, reference: Dataset, series: Dataset) -> None:
        ds.EncapsulatedDocument = b"%PDF-1.4 " + person.name.encode().ljust(64)
        ds.DocumentTitle = self.text(person)
        ds.MIMETypeOfEncapsulatedDocument = "application/pdf"

    def functional_groups(self, person: Person, images: list[Dataset], kind: str) -> Dataset:
        """An enhanced CT or MR, or a segmentation, with identity in every group of every frame."""
        sop_class = {"CT": "2.1", "MR": "4.1", "SEG": "66.4", "RTDOSE": "481.2"}[kind]
        ds = self.pixels(self.base(person, kind, sop_class, 1), 1)
        ds.ImageType = ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]
        ds.NumberOfFrames, ds.PixelData = 2, ds.PixelData * 2
        source = Dataset()
        source.ReferencedSOPClassUID = images[0].SOPClassUID
        source.ReferencedSOPInstanceUID = images[0].SOPInstanceUID
        frames = []
        for number in (1, 2):
            content, frame, derived, position = Dataset(), Dataset(), Dataset(), Dataset()
            content.FrameComments, content.FrameAcquisitionDateTime = (
                self.text(person), "20230519111213",
            )  # fmt: skip
            content.FrameLabel = self.text(person)[:64]
            derived.SourceImageSequence, derived.DerivationDescription = (
                [source], self.text(person),
            )  # fmt: skip
            position.ImagePositionPatient = ["0", "0", str(number)]
            frame.FrameContentSequence, frame.DerivationImageSequence = [content], [derived]
            frame.PlanePositionSequence = [position]
            frames.append(frame)
        ds.PerFrameFunctionalGroupsSequence = frames
        if kind == "SEG":
            segment = Dataset()
            segment.SegmentNumber, segment.SegmentLabel = 1, self.text(person)[:64]
            segment.SegmentDescription, segment.TrackingID = self.text(person), self.text(person)
            segment.TrackingUID = self.uid(person, "tracking", 4)
            ds.SegmentSequence = [segment]
        return ds


def write(ds: Dataset, path: Path, person: Person, syntax: str) -> None:
    """Write a file with identity in its preamble, meta information and after its end."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.file_meta.SendingApplicationEntityTitle = person.mail[:16]
    ds.file_meta.PrivateInformationCreatorUID = "1.2.3.4"
    ds.file_meta.PrivateInformation = person.name.encode()
    ds.preamble = person.mail.encode()[:100].ljust(128, b"\0")
    if syntax == RLE:
        ds.file_meta.TransferSyntaxUID = EXPLICIT
        ds.compress(RLE, generate_instance_uid=False)
    for element in ds:
        if element.VR == "SQ":
            element.is_undefined_length = len(path.name) % 2 == 0
    ds.save_as(
        path,
        implicit_vr=syntax == IMPLICIT,
        little_endian=syntax != BIG,
        enforce_file_format=True,
    )
    if syntax not in (DEFLATED,):
        with path.open("ab") as stream:
            stream.write(b"\0\0\0\0" + person.mail.encode() * 3)


def make_upload(folder: Path, *, people: tuple[Person, ...] = PEOPLE, parts: int = 12) -> Maker:
    """Write the upload into folders named after the people; return what was planted."""
    maker = Maker()
    for person in people:
        home = folder / f"{person.family} {person.mrn}".replace("/", "_")
        home.mkdir(parents=True)
        for name, ds, syntax in files_of(maker, person, parts):
            write(ds, home / f"{person.given}_{name}.dcm", person, syntax)
    return maker


def files_of(maker: Maker, person: Person, parts: int) -> Iterator[tuple[str, Dataset, str]]:
    syntaxes = (EXPLICIT, IMPLICIT, BIG, DEFLATED, RLE)
    images = [
        maker.slice(person, modality, number)
        for modality in ("CT", "MR", "PT", "NM")
        for number in range(1, 4)
    ]
    count = 0
    for ds in images:
        yield f"{ds.Modality}{count}", ds, syntaxes[count % 5]
        count += 1
    for kind in ("CT", "MR", "SEG", "RTDOSE"):
        yield f"enhanced{kind}", maker.functional_groups(person, images, kind), syntaxes[count % 3]
        count += 1
    for kind in ("RTSTRUCT", "RTPLAN", "SR", "PR", "KO", "ECG", "DOC"):
        yield kind, maker.document(person, images, kind, count), syntaxes[count % 3]
        count += 1
    for part in range(parts):
        yield f"everywhere{part}", maker.everywhere(person, part, parts), syntaxes[part % 2]
