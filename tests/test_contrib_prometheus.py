"""What is shipped for Prometheus: rules, dashboard and timer fit the metrics, and Prometheus really alarms by them."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import re
import shutil
import ssl
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import metrics_format
import pytest
import zoo
from conftest import required
from loopback import Service, smtp
from metrics_format import promtool
from observations import SITUATIONS, environment, evaluated
from servers import process

from check_starttls_cert import tls
from check_starttls_cert.outputs import Endpoint, openmetrics

CONTRIB = Path(__file__).parent.parent / "contrib" / "prometheus"
ALERTS, ALERTS_TEST, README = (CONTRIB / name for name in ("alerts.yml", "alerts_test.yml", "README.md"))
SCRIPT, UNIT, TIMER = (
    CONTRIB / name for name in ("starttls_cert_textfile", "starttls-cert.service", "starttls-cert.timer")
)
DASHBOARD = json.loads((CONTRIB / "dashboard.json").read_text("utf-8"))

POSIX = pytest.mark.skipif(os.name != "posix", reason="a shell script for systemd's machines")


def emitted() -> dict[str, set[str]]:
    """Return each metric that the output has, and its labels."""
    texts = [openmetrics.render(evaluated(SITUATIONS[name])).text for name in ("fine", "unreachable")]
    named = openmetrics.failure("why", Endpoint("mx", "mx", "25", "smtp"))
    found: dict[str, set[str]] = {}
    for text in (*texts, openmetrics.failure("why").text, named.text):
        for name, samples in metrics_format.parse(f"{text}\n").items():
            found.setdefault(name, set()).update(*(dict(labels) for labels in samples))
    return found


METRICS = emitted()
TARGET = {"job", "instance"}
"""Labels that Prometheus adds."""


def expressions() -> list[str]:
    """Return each query of the dashboard, with its variables filled in."""
    queries = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    queries += [variable["query"]["query"] for variable in DASHBOARD["templating"]["list"][1:]]
    return [query.replace("$host", ".*").replace("$protocol", "smtp|lmtp") for query in queries]


# The metrics are those that the output has


@pytest.mark.parametrize("file", [ALERTS, ALERTS_TEST, CONTRIB / "dashboard.json", README], ids=lambda file: file.name)
def test_every_metric_that_is_named_is_emitted(file) -> None:
    text = file.read_text("utf-8")
    named = set(re.findall(r"\bstarttls_cert_\w+", text)) - {SCRIPT.name, "starttls_cert_endpoints"}
    assert named
    assert named <= set(METRICS)


def test_the_handbook_names_every_metric_and_every_label() -> None:
    text = README.read_text("utf-8")
    for name, labels in METRICS.items():
        assert f"| `{name}` |" in text
        for label in labels:
            assert f"`{label}`" in text


def test_every_label_that_a_query_or_an_annotation_uses_is_emitted() -> None:
    for text in (*expressions(), ALERTS.read_text("utf-8")):
        for metric, matchers in re.findall(r"(starttls_cert_\w+)\{([^}]*)\}", text):
            assert set(re.findall(r"(\w+)[=!]", matchers)) <= METRICS[metric]
        for metric, label in re.findall(r"label_values\((\w+), (\w+)\)", text):
            assert label in METRICS[metric]
    for rule in ALERTS.read_text("utf-8").split("- alert: ")[1:]:
        metric = re.search(r"starttls_cert_\w+", rule)[0]
        assert set(re.findall(r"\$labels\.(\w+)", rule)) <= METRICS[metric] | TARGET
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            metric = re.search(r"starttls_cert_\w+", target["expr"])[0]
            assert set(re.findall(r"\{\{(\w+)\}\}", target.get("legendFormat", ""))) <= METRICS[metric]


def test_the_columns_of_the_dashboard_are_labels_and_values_of_its_queries() -> None:
    for panel in DASHBOARD["panels"]:
        labels = set().union(*(METRICS[re.search(r"starttls_cert_\w+", each["expr"])[0]] for each in panel["targets"]))
        for transformation in panel.get("transformations", ()):
            for column in transformation["options"].get("renameByName", {}):
                assert column in labels or re.fullmatch(r"Value( #[A-D])?", column), column


# Their readers read them


def test_the_rules_are_rules() -> None:
    done = promtool("check", "rules", str(ALERTS))
    assert (done.returncode, done.stderr) == (0, b"")
    assert promtool("check", "rules", str(README)).returncode != 0


def test_the_rules_alarm_when_they_should() -> None:
    done = promtool("test", "rules", ALERTS_TEST.name, cwd=CONTRIB)
    assert done.returncode == 0, done.stdout.decode() + done.stderr.decode()


@pytest.mark.parametrize(
    ("right", "wrong"),
    [("<= time()", "< time()"), ("24 * 3600", "25 * 3600"), ("connection|expiry", "expiry"), ("for: 1h", "for: 9h")],
)
def test_the_tests_of_the_rules_find_a_wrong_rule(right, wrong, tmp_path) -> None:
    shutil.copy(ALERTS_TEST, tmp_path)
    text = ALERTS.read_text("utf-8")
    assert right in text
    (tmp_path / ALERTS.name).write_text(text.replace(right, wrong), "utf-8")
    assert promtool("test", "rules", ALERTS_TEST.name, cwd=tmp_path).returncode != 0


def test_every_alert_is_tested() -> None:
    named = set(re.findall(r"- alert: (\w+)", ALERTS.read_text("utf-8")))
    fired = re.findall(r"alertname: (\w+)\n *exp_alerts:\n", ALERTS_TEST.read_text("utf-8"))
    assert named == set(fired)


def test_the_dashboard_s_queries_are_promql(tmp_path) -> None:
    queries = [query for query in expressions() if not query.startswith("label_values(")]
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    # JSON is YAML.
    (tmp_path / "rules.yml").write_text(json.dumps({"groups": [{"name": "queries", "rules": rules}]}))
    done = promtool("check", "rules", str(tmp_path / "rules.yml"))
    assert (done.returncode, done.stderr) == (0, b"")
    assert f"{len(queries)} rules found" in done.stdout.decode()


def test_the_dashboard_is_bound_to_no_data_source() -> None:
    assert set(re.findall(r'"uid": "([^"]*)"', json.dumps(DASHBOARD["panels"]))) == {"${datasource}"}
    assert "id" not in DASHBOARD


@pytest.mark.skipif(
    importlib.util.find_spec("grafana_foundation_sdk") is None, reason="grafana-foundation-sdk is not installed"
)
def test_grafana_knows_every_field_of_the_dashboard() -> None:
    from grafana_foundation_sdk.cog import plugins
    from grafana_foundation_sdk.cog.encoder import JSONEncoder
    from grafana_foundation_sdk.models.dashboard import Dashboard

    plugins.register_default_plugins()

    def unknown(written, read, path="") -> Iterator[str]:
        if isinstance(written, dict) and isinstance(read, dict):
            for key, value in written.items():
                yield from unknown(value, read[key], f"{path}.{key}") if key in read else [f"{path}.{key}"]
        elif isinstance(written, list) and isinstance(read, list) and len(written) == len(read):
            for number, values in enumerate(zip(written, read)):
                yield from unknown(*values, f"{path}[{number}]")
        elif written != read:
            yield path

    def through_grafana(dashboard) -> list[str]:
        return list(unknown(dashboard, json.loads(JSONEncoder().encode(Dashboard.from_json(dashboard)))))

    assert through_grafana(DASHBOARD) == []
    misspelt = json.loads(json.dumps(DASHBOARD).replace("legendFormat", "legend_format"))
    assert through_grafana(misspelt) != []


@POSIX
def test_systemd_takes_the_timer_and_what_it_starts(tmp_path) -> None:
    with required("systemd-analyze"):
        program = process.find("systemd-analyze")
    text = UNIT.read_text("utf-8")
    assert f"/usr/local/bin/{SCRIPT.name} " in text
    # It looks whether the program is there.
    (tmp_path / UNIT.name).write_text(text.replace("/usr/local/bin", str(CONTRIB)), "utf-8")
    shutil.copy(TIMER, tmp_path)

    def verified() -> str:
        command = [program, "--man=no", "verify", *(str(tmp_path / file.name) for file in (UNIT, TIMER))]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=process.PATIENCE)
        return done.stdout + done.stderr

    assert verified() == ""
    (tmp_path / UNIT.name).write_text("[Service]\nExecStart=/nowhere/at/all\n", "utf-8")
    assert verified() != ""


# The script


@pytest.fixture
def program(tmp_path) -> dict[str, str]:
    """Return an environment in which the program is on PATH under its own name."""
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "check_starttls_cert"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m check_starttls_cert "$@"\n', "utf-8")
    command.chmod(0o755)
    # Nobody waits here; what the script would have waited is on record.
    sleep = folder / "sleep"
    sleep.write_text(f'#!/bin/sh\necho "$@" >> "{tmp_path}/slept"\n', "utf-8")
    sleep.chmod(0o755)
    return environment(PATH=f"{folder}:{os.environ['PATH']}")


def collected(folder: Path, endpoints: str, variables: dict[str, str]) -> tuple[str, str]:
    """Run the script on a list of endpoints; return the file that it leaves, and what it says."""
    (folder / "endpoints").write_text(endpoints, "utf-8")
    file = folder / "starttls_cert.prom"
    command = [str(SCRIPT), str(folder / "endpoints"), str(file)]
    done = subprocess.run(
        command,
        env=variables,
        capture_output=True,
        text=True,
        check=True,
        stdin=subprocess.DEVNULL,
        timeout=process.PATIENCE,
    )
    assert stat.S_IMODE(file.stat().st_mode) == 0o644
    return file.read_text("utf-8"), done.stderr


@contextlib.contextmanager
def mail_server(folder: Path, name: str) -> Iterator[int]:
    """Serve a certificate of the zoo behind SMTP's STARTTLS; yield the port. Its anchors are in ``folder``."""
    case = zoo.CASES[name](datetime.now(timezone.utc).replace(microsecond=0))
    (folder / f"{name}.pem").write_bytes(case.key + case.chain)
    (folder / f"{name}.anchors.pem").write_bytes(case.anchors)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / f"{name}.pem")
    with Service(smtp(context)) as service:
        yield service.port


