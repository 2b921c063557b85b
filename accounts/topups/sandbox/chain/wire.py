"""TronGrid's replies, in the shapes that https://developers.tron.network/reference documents."""

import base64
import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any

from accounts.topups.gateways.addresses import account_hex, is_address
from accounts.topups.sandbox.chain.ledger import SOLID_AFTER, Event, Ledger, Transaction

Json = dict[str, Any]
Query = dict[str, str]
DEFAULT_LIMIT = 20
MAX_LIMIT = 200
# keccak-256 of Transfer(address,address,uint256) and Approval(address,address,uint256).
_TOPICS = {
    "Transfer": "ddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
    "Approval": "8c5be1e5ebec7d5bd14f71427d1e84f3dd0314c0f7b2291e5b200ac8c7c3b925",
}
Row = tuple[Transaction, Event]


class BadQuestion(Exception):
    """400. The text goes to the client."""


def transfers(ledger: Ledger, address: str, query: Query, origin: str) -> Json:
    """GET /v1/accounts/{address}/transactions/trc20"""
    _check(address)
    rows = [row for row in ledger.events() if all(fits(*row) for fits in _filters(ledger, address, query))]
    if query.get("order_by", "block_timestamp,desc") != "block_timestamp,asc":
        rows.reverse()
    limit, start = _limit(query), _start(query)
    page = rows[start : start + limit]
    meta: Json = {"at": int(ledger.clock.now() * 1000), "page_size": len(page)}
    if start + limit < len(rows):
        meta["fingerprint"] = _fingerprint(query, start + limit)
        meta["links"] = {"next": f"{origin}/v1/accounts/{address}/transactions/trc20?fingerprint={meta['fingerprint']}"}
    return {"data": [_row(*row) for row in page], "success": True, "meta": meta}


def transaction_info(ledger: Ledger, told: Json) -> Json:
    """POST /wallet/gettransactioninfobyid; an empty object where there is no such transaction."""
    found = ledger.find(str(told.get("value", "")))
    if found is None:
        return {}
    outcome = {"receipt": {"energy_usage_total": 64_285, "net_usage": 345, "result": "SUCCESS"}}
    if not found.succeeded:
        outcome = {"receipt": {"energy_usage_total": 64_285, "net_usage": 345, "result": "REVERT"}}
    return {
        "id": found.txid,
        "fee": 0,
        "blockNumber": found.block,
        "blockTimeStamp": found.at * 1000,
        "contractResult": ["".zfill(64)],
        "contract_address": "41" + account_hex(found.events[0].token.address),
        **outcome,
        **({"log": [_log(event) for event in found.events]} if found.succeeded else {"result": "FAILED"}),
    }


def now_block(ledger: Ledger, told: Json) -> Json:
    """POST /wallet/getnowblock"""
    height = ledger.height()
    header = {
        "number": height,
        "txTrieRoot": "".zfill(64),
        "witness_address": "41" + "".zfill(40),
        "parentHash": _block_id(height - 1),
        "version": 31,
        "timestamp": ledger.block_time(height) * 1000,
    }
    return {"blockID": _block_id(height), "block_header": {"raw_data": header, "witness_signature": "".zfill(130)}}


def constant_contract(ledger: Ledger, told: Json) -> Json:
    """POST /wallet/triggerconstantcontract, for balanceOf(address) with visible addresses."""
    parameter = str(told.get("parameter", ""))
    if told.get("function_selector") != "balanceOf(address)" or told.get("visible") is not True or len(parameter) != 64:
        return {"result": {"code": "CONTRACT_VALIDATE_ERROR", "message": b"no such method".hex()}}
    owners = {address for _, event in ledger.events() for address in (event.to, event.sender)}
    held = next((ledger.balances(owner) for owner in owners if account_hex(owner) == parameter[-40:]), {})
    word = f"{held.get(str(told.get('contract_address')), 0):064x}"
    return {"result": {"result": True}, "energy_used": 935, "constant_result": [word], "transaction": {"ret": [{}]}}


def _filters(ledger: Ledger, address: str, query: Query) -> list[Callable[[Transaction, Event], bool]]:
    found: list[Callable[[Transaction, Event], bool]] = [lambda _, event: address in (event.to, event.sender)]
    if query.get("only_to") == "true":
        found.append(lambda _, event: event.to == address)
    if query.get("only_from") == "true":
        found.append(lambda _, event: event.sender == address)
    if query.get("only_confirmed") == "true":
        found.append(lambda each, _: ledger.confirmations(each) >= SOLID_AFTER)
    if query.get("only_unconfirmed") == "true":
        found.append(lambda each, _: ledger.confirmations(each) < SOLID_AFTER)
    if contract := query.get("contract_address"):
        found.append(lambda _, event: event.token.address == contract)
    return found


def _limit(query: Query) -> int:
    limit = query.get("limit", str(DEFAULT_LIMIT))
    if not limit.isdecimal() or not 1 <= int(limit) <= MAX_LIMIT:
        raise BadQuestion(f"limit: 1 to {MAX_LIMIT}")
    return int(limit)


def _start(query: Query) -> int:
    """Where the page begins. A fingerprint is good for the filters that it was given with."""
    given = query.get("fingerprint")
    if given is None:
        return 0
    try:
        start = int(base64.urlsafe_b64decode(given.encode()).decode().partition(" ")[0])
    except ValueError:
        raise BadQuestion("fingerprint") from None
    if given != _fingerprint(query, start):
        raise BadQuestion("fingerprint")
    return start


def _fingerprint(query: Query, start: int) -> str:
    filters = {name: value for name, value in query.items() if name != "fingerprint"}
    digest = sha256(json.dumps(filters, sort_keys=True).encode()).hexdigest()[:16]
    return base64.urlsafe_b64encode(f"{start} {digest}".encode()).decode()


def _row(transaction: Transaction, event: Event) -> Json:
    token = event.token
    return {
        "transaction_id": transaction.txid,
        "token_info": {
            "symbol": token.symbol,
            "address": token.address,
            "decimals": token.decimals,
            "name": token.name,
        },
        "block_timestamp": transaction.at * 1000,
        "from": event.sender,
        "to": event.to,
        "type": event.kind,
        "value": str(event.value),
    }


def _log(event: Event) -> Json:
    return {
        "address": account_hex(event.token.address),
        "topics": [_TOPICS[event.kind], *(account_hex(each).zfill(64) for each in (event.sender, event.to))],
        "data": f"{event.value:064x}",
    }


def _block_id(number: int) -> str:
    return f"{number:016x}{sha256(str(number).encode()).hexdigest()[:48]}"


def _check(address: str) -> None:
    if not is_address(address):
        raise BadQuestion("Invalid address")
