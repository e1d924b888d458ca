"""What the person who sends images can do about a finding, in one or two short sentences.

``words`` speaks to the analyst; this speaks to the technologist, before anything was sent.
"""

from __future__ import annotations

from typing import Final

from imaging.pipeline.technical_qc.words import WORDS

_AGAIN: Final = "Export the whole series again at the scanner or archive and choose it here."
_ORIGINAL: Final = "Send the original images from the scanner, not from a report workstation."
_REASON: Final = "If it cannot be changed, say why: quality control reads it."

ADVICE: Final[dict[str, str]] = {
    "mixed_subject": "Leave out what is not of this subject, or export this subject alone.",
    "mixed_study": _AGAIN,
    "duplicate_instance": "Nothing to do. One copy is kept.",
    "conflicting_instance": _AGAIN,
    "already_received": "Leave them out, or say which examination you mean.",
    "other_subject": "Check that you exported the right subject and chose the right visit.",
    "missing_slices": "Add the missing slices. If they are lost, say so and go on.",
    "duplicate_position": _AGAIN,
    "irregular_spacing": "Send the axial reconstruction with equal spacing.",
    "gaps_between_slices": "Send a reconstruction without gaps, if there is one.",
    "mixed_orientation": "Send one orientation per series.",
    "mixed_pixel_spacing": _AGAIN,
    "mixed_matrix": _AGAIN,
    "mixed_kernel": "Send one reconstruction per series.",
    "mixed_thickness": "Send one reconstruction per series.",
    "no_pixel_spacing": _ORIGINAL,
    "no_geometry": _ORIGINAL,
    "pixel_format": _ORIGINAL,
    "lossy_compression": "Send the images without lossy compression, if you have them.",
    "localiser": "Nothing to do.",
    "derived_series": "Nothing to do. The originals are what is read.",
    "not_an_image": "Nothing to do.",
    "date_out_of_window": "Check the visit. If visit and date are right, say why it was moved.",
    "date_missing": "Write the scan date in the form.",
    "date_in_future": "Check the scanner's clock, and write the true date in the form.",
    "dates_disagree": "Write the true scan date in the form.",
    "birth_after_study": "Check that the right subject was exported.",
    "wrong_modality": "Add the examination that the visit needs, or choose another visit.",
    "expected_series_missing": "Add the missing series. If it was not done, say so and go on.",
    "wrong_body_part": "Check that this is the right examination.",
    "body_part_unknown": "Nothing to do.",
    "scanner_unknown": "Check the scanner. Image operations adds it to the study's list.",
    "serial_changed": "Check the scanner. Image operations adds it to the study's list.",
    "scanner_changed": "If the change could not be avoided, note it under deviations.",
    "software_changed": "Nothing to do. We check whether the scanner needs a new test scan.",
    "differs_from_earlier": "Send the reconstruction of the earlier visits, if there is one.",
    "outside_guideline": "Send a reconstruction within the guideline, if there is one.",
    "not_stated": "Write the value in the form, if the form asks for it.",
    "weight_missing": "Write the weight in the form.",
    "dose_missing": "Write the injected activity and its time in the form.",
    "dose_in_megabecquerel": "Write the activity with its unit in the form.",
    "injection_time_missing": "Write date and time of the injection in the form.",
    "injection_after_scan": "Write the true times of injection and scan in the form.",
    "not_attenuation_corrected": "Add the attenuation corrected series.",
    "not_decay_corrected": "Add the decay corrected series.",
}


def advice(code: str, level: str) -> str:
    """Return what the sender can do; for a finding that blocks, also how to go on without."""
    text = ADVICE.get(code) or (_ORIGINAL if code in WORDS else "")
    says_it = any(word in text for word in ("say", "Nothing to do"))
    return text if level != "error" or says_it else f"{text} {_REASON}".strip()
