"""Observations made without a network, and a fixed clock: what the judgement and the outputs are tested with.

``SITUATIONS`` are the observations that the files in ``golden/`` show as a user sees them.
"""

from __future__ import annotations

import importlib.resources
import json
import os
import shlex
import socket
import subprocess
import sys
from datetime import datetime, timedelta, timezone
from typing import Any, Callable

import hypothesis
from hypothesis import strategies

import check_starttls_cert
from check_starttls_cert import cli, options, plugin
from check_starttls_cert.certificate import Facts, Key
from check_starttls_cert.chain import Chain
from check_starttls_cert.connect import Address
from check_starttls_cert.errors import ConnectError, ProbeError, StarttlsNotOffered
from check_starttls_cert.observation import Observation, Presented, Session, Store
from check_starttls_cert.openssl import Trust
from check_starttls_cert.outputs import nagios
from check_starttls_cert.questions import Judgement
from check_starttls_cert.report import Report
from check_starttls_cert.run import World
from check_starttls_cert.settings import Job
from check_starttls_cert.state import BAD_STATES
from check_starttls_cert.thresholds import Threshold, parse_threshold
from check_starttls_cert.wire import Spoken

HERE = os.path.dirname(os.path.abspath(__file__))
GOLDEN = os.path.join(HERE, "golden")

SCHEMA = json.loads(
    importlib.resources.files("check_starttls_cert.outputs").joinpath("json_schema.json").read_text("utf-8")
)
"""Of the JSON output."""

NOW = datetime(2026, 11, 23, 14, 24, tzinfo=timezone.utc)
"""59.4 days before 2027-01-22 00:00, the example of the design."""

DAY, HOUR, SECOND = timedelta(days=1), timedelta(hours=1), timedelta(seconds=1)

STORE = Store("/etc/ssl/certs")

TRUSTED = Trust(verified=True)
NO_ISSUER = Trust(verified=False, code=20, reason="unable to get local issuer certificate")
SELF_SIGNED = Trust(verified=False, code=18, reason="self-signed certificate")
EXPIRED = Trust(verified=False, code=10, reason="certificate has expired")
NOT_YET_VALID = Trust(verified=False, code=9, reason="certificate is not yet valid")

CONVERSATION = (
    Spoken("*", b"connection 1 to 192.0.2.25"),
    Spoken("S", b"220 mta.example.com ESMTP\r\n"),
    Spoken("C", b"EHLO client.example.com\r\n"),
    Spoken("S", b"250-mta.example.com\r\n"),
    Spoken("S", b"250 STARTTLS\r\n"),
    Spoken("C", b"STARTTLS\r\n"),
    Spoken("S", b"220 2.0.0 Ready to start TLS\r\n"),
    Spoken("*", b"TLSv1.3 TLS_AES_256_GCM_SHA384"),
    Spoken("C", b"QUIT\r\n"),
)

HOSTILE = "a|b\nOK - fine | x=1\r\x1b[31m\u202egpj.\u2028\x00\udcff\u00fc" + "A" * 100_000
"""What no text may do to an output: perfdata, lines, colours, direction, encoding, length."""


def facts(remaining: timedelta = 59.4 * DAY, lifetime: timedelta = 365 * DAY, **changes: Any) -> Facts:
    """Return the facts of a certificate that is fine, but for ``changes``."""
    return Facts(
        der=b"der of mta.example.com",
        subject="CN=mta.example.com",
        issuer="CN=R11,O=Let's Encrypt,C=US",
        serial=0x0400_1020_30A0_B0C0,
        not_before=NOW + remaining - lifetime,
        not_after=NOW + remaining,
        key=Key("RSA", 2048),
        signature_hash="sha256",
        common_names=("mta.example.com",),
        dns_names=("mta.example.com", "*.mail.example.com"),
        ip_addresses=(),
        self_issued=False,
        issuer_attributes=("C=US", "O=Let's Encrypt", "CN=R11"),
        self_signed=False,
        spki=b"key of mta.example.com",
    )._replace(**changes)


