#!/usr/bin/env python3
r"""PRTG Script v2 sensor: the certificate of a service that speaks STARTTLS.

Lives in "Custom Sensors\scripts" on a Windows probe, in /opt/paessler/share/scripts (with its run bit) on a
Linux multi-platform probe. Needs the package check_starttls_cert, which does the work, installed for the Python
that runs this.
"""

import sys

try:
    from check_starttls_cert import signals

    # Before the other imports: they take most of the time, and PRTG may end the script at any moment.
    signals.answer("prtg-v2")
    from check_starttls_cert.prtg.script_v2 import main
    from check_starttls_cert.run import process
except BaseException as error:  # noqa: BLE001 - whatever an import raises, this Python cannot use the package
    said = (str(error) or type(error).__name__)[:300]
    text = (
        f"{said}: install it on the probe, from a wheel or a clone, for Python 3.9 or newer; "
        f'this one is "{sys.executable}"'
    )
    # Without the module json, which may be what is broken.
    plain = "".join(character if character.isprintable() else " " for character in text)
    escaped = plain.encode("ascii", "backslashreplace").decode("ascii").replace("\\", "\\\\").replace('"', '\\"')
    print(f'{{"version": 2, "status": "error", "message": "{escaped}", "channels": []}}')
    sys.exit(0)

if __name__ == "__main__":
    sys.exit(process(main))
