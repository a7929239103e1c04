"""Public names of many languages: what went, and whose callers have to change."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.analysis.diffs import read_diffs
from newsletter.analysis.names import read_names
from newsletter.github.record import FileChange
from tests.unit.analysis.changes import file


@pytest.mark.parametrize(
    ("path", "line", "name"),
    [
        pytest.param("rocket/a.py", "-def ignite(self):", "ignite", id="Python function"),
        pytest.param("rocket/a.py", "-    async def ignite(self):", "ignite", id="Python coroutine method"),
        pytest.param("src/a.ts", "-export async function ignite(a: string) {", "ignite", id="TypeScript export"),
        pytest.param("src/a.ts", "-export interface Nozzle {", "Nozzle", id="TypeScript interface"),
        pytest.param("lib/a.js", "-exports.ignite = function () {", "ignite", id="CommonJS export"),
        pytest.param("lib/a.js", "-Rocket.prototype.ignite = function (a) {", "ignite", id="JavaScript prototype"),
        pytest.param("a.go", "-func (r *Rocket) Ignite(a int) error {", "Ignite", id="Go method"),
        pytest.param("a.go", "-type Nozzle struct {", "Nozzle", id="Go type"),
        pytest.param("src/a.rs", "-pub async fn ignite(a: u8) {", "ignite", id="Rust function"),
        pytest.param("src/A.java", "-  public static final String ignite(int a) {", "ignite", id="Java method"),
        pytest.param("src/A.java", "-public interface Nozzle {", "Nozzle", id="Java interface"),
        pytest.param("src/A.cs", "-    public async Task<Fuel> GetFuel(int a)", "GetFuel", id="C# method"),
        pytest.param("src/A.cs", "-    public string Fuel { get; set; }", "Fuel", id="C# property"),
        pytest.param("src/A.kt", "-  suspend fun ignite(a: Int): Int {", "ignite", id="Kotlin function"),
        pytest.param("src/A.swift", "-public func ignite(_ a: Int) {", "ignite", id="Swift function"),
        pytest.param("src/A.php", "-    public static function ignite($a)", "ignite", id="PHP method"),
        pytest.param("lib/a.rb", "-    def ignite!(a)", "ignite!", id="Ruby method"),
        pytest.param("lib/a.ex", "-  def ignite(a) do", "ignite", id="Elixir function"),
        pytest.param("lib/a.ex", "-  @callback ignite(a) :: :ok", "ignite", id="Elixir callback"),
        pytest.param("include/rocket.h", "-int ignite(int a);", "ignite", id="C prototype"),
        pytest.param("include/rocket.h", "-#define ROCKET_FUEL 1", "ROCKET_FUEL", id="C macro"),
        pytest.param(
            "include/rocket.hpp", "-template <typename T> auto ignite(T x) -> int {", "ignite", id="C++ template"
        ),
    ],
)
def test_a_public_definition_that_goes_is_found(path: str, line: str, name: str) -> None:
    assert read_names(read_diffs([file(path, line)])).removed == (name,)
    moved = [file(path, line), file(path.replace("a.", "b."), f"+{line[1:]}")]
    assert read_names(read_diffs(moved)).removed == ()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param("rocket/a.py", "-def _ignite(self):", id="Python name with an underscore"),
        pytest.param("rocket/_engine/a.py", "-def ignite(self):", id="Python module with an underscore"),
        pytest.param("rocket/a.py", "-        def ignite(self):", id="Python function in a function"),
        pytest.param("src/a.ts", "-function ignite() {", id="TypeScript without export"),
        pytest.param("a.go", "-func ignite() {", id="Go lower case"),
        pytest.param("internal/a.go", "-func Ignite() {", id="Go internal package"),
        pytest.param("src/a.rs", "-pub(crate) fn ignite() {", id="Rust within the crate"),
        pytest.param("src/A.java", "-  private void ignite() {", id="Java private"),
        pytest.param("src/A.kt", "-  private fun ignite() {", id="Kotlin private"),
        pytest.param("src/A.php", "-    private function ignite()", id="PHP private"),
        pytest.param("src/rocket.c", "-int ignite(int a) {", id="C outside a header"),
        pytest.param("include/rocket.h", "-  return ignite(a);", id="C call"),
        pytest.param("tests/test_a.py", "-def ignite():", id="test"),
        pytest.param("rocket/a.py", "-def test_ignite():", id="name of a test"),
    ],
)
def test_a_private_definition_is_none(path: str, line: str) -> None:
    assert read_names(read_diffs([file(path, line)])).removed == ()


@pytest.mark.parametrize(
    ("path", "before", "after", "expected"),
    [
        pytest.param("a.py", "def go(a, b):", "def go(b):", True, id="a parameter went"),
        pytest.param("a.py", "def go(a, b):", "def go(b, a):", True, id="parameters moved"),
        pytest.param("a.py", "def go(a):", "def go(a, b):", True, id="a necessary one came"),
        pytest.param("a.py", "def go(a):", "def go(a, b=1):", False, id="one with a default came"),
        pytest.param("a.py", "def go(a):", "def go(a, *, b=1, **c):", False, id="keywords came"),
        pytest.param(
            "a.py", "def go(a: int = 1):", "def go(a: float = 2) -> int:", False, id="types and defaults only"
        ),
        pytest.param("a.go", "func Go(a int) {", "func Go(a int, b string) {", True, id="Go has no defaults"),
        pytest.param(
            "A.php", "public function go(A $a, $u, B $b)", "public function go(A $a, B $b, $u)", True, id="PHP order"
        ),
        pytest.param(
            "a.ts",
            "export function go(a: string) {",
            "export function go(a: string, b?: number) {",
            False,
            id="optional",
        ),
        pytest.param("a.py", "def go(a,", "def go(b,", False, id="brackets that do not close on the line"),
    ],
)
def test_parameters_that_no_longer_fit_the_old_calls_are_seen(
    path: str, before: str, after: str, expected: bool
) -> None:
    names = read_names(read_diffs([file(path, f"-{before}", f"+{after}")]))
    assert names.incompatible == (("Go" if path.endswith(".go") else "go",) if expected else ())


@pytest.mark.parametrize(
    ("path", "lines", "gone"),
    [
        pytest.param(
            "rocket/__init__.py",
            ["-from .a import Nozzle, Pump", "+from .a import Pump"],
            ("Nozzle",),
            id="Python import",
        ),
        pytest.param("rocket/__init__.py", ['-    "Nozzle",'], ("Nozzle",), id="Python __all__"),
        pytest.param(
            "src/index.ts",
            ["-export { Nozzle, Pump } from './a'", "+export { Pump } from './b'"],
            ("Nozzle",),
            id="barrel",
        ),
        pytest.param("src/lib.rs", ["-pub use crate::a::Nozzle;"], ("Nozzle",), id="Rust re-export"),
        pytest.param("src/index.ts", ["-import { Nozzle } from './a'"], (), id="an import is no export"),
        pytest.param("src/deep/er/still/index.ts", ["-export { Nozzle } from './a'"], (), id="deep inside"),
        pytest.param(
            "rocket/__init__.py", ["-from .a import Nozzle", "+from .b import Nozzle"], (), id="only from elsewhere"
        ),
    ],
)
def test_what_a_package_no_longer_offers_is_found(path: str, lines: list[str], gone: tuple[str, ...]) -> None:
    assert read_names(read_diffs([file(path, *lines)])).unexported == gone


_PATHS = st.sampled_from(["a.py", "b.go", "c.ts", "d.h", "e.java", "f.kt", "src/lib.rs", "x/__init__.py", "y.rb", "z"])


@given(
    st.lists(st.tuples(_PATHS, st.text(alphabet="+- \nadefpubclixort(){}[],=:<>'\"*&;_\t", max_size=200)), max_size=4)
)
def test_no_patch_makes_the_reading_of_names_fail(patches: list[tuple[str, str]]) -> None:
    names = read_names(read_diffs(FileChange(path=path, status="modified", patch=text) for path, text in patches))
    assert not set(names.added) & set(names.removed)
