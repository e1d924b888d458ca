"""A study with stored, indexed series of several kinds, and people who ask for them."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
from django.test import Client
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import (
    CTImageStorage,
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    MultiFrameGrayscaleByteSecondaryCaptureImageStorage,
    SegmentationStorage,
)

from accounts import tokens
from audit.actors import acting
from imaging.dicomweb import accesses
from imaging.dicomweb.indexing import index_series
from imaging.models import ImagingStudy, Instance, PackageSeries, Series, SeriesTimePoint
from imaging.storage import research
from imaging.workflows import SUBMISSION
from studies.actors import home_actor
from studies.models import TimePoint
from studies.scoping import scope
from tests.projects.lives import submission_of
from tests.world import BUILDER, StudyWorld

JSON = "application/dicom+json"
OCTETS = 'multipart/related; type="application/octet-stream"'
OBJECTS = 'multipart/related; type="application/dicom"'
Change = Callable[[Dataset], None]


def slice_of(series_uid: str, study_uid: str, number: int, *, size: int = 8) -> Dataset:
    """Return a small CT slice whose pixels are ``number * 100 + column``."""
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = CTImageStorage
    ds.SOPInstanceUID = f"{series_uid}.{number}"
    ds.file_meta.MediaStorageSOPInstanceUID = ds.SOPInstanceUID
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = study_uid, series_uid
    ds.StudyDate, ds.StudyTime, ds.AccessionNumber = "20240305", "101500", ""
    ds.SeriesDate = ds.AcquisitionDate = "20240305"
    ds.AcquisitionTime = "101700.5"
    ds.Modality, ds.Manufacturer, ds.ManufacturerModelName = "CT", "Phantom Medical", "Ellipse"
    ds.ReferringPhysicianName = ds.PatientBirthDate = ""
    ds.PatientName = ds.PatientID = "101-001"
    ds.PatientSex, ds.PatientWeight = "F", "70.5"
    ds.StudyDescription, ds.SeriesDescription = "CHEST", "AXIAL 5.0"
    ds.StudyID, ds.SeriesNumber, ds.InstanceNumber = "1", 2, number
    ds.BodyPartExamined, ds.SliceThickness, ds.KVP = "CHEST", "5", "120"
    ds.ConvolutionKernel = "B30f"
    ds.ImagePositionPatient = [0, 0, -5 * number]
    ds.ImageOrientationPatient = [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.FrameOfReferenceUID = [0.7, 0.7], f"{study_uid}.9"
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.Rows = ds.Columns = size
    ds.BitsAllocated = ds.BitsStored = 16
    ds.HighBit, ds.PixelRepresentation = 15, 1
    ds.RescaleIntercept, ds.RescaleSlope = 0, 1
    ds.PixelData = pixels_of(number, size)
    ds["PixelData"].VR = "OW"
    return ds


def pixels_of(number: int, size: int = 8) -> bytes:
    """Return the pixel bytes of a slice, written by hand: little-endian 16-bit columns."""
    row = b"".join(struct.pack("<h", number * 100 + column) for column in range(size))
    return row * size


def three_frames(series_uid: str, study_uid: str, number: int) -> Dataset:
    """Return a multi-frame object of three 4 × 4 frames of 1, 2 and 3."""
    ds = slice_of(series_uid, study_uid, number, size=4)
    uid = MultiFrameGrayscaleByteSecondaryCaptureImageStorage
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = uid
    ds.BitsAllocated = ds.BitsStored = 8
    ds.HighBit, ds.PixelRepresentation, ds.NumberOfFrames = 7, 0, 3
    ds.PixelData = bytes([1] * 16 + [2] * 16 + [3] * 16)
    return ds


def bit_frames(series_uid: str, study_uid: str, number: int) -> Dataset:
    """Return a binary segmentation of two 3 × 3 frames: 18 bits, so the second begins in a byte."""
    ds = slice_of(series_uid, study_uid, number, size=3)
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID = SegmentationStorage
    ds.Modality = "SEG"
    ds.BitsAllocated = ds.BitsStored = 1
    ds.HighBit, ds.PixelRepresentation, ds.NumberOfFrames = 0, 0, 2
    # Frame 1: 1 0 1 0 1 0 1 0 1. Frame 2: all ones. Bits in order from the lowest of each byte.
    ds.PixelData = bytes([0b01010101, 0b11111111, 0b00000011, 0])
    ds["PixelData"].VR = "OB"
    return ds


def compressed(series_uid: str, study_uid: str, number: int) -> Dataset:
    """Return a slice of 64 × 64 in JPEG 2000, lossless."""
    ds = slice_of(series_uid, study_uid, number, size=64)
    ds.BitsStored, ds.HighBit = 16, 15
    values = np.arange(64 * 64, dtype=np.int16).reshape(64, 64)
    ds.compress(JPEG2000Lossless, values, generate_instance_uid=False)
    return ds


def bytes_of(ds: Dataset) -> bytes:
    """Return an object as a file."""
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def keep(row: Series, content: bytes, *, uid: str, number: int) -> Instance:
    """Put one clean object into the research store, as the cleaning leaves it."""
    sha256 = research().put_bytes(content)
    return Instance.objects.create(
        study_id=row.study_id,
        series=row,
        sop_class_uid=CTImageStorage,
        sop_instance_uid=uid,
        original_key=f"{number:064d}",
        number=number,
        position_mm=-5.0 * number,
        rows=8,
        columns=8,
        transfer_syntax=ExplicitVRLittleEndian,
        sha256=sha256,
        size=len(content),
        source_sha256=sha256,
        profile_digest="p" * 64,
    )


def empty_series(world: StudyWorld, time_point: TimePoint) -> Series:
    """Make a series of a submission in QC, without images."""
    sent = submission_of(world, time_point, until="deidentified")
    SUBMISSION.move(sent, "start_qc", actor=BUILDER)
    uid = f"1.2.826.0.1.3680043.8.498.{sent.number}"
    study = ImagingStudy(
        study=world.study, subject=time_point.subject, uid=uid, original_key=f"{sent.number:064d}"
    )
    study.save()
    row = Series(
        study=world.study,
        imaging_study=study,
        submission=sent,
        uid=f"{uid}.1",
        original_key=f"{sent.number:064d}",
        modality="CT",
        description="CT CHEST",
        number=2,
    )
    row.save()
    SeriesTimePoint(study=world.study, series=row, time_point=time_point).save()
    return row


def stored_series(
    world: StudyWorld,
    time_point: TimePoint,
    *,
    count: int = 3,
    make: Callable[..., Dataset] = slice_of,
    change: Change = lambda ds: None,
) -> Series:
    """Store and index a series of a visit."""
    with scope(world.study), acting(BUILDER):
        row = empty_series(world, time_point)
        add_objects(row, range(1, count + 1), make=make, change=change)
        index_series(row)
    return row


def add_objects(
    row: Series,
    numbers: Any,
    *,
    make: Callable[..., Dataset] = slice_of,
    change: Change = lambda ds: None,
) -> None:
    """Store objects of a series without indexing them."""
    for number in numbers:
        ds = make(row.uid, row.imaging_study.uid, number)
        change(ds)
        keep(row, bytes_of(ds), uid=ds.SOPInstanceUID, number=number)


def into_package(package: Any, row: Series, order: int) -> None:
    """Add a series to a read package."""
    with acting(BUILDER):
        PackageSeries.objects.create(
            study_id=row.study_id, package=package, series=row, order=order, label="CT"
        )


def key_of(world: StudyWorld, name: str) -> str:
    """Return a fresh key of a person, as the header holds it."""
    user = world.users[name]
    _, secret = tokens.issue(user, label="test", days=1, actor=home_actor(user))
    return f"Bearer {secret}"


def asking(world: StudyWorld, name: str) -> Client:
    """Return a program that sends a person's key."""
    accesses.forget()
    return Client(headers={"Authorization": key_of(world, name)}, raise_request_exception=True)


def parts_of(answer: Any) -> list[tuple[dict[str, str], bytes]]:
    """Take a multipart answer apart, by hand (RFC 2046 5.1)."""
    body = b"".join(answer) if answer.streaming else answer.content
    boundary = answer["Content-Type"].split("boundary=")[1].encode()
    pieces = body.split(b"--" + boundary)
    assert pieces[0] == b""
    assert pieces[-1] == b"--\r\n"
    found = []
    for piece in pieces[1:-1]:
        head, content = piece.removeprefix(b"\r\n").split(b"\r\n\r\n", 1)
        lines = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
        found.append((lines, content.removesuffix(b"\r\n")))
    return found
