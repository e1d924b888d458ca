"""DICOM headers of the phantom: a complete CT Image IOD (PS3.3 A.3), full of identity.

Identity is planted on purpose wherever hospitals leave it: in names and numbers, in free text,
in nested sequences and in a private block.
"""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.sequence import Sequence
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian, generate_uid

from imaging.phantom.spec import Identity, SeriesSpec

PRIVATE_GROUP, PRIVATE_CREATOR = 0x0029, "NORDLICHT CSA 1.0"
# Stored value = HU + 1024, as scanners write it: never negative for air.
RESCALE_INTERCEPT = -1024


def uid(*parts: object) -> UID:
    """A UID that depends on nothing but its parts."""
    return generate_uid(entropy_srcs=[repr(part) for part in parts])


def person_words(identity: Identity) -> tuple[str, str]:
    """Family and given name as they are typed into free text."""
    family, given = identity.patient_name.split("^")[:2]
    return family, given


def _dicom_date(day: date) -> str:
    return day.strftime("%Y%m%d")


def _dicom_time(moment: time | datetime) -> str:
    return moment.strftime("%H%M%S")


def true_study_date(spec: SeriesSpec) -> date:
    """The date that is written: the planned one plus the shift asked for as a defect."""
    return spec.study_date + timedelta(days=spec.defects.date_shift_days)


def series_header(spec: SeriesSpec) -> Dataset:
    """All attributes that are the same in every slice of the series."""
    header = Dataset()
    header.SpecificCharacterSet = "ISO_IR 192"
    header.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    header.SOPClassUID = CTImageStorage
    _study_and_series(header, spec)
    _equipment_and_acquisition(header, spec)
    _frame_and_pixels(header, spec)
    write_identity(header, spec.identity, spec=spec)
    return header


def _study_and_series(header: Dataset, spec: SeriesSpec) -> None:
    day = true_study_date(spec)
    key = (spec.identity.patient_id, spec.study_date.isoformat(), spec.seed)
    header.StudyInstanceUID = uid("study", *key)
    header.SeriesInstanceUID = uid("series", *key, spec.series_number, spec.description)
    header.FrameOfReferenceUID = uid("frame", *key)
    header.PositionReferenceIndicator = ""
    start = datetime.combine(day, spec.study_time)
    scan = start + timedelta(minutes=12)
    header.StudyDate = _dicom_date(day)
    header.StudyTime = _dicom_time(start)
    header.SeriesDate = header.AcquisitionDate = header.ContentDate = _dicom_date(scan.date())
    header.SeriesTime = header.AcquisitionTime = _dicom_time(scan)
    header.ContentTime = _dicom_time(scan + timedelta(seconds=20))
    header.Modality = "CT"
    header.StudyID = str(1000 + spec.seed % 9000)
    header.SeriesNumber = spec.series_number
    header.AcquisitionNumber = 1
    header.SeriesDescription = spec.description
    header.ProtocolName = "Thorax Abdomen staging"
    header.BodyPartExamined = spec.defects.body_part or spec.body_part
    header.PatientPosition = "HFS"


def _equipment_and_acquisition(header: Dataset, spec: SeriesSpec) -> None:
    scanner = spec.scanner
    header.Manufacturer = scanner.manufacturer
    header.ManufacturerModelName = scanner.model
    header.DeviceSerialNumber = scanner.serial
    header.SoftwareVersions = scanner.software
    header.ScanOptions = "HELICAL MODE"
    header.SliceThickness = spec.thickness_mm
    header.KVP = scanner.peak_kilovoltage
    header.ConvolutionKernel = scanner.kernel
    header.DataCollectionDiameter = 500
    header.ReconstructionDiameter = 400
    header.GantryDetectorTilt = 0
    header.TableHeight = 150
    header.RotationDirection = "CW"
    header.ExposureTime = 500
    header.XRayTubeCurrent = 220
    header.Exposure = 110
    header.FilterType = "BODY FILTER"
    header.FocalSpots = 1.2
    header.SpiralPitchFactor = 0.98
    if not spec.defects.without_contrast_agent:
        header.ContrastBolusAgent = "Iohexol 350"
        header.ContrastBolusRoute = "IV"
        header.ContrastBolusVolume = 100
        header.ContrastBolusStartTime = _dicom_time(
            datetime.combine(true_study_date(spec), spec.study_time)
            + timedelta(minutes=12, seconds=-70)
        )


