from functools import cache
from typing import Any

from django.utils.translation import gettext_lazy as _

from accounts.models import AccountState, ApiKey, User
from accounts.wallet.services import open_debts
from jiema.api.authentication import Caller, Ride
from jiema.api.db import read_prepared
from jiema.api.errors import Forbidden

_CALLER = """
SELECT u.id, k.id, u.state <> 'active', u.reads_per_minute, u.writes_per_minute, ({ride})
FROM accounts_apikey k JOIN accounts_user u ON u.id = k.user_id
WHERE k.digest = $1 AND k.revoked_at IS NULL
"""


@cache
def caller_statement(ride_sql: str) -> str:
    """The caller's look-up, whose last column is the value of the subquery."""
    return _CALLER.format(ride=ride_sql)


def find_caller(digest: bytes, ride: Ride | None) -> tuple[Caller, Any] | None:
    """Who holds the key with this SHA-256 digest, and the ride's value; None for no active key."""
    sql = caller_statement(ride.sql if ride else "SELECT NULL")
    row = read_prepared(sql, (digest, *(ride.params if ride else ())))
    if row is None:
        return None
    user_id, key_id, is_blocked, reads, writes, cargo = row
    return Caller(user_id, int(key_id), is_blocked == "t", _limit(reads), _limit(writes)), cargo


def _limit(text: str | None) -> int | None:
    return int(text) if text else None


def lock_active_user(user_id: str) -> User:
    """The account, locked: a suspension waits for us or we see it. Raises Forbidden."""
    user = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user_id)
    if user.state != AccountState.ACTIVE:
        raise Forbidden
    return user


def active_keys(user_id: str) -> list[ApiKey]:
    return list(ApiKey.objects.active().filter(user_id=user_id).order_by("-id"))


def require_buyer(user_id: str) -> None:
    """Raises Forbidden where the account is blocked or owes us money; read in the caller's transaction."""
    require_active(user_id)
    if open_debts(user_id).exists():
        raise Forbidden(_("A payment of yours was taken back by its bank. Please top up what is missing."))


def require_active(user_id: str) -> None:
    """Raises Forbidden where the account is blocked; read in the caller's transaction."""
    if not User.objects.filter(pk=user_id, state=AccountState.ACTIVE).exists():
        raise Forbidden
