from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The caller's address: the peer's, or the one that our own outermost proxy saw."""
    hops: list[str] = [hop.strip() for hop in str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
    trusted: int = settings.TRUSTED_PROXIES
    if trusted and len(hops) >= trusted and hops[-trusted]:
        return hops[-trusted]
    return str(request.META.get("REMOTE_ADDR", ""))
