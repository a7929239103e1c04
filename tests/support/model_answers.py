"""What a model that understands its questions answers to them, in either language, well or badly."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

#: Texts of one language, each complete.
TEXTS: Mapping[str, Mapping[str, Any]] = {
    "en": {
        "sentence": "The pump stops before the nozzle closes.",
        "summary": "The pump stops before the nozzle closes, so that nothing drips.",
        "scope": "Everybody who runs the pump with a nozzle of the second series.",
        "areas": ["pump", "nozzle"],
        "risks": ["Scripts that wait for the nozzle see it earlier."],
        "advice": ["Restart the pump after the update."],
        "insight": {
            "architecture": None,
            "performance": "The pump is idle for 20 ms less in each cycle.",
            "security": None,
            "compatibility": "Nozzles of the first series are closed as before.",
        },
    },
    "zh": {
        "sentence": "水泵会在喷嘴关闭之前停止。",
        "summary": "水泵会在喷嘴关闭之前停止，因此不再滴水。",
        "scope": "所有使用第二代喷嘴的用户。",
        "areas": ["pump", "nozzle"],
        "risks": ["等待喷嘴的脚本会更早看到它关闭。"],
        "advice": ["升级之后请重启水泵。"],
        "insight": {
            "architecture": None,
            "performance": "每个周期水泵空转的时间减少 20 毫秒。",
            "security": None,
            "compatibility": "第一代喷嘴的关闭方式不变。",
        },
    },
}
_ID = re.compile(r'"id": "([0-9a-f]{6})"')


def text_of(body: Mapping[str, Any]) -> str:
    """Return everything that a request asks."""
    return "\n".join(message["content"] for message in body["messages"])


def is_triage(body: Mapping[str, Any]) -> bool:
    """Whether a request is a first look at several changes."""
    return "You sort the changes" in text_of(body)


def is_notes(body: Mapping[str, Any]) -> bool:
    """Whether a request is about one portion of a huge change."""
    return "You read one portion" in text_of(body)


def is_summary(body: Mapping[str, Any]) -> bool:
    """Whether a request is about a repository's day."""
    return "You open one repository" in text_of(body)


def is_translation(body: Mapping[str, Any]) -> bool:
    """Whether a request is about a finished analysis in another language."""
    return "You translate one entry" in text_of(body)


def texts_wanted(body: Mapping[str, Any]) -> int:
    """Return how many texts are to be translated."""
    found = re.search(r"exactly (\d+) texts", text_of(body))
    assert found is not None
    return int(found[1])


def ids_in(body: Mapping[str, Any]) -> list[str]:
    """Return the changes that a first look is about, in their order."""
    return list(dict.fromkeys(_ID.findall(text_of(body))))


def language_of(body: Mapping[str, Any]) -> str:
    """Return the language that is asked for."""
    return "zh" if "简体中文" in body["messages"][0]["content"] else "en"


def answer_of(body: Mapping[str, Any], *, level: str = "medium", kind: str = "fix", **texts: Any) -> dict[str, Any]:
    """Return a good answer to a request.

    :param level: of every change that is asked about.
    :param texts: in place of those of :data:`TEXTS`.
    """
    said = {**TEXTS[language_of(body)], **texts}
    if is_notes(body):
        return {"notes": ["The pump has a second valve.", "The option `--drip` is gone."]}
    if is_summary(body):
        ids = ids_in(body)
        return {"sentences": [{"text": said["summary"], "about": ids[:1]}], "highlights": ids[:2]}
    if is_translation(body):
        return {"texts": [said["sentence"]] * texts_wanted(body)}
    if is_triage(body):
        return {
            "changes": [
                {"id": name, "level": level, "kind": kind, "sentence": said["sentence"]} for name in ids_in(body)
            ]
        }
    found = {"kind": kind, **{key: said[key] for key in ("summary", "scope", "areas", "risks", "advice")}}
    keys = body["messages"][0]["content"]
    if "with the keys level" in keys:
        found["level"] = level
    if "insight" in keys:
        found["insight"] = said["insight"]
    return found


def half(answer: Mapping[str, Any]) -> str:
    """Return an answer of which the second half was lost."""
    text = json.dumps(answer, ensure_ascii=False)
    return text[: len(text) // 2]
