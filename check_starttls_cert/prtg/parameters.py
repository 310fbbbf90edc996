r"""The parameter string of a PRTG sensor: ``port: 25, protocol: smtp, cert_domainname_validation: cn_san``.

::

    string := pair ("," pair)*
    pair   := key ":" value         split at the first colon: C:\ca.pem and 2001:db8::1 are values

Keys are those of ``options.OPTIONS``; the two of the original sensor that have other names there keep
theirs. Every error names the key and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from check_starttls_cert.errors import UsageError
from check_starttls_cert.options import OPTIONS
from check_starttls_cert.static_typing import TYPE_CHECKING
from check_starttls_cert.text import printable

if TYPE_CHECKING:
    from typing import Any


EXAMPLE = "port: 25, protocol: smtp, cert_domainname: mta.example.com, cert_domainname_validation: cn_san"

ORIGINAL_KEYS = {"name": "cert_domainname", "name_check": "cert_domainname_validation"}
"""The option's key, and what the original sensor calls it."""

REQUIRED = ("port", "protocol", "cert_domainname_validation")

ESCAPED = re.compile(r"""\\(["'{}\[\]()+]|[^\x00-\x7f])""")
"""What PRTG puts a backslash before. It does so always, so that one backslash there is its own."""

FORBIDDEN = re.compile(r"""["'{}\[\]()+]|[^\x20-\x7e]""")
"""Characters that PRTG always escapes; unescaped, the text did not come from PRTG."""

SWITCH = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


def parse_switch(text: str) -> bool:
    """Return whether a switch is on."""
    if text.lower() not in SWITCH:
        raise ValueError(f'"{printable(text)}" is not allowed; choose yes or no')
    return SWITCH[text.lower()]


KEYS: dict[str, tuple[str, Callable[[str], Any]]] = {
    ORIGINAL_KEYS.get(option.key, option.key): (option.key, option.parse or parse_switch)
    for option in OPTIONS
    if option.key != "host"  # that is the device's address, which PRTG passes beside the parameters
}
"""For each key of the string, the option it sets and the grammar of its value."""


def parse_parameters(string: str) -> dict[str, Any]:
    """Return option values by option key. Raises ``UsageError``."""
    values: dict[str, Any] = {}
    seen: set[str] = set()
    for pair in string.split(","):
        key, colon, value = (part.strip() for part in pair.partition(":"))
        shown = printable(key, 60)
        if not colon:
            raise _error(f'"{printable(pair.strip(), 60)}" is no "key: value" pair')
        if key not in KEYS:
            from check_starttls_cert.meant import nearest

            near = nearest(key[:60], KEYS)
            meant = f', the nearest is "{near}"' if near else ""
            raise _error(f'unknown key "{shown}"{meant}; allowed are {", ".join(KEYS)}')
        if key in seen:
            raise _error(f"{key}: given twice")
        seen.add(key)
        unescaped = ESCAPED.sub("", value)
        if bare := FORBIDDEN.search(unescaped):
            raise _error(
                f'{key}: the character "{printable(bare[0])}" is not allowed in "{printable(value, 60)}"; '
                "allowed is ASCII without quotes, braces, brackets, parentheses and plus signs"
            )
        option, parse = KEYS[key]
        try:
            values[option] = parse(ESCAPED.sub(r"\1", value))
        except ValueError as error:
            raise _error(f"{key}: {error}") from error
    missing = [key for key in REQUIRED if key not in seen]
    if missing:
        raise _error(f"{', '.join(missing)} missing; required are {', '.join(REQUIRED)}")
    return values


def _error(message: str) -> UsageError:
    return UsageError(f"sensor parameters: {message}. Example: {EXAMPLE}")