def _frame_and_pixels(header: Dataset, spec: SeriesSpec) -> None:
    header.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    header.PixelSpacing = [spec.pixel_mm, spec.pixel_mm]
    header.Rows = header.Columns = spec.matrix
    header.SamplesPerPixel = 1
    header.PhotometricInterpretation = "MONOCHROME2"
    header.BitsAllocated = 16
    header.BitsStored = 16
    header.HighBit = 15
    header.PixelRepresentation = 1
    header.RescaleIntercept = RESCALE_INTERCEPT
    header.RescaleSlope = 1
    header.RescaleType = "HU"
    header.WindowCenter = [40, -600]
    header.WindowWidth = [400, 1500]
    header.WindowCenterWidthExplanation = ["SOFT TISSUE", "LUNG"]
    header.LossyImageCompression = "00"
    header.BurnedInAnnotation = "NO"


def write_identity(header: Dataset, identity: Identity, *, spec: SeriesSpec) -> None:
    """Plant one person's and institution's identity in plain, free-text, nested, private places."""
    family, given = person_words(identity)
    header.PatientName = identity.patient_name
    header.PatientID = identity.patient_id
    header.PatientBirthDate = _dicom_date(identity.birth_date)
    header.PatientSex = identity.sex
    age = max(0, (spec.study_date - identity.birth_date).days // 365)
    header.PatientAge = f"{age:03d}Y"
    header.PatientWeight = identity.weight_kg
    header.PatientSize = identity.height_m
    header.PatientAddress = identity.address
    header.PatientTelephoneNumbers = identity.phone
    header.OtherPatientNames = f"{family}^{given[0]}."
    header.AccessionNumber = identity.accession_number
    header.InstitutionName = identity.institution
    header.InstitutionAddress = identity.institution_address
    header.InstitutionalDepartmentName = identity.department
    header.StationName = identity.station
    header.ReferringPhysicianName = identity.referring_physician
    header.PerformingPhysicianName = identity.performing_physician
    header.OperatorsName = identity.operator
    header.StudyDescription = f"CT chest abdomen {family}, {given}"
    header.PatientComments = f"{given} {family} called from {identity.phone}"
    header.ImageComments = f"Compared with prior images of {family}"
    header.AdditionalPatientHistory = f"Seen by {identity.referring_physician.split('^')[0]}"
    _nested_identity(header, identity, spec)
    _private_identity(header, identity)


def _nested_identity(header: Dataset, identity: Identity, spec: SeriesSpec) -> None:
    request = Dataset()
    request.RequestedProcedureID = identity.accession_number
    request.ScheduledProcedureStepID = f"{identity.accession_number}-1"
    request.ScheduledProcedureStepDescription = f"Staging for {identity.patient_name}"
    header.RequestAttributesSequence = Sequence([request])

    other = Dataset()
    other.PatientID = f"KK{identity.patient_id}"
    other.TypeOfPatientID = "TEXT"
    header.OtherPatientIDsSequence = Sequence([other])

    purpose = Dataset()
    purpose.CodeValue = "109103"
    purpose.CodingSchemeDesignator = "DCM"
    purpose.CodeMeaning = "Modifying Equipment"
    gateway = Dataset()
    gateway.PurposeOfReferenceCodeSequence = Sequence([purpose])
    gateway.Manufacturer = spec.scanner.manufacturer
    gateway.InstitutionName = identity.institution
    gateway.StationName = f"{identity.station}-GW"
    gateway.OperatorsName = identity.operator
    gateway.ContributionDescription = f"Forwarded for {identity.patient_name}"
    header.ContributingEquipmentSequence = Sequence([gateway])

    before = Dataset()
    before.PatientName = identity.patient_name.upper()
    before.PatientID = identity.patient_id
    original = Dataset()
    original.SourceOfPreviousValues = identity.institution
    original.AttributeModificationDateTime = f"{_dicom_date(true_study_date(spec))}120000"
    original.ModifyingSystem = identity.station
    original.ReasonForTheAttributeModification = "CORRECT"
    original.ModifiedAttributesSequence = Sequence([before])
    header.OriginalAttributesSequence = Sequence([original])


def _private_identity(header: Dataset, identity: Identity) -> None:
    block = header.private_block(PRIVATE_GROUP, PRIVATE_CREATOR, create=True)
    block.add_new(0x01, "PN", identity.patient_name)
    block.add_new(0x02, "LO", identity.patient_id)
    block.add_new(0x03, "LT", f"raw store /{identity.station}/{identity.patient_id}")
    block.add_new(0x08, "DS", "0.98")
    item = Dataset()
    item.OperatorsName = identity.operator
    inner = item.private_block(PRIVATE_GROUP, PRIVATE_CREATOR, create=True)
    inner.add_new(0x01, "PN", identity.patient_name)
    block.add_new(0x10, "SQ", Sequence([item]))


def file_meta(sop_instance_uid: UID, station: str) -> FileMetaDataset:
    """The file meta group; the source application entity names the station, as in real life."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = sop_instance_uid
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    meta.ImplementationClassUID = uid("implementation", "phantom")
    meta.ImplementationVersionName = "PHANTOM_1"
    meta.SourceApplicationEntityTitle = station.replace("-", "_")[:16]
    return meta
