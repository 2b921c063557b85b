from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register
def sandbox_gateway_is_for_laptops(app_configs: Any, **kwargs: Any) -> list[CheckMessage]:
    if settings.SANDBOX_GATEWAY and not settings.DEBUG:
        return [
            Error(
                "SANDBOX_GATEWAY is on while DEBUG is off: anybody could top up without paying.",
                hint="Set SANDBOX_GATEWAY=0.",
                id="topups.E001",
            )
        ]
    return []
