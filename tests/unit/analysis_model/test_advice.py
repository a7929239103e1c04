"""Advice that would fit any change is left out, in both languages."""

from __future__ import annotations

import json

import pytest

from newsletter.analysis.bounds import bounds_of
from newsletter.analysis.prompt import build_prompt
from newsletter.analysis.question import Reply
from newsletter.analysis.reply import read_analysis
from subscribers import Level
from tests.support.model_changes import FIX


@pytest.mark.parametrize(
    ("advice", "kept"),
    [
        ("Add unit tests.", False),
        ("Consider adding more tests for the new behaviour.", False),
        ("Update the documentation accordingly.", False),
        ("Please update docs and changelog.", False),
        ("Review the changes carefully.", False),
        ("Ensure adequate test coverage.", False),
        ("添加单元测试。", False),
        ("建议更新相关文档。", False),
        ("请补充测试用例。", False),
        ("Restart the pump after the update.", True),
        ("Run the tests of your nozzle with `--drip=off`.", True),
        ("Replace `pump.stop()` in your scripts.", True),
        ("Set `timeout` before you update.", True),
        ("升级之后请重启水泵。", True),
        ("更新 `config.toml` 中的 `timeout`。", True),
    ],
)
def test_advice_that_fits_any_change_is_left_out(advice: str, kept: bool) -> None:
    language = "en" if advice.isascii() else "zh"
    summary = "It stops." if language == "en" else "水泵会停止。"
    said = json.dumps({"kind": "fix", "summary": summary, "advice": [advice]})
    analysis = read_analysis(
        Reply(text=said, finish_reason="stop", refusal=None),
        subject=FIX,
        prompt=build_prompt(FIX, language=language, levels=[Level.MEDIUM]),
        bounds=bounds_of(FIX, frozen=None),
        language=language,
        model="m",
    )
    assert analysis.advice == ((advice,) if kept else ())
