"""Words for levels, kinds, signals and fallbacks in the languages of the mails. Pure."""

from __future__ import annotations

from babel.support import NullTranslations

from newsletter.analysis.record import Analysis, Aspect, Fallback, Kind, Reason, Signal, Source
from subscribers import Level


def _(message: str) -> str:
    """Mark a message for the catalogues; it is translated where it is used."""
    return message


LEVELS = {Level.HIGH: _("High"), Level.MEDIUM: _("Medium"), Level.LOW: _("Low")}

KINDS = {
    Kind.FEATURE: _("Feature"),
    Kind.FIX: _("Fix"),
    Kind.PERFORMANCE: _("Performance"),
    Kind.SECURITY: _("Security"),
    Kind.BREAKING: _("Breaking change"),
    Kind.REFACTOR: _("Refactoring"),
    Kind.DOCS: _("Documentation"),
    Kind.TEST: _("Tests"),
    Kind.CI: _("CI"),
    Kind.BUILD: _("Build"),
    Kind.DEPENDENCIES: _("Dependencies"),
    Kind.STYLE: _("Style"),
    Kind.RELEASE: _("Release"),
    Kind.REVERT: _("Revert"),
    Kind.CHORE: _("Housekeeping"),
}

SIGNALS = {
    Signal.BREAKING: _("breaking"),
    Signal.REMOVAL: _("removes something public"),
    Signal.DEPRECATION: _("deprecates"),
    Signal.SECURITY: _("security"),
    Signal.DATA_LOSS: _("data loss"),
    Signal.CRASH: _("crash or hang"),
    Signal.REGRESSION: _("regression"),
    Signal.REVERT: _("reverts an earlier change"),
    Signal.RELEASE: _("release"),
    Signal.MIGRATION: _("migration"),
    Signal.MINIMUM_VERSION: _("raises a minimum version"),
    Signal.FEATURE: _("new feature"),
    Signal.FIX: _("bug fix"),
    Signal.PERFORMANCE: _("faster or leaner"),
    Signal.CONFIGURATION: _("configuration"),
    Signal.DEPENDENCY: _("dependency update"),
    Signal.REFACTOR: _("refactoring"),
    Signal.MERGE: _("merge"),
    Signal.LARGE: _("large change"),
    Signal.DOCS_ONLY: _("documentation only"),
    Signal.TESTS_ONLY: _("tests only"),
    Signal.CI_ONLY: _("CI only"),
    Signal.GENERATED_ONLY: _("generated files only"),
    Signal.STYLE_ONLY: _("formatting only"),
    Signal.TRANSLATION_ONLY: _("translations only"),
    Signal.DEVELOPMENT_ONLY: _("development files only"),
    Signal.DEFAULT: _("changes a default"),
    Signal.GUIDE: _("substantial documentation"),
    Signal.BEHAVIOUR: _("changes behaviour"),
    Signal.APPEARANCE: _("appearance only"),
    Signal.VULNERABLE_DEPENDENCY: _("closes a known vulnerability"),
    Signal.EMPTY: _("no message"),
    Signal.UNSEEN: _("files not seen"),
    Signal.MODEL: _("judged by the model"),
    Signal.PUBLIC_API: _("public interface changes"),
    Signal.DESTRUCTIVE: _("takes something out of the schema"),
    Signal.ACCESS: _("log-in or permissions"),
    Signal.MAJOR_DEPENDENCY: _("major version of a dependency"),
    Signal.SWEEPING: _("changes how the whole is built"),
    Signal.RENAMES_ONLY: _("files only moved"),
    Signal.OPERATOR: _("the operator's rule"),
    Signal.HELD: _("the operator's rule does not lower this"),
}

ASPECTS = {
    Aspect.ARCHITECTURE: _("Architecture"),
    Aspect.PERFORMANCE: _("Speed and resources"),
    Aspect.SECURITY: _("Security"),
    Aspect.COMPATIBILITY: _("Compatibility"),
}

FALLBACKS = {
    Fallback.UNREACHABLE: _("the model could not be reached"),
    Fallback.TIMEOUT: _("the model did not answer in time"),
    Fallback.RATE_LIMITED: _("the model's rate limit was reached"),
    Fallback.REJECTED: _("the model rejected the request"),
    Fallback.CUT_OFF: _("the model's answer was cut off"),
    Fallback.REFUSED: _("the model refused to answer"),
    Fallback.BLANK: _("the model's answer was empty"),
    Fallback.UNREADABLE: _("the model's answer could not be read"),
    Fallback.BUDGET: _("the day's token budget was spent"),
    Fallback.KEY: _("the model's key was refused"),
    Fallback.QUOTA: _("the model's quota was used up"),
    Fallback.TOO_LONG: _("the change was too long for the model"),
    Fallback.LANGUAGE: _("the model answered in another language"),
    Fallback.DUE: _("the model had not answered in time for this mail"),
}

BY_RULES = _("by rules")
BY_RULES_BECAUSE = _("by rules: %(reason)s")
BY_MODEL = _("by %(model)s")


class Labels:
    """The words in one language."""

    def __init__(self, translations: NullTranslations) -> None:
        self._translate = translations.gettext

    def level(self, level: Level) -> str:
        """Name a level."""
        return self._translate(LEVELS[level])

    def kind(self, kind: Kind) -> str:
        """Name a kind of change."""
        return self._translate(KINDS[kind])

    def aspect(self, aspect: Aspect) -> str:
        """Name what a change was looked at for."""
        return self._translate(ASPECTS[aspect])

    def reason(self, reason: Reason) -> str:
        """Say a reason for a level, with its evidence where there is some."""
        words = self._translate(SIGNALS[reason.signal])
        return f"{words}: {reason.detail}" if reason.detail else words

    def author(self, analysis: Analysis) -> str:
        """Say who wrote an analysis, and why the rules had to where a model was asked."""
        if analysis.source is Source.MODEL:
            return self._translate(BY_MODEL) % {"model": analysis.model or ""}
        if analysis.fallback is None:
            return self._translate(BY_RULES)
        return self._translate(BY_RULES_BECAUSE) % {"reason": self._translate(FALLBACKS[analysis.fallback])}
