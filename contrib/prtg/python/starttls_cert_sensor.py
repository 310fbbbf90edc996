r"""PRTG Python Script Advanced sensor: the certificate of a service that speaks STARTTLS.

Lives in PRTG's folder "Custom Sensors\python" on the probe. Needs the package check_starttls_cert, which
does the work, installed for the Python that runs this.
"""

import sys

try:
    from check_starttls_cert import signals

    # Before the other imports: they take most of the time, and PRTG may end the script at any moment.
    signals.answer("prtg")
    from check_starttls_cert.prtg.python_script_advanced import main
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
    print(f'{{"prtg": {{"error": 1, "text": "{escaped}"}}}}')
    sys.exit(0)

if __name__ == "__main__":
    sys.exit(process(main))
