"""What is shipped for Prometheus: rules, dashboard and timer fit the metrics, and Prometheus really alarms by them."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import re
import shutil
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from datetime import datetime, timezone
from pathlib import Path

import metrics_format
import pytest
import systemd_files
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
DASHBOARD = json.loads((CONTRIB / "dashboard.json").read_text("utf-8"))


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
    named = set(re.findall(r"\bstarttls_cert_\w+", text))
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
    [
        ("<= time()", "< time()"),
        ("4 * 3600", "5 * 3600"),
        ("connection|expiry", "expiry"),
        ("for: 1h", "for: 9h"),
        ("for: 90m", "for: 50m"),
        ("[3h]", "[1h]"),
    ],
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


# Prometheus alarms


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
def metrics(tmp_path) -> Iterator[str]:
    """Return the file that systemd's service writes of a good endpoint, one that has expired, and one that is closed.

    A single check that is wrong has left its metrics beside it.
    """
    (closed,) = process.free_ports(1)
    (tmp_path / "wrong.prom").write_text(openmetrics.failure("why", Endpoint("mx", "mx", "25", "gopher")).text + "\n")
    with mail_server(tmp_path, "good_rsa_2048") as good, mail_server(tmp_path, "expired_40_days") as expired:
        targets = [
            {"host": "127.0.0.1", "port": port, "name": zoo.REFERENCE, "ca_file": f"{name}.anchors.pem", "timeout": 60}
            for name, port in (("good_rsa_2048", good), ("expired_40_days", expired), ("good_rsa_2048", closed))
        ]
        tables = ("".join(f"{key} = {json.dumps(value)}\n" for key, value in target.items()) for target in targets)
        inventory = tmp_path / "inventory.toml"
        inventory.write_text("".join(f"[[targets]]\n{table}" for table in tables))
        file = str(tmp_path / "starttls_cert.prom")
        places = {
            f"/etc/{systemd_files.INVENTORY.name}": str(inventory),
            "/var/lib/prometheus/node-exporter/starttls_cert.prom": file,
        }
        done = subprocess.run(
            [sys.executable, "-m", "check_starttls_cert", *systemd_files.arguments(places)],
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
            timeout=process.PATIENCE,
        )
        assert (done.returncode, done.stderr) == (2, "")
        yield file


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
def test_prometheus_alarms_by_what_node_exporter_read_of_a_sweep(tmp_path, metrics) -> None:
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
            ("StarttlsCertUnreachable", "critical", "pending"),
            ("StarttlsCertNoVerdict", "warning", "firing"),
        }
        # Until the first scrape, the metrics are missing.
        process.await_that(lambda: wanted <= fired(), lambda: f"{fired()}\n{process.read(metrics)}")
        process.await_that(lambda: fired() == wanted, lambda: f"{fired()}\n{process.read(metrics)}")
        (error,) = asked(port, "query?query=node_textfile_scrape_error")["result"]
        assert error["value"][1] == "0"
        stored = {name for name in asked(port, "label/__name__/values") if name.startswith("starttls_")}
        unknown = set() if tls.CHAIN_IS_READABLE else {"starttls_cert_chain_not_after_timestamp_seconds"}
        assert stored == set(METRICS) - unknown