@pytest.fixture
def endpoints(tmp_path) -> Iterator[str]:
    """Return a list of a good endpoint, one that has expired, one that is closed, and one that is misspelt."""
    (closed,) = process.free_ports(1)
    with mail_server(tmp_path, "good_rsa_2048") as good, mail_server(tmp_path, "expired_40_days") as expired:
        yield (
            "# a comment, an empty line, and one that Windows has written\n\n"
            f"-H 127.0.0.1 -p {good} -n {zoo.REFERENCE} --ca-file {tmp_path}/good_rsa_2048.anchors.pem\n"
            f"  -H 127.0.0.1 -p {expired} -n {zoo.REFERENCE} --ca-file {tmp_path}/expired_40_days.anchors.pem -t 60\r\n"
            f"-H 127.0.0.1 -p {closed}\n"
            f"-H 127.0.0.1 -p {closed} -n second\n"
            "-H mta.example.com -P gopher"
        )


@POSIX
def test_the_script_makes_one_file_of_all_endpoints(tmp_path, program, endpoints) -> None:
    text, said = collected(tmp_path, endpoints, program)
    assert said == "no verdict, exit code 3: -H mta.example.com -P gopher\n"
    # The samples in the order of their names are OpenMetrics still, once the end is where it belongs.
    lines = [line for line in text.splitlines() if line != "# EOF"]
    samples = [line for line in lines if not line.startswith("#")]
    assert lines[-len(samples) :] == samples
    assert len([line for line in samples if line.startswith("starttls_cert_state{")]) == 4
    assert len([line for line in samples if line.startswith("starttls_cert_success{") and line.endswith(" 1.0")]) == 2
    (failure,) = (line for line in samples if line.startswith("starttls_cert_failure{"))
    assert "gopher" in failure
    assert metrics_format.lint(text) == ""
    assert not list(tmp_path.glob("*.tmp"))


