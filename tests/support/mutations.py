"""Bodies that are nearly pushes: the sample's own with something changed, taken away or broken."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st

from tests.support.pushes import body_of, payload

_TEXT = st.text(st.characters(codec=None, exclude_categories=()), max_size=40)
#: Any JSON value, and some that only Python's reader takes for one.
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(2**62, 2**70)
    | st.floats()
    | _TEXT
    | st.sampled_from(["a" * 40, "0" * 40, "2026-01-20T12:00:00Z", "refs/tags/x", "o/r", "../..", "9" * 30]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXT, inner, max_size=3),
    max_leaves=6,
)


def _places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if path:
        yield path
    inner = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    for key, part in inner:
        yield from _places(part, (*path, key))


_PLACES = list(_places(payload()))
#: What the service reads; the rest of a payload is only carried along.
_READ = [place for place in _PLACES if place[0] != "sender" and not str(place[-1]).endswith("_url")]


@st.composite
def payloads(draw: st.DrawFn) -> object:
    """Draw a push with one to three places changed or taken away."""
    changed: Any = payload()
    for place in draw(st.lists(st.sampled_from(_READ), min_size=1, max_size=3)):
        target = changed
        for key in place[:-1]:
            try:
                target = target[key]
            except (KeyError, IndexError, TypeError):
                break
        if not isinstance(target, dict | list):
            continue
        try:
            if draw(st.booleans()):
                target[place[-1]] = draw(ANYTHING)
            else:
                del target[place[-1]]
        except (KeyError, IndexError, TypeError):
            continue
    return changed


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """Draw the bytes of a push with a few of them replaced or the end cut off."""
    body = bytearray(body_of(payload()))
    for _ in range(draw(st.integers(0, 3))):
        body[draw(st.integers(0, len(body) - 1))] = draw(st.integers(0, 255))
    return bytes(body[: draw(st.integers(0, len(body)))])


def bodies() -> st.SearchStrategy[bytes]:
    """Draw bodies of all these sorts."""
    return st.one_of(
        payloads().map(body_of),
        # Escapes instead of bytes: a lone surrogate is valid JSON then.
        payloads().map(lambda data: json.dumps(data).encode()),
        broken(),
        ANYTHING.map(body_of),
        st.binary(max_size=100),
    )
