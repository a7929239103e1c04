"""JSON of which there is only one reading: pure.

RFC 8259 leaves open what a name means that is given twice (§4) and how large a number may be (§6); readers that differ
there see different documents in the same bytes. Such documents are refused.

A compiled reader does not tell names given twice. But what is written again of what it read has each name once: where
that is the document itself, nothing was passed over, and the careful reader, which takes several times as long, would
find nothing. White space may differ. Taken out of both, it leaves the same strings, numbers and words in the same order
only where both have the same members: a name given twice would leave two more quotes on one side.
"""

from __future__ import annotations

import json
import math
import re
from typing import Any, NoReturn

import orjson

_WHITE_SPACE = b" \t\r\n"
#: Escapes of what no database can hold; the other halves of whole surrogate pairs are among them.
_UNSTORABLE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")


def decode(document: bytes) -> Any:
    """Read a JSON document in UTF-8.

    :raises ValueError: it is none, or none of one reading.
    """
    data = orjson.loads(document)
    again = orjson.dumps(data)
    if again != document and again.translate(None, _WHITE_SPACE) != document.translate(None, _WHITE_SPACE):
        return _decode_carefully(document)
    return data


def may_be_unstorable(document: bytes) -> bool:
    """Whether a document may have text that no database can hold: quick, and never wrong where it says no."""
    return _UNSTORABLE.search(document) is not None


def _decode_carefully(document: bytes) -> Any:
    try:
        return _CAREFUL.decode(document.decode())
    except RecursionError:
        raise ValueError("nested too deep") from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name is given twice")
    return found


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError("the number is too large")
    return value


_CAREFUL = json.JSONDecoder(object_pairs_hook=_without_duplicates, parse_constant=_refuse_constant, parse_float=_finite)
