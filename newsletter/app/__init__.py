"""The composition root: from settings to a running service. Only wiring."""

from newsletter.app.handlers import imprint_from
from newsletter.app.opening import open_service
from newsletter.app.postage import operator_from, revealed
from newsletter.app.processes import serve, work
from newsletter.app.service import Service, utc_now

__all__ = ["Service", "imprint_from", "open_service", "operator_from", "revealed", "serve", "utc_now", "work"]