def named(name: str, **changes: Any) -> Facts:
    """Return the facts of a certificate for ``name`` alone."""
    return facts(**{"subject": f"CN={name}", "common_names": (name,), "dns_names": (name,), **changes})


def self_signed(**changes: Any) -> Facts:
    """Return the facts of a certificate that is its own issuer."""
    own = {"issuer": "CN=mta.example.com", "issuer_attributes": ("CN=mta.example.com",)}
    return facts(**{**own, "self_issued": True, "self_signed": True, **changes})


def authority(name: str, issuer: str = "", **changes: Any) -> Facts:
    """Return the facts of a certification authority; one without an issuer is a root."""
    above = issuer or name
    own = {
        "remaining": 2000 * DAY,
        "lifetime": 3650 * DAY,
        "der": f"der of {name}, issued by {above}".encode("utf-8", "surrogateescape"),
        "issuer": f"CN={above}",
        "issuer_attributes": (f"CN={above}",),
        "self_issued": not issuer,
        "self_signed": not issuer,
        "dns_names": (),
    }
    return named(name, **{**own, **changes})


SESSION = Session("TLSv1.3", "TLS_AES_256_GCM_SHA384")

ROOT = authority("ISRG Root X1")
INTERMEDIATE = authority("R11", "ISRG Root X1")


def seen(  # noqa: PLR0913 - each is one way to be odd
    certificate: Facts | None = None,
    trust: Trust = TRUSTED,
    *,
    above: tuple[Facts, ...] = (INTERMEDIATE,),
    sent: tuple[Facts, ...] | None = None,
    root: Facts = ROOT,
    session: Session = SESSION,
    chain: Chain | None = None,
    **changes: Any,
) -> Observation:
    """Return an observation of ``certificate``, or of one that is fine.

    ``above`` are the intermediates on its path, which the server sends unless ``sent`` says otherwise.
    """
    own = certificate or facts()
    below_root = (own,) if own.self_signed else (own, *above)
    path = (*below_root, root) if trust.verified and not own.self_signed else below_root
    sent = below_root if sent is None else (own, *sent)
    return Observation(
        elapsed=0.0314,
        connections=1 if trust.verified else 2,
        address=Address(socket.AF_INET, ("192.0.2.25", 25)),
        transcript=CONVERSATION,
        store=STORE,
        sni="mta.example.com",
        presented=Presented(session, trust, chain or Chain(sent, path, trust.verified)),
        timings={"resolve": 0.0002, "connect": 0.0011, "starttls": 0.0121, "handshake": 0.0173},
    )._replace(**changes)


def issuing(remaining: timedelta, **changes: Any) -> tuple[Facts, ...]:
    """Return the one intermediate of a path."""
    return (authority("Issuing CA 2", "ISRG Root X1", remaining=remaining, **changes),)


def unread(certificate: Facts) -> Chain:
    """Return what Python 3.9 sees: the server's own certificate, and no path."""
    return Chain((certificate,), (certificate,), verified=False, readable=False)


def unseen(error: ProbeError, **changes: Any) -> Observation:
    """Return the observation of a service whose certificate could not be read."""
    nothing = {"connections": 0, "address": None, "transcript": (), "presented": None}
    return seen(timings={})._replace(error=error, **{**nothing, **changes})


REFUSED = ConnectError(
    "cannot connect to 192.0.2.25: connection refused",
    hint="check that the service runs, listens on this port, and that no firewall is in between",
)

