"""USDT on TRON (TRC-20): one address per top-up, watched through TronGrid.

The list of an address's transfers is TronGrid's index; whether a transfer happened is the word of the node, in the
transaction's receipt. A payment is one that both tell. https://developers.tron.network/reference
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from functools import cached_property

from accounts.topups.gateways.addresses import Addresses, account_hex, is_address
from accounts.topups.gateways.base import Gateway, Paid, Reading, Refused, Stage, Started, Unreachable, Wish
from accounts.topups.gateways.transfers import Receipt, Transfer, receipt_in, transfers_in
from accounts.topups.gateways.trongrid import TOTAL_SECONDS, Json, TronGrid

USDT = "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t"
USDT_DECIMALS = 6
PAGE = 200
MAX_PAGES = 25
# Anybody may send worthless tokens to anybody: so many transactions with them are looked at, the oldest first.
MAX_FOREIGN = 20


class TronGateway(Gateway):
    """Nothing here can spend: refunds are sent by a person, from the owner's wallet."""

    def __init__(
        self,
        url: str,
        api_key: str = "",
        *,
        xpub: str,
        allocate: Callable[[str], int],
        contract: str = USDT,
        confirmations: int = 19,
        seconds: float = TOTAL_SECONDS,
    ) -> None:
        """allocate: the index of a top-up's address, by the top-up's id; the same for the same id.

        confirmations: blocks that have to follow; after 19 TRON undoes nothing. seconds: for one reading.
        """
        self._url = url
        self._api_key = api_key
        self._xpub = xpub
        self._allocate = allocate
        self._contract = contract
        self._confirmations = confirmations
        self._seconds = seconds

    @cached_property
    def _addresses(self) -> Addresses:
        return Addresses(self._xpub)

    def start(self, wish: Wish) -> Started:
        return Started(ref=self._addresses.address(self._allocate(wish.top_up_id)))

    def read(self, ref: str) -> Reading:
        """ref: the address. PENDING while USDT is on its way; other tokens are named once they are confirmed."""
        if not is_address(ref):
            raise Refused("not a TRON address")
        with self._grid() as grid:
            transfers = [each for each in self._transfers(grid, ref) if each.value]
            if not transfers:
                return Reading(Stage.OPEN)
            height = _height(grid)
            paid: list[Paid] = []
            pending: list[int] = []
            for txid, group in self._by_transaction(transfers).items():
                receipt = receipt_in(grid.post("/wallet/gettransactioninfobyid", {"value": txid}), txid)
                depth = max(0, height - receipt.block) if receipt else 0
                if receipt and depth >= self._confirmations:
                    paid += self._paid(txid, group, receipt, ref)
                elif (receipt is None or receipt.succeeded) and self._is_usdt_in(group):
                    pending.append(depth)
        paid.sort(key=lambda payment: payment.at)
        if pending:
            return Reading(Stage.PENDING, tuple(paid), confirmations=max(pending))
        return Reading(Stage.OPEN, tuple(paid))

    def balances(self, addresses: Iterable[str]) -> Iterator[tuple[str, Decimal]]:
        """USDT on each address, for sweeping.

        Asked of the contract itself: TronGrid's account list leaves out addresses that never held TRX, as ours do.
        Raises Unreachable, Refused at the first address that cannot be read.
        """
        for address in addresses:
            with self._grid() as grid:
                yield address, self._balance(grid, address)

    def _grid(self) -> TronGrid:
        return TronGrid(self._url, self._api_key, self._seconds)

    def _transfers(self, grid: TronGrid, address: str) -> list[Transfer]:
        """All tokens' transfers to the address, oldest first, to the end of the list or not at all."""
        params = {"only_to": "true", "limit": str(PAGE), "order_by": "block_timestamp,asc"}
        found: list[Transfer] = []
        for _ in range(MAX_PAGES):
            page = grid.get(f"/v1/accounts/{address}/transactions/trc20", params)
            found += transfers_in(page, address)
            fingerprint = _fingerprint(page)
            if not fingerprint:
                return found
            params["fingerprint"] = fingerprint
        raise Unreachable("the list of transfers has no end")

    def _by_transaction(self, transfers: list[Transfer]) -> dict[str, list[Transfer]]:
        groups: dict[str, list[Transfer]] = defaultdict(list)
        for each in transfers:
            groups[each.txid].append(each)
        foreign = [txid for txid, group in groups.items() if all(self._is_foreign(each) for each in group)]
        for txid in foreign[MAX_FOREIGN:]:
            del groups[txid]
        return groups

    def _is_foreign(self, transfer: Transfer) -> bool:
        return transfer.token not in ("", self._contract)

    def _is_usdt_in(self, group: list[Transfer]) -> bool:
        return any(each.token == self._contract for each in group)

    def _paid(self, txid: str, group: list[Transfer], receipt: Receipt, address: str) -> list[Paid]:
        """Those of one confirmed transaction. Raises Unreachable where the list and the receipt differ on USDT.

        One transaction may pay several of our addresses, as exchanges do: a payment is named by its place in all of it.
        """
        if not receipt.succeeded:
            return []
        listed = Counter(self._value(each) for each in group if not self._is_foreign(each) and each.token)
        received = receipt.received(account_hex(self._contract), account_hex(address))
        if listed != Counter(value for _, value in received):
            raise Unreachable(f"the list of transfers and the receipt differ: {txid}")
        ours = [Paid(_name(txid, place), _usdt(value), "USDT", group[0].at) for place, value in received]
        return ours + self._worthless(f"{txid}:{address}", group)

    def _worthless(self, name: str, group: list[Transfer]) -> list[Paid]:
        """The same at every reading, whatever order they are listed in."""
        foreign = sorted(filter(self._is_foreign, group), key=lambda each: (each.token, each.value))
        counted = [each for each in foreign if each.rough_amount]
        return [
            Paid(_name(name, place), each.rough_amount, each.label, each.at)
            for place, each in enumerate(counted, start=1)
        ]

    def _value(self, transfer: Transfer) -> int:
        if transfer.decimals != USDT_DECIMALS:
            raise Unreachable(f"USDT with other than {USDT_DECIMALS} decimals: is the contract's address right?")
        return transfer.value

    def _balance(self, grid: TronGrid, address: str) -> Decimal:
        if not is_address(address):
            raise Refused("not a TRON address")
        question = {
            "owner_address": address,
            "contract_address": self._contract,
            "function_selector": "balanceOf(address)",
            "parameter": account_hex(address).zfill(64),
            "visible": True,
        }
        return _usdt(_number_in(grid.post("/wallet/triggerconstantcontract", question)))


