"""Named tuples as ``typing`` makes them, without it."""

from __future__ import annotations

import subprocess
import sys
import typing

import pytest
from observations import environment

from check_starttls_cert.static_typing import TYPE_CHECKING, NamedTuple, cast


def declared(base: typing.Any) -> typing.Any:
    """Return the same declaration with another base."""

    class Point(base):
        """A place."""

        across: int
        down: int = 7

        @property
        def sum(self) -> int:
            """Both."""
            return self.across + self.down

        def __str__(self) -> str:
            return f"{self.across}/{self.down}"

    return Point


OURS, THEIRS = declared(NamedTuple), declared(typing.NamedTuple)


@pytest.mark.parametrize(
    "ask",
    [
        lambda point: (point.__name__, point.__doc__, point.__module__),
        lambda point: (point._fields, point._field_defaults),
        lambda point: (point(1), point(1, 2), point(down=3, across=4)),
        lambda point: (str(point(1)), repr(point(1)), point(1).sum),
        lambda point: point(1)._replace(down=2)._asdict(),
        lambda point: point(1) == (1, 7),
        lambda point: point.sum.__doc__,
    ],
)
def test_a_named_tuple_is_that_of_typing(ask) -> None:
    assert ask(OURS) == ask(THEIRS)


def test_a_field_without_a_value_is_required() -> None:
    with pytest.raises(TypeError, match="across"):
        OURS()


def test_a_cast_changes_nothing() -> None:
    value = object()
    assert cast("int", value) is value


def test_only_mypy_takes_the_annotations_for_more_than_text() -> None:
    assert TYPE_CHECKING is False


def test_the_module_does_not_load_typing() -> None:
    code = "import sys; import check_starttls_cert.static_typing; sys.exit('typing' in sys.modules)"
    done = subprocess.run([sys.executable, "-S", "-c", code], env=environment(), check=False)
    assert done.returncode == 0
