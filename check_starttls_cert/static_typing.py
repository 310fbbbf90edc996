"""``NamedTuple`` and ``cast`` for mypy, without importing ``typing`` at run time.

The import, and typing's look at each annotation of some forty named tuples at each start, was a tenth of the CPU of a
whole check; mypy has already checked the annotations. Nothing else differs from typing's.
"""

from __future__ import annotations

from collections import namedtuple

__all__ = ["TYPE_CHECKING", "NamedTuple", "cast"]

TYPE_CHECKING = False
"""True to mypy, whoever imports the name."""

if TYPE_CHECKING:
    from typing import NamedTuple, cast
else:

    def cast(_, value):
        """Return ``value``, which mypy takes for what the first argument says."""
        return value

    class _Declaration(type):
        """Makes a named tuple of a class statement: annotations are fields, their values defaults."""

        def __new__(cls, name, bases, namespace):
            if not bases:
                return super().__new__(cls, name, bases, namespace)
            fields = tuple(namespace.get("__annotations__", ()))
            made = namedtuple(name, fields, defaults=[namespace[field] for field in fields if field in namespace])
            for key, value in namespace.items():
                if key not in fields and key not in ("__dict__", "__weakref__"):
                    setattr(made, key, value)
            return made

    class NamedTuple(metaclass=_Declaration):
        """The base that a declaration names."""
