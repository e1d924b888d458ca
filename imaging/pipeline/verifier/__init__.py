"""The independent verifier: reads what was written and looks for what must not be there.

It shares no code with the engine: it walks the bytes in its own way (`walk`), decodes values with
pydicom (`elements`), compares each output with its source (`comparing`) and searches it for the
tokens of the upload (`searching`; codes in `disguises`, pixel data in `pictures`).  Data that it
takes from the plan are the tokens of the upload and the number of days; it never asks the engine
how a value was made.
"""

from imaging.pipeline.verifier.checking import OutputVerifier
from imaging.pipeline.verifier.comparing import UNCHANGED, Comparison
from imaging.pipeline.verifier.searching import TokenSearch
from imaging.pipeline.verifier.verdict import Verdict

__all__ = ["UNCHANGED", "Comparison", "OutputVerifier", "TokenSearch", "Verdict"]
