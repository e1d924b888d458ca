"""Which attributes a search answers at which level (PS3.18 tables 10.6.3-3 to 10.6.3-5)."""

from __future__ import annotations

from typing import Final

from pydicom.datadict import dictionary_VR, tag_for_keyword


def _tags(names: str) -> tuple[str, ...]:
    found = []
    for name in names.split():
        tag = tag_for_keyword(name)
        if tag is None:
            raise KeyError(name)
        found.append(f"{int(tag):08X}")
    return tuple(sorted(found))


STUDY: Final = _tags(
    "SpecificCharacterSet StudyDate StudyTime AccessionNumber ReferringPhysicianName "
    "TimezoneOffsetFromUTC StudyDescription PatientName PatientID PatientBirthDate PatientSex "
    "PatientAge PatientSize PatientWeight ClinicalTrialSponsorName ClinicalTrialProtocolID "
    "ClinicalTrialProtocolName ClinicalTrialSiteID ClinicalTrialSiteName ClinicalTrialSubjectID "
    "ClinicalTrialSubjectReadingID ClinicalTrialTimePointID ClinicalTrialTimePointDescription "
    "StudyInstanceUID StudyID"
)
SERIES: Final = _tags(
    "SpecificCharacterSet Modality SeriesDate SeriesTime Manufacturer TimezoneOffsetFromUTC "
    "SeriesDescription ManufacturerModelName BodyPartExamined ProtocolName SeriesInstanceUID "
    "SeriesNumber Laterality FrameOfReferenceUID PerformedProcedureStepStartDate "
    "PerformedProcedureStepStartTime RequestAttributesSequence"
)
# Attributes that are counted or made when a search is answered.
COUNTED: Final = {
    "ModalitiesInStudy": "00080061",
    "NumberOfStudyRelatedSeries": "00201206",
    "NumberOfStudyRelatedInstances": "00201208",
    "NumberOfSeriesRelatedInstances": "00201209",
}
INSTANCE: Final = _tags(
    "SpecificCharacterSet SOPClassUID SOPInstanceUID AvailableTransferSyntaxUID InstanceNumber "
    "NumberOfFrames Rows Columns BitsAllocated TimezoneOffsetFromUTC"
)
ONLINE: Final = {"vr": "CS", "Value": ["ONLINE"]}
AVAILABILITY: Final = "00080056"
RETRIEVE_URL: Final = "00081190"


def vr_of(tag: str) -> str:
    """Return the VR of a public attribute, the first where the dictionary gives a choice."""
    try:
        return dictionary_VR(int(tag, 16))[:2]
    except KeyError:
        return "UN"
