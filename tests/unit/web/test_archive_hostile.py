"""Outside text never becomes markup, a foreign link or broken XML of the archive's pages and feeds."""

from __future__ import annotations

from urllib.parse import urlsplit

from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.analysis.record import Aspect, Insight, Reason, Signal, Source
from newsletter.digest.assemble import assemble
from newsletter.digest.atom import written
from newsletter.digest.record import Bond, Change
from newsletter.digest.sanitise import displayable
from newsletter.digest.search_words import phrases_of
from newsletter.github.links import commit_url, compare_url, pull_request_url, repository_url
from newsletter.pipeline.published import PublishedDay
from newsletter.resources import templates_directory
from newsletter.store.engine import Store
from newsletter.store.search import Found
from newsletter.web.archive.changes import leaf_of_change
from newsletter.web.archive.days import leaf_of_day
from newsletter.web.archive.desk import LINKS, Desk, Leaf
from newsletter.web.archive.feeds import Feeds
from newsletter.web.archive.filters import Filters
from newsletter.web.archive.searches import leaf_of_search, result_of
from newsletter.web.archive.visitor import Visitor
from newsletter.web.kept import Kept
from newsletter.web.pages import Pages
from subscribers import Level
from tests.support.archive_house import BASE_URL
from tests.support.atom_rules import ATOM, checked, content_of
from tests.support.clock import NOON
from tests.support.editions import ANYTHING, HOSTILE, TODAY, WEB, change_of, digest_of
from tests.support.markup import Element, Markup, is_invisible, parsed
from tests.support.records import preferences_of, sha

TEXTS = HOSTILE | ANYTHING
NAMES = ("title", "author", "repository", "summary", "scope", "insight", "risk", "advice", "area", "detail", "model")
#: The only elements that outside text may bring about.
ALLOWED = {"code", "mark"}
#: Never opened: what is filled here was read before.
STORE = Store("postgresql:///none")
DESK = Desk(
    store=STORE,
    pages=Pages(templates_directory() / "web", title="Tide tables", language="en"),
    kept=Kept(STORE),
    title="Tide tables",
    language="en",
    base_url=BASE_URL,
    github_url=WEB,
)


def changes_of(named: dict[str, str]) -> tuple[Change, ...]:
    """Return changes of every level and one of several commits, with the same outside text everywhere."""

    def one(number: int, level: Level) -> Change:
        repository = f"x{named['repository']}"
        return change_of(
            number,
            level=level,
            title=f"{named['title']} x",
            repository_key="7",
            repository=repository,
            repository_url=repository_url(WEB, repository.encode("utf-8", "replace").decode()),
            url=commit_url(WEB, "acme/tide", sha(number)),
            pull_request_url=pull_request_url(WEB, "acme/tide", number),
            compare_url=compare_url(WEB, "acme/tide", sha(1), sha(2)),
            author=named["author"],
            co_authors=(named["author"],),
            language="zh" if level is Level.MEDIUM else "en",
            summary=named["summary"],
            scope=named["scope"],
            insight=(Insight(aspect=Aspect.SECURITY, text=named["insight"]),),
            areas=(named["area"],),
            risks=(named["risk"],),
            advice=(named["advice"],),
            reasons=(Reason(signal=Signal.REMOVAL, detail=named["detail"]),),
            source=Source.MODEL,
            model=named["model"],
        )

    several = one(4, Level.HIGH)
    joined = Change(
        **{name: getattr(several, name) for name in several.__dataclass_fields__}
        | {"bond": Bond.MERGE, "members": (one(5, Level.LOW),)}
    )
    return (one(1, Level.HIGH), one(2, Level.MEDIUM), one(3, Level.LOW), joined)