SITUATIONS = {
    "fine": seen(),
    "warning_by_days": seen(facts(20.5 * DAY)),
    "critical_by_days": seen(facts(6.25 * DAY)),
    "critical_by_hours": seen(facts(5.5 * HOUR)),
    "short_lived": seen(facts(1.75 * DAY, lifetime=6 * DAY)),
    "expired_3_days": seen(named("dc2.example.com", remaining=-3 * DAY), EXPIRED),
    "expired_1_hour": seen(facts(-HOUR), EXPIRED),
    "not_yet_valid": seen(facts(366.5 * DAY), NOT_YET_VALID),
    "everything_wrong": seen(
        named("old.example.net", key=Key("RSA", 1024), remaining=20.5 * DAY, signature_hash="sha1"),
        NO_ISSUER,
        above=(),
        session=Session("TLSv1", "ECDHE-RSA-AES256-SHA"),
    ),
    "untrusted": seen(trust=NO_ISSUER),
    "incomplete": seen(trust=NO_ISSUER, above=()),
    "incomplete_but_trusted": seen(sent=()),
    "intermediate_expires": seen(above=(authority("Issuing CA 2", "ISRG Root X1", remaining=5.5 * DAY),)),
    "expired_intermediate": seen(trust=EXPIRED, above=(authority("R11", "ISRG Root X1", remaining=-5 * DAY),)),
    "disordered": seen(
        above=(authority("R11", "R1"), authority("R1", "ISRG Root X1")),
        sent=(
            authority("R1", "ISRG Root X1"),
            authority("R11", "R1"),
            authority("R11", "R1"),
            ROOT,
            authority("Stray"),
        ),
    ),
    "self_signed": seen(self_signed(), SELF_SIGNED),
    "self_signed_anchor": seen(self_signed()),
    "unreachable": unseen(REFUSED),
    "not_offered": unseen(
        StarttlsNotOffered(
            "the server does not offer STARTTLS",
            quote=b"250-mta.example.com\r\n250 SIZE 10240000",
            hint="enable TLS in its configuration",
        ),
        connections=1,
        address=Address(socket.AF_INET, ("192.0.2.25", 25)),
        transcript=CONVERSATION[:3],
    ),
    "unknown_key": seen(facts(key=Key("unknown key type", -1))),
    "elliptic_curve": seen(facts(key=Key("EC", 256), ip_addresses=(bytes([192, 0, 2, 25]),))),
    "no_names": seen(facts(subject="", common_names=(), dns_names=())),
    "many_names": seen(facts(dns_names=tuple(f"host{number}.example.net" for number in range(200)))),
    "hostile_certificate": seen(
        facts(
            subject=f"CN={HOSTILE}",
            issuer=HOSTILE,
            issuer_attributes=(f"CN={HOSTILE}",),
            common_names=(HOSTILE,),
            dns_names=(HOSTILE, "b\u00fccher.test"),
        ),
        above=(authority(HOSTILE, HOSTILE, remaining=5 * DAY),),
        sent=(),
    ),
    "hostile_server": unseen(
        ProbeError("the server refuses STARTTLS", quote=HOSTILE.encode("utf-8", "surrogateescape")),
        transcript=(Spoken("S", HOSTILE.encode("utf-8", "surrogateescape")),),
    ),
}


def world(observation: Observation, now: datetime = NOW) -> World:
    """Return a world in which every probe ends with ``observation``, at ``now``."""
    return World(lambda: now, lambda _: observation)


def evaluated(observation: Observation, now: datetime = NOW, **values: Any) -> Report:
    """Return the report on ``observation`` with the option ``values`` given; states may be words."""
    for key in {"untrusted", "unreachable"} & set(values):
        values[key] = BAD_STATES[values[key]]
    values["state"] = tuple((question, BAD_STATES[state]) for question, state in values.get("state", ()))
    return plugin.check(options.job({"host": "mta.example.com", **values}), now, lambda _: observation)


def judged(question: str, observation: Observation, now: datetime = NOW, **values: Any) -> Judgement:
    """Return the judgement on one question."""
    report = evaluated(observation, now, **values)
    return next(judgement for judgement in report.judgements if judgement.question.key == question)


