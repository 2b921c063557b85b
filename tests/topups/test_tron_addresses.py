"""Addresses against public vectors, and against BIP-32, secp256k1 and Base58Check written out once more here."""

import hmac
import re
import subprocess
import sys
from hashlib import sha256, sha512

import pytest
from Crypto.Hash import keccak

from accounts.topups.gateways.addresses import Addresses, account_hex, is_address
from tests.topups.chain import ADDRESSES, XPUB

USDT = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
# Of the BIP-39 phrase "test" ×11 "junk".
JUNK_XPUB = (
    "xpub6BuRy7ZmkGfP2RWhoor1kWB1w9DvrtmJbFBvnC1bQ4SB5NbCHTyQYCJSXZtxDbFyHTmC7wkU2he3nYYdpZ3Vf6qUAkXSnL6RPif4BDtDEKr"
)
JUNK_ADDRESSES = ("TWer2Ygk5TEheHp3TPuYeqxmB6SsGZmaL6", "TPjjvMwjPoDC32V2dGDYTkLH4E5LAtBZ6C")
XPRV = "xprv9z1pB5qPNYGMVrGcyXt97Jwd9GBRoNFdhJfxqbHjzrBKeN1GMETuGFi1c73SQkP8kkKz5MVoMtLRcsDWggUcaPF32AXN4qNsNWBoJbaHcQ7"
COIN_XPUB = (
    "xpub6AmukNpN4yyVGhtfLdkFSbQuLzNBnEXg6Cpc88AGpboZzy3exPAWoADSsd5GGqNkoxyjBQposb86RoZUNNyXf8kk75QA6AXFUbhChRZoAY2"
)
CHAIN_XPUB = (
    "xpub6EuK4CZWW5urEHdwAVDdDw327danAtccFcrXYvgf1DHrPXRwErt36xStQ2PNhn4hpwzPbzJ8pJVpewgChRnSs59q5Ay61GCfQZKUe71gbLq"
)
# Of the right depth, but not hardened: m/0/1/2.
SOFT_XPUB = (
    "xpub6DJzyXBdriYumH2ioTac5UFGxsxweGeaxA1Hs9TMPanE4Ag7WUuiQkqxQRP51fDxUZ3yoFoVwSXna71L55UgDuf3gDdGXFT65bsyRvXjvbu"
)
# BIP-32, test vector 1: m/0'/1/2' and its child 2.
BIP32_PARENT = (
    "xpub6D4BDPcP2GT577Vvch3R8wDkScZWzQzMMUm3PWbmWvVJrZwQY4VUNgqFJPMM3No2dFDFGTsxxpG5uJh7n7epu4trkrX7x7DogT5Uv6fcLW5"
)
BIP32_CHILD = (
    "xpub6FHa3pjLCk84BayeJxFW2SP4XRrFd1JYnxeLeU8EqN3vDfZmbqBqaGJAyiLjTAwm6ZLRQUMv1ZACTj37sR62cfN7fe5JnJ7dh8zL4fiyLHV"
)

# ------------------------------------------------------------------ the same, done by hand

ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
P = 2**256 - 2**32 - 977
N = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
G = (
    0x79BE667EF9DCBBAC55A06295CE870B07029BFCDB2DCE28D959F2815B16F81798,
    0x483ADA7726A3C4655DA4FBFC0E1108A8FD17B448A68554199C47D08FFB10D4B8,
)
Point = tuple[int, int]


def unbase58(text: str, length: int) -> bytes:
    number = 0
    for letter in text:
        number = number * 58 + ALPHABET.index(letter)
    return number.to_bytes(length + 4, "big")[:-4]


def base58(body: bytes) -> str:
    number = int.from_bytes(body + sha256(sha256(body).digest()).digest()[:4], "big")
    letters = ""
    while number:
        number, digit = divmod(number, 58)
        letters = ALPHABET[digit] + letters
    return letters


def add(one: Point | None, other: Point | None) -> Point | None:
    if one is None or other is None:
        return one or other
    if one == other:
        slope = 3 * one[0] ** 2 * pow(2 * one[1], -1, P)
    elif one[0] == other[0]:
        return None
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], -1, P)
    x = (slope**2 - one[0] - other[0]) % P
    return x, (slope * (one[0] - x) - one[1]) % P


def times(number: int, point: Point | None = G) -> Point | None:
    total = None
    while number:
        total = add(total, point) if number & 1 else total
        point, number = add(point, point), number >> 1
    return total


def packed(point: Point) -> bytes:
    return bytes([2 + point[1] % 2]) + point[0].to_bytes(32, "big")


