"""What TronGrid tells of token transfers, checked field by field: anything unlike its documentation is Unreachable."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from accounts.topups.gateways.addresses import is_address
from accounts.topups.gateways.base import Unreachable
from accounts.topups.gateways.trongrid import Json

# keccak-256 of "Transfer(address,address,uint256)", by which every token logs its transfers.
TRANSFER = "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"
MAX_MILLISECONDS = 4_102_444_800_000  # the year 2100
MAX_FOREIGN_AMOUNT = 10**12
MAX_DECIMALS = 255
_LABEL_LETTERS = 12


@dataclass(frozen=True, slots=True)
class Transfer:
    """A row of the list. token: its contract's address; empty where TronGrid knows nothing of the token.

    value: in the token's smallest unit. symbol: as whoever made the token likes to call it.
    """

    txid: str
    token: str
    symbol: str
    decimals: int
    value: int
    at: datetime

    @property
    def label(self) -> str:
        """Such as token:USDT:TXYZ…, at most 53 plain characters, so that a false USDT never reads as USDT."""
        plain = re.sub("[^A-Za-z0-9]", "", self.symbol)[:_LABEL_LETTERS]
        return f"token:{plain or '?'}:{self.token}"

    @property
    def rough_amount(self) -> Decimal:
        """For a person's eyes: its maker may have the token count anything, so it is cut to size."""
        if not self.token:
            return Decimal(0)
        millionths = self.value * 10**6 // 10**self.decimals
        return Decimal(f"{min(millionths, MAX_FOREIGN_AMOUNT * 10**6)}E-6")


@dataclass(frozen=True, slots=True)
class Receipt:
    """What the node says became of a transaction. logs: contract, sender, receiver (hex) and value."""

    block: int
    succeeded: bool
    logs: tuple[tuple[str, str, str, int], ...]

    def received(self, contract: str, account: str) -> list[tuple[int, int]]:
        """The contract's transfers to an account from others: their places among all of its transfers, and values."""
        transfers = [log[1:] for log in self.logs if log[0] == contract]
        numbered = enumerate(transfers, start=1)
        return [(place, value) for place, (sender, to, value) in numbered if to == account != sender and value]


def transfers_in(page: Json, address: str) -> list[Transfer]:
    """Transfers to an address from others: no approvals, none to itself. Raises Unreachable."""
    rows = page.get("data")
    if not isinstance(rows, list):
        raise _unlike("data")
    found = []
    for row in rows:
        if not isinstance(row, dict):
            raise _unlike("data")
        if _text(row, "type") == "Transfer" and _text(row, "to") == address != _text(row, "from"):
            found.append(_transfer(row))
    return found


def receipt_in(reply: Json, txid: str) -> Receipt | None:
    """None where the node knows of no such transaction: not yet, or no longer. Raises Unreachable."""
    if not reply:
        return None
    block, receipt = reply.get("blockNumber"), reply.get("receipt")
    if reply.get("id") != txid or type(block) is not int or block < 0 or not isinstance(receipt, dict):
        raise _unlike("receipt")
    succeeded = _text(receipt, "result") == "SUCCESS" and reply.get("result") != "FAILED"
    logs = reply.get("log", [])
    if not isinstance(logs, list):
        raise _unlike("log")
    return Receipt(block, succeeded, tuple(log for log in map(_log, logs) if log))


def _transfer(row: Json) -> Transfer:
    txid, value, token = _text(row, "transaction_id"), _text(row, "value"), row.get("token_info")
    if not re.fullmatch("[0-9a-f]{64}", txid) or not re.fullmatch("[0-9]{1,78}", value) or not isinstance(token, dict):
        raise _unlike("a transfer")
    at = row.get("block_timestamp")
    if type(at) is not int or not 0 < at < MAX_MILLISECONDS:
        raise _unlike("block_timestamp")
    return Transfer(txid, *_token(token), int(value), datetime.fromtimestamp(at / 1000, UTC))


def _token(told: Json) -> tuple[str, str, int]:
    """Address, symbol, decimals."""
    if not told:
        return "", "", 0
    decimals = told.get("decimals")
    if type(decimals) is not int or not 0 <= decimals <= MAX_DECIMALS or not is_address(_text(told, "address")):
        raise _unlike("token_info")
    symbol = told.get("symbol")
    return _text(told, "address"), symbol if isinstance(symbol, str) else "", decimals


def _log(log: Any) -> tuple[str, str, str, int] | None:
    """A transfer, as a contract logged it; None for other events. Contracts may log whatever they like."""
    try:
        event, sender, to = log["topics"]
        value = int(log["data"], 16)
        return (log["address"], sender[-40:], to[-40:], value) if event == TRANSFER else None
    except (KeyError, TypeError, ValueError):
        return None


def _text(told: Json, name: str) -> str:
    text = told.get(name)
    if not isinstance(text, str):
        raise _unlike(name)
    return text


def _unlike(what: str) -> Unreachable:
    return Unreachable(f"TronGrid's answer is not as documented: {what}")
