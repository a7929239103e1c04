"""The operator's rules for levels, from the file that the settings name."""

from __future__ import annotations

from pathlib import Path

from newsletter.analysis.orders import Orders, OrdersError, read_orders
from newsletter.errors import Fault, SettingsError

_SETTING = "NEWSLETTER_LEVELS__FILE"


def orders_from(path: Path | None) -> Orders:
    """Read the rules; without a file there are none.

    :raises SettingsError: the file cannot be read, or naming every fault in it by rule.
    """
    if path is None:
        return Orders()
    try:
        return read_orders(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError((Fault(name=_SETTING, expected=f"cannot be read: {error.strerror}"),)) from error
    except UnicodeDecodeError as error:
        raise SettingsError((Fault(name=_SETTING, expected="is not text in UTF-8"),)) from error
    except OrdersError as error:
        faults = tuple(Fault(name=f"{_SETTING}, {fault.name}", expected=fault.expected) for fault in error.faults)
        raise SettingsError(faults) from error