def pages_of(named: dict[str, str], query: str) -> dict[str, str]:
    """Return each kind of page with the text in it."""
    edition = assemble(digest_of(changes_of(named)), preferences_of(threshold=Level.LOW), title="Tide tables")
    assert edition is not None
    day = PublishedDay(closed_at=NOON, edition=edition, written_at={})
    found = Found(
        commit_id=1,
        day=TODAY,
        repository=f"x{named['repository']}",
        sha=sha(1),
        message=named["title"],
        level=Level.HIGH,
        analyses=(edition.changes[0].analysis,),
    )
    result = result_of(found, phrases_of(query), ("en",))
    leaves: dict[str, Leaf] = {
        "day": leaf_of_day(day, Filters(), path=LINKS.day(TODAY), earlier=None, later=None, repository=""),
        "change": leaf_of_change(day, edition.changes, 1, sha(4 << 120)),
        "search": leaf_of_search(
            displayable(query), [result], Filters(), names=[f"x{named['repository']}", "a/b"], page=2
        ),
    }
    return {name: DESK.fill(leaf, Visitor(language="en")).decode() for name, leaf in leaves.items()}


def feed_of(named: dict[str, str]) -> bytes:
    edition = assemble(digest_of(changes_of(named)), preferences_of(threshold=Level.LOW), title="Tide tables")
    assert edition is not None
    day = PublishedDay(closed_at=NOON, edition=edition, written_at={})
    return written(
        Feeds(desk=DESK).feed(
            [(day, change) for change in edition.changes],
            Visitor(language="en"),
            level=Level.LOW,
            repository=named["repository"],
            self_url=f"{BASE_URL}/feed.xml",
            url=f"{BASE_URL}/archive",
        )
    )


def skeleton(page: Markup) -> set[tuple[str, tuple[str, ...]]]:
    """Return the kinds of elements that a page has, with the names of their attributes."""
    return {
        (element.tag, tuple(name for name, _ in element.attributes))
        for element in page.elements
        if element.tag not in ALLOWED
    }


def addresses(page: Markup) -> list[str]:
    return [value for element in page.elements for name, value in links_of(element)]


def links_of(element: Element) -> list[tuple[str, str]]:
    return [(name, value) for name, value in element.attributes if name in {"href", "src", "action", "formaction"}]


FILLED = dict.fromkeys(NAMES, "word")
HARMLESS = {name: skeleton(parsed(page)) for name, page in pages_of(FILLED, "word").items()}
OURS = ("", "github.com", "news.example")


@settings(max_examples=500)
@given(st.fixed_dictionaries(dict.fromkeys(NAMES, TEXTS)), TEXTS)
@example(dict.fromkeys(NAMES, '"><img src=x onerror=alert(1)>'), "</title><script>")
@example(dict.fromkeys(NAMES, "javascript:alert(1)//"), "javascript:alert(1)")
@example(dict.fromkeys(NAMES, "//evil.example/x"), "https://evil.example")
@example(dict.fromkeys(NAMES, "\ud800\x00\x85\u202e]]>"), "\ud800\x00")
@example(dict.fromkeys(NAMES, "{{ 7*7 }}{% raw %}"), "%(num)d %s")
def test_pages_hold_the_words_and_nothing_else_of_them(named: dict[str, str], query: str) -> None:
    for name, text in pages_of(named, query).items():
        page = parsed(text)
        assert skeleton(page) <= HARMLESS[name] | {("p", ("lang",)), ("wbr", ())}, name
        assert page.comments == []
        assert page.crooked == []
        assert all(urlsplit(link).netloc in OURS and urlsplit(link).scheme in {"", "https"} for link in addresses(page))
        assert not any(is_invisible(character) for character in page.text)


@settings(max_examples=500)
@given(st.fixed_dictionaries(dict.fromkeys(NAMES, TEXTS)))
@example(dict.fromkeys(NAMES, "]]></content><script>alert(1)</script>"))
@example(dict.fromkeys(NAMES, "\ud800\x00\x0b\ufffe&amp;<!--"))
@example(dict.fromkeys(NAMES, '<a href="javascript:x">'))
def test_a_feed_is_valid_and_its_html_holds_the_words_and_nothing_else_of_them(named: dict[str, str]) -> None:
    for entry in checked(feed_of(named)).findall(f"{ATOM}entry"):
        html = content_of(entry)
        assert {element.tag for element in html.elements} <= {"p", "a", "h3", "ul", "li", "b", "code", "wbr"}
        assert all(name == "href" for element in html.elements for name, _ in element.attributes)
        assert all(urlsplit(link).netloc in OURS[1:] for link in addresses(html))
        assert html.comments == []
