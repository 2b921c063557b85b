"""Time that passes at our word: at the provider by its clock, with us by moving what the rows say into the past."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.db import transaction
from django.db.models import DateTimeField, F

from orders.models import IdempotentCall, Order, StrayActivation, UpstreamAttempt
from tests.conftest import unguard

DATED = (Order, UpstreamAttempt, StrayActivation, IdempotentCall)


class ShiftedClock:
    """The real time and what was skipped. A sandbox's clock."""

    def __init__(self) -> None:
        self.skipped = 0.0

    def now(self) -> float:
        return time.time() + self.skipped


@transaction.atomic
def age_rows(seconds: float) -> None:
    """As if everything had happened so much earlier."""
    unguard()
    for model in DATED:
        times = [field.name for field in model._meta.fields if isinstance(field, DateTimeField)]
        model._default_manager.update(**{name: F(name) - timedelta(seconds=seconds) for name in times})


class Gate:
    """Many pass at once; whoever shuts it waits until nobody is inside, and lets nobody in.

    A call that is on its way while minutes are skipped would have taken minutes.
    """

    def __init__(self) -> None:
        self._inside = 0
        self._shut = False
        self._change = threading.Condition()

    @contextmanager
    def passing(self) -> Iterator[None]:
        with self._change:
            self._change.wait_for(lambda: not self._shut)
            self._inside += 1
        try:
            yield
        finally:
            with self._change:
                self._inside -= 1
                self._change.notify_all()

    @contextmanager
    def shut(self) -> Iterator[None]:
        with self._change:
            self._shut = True
            self._change.wait_for(lambda: not self._inside)
        try:
            yield
        finally:
            with self._change:
                self._shut = False
                self._change.notify_all()