@POSIX
def test_the_script_asks_once_more_where_a_certificate_could_not_be_read(tmp_path, program) -> None:
    (closed,) = process.free_ports(1)
    command = tmp_path / "bin" / "check_starttls_cert"
    script = command.read_text("utf-8")
    with mail_server(tmp_path, "good_rsa_2048") as port:
        # Until the script has waited, the service is not there.
        early = f'[ -e "{tmp_path}/slept" ] || set -- -H 127.0.0.1 -p {closed} -o openmetrics\nexec '
        command.write_text(script.replace("exec ", early), "utf-8")
        text, said = collected(tmp_path, f"-H 127.0.0.1 -p {port}\n", program)
    assert said == ""
    assert re.findall(r"^starttls_cert_success\{.*", text, re.MULTILINE) == [
        f'starttls_cert_success{{host="127.0.0.1",name="127.0.0.1",port="{port}",protocol="smtp"}} 1.0'
    ]
    assert (tmp_path / "slept").read_text("utf-8") == "60\n"


@POSIX
def test_the_script_asks_nobody_again_who_has_answered(tmp_path, program) -> None:
    with mail_server(tmp_path, "expired_40_days") as port:
        collected(tmp_path, f"-H 127.0.0.1 -p {port}\n-H 127.0.0.1 -P gopher\n", program)
    assert not (tmp_path / "slept").exists()


