"""An invented CT series for both servers: 512 × 512, about a hundred attributes, no person."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
from pydicom import dcmread
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian

from benchmarks.dicomweb_parts.client import Uids

STUDY = "2.25.70001"
SERIES = "2.25.70002"


def series(folder: Path, *, count: int, visit: int = 1, person: str = "") -> list[Path]:
    """Return the files of a visit's series, written when they are not there.

    Args:
        person: family name of another invented person than the one of the other series.
    """
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(6 + visit)
    noise = rng.integers(-30, 30, (512, 512), dtype=np.int16)
    paths = []
    for number in range(1, count + 1):
        path = folder / f"{number:05d}.dcm"
        paths.append(path)
        if not path.exists():
            ds = _of(_slice(number, noise), visit)
            if person:
                ds.PatientName, ds.PatientID = f"{person}^Nobody", f"ID-{person}"
            ds.save_as(path, enforce_file_format=True)
    return paths


def _of(ds: Dataset, visit: int) -> Dataset:
    """Return an image as one of another visit, in another study."""
    if visit == 1:
        return ds
    for name in ("StudyInstanceUID", "SeriesInstanceUID", "SOPInstanceUID", "FrameOfReferenceUID"):
        setattr(ds, name, f"{ds.get(name)}.{visit}")
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    return ds


def _slice(number: int, noise: Any) -> Dataset:
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = ds.file_meta.MediaStorageSOPInstanceUID = f"2.25.7100{number:05d}"
    ds.SpecificCharacterSet = "ISO_IR 100"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.StudyInstanceUID, ds.SeriesInstanceUID = STUDY, SERIES
    for name in ("StudyDate", "SeriesDate", "AcquisitionDate", "ContentDate"):
        setattr(ds, name, "20240105")
    for name in ("StudyTime", "SeriesTime", "AcquisitionTime", "ContentTime"):
        setattr(ds, name, f"1010{number % 60:02d}.000000")
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = "CT", "Phantom Medical", "Ellipse 64"
    ds.DeviceSerialNumber, ds.SoftwareVersions, ds.StationName = "PM-0001", "5.1", "CT1"
    ds.InstitutionName, ds.InstitutionAddress = "Invented Hospital", "1 Nowhere Street"
    ds.AccessionNumber, ds.StudyID = "ACC0001", "1"
    ds.ReferringPhysicianName, ds.PerformingPhysicianName = "Nobody^Ivo", "Nobody^Ida"
    ds.OperatorsName, ds.NameOfPhysiciansReadingStudy = "Nobody^Ove", "Nobody^Una"
    ds.StudyDescription, ds.SeriesDescription = "CHEST ABDOMEN", "AXIAL 1.25"
    ds.ProtocolName, ds.BodyPartExamined = "CHEST ABDOMEN", "CHEST"
    ds.PatientName, ds.PatientID = "Bench^Nobody", "BENCH1"
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "19600101", "F", "064Y"
    ds.PatientWeight, ds.PatientSize, ds.PatientPosition = "70", "1.7", "HFS"
    ds.SeriesNumber, ds.AcquisitionNumber, ds.InstanceNumber = 2, 1, number
    ds.ImagePositionPatient = [-180.0, -180.0, round(-1.25 * number, 3)]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.FrameOfReferenceUID, ds.PositionReferenceIndicator = "2.25.70003", ""
    ds.SliceLocation, ds.SliceThickness = round(-1.25 * number, 3), "1.25"
    ds.KVP, ds.XRayTubeCurrent, ds.ExposureTime, ds.Exposure = "120", 200, 500, 100
    ds.DataCollectionDiameter, ds.ReconstructionDiameter = "500", "360"
    ds.DistanceSourceToDetector, ds.DistanceSourceToPatient = "1040", "570"
    ds.GantryDetectorTilt, ds.TableHeight, ds.RotationDirection = "0", "150", "CW"
    ds.FilterType, ds.ConvolutionKernel, ds.FocalSpots = "BODY", "B30f", "1.2"
    ds.ScanOptions, ds.GeneratorPower, ds.SpiralPitchFactor = "HELICAL", 24, 0.98
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = 512
    ds.PixelSpacing = [0.703125, 0.703125]
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 1
    ds.WindowCenter, ds.WindowWidth = "40", "400"
    ds.RescaleIntercept, ds.RescaleSlope, ds.RescaleType = "0", "1", "HU"
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "51185008", "SCT", "Chest"
    ds.AnatomicRegionSequence = [code]
    reference = Dataset()
    reference.ReferencedSOPClassUID = CTImageStorage
    reference.ReferencedSOPInstanceUID = "2.25.70004"
    ds.ReferencedImageSequence = [reference]
    y, x = np.mgrid[0:512, 0:512]
    body = ((x - 256) / 200) ** 2 + ((y - 256) / 150) ** 2 < 1
    values = np.where(body, 40 + number % 20, -1000).astype(np.int16) + noise
    ds.PixelData = values.astype("<i2").tobytes()
    ds["PixelData"].VR = "OW"
    return ds


def small_studies(folder: Path, like: Path, *, count: int) -> list[Path]:
    """Return small studies of one image, over the days of a year."""
    folder.mkdir(parents=True, exist_ok=True)
    first = dcmread(like)
    paths = []
    for number in range(count):
        path = folder / f"{number:05d}.dcm"
        paths.append(path)
        if path.exists():
            continue
        ds = copy.deepcopy(first)
        ds.Rows = ds.Columns = 16
        ds.PixelData = bytes(512)
        ds["PixelData"].VR = "OW"
        ds.StudyInstanceUID = f"2.25.8000{number:05d}"
        ds.SeriesInstanceUID = f"2.25.8100{number:05d}"
        ds.SOPInstanceUID = f"2.25.8200{number:05d}"
        ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
        ds.PatientID, ds.StudyDate = f"EX{number:05d}", day_of(number)
        ds.save_as(path, enforce_file_format=True)
    return paths


def day_of(number: int) -> str:
    """Return the day of a small study."""
    return f"2024{1 + number % 12:02d}{1 + number % 28:02d}"


def warm(files: list[Path]) -> None:
    """Read every file once, so that the disk takes no part."""
    for path in files:
        path.read_bytes()


def uids_of(files: list[Path]) -> Uids:
    """Return the identifiers of the series as it was made."""
    return Uids(STUDY, SERIES, [f"2.25.7100{number:05d}" for number in range(1, len(files) + 1)])
