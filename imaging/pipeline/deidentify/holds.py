"""Which files wait for a person before they may go on (decisions on burned-in identity).

Headers decide here; `imaging.pipeline.burned_in` looks at the pixels of the kinds that are looked
at by optical character recognition.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from pydicom._uid_dict import UID_dictionary

from imaging.pipeline.verify import ImageFacts

ALWAYS_HELD: Final = frozenset({"US", "SC", "OT", "XC", "ES", "IVUS", "DOC", "SMR", "HC", "GM"})
EACH_LOOKED_AT: Final = frozenset(
    {"CR", "DX", "MG", "XA", "RF", "IO", "PX", "OP", "OPT", "BI", "XRF", "RG", "OAM", "OPM", "SM"}
)
SAMPLED: Final = frozenset({"CT", "MR", "PT", "NM"})
SECONDARY_CAPTURE: Final = "1.2.840.10008.5.1.4.1.1.7"
ENCAPSULATED: Final = "1.2.840.10008.5.1.4.1.1.104."
PHOTOGRAPHS: Final = tuple(f"1.2.840.10008.5.1.4.1.1.77.1.{n}" for n in (1, 2, 4))
ULTRASOUND: Final = ("1.2.840.10008.5.1.4.1.1.3.1", "1.2.840.10008.5.1.4.1.1.6.")
STORAGE: Final = "1.2.840.10008.5.1.4."
CAPTURE_WORDS: Final = (
    "SCREEN",
    "CAPTURE",
    "REPORT",
    "DOSE_INFO",
    "DOSE INFO",
    "LABEL",
    "OVERVIEW",
)
# Objects without an image of their own: judged by their text alone.
WITHOUT_IMAGE: Final = frozenset(
    "SR RTSTRUCT RTPLAN RTRECORD SEG PR KO REG FID RWV SPATIAL ECG EPS HD EEG EMG RESP AU ANN "
    "SEGMENTATION PLAN STAIN ASMT TEXTUREMAP M3D RTDOSE RTINTENT RTRAD RTSEGANN".split()
)
# Of these the pixels are not a picture: segments, labels, dose.  Any other object that calls itself
# one of the modalities above and has pixels is looked at like a picture.
NOT_PICTURES: Final = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{ending}" for ending in ("66.4", "66.7", "481.2")
)


class Look(StrEnum):
    """Whether pixels of a file are looked at for text."""

    NEVER = "never"
    SAMPLE = "sample"
    EACH = "each"


def hold_reason(image: ImageFacts, *, accepted: frozenset[str] = frozenset()) -> str:
    """Return the reason code for which a file is held by its header alone, or an empty text."""
    for code in _reasons(image):
        if code not in accepted:
            return code
    return ""


def _reasons(image: ImageFacts) -> list[str]:
    found: list[str] = []
    known = image.sop_class in UID_dictionary and image.sop_class.startswith(STORAGE)
    if not known:
        found.append("unknown_object")
    if image.sop_class.startswith(ENCAPSULATED):
        found.append("encapsulated_document")
    if image.burned_in == "YES":
        found.append("declared_burned_in")
    if image.overlay_in_bits and image.has_pixels:
        found.append("overlay_in_pixel_bits")
    capture = image.sop_class == SECONDARY_CAPTURE or image.sop_class.startswith(
        SECONDARY_CAPTURE + "."
    )
    words = " ".join(image.image_type[2:])
    if image.has_pixels and any(word in words for word in CAPTURE_WORDS):
        found.append("screen_capture")
    picture = image.sop_class.startswith((*PHOTOGRAPHS, *ULTRASOUND))
    if image.has_pixels and (image.modality in ALWAYS_HELD or capture or picture):
        found.append("always_looked_at")
    return found


def look_of(image: ImageFacts) -> Look:
    """Tell whether the pixels of a file that is not held are looked at for text."""
    if not image.has_pixels:
        return Look.NEVER
    if image.modality in WITHOUT_IMAGE and image.sop_class in NOT_PICTURES:
        return Look.NEVER
    return Look.SAMPLE if image.modality in SAMPLED else Look.EACH
