"""LDAP: the StartTLS operation, RFC 4511 section 4.14 and RFC 4513 section 3.

::

    C: ExtendedRequest, messageID 1, requestName 1.3.6.1.4.1.1466.20037
    S: ExtendedResponse, messageID 1, resultCode success

Servers differ in everything that BER leaves open: Active Directory pads its lengths and adds the
responseName, 389 Directory Server adds a diagnosticMessage, OpenLDAP sends the shortest form.
"""

from __future__ import annotations

from check_starttls_cert import ber
from check_starttls_cert.errors import DeadlineExceeded, PeerClosed, ProtocolError, Refused
from check_starttls_cert.starttls.recognise import WrongProtocol
from check_starttls_cert.static_typing import NamedTuple
from check_starttls_cert.wire import Wire

START_TLS = b"1.3.6.1.4.1.1466.20037"
NOTICE_OF_DISCONNECTION = b"1.3.6.1.4.1.1466.20036"

MESSAGE_ID = 1
UNSOLICITED = 0  # RFC 4511 section 4.4

# Protocol operations, RFC 4511 section 4.2 and following.
UNBIND_REQUEST = 0x42
EXTENDED_REQUEST = 0x77
EXTENDED_RESPONSE = 0x78

# Context-specific tags inside them, section 4.12.
REQUEST_NAME = 0x80
RESPONSE_NAME = 0x8A

RESULT_CODES = {
    0: "success",
    1: "operationsError",
    2: "protocolError",
    3: "timeLimitExceeded",
    4: "sizeLimitExceeded",
    5: "compareFalse",
    6: "compareTrue",
    7: "authMethodNotSupported",
    8: "strongerAuthRequired",
    10: "referral",
    11: "adminLimitExceeded",
    12: "unavailableCriticalExtension",
    13: "confidentialityRequired",
    14: "saslBindInProgress",
    16: "noSuchAttribute",
    17: "undefinedAttributeType",
    18: "inappropriateMatching",
    19: "constraintViolation",
    20: "attributeOrValueExists",
    21: "invalidAttributeSyntax",
    32: "noSuchObject",
    33: "aliasProblem",
    34: "invalidDNSyntax",
    36: "aliasDereferencingProblem",
    48: "inappropriateAuthentication",
    49: "invalidCredentials",
    50: "insufficientAccessRights",
    51: "busy",
    52: "unavailable",
    53: "unwillingToPerform",
    54: "loopDetect",
    64: "namingViolation",
    65: "objectClassViolation",
    66: "notAllowedOnNonLeaf",
    67: "notAllowedOnRDN",
    68: "entryAlreadyExists",
    69: "objectClassModsProhibited",
    71: "affectsMultipleDSAs",
    80: "other",
}
"""RFC 4511 appendix A."""

HINTS = {
    10: "it sends clients to another server; check that one",
    51: "it may be overloaded; its log says why",
    **dict.fromkeys((7, 8, 13, 48, 50), "its access rules may want another authentication first; its log says why"),
}
"""What to do after codes that do not speak of a missing certificate."""


class ExtendedResponse(NamedTuple):
    """RFC 4511 section 4.12."""

    message_id: int
    result_code: int
    diagnostic_message: bytes
    response_name: bytes

    def __str__(self) -> str:
        name = RESULT_CODES.get(self.result_code)
        return f"resultCode {self.result_code}" + (f" ({name})" if name else "")


def starttls(wire: Wire, name: str) -> None:
    """StartTLS."""
    wire.step = "answer to StartTLS"
    request = ber.encode(EXTENDED_REQUEST, ber.encode(REQUEST_NAME, START_TLS))
    wire.send(_message(MESSAGE_ID, request))
    response = _answer(wire)
    if response.result_code != 0:  # ldapsearch -ZZ stops here, too
        raise Refused(
            f"the server refuses StartTLS with {response}",
            quote=response.diagnostic_message,
            hint=HINTS.get(response.result_code, "usually it has no certificate and key configured; its log says why"),
        )


def goodbye(wire: Wire, name: str) -> None:
    """RFC 4511 section 4.3: UnbindRequest; there is no response."""
    wire.send(_message(MESSAGE_ID + 1, ber.encode(UNBIND_REQUEST)))


def _message(message_id: int, operation: bytes) -> bytes:
    return ber.encode(ber.SEQUENCE, ber.encode(ber.INTEGER, bytes([message_id])), operation)


def _answer(wire: Wire) -> ExtendedResponse:
    """Read up to the response to our request; whatever else comes first is not it."""
    stray: ExtendedResponse | None = None
    while True:
        try:
            response = _read_response(wire)
        except (DeadlineExceeded, PeerClosed) as error:
            if stray is None:
                raise
            raise ProtocolError(
                f"the server answered message {stray.message_id}, which nobody sent, and not our StartTLS"
            ) from error
        if response.message_id == MESSAGE_ID:
            return response
        if response.message_id != UNSOLICITED:
            stray = response
        elif response.response_name == NOTICE_OF_DISCONNECTION:
            # RFC 4511 section 4.4.1: the server is about to close, and the code says why.
            raise Refused(
                f"the server sent a Notice of Disconnection with {response}", quote=response.diagnostic_message
            )
        # Section 4.4: a client ignores unsolicited notifications that it does not know.


def _read_response(wire: Wire) -> ExtendedResponse:
    seen = bytearray()

    def read(size: int) -> bytes:
        data = wire.read_exactly(size)
        seen.extend(data)
        return data

    try:
        _, message = ber.read_element(read, expected=ber.SEQUENCE)
        return _parse_response(message)
    except ber.BERError as error:
        raise WrongProtocol(bytes(seen), str(error)) from error


def _parse_response(message: bytes) -> ExtendedResponse:
    # LDAPMessage ::= SEQUENCE { messageID, protocolOp, controls [0] OPTIONAL }
    parts = list(ber.elements(message))
    if len(parts) < 2 or parts[0][0] != ber.INTEGER:
        raise ber.BERError("an LDAPMessage needs messageID and protocolOp")
    message_id = ber.integer(parts[0][1])
    operation, contents = parts[1]
    if operation != EXTENDED_RESPONSE:
        raise ProtocolError(f"the server answered StartTLS with another operation, 0x{operation:02x}", quote=contents)
    # ExtendedResponse ::= [APPLICATION 24] SEQUENCE { resultCode, matchedDN, diagnosticMessage,
    #                      referral [3] OPTIONAL, responseName [10] OPTIONAL, responseValue [11] OPTIONAL }
    fields = list(ber.elements(contents))
    if [tag for tag, _ in fields[:3]] != [ber.ENUMERATED, ber.OCTET_STRING, ber.OCTET_STRING]:
        raise ber.BERError("an ExtendedResponse needs resultCode, matchedDN and diagnosticMessage")
    return ExtendedResponse(
        message_id,
        result_code=ber.integer(fields[0][1]),
        diagnostic_message=fields[2][1],
        response_name=next((value for tag, value in fields[3:] if tag == RESPONSE_NAME), b""),
    )
