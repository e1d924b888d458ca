"""A generated upload with invented identities planted in every kind of place (imaging.md 1.1).

Every planted value is remembered with its place, so a test can say which place leaks.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    PositronEmissionTomographyImageStorage,
    generate_uid,
)

RTSTRUCT = "1.2.840.10008.5.1.4.1.1.481.3"
SEG = "1.2.840.10008.5.1.4.1.1.66.4"
GSPS = "1.2.840.10008.5.1.4.1.1.11.1"
SR = "1.2.840.10008.5.1.4.1.1.88.33"


@dataclass(frozen=True)
class Person:
    """An invented identity.  `charset` is how its files are written."""

    family: str
    given: str
    patient_id: str
    birth: str
    phone: str
    street: str
    physician: str
    operator: str
    hospital: str
    accession: str
    serial: str
    charset: str = "ISO_IR 192"

    @property
    def name(self) -> str:
        return f"{self.family}^{self.given}"

    def secrets(self) -> list[str]:
        return [
            self.family, self.given, self.patient_id, self.birth, self.phone, self.street,
            *self.physician.split("^"), *self.operator.split("^"), self.hospital, self.accession,
            self.serial,
        ]  # fmt: skip


PEOPLE = (
    Person("Vandersloot", "Quirina", "PQX-77120934", "19480217", "555-730-1188",
           "17 Zonnebloemlaan", "Okonkwo^Chidi", "Brzozowski^Ewa", "Hopital Saint-Aurelien",
           "ACC9920031177", "SNR-88213-K"),
    Person("Müßelström", "Jürgen", "MRN00481516", "19311105", "+49 30 5550199",
           "Ahornstraße 3", "Çelik^Ayşegül", "Đorđević^Ljubica", "Klinikum Kälberhof",
           "A-2024-55017", "DEV4711X", "ISO_IR 192"),
    Person("Head", "Young", "40017733", "19650830", "(212) 555-0175", "9 Marrowbone Close",
           "Long^Brook", "Rose^Daisy", "Chestnut Memorial Hospital", "XZ8812345", "77-ABC-12"),
    Person("山田", "太郎", "JP-5500123", "19720401", "03-5550-1234", "港区芝公園", "鈴木^花子",
           "佐藤^健", "東京第一病院", "TK20240001", "S-99120"),
    Person("Ñuñez", "Íñigo", "ES1029384756", "19900912", "915 550 134", "Calle Olmo 12",
           "García-Lorca^Benítez", "Peña^Asunción", "Clínica Virgen del Olmo", "ESP-777-001",
           "QWE-3321", "ISO_IR 100"),
)  # fmt: skip


@dataclass
class Upload:
    """The files of the planted upload and what is in them."""

    folder: Path
    files: dict[str, tuple[Person, Path]] = field(default_factory=dict)
    plants: list[tuple[str, str]] = field(default_factory=list)


def free_text(person: Person, number: int) -> str:
    """A description that names the person in one of many ways."""
    family, given = person.family, person.given
    ways = (
        f"CT THORAX {family} {given}",
        f"{family.upper()}, {given.upper()} CHEST 1.25 mm",
        f"ABDOMEN {given}{family} PORTAL VENOUS",
        f"for Dr. {person.physician.replace('^', ' ')} AXIAL",
        f"MRN {person.patient_id} HEAD W CONTRAST",
        f"born {person.birth[6:]}.{person.birth[4:6]}.{person.birth[:4]} PELVIS",
        f"call {person.phone} LIVER",
        f"{person.hospital} LUNG",
        f"tech {person.operator.split('^')[0].lower()} BRAIN FLAIR",
        f"{family.lower()}_{given.lower()}_t1_mprage",
        "seen by Hargreaves-Smythe, CHEST",
        f"mail {'x.' + 'zebrowski'}@clinic.example SPINE",
    )
    return ways[number % len(ways)]


def base(person: Person, number: int, modality: str, sop_class: str) -> Dataset:
    ds = Dataset()
    ds.SpecificCharacterSet = person.charset
    ds.SOPClassUID = sop_class
    ds.SOPInstanceUID = generate_uid(entropy_srcs=[person.patient_id, modality, str(number)])
    ds.StudyInstanceUID = generate_uid(entropy_srcs=[person.patient_id, "study"])
    ds.SeriesInstanceUID = generate_uid(entropy_srcs=[person.patient_id, modality])
    ds.FrameOfReferenceUID = generate_uid(entropy_srcs=[person.patient_id, "frame"])
    ds.Modality = modality
    ds.StudyDate, ds.SeriesDate, ds.ContentDate = "20240311", "20240311", "20240312"
    ds.AcquisitionDateTime = "20240311101530.250000+0100"
    ds.StudyTime, ds.SeriesTime, ds.AcquisitionTime = "101500", "101530.25", "101530.25"
    ds.AccessionNumber, ds.StudyID = person.accession, "1"
    ds.PatientName, ds.PatientID = person.name, person.patient_id
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = person.birth, "F", "092Y"
    ds.PatientWeight, ds.PatientSize = "71.5", "1.68"
    ds.PatientAddress, ds.PatientTelephoneNumbers = person.street, person.phone
    ds.OtherPatientNames, ds.PatientMotherBirthName = person.name, person.family + "^Mater"
    ds.OtherPatientIDs = person.patient_id + "X"
    ds.ReferringPhysicianName, ds.OperatorsName = person.physician, person.operator
    ds.InstitutionName, ds.InstitutionAddress = person.hospital, person.street
    ds.StationName, ds.DeviceSerialNumber = "STN" + person.serial, person.serial
    ds.Manufacturer, ds.ManufacturerModelName = "Philips Medical Systems", "Ingenuity TF"
    ds.SoftwareVersions = "4.1.5"
    ds.SeriesNumber, ds.InstanceNumber = 2, number
    ds.StudyDescription = free_text(person, number)
    ds.SeriesDescription = free_text(person, number + 3)
    ds.ProtocolName = free_text(person, number + 5)
    ds.PatientComments = free_text(person, number + 7)
    ds.BodyPartExamined = "CHEST"
    ds.RetrieveURL = f"https://pacs.example/{person.patient_id}"
    ds.add_new(0x00080054, "AE", "AE" + person.accession[:10])
    return ds


def nested(ds: Dataset, person: Person, number: int) -> None:
    """Identity inside sequences, named by the table or not, and three levels deep."""
    inner = Dataset()
    inner.PatientName, inner.PatientID = person.name, person.patient_id
    inner.InstitutionName = person.hospital
    inner.StudyDate = "20240311"
    inner.SeriesDescription = free_text(person, number + 1)
    inner.ReferencedSOPInstanceUID = ds.SOPInstanceUID
    inner.ReferencedSOPClassUID = ds.SOPClassUID
    middle = Dataset()
    middle.PurposeOfReferenceCodeSequence = Sequence([inner])
    middle.CodeValue, middle.CodingSchemeDesignator = "24627-2", "LN"
    middle.CodeMeaning = "Chest CT"
    outer = Dataset()
    outer.ProcedureCodeSequence = Sequence([middle])
    ds.AnatomicRegionSequence = Sequence([outer])
    equipment = Dataset()
    equipment.InstitutionName, equipment.OperatorsName = person.hospital, person.operator
    ds.ContributingEquipmentSequence = Sequence([equipment])
    original = Dataset()
    original.ModifiedAttributesSequence = Sequence([inner])
    ds.OriginalAttributesSequence = Sequence([original])
    request = Dataset()
    request.RequestedProcedureDescription = free_text(person, number + 2)
    request.RequestedProcedureID = person.accession
    request.ScheduledProcedureStepDescription = free_text(person, number + 4)
    ds.RequestAttributesSequence = Sequence([request])


def private(ds: Dataset, person: Person) -> None:
    """Private blocks: safe, unsafe, without creator, one creator for two blocks."""
    block = ds.private_block(0x7053, "Philips PET Private Group", create=True)
    block.add_new(0x00, "DS", "0.000553")
    block.add_new(0x09, "DS", "1.234")
    block.add_new(0x10, "LO", person.name)
    block = ds.private_block(0x0029, "SIEMENS CSA HEADER", create=True)
    block.add_new(0x10, "OB", b"SV10" + person.name.encode() + b"\0" * 8)
    block = ds.private_block(0x0011, "ACME " + person.family[:8], create=True)
    block.add_new(0x01, "LO", person.patient_id)
    ds.add_new(0x00131001, "LO", person.name)


def graphics(ds: Dataset, person: Person) -> None:
    """Overlay, curve and icon groups."""
    ds.add_new(0x60000010, "US", 8)
    ds.add_new(0x60000011, "US", 8)
    ds.add_new(0x60000040, "CS", "G")
    ds.add_new(0x60000050, "SS", [1, 1])
    ds.add_new(0x60000100, "US", 1)
    ds.add_new(0x60000102, "US", 0)
    ds.add_new(0x60003000, "OW", person.name.encode()[:8].ljust(8, b"\0"))
    ds.add_new(0x60000022, "LO", person.name)
    ds.add_new(0x60001500, "LO", person.family)
    ds.add_new(0x50000022, "LO", person.name)
    ds.add_new(0x50003000, "OW", person.name.encode().ljust(64, b"\0"))


def image(person: Person, number: int, *, modality: str = "CT") -> Dataset:
    sop_class = CTImageStorage if modality == "CT" else PositronEmissionTomographyImageStorage
    ds = base(person, number, modality, sop_class)
    nested(ds, person, number)
    private(ds, person)
    graphics(ds, person)
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SliceThickness, ds.KVP, ds.ConvolutionKernel = "1.25", "120", "B30f"
    ds.ImagePositionPatient = ["-200", "-200", f"{-1.25 * number:.2f}"]
    ds.ImageOrientationPatient = ["1", "0", "0", "0", "1", "0"]
    ds.PixelSpacing, ds.SliceLocation = ["0.78125", "0.78125"], f"{-1.25 * number:.2f}"
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = 64
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 12, 11, 0
    ds.RescaleIntercept, ds.RescaleSlope = "-1024", "1"
    ds.ImageComments = free_text(person, number + 6)
    if modality == "PT":
        drug = Dataset()
        drug.Radiopharmaceutical, drug.RadionuclideTotalDose = "FDG", "350000000"
        drug.RadionuclideHalfLife = "6586.2"
        drug.RadiopharmaceuticalStartTime = "091500"
        drug.RadiopharmaceuticalStartDateTime = "20240311091500"
        drug.RadiopharmaceuticalRoute = "IV"
        drug.PatientComments = free_text(person, number)
        ds.RadiopharmaceuticalInformationSequence = Sequence([drug])
        ds.Units, ds.DecayCorrection, ds.CorrectedImage = "BQML", "START", ["DECY", "ATTN"]
    ramp = np.add.outer(np.arange(64), np.arange(64)) * 8 + number
    ds.PixelData = ramp.astype(np.uint16).tobytes()
    return ds


def rtstruct(person: Person, images: list[Dataset]) -> Dataset:
    ds = base(person, 1, "RTSTRUCT", RTSTRUCT)
    ds.StructureSetLabel, ds.StructureSetName = person.family[:16], person.name
    ds.StructureSetDate = "20240312"
    roi = Dataset()
    roi.ROINumber, roi.ReferencedFrameOfReferenceUID = 1, ds.FrameOfReferenceUID
    roi.ROIName, roi.ROIDescription = f"GTV {person.family}", free_text(person, 2)
    ds.StructureSetROISequence = Sequence([roi])
    contour = Dataset()
    contour.ContourGeometricType, contour.NumberOfContourPoints = "CLOSED_PLANAR", 3
    contour.ContourData = ["0", "0", "0", "1", "0", "0", "1", "1", "0"]
    reference = Dataset()
    reference.ReferencedSOPClassUID = images[0].SOPClassUID
    reference.ReferencedSOPInstanceUID = images[0].SOPInstanceUID
    contour.ContourImageSequence = Sequence([reference])
    roi_contour = Dataset()
    roi_contour.ReferencedROINumber = 1
    roi_contour.ContourSequence = Sequence([contour])
    ds.ROIContourSequence = Sequence([roi_contour])
    observation = Dataset()
    observation.ObservationNumber, observation.ReferencedROINumber = 1, 1
    observation.ROIInterpreter, observation.ROIObservationLabel = person.physician, person.given
    ds.RTROIObservationsSequence = Sequence([observation])
    return ds


def segmentation(person: Person, images: list[Dataset]) -> Dataset:
    ds = base(person, 1, "SEG", SEG)
    ds.ContentLabel, ds.ContentDescription = "SEGMENTATION", free_text(person, 1)
    ds.ContentCreatorName = person.operator
    segment = Dataset()
    segment.SegmentNumber, segment.SegmentLabel = 1, f"Liver {person.family}"
    segment.SegmentDescription = free_text(person, 3)
    segment.SegmentAlgorithmType = "MANUAL"
    ds.SegmentSequence = Sequence([segment])
    source = Dataset()
    source.ReferencedSOPClassUID = images[0].SOPClassUID
    source.ReferencedSOPInstanceUID = images[0].SOPInstanceUID
    derivation = Dataset()
    derivation.SourceImageSequence = Sequence([source])
    frame = Dataset()
    frame.DerivationImageSequence = Sequence([derivation])
    frame.FrameContentSequence = Sequence([Dataset()])
    frame.FrameContentSequence[0].FrameAcquisitionDateTime = "20240311101530"
    frame.FrameContentSequence[0].FrameComments = free_text(person, 8)
    ds.PerFrameFunctionalGroupsSequence = Sequence([frame])
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = 64
    ds.NumberOfFrames = 1
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 1, 1, 0, 0
    ds.PixelData = b"\x0f" * 512
    return ds


def presentation(person: Person, images: list[Dataset]) -> Dataset:
    ds = base(person, 1, "PR", GSPS)
    ds.ContentLabel, ds.ContentDescription = "MARKS", free_text(person, 4)
    ds.ContentCreatorName, ds.PresentationCreationDate = person.physician, "20240312"
    text = Dataset()
    text.UnformattedTextValue = f"{person.family} lesion 12 mm"
    text.AnchorPoint, text.AnchorPointVisibility = [1.0, 2.0], "Y"
    annotation = Dataset()
    annotation.GraphicLayer = "LAYER1"
    annotation.TextObjectSequence = Sequence([text])
    ds.GraphicAnnotationSequence = Sequence([annotation])
    layer = Dataset()
    layer.GraphicLayer, layer.GraphicLayerOrder = "LAYER1", 1
    layer.GraphicLayerDescription = free_text(person, 0)
    ds.GraphicLayerSequence = Sequence([layer])
    reference = Dataset()
    reference.ReferencedSOPClassUID = images[0].SOPClassUID
    reference.ReferencedSOPInstanceUID = images[0].SOPInstanceUID
    series = Dataset()
    series.SeriesInstanceUID = images[0].SeriesInstanceUID
    series.ReferencedImageSequence = Sequence([reference])
    ds.ReferencedSeriesSequence = Sequence([series])
    return ds


def report(person: Person, images: list[Dataset]) -> Dataset:
    ds = base(person, 1, "SR", SR)
    ds.CompletionFlag, ds.VerificationFlag = "COMPLETE", "VERIFIED"
    observer = Dataset()
    observer.VerifyingObserverName, observer.VerifyingOrganization = (
        person.physician,
        person.hospital,
    )
    observer.VerificationDateTime = "20240312090000"
    ds.VerifyingObserverSequence = Sequence([observer])

    def item(kind: str, **values: object) -> Dataset:
        one = Dataset()
        one.RelationshipType, one.ValueType = "CONTAINS", kind
        for name, value in values.items():
            setattr(one, name, value)
        return one

    reference = Dataset()
    reference.ReferencedSOPClassUID = images[0].SOPClassUID
    reference.ReferencedSOPInstanceUID = images[0].SOPInstanceUID
    ds.ValueType = "CONTAINER"
    ds.ContentSequence = Sequence(
        [
            item("PNAME", PersonName=person.physician),
            item("TEXT", TextValue=f"{person.given} {person.family} liver lesion 12 mm"),
            item("DATE", Date="20240311"),
            item("DATETIME", DateTime="20240311101500"),
            item("UIDREF", UID=images[0].SOPInstanceUID),
            item("IMAGE", ReferencedSOPSequence=Sequence([reference])),
            item("CONTAINER", ContentSequence=Sequence([item("TEXT", TextValue=person.phone)])),
        ]
    )
    return ds


def write(ds: Dataset, path: Path, person: Person, *, syntax: str, dirty: bool) -> None:
    """Write a file; `dirty` plants identity in preamble, file meta and trailing bytes."""
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = syntax
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    if dirty:
        ds.preamble = person.name.encode()[:60].ljust(128, b"\0")
        ds.file_meta.SourceApplicationEntityTitle = "AE" + person.accession[:10]
        ds.file_meta.PrivateInformationCreatorUID = "1.2.3"
        ds.file_meta.PrivateInformation = person.name.encode()
    ds.save_as(path, enforce_file_format=True)
    if dirty and syntax != DeflatedExplicitVRLittleEndian:
        padding = struct.pack("<HH2sHI", 0xFFFC, 0xFFFC, b"OB", 0, 40)
        if syntax == ImplicitVRLittleEndian:
            padding = struct.pack("<HHI", 0xFFFC, 0xFFFC, 40)
        with path.open("ab") as stream:
            stream.write(padding + person.name.encode()[:40].ljust(40, b"\0"))
            stream.write(b"\n" + person.name.encode())


def make_upload(folder: Path) -> Upload:
    """Write the whole upload: five people, images in three syntaxes, and four other objects."""
    upload = Upload(folder)
    syntaxes = (
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        DeflatedExplicitVRLittleEndian,
    )
    for index, person in enumerate(PEOPLE):
        images = [image(person, number) for number in range(1, 13)]
        pet = [image(person, number, modality="PT") for number in range(1, 4)]
        others = [make(person, images) for make in (rtstruct, segmentation, presentation, report)]
        for number, ds in enumerate([*images, *pet, *others]):
            name = f"{index}_{person.patient_id}_{number:03d}.dcm"
            path = folder / name
            syntax = syntaxes[number % 3]
            write(ds, path, person, syntax=syntax, dirty=number % 2 == 0)
            upload.files[ds.SOPInstanceUID] = (person, path)
    return upload
