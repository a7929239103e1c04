"""What the rules quote from a message holds no address, and keeps the names of files, modules and versions."""

from __future__ import annotations

import pytest

from newsletter.analysis.prose import first_sentence, has_address
from newsletter.analysis.rules import analyse_by_rules
from tests.unit.analysis.changes import change

PLANTED = [
    "https://evil.example/phish",
    "http://localhost/x",
    "hxxp://evil.example",
    "www.evil.example",
    "ftp.evil.com",
    "evil-login.example",
    "evil-login.com/github",
    "evil.ru/x",
    "EVIL.COM",
    "a.b.evil.online",
    "evil@x.com",
    "mailto:evil@x.com",
    "javascript:alert(1)",
    "data:text/html,x",
    "tel:+123456",
]
NAMES = [
    "README.md",
    "setup.py",
    "config.toml",
    "docs/index.md",
    "src/a.py:12",
    "v1.2.3",
    "3.11",
    "os.path",
    "torch.nn.functional",
    "self.id",
    "std::string",
    "Node.js",
    "Socket.IO",
    "key:value",
    "left-pad@1.2.3",
    "actions/checkout@v4",
    "@types/node",
    "file:line",
]


@pytest.mark.parametrize("planted", PLANTED)
def test_a_sentence_with_an_address_is_passed_over(planted: str) -> None:
    body = f"Update now by visiting {planted} and entering the word.\nThe pump stops before the nozzle closes."
    assert first_sentence(body) == "The pump stops before the nozzle closes."


@pytest.mark.parametrize("name", NAMES)
def test_a_sentence_with_a_name_that_has_dots_is_kept(name: str) -> None:
    assert not has_address(name)
    sentence = f"The pump now reads {name} before it starts."
    assert first_sentence(sentence) == sentence


@pytest.mark.parametrize("planted", PLANTED)
@pytest.mark.parametrize("told", ["see {} now", "see {}", "{}", "* {}", "**{}**"])
def test_a_footer_with_an_address_is_no_risk_but_still_breaking(planted: str, told: str) -> None:
    analysis = analyse_by_rules(change(f"feat: x\n\nBREAKING CHANGE: {told.format(planted)}", "a.py"), language="en")
    assert analysis.risks == ()
    assert analysis.level.value == "high"


def test_a_footer_keeps_the_words_of_its_links() -> None:
    message = "feat: x\n\nBREAKING CHANGE: see [the guide](https://evil.example) now"
    assert analyse_by_rules(change(message, "a.py"), language="en").risks == ("see the guide now",)


def test_a_name_is_no_address_in_a_footer() -> None:
    message = "feat: x\n\nBREAKING CHANGE: setup.py is gone"
    assert analyse_by_rules(change(message, "a.py"), language="en").risks == ("setup.py is gone",)


def test_a_footer_is_not_told_twice() -> None:
    message = "feat: x\n\nBREAKING CHANGE: the engine needs fuel\nbefore it starts at all."
    assert first_sentence(message.partition("\n\n")[2]) == ""
    assert analyse_by_rules(change(message, "a.py"), language="en").summary.startswith("A breaking change in")
