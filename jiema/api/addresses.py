from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """The caller's address: the peer's, or the one that our own outermost proxy saw."""
    trusted: int = settings.TRUSTED_PROXIES
    if trusted:
        hops: list[str] = [hop.strip() for hop in str(request.META.get("HTTP_X_FORWARDED_FOR", "")).split(",")]
        if len(hops) >= trusted and hops[-trusted]:
            return hops[-trusted]
    return str(request.META.get("REMOTE_ADDR", ""))


def plain_address(text: str) -> IPv4Address | IPv6Address:
    """An IPv4 address within IPv6 (::ffff:192.0.2.1) is that IPv4 address; a zone (%eth0) is none of it.

    Raises ValueError.
    """
    address = ip_address(text.partition("%")[0])
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address


def plain_network(text: str) -> IPv4Network | IPv6Network:
    """An address alone is the network that holds nothing else. Raises ValueError."""
    if "/" in text:
        return ip_network(text)
    return ip_network(plain_address(text))


def is_within(address: str, networks: str) -> bool:
    """networks: separated by commas. An address that can't be read is in none."""
    try:
        seen = plain_address(address)
    except ValueError:
        return False
    return any(seen in network for network in _networks(networks))


@lru_cache(maxsize=1024)
def _networks(text: str) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(plain_network(part) for part in text.split(","))
