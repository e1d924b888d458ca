"""The scan: one header, read once for what groups and holds a file and for the identity in it."""

from __future__ import annotations

import hashlib
import sys
from dataclasses import dataclass
from pathlib import Path

from imaging.pipeline.deidentify.holds import Look, hold_reason, look_of
from imaging.pipeline.deidentify.profile import Profile
from imaging.pipeline.deidentify.tokens import IdentityTokens, TokenCollector
from imaging.pipeline.encoding import Malformed
from imaging.pipeline.layout import Layouts, Recognised
from imaging.pipeline.verify import Judged, judge_header, load, read_header


@dataclass(frozen=True, slots=True)
class Scanned:
    """What the scan keeps of a file: enough to group and to decide, nothing else."""

    patient_id: str
    study: bytes
    series: bytes
    instance: bytes
    stack: bytes
    order: int
    hold: str
    look: Look


class Scanner:
    """Reads the header of one file in a child process."""

    def __init__(self, profile: Profile) -> None:
        self._collector = TokenCollector(profile)
        self._layouts = Layouts()

    def __call__(self, path: Path) -> tuple[Scanned | str, IdentityTokens]:
        found = IdentityTokens()
        try:
            data = load(path, whole=False)
            known = self._layouts.recognise(data)
            if known is not None:
                return self._known(known)
            header = read_header(data)
            found = self._collector.add(header)
            judged = judge_header(header)
        except Malformed as problem:
            return problem.code, found
        self._layouts.learn(header, judged)
        return _facts(judged), found

    def _known(self, known: Recognised) -> tuple[Scanned, IdentityTokens]:
        """What the file holds that is not in every file of its series, and its facts."""
        if known.layout.memory is None:
            known.layout.memory = _facts(known.judged)
        identity, image, _ = known.judged
        like: Scanned = known.layout.memory
        facts = Scanned(
            like.patient_id,
            like.study,
            like.series,
            _short(identity.sop_uid),
            like.stack,
            _order(image.instance_number),
            like.hold,
            like.look,
        )
        return facts, self._collector.add_varying(known)


def _facts(judged: Judged) -> Scanned:
    identity, image, _ = judged
    shape = (image.image_type, image.rows, image.columns, image.modality, image.burned_in)
    return Scanned(
        sys.intern(identity.patient_id.strip()),
        _short(identity.study_uid),
        _short(identity.series_uid),
        _short(identity.sop_uid),
        _short(identity.series_uid + repr(shape)),
        _order(image.instance_number),
        hold_reason(image),
        look_of(image),
    )


def _order(number: str) -> int:
    number = number.strip()
    return int(number) if number.isdigit() and len(number) < 10 else 0


def _short(text: str) -> bytes:
    return hashlib.sha256(text.encode()).digest()[:12]
