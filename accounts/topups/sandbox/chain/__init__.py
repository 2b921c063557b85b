"""A TRON of our own to run against: serves TronGrid's replies over HTTP, with no Django, no database and no money."""

from accounts.topups.sandbox.chain.faults import Fault
from accounts.topups.sandbox.chain.host import Chain
from accounts.topups.sandbox.chain.ledger import FALSE_USDT, USDT, Token, made_up_address

__all__ = ["FALSE_USDT", "USDT", "Chain", "Fault", "Token", "made_up_address"]
