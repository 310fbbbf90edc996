"""Icinga 2: each target's result as a passive one, by the API (``/v1/actions/process-check-result``).

What waits in the spool is the body of the request. Of a result in doubt Icinga is asked whether the service has it:
a service whose last result is as new needs it no more. An object that cannot take results keeps no others waiting.

Source: Icinga 2.13, doc/12-icinga2-api.md; lib/icinga/apiactions.cpp and lib/remote/actionshandler.cpp for the answers.
"""

from __future__ import annotations

import base64
import fnmatch
import json
import os
import socket

from check_starttls_cert.errors import UsageError
from check_starttls_cert.outputs import nagios
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.sweep import client, spool
from check_starttls_cert.sweep.private import read_private
from check_starttls_cert.sweep.sender import Away, Sender
from check_starttls_cert.sweep.service import service
from check_starttls_cert.sweep.unwanted import Unwanted
from check_starttls_cert.text import printable
from check_starttls_cert.words import JOINT

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from check_starttls_cert.report import Report
    from check_starttls_cert.sweep.outcome import Tally

USER, PASSWORD = "ICINGA2_API_USER", "ICINGA2_API_PASSWORD"
"""The environment's variables."""

ACTION = "actions/process-check-result"
PERMISSIONS = (ACTION, "objects/query/Service")
"""What the user of the API has to be allowed. Icinga says of what it does not allow that it is not there."""

BUSY = (429, 503)
"""Of HTTP's status codes, those of a server that is to be asked again later: Icinga says 503 while it is reloaded."""

DEFAULT_MAX_AGE = 25 * 3600.0
"""Seconds after which a result no longer counts: a daily sweep may be an hour late."""

SAME = 0.001
"""Seconds between two results of a service that are one: Icinga writes the number again."""


def opened(given: Mapping[str, Any]) -> Icinga:
    """Return the delivery. Raises ``UsageError``."""
    where: client.Address = given["icinga2"]
    user, password = credentials(given.get("icinga2_credentials"))
    both = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    connection = client.Client(
        "--icinga2",
        where,
        ca_option="--icinga2-ca",
        name_option="--icinga2-name",
        ca_file=given.get("icinga2_ca"),
        name=given.get("icinga2_name"),
        headers={"Accept": "application/json", "Authorization": f"Basic {both}"},
    )
    return Icinga(connection, spool.opened(given, "icinga2"), given.get("icinga2_max_age", DEFAULT_MAX_AGE))


def credentials(path: str | None) -> tuple[str, str]:
    """Return user and password: of the file, else of the environment. Raises ``UsageError``."""
    option = "--icinga2-credentials"
    if path is not None:
        user, _, password = read_private(option, path).strip("\r\n").partition(":")
        if not (user and password and (user + password).isprintable()):
            raise UsageError(f'{option}: "{printable(path)}" has not the one line user:password')
        return user, password
    user, password = os.environ.get(USER, ""), os.environ.get(PASSWORD, "")
    if not (user and password):
        raise UsageError(f"--icinga2 needs {option} FILE, or {USER} and {PASSWORD} in the environment")
    if ":" in user:
        raise UsageError(f"{USER}: a user's name has no colon")
    return user, password


