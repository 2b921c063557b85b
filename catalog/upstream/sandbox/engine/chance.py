"""Randomness that comes out the same every time."""

from random import Random


def chance(*about: object) -> Random:
    """A generator of its own for each subject, so that one draw more here changes nothing there."""
    return Random(":".join(map(str, about)))  # noqa: S311 (a play needs no secrets)
