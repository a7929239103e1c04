"""A real Postfix as an instance of its own: its own folders, on the loopback interface, gone after the test."""

from __future__ import annotations

import asyncio
import os
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.support.ports import free_port

_MAIN = """
compatibility_level = 3.6
config_directory = {folder}/etc
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/mail.log
maillog_file_prefixes = {folder}
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.99/32
myhostname = mail.example.org
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
smtputf8_enable = no
address_verify_poll_delay = 1s
in_flow_delay = 0
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
lmtp unix - - n - - lmtp
relay unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""


def postfix_is_there() -> bool:
    """Whether a Postfix is installed and may be started: its master wants to be root."""
    return shutil.which("postfix", path=_PATH) is not None and os.geteuid() == 0


_PATH = f"{os.environ.get('PATH', '')}:/usr/sbin"


class Postfix:
    """A Postfix that runs, as ``async with Postfix(settings) as postfix``, at :attr:`port`.

    :param settings: lines of main.cf, such as ``relay_domains = example.org``.
    """

    def __init__(self, settings: Sequence[str]) -> None:
        self.port = free_port()
        # Not below pytest's own folder: that is closed to Postfix's user.
        self._folder = Path(tempfile.mkdtemp(prefix="newsletter-postfix-"))
        self._settings = settings

    async def __aenter__(self) -> Self:
        folder = self._folder
        folder.chmod(0o755)
        for name in ("etc", "queue", "data"):
            (folder / name).mkdir()
        shutil.chown(folder / "data", user="postfix", group="postfix")
        main = _MAIN.format(folder=folder)
        (folder / "etc" / "main.cf").write_text("\n".join([main, *self._settings, ""]))
        (folder / "etc" / "master.cf").write_text(_MASTER.format(port=self.port))
        await self._run("start")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._run("stop")
        shutil.rmtree(self._folder)

    def log(self) -> str:
        """Return what it logged."""
        path = self._folder / "mail.log"
        return path.read_text() if path.exists() else ""

    async def _run(self, command: str) -> None:
        process = await asyncio.create_subprocess_exec(
            "postfix", "-c", str(self._folder / "etc"), command, env={**os.environ, "PATH": _PATH},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await process.communicate()
        assert process.returncode == 0, said.decode() + self.log()
