"""The analysis by rules: what is said about a change when no model is asked, or none answers. Pure."""

from __future__ import annotations

from newsletter.analysis import phrases
from newsletter.analysis.outgoing import as_said_to_people
from newsletter.analysis.paths import areas
from newsletter.analysis.record import Analysis, Fallback, Source, Subject
from newsletter.analysis.score import score
from newsletter.analysis.signals import signals
from subscribers import Level


def analyse_by_rules(
    subject: Subject, *, language: str, level: Level | None = None, fallback: Fallback | None = None
) -> Analysis:
    """Analyse a change in a language by rules alone. Any text gives an analysis.

    ``level`` is the level frozen on the commit, which is kept; without it the rules decide. ``fallback`` says why a
    model that was asked did not answer.

    :raises LookupError: there is no catalogue of the language.
    """
    said = as_said_to_people(subject)
    scored, kind, reasons = score(signals(said))
    touched = areas(subject.files)
    return Analysis(
        language=language,
        level=level or scored,
        kind=kind,
        summary=phrases.summary(said, kind, reasons, touched, language),
        areas=touched,
        reasons=reasons,
        risks=phrases.risks(subject, reasons, language),
        advice=phrases.advice(reasons, language),
        files_read=sum(file.patch is not None for file in subject.files),
        files_total=len(subject.files),
        source=Source.RULES,
        fallback=fallback,
    )
