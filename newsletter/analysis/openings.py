"""What the words of a prose title say it is: by the verb it begins with, or by a telling phrase inside it. Pure.

English and Chinese, without regard to case. Every pattern is linear: each gap is bounded, and nothing is repeated that
repeats.
"""

from __future__ import annotations

import re

from newsletter.analysis.record import Kind

#: "… in tests": whatever was done, it was done to the tests.
_ENDS_INWARD = re.compile(
    r"\b(?:in|for|of|from|on) (?:the )?(?:unit |integration |e2e )?(?:tests?|test suite)$", re.IGNORECASE
)


def _verbs(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(?:{pattern})(?!\w)", re.IGNORECASE)


#: What developers check their code with; users never meet it.
_TOOLS = (
    r"flake8[\w-]*|mypy|ruff|pylint|pyright|eslint|prettier|biome|tslint|rubocop|standardrb|clippy|rustfmt"
    r"|golangci-lint"
    r"|phpstan|psalm|ktlint|detekt|checkstyle|spotless|credo|dialyzer|pre-commit|nox|tox|codecov|coveralls|travis"
    r"|appveyor|dependabot|renovate|editorconfig"
)

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
            r"|format (?:code|files|with)|apply (?:black|prettier)|go ?fmt|format(?:ted|ting)?$|(?:add |update "
            r"|improve )?type (?:hints"
            r"|annotations)"
        ),
    ),
    (
        Kind.DOCS,
        _verbs(
            r"document(?:s|ed|ing)?|docs?|docstrings?|documentation|readme|changelog"
            r"|(?:add|update|improve|fix|clarify|expand|remove|refresh|correct|tweak|rewrite)(?:s|d|ed|ing"
            r"|ies)? (?:(?:[\w`'\"./()-]{1,40} ){0,7}?"
            r"(?:docs?|documentation|docstrings?|readme(?:\.\w+)?|changelog(?:\.\w+)?|comments?"
            r"|contributors|guide|tutorial|examples?)|(?:the )?changes$)"
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
            rf"(?:add|use|enable|set ?up|configure|switch to|introduce|fix|update|bump|run|drop|remove)(?:s|d|ed|ing)?"
            rf" (?:[\w-]+ ){{0,3}}?(?:{_TOOLS})"
            r"|ci|(?:add|fix|update|improve|use|run|skip|remove)(?:s|d|ed|ing)? (?:[\w-]+ ){0,2}?"
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
            r"|ignor(?:e[sd]?|ing)|silence|tolerate|recover|validate|respect|enforce[sd]?"
            r"|(?:temporarily )?disabl(?:e[sd]?|ing)|unbreak"
            r"|avoid"
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


#: The kind that a phrase inside a title tells where its beginning tells none; first match wins.
_PHRASES: tuple[tuple[Kind, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(rf"\b(?:{pattern})(?!\w)", re.IGNORECASE))
    for kind, pattern in (
        (Kind.DOCS, r"documentation|docstrings?|docs|descriptions?"),
        (Kind.TEST, r"(?:unit |some |the )?tests?$"),
        (
            Kind.REFACTOR,
            r"refactor\w*|clean(?:ing)?[- ]?up|boilerplate|dead (?:code|weight)|debug(?:ging)? code|unused|superfluous"
            r"|redundant|cosmetic|neater|standardi[sz]\w*|as requested|unnecessary|imports?$|type hints?|mypy"
            r"|code review|nits?",
        ),
        (
            Kind.STYLE,
            r"typos?|spelling (?:mistakes?|errors?)|grammar|white ?space|indentation|rubocop|eslint|prettier",
        ),
        (
            Kind.FIX,
            r"properly|correctly|no longer|not to|to not|(?:does|do|is|are|was|has|can|could|should|must"
            r"|will)(?:n'?t| not)|cannot|can't"
            r"|won't|wrong(?:ly)?|incorrect(?:ly)?|invalid|missing|broken|bugs?|issues?|problems?|fails?|failing"
            r"|failures?"
            r"|crash(?:es|ed|ing)?|hangs?|deadlocks?|leak(?:s|ed|ing)?|race conditions?|regressions?|edge cases?"
            r"|fix(?:e[sd]|ing)?|unbreak|too (?:many|much|long|large|early|late|often)"
            r"|(?:when|if|where) .{1,60}? (?:is|are) (?:null|nil|none|empty|missing|undefined|zero|negative|already"
            r"|not)"
            r"|even (?:if|when|though)|uninitiali[sz]ed|(?:buffer|integer|stack) (?:over|under)flows?|out of bounds"
            r"|upper bound|only (?:if|when|once)|twice",
        ),
        (
            Kind.FEATURE,
            r"can now|to (?:allow|support|accept)|now (?:supports?|accepts?|returns?|includes?|applies|apply|shows?"
            r"|allows?)|(?:is|are|be) configurable"
            r"|configurable|(?:an?|new) option (?:to|for)|implemented|introduced|support for|ability to"
            r"|new (?:option|setting|flag|command"
            r"|api|hook)",
        ),
        (
            Kind.PERFORMANCE,
            r"for efficiency|fast path|optimi[sz](?:ations?|ed)|more efficient(?:ly)?|faster|performance"
            r"|memory (?:usage|management|footprint|consumption)"
            r"|latency|throughput|once per \w+ instead of per \w+|in parallel|lazily",
        ),
    )
)


#: How housework begins that tells no kind: what is used inside, moved about, or mended on the way.
_HOUSEWORK = re.compile(
    r"(?:remov|delet|drop|us(?:e[sd]?|ing)\b|replac|appl(?:y|ied)|switch|tweak|minor|small|bump|misc|merge|wip\b|oops"
    r"|missed|more\b|sync|polish|make .{1,40} (?:static|private|public|const|final)\b|(?:updated?|create"
    r"|edit) [\w./-]+\.\w{1,5}$"
    r"|upgrade|log\b|chang(?:e[sd]?|ing) (?:to|the|as|\S{1,60} (?:in)?to)\b)|[^>]{1,80}(?:->|=>)",
    re.IGNORECASE,
)


def is_housework(text: str) -> bool:
    """Whether a title that declares no kind begins like work inside the house, which users hardly ever notice."""
    return _HOUSEWORK.match(text) is not None


def kind_of_words(text: str) -> Kind | None:
    """Return the kind that the words of a title tell; None where they tell none."""
    if _ENDS_INWARD.search(text):
        return Kind.TEST
    opening = chinese_kind(text) or next((kind for kind, opening in _OPENINGS if opening.match(text)), None)
    return opening or next((kind for kind, phrase in _PHRASES if phrase.search(text)), None)


def chinese_kind(text: str) -> Kind | None:
    """Return the kind that a Chinese title tells by its first words; None where it begins with none that is known."""
    return next((kind for kind, words in _CHINESE_OPENINGS if text.startswith(words)), None)
