"""Others read our mails as Python does, and the filter that most relays run takes them for what they are."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import missing
from tests.support.letters import LONGEST_LINE, body, parsed, sample_letters, value
from tests.support.peers import told

LETTERS = sample_letters()
#: Of SpamAssassin; 5 is what most take for spam.
HIGHEST_SCORE = 1.0


def same(text: str) -> str:
    return text.replace("\r\n", "\n").rstrip("\n")


def test_another_parser_reads_the_same_of_each_mail() -> None:
    read = told("mime.js", "postal-mime", [base64.b64encode(raw).decode() for raw in LETTERS.values()])
    for raw, mail in zip(LETTERS.values(), read, strict=True):
        message = parsed(raw)
        assert mail["subject"] == str(message["Subject"]).strip()
        assert same(mail["text"]) == same(body(raw, "plain"))
        assert same(mail["html"]) == same(body(raw, "html"))
        assert mail["messageId"] == value(raw, "Message-ID")
        assert mail["to"] == [{"address": "ada@reader.example", "name": ""}]
        assert mail["from"] == {"address": "digest@news.example", "name": "Tide tables"}
        for name in ("List-Unsubscribe", "List-Unsubscribe-Post", "List-Archive", "List-Id", "Auto-Submitted"):
            assert mail["headers"][name.lower()] == value(raw, name)
        assert mail["attachments"] == 0
        assert [part.get_content_type() for part in message.iter_parts()] == ["text/plain", "text/html"]


@pytest.mark.parametrize("name", LETTERS)
def test_a_mail_is_as_relays_and_gmail_want_it(name: str) -> None:
    raw = LETTERS[name]
    assert raw.isascii()
    assert max(map(len, raw.split(b"\r\n"))) <= LONGEST_LINE
    assert b"\n" not in raw.replace(b"\r\n", b"")
    for subtype in ("plain", "html"):
        assert f'Content-Type: text/{subtype}; charset="utf-8"'.encode() in raw
        assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f]", body(raw, subtype))
    # RFC 3676, section 4.1: nothing looks as if it went on in the next line.
    assert not re.search(r"[ \t]$", body(raw, "plain"), re.MULTILINE)


def test_spamassassin_takes_no_mail_for_spam(tmp_path: Path) -> None:
    program = shutil.which("spamassassin")
    if program is None:
        missing("SpamAssassin")
    # It takes seconds to start, so it gets all of them at once.
    box = tmp_path / "box"
    box.write_bytes(
        b"".join(
            b"From digest Mon Mar  2 12:00:00 2026\n" + raw.replace(b"\r\n", b"\n") + b"\n" for raw in LETTERS.values()
        )
    )
    done = subprocess.run(
        [str(program), "-t", "-L", "-x", "--mbox", str(box)],
        capture_output=True,
        check=True,
        env={"HOME": str(tmp_path), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LANG": "C.UTF-8"},
    )
    said = done.stdout.decode("utf-8", "replace")
    scores = [float(score) for score in re.findall(r"Content analysis details:\s+\((-?[\d.]+) points", said)]
    assert len(scores) == len(LETTERS)
    assert max(scores) < HIGHEST_SCORE, said[-3000:]
    assert "MPART_ALT_DIFF" not in said
