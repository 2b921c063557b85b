from typing import Any

from django.apps import AppConfig
from django.core.signals import got_request_exception


class AlarmsConfig(AppConfig):
    name = "jiema.alarms"
    label = "alarms"

    def ready(self) -> None:
        got_request_exception.connect(_a_page_failed)


def _a_page_failed(sender: Any, request: Any = None, **told: Any) -> None:
    """A web page ended in a 500; the API's middleware tells of its own. The database away is no fault of the page's."""
    import sys

    from django.db import InterfaceError, OperationalError

    from jiema.alarms.services import raise_fault

    error = sys.exc_info()[1]
    if error and not isinstance(error, OperationalError | InterfaceError):
        raise_fault(error, request_id=getattr(request, "request_id", ""))
