"""Addresses that lead inside, in every spelling: whatever is typed, resolved or answered, nothing inside is called."""

import socket
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from orders.webhooks import addresses, wire
from orders.webhooks.addresses import BadUrl, is_public, parse
from orders.webhooks.wire import Line, Trouble
from tests.webhooks.receiver import PUBLIC, Receiver, answer, trusting

# Refused as they are typed.
URLS = [
    "http://hooks.example.com/",
    "HTTP://hooks.example.com/",
    "ftp://hooks.example.com/",
    "gopher://127.0.0.1:6379/_FLUSHALL",
    "file:///etc/passwd",
    "//hooks.example.com/",
    "https:hooks.example.com",
    "https:/hooks.example.com",
    "https:\\\\hooks.example.com\\",
    "https://",
    "https:///path",
    "https://localhost/",
    "https://LOCALHOST/",
    "https://localhost./",
    "https://localhost.localdomain/",
    "https://app.localhost/",
    "https://metadata/",
    "https://metadata.google.internal/computeMetadata/v1/",
    "https://printer.local/",
    "https://router.lan/",
    "https://nas.home.arpa/",
    "https://1.0.0.127.in-addr.arpa/",
    "https://something.onion/",
    "https://127.0.0.1/",
    "https://127.1/",
    "https://127.0.1/",
    "https://2130706433/",
    "https://0x7f000001/",
    "https://0x7f.0.0.1/",
    "https://0x7f.1/",
    "https://017700000001/",
    "https://0177.0.0.1/",
    "https://0177.0.0.0x1/",
    "https://127.0.0.1.:8443/",
    "https://0/",
    "https://0.0.0.0/",
    "https://10.0.0.1/",
    "https://169.254.169.254/latest/meta-data/",
    "https://2852039166/",
    "https://0xA9FEA9FE/",
    "https://93.184.215.14/",
    "https://[::1]/",
    "https://[::]/",
    "https://[::ffff:127.0.0.1]/",
    "https://[::ffff:7f00:1]/",
    "https://[::127.0.0.1]/",
    "https://[64:ff9b::7f00:1]/",
    "https://[2002:7f00:1::]/",
    "https://[fd00:ec2::254]/",
    "https://[fe80::1%25eth0]/",
    "https://[fe80::1%eth0]/",
    "https://[2606:2800:21f:cb07:6820:80da:af6b:8b2c]/",
    "https://user@hooks.example.com/",
    "https://user:secret@hooks.example.com/",
    "https://hooks.example.com@127.0.0.1/",
    "https://127.0.0.1@hooks.example.com/",
    "https://hooks.example.com:443@127.0.0.1/",
    "https://hooks.example.com#@127.0.0.1/",
    "https://hooks.example.com\\@127.0.0.1/",
    "https://hooks.example.com%2f@127.0.0.1/",
    "https://hooks.example.com%00.internal/",
    "https://hooks.example.com\0.internal/",
    "https://hooks.example.com./",
    "https://.example.com/",
    "https://hooks..example.com/",
    "https://-hooks.example.com/",
    "https://hooks_.example.com/",
    "https://hooks.example.com:22/",
    "https://hooks.example.com:80/",
    "https://hooks.example.com:6379/",
    "https://hooks.example.com:0/",
    "https://hooks.example.com:99999/",
    "https://hooks.example.com:-1/",
    "https://hooks.example.com:/",
    "https://hooks.example.com:443:22/",
    "https://hooks.example.com /",
    " https://hooks.example.com/",
    "https://hooks.example.com/\r\nHost: 127.0.0.1",
    "https://hooks.example.com/\r\n\r\nGET / HTTP/1.1",
    "https://hooks.example.com/\n",
    "https://hooks.example.com\t/",
    "https://hooks.example.com/ HTTP/1.1",
    "https://hooks.example.com/#fragment",
    "https://hooks.exаmple.com/",  # a Cyrillic а
    "https://ｈooks.example.com/",
    "https://①②⑦.⓪.⓪.①/",
    "https://１２７．０．０．１/",
    "https://127。0。0。1/",
    "https://ⓛocalhost/",
    "https://hooks.example.com/ü",
    "https://" + "a" * 64 + ".example.com/",
    "https://" + "a." * 130 + "com/",
    "https://hooks.example.com/" + "a" * 500,
    "javascript:alert(1)",
    "data:text/plain,x",
    "",
]
# What names lead to.
NOT_PUBLIC = [
    *["0.0.0.0", "0.1.2.3", "10.1.2.3", "100.64.0.1", "100.100.100.200", "127.0.0.1", "127.255.255.254"],
    *["169.254.169.254", "172.16.0.1", "172.31.255.255", "192.0.0.192", "192.0.2.1", "192.88.99.1", "192.168.1.1"],
    *["198.18.0.1", "198.51.100.7", "203.0.113.7", "224.0.0.1", "239.255.255.250", "240.0.0.1", "255.255.255.255"],
    *["168.63.129.16", "::", "::1", "::ffff:127.0.0.1", "::ffff:93.184.215.14", "::127.0.0.1", "64:ff9b::7f00:1"],
    *["64:ff9b:1::1", "100::1", "2001::1", "2001:0:7f00:1::", "2001:db8::1", "2002:7f00:1::", "3fff::1", "5f00::1"],
    *["fc00::1", "fd00:ec2::254", "fe80::1", "fe80::1%eth0", "2606:4700::1%eth0", "fec0::1", "ff02::1", "ff0e::1"],
    *["localhost", "", "127.1", "0x7f000001"],
]


