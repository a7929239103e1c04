"""The events that tell of an App's installations: only which one, since GitHub itself is asked what it holds now.

A payload lists at most what was changed, for `repository_selection: all` not even that, and events overtake each other.

https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation
https://docs.github.com/en/webhooks/webhook-events-and-payloads#installation_repositories
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

#: Events, and those of their actions that change which repositories may be read.
INSTALLATION_CHANGES = {
    "installation": frozenset({"created", "deleted", "suspend", "unsuspend", "new_permissions_accepted"}),
    "installation_repositories": frozenset({"added", "removed"}),
}


@dataclass(frozen=True, kw_only=True)
class InstallationChanged:
    """The App was installed or uninstalled somewhere, suspended, or given other repositories."""

    hook_id: str
    installation_id: int


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", hide_input_in_errors=True)


class _Installation(_Part):
    id: Annotated[int, Field(gt=0, lt=2**63)]


class InstallationPayload(_Part):
    """The body of either event."""

    action: str
    installation: _Installation
