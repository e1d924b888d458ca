"""Build the de-identification profile and its vocabulary from the standard's own tables.

Run from the repository root: `python -m imaging.deid_profiles.build`.  Input: `annex_e.json`
(PS3.15 Table E.1-1, edition recorded per row), the data dictionary and concept dictionary of
pydicom, and the word lists beside this file.  Output: `trial.json`, `vocabulary.txt`.  The output
is part of the repository, so that a change of any rule shows as a difference.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Final, cast

from pydicom._dicom_dict import DicomDictionary
from pydicom._private_dict import private_dictionaries
from pydicom.sr._cid_dict import name_for_cid
from pydicom.sr._concepts_dict import concepts

from imaging.pipeline.text import WORD, fold

HERE: Final = Path(__file__).parent
OPTIONS: Final = (
    ("113101", "Clean Pixel Data Option"),
    ("113103", "Clean Graphics Option"),
    ("113104", "Clean Structured Content Option"),
    ("113105", "Clean Descriptors Option"),
    ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    ("113108", "Retain Patient Characteristics Option"),
    ("113109", "Retain Device Identity Option"),
    ("113111", "Retain Safe Private Option"),
)
PATIENT_GROUP: Final = 0x0010
RESPONSIBLE_PERSON: Final = 0x00102297
TEXT: Final = frozenset("LO SH ST LT UT UC".split())
NUMBERS: Final = frozenset("DS IS US SS UL SL UV SV FL FD AT OF OD OL OV OW".split())

# Retain Device Identity keeps model and software only: of the rows it names, the lens of a camera.
DEVICE_KEPT: Final = frozenset({"0016004f", "00160050", "0016004e"})
# Where the table gives less than a central reader needs, or where it is silent.
OVERRIDES: Final = {
    "30060026": ("clean-z", "ROI Name: cleaned by vocabulary instead of emptied"),
    "00700006": ("clean-d", "Unformatted Text Value: Clean Graphics cleans the text"),
    "00080090": ("z", "Referring Physician's Name"),
    "00081110": ("z", "Referenced Study Sequence"),
    "00081140": ("items", "Referenced Image Sequence: UIDs mapped"),
    "00082112": ("items", "Source Image Sequence: UIDs mapped"),
    "0040a160": ("clean-d", "Text Value: Clean Structured Content"),
    "0040b020": ("items", "Waveform Annotation Sequence: its texts cleaned"),
    "00080005": ("x", "Specific Character Set: rewritten"),
    "00280303": ("x", "rewritten"), "00120062": ("x", "rewritten"), "00120063": ("x", "rewritten"),
    "00120064": ("x", "rewritten"), "00120052": ("x", "rewritten"), "00120053": ("x", "rewritten"),
    "00120083": ("x", "Consent for Clinical Trial Use Sequence: the trial's own record"),
    "0018a001": ("x", "Contributing Equipment Sequence: names people and places"),
    "00081190": ("x", "Retrieve URL"), "0040e010": ("x", "Retrieve URI"),
    "04000500": ("x", "Encrypted Attributes Sequence"), "04000510": ("x", "Encrypted Content"),
    "04000520": ("x", "Encrypted Content"), "4ffe0001": ("x", "MAC Parameters Sequence"),
    "0040e001": ("x", "HL7 Instance Identifier"), "00100033": ("x", "alternative birth date"),
    "00100034": ("x", "alternative death date"), "00100035": ("x", "alternative calendar"),
    "00181003": ("x", "Device ID"), "00181006": ("x", "Grid ID"), "00189810": ("keep", ""),
    "00400031": ("x", "issuer"), "00400032": ("x", "issuer"), "00400033": ("x", "issuer"),
    "00400039": ("x", "Assigning Facility Sequence"), "0040003a": ("x", "jurisdiction"),
    "00080051": ("x", "Issuer of Accession Number Sequence"),
    "00400026": ("x", "Order Placer Identifier Sequence"),
    "00400027": ("x", "Order Filler Identifier Sequence"),
    "00100024": ("x", "Issuer of Patient ID Qualifiers Sequence"),
    "0040a07b": ("x", "Participant identification"),
    "00102294": ("x", "Breed Registration Sequence"), "00102295": ("x", "Breed registration"),
    "00081200": ("items", "Studies Containing Other Referenced Instances Sequence"),
    "00080120": ("technical", "URN Code Value: what names the concept of a code"),
    "001811bb": ("clean-d", ""), "00189005": ("technical", "Pulse Sequence Name"),
    "0028030b": ("keep", ""), "00080201": ("keep", "Timezone Offset From UTC"),
    "00282000": ("keep", "ICC Profile"), "00280304": ("uid", ""), "00420011": ("d", ""),
    "54001010": ("keep", "Waveform Data"), "5400100a": ("keep", "Waveform Padding Value"),
    "54000110": ("keep", "Channel Minimum Value"), "54000112": ("keep", "Channel Maximum Value"),
    "7fe00010": ("pixels", ""), "7fe00008": ("pixels", ""), "7fe00009": ("pixels", ""),
    "00660000": ("x", ""),
}  # fmt: skip
# Text that the machine or a vocabulary sets: kept as it is unless it holds identity of the upload.
TECHNICAL: Final = frozenset(
    """Manufacturer ManufacturerModelName ManufacturerRelatedModelGroup ManufacturerModelVersion
    ExtendedCodeValue MappingResourceName Radiopharmaceutical InterventionDrugName
    ContrastBolusRoute TriggerSourceOrType CardiacFramingType RadiopharmaceuticalRoute PVCRejection
    TypeOfFilters SoftwareVersions SecondaryCaptureDeviceManufacturer
    SecondaryCaptureDeviceManufacturerModelName SecondaryCaptureDeviceSoftwareVersions
    DigitalImageFormatAcquired AcquisitionMode DoseModeName PhosphorType
    AcquisitionDeviceProcessingCode TransducerData ProcessingFunction DetectorManufacturerName
    DetectorManufacturerModelName ReceiveCoilManufacturerName TransmitCoilManufacturerName
    MultiCoilConfiguration ASLTechniqueDescription ASLCrusherDescription ASLBolusCutoffTechnique
    ApplicationName ApplicationVersion ApplicationManufacturer PositionReferenceIndicator
    TargetPositionReferenceIndicator DimensionIndexPrivateCreator FunctionalGroupPrivateCreator
    PrivateCreatorReference PixelValueMappingExplanation RescaleType WindowCenterWidthExplanation
    LUTExplanation ModalityLUTType MIMETypeOfEncapsulatedDocument AttenuationCorrectionMethod
    ReconstructionMethod DetectorLinesOfResponseUsed ScatterCorrectionMethod SegmentAlgorithmName
    AlgorithmVersion AlgorithmName AlgorithmSource AlgorithmParameters FontName CSSFontName
    SourceIsotopeName
    CodeValue CodingSchemeDesignator CodingSchemeVersion LongCodeValue WedgeModelNumber
    WedgeMaterial SequenceName ImagedNucleus VideoImageFormatAcquired FilterType CollimatorGridName
    ConvolutionKernel ReceiveCoilName TransmitCoilName PlateType TimeSource OutputPower
    PulseSequenceName MultiCoilElementName ImageFilter StackID OpticalPathIdentifier
    ReferencedOpticalPathIdentifier EnergyWindowName DataSetVersion PatientSetupLabel
    RadiationMachineName CodingSchemeRegistry EXIFVersion LensSpecification
    SpatialFrequencyResponseColumnNames OECFColumnNames DisplayWindowLabelVector FrameLabelVector
    ViewName FractionPattern""".split()
) - {"RadiationMachineName", "PatientSetupLabel"}
# UIDs that name a class, a scheme or a format, not an instance.
FIXED_UIDS: Final = frozenset(
    """SOPClassUID RelatedGeneralSOPClassUID OriginalSpecializedSOPClassUID SOPClassesInStudy
    CodingSchemeUID ContextUID MappingResourceUID StoredInstanceTransferSyntaxUID
    ReferencedSOPClassUID SOPClassesSupported AvailableTransferSyntaxUID PertinentSOPClassesInStudy
    PertinentSOPClassesInSeries MACCalculationTransferSyntaxUID""".split()
)
REMOVED_GROUPS: Final = (0x0000, 0x0002, 0x0004, 0x0100, 0x4FFE, 0x4008, 0x4010, 0x0048 + 0xFF00)
SCHEMES: Final = (
    "DCM", "SCT", "LN", "RADLEX", "FMA", "IBSI", "NCIt", "UMLS", "MSH", "MDC", "UCUM",
)  # fmt: skip
ANIMALS: Final = re.compile("breed|species|organism|genus|animal", re.IGNORECASE)
PRIVATE_NUMBERS: Final = (
    "Numeric elements of imaging makers by the private dictionary of pydicom; kept when the number "
    "is no number of the upload. Names of dates, times, people and identifiers are left out."
)
PRIVATE_VRS: Final = frozenset("DS IS FL FD SS US SL UL".split())
MAKERS: Final = re.compile(
    "GEMS_|SIEMENS (MR|CT|MED PT|MED SP|MED$|CM|PT|RA|MED MG)|Philips|PHILIPS MR|TOSHIBA_MEC"
    "|CANON_MEC|HOLOGIC|ELSCINT1|UIH|Image Private Header|MMCPrivate|PMTF"
)
NOT_MEASURES: Final = re.compile(
    "patient|birth|age$|name|date|time(?!rs? (bins|slots|points))|serial|exam|study|suite|person"
    "|physician|operator|user|account|licen[cs]e|phone|address|site|IDEN_|PATI_|STDY_|DL_|ADW"
    "|XELPRV|[Uu]nknown|hash|checksum|[Ii][Dd]s?$|UID|uid|number of the",
    re.IGNORECASE,
)
PLACES: Final = re.compile(
    "Institution|Organi[sz]ation|Address|Location|Residence|Department|Service|Issuer|Country|Region"
)


def main() -> None:
    """Write the profile, its words and its private elements beside this file."""
    rows = {row_id(row): row for row in json.loads((HERE / "annex_e.json").read_text())["rows"]}
    vocabulary = build_vocabulary()
    (HERE / "vocabulary.txt").write_text("\n".join(vocabulary) + "\n", encoding="utf-8")
    meanings = "\n".join(build_meanings(frozenset(vocabulary))) + "\n"
    (HERE / "meanings.txt").write_text(meanings, encoding="utf-8")
    numbers = {"comment": PRIVATE_NUMBERS, "elements": build_private_numbers()}
    text = json.dumps(numbers, ensure_ascii=False).replace("], [", "],\n [") + "\n"
    (HERE / "private_numbers.json").write_text(text, encoding="utf-8")
    actions = build_actions(rows)
    grouped: dict[str, list[str]] = {}
    for tag, action in sorted(actions.items()):
        grouped.setdefault(action, []).append(tag)
    document = {
        "name": "trial",
        "version": 1,
        "title": "Trial imaging: basic profile, cleaned descriptors, modified dates",
        "basic": ["113100", "Basic Application Confidentiality Profile"],
        "options": [list(option) for option in OPTIONS],
        "table": {
            "source": "DICOM PS3.15 Table E.1-1",
            "editions": sorted({row["edition"] for row in rows.values()}),
            "sha256": digest("annex_e.json"),
        },
        "vocabulary_sha256": digest("vocabulary.txt"),
        "meanings_sha256": digest("meanings.txt"),
        "private_safe_sha256": digest("private_safe.json"),
        "private_numbers_sha256": digest("private_numbers.json"),
        "age_cap_years": 90,
        "date_offset_days": [-3650, -366],
        "clinical_trial": {
            "sponsor_name": "SPONSOR",
            "protocol_id": "PROTOCOL",
            "protocol_name": "",
            "coordinating_center_name": "",
        },
        "reasons": {tag: reason for tag, (_, reason) in sorted(OVERRIDES.items()) if reason},
        "identity": identity_kinds(rows, actions),
        "actions": grouped,
    }
    text = json.dumps(document, indent=1, sort_keys=True) + "\n"
    (HERE / "trial.json").write_text(text, encoding="utf-8")


def digest(name: str) -> str:
    return hashlib.sha256((HERE / name).read_bytes()).hexdigest()


def row_id(row: dict[str, str]) -> str:
    return "".join(c for c in row["tag"] if c.isalnum()).lower()


def build_actions(rows: dict[str, dict[str, str]]) -> dict[str, str]:
    """One action per public attribute; an attribute that is not here is removed."""
    actions: dict[str, str] = {}
    for tag, (vr, _, _, retired, keyword) in DicomDictionary.items():
        key = f"{tag:08x}"
        if key in OVERRIDES:
            actions[key] = OVERRIDES[key][0]
        elif key in rows:
            actions[key] = from_table(rows[key], vr)
        elif tag >> 16 in REMOVED_GROUPS or not keyword or tag & 0xFFFF == 0:
            continue
        else:
            actions[key] = from_dictionary(vr, keyword, bool(retired))
    return {key: action for key, action in actions.items() if action != "x"}


def from_table(row: dict[str, str], vr: str) -> str:
    """The action of a row of the table under the options of the profile."""
    basic = row["basicProfile"]
    last = "z" if basic in ("Z", "X/Z") else "d" if "D" in basic else "x"
    if basic.startswith("U") or vr == "UI":
        return "uid"
    if basic == "X/Z/U*":
        return "items"
    if "rtnLongModifDatesOpt" in row:
        return f"time-{last}" if vr == "TM" else f"date-{last}" if vr in ("DA", "DT") else last
    if "rtnPatCharsOpt" in row:
        kept = row["rtnPatCharsOpt"] == "K"
        return (
            ("age" if vr == "AS" else "keep" if vr not in TEXT else "technical")
            if kept
            else (f"clean-{last}")
        )
    if row_id(row) in DEVICE_KEPT:
        return "technical" if vr in TEXT else "keep"
    if any(name in row for name in ("cleanDescOpt", "cleanStructContOpt", "cleanGraphOpt")):
        if vr == "SQ":
            return "items"
        return f"clean-{last}" if vr in TEXT or vr == "CS" else last
    if vr == "SQ" and last == "d":
        if basic != "D":
            return "x"
        return "code" if "Code Sequence" in row["name"] else "items"
    return last


def from_dictionary(vr: str, keyword: str, retired: bool) -> str:
    """The action of an attribute that the table does not name."""
    if vr in ("SQ",):
        return "items"
    if vr == "UI":
        return "keep" if keyword in FIXED_UIDS else "uid"
    if vr in ("DA", "DT"):
        return "date-x"
    if vr == "TM":
        return "time-x"
    if vr == "PN":
        return "z"
    if vr in TEXT:
        return "technical" if keyword in TECHNICAL else "clean-d"
    if vr == "CS":
        return "technical"
    if vr == "AS":
        return "age"
    if set(vr.split(" or ")) <= NUMBERS:
        return "keep"
    return "x"


def identity_kinds(rows: dict[str, dict[str, str]], actions: dict[str, str]) -> dict[str, str]:
    """Attributes whose values are identity of the upload, by kind."""
    kinds: dict[str, str] = {}
    for tag, (vr, _, name, _, _) in DicomDictionary.items():
        key = f"{tag:08x}"
        row = rows.get(key)
        if vr == "PN":
            kinds[key] = (
                "patient" if tag >> 16 == PATIENT_GROUP and tag != RESPONSIBLE_PERSON else "person"
            )
        elif row is None or actions.get(key, "x") not in ("x", "z", "d"):
            continue
        elif vr in ("DA", "DT") and tag >> 16 == PATIENT_GROUP:
            kinds[key] = "date"
        elif vr in TEXT | {"AE"}:
            device = "rtnDevIdOpt" in row
            kinds[key] = "device" if device else "place" if PLACES.search(name) else "id"
    kinds["00081190"] = "id"
    kinds["00100030"] = "date"
    return kinds


def build_meanings(vocabulary: frozenset[str]) -> list[str]:
    """Whole meanings of standard codes that hold a word outside the vocabulary (an eponym)."""
    found: set[str] = set()
    for scheme in SCHEMES:
        for codes in cast(dict[str, Any], concepts[scheme]).values():
            for meaning, _ in codes.values():
                words = WORD.findall(fold(meaning))
                if not ANIMALS.search(meaning) and not vocabulary.issuperset(words):
                    found.add(" ".join(words))
    return sorted(found)


def build_private_numbers() -> list[list[str]]:
    """Numeric elements of makers' blocks by pydicom's private dictionary: measures, no dates."""
    found: list[list[str]] = []
    for creator, elements in private_dictionaries.items():
        if not MAKERS.match(creator) or NOT_MEASURES.search(creator):
            continue
        for tag, (vr, _, name, _) in elements.items():
            if name and vr in PRIVATE_VRS and not NOT_MEASURES.search(name) and "xx" in tag:
                found.append([creator, tag[:4].upper(), tag[-2:].upper(), vr, name])
    return sorted(found)


def words_of(name: str) -> list[str]:
    return [word for line in (HERE / name).read_text("utf-8").splitlines()
            if not line.startswith("#") for word in line.split()]  # fmt: skip


def plain_words(meaning: str) -> list[str]:
    """Words of a code meaning without its proper nouns (capitals inside the phrase)."""
    first, *others = re.findall(r"[A-Za-z]{2,}(?:'s)?", meaning) or [""]
    kept = [word for word in others if word.islower() or word.isupper()]
    if not first.endswith("'s"):
        kept.append(first)
    return [word.removesuffix("'s").lower() for word in kept if len(word) > 1]


def build_vocabulary() -> list[str]:
    """Words of the DICOM dictionaries and of imaging protocols, without names of people."""
    people = re.compile("Breed|Species|Strain|Role|Organi[sz]ation|Occupation|Person")
    found: set[str] = set()
    for scheme in SCHEMES:
        for codes in cast(dict[str, Any], concepts[scheme]).values():
            for meaning, cids in codes.values():
                if scheme == "SCT" and not cids:
                    continue
                if not any(people.search(name_for_cid.get(cid, "")) for cid in cids):
                    found.update(plain_words(meaning))
    for entry in DicomDictionary.values():
        found.update(re.findall(r"[a-z]{3,}", entry[2].lower().replace("'s", "")))
    not_words = set(words_of("surnames.txt"))
    own = set(words_of("imaging_words.txt"))
    generic = {
        "hospital",
        "clinic",
        "institute",
        "university",
        "street",
        "road",
        "centre",
        "center",
    }
    return sorted((found - not_words - generic) | own)


if __name__ == "__main__":
    main()
