"""An operator's folder replaces templates by name; what is wrong in it is named with its file, at the start."""

from __future__ import annotations

from pathlib import Path

import pytest

from newsletter.digest.mjml import TemplateError
from newsletter.digest.record import Slots
from newsletter.digest.render import Renderer
from newsletter.resources import templates_directory
from subscribers import Level
from tests.support.editions import changes_of, edition_of

OURS = templates_directory() / "digest"
SLOTS = Slots(unsubscribe_token="slot-1", preferences_token="choices-1")


def own(folder: Path, **files: str) -> Renderer:
    (folder / "digest").mkdir()
    for name, text in files.items():
        (folder / "digest" / name.replace("_", ".")).write_text(text, encoding="utf-8")
    return Renderer(templates_directory(), base_url="https://news.example", postal_address=None, own=folder)


def changed(name: str, old: str, new: str) -> str:
    source = (OURS / name).read_text(encoding="utf-8")
    assert old in source
    return source.replace(old, new, 1)


def test_what_the_folder_lacks_is_taken_from_ours(tmp_path: Path) -> None:
    body = changed("body.mjml", "<h1>", "<h1>Ahoy, ")
    mail = own(tmp_path, body_mjml=body).render(edition_of(changes_of(Level.HIGH, Level.LOW)), SLOTS)
    assert "<h1>Ahoy, Tide tables</h1>" in mail.html
    assert "Lower gate 1" in mail.html
    assert "Ahoy" not in mail.text


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("body.mjml", "<mj-section", '<mj-section colour="red"', "body.mjml: line 13: <mj-section> has no attribute"),
        ("body.mjml", "{% for printed", "{% fro printed", "body.mjml, line 1"),
        ("card.html", "{% endif %}", "", "card.html, line "),
        ("card.html", "change.analysis.summary|", "change.analysis.sumary|", "card.html: it cannot be filled in"),
        ("body.txt", "{{ date }}", "{{ dat }}", "body.txt: it cannot be filled in: 'dat' is undefined"),
        ("card.html", "<h4>", "<h4><img>", "<img> has no place"),
        ("body.txt", "{{ preferences_url }}", "", "its text has no link for preferences"),
        ("members.html", "<li>", "<li><b>", "could not be sent: <li> is closed and not open"),
    ],
)
def test_a_fault_is_told_with_its_file(tmp_path: Path, name: str, old: str, new: str, said: str) -> None:
    text = (OURS / name).read_text(encoding="utf-8").replace(old, new)
    with pytest.raises(TemplateError) as error:
        own(tmp_path, **{name.replace(".", "_"): text})
    assert said in str(error.value)
    assert str(tmp_path) in str(error.value)


def test_a_file_that_is_no_template_of_ours_is_told(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match=r"boddy\.mjml: there is no such template; there are: body\.mjml, "):
        own(tmp_path, boddy_mjml="x")


def test_a_folder_without_digests_is_told(tmp_path: Path) -> None:
    with pytest.raises(TemplateError, match="there is no folder 'digest' in it"):
        Renderer(templates_directory(), base_url="https://n.example", postal_address=None, own=tmp_path / "nowhere")


def test_a_file_that_is_not_utf_8_is_told(tmp_path: Path) -> None:
    (tmp_path / "digest").mkdir()
    (tmp_path / "digest" / "body.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(TemplateError, match=r"body\.txt: it cannot be read"):
        Renderer(templates_directory(), base_url="https://n.example", postal_address=None, own=tmp_path)
