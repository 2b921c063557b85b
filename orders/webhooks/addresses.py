"""Which addresses a webhook may be sent to: public https ones, never one inside.

A URL is taken by a narrow pattern instead of being taken apart by a lenient parser, so that nobody reads it in another
way than we do: a plain ASCII name with a dot (international ones in their xn-- form, which shows a look-alike for what
it is), no credentials, no bare IP address in any spelling, no fragment. Ports 443 and 8443 only: with more, the shop
would knock at strangers' doors for its customers. On a laptop (`is_laptop`) also this machine, at any port.
What a name leads to is looked at when a delivery is sent, each time: see `wire`.
"""

import ipaddress
import re
from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

PORTS = (443, 8443)
URL_LENGTH = 500
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_REST = r"(?P<path>/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(?P<query>\?[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*)?"
_PUBLIC = re.compile(rf"(?i:https)://(?P<host>(?i:{_LABEL}(?:\.{_LABEL})+))(?::(?P<port>\d{{1,5}}))?{_REST}")
_LAPTOP = re.compile(rf"(?P<scheme>http)://(?P<host>localhost|127\.0\.0\.1)(?::(?P<port>\d{{1,5}}))?{_REST}")
_NUMERIC = re.compile(r"\d+|0x[0-9a-f]*", re.IGNORECASE)
# Names that lead nowhere in public, whatever a resolver makes of them.
_PRIVATE_ENDS = ("localhost", "local", "localdomain", "internal", "intranet", "lan", "arpa", "onion", "test", "invalid")
# Not among what Python calls private or reserved, and still nobody's public server.
_NOT_PUBLIC = [
    ipaddress.ip_network(each)
    for each in (
        "192.0.0.0/24",  # protocol assignments; clouds keep metadata there
        "192.88.99.0/24",  # 6to4 relays
        "168.63.129.16/32",  # a cloud's own host, on a public address
        "2001::/23",  # Teredo, ORCHID and others
        "2001:db8::/32",
        "2002::/16",  # 6to4: an IPv4 address inside
        "3fff::/20",
    )
]
_UNICAST = ipaddress.ip_network("2000::/3")


class BadUrl(ValueError):
    """words: what is wrong with it, for whoever typed it."""

    def __init__(self, words: str | Promise) -> None:
        super().__init__(words)
        self.words = words


@dataclass(frozen=True, slots=True)
class Target:
    """host: as in the certificate. path: with its query. is_laptop: this very machine."""

    host: str
    port: int
    path: str
    is_laptop: bool = False

    @property
    def authority(self) -> str:
        """As the header Host says it."""
        usual = 80 if self.is_laptop else 443
        return self.host if self.port == usual else f"{self.host}:{self.port}"


def parse(url: str, *, is_laptop: bool = False) -> Target:
    """Raises BadUrl."""
    if len(url) > URL_LENGTH:
        raise BadUrl(_("The address may have 500 characters at most."))
    if is_laptop and (found := _LAPTOP.fullmatch(url)):
        return Target(found["host"], _port(found["port"], 80), _path(found), is_laptop=True)
    found = _PUBLIC.fullmatch(url)
    if found is None:
        raise BadUrl(_why(url))
    host = found["host"].lower()
    _require_public_name(host)
    port = _port(found["port"], 443)
    if port not in PORTS:
        raise BadUrl(_("Only the ports 443 and 8443 are called."))
    return Target(host, port, _path(found))


def is_public(address: str) -> bool:
    """Is this IP address one of the public internet, and carries none that is not?"""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address) and (ip.scope_id or ip not in _UNICAST):
        return False  # mapped, compatible, NAT64, unique local, link-local, site-local, with a zone
    if any(ip in network for network in _NOT_PUBLIC if network.version == ip.version):
        return False
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified)


def is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address).is_loopback


def _require_public_name(host: str) -> None:
    last = host.rpartition(".")[2]
    if _NUMERIC.fullmatch(last):
        raise BadUrl(_("Use the server's name, not its IP address."))
    if last in _PRIVATE_ENDS or host.endswith(".home.arpa") or len(host) > 253:
        raise BadUrl(_("This name is not a public one."))


def _why(url: str) -> str | Promise:
    scheme, _colon, rest = url.partition("://")
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0]
    if scheme.lower() != "https":
        return _("The address has to begin with https://")
    if "@" in authority:
        return _("Leave the user name and the password out of the address.")
    if not url.isascii():
        return _("Write a name with letters beyond a-z in its xn-- form.")
    if "[" in authority:
        return _("Use the server's name, not its IP address.")
    if "." not in authority:
        return _("This name is not a public one.")
    return _("This is not an address that we can call, such as https://example.com/webhooks")


def _port(digits: str | None, usual: int) -> int:
    port = int(digits) if digits else usual
    if not 0 < port < 65536:
        raise BadUrl(_("There is no such port."))
    return port


def _path(found: re.Match[str]) -> str:
    return (found["path"] or "/") + (found["query"] or "")
