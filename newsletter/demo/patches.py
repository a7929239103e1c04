"""Patches that code writes: the many alike of one huge commit, and those of a revert."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice, product

_THINGS = (
    "Anchor", "Beacon", "Berth", "Buoy", "Cargo", "Chart", "Crew", "Dock", "Ferry", "Harbour",
    "Hull", "Jetty", "Keel", "Lighthouse", "Mast", "Pier", "Pilot", "Quay", "Tide", "Voyage",
)  # fmt: skip
_PARTS = (
    "Address", "Batch", "Change", "Comment", "Contact", "Count", "Event", "Filter", "Group", "History",
    "Invoice", "Label", "Limit", "Notice", "Page", "Permit", "Price", "Report", "Request", "Status",
)  # fmt: skip

_PATCH = '''\
@@ -1,12 +1,13 @@
 # Made from schema/openapi-v5.json by `make client`. Do not edit.
 from __future__ import annotations

-from tidewater_client.model import Model
+from tidewater_client.model import Model, aware_datetime


 class {name}(Model):
-    """`{name}` of schema v4."""
+    """`{name}` of schema v5."""

     id: str
-    created: str
-    updated: str
+    revision: int
+    created_at: aware_datetime
+    updated_at: aware_datetime'''


def whole(patch: str) -> str:
    """Return a patch that was written by hand as GitHub gives it.

    Editors strip the one blank of an empty context line: it is put back. There is no line feed at the end.
    """
    return "\n".join(line or " " for line in patch.removesuffix("\n").split("\n"))


def generated_models(count: int) -> Iterator[tuple[str, str]]:
    """Yield path and patch of ``count`` modified files, 400 at most."""
    for thing, part in islice(product(_THINGS, _PARTS), count):
        path = f"clients/python/tidewater_client/models/{thing.lower()}_{part.lower()}.py"
        yield path, whole(_PATCH).format(name=thing + part)


def turned_round(patch: str) -> str:
    """Return the patch that undoes ``patch``: hunk headers swapped, additions and deletions exchanged."""
    result: list[str] = []
    added_back: list[str] = []
    for line in patch.split("\n"):
        if line.startswith("-"):
            added_back.append("+" + line[1:])
        elif line.startswith("+"):
            result.append("-" + line[1:])
        else:
            result += [*added_back, re.sub(r"^@@ -(\S+) \+(\S+) @@", r"@@ -\2 +\1 @@", line)]
            added_back = []
    return "\n".join([*result, *added_back])
