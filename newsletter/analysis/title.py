"""What the title of a change declares: its kind, whether it breaks, and the words that are left. Pure.

Conventional Commits (https://www.conventionalcommits.org/en/v1.0.0/), ``[Tag]`` titles, gitmoji (https://gitmoji.dev)
and the verbs of prose titles, all without regard to case.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

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
_SCOPE = re.compile(r"([\w./*-]{1,40}(?:, ?[\w./*-]{1,40}){0,3})(?::\s+|：\s*)")
_EMOJI = re.compile(r"([\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff])\ufe0f?\s*|:([a-z_]{2,20}):\s*")
#: The pull request, and what asks for no CI (GitHub Docs: "Skipping workflow runs").
_TRAILING = re.compile(
    r"\s?(?:\((?:PR )?#\d{1,9}\)|\[(?:skip ci|ci skip|no ci|skip actions|actions skip)\])$", re.IGNORECASE
)


#: "… in tests": whatever was done, it was done to the tests.
_ENDS_INWARD = re.compile(
    r"\b(?:in|for|of|from|on) (?:the )?(?:unit |integration |e2e )?(?:tests?|test suite)$", re.IGNORECASE
)


def _verbs(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})(?!\w)", re.IGNORECASE)


#: The kind a prose title declares by its beginning; first match wins, so the narrow ones stand first.
_OPENINGS: tuple[tuple[Kind, re.Pattern[str]], ...] = (
    (Kind.REVERT, _verbs(r"revert(?:s|ed|ing)?|back(?:ed)? out|reapply")),
    (
        Kind.STYLE,
        _verbs(
            r"(?:fix(?:e[sd]|ing)?|correct(?:s|ed|ing)?|address)"
            r" (?:an? |some |the |more |minor |small ){0,3}(?:[\w-]+ )?"
            r"(?:typos?|lint(?:er|ing)?(?: errors?| issues?| warnings?)?$|flake8(?: \w+)?$|mypy(?: \w+)?$"
            r"|ruff(?: \w+)?$"
            r"|spelling|code ?style|pre-commit(?: \w+)?$|type (?:hints?|annotations?)|nits?|wording|grammar"
            r"|(?:formatting|format|white ?space|indentation|lint\w*)(?: errors?| issues?)?$)"
            r"|run (?:black|prettier|ruff|isort)|reformat\w*|typos?|prettier|black|isort|lint(?:ing)?|formatting"
            r"|format (?:code|files|with)|apply (?:black|prettier)|go ?fmt|(?:add |update |improve )?type (?:hints"
            r"|annotations)"
        ),
    ),
    (
        Kind.DOCS,
        _verbs(
            r"document(?:s|ed|ing)?|docs?|docstrings?|documentation|readme|changelog"
            r"|(?:add|update|improve|fix|clarify|expand|remove|refresh|correct|tweak|rewrite)(?:s|d|ed|ing"
            r"|ies)? (?:[\w-]+ ){0,5}?"
            r"(?:docs?|documentation|docstrings?|readme(?:\.\w+)?|changelog(?:\.\w+)?|changes|comments?"
            r"|contributors|guide|tutorial|examples?)"
            r"|clarif(?:y|ies|ied)|explain"
        ),
    ),
    (
        Kind.TEST,
        _verbs(
            r"tests?(?=:)|(?:add|fix|update|improve|refactor|skip|remove|more|split|extend|move|avoid|speed up"
            r"|unskip|reduce)"
            r"(?:s|d|ed|p?ing|ted)? (?:[\w-]+ ){0,3}?(?:tests?|test ?cases?|benchmarks?|coverage|unittests?)"
            r"|(?:unit|flaky|regression|integration) tests?|coverage"
        ),
    ),
    (
        Kind.CI,
        _verbs(
            r"ci|(?:add|fix|update|improve|use|run|skip|remove)(?:s|d|ed|ing)? (?:[\w-]+ ){0,2}?"
            r"(?:ci|workflows?|github actions?|travis|azure pipelines?|gitlab ci|pipeline)"
        ),
    ),
    (
        Kind.DEPENDENCIES,
        _verbs(
            r"bump(?:s|ed|ing)?|lock ?file maintenance|pin(?:s|ned)? dependenc\w+|update dependenc\w+"
            r"|(?:update|upgrade)(?:s|d)? (?:all |dev |the |some |npm |python |go |js )*(?:deps|dependenc\w+"
            r"|packages|requirements|lock ?files?)"
            r"|(?:update|upgrade)(?:s|d)? \S{1,60} (?:digest )?(?:from \S{1,20} )?to v?\d|upgrade to \S{1,40} v?\d"
        ),
    ),
    (
        Kind.PERFORMANCE,
        _verbs(
            r"optimi[sz](?:e[sd]?|ing|ations?)|speed(?:s|ed|ing)?[- ]?up|accelerat(?:e[sd]?|ing)|faster"
            r"|(?:improve|reduce|lower|cut|halve|minimi[sz]e)[sd]? (?:\w+ ){0,4}?(?:performance|latency"
            r"|throughput|speed"
            r"|memory(?: \w+)?|overhead|allocations?|startup(?: time)?)"
        ),
    ),
    (
        Kind.FIX,
        _verbs(
            r"(?:bug ?|hot)?fix(?:e[sd]|ing)?|correct(?:s|ed|ing|ly)?|resolv(?:e[sd]?|ing)|repair(?:s|ed)?"
            r"|prevent(?:s|ed|ing)?"
            r"|avoid(?:s|ed|ing)?|handl(?:e[sd]?|ing)|don'?t|do not|never|ensur(?:e[sd]?|ing)|make sure|catch(?:es)?"
            r"|address(?:es|ed)?|stop(?:s|ped|ping)?|guard(?:s|ed)?|restor(?:e[sd]?|ing)|workaround|work around"
            r"|patch(?:es|ed)?"
            r"|silence|tolerate|recover|validate|respect"
        ),
    ),
    (
        Kind.REFACTOR,
        _verbs(
            r"refactor(?:s|ed|ing)?|renam(?:e[sd]?|ing)|mov(?:e[sd]?|ing)|extract(?:s|ed)?|simplif(?:y|ies|ied|ying)"
            r"|clean(?:s|ed|ing)?(?:[- ]?up)?|reorgani[sz]e[sd]?|restructur(?:e[sd]?|ing)|split(?:s|ted|ting)?"
            r"|centrali[sz]e[sd]?"
            r"|rework(?:s|ed)?|rewrit(?:e|es|ten)|consolidat(?:e[sd]?|ing)|deduplicate[sd]?|inline[sd]?"
            r"|re-?us(?:e[sd]?|ing)"
            r"|tid(?:y|ied)|unif(?:y|ies|ied)|modernize|convert(?:s|ed)?|migrate (?:code|internal)\w*"
            r"|use .{1,30} instead of"
            r"|(?:chang(?:e|ed|es|ing)) (?:the )?(?:return )?types?|annotat\w+|typing"
        ),
    ),
    (
        Kind.FEATURE,
        _verbs(
            r"add(?:s|ed|ing)?|implement(?:s|ed|ing|ation)?|introduc(?:e[sd]?|ing)|support(?:s|ed|ing)?"
            r"|allow(?:s|ed|ing)?"
            r"|enabl(?:e[sd]?|ing)|provid(?:e[sd]?|ing)|expos(?:e[sd]?|ing)|make it possible|possibility"
            r"|initial|new|creat(?:e[sd]?|ing)"
            r"|display(?:s|ed)?|show(?:s|ed)?|accept(?:s|ed)?|let|integrat(?:e[sd]?|ing)|extend(?:s|ed)?"
            r"|offer(?:s|ed)?|improv(?:e[sd]?|ing)|enhanc(?:e[sd]?|ing)"
            r"|feature/[\w-]+|ability"
        ),
    ),
)

#: Chinese verbs need no space behind them.
_CHINESE_OPENINGS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    (Kind.DEPENDENCIES, ("更新依赖", "升级依赖")),
    (Kind.DOCS, ("文档", "更新文档", "完善文档")),
    (Kind.FIX, ("修复", "修正", "解决")),
    (Kind.PERFORMANCE, ("优化", "提升性能")),
    (Kind.REFACTOR, ("重构", "整理")),
    (Kind.FEATURE, ("增加", "新增", "添加", "支持", "实现")),
)


def read_title(title: str) -> Title:
    """Take a title apart. Only its first 500 characters count."""
    text = plain(title[:_MAX_TITLE_CHARACTERS])
    declared: Kind | None = None
    breaking = False
    scope = ""
    text, words = _take_marks(text)
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
    elif (match := _CHINESE_TYPE.match(text)) and (kind := _chinese_opening(match[1])):
        declared, scope, text = kind, match[2] or "", text[match.end() :]
    elif match := _SCOPE.match(text):
        scope, text = match[1], text[match.end() :]
    while match := _TRAILING.search(text):
        text = text[: match.start()]
    opening = _by_opening(text)
    # A chore is none where the words say more, but it is never a feature; a fix of the build is a fix.
    if (
        declared is None
        or (declared is Kind.CHORE and opening not in {None, Kind.FEATURE})
        or (declared is Kind.BUILD and opening is Kind.FIX)
    ):
        declared = opening
    return Title(text=text, declared=declared, breaking=breaking, scope=scope)


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


def _by_opening(text: str) -> Kind | None:
    if _ENDS_INWARD.search(text):
        return Kind.TEST
    return _chinese_opening(text) or next((kind for kind, opening in _OPENINGS if opening.match(text)), None)


def _chinese_opening(text: str) -> Kind | None:
    return next((kind for kind, words in _CHINESE_OPENINGS if text.startswith(words)), None)
