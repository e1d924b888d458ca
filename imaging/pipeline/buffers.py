"""Memory for buffers that come and go with every file.

The C library gives a block of a megabyte back to the kernel when it is freed, and gets it back page
by page, each page cleared anew. Where one file after the other passes through, that costs as much
as hashing them; so processes that do this keep what they had, within bounds.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from typing import Final

# mallopt(3), glibc.
_TRIM_THRESHOLD: Final = -1
_MMAP_THRESHOLD: Final = -3
KEPT_BYTES: Final = 64 * 1024 * 1024
LARGEST_BYTES: Final = 32 * 1024 * 1024  # the highest that glibc takes
# Looked up before any child is forked: a thread that is just loading a library while another one
# forks leaves the child a loader that can load nothing.
C_LIBRARY: Final = ctypes.CDLL(None)


def keep_large_buffers() -> None:
    """Let this process, and what it forks, reuse freed blocks of up to 32 MiB.

    Elsewhere than with glibc nothing is changed.
    """
    if sys.platform != "linux":
        return
    with suppress(AttributeError):  # another C library
        mallopt = C_LIBRARY.mallopt
        mallopt(_MMAP_THRESHOLD, LARGEST_BYTES)
        mallopt(_TRIM_THRESHOLD, KEPT_BYTES)
