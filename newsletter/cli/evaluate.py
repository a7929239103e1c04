"""``newsletter eval``: how well the rules' levels agree with those that people gave."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from newsletter.analysis.figures import LEVELS, Figures, by_repository
from newsletter.analysis.prose import plain
from newsletter.cli.session import print_list
from newsletter.pipeline.evaluate import Evaluation, Verdict, evaluate

#: What the figures of a repository mean.
_LEFT_OUT = (
    "No weight is fitted to labels, so every repository counts as one that was left out. "
    "Whoever changes the rules while looking at these labels fits them all the same."
)
_MAX_TITLE_CHARACTERS = 80


def add_to(program: typer.Typer) -> None:
    """Add the verb."""
    program.command("eval")(evaluate_file)


def evaluate_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="JSON lines: changes with the level people gave them.")],
    commits: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR", help="Where <sha>.json of GitHub's REST API is, for lines that only name a commit."
        ),
    ] = None,
    wrong: Annotated[
        bool, typer.Option("--wrong", help="Also list what we judge otherwise, with our reasons.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Compare the rules' levels with those that people gave, and with the predecessor's rule."""
    size = file.stat().st_size if file.is_file() else 0
    console = Console(stderr=True)
    # What is no terminal would get an empty line of it.
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Judging", total=size or None)
        evaluation = evaluate(file, commits=commits, progressed=lambda read: progress.advance(task, read))
    for line, reason in evaluation.broken.items():
        typer.echo(f"{plain(file.name)}, line {line}: {plain(reason)}", err=True)
    if as_json:
        typer.echo(json.dumps(_as_dict(evaluation, wrong=wrong), ensure_ascii=False, indent=2))
    else:
        _print(evaluation, wrong=wrong)
    if evaluation.broken or not evaluation.verdicts:
        raise typer.Exit(1)


def _as_dict(evaluation: Evaluation, *, wrong: bool) -> dict[str, Any]:
    repositories = by_repository(item.judged for item in evaluation.verdicts)
    told = {
        "rules": evaluation.ours.as_dict(),
        "baseline": evaluation.baseline.as_dict(),
        "repositories": {
            name: {"rules": ours.as_dict(), "baseline": baseline.as_dict()}
            for name, (ours, baseline) in repositories.items()
        },
        "undecided": evaluation.undecided,
        "broken": [{"line": line, "reason": reason} for line, reason in evaluation.broken.items()],
    }
    return told | {"wrong": [_wrong_row(item) for item in _wrong(evaluation)]} if wrong else told


def _print(evaluation: Evaluation, *, wrong: bool) -> None:
    if not evaluation.verdicts:
        typer.echo("nothing to judge")
        return
    print_list(_matrix(evaluation.ours), as_json=False, empty="")
    typer.echo("")
    print_list(_levels(evaluation), as_json=False, empty="")
    typer.echo("")
    print_list(_repositories(evaluation), as_json=False, empty="")
    typer.echo(f"\n{_LEFT_OUT}")
    if evaluation.undecided:
        typer.echo(f"{evaluation.undecided} without a level were left out.")
    if wrong:
        typer.echo("")
        print_list(
            [_wrong_row(item) for item in _wrong(evaluation)], as_json=False, empty="nothing is judged otherwise"
        )


def _matrix(figures: Figures) -> list[dict[str, Any]]:
    return [
        {"people say": expected.value} | {f"we say {given.value}": figures.count(expected, given) for given in LEVELS}
        for expected in LEVELS
    ]


def _levels(evaluation: Evaluation) -> list[dict[str, Any]]:
    ours, baseline = evaluation.ours, evaluation.baseline
    rows: list[dict[str, Any]] = [
        {
            "level": level.value,
            "changes": ours.support(level),
            "precision": f"{ours.precision(level):.2f}",
            "recall": f"{ours.recall(level):.2f}",
            "F1": f"{ours.f1(level):.3f}",
            "F1 of the predecessor": f"{baseline.f1(level):.3f}",
        }
        for level in LEVELS
    ]
    macro = {"F1": f"{ours.macro_f1:.3f}", "F1 of the predecessor": f"{baseline.macro_f1:.3f}"}
    return [*rows, {"level": "all (macro)", "changes": ours.total, "precision": None, "recall": None} | macro]


def _repositories(evaluation: Evaluation) -> list[dict[str, Any]]:
    return [
        {
            "repository": plain(name),
            "changes": ours.total,
            "right": ours.right,
            "macro-F1": f"{ours.macro_f1:.3f}",
            "of the predecessor": f"{baseline.macro_f1:.3f}",
        }
        for name, (ours, baseline) in by_repository(item.judged for item in evaluation.verdicts).items()
    ]


def _wrong(evaluation: Evaluation) -> list[Verdict]:
    return [item for item in evaluation.verdicts if item.judged.ours is not item.judged.expected]


def _wrong_row(item: Verdict) -> dict[str, Any]:
    reasons = (f"{reason.signal.value}: {reason.detail}".rstrip(": ") for reason in item.reasons)
    return {
        "line": item.line,
        "people say": item.judged.expected.value,
        "we say": item.judged.ours.value,
        "repository": plain(item.judged.repository),
        "commit": item.sha[:12],
        "title": plain(item.title)[:_MAX_TITLE_CHARACTERS],
        "reasons": ", ".join(reasons),
    }
