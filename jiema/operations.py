"""Operations of migrations that go on beside the shop's work."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.contrib.postgres.operations import AddIndexConcurrently

LIMITS = ("statement_timeout", "lock_timeout")


class AddIndexBesideWriters(AddIndexConcurrently):
    """For a table that is large and written to: nobody waits while the index is built, nor while it is dropped.

    Its migration is not atomic. It takes as long as it takes: cut short by the limits that hold for requests, it would
    leave an invalid index behind.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with _patience(schema_editor):
            super().database_forwards(app_label, schema_editor, from_state, to_state)

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        with _patience(schema_editor):
            super().database_backwards(app_label, schema_editor, from_state, to_state)


@contextmanager
def _patience(schema_editor: Any) -> Iterator[None]:
    for limit in LIMITS:
        schema_editor.execute(f"SET {limit} = 0")
    yield
    for limit in LIMITS:
        schema_editor.execute(f"RESET {limit}")
