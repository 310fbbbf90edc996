"""PRTG's sensor type HTTP Push Data Advanced: each target's document is pushed to a probe.

A target with a token of its own gets what ``-o prtg`` prints; targets that share one are channels of one sensor (see
``prtg.shared_sensor``), which is pushed when all of them are judged, since PRTG takes 0 for a channel that is left out.

PRTG cannot be asked what it has, so that what is in doubt, because a sweep was killed, is pushed again: a value may be
there twice, and none is missing. It dates values by their arrival.

A token is all that a push needs, and it stands in the URL; nothing that is shown has one.

Source: PRTG Manual, "HTTP Push Data Advanced Sensor".
"""

from __future__ import annotations

import json

from check_starttls_cert.outputs import prtg
from check_starttls_cert.prtg.shared_sensor import document, member
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.sweep import client, spool
from check_starttls_cert.sweep.prtg_sensors import channel
from check_starttls_cert.sweep.sender import Away, Sender
from check_starttls_cert.sweep.unwanted import Unwanted
from check_starttls_cert.words import JOINT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from check_starttls_cert.report import Report
    from check_starttls_cert.sweep.outcome import Tally
    from check_starttls_cert.sweep.prtg_sensors import Sensors

BUSY = 429
"""HTTP's status code of a server that is to be asked again later; 5xx are others."""

REFUSED = (400, 413)
"""HTTP's status codes that speak of one document alone."""


def parse_probe(text: str) -> client.Address:
    """Return the address in a probe's URL. Raises ``ValueError``, which does not repeat it."""
    where = client.address(text, ("https", "http"))
    if where.path:
        raise ValueError("it has a path; a sensor's token belongs into the inventory (prtg_token) or --prtg-tokens")
    return where


def opened(given: Mapping[str, Any]) -> PrtgPush:
    """Return the delivery. Raises ``UsageError``."""
    connection = client.Client(
        "--prtg-push",
        given["prtg_push"],
        ca_option="--prtg-ca",
        ca_file=given.get("prtg_ca"),
        headers={"Content-Type": "application/json"},
    )
    return PrtgPush(connection, given["prtg_sensors"], spool.opened(given, "prtg_push"))


class PrtgPush:
    """Documents on their way to a probe."""

    def __init__(self, connection: client.Client, sensors: Sensors, waiting: spool.Spool) -> None:
        self._client = connection
        self._sensors = sensors
        self._members: dict[str, list[str]] = {}
        """Of sensors that are not complete, what ``shared_sensor.document`` needs."""
        self._without = Unwanted("whose token no PRTG sensor has")
        self._refused = Unwanted("refused by PRTG")
        self._sender = Sender(waiting, "PRTG", lambda results: self._send(results[0].text))

    def show(self, report: Report) -> str:
        """Return token, target, and the document or its part."""
        token = self._sensors.token(report.job)
        if not token:
            return ""
        shared = self._sensors.targets(token) > 1
        text = member(report, channel(report.job)) if shared else prtg.render(report).text
        return json.dumps([token, str(report.job.target), text])

    def take(self, shown: str) -> None:
        """Push what is complete when its turn comes."""
        if not shown:
            return
        token, target, text = json.loads(shown)
        targets = self._sensors.targets(token)
        if targets > 1:
            known = self._members.setdefault(token, [])
            known.append(text)
            if len(known) < targets:
                return
            target, text = f"{target} (one of {targets} in its sensor)", document(self._members.pop(token))
        self._sender.add(json.dumps([token, target, text]))

    def end(self, tally: Tally) -> str:
        """Wait for what is pushed."""
        kept = self._sender.end(tally.stop)
        self._client.close()
        return JOINT.join(filter(None, (kept, str(self._without), str(self._refused))))

    def _send(self, text: str) -> None:
        """Push a document. Raises ``Away``."""
        from urllib.parse import quote

        token, target, pushed = json.loads(text)
        answer = self._client.request("POST", f"/{quote(token, safe='')}", pushed.encode("ascii"))
        if answer.status in REFUSED:
            self._refused.add(target)
            return
        if answer.status != 200:
            again = answer.status == BUSY or answer.status >= 500
            raise Away(f"{self._client} answers with HTTP status {answer.status}", lasting=not again)
        if not matching(answer.text, f"{self._client}"):
            self._without.add(target)


def matching(text: str, probe: str) -> int:
    """Return how many sensors the probe says have the token. Raises ``Away`` where this is no probe."""
    try:
        return int(json.loads(text)["Matching Sensors"])
    except (ValueError, TypeError, KeyError, RecursionError):
        raise Away(f"{probe} does not answer like a PRTG probe", lasting=True) from None
