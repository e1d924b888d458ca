"""Writing a phantom series as DICOM files."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydicom.dataset import Dataset
from pydicom.uid import UID

from imaging.phantom import headers
from imaging.phantom.anatomy import base_volume, build_of, noise_field
from imaging.phantom.identity import invented_identity
from imaging.phantom.lesions import PlacedLesion, paint_lesion, place, truth_of
from imaging.phantom.shapes import Grid
from imaging.phantom.spec import FIELD_OF_VIEW_MM, LesionTruth, SeriesSpec, WrittenSeries


@dataclass(frozen=True)
class _PlannedSlice:
    """One file to write: which anatomical slice, and which copy of it."""

    index: int
    copy: int


def write_series(folder: Path, spec: SeriesSpec) -> WrittenSeries:
    """Write one CT series and return what is truly in it.

    Files are named like a hospital export (``IM00001``) and numbered from the head. The same
    spec gives the same bytes. Sizes are mm, CT numbers HU.

    Raises FileExistsError when the folder already holds files of such a series, and what
    ``lesions.place`` raises for lesions that cannot be placed.
    """
    build = build_of(spec.seed)
    lesions = tuple(place(lesion, series=spec, build=build) for lesion in spec.lesions)
    return write_slices(folder, spec, stored=_Pixels(spec, lesions).stored, lesions=lesions)


def write_slices(
    folder: Path,
    spec: SeriesSpec,
    *,
    stored: Callable[[int], NDArray[np.int16]],
    lesions: tuple[PlacedLesion, ...] = (),
) -> WrittenSeries:
    """Write slices whose stored values come from ``stored`` by slice number.

    Raises FileExistsError when the folder already holds a series.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.glob("IM0*")):
        message = f"{folder.name} already holds a series"
        raise FileExistsError(message)
    slices = _planned_slices(spec)
    header = headers.series_header(spec)
    uids: dict[_PlannedSlice, UID] = {}
    files = []
    for number, planned in enumerate(slices, start=1):
        uids[planned] = headers.uid(header.SeriesInstanceUID, planned.index, planned.copy)
        path = folder / f"IM{number:05d}"
        _complete(header, spec=spec, planned=planned, number=number, sop=uids[planned])
        header.PixelData = stored(planned.index).tobytes()
        header.file_meta = headers.file_meta(uids[planned], str(header.StationName))
        header.save_as(path, enforce_file_format=True)
        files.append(path)
    return WrittenSeries(
        folder=folder,
        files=tuple(files),
        study_instance_uid=str(header.StudyInstanceUID),
        series_instance_uid=str(header.SeriesInstanceUID),
        frame_of_reference_uid=str(header.FrameOfReferenceUID),
        sop_instance_uids=tuple(str(uids[planned]) for planned in slices),
        study_date=headers.true_study_date(spec),
        truth=_truth(spec, lesions, uids),
    )


def render(spec: SeriesSpec) -> NDArray[np.int16]:
    """The CT numbers (HU) of all planned slices without writing files."""
    build = build_of(spec.seed)
    lesions = tuple(place(lesion, series=spec, build=build) for lesion in spec.lesions)
    pixels = _Pixels(spec, lesions)
    stored = np.stack([pixels.stored(index) for index in range(spec.slices)])
    return (stored + headers.RESCALE_INTERCEPT).astype(np.int16)


def _planned_slices(spec: SeriesSpec) -> tuple[_PlannedSlice, ...]:
    planned = []
    for index in range(spec.slices):
        if index in spec.defects.missing_slices:
            continue
        copies = 2 if index in spec.defects.duplicate_positions else 1
        planned += [_PlannedSlice(index, copy) for copy in range(copies)]
    return tuple(planned)


def _complete(
    header: Dataset, *, spec: SeriesSpec, planned: _PlannedSlice, number: int, sop: UID
) -> None:
    """Set what differs between slices, the planted defects included."""
    defects = spec.defects
    z = spec.slice_positions()[planned.index]
    header.SOPInstanceUID = sop
    header.InstanceNumber = number
    header.ImagePositionPatient = [spec.origin_mm, spec.origin_mm, z]
    header.SliceLocation = z
    if planned.index >= defects.from_slice:
        header.ConvolutionKernel = defects.kernel or spec.scanner.kernel
        header.SliceThickness = defects.thickness_mm or spec.thickness_mm
    if planned.index == defects.second_patient_from:
        stranger = invented_identity(spec.seed + 5000)
        headers.write_identity(header, stranger, spec=spec)


class _Pixels:
    """Stored pixel values of a series, slice by slice."""

    def __init__(self, spec: SeriesSpec, lesions: tuple[PlacedLesion, ...]) -> None:
        self.spec, self.lesions = spec, lesions
        self.positions = spec.slice_positions()
        self.grid = Grid.square(matrix=spec.matrix, field_mm=FIELD_OF_VIEW_MM)
        self.base = base_volume(
            seed=spec.seed,
            positions=self.positions,
            matrix=spec.matrix,
            thickness_mm=spec.thickness_mm,
        )
        noise_seed = spec.seed * 100_003 + spec.study_date.toordinal()
        self.noise = noise_field(seed=noise_seed, matrix=spec.matrix)
        self.rolls = np.random.default_rng(noise_seed + 1).integers(
            0, spec.matrix, (spec.slices, 2)
        )

    def stored(self, index: int) -> NDArray[np.int16]:
        """Values as stored: HU less the rescale intercept, never below zero."""
        image = self.base[index].copy()
        for lesion in self.lesions:
            paint_lesion(image, self.grid, z=self.positions[index], lesion=lesion)
        noise = np.roll(self.noise, tuple(self.rolls[index].tolist()), axis=(0, 1))
        image += noise if index % 2 else noise[::-1, ::-1]
        np.rint(image, out=image)
        stored: NDArray[np.float32] = np.clip(image - headers.RESCALE_INTERCEPT, 0, 4095)
        return stored.astype(np.int16)


def _truth(
    spec: SeriesSpec, lesions: tuple[PlacedLesion, ...], uids: dict[_PlannedSlice, UID]
) -> dict[str, LesionTruth]:
    return {
        lesion.spec.label: truth_of(
            lesion,
            series=spec,
            sop_instance_uid=str(uids.get(_PlannedSlice(lesion.slice_index, 0), "")),
        )
        for lesion in lesions
    }
