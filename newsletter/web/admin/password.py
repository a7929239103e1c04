"""Is it the password? Argon2 takes its time, so it takes it beside the event loop."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import VerificationError, VerifyMismatchError

from newsletter.logs import get_logger

log = get_logger("web")

#: At once: each takes 64 MiB and a processor.
CONCURRENCY = 2


class Password:
    """The operator's password, of which only the hash is known.

    :param password_hash: argon2, with its parameters.
    """

    def __init__(self, password_hash: str) -> None:
        self._hash = password_hash
        self._hasher = PasswordHasher()
        self._turns = asyncio.Semaphore(CONCURRENCY)

    async def matches(self, text: str) -> bool:
        """Whether a text is the password; takes as long whatever it is."""
        async with self._turns:
            return await asyncio.to_thread(self._matches, text)

    def _matches(self, text: str) -> bool:
        try:
            return self._hasher.verify(self._hash, text.encode("utf-8", "replace"))
        except VerifyMismatchError:
            return False
        except VerificationError as error:
            # More memory than there is, for example.
            log.error(  # noqa: TRY400 - the library's sentence says it all, and a traceback only where it was called
                "the password cannot be verified", action="admin.hash_unusable", reason=str(error)
            )
            return False
