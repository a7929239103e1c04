"""Judges changes by the rules and compares with what people said. Needs no network, database or settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from newsletter.analysis.figures import Figures, Judged, figures_of
from newsletter.analysis.outgoing import as_said_to_people
from newsletter.analysis.predecessor import predecessors_level
from newsletter.analysis.record import Reason, Subject
from newsletter.analysis.score import score
from newsletter.analysis.signals import signals
from newsletter.errors import InputError
from newsletter.pipeline.labelled import MAX_BYTES, LineError, StoredCommits, read_line
from subscribers import Level


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """One change that was judged."""

    line: int
    sha: str
    title: str
    judged: Judged
    #: Why ours has its level, the weightiest first.
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """What a file of labelled changes came to."""

    verdicts: tuple[Verdict, ...]
    #: Lines on which the judges did not agree.
    undecided: int
    #: Line → why it cannot be used.
    broken: dict[int, str]

    @property
    def ours(self) -> Figures:
        """Figures of our rules."""
        return figures_of((item.judged.expected, item.judged.ours) for item in self.verdicts)

    @property
    def baseline(self) -> Figures:
        """Figures of the predecessor's rule."""
        return figures_of((item.judged.expected, item.judged.baseline) for item in self.verdicts)


def evaluate(path: Path, *, commits: Path | None, progressed: Callable[[int], None] = lambda _: None) -> Evaluation:
    """Judge every change of a file. A line that cannot be used is named, and does not end it.

    :param commits: folder of the stored answers, for lines that only name a commit.
    :param progressed: told how many bytes more were read.
    :raises InputError: the file or the folder cannot be read.
    """
    verdicts: list[Verdict] = []
    undecided = 0
    broken: dict[int, str] = {}
    try:
        stored = StoredCommits.below(commits) if commits is not None else None
        with path.open("rb") as file:
            # One byte beyond what is read: the line then says itself that it is too long.
            for number, raw in enumerate(iter(lambda: file.readline(MAX_BYTES + 2), b""), start=1):
                progressed(len(raw))
                if not raw.strip():
                    continue
                try:
                    labelled = read_line(raw, stored=stored)
                except LineError as error:
                    broken[number] = str(error)
                    continue
                if labelled.level is None:
                    undecided += 1
                else:
                    verdicts.append(_judged(labelled.subject, expected=labelled.level, line=number))
    except OSError as error:
        raise InputError(f"{error.filename or path} cannot be read: {error.strerror}") from error
    return Evaluation(verdicts=tuple(verdicts), undecided=undecided, broken=broken)


def _judged(subject: Subject, *, expected: Level, line: int) -> Verdict:
    ours, _, reasons = score(signals(as_said_to_people(subject)))
    baseline = predecessors_level(subject)
    return Verdict(
        line=line,
        sha=subject.sha,
        title=subject.title,
        judged=Judged(repository=subject.repository, expected=expected, ours=ours, baseline=baseline),
        reasons=reasons,
    )
