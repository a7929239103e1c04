"""What axe-core, the checker of accessibility, finds on a page (https://github.com/dequelabs/axe-core)."""

from __future__ import annotations

from playwright.async_api import Page

from tests.support.peers import fetched

_RUN = """async () => (await axe.run(document, {resultTypes: ['violations']})).violations
  .filter(violation => ['serious', 'critical'].includes(violation.impact))
  .map(violation => `${violation.id}: ${violation.nodes[0].html.slice(0, 160)}`)"""


async def serious_findings(page: Page) -> list[str]:
    """Return the serious and critical findings, each with the first place where it is."""
    source = (fetched("axe-core") / "axe.min.js").read_text(encoding="utf-8")
    # Evaluated and not added to the page, whose policy would not let it run.
    await page.evaluate(source)
    found: list[str] = await page.evaluate(_RUN)
    return found
