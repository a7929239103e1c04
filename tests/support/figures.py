"""How a page looks in a few figures, so that gross changes are noticed: its height, and how light its bands are."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from playwright.async_api import Page

#: From the top to the bottom.
BANDS = 6
#: Fonts and line breaks differ a little from machine to machine.
HEIGHT_MAY_DIFFER = 0.2
LIGHTNESS_MAY_DIFFER = 0.06
_MEASURE = """async ([data, bands]) => {
  const picture = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
  const canvas = new OffscreenCanvas(picture.width, picture.height), pen = canvas.getContext('2d');
  pen.drawImage(picture, 0, 0);
  const found = [];
  for (let band = 0; band < bands; band++) {
    const top = Math.floor(picture.height * band / bands), bottom = Math.floor(picture.height * (band + 1) / bands);
    const {data: bytes} = pen.getImageData(0, top, picture.width, bottom - top);
    let sum = 0, count = 0;
    for (let place = 0; place < bytes.length; place += 28, count++)
      sum += 0.2126 * bytes[place] + 0.7152 * bytes[place + 1] + 0.0722 * bytes[place + 2];
    found.push(Math.round(sum / count / 2.55) / 100);
  }
  return {height: picture.height, lightness: found};
}"""


async def figures_of(page: Page, picture: bytes) -> dict[str, Any]:
    """Return the figures of a picture (PNG).

    :param page: in whose browser they are found; it stays as it is.
    """
    found: dict[str, Any] = await page.evaluate(_MEASURE, [base64.b64encode(picture).decode(), BANDS])
    return found


def gross_changes(name: str, found: dict[str, Any], recorded: Path) -> list[str]:
    """Return what is grossly different from what was recorded of a page; look at it, and record it anew if it is meant.

    :param recorded: JSON, the figures of each page by its name.
    """
    known = json.loads(recorded.read_text(encoding="utf-8")).get(name)
    if known is None:
        return [f"{name} is not recorded: {json.dumps(found)}"]
    changes = []
    if abs(found["height"] / known["height"] - 1) > HEIGHT_MAY_DIFFER:
        changes.append(f"{name} is {found['height']} high and was {known['height']}")
    pairs = enumerate(zip(found["lightness"], known["lightness"], strict=True), start=1)
    changes += [
        f"band {band} of {name} has a lightness of {now} and had {was}"
        for band, (now, was) in pairs
        if abs(now - was) > LIGHTNESS_MAY_DIFFER
    ]
    return changes