class Icinga:
    """Results on their way to Icinga."""

    def __init__(self, connection: client.Client, waiting: spool.Spool, max_age: float) -> None:
        self._client = connection
        self._max_age = max_age
        self._source = socket.gethostname()
        self._greeted = False
        self._unknown = Unwanted("unknown to Icinga 2")
        self._refused = Unwanted("refused by Icinga 2")
        self._sender = Sender(waiting, "Icinga 2", lambda results: self._send(results[0]))

    def show(self, report: Report) -> str:
        """Return the request that brings a result."""
        began = report.now.timestamp()
        text, exit_code = nagios.render(report)
        first, line_end, below = text.partition("\n")
        words, _, data = first.rpartition(" | ")
        return json.dumps(
            {
                "type": "Service",
                "service": str(service(report.job.target, report.job.marks)),
                "exit_status": exit_code,
                "plugin_output": words + line_end + below,
                "performance_data": data.split(" "),
                "check_source": self._source,
                "execution_start": began,
                "execution_end": began + report.observation.elapsed,
                "ttl": self._max_age,
            }
        )

    def take(self, shown: str) -> None:
        """Keep a result, and send it when its turn comes."""
        self._sender.add(shown)

    def end(self, tally: Tally) -> str:
        """Wait for what is sent."""
        left = self._sender.end(tally.stop)
        self._client.close()
        return JOINT.join(filter(None, (left, str(self._unknown), str(self._refused))))

    def _send(self, result: spool.Result) -> None:
        """Bring a result. Raises ``Away``."""
        if not self._greeted:
            self._greet()
        if not (result.tried and self._has(json.loads(result.text))):
            answer = self._client.request("POST", f"/v1/{ACTION}", result.text.encode("ascii"))
            self._judge(answer, result)

    def _greet(self) -> None:
        """Ask what the user may do. Raises ``Away`` where that is not enough."""
        answer = self._client.request("GET", "/v1/")
        found = results(answer)
        if answer.status != 200 or not found or not isinstance(found[0].get("permissions"), list):
            raise self._trouble(answer)
        allowed = [str(each).lower() for each in found[0]["permissions"]]
        missing = [each for each in PERMISSIONS if not any(fnmatch.fnmatchcase(each.lower(), may) for may in allowed)]
        if missing:
            raise Away(f"{self._client}: the API user may not {' and '.join(missing)} (permissions)", lasting=True)
        self._greeted = True

    def _has(self, sent: Mapping[str, Any]) -> bool:
        """Return whether Icinga has that result of the service, or one as new. Raises ``Away``."""
        from urllib.parse import quote

        path = f"/v1/objects/services/{quote(sent['service'], safe='')}?attrs=last_check_result"
        answer = self._client.request("GET", path)
        if is_missing(answer):
            return False
        if answer.status != 200 or not (found := results(answer)):
            raise self._trouble(answer)
        last = found[0].get("attrs", {}).get("last_check_result") or {}
        return bool(last.get("execution_end", 0) > sent["execution_end"] - SAME)

    def _judge(self, answer: client.Answer, result: spool.Result) -> None:
        """Note what came of a result. Raises ``Away`` where it is to be sent again."""
        if answer.status in (200, 409):  # a newer one is there: Icinga 2.15
            return
        name = json.loads(result.text)["service"]
        if is_missing(answer):
            self._unknown.add(name)
        elif answer.status in (400, 413) or (results(answer) and answer.status not in BUSY):
            # It speaks of this result alone, and would say the same again.
            self._refused.add(f"{name}: {said(answer)}")
        else:
            raise self._trouble(answer)

    def _trouble(self, answer: client.Answer) -> Away:
        """Return why nothing can be sent."""
        busy = answer.status in BUSY or answer.status >= 500
        if answer.status in (401, 403):
            words = f"refuses the API user with HTTP status {answer.status}"
        elif busy:
            words = f"answers with HTTP status {answer.status}"
        else:
            words = f"is no Icinga 2 API: HTTP status {answer.status}"
        return Away(f"{self._client} {words}{f': {told}' if (told := said(answer)) else ''}", lasting=not busy)


def document(answer: client.Answer) -> dict[str, Any]:
    """Return the JSON object in an answer; an empty one where there is none."""
    try:
        found = json.loads(answer.text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def results(answer: client.Answer) -> list[dict[str, Any]]:
    """Return what an answer says of each object; nothing where it speaks of the request."""
    found = document(answer).get("results")
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def is_missing(answer: client.Answer) -> bool:
    """Return whether Icinga has no such object."""
    return answer.status == 404 and document(answer).get("status") == "No objects found."


def said(answer: client.Answer) -> str:
    """Return Icinga's own words, quoted."""
    of_object = next(iter(results(answer)), {})
    words = of_object.get("status") or document(answer).get("status")
    return f'"{printable(words.strip())}"' if isinstance(words, str) else ""
