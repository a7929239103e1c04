"""What of a change leaves this machine, and how it is fenced: pure.

Everything from a commit is data. It stands between two fences whose mark is derived from the data itself, so that no
commit can close them. Invisible characters, secrets and mail addresses are taken out, and so are lines that speak to
whoever reads the change as a model: they say nothing about it, and a level must be what it would be without them.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from dataclasses import replace

from newsletter.analysis.record import Subject
from newsletter.analysis.redaction import without_secrets

#: Stands where a line spoke to the model.
LEFT_OUT = "[left out]"

_INVISIBLE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
#: Git trailers (git-interpret-trailers(1)) that name people and say nothing of the change.
_TRAILER = re.compile(
    r"(?im)^[ \t]{0,8}(?:signed-off-by|co-authored-by|co-developed-by|reviewed-by|acked-by|tested-by|reported-by"
    r"|suggested-by|cc|change-id|reviewed-on|ghstack-source-id|differential revision)[ \t]{0,4}:[^\n]{0,500}\n?"
)
_ADDRESS = re.compile(r"(?<![\w.+-])[\w.+-]{1,64}@(?:[\w-]{1,63}\.){1,8}[A-Za-z]{2,63}")
#: What an order to a model looks like. It need not be known in every disguise: the rules bound what one can do.
_LEVEL = r"[\"'`]?(?:low|medium|high|critical|urgent|unimportant|trivial)\b"
_ABOUT_THIS = (
    r"(?:this|it|(?:every|each|all|any|the|this|these|my)[ ](?:[\w-]{1,20}[ ])?(?:commits?|changes?|diffs?|patch(?:es)?"
    r"|pull requests?|prs?|entr(?:y|ies)|importance|level))\b"
)
_TO_A_MODEL = re.compile(
    r"(?im)\b(?:ignore|disregard|forget|override|bypass)\b.{0,40}\b(?:previous|prior|above|earlier|preceding|all|any"
    r"|other|your|system)\b.{0,30}\b(?:instruction|prompt|rule|direction|guideline|order)s?\b"
    r"|\b(?:mark|rate|classify|label|rank|treat|flag|categori[sz]e|score|set)[ ]"
    + _ABOUT_THIS
    + r".{0,60}"
    + _LEVEL
    + r"|\b(?:output|answer|respond|reply|say)\b.{0,20}\b(?:only|just|with)\b.{0,30}"
    + _LEVEL
    + r"|\byou are now\b.{0,40}\b(?:mode|model|assistant|ai|llm|chatbot|dan)\b"
    r"|\b(?:reveal|print|repeat|show|leak)\b.{0,30}\b(?:system prompt|your (?:prompt|instructions))\b"
    r"|\b(?:notes?|messages?|instructions?|attention)\b.{0,20}\b(?:to|for) (?:the |an? |any )?(?:ai|llm|language model"
    r"|assistant|gpt|claude|gemini|summari[sz]er)\b"
    r"|\bdo not (?:mention|report|include|summari[sz]e|list) (?:it|this)\b.{0,40}\b(?:digest|summary|newsletter)\b"
    r"|\b(?:summari[sz]e|describe|present) this (?:commit|change|diff|pull request|pr)\b.{0,20}\bas\b"
    r"|</?(?:system|assistant|instructions?)>|<\|im_(?:start|end)\|>|\[/?INST\]|^[\s+*>#/-]{0,8}assistant[ ]{0,4}:"
    r"|[\"'](?:importance|level)[\"'][ ]{0,4}:[ ]{0,4}"
    + _LEVEL
    + r"|(?:忽略|无视|忘记).{0,12}(?:之前|以上|先前|前面|所有).{0,12}(?:指令|指示|提示|规则|要求)"
    r"|(?:此|该|本|这)(?:次|个|条)?(?:提交|变更|更改|改动).{0,6}(?:标记|标注|归类|评|设)为.{0,6}[低中高]"
)
#: What the rules are certain by.
_CERTAIN = re.compile(r"\bBREAKING[ -]CHANGES?\b|\bCVE-\d|\bGHSA-", re.IGNORECASE)


def visible(text: str) -> str:
    """Return a text in which every character can be seen, tabs and line breaks aside."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) not in _INVISIBLE else " "
        for character in text
    )


def sendable(text: str) -> str:
    """Return a text as it may be sent: visible, without secrets and addresses, and without orders to the model."""
    return without_orders(_ADDRESS.sub("[address]", without_secrets(visible(text))))


def sendable_message(message: str, *, most: int) -> str:
    """Return the beginning of a commit message as it may be sent, without the trailers that name people.

    :param most: characters.
    """
    return sendable(_TRAILER.sub("", message[: 4 * most]))[:most].strip()


def without_orders(text: str) -> str:
    """Return a text without the lines that tell a model what to do."""
    if not _TO_A_MODEL.search(text):
        return text
    return "\n".join(_kept(line) for line in text.split("\n"))


def _kept(line: str) -> str:
    if not _TO_A_MODEL.search(line):
        return line
    # In a diff the first character tells whether a line came or went.
    return line[:1] + LEFT_OUT if line[:1] in {"+", "-"} else LEFT_OUT


def as_said_to_people(subject: Subject) -> Subject:
    """Return a change without what its message and pull request say to a model: nor do the rules listen to it.

    The title stays, and so does what tells of a breaking or a security change: nobody hides one behind such words.
    """
    request = subject.pull_request
    if request is not None:
        request = replace(request, title=_said_to_people(request.title), body=_said_to_people(request.body))
    return replace(subject, message=_said_to_people(subject.message), pull_request=request)


def _said_to_people(text: str) -> str:
    if not _TO_A_MODEL.search(text):
        return text
    lines = text.split("\n")
    title = next((place for place, line in enumerate(lines) if line.strip()), 0)
    return "\n".join(
        line
        for place, line in enumerate(lines)
        if place == title or _CERTAIN.search(line) or not _TO_A_MODEL.search(line)
    )


def mark_of(data: str) -> str:
    """Return a mark that does not stand in the data and that whoever wrote the data cannot have known."""
    return "DATA-" + hashlib.sha256(data.encode()).hexdigest()[:16]


def fenced(data: str) -> tuple[str, str]:
    """Return the mark and the data between two lines that hold it."""
    mark = mark_of(data)
    return mark, f"{mark}\n{data}\n{mark}"
