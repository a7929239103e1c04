"""What operators and scripts use, in the words of many frameworks."""

from __future__ import annotations

import pytest

from newsletter.analysis.diffs import read_diffs
from newsletter.analysis.record import Signal
from newsletter.analysis.signals import signals
from newsletter.analysis.surface import Surface, read_surface
from tests.unit.analysis.changes import change, file


def surface(path: str, *lines: str) -> Surface:
    return read_surface(read_diffs([file(path, *lines)]))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param("a.py", 'parser.add_argument("-f", "--fast")', id="argparse"),
        pytest.param("a.py", '@click.option("--fast/--slow")', id="click"),
        pytest.param("a.ts", ".option('-f, --fast <x>', 'go fast')", id="commander"),
        pytest.param("a.go", 'cmd.Flags().StringVar(&x, "fast", "", "go fast")', id="pflag"),
        pytest.param("a.go", 'flag.Bool("fast", false, "go fast")', id="Go flag"),
        pytest.param("a.rs", '#[arg(long = "fast")]', id="clap derive"),
        pytest.param("a.rs", '.long("fast")', id="clap builder"),
        pytest.param("A.java", '@Option(names = {"-f", "--fast"})', id="picocli"),
        pytest.param("a.rb", 'opts.on("-f", "--fast") do', id="OptionParser"),
        pytest.param("A.php", "new InputOption('fast', null, InputOption::VALUE_NONE)", id="Symfony console"),
        pytest.param("A.cs", 'new Option<bool>("--fast")', id="System.CommandLine"),
    ],
)
def test_a_command_line_option_is_found_where_it_is_defined(path: str, line: str) -> None:
    assert surface(path, f"-{line}").removed_options == ("--fast",)
    assert surface(path, f"+{line}").added_options == ("--fast",)
    assert surface(path, f"-{line}", f"+  {line}") == Surface()


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param("a.py", '@app.get("/fuel")', id="FastAPI"),
        pytest.param("a.py", 'web.post("/fuel", f)', id="aiohttp"),
        pytest.param("a.js", "router.post('/fuel', f)", id="Express"),
        pytest.param("a.go", 'r.GET("/fuel", f)', id="Gin"),
        pytest.param("a.go", 'http.HandleFunc("/fuel", f)', id="net/http"),
        pytest.param("A.java", '@GetMapping("/fuel")', id="Spring"),
        pytest.param("A.cs", '[HttpGet("/fuel")]', id="ASP.NET attribute"),
        pytest.param("A.cs", 'app.MapGet("/fuel", f);', id="ASP.NET minimal"),
        pytest.param("a.php", "Route::get('/fuel', f);", id="Laravel"),
        pytest.param("config/routes.rb", "  get '/fuel', to: 'x#y'", id="Rails"),
        pytest.param("lib/router.ex", '    get "/fuel", FuelController, :index', id="Phoenix"),
        pytest.param("a.rs", '.route("/fuel", get(f))', id="axum"),
    ],
)
def test_an_http_route_is_found_where_it_is_declared(path: str, line: str) -> None:
    assert surface(path, f"-{line}").removed_routes == ("/fuel",)
    assert Signal.REMOVAL in signals(change("Fuel", file(path, f"-{line}"))).signals


def test_a_django_route_is_found_without_its_first_slash() -> None:
    assert surface("urls.py", '-    path("fuel/", views.fuel),').removed_routes == ("fuel/",)


def test_a_route_that_goes_while_another_comes_has_moved() -> None:
    moved = change("Fuel", file("a.py", '-@app.get("/fuel")', '+@app.get("/tank/fuel")'))
    assert Signal.REMOVAL not in signals(moved).signals


@pytest.mark.parametrize(
    ("path", "line"),
    [
        pytest.param("a.py", 'os.environ["ROCKET_FUEL"]', id="Python"),
        pytest.param("a.js", "process.env.ROCKET_FUEL", id="Node.js"),
        pytest.param("a.go", 'os.Getenv("ROCKET_FUEL")', id="Go"),
        pytest.param("a.rb", 'ENV.fetch("ROCKET_FUEL")', id="Ruby"),
        pytest.param("a.rs", 'env::var("ROCKET_FUEL")', id="Rust"),
        pytest.param("A.cs", 'Environment.GetEnvironmentVariable("ROCKET_FUEL")', id="C#"),
        pytest.param("A.php", "getenv('ROCKET_FUEL')", id="PHP"),
        pytest.param("a.ex", 'System.get_env("ROCKET_FUEL")', id="Elixir"),
    ],
)
def test_a_setting_of_the_environment_is_found(path: str, line: str) -> None:
    assert surface(path, f"+{line}").added_settings == ("ROCKET_FUEL",)
    assert surface(path, f"-{line}").removed_settings == ("ROCKET_FUEL",)


@pytest.mark.parametrize(
    ("path", "before", "after", "changed"),
    [
        pytest.param("a.py", 'o("--n", default=5)', 'o("--n", default=10)', True, id="another value"),
        pytest.param(
            "a.js", "  n: { type: Number, default: 5 },", "  n: { type: Number, default: 6 },", True, id="object"
        ),
        pytest.param("a.py", "o('--n', default='a')", 'o("--n", default="a")', False, id="other quotes"),
        pytest.param("a.c", "  default: stop();", "  default: go();", False, id="case of a switch"),
        pytest.param("a.py", "  default: str = None,", "  default: str | None = None,", False, id="a type"),
        pytest.param("a.py", 'o("--n", default=5)', 'o("--m", default=6)', False, id="another option"),
        pytest.param("setup.cfg", "a = x, default=5", "a = x, default=6", False, id="configuration of a tool"),
    ],
)
def test_a_default_that_changes_is_seen(path: str, before: str, after: str, changed: bool) -> None:
    assert bool(surface(path, f"-{before}", f"+{after}").changed_defaults) is changed
