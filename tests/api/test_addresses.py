import pytest

from jiema.api.addresses import is_within, plain_network


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.7", "10.0.0.0/8,203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.0/24"),
        ("2001:db8::9", "2001:db8::/32"),
        ("203.0.113.7", "::ffff:203.0.113.7"),
    ],
)
def test_within(address: str, networks: str) -> None:
    assert is_within(address, networks)


@pytest.mark.parametrize(
    ("address", "networks"),
    [
        ("203.0.113.8", "203.0.113.7"),
        ("203.0.114.1", "10.0.0.0/8,203.0.113.0/24"),
        ("2001:db9::9", "2001:db8::/32"),
        ("::1", "127.0.0.1"),
        ("0.0.0.1", "::/0"),
        ("", "0.0.0.0/0"),
        ("203.0.113.7:80", "0.0.0.0/0"),
    ],
)
def test_not_within(address: str, networks: str) -> None:
    assert not is_within(address, networks)


@pytest.mark.parametrize("text", ["", "x", "203.0.113.7/24", "203.0.113.0/33", "10.1", "fe80::1%eth0/64"])
def test_what_is_no_network(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        plain_network(text)
