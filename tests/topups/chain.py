"""What the tests of the TRON gateway share."""

import json
from collections.abc import Mapping
from typing import Any

from accounts.topups.gateways.tron import TronGateway
from accounts.topups.sandbox.chain import Chain, made_up_address

# Of the BIP-39 phrase "abandon" ×11 "about".
XPUB = "xpub6D1AabNHCupeiLM65ZR9UStMhJ1vCpyV4XbZdyhMZBiJXALQtmn9p42VTQckoHVn8WNqS7dqnJokZHAHcHGoaQgmv8D45oNUKx6DZMNZBCd"
# Its first addresses, as several public projects list them.
ADDRESSES = (
    "TUEZSdKsoDHQMeZwihtdoBiN46zxhGWYdH",
    "TSeJkUh4Qv67VNFwY8LaAxERygNdy6NQZK",
    "TYJPRrdB5APNeRs4R7fYZSwW3TcrTKw2gx",
    "TRhVWK5XEDkQBDevcdCWW7RW51aRncty4W",
    "TT2X2yyubp7qpAWYYNE5JQWBtoZ7ikQFsY",
)
ADDRESS = ADDRESSES[0]
STRANGER = made_up_address("somebody else")
LIST = "/v1/accounts"
RECEIPT = "/wallet/gettransactioninfobyid"
NEWEST = "/wallet/getnowblock"
CONFIRMED = 19


def gateway(chain: Chain, **more: Any) -> TronGateway:
    return TronGateway(chain.url, **{"xpub": XPUB, "allocate": lambda top_up_id: 0, **more})


def answer(chain: Chain, path: str, told: Any, **more: Any) -> None:
    """Have the next call of a path answered with this, whatever is on the chain."""
    body = told if isinstance(told, bytes) else json.dumps(told).encode()
    chain.fail("reply", path, body=body, **more)


def row(**more: Any) -> dict[str, Any]:
    """A transfer as TronGrid lists it, of 12.5 USDT to ADDRESS."""
    return {
        "transaction_id": "ab" * 32,
        "token_info": {
            "symbol": "USDT",
            "address": "TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t",
            "decimals": 6,
            "name": "Tether USD",
        },
        "block_timestamp": 1_767_261_600_000,
        "from": STRANGER,
        "to": ADDRESS,
        "type": "Transfer",
        "value": "12500000",
        **more,
    }


def page(*rows: Any, **meta: Any) -> Mapping[str, Any]:
    return {"data": list(rows), "success": True, "meta": {"at": 1_767_261_600_000, "page_size": len(rows), **meta}}