@dataclass
class Canary:
    """Something inside that nobody may call. hits: connections that it saw."""

    sock: socket.socket
    resolved: list[str] = field(default_factory=list)

    @property
    def hits(self) -> int:
        found = 0
        while True:
            try:
                self.sock.accept()[0].close()
            except BlockingIOError:
                return found
            found += 1

    def line(self, *answers: list[str]) -> Line:
        """Every dial leads to it; the name has other addresses each time it is looked up."""
        looks = list(answers)

        def resolve(host: str, port: int) -> list[str]:
            self.resolved.append(host)
            if looks:
                return looks.pop(0)
            found = socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST, type=socket.SOCK_STREAM)
            return [str(address[0]) for *_how, address in found]

        def dial(address: str, port: int, seconds: float) -> socket.socket:
            return socket.create_connection(self.sock.getsockname(), 2)

        return Line(resolve=resolve, dial=dial, tls=trusting)


@pytest.fixture
def canary() -> Iterator[Canary]:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        sock.setblocking(False)
        yield Canary(sock)


def post(line: Line, url: str = "https://hooks.example.com/") -> wire.Outcome:
    return line.post(url, {}, b"{}")


@pytest.mark.parametrize("url", URLS)
def test_a_hostile_address_is_refused_and_not_called(canary: Canary, url: str) -> None:
    with pytest.raises(BadUrl) as refused:
        parse(url)
    assert str(refused.value.words)
    assert post(canary.line(), url).trouble == Trouble.ADDRESS
    assert (canary.hits, canary.resolved) == (0, [])


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_a_name_that_leads_inside_is_not_called(canary: Canary, address: str) -> None:
    assert post(canary.line([address])).trouble == Trouble.ADDRESS
    assert canary.hits == 0


@pytest.mark.parametrize("found", [[PUBLIC, "127.0.0.1"], ["10.0.0.1", PUBLIC], ["2606:4700::6810:84e5", "::1"]])
def test_a_name_that_leads_inside_too_is_not_called(canary: Canary, found: list[str]) -> None:
    assert post(canary.line(found)).trouble == Trouble.ADDRESS
    assert canary.hits == 0


def test_without_the_look_at_addresses_it_would_be_called(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    """The canary sees who calls it."""
    monkeypatch.setattr(wire, "is_public", lambda address: True)
    line = canary.line(["127.0.0.1"])
    monkeypatch.setattr(wire, "TOTAL_SECONDS", 0.2)
    assert post(line).trouble == Trouble.TIMEOUT
    assert canary.hits == 1


def test_a_name_that_changes_between_look_and_call_is_looked_up_once(canary: Canary) -> None:
    """What is called is the address that was looked at."""
    called: list[str] = []

    def dial(address: str, port: int, seconds: float) -> socket.socket:
        called.append(f"{address} {port}")
        raise ConnectionRefusedError

    looks = iter([[PUBLIC], ["127.0.0.1"]])
    line = Line(resolve=lambda host, port: next(looks), dial=dial)
    assert post(line).trouble == Trouble.NO_CONNECTION
    assert called == [f"{PUBLIC} 443"]
    assert post(line).trouble == Trouble.ADDRESS
    assert len(called) == 1


@pytest.mark.parametrize(
    "to", ["https://127.0.0.1/", "http://169.254.169.254/", "https://hooks.example.com/again", "//x"]
)
@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(status: int, to: str) -> None:
    with Receiver(acts=[answer(status, f"Location: {to}")]) as receiver:
        assert post(receiver.line()).status == status
        assert receiver.connections == 1


def test_a_host_header_names_the_host_and_port(canary: Canary) -> None:
    with Receiver() as receiver:
        post(receiver.line(), "https://HOOKS.example.com:8443/a?b=c%20d")
        (request,) = receiver.requests
    assert (request.line, request.headers["host"]) == ("POST /a?b=c%20d HTTP/1.1", "hooks.example.com:8443")


@pytest.mark.parametrize("address", ["1.1.1.1", PUBLIC, "2606:4700:4700::1111", "2a00:1450:4001:80b::200e"])
def test_public_addresses_are_called(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000/hook", "http://localhost:9000/"])
def test_a_laptop_calls_itself_alone(url: str) -> None:
    assert parse(url, is_laptop=True).is_laptop
    with pytest.raises(BadUrl):
        parse(url)
    inside = Line(is_laptop=True, resolve=lambda host, port: ["10.0.0.1"])
    assert post(inside, url).trouble == Trouble.ADDRESS
    assert post(inside, "https://hooks.example.com/").trouble == Trouble.ADDRESS


def test_a_proxy_of_the_environment_is_not_asked(canary: Canary, monkeypatch: pytest.MonkeyPatch) -> None:
    host, port = canary.sock.getsockname()
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{host}:{port}")
    with Receiver() as receiver:
        assert post(receiver.line()).status == 200
    assert canary.hits == 0


def test_there_are_sixty_and_more() -> None:
    assert len(set(URLS)) >= 60
    assert len(set(NOT_PUBLIC)) >= 40
    assert addresses.PORTS == (443, 8443)
