"""Values of many files of a series: what depends on the same elements is read once."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from imaging.pipeline.encoding import Element, Part10
from imaging.pipeline.technical_qc.facts import Value
from imaging.pipeline.technical_qc.file_facts import values_of
from imaging.pipeline.technical_qc.opening import dataset_of, open_header
from imaging.pipeline.technical_qc.parameters import element
from imaging.pipeline.technical_qc.watched import Watched
from imaging.pipeline.verify import Header


class ValueReader:
    """Reads the values of the parameters in clean files whose headers were indexed before.

    The images of a series differ in a few elements that no parameter asks for. Which elements were
    asked for, present or not, is seen; where they are the same again, so are the values.
    """

    def __init__(self) -> None:
        self._asked: list[tuple[int, ...]] = []
        self._values: dict[tuple[Any, ...], Mapping[str, tuple[Value, ...]]] = {}

    def read(self, header: Header, path: Path) -> Mapping[str, tuple[Value, ...]]:
        """The values of one file; none where it cannot be read."""
        part10 = header.part10
        places = {one.tag: one for one in header.elements}
        for asked in self._asked:
            found = self._values.get(_same_for(part10, places, asked))
            if found is not None:
                return found
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dataset_of(header, Watched) or open_header(path)
            if dataset is None:
                return {}
            values = values_of(dataset, str(element(dataset, "Modality") or ""))
        if isinstance(dataset._dict, Watched):
            self._remember(part10, places, dataset._dict, values)
        return values

    @staticmethod
    def depends_on(header: Header) -> frozenset[int] | None:
        """Tags of the elements that the values of a file depend on; None when that is not known."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            dataset = dataset_of(header, Watched)
            if dataset is None:
                return None
            values_of(dataset, str(element(dataset, "Modality") or ""))
        watched = dataset._dict
        return None if watched.wholly else frozenset(watched.asked)  # type: ignore[attr-defined]

    def _remember(
        self,
        part10: Part10,
        places: Mapping[int, Element],
        watched: Watched,
        values: Mapping[str, tuple[Value, ...]],
    ) -> None:
        asked = tuple(sorted(watched.asked))
        long = sum(places[tag].value_end - places[tag].value for tag in asked if tag in places)
        if watched.wholly or long > _REMEMBERED_BYTES:
            return
        if len(self._values) >= _REMEMBERED_FILES or len(self._asked) >= _REMEMBERED_SETS:
            self._values.clear()
            self._asked.clear()
        if asked not in self._asked:
            self._asked.append(asked)
        self._values[_same_for(part10, places, asked)] = values


_REMEMBERED_BYTES: Final = 64 * 1024
_REMEMBERED_FILES: Final = 256
_REMEMBERED_SETS: Final = 8


def _same_for(
    part10: Part10, places: Mapping[int, Element], asked: tuple[int, ...]
) -> tuple[Any, ...]:
    """What two files must share so that reading these elements gives the same."""
    data = part10.data
    found = (places.get(tag) for tag in asked)
    return (
        part10.transfer_syntax,
        part10.explicit,
        part10.notes,
        asked,
        *(
            None if one is None else (one.vr, bytes(data[one.value : one.value_end]))
            for one in found
        ),
    )
