"""What a blinded person's DICOMweb may hold: attributes needed to show, place and measure images.

An allow-list: whatever is not on it does not exist for readers, private elements included. Text is
kept only where a device writes it, codes only in the form of codes. Sources: the image, plane,
multi-frame, CT, MR, PET and NM modules of PS3.3 C.7 and C.8, and the attributes that SUV needs
(QIBA FDG-PET profile, PS3.3 C.8.9).
"""

from __future__ import annotations

from typing import Final

from pydicom.datadict import tag_for_keyword

_NAMES: Final = """
SpecificCharacterSet ImageType SOPClassUID SOPInstanceUID StudyInstanceUID SeriesInstanceUID
StudyDate SeriesDate AcquisitionDate ContentDate AcquisitionDateTime
StudyTime SeriesTime AcquisitionTime ContentTime FrameReferenceDateTime FrameAcquisitionDateTime
Modality Manufacturer ManufacturerModelName ReferencedSOPClassUID ReferencedSOPInstanceUID
PatientSex PatientSize PatientWeight PatientPosition
InstanceNumber AcquisitionNumber TemporalPositionIdentifier NumberOfTemporalPositions
ImagePositionPatient ImageOrientationPatient FrameOfReferenceUID PositionReferenceIndicator
SliceLocation Laterality ImageLaterality BodyPartExamined SpacingBetweenSlices SliceThickness
PixelSpacing ImagerPixelSpacing PixelAspectRatio NominalScannedPixelSpacing
SamplesPerPixel PhotometricInterpretation PlanarConfiguration NumberOfFrames
FrameIncrementPointer Rows Columns BitsAllocated BitsStored HighBit PixelRepresentation
SmallestImagePixelValue LargestImagePixelValue PixelPaddingValue PixelPaddingRangeLimit
WindowCenter WindowWidth VOILUTFunction RescaleIntercept RescaleSlope RescaleType
PresentationLUTShape LossyImageCompression LossyImageCompressionRatio
LossyImageCompressionMethod BurnedInAnnotation
RedPaletteColorLookupTableDescriptor GreenPaletteColorLookupTableDescriptor
BluePaletteColorLookupTableDescriptor RedPaletteColorLookupTableData
GreenPaletteColorLookupTableData BluePaletteColorLookupTableData
PixelPresentation VolumetricProperties VolumeBasedCalculationTechnique
ComplexImageComponent AcquisitionContrast FrameType
KVP XRayTubeCurrent ExposureTime Exposure GantryDetectorTilt TableHeight RotationDirection
DataCollectionDiameter ReconstructionDiameter DistanceSourceToDetector DistanceSourceToPatient
ConvolutionKernel FilterType ScanOptions SpiralPitchFactor SingleCollimationWidth
TotalCollimationWidth CTDIvol
ScanningSequence SequenceVariant MRAcquisitionType RepetitionTime EchoTime InversionTime
EchoNumbers NumberOfAverages ImagingFrequency ImagedNucleus MagneticFieldStrength
NumberOfPhaseEncodingSteps EchoTrainLength PercentSampling PercentPhaseFieldOfView FlipAngle
InPlanePhaseEncodingDirection DiffusionBValue DiffusionGradientOrientation
EffectiveEchoTime MREchoSequence MRDiffusionSequence DiffusionGradientDirectionSequence
Units CountsSource SeriesType DecayCorrection CorrectedImage RandomsCorrectionMethod
AttenuationCorrectionMethod ReconstructionMethod ScatterCorrectionMethod DecayFactor
DoseCalibrationFactor FrameReferenceTime ActualFrameDuration ImageIndex NumberOfSlices
NumberOfTimeSlices SUVType
RadiopharmaceuticalInformationSequence RadiopharmaceuticalStartTime
RadiopharmaceuticalStartDateTime RadiopharmaceuticalStopTime RadionuclideTotalDose
RadionuclideHalfLife RadionuclidePositronFraction RadionuclideCodeSequence
RadiopharmaceuticalCodeSequence RadiopharmaceuticalVolume
EnergyWindowVector NumberOfEnergyWindows DetectorVector NumberOfDetectors
RotationVector NumberOfRotations SliceVector NumberOfFramesInRotation
CodeValue CodingSchemeDesignator CodeMeaning
AnatomicRegionSequence ViewCodeSequence ViewPosition
MeasurementUnitsCodeSequence RealWorldValueMappingSequence RealWorldValueFirstValueMapped
RealWorldValueLastValueMapped RealWorldValueIntercept RealWorldValueSlope
SharedFunctionalGroupsSequence PerFrameFunctionalGroupsSequence FrameContentSequence
PlanePositionSequence PlaneOrientationSequence PixelMeasuresSequence FrameVOILUTSequence
PixelValueTransformationSequence FrameAnatomySequence FrameLaterality
CTImageFrameTypeSequence MRImageFrameTypeSequence PETFrameTypeSequence
DimensionIndexSequence DimensionIndexPointer FunctionalGroupPointer DimensionIndexValues
DimensionOrganizationSequence DimensionOrganizationUID DimensionOrganizationType
StackID InStackPositionNumber TemporalPositionIndex FrameAcquisitionNumber
ModalityLUTSequence VOILUTSequence LUTDescriptor LUTData ModalityLUTType
SequenceOfUltrasoundRegions RegionSpatialFormat RegionDataType RegionFlags RegionLocationMinX0
RegionLocationMinY0 RegionLocationMaxX1 RegionLocationMaxY1 PhysicalUnitsXDirection
PhysicalUnitsYDirection PhysicalDeltaX PhysicalDeltaY ReferencePixelX0 ReferencePixelY0
ExtendedOffsetTable ExtendedOffsetTableLengths
"""

#: attributes that hold dates: moved so that the examination falls on a fixed day
MOVED_DATES: Final = frozenset({"DA", "DT"})
#: attributes of the device, which the profile may hide as well
EQUIPMENT_NAMES: Final = "Manufacturer ManufacturerModelName"


def tag_of(name: str) -> int:
    """Return the tag of a keyword.

    Raises:
        KeyError: the dictionary has no such keyword.
    """
    tag = tag_for_keyword(name)
    if tag is None:
        raise KeyError(name)
    return int(tag)


ALLOWED: Final = frozenset(tag_of(name) for name in _NAMES.split())
EQUIPMENT: Final = frozenset(tag_of(name) for name in EQUIPMENT_NAMES.split())
#: attributes that must be there and are empty (type 2 of the patient and study modules)
EMPTIED: Final = tuple(
    sorted(
        tag_of(name)
        for name in "AccessionNumber ReferringPhysicianName PatientBirthDate StudyTime".split()
    )
)
