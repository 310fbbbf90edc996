"""A headless Chromium, driven by its DevTools protocol over a pipe (chromedevtools.github.io/devtools-protocol)."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from typing import Any

from servers import process

FLAGS = (
    "--headless",
    "--no-sandbox",  # which root has not
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--remote-debugging-pipe",
)

PIPES = """
import os, sys
for number, descriptor in enumerate(sys.argv[1:3], 3):  # where the protocol has them
    os.dup2(int(descriptor), number)
os.execv(sys.argv[3], sys.argv[3:])
"""


class Browser:
    """A browser with one page."""

    def __init__(self, stack: contextlib.ExitStack, folder: str) -> None:
        """Start it; the stack ends it. Raises ``Unavailable``."""
        program = process.find("chromium")
        theirs, commands = os.pipe()
        answers, ours = os.pipe()
        started = subprocess.Popen(
            [sys.executable, "-c", PIPES, str(theirs), str(ours), program, *FLAGS, f"--user-data-dir={folder}/profile"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(theirs, ours),
            start_new_session=True,
        )
        stack.callback(process.stop, [started])
        os.close(theirs)
        os.close(ours)
        self._commands = stack.enter_context(os.fdopen(commands, "wb", buffering=0))
        self._answers = stack.enter_context(os.fdopen(answers, "rb"))
        self._number = 0
        self._session: str | None = None
        self.events: list[dict[str, Any]] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method and return its result. Raises ``Unavailable`` where the browser ends, or refuses."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        with contextlib.suppress(BrokenPipeError):
            self._commands.write(json.dumps(message).encode() + b"\0")
        while (answer := self._read()).get("id") != self._number:
            self.events.append(answer)
        if "error" in answer:
            raise process.Unavailable(f"{method}: {answer['error']}")
        return answer["result"]

    def _read(self) -> dict[str, Any]:
        said = bytearray()
        while (octet := self._answers.read(1)) != b"\0":
            if not octet:
                raise process.Unavailable("chromium ended")
            said += octet
        return json.loads(said)

    def open(self, path: str) -> None:
        """Open a file, and return when it is loaded."""
        self.events.clear()
        self.call("Page.navigate", url=f"file://{path}")
        while not any(event["method"] == "Page.loadEventFired" for event in self.events):
            self.events.append(self._read())

    def evaluate(self, expression: str) -> Any:
        """Return the value of a JavaScript expression."""
        result = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in result, result
        return result["result"].get("value")

    def said(self, *methods: str) -> list[dict[str, Any]]:
        """Return the events of these methods since the page was opened."""
        self.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done)))")
        return [event["params"] for event in self.events if event["method"] in methods]