def unpacked(key: bytes) -> Point:
    x = int.from_bytes(key[1:], "big")
    y = pow(x**3 + 7, (P + 1) // 4, P)
    return x, y if y % 2 == key[0] % 2 else P - y


def child(code: bytes, key: bytes, index: int) -> tuple[bytes, bytes]:
    """BIP-32's public derivation of a child: chain code and key."""
    digest = hmac.digest(code, key + index.to_bytes(4, "big"), sha512)
    return digest[32:], packed(add(times(int.from_bytes(digest[:32], "big")), unpacked(key)))


def account(xpub: str) -> tuple[bytes, bytes]:
    raw = unbase58(xpub, 78)
    return raw[13:45], raw[45:]


def by_hand(xpub: str, index: int) -> str:
    point = unpacked(child(*child(*account(xpub), 0), index)[1])
    both = b"".join(each.to_bytes(32, "big") for each in point)
    return base58(b"\x41" + keccak.new(digest_bits=256, data=both).digest()[-20:])


def test_the_hand_is_right_by_the_vector_of_bip_32() -> None:
    assert child(*account(BIP32_PARENT), 2) == account(BIP32_CHILD)


# ------------------------------------------------------------------ ours


@pytest.mark.parametrize(("xpub", "known"), [(XPUB, ADDRESSES), (JUNK_XPUB, JUNK_ADDRESSES)])
def test_public_vectors(xpub: str, known: tuple[str, ...]) -> None:
    addresses = Addresses(xpub)
    assert tuple(addresses.address(index) for index in range(len(known))) == known


@pytest.mark.parametrize("xpub", [XPUB, BIP32_PARENT])
def test_a_hundred_indexes_of_each_key_by_hand(xpub: str) -> None:
    addresses = Addresses(xpub)
    indexes = [*range(98), 2**31 - 2, 2**31 - 1]
    assert [addresses.address(index) for index in indexes] == [by_hand(xpub, index) for index in indexes]


def test_every_index_has_an_address_of_its_own() -> None:
    addresses = Addresses(f" {XPUB}\n")
    found = {addresses.address(index) for index in range(1000)}
    assert len(found) == 1000
    assert all(is_address(address) for address in found)


def test_the_path_leads_the_owners_wallet_to_the_key() -> None:
    assert Addresses(XPUB).path(7) == "m/44'/195'/0'/0/7"
    assert Addresses(BIP32_PARENT).path(7) == "m/44'/195'/2'/0/7"


@pytest.mark.parametrize("index", [-1, 2**31])
def test_there_is_no_such_index(index: int) -> None:
    addresses = Addresses(XPUB)
    for ask in (addresses.address, addresses.path):
        with pytest.raises(ValueError, match="no such index"):
            ask(index)


@pytest.mark.parametrize("secret", [XPRV, "ab" * 32, "0x" + "ab" * 32, "abandon " * 11 + "about"])
def test_nothing_private_is_taken(secret: str) -> None:
    with pytest.raises(ValueError, match="no private key on the server") as caught:
        Addresses(secret)
    assert secret[:12] not in str(caught.value)


@pytest.mark.parametrize("xpub", [COIN_XPUB, CHAIN_XPUB, SOFT_XPUB])
def test_a_key_of_another_depth_is_refused(xpub: str) -> None:
    with pytest.raises(ValueError, match="not the key of an account"):
        Addresses(xpub)


@pytest.mark.parametrize(
    "garbage",
    ["", "xpub", "é" * 111, XPUB[:-1], XPUB + "1", XPUB[:-2] + "dC", "xpub" + "1" * 107, ADDRESSES[0]],
)
def test_garbage_is_refused_and_not_quoted(garbage: str) -> None:
    with pytest.raises(ValueError, match=re.escape("not an extended public key (xpub…)")):
        Addresses(garbage)


def test_a_point_off_the_curve_is_refused() -> None:
    with pytest.raises(ValueError, match="not an extended public key"):
        Addresses(base58(unbase58(XPUB, 78)[:45] + b"\x02" + b"\xff" * 32))


def test_an_address_has_a_checksum() -> None:
    assert all(map(is_address, (*ADDRESSES, *JUNK_ADDRESSES, USDT)))
    for place in range(34):
        other = "2" if USDT[place] != "2" else "3"
        assert not is_address(USDT[:place] + other + USDT[place + 1 :])


@pytest.mark.parametrize(
    "text",
    ["", "T", USDT[:-1], USDT + "1", USDT.lower(), " " + USDT[:-1], "0" * 34, "z" * 34, "1" * 34, "Т" + USDT[1:]],
)
def test_what_is_no_address(text: str) -> None:
    assert not is_address(text)
    with pytest.raises(ValueError, match="not a TRON address"):
        account_hex(text)


def test_an_address_of_another_coin_is_none() -> None:
    assert not is_address(base58(b"\x42" + bytes(20)))


def test_contracts_know_an_address_by_its_hex() -> None:
    assert account_hex(USDT) == "a614f803b6fd780986a42c78ec9c7f77e6ded13c"


def test_the_library_is_loaded_only_by_those_who_derive() -> None:
    code = "import sys, accounts.topups.gateways.tron; sys.exit('bip_utils' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
