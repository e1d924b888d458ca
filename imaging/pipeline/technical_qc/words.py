"""Title, meaning, advice and query text of every finding code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """Four short texts; an empty query means that the site is not asked."""

    title: str
    means: str
    do: str
    query: str = ""


_RESEND = "Export the whole series again and upload it."

WORDS: dict[str, Words] = {
    # identity of the upload
    "mixed_subject": Words(
        "Images of more than one subject",
        "The images stand under more than one subject identity. Nothing is released.",
        "Ask the site to send the series again with this subject's images only.",
        "One series holds images of more than one subject. Please check your export and upload "
        "the series again with the images of this subject only.",
    ),
    "mixed_study": Words(
        "One series belongs to two studies",
        "Images of one series carry different study identifiers.",
        _RESEND,
        "The images of one series carry different study identifiers. Please export the series "
        "again from the scanner or archive and upload it.",
    ),
    "duplicate_instance": Words(
        "The same image came twice",
        "The copies are identical. One is kept.",
        "Nothing to do.",
    ),
    "conflicting_instance": Words(
        "Two different images share one identifier",
        "It cannot be known which of the images is right.",
        _RESEND,
        "{measured} in the series share an identifier but show different pixels. Please export "
        "the series again and upload it.",
    ),
    "already_received": Words(
        "These images were received before",
        "The study is already on file for this subject.",
        "Compare both uploads; withdraw this one or say why it was sent again.",
        "These images were already received. Please tell us whether another examination was meant.",
    ),
    "other_subject": Words(
        "The subject differs from the earlier time points",
        "The identity in the images is not the one seen at earlier time points.",
        "Ask the site to check that the right subject was exported.",
        "The identity in these images differs from this subject's earlier time points. Please "
        "check that the images belong to the subject.",
    ),
    # completeness and geometry
    "missing_slices": Words(
        "Slices are missing",
        "The stack has gaps of whole slices: {measured}. Lesions may lie in the gaps.",
        _RESEND,
        "Slices are missing in the series: {measured}. Please export the complete series and "
        "upload it.",
    ),
    "duplicate_position": Words(
        "Two slices lie at the same position",
        "Different images occupy one position: {measured}. Measurements and volumes would be "
        "wrong.",
        _RESEND,
        "Two slices lie at the same position: {measured}. Please export the series again and "
        "upload it.",
    ),
    "irregular_spacing": Words(
        "Slice spacing is irregular",
        "Distances between slices differ: {measured}.",
        "Ask the site for the original reconstruction with equal spacing.",
        "The distances between slices differ: {measured}; expected: {expected}. Please send the "
        "original axial reconstruction with equal spacing.",
    ),
    "gaps_between_slices": Words(
        "Slices do not touch",
        "Thickness and spacing leave gaps: {measured}. Small lesions may be missed.",
        "Ask the site for a contiguous reconstruction.",
        "The slices leave gaps: {measured}. Please reconstruct without gaps and upload the series.",
    ),
    "mixed_orientation": Words(
        "Slices point in different directions",
        "The series mixes orientations: {measured}.",
        _RESEND,
        "The series mixes slices of different orientation: {measured}. Please send one "
        "orientation per series.",
    ),
    "mixed_pixel_spacing": Words(
        "Pixel spacing changes inside the series",
        "Pixel spacings found: {measured}. Diameters are not comparable over the slices.",
        _RESEND,
        "Pixel spacing changes inside the series: {measured}. Please send the series as "
        "reconstructed, with one field of view.",
    ),
    "mixed_matrix": Words(
        "Image size changes inside the series",
        "Image sizes found: {measured}.",
        _RESEND,
        "The image size changes inside the series: {measured}. Please export the series again.",
    ),
    "mixed_kernel": Words(
        "Two reconstruction kernels in one series",
        "Kernels found: {measured}. Sharpness and noise change inside the series.",
        "Ask the site for one reconstruction per series.",
        "The series mixes reconstruction kernels: {measured}. Please send one reconstruction "
        "per series.",
    ),
    "mixed_thickness": Words(
        "Slice thickness changes inside the series",
        "Thicknesses found: {measured}.",
        "Ask the site for one reconstruction per series.",
        "The slice thickness changes inside the series: {measured}. Please send one "
        "reconstruction per series.",
    ),
    "no_pixel_spacing": Words(
        "Pixel spacing is missing",
        "Nothing can be measured in mm.",
        "Ask the site for the original images from the scanner.",
        "The images lack pixel spacing, so nothing can be measured. Please send the original "
        "images from the scanner.",
    ),
    "no_geometry": Words(
        "Slice positions are missing",
        "Completeness and spacing cannot be checked.",
        "Ask the site for the original images from the scanner.",
        "The images lack slice positions. Please send the original images from the scanner.",
    ),
    # pixels
    "pixel_format": Words(
        "The pixel format is not possible for this kind of image",
        "Found {measured}; such values cannot be trusted.",
        "Ask the site for the original images from the scanner.",
        "The pixel format of the images is not valid ({measured}). Please send the original "
        "images from the scanner.",
    ),
    "lossy_compression": Words(
        "Images were compressed with loss",
        "Fine detail and values may be changed.",
        "Ask the site for images without lossy compression.",
        "The images were compressed with loss. Please send them without lossy compression.",
    ),
    "not_hounsfield": Words(
        "CT numbers are not marked as Hounsfield units",
        "The rescale type is {measured}.",
        "Check a region of air or water before any density is read.",
    ),
    # sorting
    "localiser": Words(
        "Localiser", "The series is a localiser. It is kept and not checked.", "Nothing to do."
    ),
    "derived_series": Words(
        "Derived series",
        "The series was computed from other images ({measured}). It is kept and not checked.",
        "Nothing to do.",
    ),
    "not_an_image": Words(
        "Not an image series",
        "Objects of kind {measured} are kept and not checked against the guideline.",
        "Nothing to do.",
    ),
    # dates
    "date_out_of_window": Words(
        "The scan date is outside the visit's window",
        "Scanned on {measured}; the window is {expected}.",
        "Confirm the visit with the site; record a deviation when the date is right.",
        "The scan date {measured} lies outside the window of this visit ({expected}). Please "
        "confirm the date and the visit, and give the reason.",
    ),
    "date_missing": Words(
        "The scan date is missing",
        "The visit's window cannot be checked.",
        "Ask the site for the scan date.",
        "The images carry no scan date. Please tell us the date of the examination.",
    ),
    "date_in_future": Words(
        "The scan date lies in the future",
        "The images are dated {measured}.",
        "Ask the site to check the scanner's clock.",
        "The images are dated {measured}, which lies in the future. Please confirm the date of "
        "the examination.",
    ),
    "dates_disagree": Words(
        "Study date and acquisition date differ",
        "The header says {measured}.",
        "Use the acquisition date after checking with the site.",
        "Study date and acquisition date differ ({measured}). Please tell us the date of the "
        "examination.",
    ),
    "birth_after_study": Words(
        "The birth date lies after the scan",
        "The identity or the date in the header is wrong.",
        "Ask the site to check subject and date.",
        "The birth date in the images lies after the scan date. Please check subject and date.",
    ),
    # expected series
    "wrong_modality": Words(
        "Wrong kind of examination",
        "Expected {expected}, received {measured}.",
        "Ask the site for the expected examination.",
        "This visit needs {expected}; we received {measured}. Please send the {expected} "
        "examination.",
    ),
    "expected_series_missing": Words(
        "An expected series is missing",
        "The visit needs {expected}; received: {measured}.",
        "Ask the site for the missing series.",
        "The visit needs {expected}, which we did not receive. Please upload it or tell us that "
        "it was not done.",
    ),
    "wrong_body_part": Words(
        "Wrong body part",
        "Expected {expected}, the header says {measured}.",
        "Look at the images; ask the site when the region is really another one.",
        "The visit needs {expected}; the images are marked {measured}. Please check the "
        "examination.",
    ),
    "body_part_unknown": Words(
        "The body part is not stated",
        "The header names no body part; expected {expected}.",
        "Look at the images.",
    ),
    # scanner and consistency
    "scanner_unknown": Words(
        "The scanner is not on the study's list",
        "Scanned on {measured}.",
        "Ask the site; qualify the scanner or record a deviation.",
        "The images come from a scanner that is not registered for this study ({measured}). "
        "Please confirm the scanner.",
    ),
    "scanner_changed": Words(
        "Another scanner than before",
        "Scanned on {measured}; earlier on {expected}.",
        "Record a deviation when the change could not be avoided.",
        "The subject was scanned on {measured}; earlier time points on {expected}. Please give "
        "the reason.",
    ),
    "serial_changed": Words(
        "Another scanner of the same model",
        "The device's serial number is {measured}; {expected}.",
        "Ask the site; qualify this scanner or record a deviation.",
        "The images come from another scanner of the same model (serial number {measured}; "
        "{expected}). Please confirm the scanner.",
    ),
    "software_changed": Words(
        "The scanner's software changed",
        "Now {measured}; before {expected}.",
        "Check whether the scanner must be qualified again.",
    ),
    "differs_from_earlier": Words(
        "{parameter} differs from earlier time points",
        "Now {measured}; before {expected}.",
        "Check whether the time points can still be compared.",
        "{parameter} is {measured}; earlier time points had {expected}. Please scan as at "
        "baseline, or give the reason.",
    ),
    # guideline rules
    "outside_guideline": Words(
        "{parameter} is outside the guideline",
        "Measured {measured}; the guideline asks for {expected}.",
        "Ask the site for a reconstruction within the guideline or record a deviation.",
        "{parameter} is {measured}; the acquisition guideline asks for {expected}. Please send "
        "a series within the guideline, or tell us why it is not possible.",
    ),
    "not_stated": Words(
        "{parameter} is not stated",
        "The header has no value; the guideline asks for {expected}.",
        "Ask the site for the value or the original images.",
        "The images do not state: {parameter}. Please send the original images or tell us the "
        "value.",
    ),
    # tracer
    "weight_missing": Words(
        "Weight is missing",
        "SUV cannot be computed: the weight is {measured}.",
        "Ask the site for the weight at the time of the scan.",
        "The images carry no valid weight ({measured}). Please tell us the subject's weight in "
        "kg on the day of the scan.",
    ),
    "dose_missing": Words(
        "Injected activity is missing",
        "SUV cannot be computed.",
        "Ask the site for the activity.",
        "The images carry no injected activity. Please tell us the activity in MBq and the time "
        "it was measured.",
    ),
    "dose_in_megabecquerel": Words(
        "Injected activity seems to be in MBq",
        "The header says {measured} Bq, which is a plausible number of MBq. SUV would be wrong "
        "by a factor of a million.",
        "Ask the site to confirm the activity.",
        "The injected activity in the header is {measured} Bq. Please confirm the activity with "
        "its unit.",
    ),
    "half_life_missing": Words(
        "The half-life is missing",
        "SUV cannot be computed from the header.",
        "Ask the site for the original images.",
        "The images do not state the half-life. Please send the original images.",
    ),
    "half_life_mismatch": Words(
        "The half-life does not fit the nuclide",
        "The header says {measured}; {expected}. Decay correction may be wrong.",
        "Ask the site to check the nuclide chosen at the scanner.",
        "Half-life and nuclide do not agree ({measured}; {expected}). Please check the nuclide "
        "chosen at the scanner and reconstruct.",
    ),
    "nuclide_unknown": Words(
        "The nuclide is not recognised",
        "The half-life cannot be checked.",
        "Check the tracer with the site.",
    ),
    "injection_time_missing": Words(
        "The injection time is missing",
        "Uptake time and SUV cannot be computed.",
        "Ask the site for the injection time.",
        "The images carry no injection time. Please tell us date and time of the injection.",
    ),
    "injection_after_scan": Words(
        "The injection lies after the scan",
        "Injected at {measured}, scanned at {expected}. SUV would be wrong.",
        "Ask the site for the right injection time.",
        "The injection time {measured} lies after the scan ({expected}). Please confirm both "
        "times.",
    ),
    "not_attenuation_corrected": Words(
        "Images are not corrected for attenuation",
        "SUV cannot be computed. Corrections applied: {measured}.",
        "Ask the site for the attenuation corrected series.",
        "The series is not corrected for attenuation. Please send the attenuation corrected "
        "series.",
    ),
    "not_decay_corrected": Words(
        "Images are not corrected for decay",
        "SUV cannot be computed. Found: {measured}.",
        "Ask the site for the decay corrected series.",
        "The series is not corrected for decay ({measured}). Please send the decay corrected "
        "series.",
    ),
    "units_unusable": Words(
        "The units cannot be turned into SUV",
        "Units {measured} without a vendor factor.",
        "Ask the site for images in Bq/ml, or with the vendor's factors kept.",
        "The images are in {measured} and carry no factor for SUV. Please send them in Bq/ml, "
        "or without removing private attributes.",
    ),
    "scan_time_missing": Words(
        "The scan time is missing",
        "SUV cannot be computed.",
        "Ask the site for the original images.",
        "The images carry no usable scan time. Please send the original images.",
    ),
}
