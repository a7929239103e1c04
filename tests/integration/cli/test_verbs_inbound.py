"""The verb that says what stored mails are."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.command_line import CommandLine
from tests.support.returned import dsn, mail


def test_each_stored_mail_is_one_line_of_json(newsletter: CommandLine, tmp_path: Path) -> None:
    bounce, folder, command = tmp_path / "a.eml", tmp_path / "b", tmp_path / "c.eml"
    bounce.write_bytes(dsn("Final-Recipient: rfc822; gone@example.org\nAction: failed\nStatus: 5.1.1"))
    (folder / "new").mkdir(parents=True)
    (folder / "new" / "broken").write_bytes(b"\xff\0\r--")
    command.write_bytes(mail("help", "", sender="ada@example.org"))
    ended = newsletter("inbound", "classify", str(bounce), str(folder), str(command))
    assert ended.code == 0
    nothing = {"permanent": False, "recipients": [], "status": None}
    assert [json.loads(line) for line in ended.out.splitlines()] == [
        {
            "file": str(bounce),
            "kind": "bounce",
            "permanent": True,
            "recipients": ["gone@example.org"],
            "status": "5.1.1",
            "command": None,
        },
        {"file": str(folder / "new" / "broken"), "kind": "other", "command": None} | nothing,
        {"file": str(command), "kind": "command", "command": "help"} | nothing,
    ]


def test_a_file_that_is_not_there_is_a_wrong_call(newsletter: CommandLine, tmp_path: Path) -> None:
    ended = newsletter("inbound", "classify", str(tmp_path / "missing"))
    assert (ended.code, ended.out) == (2, "")
