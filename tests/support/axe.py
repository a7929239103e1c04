"""axe-core, which judges a page as WCAG does: run inside the browser, past the page's own policy for scripts."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page

AXE = Path(__file__).parents[1] / "peers" / "node_modules" / "axe-core" / "axe.min.js"
#: What may not be found: it keeps somebody from reading or using the page.
GRAVE = ("serious", "critical")


def axe_source() -> str:
    """Return the program; the test is skipped, or fails where every service has to be there, if it is not installed."""
    if not AXE.is_file():
        if os.environ.get("REQUIRE_SERVICES") == "1":
            pytest.fail("axe-core is not installed (make test installs it), and REQUIRE_SERVICES=1 wants it")
        pytest.skip("axe-core is not installed")
    return AXE.read_text(encoding="utf-8")


async def grave_findings(page: Page) -> list[str]:
    """Return what keeps somebody from reading or using a page: the rule and where it is broken."""
    # Evaluated by the driver: a script element would be held back by the page's policy.
    await page.evaluate(axe_source())
    found: dict[str, Any] = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    assert found["passes"], "axe looked at nothing"
    return [
        f"{violation['id']}: {node['html'][:160]}"
        for violation in found["violations"]
        if violation["impact"] in GRAVE
        for node in violation["nodes"]
    ]
