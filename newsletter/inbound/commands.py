"""What a reader wants by mail, from the address written to, the subject and the first lines: pure.

Nothing here decides whether it may be done: that takes the token which an address of ours carries.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from newsletter.inbound.addresses import addresses_in
from newsletter.inbound.segments import Mail
from subscribers import Level


class Word(StrEnum):
    """What can be asked for."""

    SUBSCRIBE = "subscribe"
    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"
    PREFERENCES = "preferences"
    HELP = "help"
    #: Another threshold.
    ONLY = "only"
    PAUSE = "pause"
    RESUME = "resume"


@dataclass(frozen=True, kw_only=True)
class Command:
    """One request."""

    word: Word
    #: What follows the plus in the address that was written to: a token or owner/name, as yet unchecked.
    tag: str | None = None
    #: owner/name, as written; empty = every public repository.
    repositories: tuple[str, ...] = ()
    threshold: Level | None = None
    weekly: bool = False
    #: Of a pause.
    span: timedelta | None = None


#: Lines of a mail that are looked at for a command, before what it quotes.
MOST_LINES = 5
#: Words of one command.
MOST_WORDS = 12
LONGEST_PAUSE = timedelta(days=366)

_WORDS = {
    Word.SUBSCRIBE: ("subscribe", "join", "sign up", "订阅", "訂閱"),
    Word.UNSUBSCRIBE: (
        "unsubscribe", "leave", "stop", "remove", "remove me", "signoff", "sign off", "退订", "退訂",

        "取消订阅", "取消訂閱",
    ),
    Word.CONFIRM: ("confirm", "yes", "确认", "確認"),
    Word.PREFERENCES: ("preferences", "settings", "options", "设置", "設定", "偏好", "偏好设置"),
    Word.HELP: ("help", "info", "commands", "帮助", "幫助"),
    Word.ONLY: ("only", "只要", "只看", "仅", "僅"),
    Word.PAUSE: ("pause", "snooze", "暂停", "暫停"),
    Word.RESUME: ("resume", "continue", "恢复", "恢復", "继续"),
}  # fmt: skip
_BY_NAME = {name: word for word, names in _WORDS.items() for name in names}
#: Those that stand alone in a line; everything after them is somebody's prose.
_ALONE = {Word.UNSUBSCRIBE, Word.CONFIRM, Word.PREFERENCES, Word.HELP, Word.RESUME}
_LEVELS = {
    "high": Level.HIGH, "important": Level.HIGH, "高": Level.HIGH, "重要": Level.HIGH,
    "medium": Level.MEDIUM, "中": Level.MEDIUM,
    "low": Level.LOW, "all": Level.LOW, "everything": Level.LOW, "低": Level.LOW, "全部": Level.LOW, "所有": Level.LOW,
}  # fmt: skip
_CADENCES = {"daily": False, "每日": False, "每天": False, "weekly": True, "每周": True, "每週": True}
_UNITS = {
    "d": 1,
    "day": 1,
    "days": 1,
    "天": 1,
    "日": 1,
    "w": 7,
    "week": 7,
    "weeks": 7,
    "周": 7,
    "週": 7,
    "星期": 7,
    "month": 30,
    "months": 30,
    "月": 30,
    "个月": 30,
}
_REPOSITORY = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,38})/[A-Za-z0-9._-]{1,100}")
_SPAN = re.compile(r"(\d{1,3})\s*([A-Za-z]+|[\u4e00-\u9fff]+)")
_REPLY = re.compile(r"^\s*(?:(?:re|aw|sv|antw|答复|回复|回覆)\s*[:：]\s*)+", re.IGNORECASE)
_QUOTE = re.compile(
    r"^\s*(?:>|-{2,}|_{5,}|on\b.{5,200}\bwrote:|am\b.{5,200}\bschrieb|在.{3,200}写道|from:|发件人|-+\s*original)",
    re.IGNORECASE,
)


def command_of(mail: Mail, *, written_to: str | None = None) -> Command | None:
    """Return what is asked for; None where nothing is.

    :param written_to: the recipient of the envelope, which knows better than To.
    """
    addresses = (
        (written_to,) if written_to else (*addresses_in(mail.header("delivered-to")), *addresses_in(mail.header("to")))
    )
    for address in addresses:
        local = address.rpartition("@")[0]
        name, plus, tag = local.partition("+")
        word = _BY_NAME.get(name.lower())
        if word in {Word.SUBSCRIBE, Word.UNSUBSCRIBE, Word.CONFIRM, Word.PREFERENCES, Word.HELP}:
            return _by_address(word, tag if plus else None, mail)
        if plus and name.lower() == "reply":
            return _by_text(mail, tag=tag)
    return _by_text(mail, tag=None)


def _by_address(word: Word, tag: str | None, mail: Mail) -> Command:
    if word is not Word.SUBSCRIBE:
        return Command(word=word, tag=tag)
    said = _by_text(mail, tag=tag)
    asked = said if said and said.word is Word.SUBSCRIBE else Command(word=word, tag=tag)
    if asked.repositories or not tag or not _REPOSITORY.fullmatch(tag):
        return asked
    return Command(word=word, tag=tag, repositories=(tag,), threshold=asked.threshold, weekly=asked.weekly)


def _by_text(mail: Mail, *, tag: str | None) -> Command | None:
    subject = mail.header("subject")
    # The subject of an answer is what was answered.
    lines = [] if _REPLY.match(subject) else [subject]
    for line in [*lines, *_first_lines(mail)]:
        found = _in_line(line, tag=tag)
        if found:
            return found
    return None


def _first_lines(mail: Mail) -> list[str]:
    for segment in mail.of_type("text/plain", "text/html"):
        lines = [line.strip() for line in segment.text[:100]]
        said = [line for line in _before_quote(lines) if line]
        if said:
            return said[:MOST_LINES]
    return []


def _before_quote(lines: list[str]) -> list[str]:
    end = next((number for number, line in enumerate(lines) if _QUOTE.match(line)), len(lines))
    return lines[:end]


def _in_line(line: str, *, tag: str | None) -> Command | None:
    plain = line.strip().strip(".!。！").lower()
    if not plain or len(plain) > 300:
        return None
    word = _BY_NAME.get(plain)
    if word in _ALONE or word is Word.SUBSCRIBE:
        return Command(word=word, tag=tag) if word else None
    words = plain.split()[:MOST_WORDS]
    word, rest = _leading_word(words)
    if word is Word.SUBSCRIBE:
        return _subscription(rest, tag=tag)
    if word is Word.ONLY and rest and rest[0] in _LEVELS:
        return Command(word=word, tag=tag, threshold=_LEVELS[rest[0]])
    if word is Word.PAUSE:
        span = _span(" ".join(rest))
        return Command(word=word, tag=tag, span=span) if span else None
    return None


def _leading_word(words: list[str]) -> tuple[Word | None, list[str]]:
    """Part the word of a command from what follows it, which Chinese writes without a space."""
    if words[0] in _BY_NAME:
        return _BY_NAME[words[0]], words[1:]
    for name, word in _BY_NAME.items():
        if not name.isascii() and words[0].startswith(name):
            return word, [words[0].removeprefix(name), *words[1:]]
    return None, words


def _subscription(words: list[str], *, tag: str | None) -> Command | None:
    """Read "owner/name high weekly"; a word that means nothing makes it no command."""
    repositories: list[str] = []
    threshold, weekly = None, False
    for word in (word.strip(",;，；、") for word in words):
        if _REPOSITORY.fullmatch(word):
            repositories.append(word)
        elif word in _LEVELS:
            threshold = _LEVELS[word]
        elif word in _CADENCES:
            weekly = _CADENCES[word]
        elif word not in {"to", "for", "and", "from", ""}:
            return None
    return Command(
        word=Word.SUBSCRIBE,
        tag=tag,
        repositories=tuple(dict.fromkeys(repositories)),
        threshold=threshold,
        weekly=weekly,
    )


def _span(text: str) -> timedelta | None:
    match = _SPAN.search(text)
    days = _UNITS.get(match[2].lower()) if match else None
    if match is None or days is None:
        return None
    span = timedelta(days=int(match[1]) * days)
    return span if timedelta(0) < span <= LONGEST_PAUSE else None
