"""All that later stages need of a clean file, read while its verifier has it open.

The files of a series share most of it: of a file of a known layout only what varies is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from imaging.dicomweb.objects import DescribedForm, Describer
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.layout import Layouts, Recognised
from imaging.pipeline.technical_qc.facts import Value
from imaging.pipeline.technical_qc.value_reader import ValueReader
from imaging.pipeline.verify import Header, judge_header, read_header
from imaging.services.intake import Left

_POSITION, _ORIENTATION = 0x00200032, 0x00200037


@dataclass(frozen=True, slots=True)
class _Form:
    """What the files of one layout share."""

    values: Mapping[str, tuple[Value, ...]]
    described: DescribedForm


class CleanReader:
    """Reads clean files in one process; remembers layouts."""

    def __init__(self) -> None:
        self._layouts = Layouts()
        self._describer = Describer()
        self._values = ValueReader()

    def read(self, output: bytes, path: Path) -> Left:
        """Return what the index keeps of a clean file, its height, and its parameters.

        Raises:
            Malformed: it cannot be read as DICOM.
        """
        known = self._layouts.recognise(output)
        form: _Form | bool | None = known.layout.memory if known else None
        if known and isinstance(form, _Form):
            height = _height(_raw(known, _POSITION), _raw(known, _ORIENTATION))
            return Left(height, form.values, form.described.describe(known))
        header = read_header(output)
        described = self._describer.describe_header(header)
        left = Left(height_of(header), self._values.read(header, path), described)
        if known is None:
            with suppress(Malformed):
                self._layouts.learn(header, judge_header(header))
        elif form is None:
            known.layout.memory = self._form(known, header, left) or False
        return left

    def _form(self, known: Recognised, header: Header, left: Left) -> _Form | None:
        asked = self._values.depends_on(header)
        if asked is None or not asked.isdisjoint(known.layout.varying):
            return None
        described = self._describer.form(known, header, left.described)
        return _Form(left.values, described) if described else None


def height_of(header: Header) -> float | None:
    """Return where a slice lies along its normal, mm (PS3.3 C.7.6.2.1.1), if its header says so."""
    return _height(header.raw(_POSITION), header.raw(_ORIENTATION))


def _raw(known: Recognised, tag: int) -> bytes:
    found = known.varying.get(tag)
    if found is None:
        return known.layout.constant(tag)
    return bytes(known.data[found.value : found.value_end])


def _height(raw_position: bytes, raw_orientation: bytes) -> float | None:
    position, axes = _decimals(raw_position), _decimals(raw_orientation)
    if len(position) != 3 or len(axes) != 6:  # noqa: PLR2004 - a point and two direction cosines
        return None
    a, b = axes[:3], axes[3:]
    normal = (a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0])
    return round(sum(p * n for p, n in zip(position, normal, strict=True)), 3)


def _decimals(raw: bytes) -> list[float]:
    try:
        return [float(part) for part in raw.decode("ascii").strip("\0 ").split("\\")]
    except ValueError:
        return []
