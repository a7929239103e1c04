"""No mail program makes a link of what a commit or a model wrote, and names of files and modules can be copied."""

from __future__ import annotations

import html as html_module
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.analysis.record import Reason, Signal
from newsletter.digest.markup import prose
from newsletter.digest.record import Slots
from newsletter.digest.unlinked import JOINER, unlinked
from subscribers import Level
from tests.support.editions import HOSTILE, change_of, edition_of, renderer

PLANTED = [
    "evil-login.example",
    "evil-login.com",
    "evil-login.com/github",
    "EVIL.COM",
    "a.b.evil.co.uk",
    "evil.ru",
    "evil.zip/x",
    "evil.sh/x",
    "evil.xn--p1ai",
    "evil.рф",
    "evil．com",
    "www.evil.unheard-of",
    "ftp.evil.unheard-of",
    "https://evil.example/x",
    "http://localhost/x",
    "http://1.2.3.4/x",
    "evil@x.com",
    "evil@x.unheardof",
    "mailto:evil@localhost",
    "javascript:alert(1)",
    "tel:+123456",
    "`evil.com`",
    "evil`.`com",
    "evil.c``om",
    "e``vil.com",
    "http:`/`/evil",
]
NAMES = [
    "README.md",
    "setup.py",
    "config.toml",
    "package.json",
    "docs/index.md",
    "src/a.py:12",
    "install.sh",
    "v1.2.3",
    "3.11",
    "1.0.0-rc.1",
    "os.path",
    "os.path.join()",
    "torch.nn.functional",
    "vllm.v1.core",
    "java.net.URL",
    "std::string",
    "Node.js",
    "e.g.",
    "i.e.",
    "key:value",
    "12:30",
    "left-pad@1.2.3",
    "actions/checkout@v4",
    "@types/node",
    "a...b",
    "and/or",
    "C++17",
]
#: What the linkers of mail programs look for: a scheme, a mailbox, a service's host, a host with a top-level domain.
LINK = re.compile(
    r"\w://|\b(?:mailto|javascript|tel):\S|\S@[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}|\b(?:www|ftp)\.\w"
    r"|[\w-][.．](?:com|example|ru|uk|рф|xn--p1ai)\b|[\w-]\.(?:zip|sh)/",
    re.IGNORECASE,
)


def seen(markup: str) -> str:
    """Return the text that markup shows."""
    return html_module.unescape(re.sub(r"<[^>]+>", "", markup))


@pytest.mark.parametrize("planted", PLANTED)
def test_an_address_is_broken_and_still_readable(planted: str) -> None:
    for text in (planted, f"Log in at {planted} now.", f"({planted})", f"见{planted}。"):
        broken = unlinked(text)
        assert broken.replace(JOINER, "") == text
        assert not LINK.search(broken.replace("`", ""))
        assert not LINK.search(seen(prose(text)))


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_as_it_is(name: str) -> None:
    for text in (name, f"Edit {name} now.", f"`{name}`", f"({name})"):
        assert unlinked(text) == text
        assert JOINER not in prose(text)


@pytest.mark.parametrize("planted", PLANTED)
def test_no_part_of_a_mail_has_a_link_that_is_not_ours(planted: str) -> None:
    change = change_of(
        title=f"Visit {planted} now",
        author=planted,
        summary=f"Visit {planted} now.",
        areas=(planted,),
        risks=(f"Visit {planted} now.",),
        advice=(f"Visit {planted} now.",),
        reasons=(Reason(signal=Signal.BREAKING, detail=f"{planted} breaks"),),
    )
    changes = (change, change_of(2, level=Level.LOW, title=f"At {planted}", author=planted))
    mail = renderer(postal_address=None).render(
        edition_of(changes), Slots(unsubscribe_token="slot-1", preferences_token="choices-1")
    )
    body = mail.html[mail.html.index("<h1>") :]
    outside_links = re.sub(r"<a [^>]*>.*?</a>", "", body, flags=re.DOTALL)
    assert not LINK.search(seen(outside_links))
    ours = re.compile(r"https://(?:github\.com|news\.example)/\S*")
    assert not LINK.search(ours.sub("", mail.text))
    assert mail.text.count(JOINER) >= 6


@given(HOSTILE | st.text(alphabet="aA1.-_@:/`w ．рф\u2060"))
def test_nothing_but_joiners_comes_in(text: str) -> None:
    assert unlinked(text).replace(JOINER, "") == text.replace(JOINER, "")


def test_a_joiner_takes_no_column() -> None:
    change = change_of(summary="word " * 14 + "evil.com x.")
    text = (
        renderer().render(edition_of((change,)), Slots(unsubscribe_token="slot-1", preferences_token="choices-1")).text
    )
    assert f"evil{JOINER}.com x." in text


def test_apple_mail_is_asked_to_make_no_links() -> None:
    mail = renderer().render(
        edition_of((change_of(),)), Slots(unsubscribe_token="slot-1", preferences_token="choices-1")
    )
    assert re.search(r'content="[^"]*url=no" name="format-detection"', mail.html)


@pytest.mark.parametrize("host", ["evil.games", "evil.tokyo", "evil.delivery", "192.168.0.1"])
def test_a_host_of_any_domain_is_broken_where_a_path_follows(host: str) -> None:
    assert f"{host}/login" not in unlinked(f"see {host}/login now")


@pytest.mark.parametrize("text", ["3.11/3.12", "os.path", "docs/guide.md", "1.2.3"])
def test_what_only_looks_like_a_path_is_left_alone(text: str) -> None:
    assert unlinked(text) == text
