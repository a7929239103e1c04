"""The servers that are compared, each run as a process: ``python -m bench.servers bare|intake|service DATABASE_URL``.

They print their port when they are ready.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import signal
import sys
from datetime import date

from aiohttp import web

from newsletter.app import open_service, serve
from newsletter.demo.sample import sample_day
from newsletter.github.record import Repository
from newsletter.settings import SERVING, load_settings
from newsletter.store import repositories
from newsletter.store.engine import Store
from newsletter.store.migrate import upgrade

SECRET = "the secret of the benchmark"
REPOSITORY_ID, FULL_NAME = 4242, "bench/repository"


def template() -> bytes:
    """Return a push of the sample day."""
    return sample_day(date(2026, 1, 20)).pushes[0].body


async def bare() -> None:
    """Verify and answer, and nothing else."""

    async def post(request: web.Request) -> web.Response:
        body = await request.read()
        expected = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        if not hmac.compare_digest(expected, request.headers.get("X-Hub-Signature-256", "")):
            return web.json_response({"error": "signature"}, status=401)
        return web.json_response({"status": "stored"}, status=202)

    app = web.Application(client_max_size=25 * 1024 * 1024)
    app.router.add_post("/webhooks/github", post)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


async def service(database_url: str, *, with_jobs: bool) -> None:
    """Run the service as ``serve`` does."""
    settings = load_settings(
        environment={
            "NEWSLETTER_LISTEN": "127.0.0.1:0",
            "NEWSLETTER_DATABASE_URL": database_url,
            "NEWSLETTER_SECRET_KEY": "k" * 40,
            "NEWSLETTER_GITHUB__WEBHOOK_SECRETS": SECRET,
            # Nobody listens there: what is measured is what happens before GitHub is asked.
            "NEWSLETTER_GITHUB__API_URL": "http://127.0.0.1:9",
            "NEWSLETTER_MAIL__FROM": "digest@newsletter.example",
        },
        required=SERVING,
    )
    store = Store(settings.database_url)
    await upgrade(store)
    await store.close()
    async with open_service(settings) as opened:
        known = Repository(github_id=REPOSITORY_ID, full_name=FULL_NAME, default_branch="main", private=False)
        async with opened.store.write() as transaction:
            await repositories.add(transaction.connection, FULL_NAME, known=known, now=opened.clock())
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, opened.stop.set)
        await serve(opened, with_jobs=with_jobs, ready=lambda url: print(url.rpartition(":")[2], flush=True))


if __name__ == "__main__":
    kind, url = sys.argv[1], sys.argv[2]
    asyncio.run(bare() if kind == "bare" else service(url, with_jobs=kind == "service"))
