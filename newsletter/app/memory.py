"""What a server tells the interpreter and the C library about its memory, once, before it serves.

Every delivery is a few hundred objects that live for milliseconds, read through a buffer of 256 KiB. Left alone, the
collector goes through everything that was loaded at the start to find them, and the C library gives the pages of the
buffer back to the system and takes them again at every read.
"""

from __future__ import annotations

import ctypes
import gc
import sys

#: Objects made, less those freed, before the collector looks at the young ones; 700 by itself.
YOUNG_OBJECTS = 10_000

# mallopt(3): M_TRIM_THRESHOLD, M_TOP_PAD and M_MMAP_THRESHOLD of glibc's malloc.h, with what each becomes, in bytes.
_MALLOC_OPTIONS = {-1: 16 * 1024 * 1024, -2: 1024 * 1024, -3: 4 * 1024 * 1024}


def settle() -> None:
    """Prepare for many short-lived objects; what is loaded by now counts as there for good.

    https://docs.python.org/3/library/gc.html#gc.freeze
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS)
    if sys.platform == "linux":
        _keep_freed_pages()


def _keep_freed_pages() -> None:
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):
        # Another C library, musl for one, which has nothing to be told.
        return
    for option, value in _MALLOC_OPTIONS.items():
        mallopt(option, value)
