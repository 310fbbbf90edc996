"""Every certificate of the zoo in PRTG's three dialects, as the golden file shows them side by side."""

from __future__ import annotations

from datetime import datetime, timezone

import prtg_rules
import prtg_table
import pytest

from check_starttls_cert import tls

STATES = {"OK": prtg_rules.OK, "WARNING": prtg_rules.WARNING, "CRITICAL": prtg_rules.ERROR}


@pytest.fixture(scope="module")
def now() -> datetime:
    return datetime.now(timezone.utc).replace(microsecond=0)


@pytest.fixture(scope="module")
def golden() -> dict[str, str]:
    return prtg_table.golden()


@pytest.mark.parametrize("name", prtg_table.CASES)
def test_prtg_gets_what_the_golden_file_shows(name, now, golden, tmp_path, monkeypatch) -> None:
    for variable, value in prtg_table.NOWHERE.items():
        monkeypatch.setenv(variable, value)
    case = prtg_table.CASES[name](now)
    shown = prtg_table.documents(case, str(tmp_path))
    part = prtg_table.table(name, shown)
    if not tls.CHAIN_IS_READABLE:
        about = prtg_table.about_the_certificate
        assert about(part) == about(golden[name])
        return
    assert part == golden[name]

    # The sensor is never better than the verdict where the format can say so: Script v2 has a status.
    verdict = STATES[case.state]
    order = prtg_rules.STATES.index
    for document in (shown.version_2, shown.version_3):
        assert document["status"] == {"OK": "ok", "WARNING": "warning", "CRITICAL": "error"}[case.state]
        assert order(prtg_rules.sensor_state(document)) >= order(verdict)
    assert shown.prtg["text"].startswith(f"{case.state}. ")


def test_the_golden_file_has_every_case_and_no_other(golden) -> None:
    assert list(golden) == list(prtg_table.CASES)
