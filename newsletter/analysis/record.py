"""What a change means: the one record for analyses by rules and by a model."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from newsletter.github.record import FileChange, PullRequest
from subscribers import Level


class Kind(StrEnum):
    """What sort of change it is; a closed list, so that readers can filter by it."""

    FEATURE = "feature"
    FIX = "fix"
    PERFORMANCE = "performance"
    SECURITY = "security"
    BREAKING = "breaking"
    REFACTOR = "refactor"
    DOCS = "docs"
    TEST = "test"
    CI = "ci"
    BUILD = "build"
    DEPENDENCIES = "dependencies"
    STYLE = "style"
    RELEASE = "release"
    REVERT = "revert"
    CHORE = "chore"


class Source(StrEnum):
    """Who wrote an analysis."""

    RULES = "rules"
    MODEL = "model"


class Fallback(StrEnum):
    """Why the rules wrote an analysis that a model was asked for."""

    UNREACHABLE = "unreachable"
    TIMEOUT = "timeout"
    RATE_LIMITED = "rate-limited"
    REJECTED = "rejected"
    CUT_OFF = "cut-off"
    REFUSED = "refused"
    BLANK = "blank"
    UNREADABLE = "unreadable"
    #: The day's ceiling of tokens was reached.
    BUDGET = "budget"
    #: The server does not know the key, or does not let it use the model.
    KEY = "key"
    #: The account has nothing left to spend.
    QUOTA = "quota"
    #: Even its smallest excerpt was more than the model reads.
    TOO_LONG = "too-long"
    #: It was written in another language than asked for.
    LANGUAGE = "language"
    #: The digest was due before the model had answered.
    DUE = "due"


class Aspect(StrEnum):
    """What a high change is looked at for in particular; a closed list."""

    ARCHITECTURE = "architecture"
    PERFORMANCE = "performance"
    SECURITY = "security"
    COMPATIBILITY = "compatibility"


class Signal(StrEnum):
    """One observation about a change that moves its level."""

    BREAKING = "breaking"
    REMOVAL = "removal"
    DEPRECATION = "deprecation"
    SECURITY = "security"
    DATA_LOSS = "data-loss"
    CRASH = "crash"
    REGRESSION = "regression"
    REVERT = "revert"
    RELEASE = "release"
    MIGRATION = "migration"
    MINIMUM_VERSION = "minimum-version"
    FEATURE = "feature"
    FIX = "fix"
    PERFORMANCE = "performance"
    CONFIGURATION = "configuration"
    DEPENDENCY = "dependency"
    REFACTOR = "refactor"
    MERGE = "merge"
    LARGE = "large"
    DOCS_ONLY = "docs-only"
    TESTS_ONLY = "tests-only"
    CI_ONLY = "ci-only"
    GENERATED_ONLY = "generated-only"
    STYLE_ONLY = "style-only"
    TRANSLATION_ONLY = "translation-only"
    #: Nothing but tests, CI, tooling and the like, mixed.
    DEVELOPMENT_ONLY = "development-only"
    #: A default changed.
    DEFAULT = "default"
    #: Substantial new documentation.
    GUIDE = "guide"
    #: Source changed together with its tests, and the title does not say why.
    BEHAVIOUR = "behaviour"
    #: Only looks: stylesheets and images.
    APPEARANCE = "appearance"
    #: A dependency update that closes a known security problem.
    VULNERABLE_DEPENDENCY = "vulnerable-dependency"
    EMPTY = "empty"
    UNSEEN = "unseen"
    MODEL = "model"
    #: A public name or its parameters changed, without a word about it.
    PUBLIC_API = "public-api"
    #: A migration takes something away from a schema.
    DESTRUCTIVE = "destructive"
    #: Log-in, permissions or encryption come.
    ACCESS = "access"
    #: A dependency's new major version.
    MAJOR_DEPENDENCY = "major-dependency"
    #: A change of thousands of lines of source: how the whole is built.
    SWEEPING = "sweeping"
    #: Files only moved.
    RENAMES_ONLY = "renames-only"
    #: A rule of the operator's.
    OPERATOR = "operator"
    #: A rule of the operator's that may not lower what the rules know for certain.
    HELD = "held"


@dataclass(frozen=True, kw_only=True)
class Reason:
    """Why a change has its level: a signal and what showed it (``removal``: ``--foo``)."""

    signal: Signal
    #: Plain text from the change itself, short and hostile until escaped; empty where the signal says it all.
    detail: str = ""


@dataclass(frozen=True, kw_only=True)
class Order:
    """What the operator ordered for a change (:mod:`newsletter.analysis.orders`)."""

    at_least: Level | None = None
    at_most: Level | None = None
    #: Whether it may lower what the rules know for certain.
    below_floor: bool = False
    #: What readers see of it.
    text: str = ""


@dataclass(frozen=True, kw_only=True)
class Insight:
    """What a change means in one respect."""

    aspect: Aspect
    #: Whole sentences of plain text.
    text: str


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A change to be analysed: everything the rules and the model may look at."""

    repository: str
    sha: str
    message: str
    author: str
    committed_at: datetime
    parents: tuple[str, ...] = ()
    #: Without patches and counts when :attr:`detailed` is false: then only the paths of the push are known.
    files: tuple[FileChange, ...] = ()
    #: Whether GitHub's REST answer was available.
    detailed: bool = True
    #: The pull request that the title names, where GitHub told of it.
    pull_request: PullRequest | None = None
    #: What the operator ordered for changes like this one.
    order: Order | None = None

    @property
    def title(self) -> str:
        """First non-blank line of the message, or an empty text."""
        return next((line.strip() for line in self.message.splitlines() if line.strip()), "")

    @property
    def body(self) -> str:
        """Everything after the title line."""
        _, _, rest = self.message.strip().partition("\n")
        return rest.strip()

    @property
    def additions(self) -> int:
        """Added lines over all files."""
        return sum(file.additions for file in self.files)

    @property
    def deletions(self) -> int:
        """Deleted lines over all files."""
        return sum(file.deletions for file in self.files)


@dataclass(frozen=True, kw_only=True)
class Analysis:
    """What we say about a change, in one language. All texts are plain text with `inline code` at most."""

    language: str
    level: Level
    kind: Kind
    #: One sentence.
    summary: str
    #: Affected areas, most important first: directories, modules or components.
    areas: tuple[str, ...]
    reasons: tuple[Reason, ...]
    #: Who or what is concerned, one sentence; empty where only a model would know.
    scope: str = ""
    #: At most one for each aspect; only of high changes, and empty where only a model would know.
    insight: tuple[Insight, ...] = ()
    #: What may break; empty where nothing is known.
    risks: tuple[str, ...] = ()
    #: What to do; empty where nothing is asked of the reader.
    advice: tuple[str, ...] = ()
    files_read: int
    files_total: int
    source: Source
    #: Name of the model that wrote it; None for the rules.
    model: str | None = None
    #: Set where a model was asked and the rules had to answer.
    fallback: Fallback | None = None
