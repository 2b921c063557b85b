"""One-time TRON addresses from the shop's extended public key: the server never holds a private one."""

from hashlib import sha256

INDEXES = 1 << 31
_ALPHABET = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_DIGITS = {letter: digit for digit, letter in enumerate(_ALPHABET)}
_ADDRESS_LENGTH = 34
_ADDRESS_BYTES = 25
_TRON = b"\x41"


class Addresses:
    """Those of BIP-44's external chain m/44'/195'/account'/0, one per index.

    Watch-only: an extended public key finds the addresses, and spends nothing from them.
    """

    def __init__(self, xpub: str) -> None:
        """xpub: of the account, m/44'/195'/account'. Raises ValueError, which does not quote what was given."""
        # Takes a quarter of a second and 27 MB, which only those who derive need to spend.
        from bip_utils import (
            Base58ChecksumError,
            Bip32KeyError,
            Bip44,
            Bip44Changes,
            Bip44Coins,
            Bip44DepthError,
            Bip44Levels,
        )

        key = xpub.strip()
        if _may_be_private(key):
            raise ValueError("this looks like a private key or its words: no private key on the server")
        try:
            account = Bip44.FromExtendedKey(key, Bip44Coins.TRON)
        except Bip44DepthError:
            account = None
        except (Base58ChecksumError, Bip32KeyError, ValueError):
            raise ValueError("not an extended public key (xpub…)") from None
        if account is None or account.Level() != Bip44Levels.ACCOUNT or not account.Bip32Object().Index().IsHardened():
            raise ValueError("not the key of an account, m/44'/195'/0': it has another depth")
        self._account = int(account.Bip32Object().Index()) - INDEXES
        self._chain = account.Change(Bip44Changes.CHAIN_EXT)

    def address(self, index: int) -> str:
        """index: from 0 to 2³¹ - 1. Raises ValueError."""
        _check_index(index)
        return str(self._chain.AddressIndex(index).PublicKey().ToAddress())

    def path(self, index: int) -> str:
        """Where the owner's wallet finds the private key of this address."""
        _check_index(index)
        return f"m/44'/195'/{self._account}'/0/{index}"


def is_address(text: str) -> bool:
    """T…, with a right checksum."""
    return _raw(text) is not None


def account_hex(address: str) -> str:
    """The forty hex digits that contracts know it by. Raises ValueError."""
    raw = _raw(address)
    if raw is None:
        raise ValueError("not a TRON address")
    return raw.hex()


def _raw(text: str) -> bytes | None:
    """Base58Check, as for Bitcoin's addresses, with a first byte of TRON's own."""
    if len(text) != _ADDRESS_LENGTH or not _DIGITS.keys() >= set(text):
        return None
    number = 0
    for letter in text:
        number = number * len(_ALPHABET) + _DIGITS[letter]
    if number >> _ADDRESS_BYTES * 8:
        return None
    whole = number.to_bytes(_ADDRESS_BYTES, "big")
    body, checksum = whole[:-4], whole[-4:]
    is_whole = sha256(sha256(body).digest()).digest()[:4] == checksum and body[:1] == _TRON
    return body[1:] if is_whole else None


def _may_be_private(key: str) -> bool:
    is_number = len(key.removeprefix("0x")) == 64
    return key[1:4] == "prv" or is_number or len(key.split()) > 1


def _check_index(index: int) -> None:
    if not 0 <= index < INDEXES:
        raise ValueError("no such index")
