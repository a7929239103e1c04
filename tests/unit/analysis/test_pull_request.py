"""What the pull request adds to an analysis: why, where the commit does not say, and its labels."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings

from newsletter.analysis.prompt import DESCRIPTION_CHARACTERS, build_prompt
from newsletter.analysis.record import Reason, Signal, Subject
from newsletter.analysis.rules import analyse_by_rules
from newsletter.github.record import PullRequest
from subscribers import Level
from tests.support.editions import HOSTILE
from tests.unit.analysis.changes import change

WHY = "The gate stood above the water at every spring tide."


def described(message: str, *, body: str = "", labels: tuple[str, ...] = ()) -> Subject:
    told = PullRequest(number=7, title="Lower the gate", body=body, labels=labels)
    return replace(change(message, "rocket/gate.py"), pull_request=told)


def test_the_summary_is_the_first_sentence_of_the_pull_request_where_the_commit_has_none() -> None:
    body = f"<!-- Thank you! -->\n## Why\n\n- [x] tested\n\n{WHY} And more words follow here."
    assert analyse_by_rules(described("Lower the gate (#7)", body=body), language="en").summary == WHY
    own = described("Lower the gate (#7)\n\nIt was much too high for most ships.", body=body)
    assert analyse_by_rules(own, language="en").summary == "It was much too high for most ships."


@pytest.mark.parametrize(
    ("label", "signal", "level"),
    [
        ("breaking-change", Signal.BREAKING, Level.HIGH),
        ("semver: major", Signal.BREAKING, Level.HIGH),
        ("Security", Signal.SECURITY, Level.HIGH),
        ("kind/regression", Signal.REGRESSION, Level.MEDIUM),
        ("type: bug", Signal.FIX, Level.MEDIUM),
    ],
)
def test_a_label_is_a_reason(label: str, signal: Signal, level: Level) -> None:
    analysis = analyse_by_rules(described("The gate (#7)", labels=("triaged", label)), language="en")
    assert Reason(signal=signal, detail=label) in analysis.reasons
    assert analysis.level is level


@pytest.mark.parametrize("label", ["not-breaking", "bug-bash", "documentation", "breaking change: no", ""])
def test_other_labels_are_none(label: str) -> None:
    without = analyse_by_rules(described("The gate (#7)"), language="en")
    assert analyse_by_rules(described("The gate (#7)", labels=(label,)), language="en") == without


def test_a_feature_with_the_label_of_a_bug_is_a_feature() -> None:
    analysis = analyse_by_rules(described("Add a gate (#7)", labels=("bug",)), language="en")
    assert analysis.level is Level.MEDIUM
    assert Signal.FIX not in {reason.signal for reason in analysis.reasons}


def test_a_model_reads_the_description_between_the_fences() -> None:
    subject = described("The gate (#7)", body=WHY + "x" * 30_000, labels=("bug",))
    prompt = build_prompt(subject, language="en", levels=[Level.MEDIUM]).question
    mark = prompt.user.split("\n", 1)[0]
    assert prompt.user.endswith(mark)
    assert f"Pull request #7:\nLower the gate\nLabels: bug\n{WHY}" in prompt.user
    assert WHY not in prompt.system
    assert len(prompt.user) < DESCRIPTION_CHARACTERS + 2000
    assert (
        "Pull request"
        not in build_prompt(change("The gate (#7)", "a.py"), language="en", levels=[Level.MEDIUM]).question.user
    )


@settings(deadline=None)
@given(HOSTILE, HOSTILE)
def test_any_description_gives_an_analysis(body: str, label: str) -> None:
    subject = described("The gate (#7)", body=body, labels=(label,))
    analysis = analyse_by_rules(subject, language="en")
    assert len(analysis.summary) <= 400
    assert "\n" not in analysis.summary
    build_prompt(subject, language="en", levels=[Level.HIGH])