def verdict(question: str, observation: Observation, now: datetime = NOW, **values: Any) -> tuple[str, str]:
    """Return the state and the words of the judgement on one question."""
    judgement = judged(question, observation, now, **values)
    return judgement.state.name.lower(), judgement.words


def asked(answer: Callable[..., object], arguments: list[str]) -> Job:
    """Return the job that a front door's ``answer`` makes of its arguments."""
    jobs: list[Job] = []

    def observe(job: Job) -> Observation:
        jobs.append(job)
        return SITUATIONS["fine"]

    answer(arguments, World(lambda: NOW, observe))
    (job,) = jobs
    return job


def thresholds(**texts: str) -> dict[str, Threshold]:
    """Return option values for thresholds as a user writes them."""
    return {name: parse_threshold(text) for name, text in texts.items()}


def performance(observation: Observation, **values: Any) -> list[str]:
    """Return the performance data of the Nagios output."""
    return nagios.render(evaluated(observation, **values)).text.partition("\n")[0].partition(" | ")[2].split(" ")


def printed(situation: str, command: str) -> str:
    """Return what ``command`` prints in a situation, and its exit code; one PRTG channel a line."""
    text, exit_code = cli.answer(shlex.split(command)[1:], world(SITUATIONS[situation]))
    text = text.replace('[{"channel"', '[\n  {"channel"').replace(', {"channel"', ',\n  {"channel"')
    # The golden files are not of one version.
    text = text.replace(f'"version": "{check_starttls_cert.__version__}"', '"version": "1.2.3"')
    return f"{text}\n(exit code {exit_code})\n"


def golden() -> list[tuple[str, str, str]]:
    """Return situation, command and expected print of each command in the golden files."""
    cases = []
    for situation in SITUATIONS:
        with open(os.path.join(GOLDEN, f"{situation}.txt"), encoding="utf-8") as file:
            for block in file.read().split(f"$ {cli.PROGRAM} ")[1:]:
                arguments, _, expected = block.partition("\n")
                cases.append((situation, f"{cli.PROGRAM} {arguments}", expected.rstrip("\n") + "\n"))
    return cases


def environment(*folders: str, **changes: str) -> dict[str, str]:
    """Return the environment for a child process that imports the package under test, from wherever it is."""
    package = os.path.dirname(os.path.dirname(os.path.abspath(check_starttls_cert.__file__)))
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SSL_CERT_"))}
    return {**inherited, "PYTHONPATH": os.pathsep.join([*folders, package]), **changes}


def child(
    situation: str, program: str, *arguments: str, folders: tuple[str, ...] = (), **popen: Any
) -> subprocess.Popen[bytes]:
    """Start ``program`` (``cli`` or ``python_script_advanced``) as a process of its own, in a situation."""
    script = (
        "import sys\n"
        "from check_starttls_cert import cli, run\n"
        "from check_starttls_cert.prtg import python_script_advanced\n"
        "from observations import SITUATIONS, world\n"
        "situation, program = sys.argv[1:3]\n"
        "del sys.argv[1:3]\n"
        "sys.exit(run.process(lambda: globals()[program].main(world=world(SITUATIONS[situation]))))\n"
    )
    settings = popen.pop("env", {})
    popen = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **popen}
    return subprocess.Popen(
        [sys.executable, "-c", script, situation, program, *arguments],
        env=environment(*folders, HERE, **settings),
        **popen,
    )


PROPERTY = hypothesis.settings(
    deadline=None, database=None, max_examples=50, suppress_health_check=list(hypothesis.HealthCheck)
)
"""Speed is the machine's business."""

FOREIGN = strategies.one_of(
    strategies.text(strategies.characters()),
    strategies.text(
        strategies.sampled_from("|=;:'\"\\\n\r\t\x00\x1b\x7f\x85\x9b\u2028\u2029\u202e\u200f\ufeff\ud800aZ9 ")
    ),
)
"""Text by a hostile author, surrogates included."""
