"""The library of scientific checks on signed reads: data, facts, and one evaluator. Pure."""

from reads.oversight.facts import CourseFacts, LesionFact, PointFacts, ResponseFact, StreamFacts
from reads.oversight.library import LIBRARY, Check, library_digest
from reads.oversight.running import Fired, run

__all__ = [
    "LIBRARY",
    "Check",
    "CourseFacts",
    "Fired",
    "LesionFact",
    "PointFacts",
    "ResponseFact",
    "StreamFacts",
    "library_digest",
    "run",
]
