"""De-identification of DICOM files by a profile document (PS3.15 Annex E)."""

from imaging.pipeline.deidentify.engine import (
    DeidOutcome,
    Status,
    deidentify_bytes,
    deidentify_file,
)
from imaging.pipeline.deidentify.masking import Mask
from imaging.pipeline.deidentify.plan import DeidPlan, Subject, TrialValues
from imaging.pipeline.deidentify.profile import Profile, ProfileInvalid, load_profile
from imaging.pipeline.deidentify.tokens import IdentityTokens, collect_tokens, merge_tokens

__all__ = [
    "DeidOutcome",
    "DeidPlan",
    "IdentityTokens",
    "Mask",
    "Profile",
    "ProfileInvalid",
    "Status",
    "Subject",
    "TrialValues",
    "collect_tokens",
    "deidentify_bytes",
    "deidentify_file",
    "load_profile",
    "merge_tokens",
]