def _name(transaction: str, place: int) -> str:
    return transaction if place == 1 else f"{transaction}:{place}"


def _fingerprint(page: Json) -> str:
    """Of the next page; empty on the last one."""
    meta = page.get("meta")
    fingerprint = meta.get("fingerprint", "") if isinstance(meta, dict) else None
    if not isinstance(fingerprint, str):
        raise Unreachable("TronGrid's list of transfers is not as documented: meta")
    return fingerprint


def _height(grid: TronGrid) -> int:
    """The number of the newest block."""
    reply = grid.post("/wallet/getnowblock", {})
    try:
        height = reply["block_header"]["raw_data"]["number"]
    except (KeyError, TypeError):
        height = None
    if type(height) is not int or height < 0:
        raise Unreachable("the TRON node's newest block is not as documented")
    return height


def _number_in(reply: Json) -> int:
    """What a contract's method answered: one word of 32 bytes."""
    try:
        word = reply["constant_result"][0] if reply["result"]["result"] is True else ""
    except (KeyError, TypeError, IndexError):
        word = ""
    if not isinstance(word, str) or not re.fullmatch("[0-9a-f]{64}", word):
        raise Unreachable("the token's contract did not tell a balance")
    return int(word, 16)


def _usdt(millionths: int) -> Decimal:
    return Decimal(f"{millionths}E-{USDT_DECIMALS}")
