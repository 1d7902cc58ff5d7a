"""Webhook: posts alerts as JSON to an address that the user chose, on a thread of its own."""

from __future__ import annotations

import contextlib
import http.client
import json
import logging
import queue
import threading
import urllib.request
from typing import TYPE_CHECKING, Any, Final
from urllib.error import URLError
from urllib.parse import urlsplit

from gym_gui.core.clock import to_iso
from gym_gui.core.closing import Closing
from gym_gui.core.errors import ConfigError
from gym_gui.core.passwords import without_passwords
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from gym_gui.services.trainer.dispatch.dispatch_facts import Alert

_LOGGER = logging.getLogger(__name__)
_WAITING: Final = 256
_END: Final = None


class Webhook(Closing):
    """Posts alerts; never makes anyone wait.

    Args:
        url: ``http://`` or ``https://``.
        timeout_s: For one try.
        tries: For one alert.
        delay_s: After the first try that failed; doubled each time.

    Raises:
        ConfigError: the address is none of these.
    """

    def __init__(self, url: str, *, timeout_s: float = 5.0, tries: int = 4, delay_s: float = 1.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ConfigError(
                f"trainer.webhook_url must begin with http:// or https://, not {without_passwords(url)!r}."
            )
        self._url = url
        self._timeout_s = timeout_s
        self._tries = tries
        self._delay_s = delay_s
        self._alerts: queue.Queue[Alert | None] = queue.Queue(_WAITING)
        self._ends = threading.Event()
        self._opener = urllib.request.build_opener(_NoRedirects)
        self.lost = 0
        self._thread = threading.Thread(target=self._run, name="webhook", daemon=True)
        self._thread.start()

    def post(self, alert: Alert) -> None:
        """Post it soon; where too many wait, it is let go and counted in `lost`."""
        try:
            self._alerts.put_nowait(alert)
        except queue.Full:
            self.lost += 1

    @override
    def close(self) -> None:
        """End; what waits is let go. Safe to call twice."""
        self._ends.set()
        with contextlib.suppress(queue.Full):  # then the thread has something to wake up for
            self._alerts.put_nowait(_END)
        self._thread.join()

    def _run(self) -> None:
        while not self._ends.is_set():
            alert = self._alerts.get()
            if alert is not _END and not self._ends.is_set():
                self._post(alert)

    def _post(self, alert: Alert) -> None:
        body = json.dumps(
            {
                "kind": alert.kind,
                "run_id": alert.run_id,
                "sentence": alert.sentence,
                "since": to_iso(alert.since),
                "active": alert.active,
                # What chat programs show of a message.
                "text": alert.sentence if alert.active else f"Passed: {alert.sentence}",
            }
        ).encode()
        delay_s, error = self._delay_s, ""
        for attempt in range(self._tries):
            if attempt and self._ends.wait(delay_s * 2 ** (attempt - 1)):
                return
            error = self._try(body)
            if not error:
                return
        self.lost += 1
        _LOGGER.warning("An alert could not be posted to the webhook: %s", error)

    def _try(self, body: bytes) -> str:
        request = urllib.request.Request(  # noqa: S310 - http and https only, checked above
            self._url, data=body, headers={"Content-Type": "application/json"}, method="POST"
        )
        try:
            with self._opener.open(request, timeout=self._timeout_s):
                return ""
        except URLError as error:
            return str(error.reason)
        except (OSError, ValueError, http.client.HTTPException) as error:  # ValueError: no host can be called so
            return str(error) or type(error).__name__


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """An address that sends elsewhere is not followed: alerts go where the user said."""

    @override
    def redirect_request(self, *_args: Any, **_named: Any) -> None:
        return None