@POSIX
@pytest.mark.parametrize("wrong", ["--ca-file /nowhere/at/all", "-P gopher"])
def test_the_script_keeps_each_endpoint_without_a_verdict(tmp_path, program, wrong) -> None:
    text, _ = collected(tmp_path, "".join(f"-H {name} {wrong}\n" for name in "abc"), program)
    assert re.findall(r'^starttls_cert_failure\{host="(.)"', text, re.MULTILINE) == ["a", "b", "c"]
    assert metrics_format.lint(text) == ""


@POSIX
def test_the_script_keeps_the_old_file_where_there_is_no_list_or_no_program(tmp_path, program) -> None:
    file = tmp_path / "starttls_cert.prom"
    file.write_text("old")
    elsewhere = {**program, "PATH": "/usr/bin:/bin"}
    (tmp_path / "list").write_text("-H mta.example.com")
    for name, variables in (("missing", program), ("list", elsewhere)):
        command = [str(SCRIPT), str(tmp_path / name), str(file)]
        done = subprocess.run(command, env=variables, capture_output=True, check=False, timeout=process.PATIENCE)
        assert done.returncode != 0
        assert done.stderr
        assert file.read_text() == "old"


# Prometheus alarms


def asked(port: int, path: str) -> dict:
    """Return what Prometheus' API answers."""
    with get(f"http://127.0.0.1:{port}/api/v1/{path}") as answer:
        return json.load(answer)["data"]


def get(url: str):
    # No proxy leads to this machine.
    return urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=process.PATIENCE)


def is_ready(port: int) -> bool:
    """Return whether Prometheus has read all that it keeps."""
    with contextlib.suppress(urllib.error.HTTPError), get(f"http://127.0.0.1:{port}/-/ready"):
        return True
    return False


@pytest.mark.servers
@POSIX
def test_prometheus_alarms_by_what_node_exporter_read(tmp_path, program, endpoints) -> None:
    text, _ = collected(tmp_path, endpoints, program)
    exporter_port, port = process.free_ports(2)
    settings = {
        "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
        "rule_files": [str(ALERTS)],
        "scrape_configs": [{"job_name": "node", "static_configs": [{"targets": [f"127.0.0.1:{exporter_port}"]}]}],
    }
    (tmp_path / "prometheus.yml").write_text(json.dumps(settings))
    with contextlib.ExitStack() as stack:
        with required("Prometheus"):
            exporter = [
                process.find("prometheus-node-exporter", "node_exporter"),
                *("--collector.disable-defaults", "--collector.textfile"),
                *(f"--collector.textfile.directory={tmp_path}", f"--web.listen-address=127.0.0.1:{exporter_port}"),
            ]
            server = [
                process.find("prometheus"),
                *(f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"),
                f"--web.listen-address=127.0.0.1:{port}",
            ]
            logs = [f"{tmp_path}/exporter.log", f"{tmp_path}/prometheus.log"]
            started = process.start(stack, *map(process.Command, (exporter, server), logs))
            for each, listens, log in zip(started, (exporter_port, port), logs):
                process.await_port(listens, each, log)
            process.await_that(lambda: is_ready(port), lambda: process.read(logs[1]))

        def fired() -> set[tuple[str, str, str]]:
            alerts = asked(port, "alerts")["alerts"]
            return {(each["labels"]["alertname"], each["labels"]["severity"], each["state"]) for each in alerts}

        wanted = {
            ("StarttlsCertExpired", "critical", "firing"),
            ("StarttlsCertUnreachable", "critical", "firing"),
            ("StarttlsCertNoVerdict", "warning", "firing"),
        }
        # Until the first scrape, the metrics are missing.
        process.await_that(lambda: wanted <= fired(), lambda: f"{fired()}\n{text}")
        process.await_that(lambda: fired() == wanted, lambda: f"{fired()}\n{text}")
        (error,) = asked(port, "query?query=node_textfile_scrape_error")["result"]
        assert error["value"][1] == "0"
        stored = {name for name in asked(port, "label/__name__/values") if name.startswith("starttls_")}
        unknown = set() if tls.CHAIN_IS_READABLE else {"starttls_cert_chain_not_after_timestamp_seconds"}
        assert stored == set(METRICS) - unknown
