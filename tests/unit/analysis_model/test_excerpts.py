"""Which part of the patches is sent: what tells most, whole hunks, and never more than the budget."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.analysis.excerpts import excerpt_of, listing, portions_of, size_worth_reading
from newsletter.github.record import FileChange

PATCH = "@@ -1 +1 @@\n-old\n+new"
BUDGET = 8_000


def file(path: str, patch: str | None = PATCH) -> FileChange:
    return FileChange(path=path, status="modified", additions=1, deletions=1, patch=patch)


def hunks(count: int, *, size: int) -> str:
    return "\n".join(f"@@ -{number} +{number} @@\n+{'x ' * (size // 2)}" for number in range(count))


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        pytest.param("src/pump.py", True, id="source"),
        pytest.param("pyproject.toml", True, id="build files"),
        pytest.param("app/migrations/0002_add.py", True, id="migrations"),
        pytest.param("config/settings.toml", True, id="configuration"),
        pytest.param("static/site.css", True, id="style sheets"),
        pytest.param("examples/hello.py", True, id="examples"),
        pytest.param("Makefile", True, id="tooling"),
        pytest.param("locale/de/messages.po", True, id="translations"),
        pytest.param("docs/index.md", True, id="documentation"),
        pytest.param("tests/test_pump.py", True, id="tests"),
        pytest.param(".github/workflows/ci.yml", True, id="CI"),
        pytest.param("uv.lock", False, id="lock files"),
        pytest.param("vendor/lib.go", False, id="vendored files"),
        pytest.param("static/app.min.js", False, id="minified files"),
        pytest.param("tests/__snapshots__/a.snap", False, id="snapshots"),
        pytest.param("api_pb2.py", False, id="generated files"),
    ],
)
def test_what_people_write_is_sent_and_what_machines_make_is_not(path: str, sent: bool) -> None:
    excerpt = excerpt_of((file(path),), budget=BUDGET)
    assert ("+new" in excerpt.text) is sent
    assert excerpt.files == (frozenset({path}) if sent else frozenset())


def test_source_and_migrations_come_before_tests_and_docs() -> None:
    paths = ["docs/a.md", "tests/test_a.py", "app/migrations/1.py", "src/a.py"]
    text = excerpt_of(tuple(file(path) for path in paths), budget=BUDGET).text
    places = [text.index(f"--- {path}") for path in paths]
    assert max(places[2:]) < min(places[:2])


def test_beside_source_tests_get_a_tenth_and_without_it_everything() -> None:
    tests = file("tests/test_a.py", hunks(20, size=300))
    assert len(excerpt_of((file("src/a.py"), tests), budget=BUDGET).text) < BUDGET // 10 + 100
    assert len(excerpt_of((tests,), budget=BUDGET).text) > BUDGET // 2


def test_the_budget_is_shared_and_what_is_left_out_is_marked() -> None:
    files = tuple(file(f"src/f{number}.py", hunks(20, size=500)) for number in range(4))
    excerpt = excerpt_of(files, budget=BUDGET)
    assert len(excerpt.files) == 4
    assert excerpt.text.count("[… more of this file not shown]") == 4


def test_a_small_patch_is_whole_beside_a_huge_one() -> None:
    excerpt = excerpt_of((file("src/huge.py", hunks(100, size=1000)), file("src/small.py")), budget=BUDGET)
    assert excerpt.files == {"src/huge.py", "src/small.py"}
    assert PATCH in excerpt.text


def test_a_change_of_thirty_thousand_lines_and_a_withheld_patch_are_no_fault() -> None:
    patch = "@@ -0,0 +1,30000 @@\n" + "".join(f"+line {number}\n" for number in range(30_000))
    excerpt = excerpt_of((file("src/big.py", patch), file("src/withheld.py", None)), budget=BUDGET)
    assert excerpt.files == {"src/big.py"}
    assert "+line 1\n" in excerpt.text
    assert len(excerpt.text) <= BUDGET


shapes = st.lists(st.tuples(st.integers(0, 9), st.integers(0, 3000)), max_size=12)


def files_of(drawn: list[tuple[int, int]]) -> tuple[FileChange, ...]:
    return tuple(file(f"src/f{place}.py", hunks(count, size=size)) for place, (count, size) in enumerate(drawn))


@settings(deadline=None)
@given(shapes, st.integers(500, 9_000))
def test_no_excerpt_is_larger_than_its_budget(drawn: list[tuple[int, int]], budget: int) -> None:
    excerpt = excerpt_of(files_of(drawn), budget=budget)
    assert len(excerpt.text) <= budget + len(drawn)
    assert len(excerpt.files) == excerpt.text.count("--- src/")


@settings(deadline=None)
@given(shapes, st.integers(500, 9_000), st.integers(1, 4))
def test_no_portion_is_larger_than_its_budget_and_no_file_is_in_two(
    drawn: list[tuple[int, int]], budget: int, most: int
) -> None:
    portions = portions_of(files_of(drawn), budget=budget, most=most)
    assert len(portions) <= most
    assert all(0 < len(portion.text) <= budget + len(drawn) for portion in portions)
    assert sum(len(portion.files) for portion in portions) == len(frozenset().union(*(p.files for p in portions)))


def test_tests_are_no_portion_of_their_own_where_there_is_source() -> None:
    files = (file("src/a.py", hunks(5, size=900)), file("tests/test_a.py", hunks(50, size=900)))
    assert [portion.files for portion in portions_of(files, budget=5_500, most=6)] == [{"src/a.py"}]
    assert size_worth_reading(files) == len(files[0].patch or "")


def test_every_file_is_listed_with_its_lines_up_to_a_number() -> None:
    lines = listing(tuple(file(f"src/f{number}.py", None) for number in range(9)), most=4).splitlines()
    assert lines[0] == 'modified "src/f0.py" +1 -1'
    assert len(lines) == 5
    assert lines[-1] == "and 5 more"


def test_a_path_with_a_line_break_stays_on_its_line() -> None:
    assert '"src/a\\nb.py"' in listing((file("src/a\nb.py", None),), most=4)
