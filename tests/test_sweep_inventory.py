"""The inventory: any option, by its own grammar, for all, a group or a target; and all errors at once, with places."""

from __future__ import annotations

import io
import os
import sys

import pytest
from hypothesis import given, strategies
from observations import FOREIGN, PROPERTY

from check_starttls_cert import options
from check_starttls_cert.errors import UsageError
from check_starttls_cert.options import OPTIONS
from check_starttls_cert.sweep import inventory as module
from check_starttls_cert.sweep import toml_tables
from check_starttls_cert.sweep.inventory import KEYS, Inventory, read_inventory
from check_starttls_cert.sweep.prtg_sensors import Sensors
from check_starttls_cert.sweep.tables import FaultError

try:
    toml_tables.loads("")
    HAS_TOML = True
except FaultError:
    HAS_TOML = False

TOML = pytest.mark.skipif(not HAS_TOML, reason="there is no parser of TOML")


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Return a function that writes an inventory into the current folder, and reads it."""
    monkeypatch.chdir(tmp_path)

    def written(text: str | bytes, name: str = "hosts", **given: object) -> Inventory:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass"))
        return read_inventory(name, given)

    return written


def faults(write, text: str | bytes, name: str = "hosts", **given: object) -> list[str]:
    """Return what is said of an inventory that is wrong, line by line."""
    with pytest.raises(UsageError) as caught:
        write(text, name, **given).check()
    return str(caught.value).split("\n")


# What holds for a target


@TOML
def test_a_target_s_own_value_counts_before_its_group_s_the_command_line_s_and_the_defaults(write) -> None:
    inventory = write(
        "defaults = {timeout = 1, min_tls = '1.0', warning = '40d', critical = '4d'}\n"
        "[groups.a]\ntimeout = 3\nmin_tls = 1.2\nwarning = 60\ntargets = ['a.test', {host = 'b.test', timeout = 4}]\n"
        "[[targets]]\nhost = 'c.test'\n",
        timeout=2.0,
        warning=options.parse_threshold("50d"),
    )
    assert inventory.check() == 3
    assert [(job.timeout, job.policy.min_tls, str(job.policy.thresholds.warning)) for job in inventory] == [
        (3.0, "1.2", "60d"),
        (4.0, "1.2", "60d"),
        (2.0, "1.0", "50d"),
    ]
    assert {str(job.policy.thresholds.critical) for job in inventory} == {"4d"}


EXAMPLES = {
    "host": "b.test",
    "protocol": "imap",
    "port": "1143",
    "name": "n.test,m.test",
    "sni": "s.test",
    "name_check": "cn_san",
    "warning": "30d,20%",
    "critical": "10d",
    "ca_file": "ca.pem",
    "ca_dir": "hashed",
    "allow_self_signed": "yes",
    "state": "chain=ok,trust=warning",
    "untrusted": "ok",
    "unreachable": "warning",
    "min_rsa_bits": "3072,2048",
    "min_ec_bits": "384",
    "min_tls": "1.2",
    "issuer": "Lab",
    "fingerprint": "00" * 32,
    "spki_pin": "11" * 32,
    "max_lifetime": "398",
    "timeout": "2.5",
    "ipv4": "yes",
    "ipv6": "yes",
    "channel_names": "original",
}


def written_as(name: str, key: str) -> str:
    """Return an inventory of a format that gives a target one option."""
    values = {"host": "a.test", "protocol": "smtp", key: EXAMPLES[key]}
    if name.endswith("csv"):
        return f"{';'.join(values)}\n{';'.join(values.values())}\n"
    return "[[targets]]\n" + "".join(f'{each} = "{value}"\n' for each, value in values.items())


@pytest.mark.parametrize("name", ["x.csv", pytest.param("x.toml", marks=TOML)])
@pytest.mark.parametrize("key", [option.key for option in OPTIONS])
def test_every_option_of_the_single_check_may_be_a_target_s(write, tmp_path, name, key) -> None:
    (tmp_path / "ca.pem").write_text("")
    (tmp_path / "hashed").mkdir()
    (tmp_path / "hashed" / "0123abcd.0").write_text("")
    inventory = write(written_as(name, key), name)
    inventory.check()
    (option,) = (option for option in OPTIONS if option.key == key)
    value = option.parse(EXAMPLES[key]) if option.parse else True
    (job,) = inventory
    assert job == options.job({"host": "a.test", "protocol": "smtp", key: value})


def test_paths_are_relative_to_the_inventory_and_those_of_the_command_line_are_not(
    write, tmp_path, monkeypatch
) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "ca.pem").write_text("")
    inventory = write("host,ca-file\na.test,ca.pem\n", "here/x.csv")
    assert inventory.check() == 1
    assert [job.policy.ca_file for job in inventory] == [os.path.join("here", "ca.pem")]
    assert [job.policy.ca_file for job in write("a.test", ca_file="ca.pem")] == ["ca.pem"]


@TOML
@pytest.mark.parametrize(
    ("key", "written", "same"),
    [
        ("port", "25", "25"),
        ("warning", "28", "28"),
        ("warning", '["28d", "30%"]', "28d,30%"),
        ("timeout", "2.5", "2.5"),
        ("min-tls", "1.2", "1.2"),
        ("min_rsa_bits", "[3072, 2048]", "3072,2048"),
        ("name", '["a.test", "b.test,c.test"]', "a.test,b.test,c.test"),
        ("state", '["chain=ok", "trust=warning"]', "chain=ok,trust=warning"),
        ("hostname", '"a.test"', "a.test"),
    ],
)
def test_a_value_of_toml_is_what_a_command_line_would_have(write, key, written, same) -> None:
    host = "" if key == "hostname" else 'host = "a.test"\n'
    (job,) = write(f"[[targets]]\n{host}{key} = {written}\n")
    option = KEYS[key.replace("-", "_")]
    assert job == options.job({"host": "a.test", option.key: option.parse(same)})


@TOML
@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("allow_self_signed = 1.5", 'allow_self_signed: "1.5" is not allowed; choose yes or no'),
        ("port = true", "port: allowed are a text, a number, and a list of these"),
        ("port = {a = 1}", "port: allowed are a text, a number, and a list of these"),
        ("port = 1979-05-27", "port: allowed are a text, a number, and a list of these"),
        ("name = []", "name: an empty list is not allowed"),
        ("port = [1, 2]", 'port: "1,2" is no port; allowed are whole numbers from 1 to 65535'),
        ("ca_file = 'a'\nca-file = 'b'", "ca-file: it stands there twice"),
    ],
)
def test_a_value_of_toml_that_is_none_is_told(write, tmp_path, written, said) -> None:
    (tmp_path / "a").write_text("")
    assert faults(write, f"[[targets]]\nhost = 'a.test'\n{written}\n")[-1].endswith(said)


def test_anchors_that_are_gone_since_they_were_found_are_not_forgotten(write, tmp_path) -> None:
    (tmp_path / "ca.pem").write_text("")
    inventory = write("host,ca-file\na.test,ca.pem\n")
    assert inventory.check() == 1
    (tmp_path / "ca.pem").unlink()
    assert [job.policy.ca_file for job in inventory] == ["ca.pem"]


def test_a_switch_is_yes_or_no(write) -> None:
    assert [job.policy.allow_self_signed for job in write("host;allow-self-signed\na;yes\nb;FALSE\nc;\n")] == [
        True,
        False,
        False,
    ]


# What is wrong


def test_one_error_is_one_line_with_file_line_and_key(write) -> None:
    assert faults(write, "a.test\nb.test:0\n") == [
        'hosts:2: port: "0" is no port; allowed are whole numbers from 1 to 65535'
    ]


def test_all_errors_are_told_at_once(write) -> None:
    assert faults(write, "a.test:0\nb.test\nc test\nx://d.test\n") == [
        "3 errors in hosts, nothing was checked",
        'hosts:1: port: "0" is no port; allowed are whole numbers from 1 to 65535',
        (
            'hosts:3: host: "c test" is no host name or IP address; '
            "allowed are names like mta.example.com, 192.0.2.1 and 2001:db8::1, without a port"
        ),
        *[line for line in faults(write, "a\nb\nc\nx://d.test\n") if line.startswith("hosts:4: protocol: ")],
    ]


def test_the_first_errors_are_shown_and_all_are_counted(write) -> None:
    head, *shown, more = faults(write, "a.test:0\n" * 1000)
    assert head == "1000 errors in hosts, nothing was checked"
    assert (len(shown), more) == (20, "and 980 more")
    assert len("\n".join([head, *shown, more])) < 4000


def test_long_errors_are_shown_as_far_as_an_output_has_room(write) -> None:
    head, *shown, more = faults(write, "".join(f"p{number}://a.test\n" for number in range(30)))
    assert 3000 < len("\n".join([head, *shown, more])) < 4000
    assert more == f"and {30 - len(shown)} more"


@pytest.mark.parametrize("name", ["x.csv", "x.txt", pytest.param("x.toml", marks=TOML)])
@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "x: there are no targets in it"),
        ("\ufeff", "x: there are no targets in it"),
        ("\n\r\n", "x: there are no targets in it"),
        ("# one\n\0", "x:2: a NUL character; this is no text file"),
        (b"# one\n# b\xfccher", 'x:2: this is not UTF-8; save the file as such (Excel: "CSV UTF-8")'),
        ("\ufeffa".encode("utf-16"), 'x:1: this is not UTF-8; save the file as such (Excel: "CSV UTF-8")'),
    ],
)
def test_what_is_no_inventory_is_told_in_one_line(write, name, text, said) -> None:
    assert faults(write, text, name) == [said.replace("x:", f"{name}:", 1)]


def test_a_file_that_is_too_large_is_not_read(write, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_SIZE", 10)
    assert faults(write, "a.test\nb.test") == ["hosts: it has more than 10 bytes; split the inventory"]


def test_a_sweep_takes_a_number_of_targets(write, monkeypatch) -> None:
    monkeypatch.setattr(module, "MAX_TARGETS", 3)
    assert write("a\nb\nc\n").check() == 3
    assert faults(write, "a\nb\nc\nd\n" + "e\n" * 1000) == ["hosts:4: one sweep takes 3 targets; split the inventory"]


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (".", "is a directory"),
        ("missing", "no such file or directory"),
        ("a\0b", "embedded null byte"),
        ("", "no such"),
    ],
)
def test_what_cannot_be_opened_is_named_with_the_reason(path, said) -> None:
    with pytest.raises(UsageError) as caught:
        read_inventory(path, {})
    text = str(caught.value)
    assert text.startswith("cannot read the inventory ")
    assert text.isprintable()
    assert said in text or sys.platform == "win32"


def test_a_target_that_is_there_twice_is_told_with_both_lines(write) -> None:
    assert faults(write, "smtp://a.test\nb.test\n# a\na.test:25\n") == [
        "hosts:4: smtp a.test:25 stands in line 1 already"
    ]


def test_two_targets_that_are_one_service_are_told_where_services_are_wanted(write) -> None:
    text = "host;ipv4;ipv6;monitoring_service\na.test;yes;;\na.test;;yes;\na.test;;;b\nb.test;;;b\n"
    assert write(text).check() == 4
    with pytest.raises(UsageError) as caught:
        write(text).check(services=True)
    assert str(caught.value) == (
        'hosts:3: the service "starttls_cert-smtp" of "a.test" is the target in line 2 already; '
        "monitoring_service gives it another name"
    )


def test_another_name_is_another_target(write) -> None:
    assert write("a.test/b.test\na.test/c.test\na.test\nsubmission://a.test\na.test:26\n").check() == 5


def test_an_unknown_column_is_told_once_with_the_nearest(write) -> None:
    assert faults(write, "host;prot;port\n" + "a;25;0\n") == [
        "2 errors in hosts, nothing was checked",
        "hosts:1: column prot: there is no such option, the nearest is protocol",
        'hosts:2: port: "0" is no port; allowed are whole numbers from 1 to 65535',
    ]


def test_a_column_that_is_like_none_is_told_without_one(write) -> None:
    assert faults(write, "host;colour\na;red\n") == ["hosts:1: column colour: there is no such option"]


def test_a_header_without_a_host_and_a_column_that_is_there_twice_are_told(write) -> None:
    assert faults(write, "port;Port\n1;2\n", "x.csv") == [
        "2 errors in x.csv, nothing was checked",
        "x.csv:1: column Port: it stands there twice",
        "x.csv:1: there is no column host",
    ]
    assert faults(write, "host;;port\na;b;1\n", "x.csv")[0].startswith(
        "x.csv:1: column without a name: there is no such"
    )


def test_where_the_column_of_the_hosts_is_there_twice_its_rows_are_not_told_to_lack_it(write) -> None:
    assert faults(write, "host,host\na,b\nc,d\n") == ["hosts:1: column host: it stands there twice"]
    assert faults(write, "host,hostname,port\na,b,1\nc,d,x\n") == [
        "2 errors in hosts, nothing was checked",
        "hosts:1: column hostname: it stands there twice",
        'hosts:3: port: "x" is no port; allowed are whole numbers from 1 to 65535',
    ]


def test_a_row_without_a_host_is_told(write) -> None:
    assert faults(write, "host;port\n;25\n") == ["hosts:2: host is missing"]


def test_values_that_do_not_go_together_are_told(write) -> None:
    (said,) = faults(write, "host;warning;critical\na;7;28\n")
    assert said.startswith("hosts:2: the critical threshold 28d is reached before")


def test_what_is_wrong_gives_no_job(write) -> None:
    assert [job.target.host for job in write("host;port\na;1;2\nb;1\n")] == ["b"]


def test_a_reader_s_fault_is_told_among_the_others(write) -> None:
    assert faults(write, "host;port\na;0\nb;1;2\n")[1:] == [
        'hosts:2: port: "0" is no port; allowed are whole numbers from 1 to 65535',
        "hosts:3: it has more cells than the header has columns, 2",
    ]


@TOML
def test_what_is_wrong_with_a_group_is_told_once(write) -> None:
    assert faults(write, "[groups.a]\nprotocol = 'x'\nhost = 'h'\ntargets = ['a', 'b:0', 'c']\n")[0].startswith(
        "3 errors"
    )
    lines = faults(write, "[defaults]\nca_file = 'missing.pem'\n[groups.a]\nprot = 1\ntargets = ['a', 'b', 'c']\n")
    assert lines == [
        "2 errors in hosts, nothing was checked",
        'hosts:2: ca_file: there is no file "missing.pem" to read trust anchors from',
        "hosts:4: prot: there is no such option, the nearest is protocol",
    ]


@TOML
def test_errors_of_toml_have_their_lines(write) -> None:
    assert faults(write, "[[targets]]\nhost = 'a'\n\n[[targets]]\nport = 'x'\n", "x.toml") == [
        'x.toml:5: port: "x" is no port; allowed are whole numbers from 1 to 65535'
    ]
    assert faults(write, "[[targets]]\nhost = 'a'\n\n[[targets]]\nport = 1\n", "x.toml") == [
        "x.toml:4: host is missing"
    ]
    assert faults(write, "[x", "x.toml")[0].startswith("x.toml:1: this is not TOML: ")


def test_stdin_is_an_inventory_too(monkeypatch, tmp_path) -> None:
    path = tmp_path / "piped"
    path.write_text("a.test\nb.test:0\n")
    with open(path) as file:
        monkeypatch.setattr(sys, "stdin", file)
        with pytest.raises(UsageError, match=r"^stdin:2: port: "):
            read_inventory("-", {}).check()
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    for stdin, said in ((sys.stdin, "fileno"), (None, "there is no stdin")):
        monkeypatch.setattr(sys, "stdin", stdin)
        with pytest.raises(UsageError, match=f'^cannot read the inventory "-": {said}'):
            read_inventory("-", {})


# Formats


@pytest.mark.parametrize(
    "text",
    [
        "host,port\na.test,25\n",
        "\ufeffHost;Port\r\na.test;25\r\n",
        '"host";"port"\r\n"a.test";"25"\r\n',
        "port\thostname\n25\ta.test\n",
        "a.test:25",
        "# host,port\nsmtp://a.test",
        pytest.param("[[targets]]\nhost = 'a.test'\nport = 25", marks=TOML),
        pytest.param("# x\n\ntargets = ['a.test:25']", marks=TOML),
        pytest.param("[ groups . x ] # y\ntargets = ['a.test']", marks=TOML),
        pytest.param('["groups"."x"]\ntargets = ["a.test"]', marks=TOML),
    ],
)
def test_the_format_is_seen_by_how_a_file_begins(write, text) -> None:
    assert list(write(text)) == [options.job({"host": "a.test", "port": 25})]


def test_an_address_in_brackets_is_no_header(write) -> None:
    assert [job.target.host for job in write("[2001:db8::1]:25\n[::1]\n[2001:DB8::2]")] == [
        "2001:db8::1",
        "::1",
        "2001:DB8::2",
    ]


@given(FOREIGN, strategies.sampled_from(["x", "x.csv", "x.toml"]))
@PROPERTY
def test_whatever_is_in_a_file_it_is_an_inventory_or_an_error_in_printable_lines(tmp_path, text, name) -> None:
    path = tmp_path / name
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    said = ""
    try:
        inventory = read_inventory(str(path), {})
        assert inventory.check() == len(list(inventory)) > 0
    except UsageError as error:
        said = str(error)
    assert all(line.isprintable() for line in said.split("\n"))


@given(
    strategies.lists(
        strategies.tuples(
            strategies.from_regex(r"[a-z][a-z0-9]{0,9}\.test", fullmatch=True), strategies.integers(1, 65535)
        ),
        unique=True,
        min_size=1,
    )
)
@PROPERTY
def test_the_same_targets_are_read_from_every_format(tmp_path, targets) -> None:
    texts = {
        "x.txt": "".join(f"{host}:{port}\n" for host, port in targets),
        "x.csv": "host;port\r\n" + "".join(f"{host};{port}\r\n" for host, port in targets),
        **(
            {"x.toml": "".join(f"[[targets]]\nhost = '{host}'\nport = {port}\n" for host, port in targets)}
            if HAS_TOML
            else {}
        ),
    }
    for name, text in texts.items():
        (tmp_path / name).write_bytes(text.encode())
        inventory = read_inventory(str(tmp_path / name), {})
        assert inventory.check() == len(targets)
        assert [(job.target.host, job.target.port) for job in inventory] == targets


# Tokens of PRTG's sensors


@pytest.mark.skipif(os.name != "posix", reason="modes of files are POSIX'")
@pytest.mark.parametrize("mode", [0o644, 0o602])
def test_a_file_with_tokens_is_nobody_else_s(write, tmp_path, mode) -> None:
    inventory = "host,prtg_token\n" + "".join(f"{number}.test,{number}\n" for number in range(9)) + "a b,x\n"
    write(inventory, "hosts.csv")
    (tmp_path / "hosts.csv").chmod(mode)
    with pytest.raises(UsageError) as caught:
        read_inventory("hosts.csv", {}).check()
    assert str(caught.value) == (
        'the inventory: everybody can read or change "hosts.csv", which holds a secret; '
        "chmod 640 or 600 takes that away"
    )
    (tmp_path / "hosts.csv").chmod(0o640)
    with pytest.raises(UsageError, match=r"^hosts.csv:11: host: "):
        read_inventory("hosts.csv", {}).check()


def test_a_token_that_is_none_is_not_shown(write, tmp_path) -> None:
    write("", "hosts.csv")
    (tmp_path / "hosts.csv").chmod(0o600)
    (said,) = faults(write, "host,prtg_token\na.test,5eCr/eT\n", "hosts.csv")
    assert said == "hosts.csv:2: prtg_token: it is no token; allowed are 1 to 200 letters, digits and ._~{}-"


def test_targets_are_taken_into_their_sensors(write, tmp_path) -> None:
    write("", "hosts.csv")
    (tmp_path / "hosts.csv").chmod(0o600)
    inventory = write("host,prtg_token\n" + "".join(f"{number}.test,t\n" for number in range(51)), "hosts.csv")
    sensors = Sensors(None)
    with pytest.raises(UsageError) as caught:
        inventory.check(sensors=sensors)
    assert str(caught.value).startswith("hosts.csv:52: its PRTG sensor has 50 targets already")
    assert sensors.targets("t") == 50
    assert read_inventory("hosts.csv", {}).check() == 51
    assert write("host,prtg_token\na.test,t\n", "hosts.csv").check(sensors=Sensors(None)) == 1
