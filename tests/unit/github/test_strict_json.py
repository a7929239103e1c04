"""A document is read in one way or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from newsletter.github.strict_json import decode, may_be_unstorable

NAMES = st.text('ab "\\:,{}\u00e9\U0001f600\n', max_size=3)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
SEPARATORS = st.tuples(
    st.text(" \t\r\n", max_size=2).map(lambda space: f"{space},{space}"),
    st.text(" \t\r\n", max_size=2).map(lambda space: f"{space}:{space}"),
)


@given(VALUES, SEPARATORS, st.booleans())
def test_a_document_is_read_as_it_was_written(value: Any, separators: tuple[str, str], escaped: bool) -> None:
    document = json.dumps(value, separators=separators, ensure_ascii=escaped).encode()
    assert decode(document) == value


@given(st.dictionaries(NAMES, VALUES, min_size=1, max_size=4), SEPARATORS, st.booleans(), st.integers(0, 3))
@example({"a b": 1, "ab": 2}, (",", ":"), False, 0)
def test_a_name_given_twice_is_refused_wherever_it_stands(
    members: dict[str, Any], separators: tuple[str, str], escaped: bool, depth: int
) -> None:
    def written(value: Any) -> str:
        return json.dumps(value, separators=separators, ensure_ascii=escaped)

    first = next(iter(members))
    parts = [f"{written(key)}{separators[1]}{written(value)}" for key, value in (*members.items(), (first, 3))]
    document = "{" + separators[0].join(parts) + "}"
    for _ in range(depth):
        document = f'[{document}, {{"inner": {document}}}]'
    with pytest.raises(ValueError, match="twice"):
        decode(document.encode())


@given(st.binary(max_size=40) | st.text('[]{}",:0123456789eE+-.tfn\\u ', max_size=40).map(str.encode))
def test_anything_else_is_a_value_error(document: bytes) -> None:
    try:
        decode(document)
    except ValueError:
        return
    json.loads(document)


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(b'{"a": 1e999}', id="a number that is too large"),
        pytest.param(b"1" * 5000, id="an integer of 5,000 digits"),
        pytest.param(b"[NaN]", id="no number"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="nested 100,000 times"),
        pytest.param(b'"\\ud800"', id="half a surrogate pair"),
        pytest.param(b'"\xff"', id="not UTF-8"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_a_document_is_refused_that_is(document: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the sentences are those of the libraries
        decode(document)


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(b'"\\u0000"', True, id="a NUL"),
        pytest.param(b'"\\ud800"', True, id="half a surrogate pair"),
        pytest.param(b'"\\u00e9 and u0000"', False, id="an accent"),
        pytest.param(b'"plain"', False, id="plain text"),
    ],
)
def test_what_no_database_can_hold_is_suspected(document: bytes, expected: bool) -> None:
    assert may_be_unstorable(document) is expected
