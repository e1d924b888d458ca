"""A child process that decodes one compressed frame and writes it as an array to its output.

usage: ``python -m imaging.dicomweb.decoding FILE FRAME`` (frames count from 1).
"""

from __future__ import annotations

import resource
import sys
from collections.abc import Sequence

import numpy as np
from pydicom.pixels.utils import pixel_array

SECONDS = 30
MEMORY_BYTES = 4 * 1024**3


def main(arguments: Sequence[str]) -> int:
    """Decode; the array goes to standard output in NumPy's own format."""
    path, number = arguments
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    values = pixel_array(path, index=int(number) - 1)
    np.save(sys.stdout.buffer, values, allow_pickle=False)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
