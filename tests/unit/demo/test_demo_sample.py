"""The sample day holds together as GitHub's own data would."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest

from newsletter.demo.patches import turned_round, whole
from newsletter.demo.sample import SampleDay, sample_day

DAY = date(2026, 1, 20)
HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+(\d+)(?:,(\d+))? @@")


@pytest.fixture(scope="module")
def sample() -> SampleDay:
    return sample_day(DAY)


def commits_of(sample: SampleDay) -> list[tuple[str, dict[str, Any]]]:
    return [(p.payload["repository"]["full_name"], commit) for p in sample.pushes for commit in p.payload["commits"]]


def titled(sample: SampleDay, start: str) -> dict[str, Any]:
    (found,) = [c for c in sample.commits.values() if c["commit"]["message"].startswith(start)]
    return dict(found)


def patches_of(sample: SampleDay) -> list[dict[str, Any]]:
    return [file for commit in sample.commits.values() for file in commit["files"] if "patch" in file]


def test_the_same_day_is_told_in_the_same_words(sample: SampleDay) -> None:
    again = sample_day(DAY)
    assert [(p.hook_id, p.body) for p in again.pushes] == [(p.hook_id, p.body) for p in sample.pushes]
    assert again.commits == sample.commits


def test_another_day_has_other_shas_and_hook_ids(sample: SampleDay) -> None:
    other = sample_day(DAY + timedelta(days=1))
    assert other.commits.keys().isdisjoint(sample.commits.keys())
    assert {p.hook_id for p in other.pushes}.isdisjoint(p.hook_id for p in sample.pushes)


def test_each_push_starts_where_the_one_before_it_ended(sample: SampleDay) -> None:
    by_repository = defaultdict(list)
    for push in sample.pushes:
        by_repository[push.payload["repository"]["full_name"]].append(push.payload)
    assert len(by_repository) == 2
    for payloads in by_repository.values():
        assert all(later["before"] == earlier["after"] for earlier, later in pairwise(payloads))


def test_each_push_ends_at_its_last_commit_and_reaches_its_start_through_first_parents(sample: SampleDay) -> None:
    for push in sample.pushes:
        payload = push.payload
        name = payload["repository"]["full_name"]
        assert payload["after"] == payload["commits"][-1]["id"] == payload["head_commit"]["id"]
        at, steps = payload["after"], 0
        while at != payload["before"]:
            at, steps = sample.commits[name, at]["parents"][0]["sha"], steps + 1
        assert 1 <= steps <= len(payload["commits"])


def test_every_pushed_commit_has_its_answer_of_the_api(sample: SampleDay) -> None:
    pushed = {(name, commit["id"]): commit for name, commit in commits_of(sample)}
    assert pushed.keys() == sample.commits.keys()
    for key, commit in pushed.items():
        answer = sample.commits[key]
        assert re.fullmatch(r"[0-9a-f]{40}", commit["id"])
        assert answer["sha"] == commit["id"]
        assert answer["commit"]["message"] == commit["message"]
        assert datetime.fromisoformat(answer["commit"]["committer"]["date"]) == datetime.fromisoformat(
            commit["timestamp"]
        )
        named = {*commit["added"], *commit["modified"]} | {*commit["removed"]}
        listed = {file["filename"] for file in answer["files"]}
        assert named == listed | {f["previous_filename"] for f in answer["files"] if "previous_filename" in f}


PUSH_KEYS = (
    *("ref", "before", "after", "created", "deleted", "forced", "base_ref", "compare"),
    *("commits", "head_commit", "repository", "pusher", "sender"),
)
COMMIT_KEYS = (
    *("id", "tree_id", "distinct", "message", "timestamp", "url", "author", "committer"),
    *("added", "removed", "modified"),
)


def test_a_push_has_every_key_that_github_documents(sample: SampleDay) -> None:
    for push in sample.pushes:
        assert push.payload.keys() >= {*PUSH_KEYS}
        assert all(commit.keys() >= {*COMMIT_KEYS} for commit in push.payload["commits"])
        assert json.loads(push.body) == push.payload
        assert str(UUID(push.hook_id)) == push.hook_id


def test_every_push_reached_github_on_the_day_and_in_order(sample: SampleDay) -> None:
    times = [datetime.fromtimestamp(push.payload["repository"]["pushed_at"], UTC) for push in sample.pushes]
    assert times == [push.at for push in sample.pushes] == sorted(times)
    assert {moment.date() for moment in times} == {DAY}
    for push in sample.pushes:
        assert all(datetime.fromisoformat(commit["timestamp"]) < push.at for commit in push.payload["commits"])


def test_no_commit_is_younger_than_a_commit_that_stands_on_it(sample: SampleDay) -> None:
    dates = {key: commit["commit"]["committer"]["date"] for key, commit in sample.commits.items()}
    for (name, _), commit in sample.commits.items():
        for parent in commit["parents"]:
            assert dates.get((name, parent["sha"]), "") <= commit["commit"]["committer"]["date"]


def test_every_hunk_header_counts_the_lines_of_its_hunk(sample: SampleDay) -> None:
    for file in patches_of(sample):
        first, *hunks = re.split(r"(?m)^(?=@@ -)", file["patch"])
        assert (first, bool(hunks)) == ("", True)
        for hunk in hunks:
            head, *lines = hunk.removesuffix("\n").split("\n")
            numbers = HUNK.match(head)
            assert numbers is not None
            old, new = (int(numbers[group] or 1) for group in (2, 4))
            assert {line[:1] for line in lines} <= {" ", "+", "-"}
            assert old == sum(not line.startswith("+") for line in lines), file["filename"]
            assert new == sum(not line.startswith("-") for line in lines), file["filename"]


def test_the_counts_of_a_file_are_those_of_its_patch(sample: SampleDay) -> None:
    for file in patches_of(sample):
        assert file["additions"] == len(re.findall(r"(?m)^\+", file["patch"]))
        assert file["deletions"] == len(re.findall(r"(?m)^-", file["patch"]))


def test_the_revert_names_the_commit_it_undoes_and_turns_its_patches_round(sample: SampleDay) -> None:
    cause, revert = titled(sample, "Cache compiled routes"), titled(sample, "Revert ")
    assert f"This reverts commit {cause['sha']}." in revert["commit"]["message"]
    assert (revert["stats"]["additions"], revert["stats"]["deletions"]) == (
        cause["stats"]["deletions"],
        cause["stats"]["additions"],
    )
    assert [file["status"] for file in cause["files"]] == ["modified", "added", "modified"]
    assert [file["status"] for file in revert["files"]] == ["modified", "removed", "modified"]


def test_a_patch_turned_round_twice_is_the_patch() -> None:
    patch = whole("@@ -1,3 +1,4 @@ def f\n a\n-b\n+c\n+d\n\n")
    assert turned_round(patch) == "@@ -1,4 +1,3 @@ def f\n a\n-c\n-d\n+b\n "
    assert turned_round(turned_round(patch)) == patch


def test_one_commit_has_more_files_than_a_page_and_one_file_without_a_patch(sample: SampleDay) -> None:
    huge = titled(sample, "Regenerate the client models")
    assert len(huge["files"]) == 400
    assert len({file["filename"] for file in huge["files"]}) == 400
    (without,) = [file for file in huge["files"] if "patch" not in file]
    assert without["changes"] == without["additions"] + without["deletions"] > 20_000


def test_the_merge_brings_a_branch_commit_that_is_days_older_than_its_push(sample: SampleDay) -> None:
    merge, branch = titled(sample, "Merge pull request #2089"), titled(sample, "Add Response.lines()")
    assert [parent["sha"] for parent in merge["parents"]][1:] == [branch["sha"]]
    assert [file["patch"] for file in merge["files"]] == [file["patch"] for file in branch["files"]]
    assert datetime.fromisoformat(branch["commit"]["committer"]["date"]).date() < DAY - timedelta(days=1)


def test_names_are_chinese_and_joined_emoji_too_and_the_body_is_utf_8(sample: SampleDay) -> None:
    bodies = b"".join(push.body for push in sample.pushes).decode()
    assert "灯塔守夜人" in bodies
    assert "\U0001f3f4\u200d\u2620\ufe0f" in bodies


def test_an_address_without_an_account_has_neither_login_nor_user(sample: SampleDay) -> None:
    pushed = {commit["id"]: commit for _, commit in commits_of(sample)}
    answer = titled(sample, "Fix a typo")
    assert answer["author"] is None
    assert "username" not in pushed[answer["sha"]]["author"]


def test_every_address_in_the_sample_is_reserved_for_examples(sample: SampleDay) -> None:
    text = b"".join(push.body for push in sample.pushes).decode()
    text += json.dumps(list(sample.commits.values()), ensure_ascii=False)
    addresses = set(re.findall(r'"email": ?"([^"]+)"', text)) - {"noreply@github.com"}
    assert addresses
    assert all(address.endswith(".example") for address in addresses)
