"""Facts of many files of a series: what the files share is read once.

Each part of the facts depends on the elements that reading it asks for. Of a file of a known layout
(`imaging.pipeline.layout`) only the parts are read again that ask for an element that varies.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Final

from pydicom.dataset import Dataset

from imaging.pipeline.encoding import Element
from imaging.pipeline.layout import Recognised
from imaging.pipeline.technical_qc.facts import SliceFacts
from imaging.pipeline.technical_qc.file_facts import (
    FILE_PARTS,
    SLICE_PARTS,
    FileFacts,
    Part,
    Question,
    file_facts,
)
from imaging.pipeline.technical_qc.opening import PIXELS_FROM, dataset_of, raw_of
from imaging.pipeline.technical_qc.parameters import element, interned
from imaging.pipeline.technical_qc.reading import same_values
from imaging.pipeline.technical_qc.watched import Watched
from imaging.pipeline.verify import Header

_PER_FRAME: Final = "PerFrameFunctionalGroupsSequence"


class FactsForm:
    """The facts of the files of one layout."""

    def __init__(self, known: Recognised, header: Header, like: Dataset, asked: Question) -> None:
        varying = known.layout.varying
        self._asked = asked
        self._dataset = like
        self._implicit = not header.part10.explicit
        self._like = file_facts(like, key=asked.key, modality=asked.modality, only=asked.only)
        self._of_file, of_file = _again(header, FILE_PARTS, asked, varying)
        self._of_slice, of_slice = _again(header, SLICE_PARTS, asked, varying)
        self._needed = of_file | of_slice

    @classmethod
    def of(
        cls, known: Recognised, header: Header, *, key: bytes, only: frozenset[str] | None
    ) -> FactsForm | None:
        """Learn from one file; None where files of the layout must be read one by one."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            like = dataset_of(header)
            if like is None or element(like, "SeriesInstanceUID") is None:
                return None
            # Frames hold geometry of their own; a value of undefined length is read anew.
            if element(like, _PER_FRAME) is not None or any(map(_is_open, known.varying.values())):
                return None
            modality = str(element(like, "Modality") or "")
            return cls(known, header, like, Question(key, modality, only))

    def read(self, known: Recognised) -> FileFacts | None:
        """Facts of another file of the layout; None when it cannot be read for them."""
        elements = self._dataset._dict
        for tag, found in known.varying.items():
            if tag in self._needed:
                elements[interned(tag)] = raw_of(found, known.data, implicit=self._implicit)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                of_file = {name: read(self._dataset, self._asked) for name, read in self._of_file}
                of_slice = {name: read(self._dataset, self._asked) for name, read in self._of_slice}
        except Exception:  # untrusted bytes may raise anything
            return None
        if "values" in of_file:
            of_file["values"] = same_values(of_file["values"])
        slices: tuple[SliceFacts, ...] = (replace(self._like.slices[0], **of_slice),)
        return replace(self._like, slices=slices, **of_file)


Parts = tuple[tuple[str, Part], ...]


def _again(
    header: Header, parts: Mapping[str, Part], asked: Question, varying: frozenset[int]
) -> tuple[Parts, frozenset[int]]:
    """Return the parts that ask for an element that varies, and the tags of those elements."""
    again: list[tuple[str, Callable[[Dataset, Question], Any]]] = []
    needed: set[int] = set()
    for name, read in parts.items():
        dataset = dataset_of(header, Watched)
        assert dataset is not None  # noqa: S101 - it was read a moment ago
        read(dataset, asked)
        watched = dataset._dict
        assert isinstance(watched, Watched)  # noqa: S101
        own = varying if watched.wholly else varying & watched.asked
        if own:
            again.append((name, read))
            needed |= own
    return tuple(again), frozenset(tag for tag in needed if tag < PIXELS_FROM)


def _is_open(found: Element) -> bool:
    return found.vr == "UN" and found.value_end != found.end
