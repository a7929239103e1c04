"""What the title of a change declares: its kind, whether it breaks, and the words that are left. Pure.

Conventional Commits (https://www.conventionalcommits.org/en/v1.0.0/), ``[Tag]`` titles, gitmoji (https://gitmoji.dev)
and the verbs of prose titles, all without regard to case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from newsletter.analysis.openings import chinese_kind, kind_of_words
from newsletter.analysis.prose import plain
from newsletter.analysis.record import Kind

_MAX_TITLE_CHARACTERS = 500


@dataclass(frozen=True, kw_only=True)
class Title:
    """A title, taken apart."""

    #: What is left without type, tags and pull request number: plain text on one line.
    text: str
    #: The kind it declares by type, tag or verb; None where it declares none.
    declared: Kind | None = None
    #: ``feat!:`` or ``[Breaking]``.
    breaking: bool = False
    #: Whether a type or tag says so, and not only words.
    explicit: bool = False
    #: ``(scope)`` or the ``module:`` before the text.
    scope: str = ""


_WORDS: dict[Kind, str] = {
    Kind.FEATURE: "feat feature features enhancement enhance new sparkles tada ✨ 🎉",
    Kind.FIX: "fix fixes bugfix bug hotfix bugfixes ambulance 🐛 🚑 🩹",
    Kind.PERFORMANCE: "perf performance optimization optimisation optimize zap ⚡",
    Kind.SECURITY: "security sec lock 🔒",
    Kind.REFACTOR: "refactor refactoring cleanup clean-up recycle fire truck ♻ 🚚 🔥",
    Kind.DOCS: "doc docs documentation readme memo bulb 📝 💡",
    Kind.TEST: "test tests testing e2e white_check_mark ✅ 🧪",
    Kind.CI: "ci cicd workflow workflows github-actions actions construction_worker 👷 💚",
    Kind.BUILD: "build packaging docker package 📦",
    Kind.DEPENDENCIES: "deps dep dependencies dependency deps-dev arrow_up arrow_down pushpin ⬆ ⬇ 📌 ➕ ➖",
    Kind.STYLE: "style lint format formatting typo nit nits art rotating_light 🎨 🚨 ✏",
    Kind.RELEASE: "release bookmark 🔖",
    Kind.REVERT: "revert rewind ⏪",
    Kind.CHORE: "chore misc minor wip housekeeping i18n globe_with_meridians wrench 🌐 🔧",
}
_KIND_OF_WORD = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_KIND_OF_WORD |= {"bug fix": Kind.FIX, "new feature": Kind.FEATURE, "new model": Kind.FEATURE}
_BREAKING_WORDS = frozenset(
    {"breaking", "breaking change", "breaking-change", "bc-breaking", "bc breaking", "boom", "💥"}
)

_TAG = re.compile(r"\[([^\[\]]{1,40})\][\s:]*")
_TYPE = re.compile(r"([A-Za-z][A-Za-z0-9_-]{0,20})(?:\(([^()]{0,60})\))?(!)?:\s+")
#: A Chinese verb in the place of the type: no space needs to follow the colon, and both are often full-width.
_CHINESE_TYPE = re.compile(r"([\u4e00-\u9fff]{2,8})\s?(?:[(（]([^()（）]{0,60})[)）])?[:：]\s*")
#: "#12 - Fix …": the issue that a change is for.
_ISSUE = re.compile(r"^(?:#|GH-)\d{1,9}\s?[-:–]\s?", re.IGNORECASE)
_SCOPE = re.compile(r"([\w./*-]{1,40}(?:, ?[\w./*-]{1,40}){0,3})(?::\s+|：\s*)")
_EMOJI = re.compile(r"([\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff])\ufe0f?\s*|:([a-z_]{2,20}):\s*")
#: The pull request, and what asks for no CI (GitHub Docs: "Skipping workflow runs").
_TRAILING = re.compile(
    r"\s?(?:\((?:PR )?#\d{1,9}\)|\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\])$", re.IGNORECASE
)


def read_title(title: str) -> Title:
    """Take a title apart. Only its first 500 characters count."""
    text = plain(title[:_MAX_TITLE_CHARACTERS])
    declared: Kind | None = None
    breaking = False
    scope = ""
    text, words = _take_marks(_ISSUE.sub("", text, count=1))
    for word in words:
        breaking = breaking or word in _BREAKING_WORDS
        declared = declared or _KIND_OF_WORD.get(word)
    if (match := _TYPE.match(text)) and (word := match[1].lower()) in _KIND_OF_WORD.keys() | _BREAKING_WORDS:
        breaking = breaking or bool(match[3]) or word in _BREAKING_WORDS
        scope = match[2] or ""
        # ``chore(deps):`` and ``fix(docs):`` say with the scope what it is.
        narrowed = _KIND_OF_WORD.get(scope.lower())
        declared = narrowed if narrowed in _NARROWING else _KIND_OF_WORD.get(word, declared)
        text = text[match.end() :]
    elif (match := _CHINESE_TYPE.match(text)) and (kind := chinese_kind(match[1])):
        declared, scope, text = kind, match[2] or "", text[match.end() :]
    elif match := _SCOPE.match(text):
        scope, text = match[1], text[match.end() :]
    while match := _TRAILING.search(text):
        text = text[: match.start()]
    explicit = declared is not None
    opening = kind_of_words(text)
    # A chore is none where the words say more, but it is never a feature; a fix of the build is a fix.
    if (
        declared is None
        or (declared is Kind.CHORE and opening not in {None, Kind.FEATURE})
        or (declared is Kind.BUILD and opening is Kind.FIX)
    ):
        declared = opening
    return Title(text=text, declared=declared, breaking=breaking, explicit=explicit, scope=scope)


_NARROWING = frozenset({Kind.DEPENDENCIES, Kind.DOCS, Kind.TEST, Kind.CI, Kind.RELEASE})


def _take_marks(text: str) -> tuple[str, list[str]]:
    """Split off leading ``[Tag]`` and emoji, and return the rest and their words in lower case."""
    words: list[str] = []
    while match := _TAG.match(text) or _EMOJI.match(text):
        mark = next(group for group in match.groups() if group).lower().strip()
        words.append(mark)
        words.extend(part.strip() for part in re.split(r"[/,]", mark))
        text = text[match.end() :]
    return text, words
