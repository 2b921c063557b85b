from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db.models import Q, Sum
from django.db.models.functions import Least, Now
from django.utils.translation import gettext_lazy as _

from accounts.models import AccountState, ApiKey, User
from accounts.wallet.services import open_debts
from jiema.api.authentication import Caller, Ride
from jiema.api.db import read_prepared
from jiema.api.errors import Forbidden

# The second branch, and its index, is not looked at where the first has found the key.
_CALLER = """
SELECT u.id, k.id, u.state <> 'active', u.reads_per_minute, u.writes_per_minute, k.scope = 'read', k.addresses, ({ride})
FROM (
    SELECT * FROM accounts_apikey WHERE digest = $1
    UNION ALL
    SELECT * FROM accounts_apikey WHERE former_digest = $1 AND former_until > statement_timestamp()
) k JOIN accounts_user u ON u.id = k.user_id
WHERE k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > statement_timestamp())
LIMIT 1
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
    user_id, key_id, is_blocked, reads, writes, is_read_only, networks, cargo = row
    caller = Caller(
        user_id, int(key_id), is_blocked == "t", _limit(reads), _limit(writes), is_read_only == "t", networks
    )
    return caller, cargo


def _limit(text: str | None) -> int | None:
    return int(text) if text else None


def lock_active_user(user_id: str) -> User:
    """The account, locked: a suspension waits for us or we see it. Raises Forbidden."""
    user = User.objects.select_for_update(of=("self",), no_key=True).get(pk=user_id)
    if user.state != AccountState.ACTIVE:
        raise Forbidden
    return user


def active_keys(user_id: str) -> list[ApiKey]:
    """Newest first, each with its `calls` of the last 24 hours."""
    keys = ApiKey.objects.active().filter(user_id=user_id)
    return list(keys.annotate(calls=Sum("hours__calls", filter=_lately("hours__hour"), default=0)).order_by("-id"))


def ended_keys(user_id: str) -> list[ApiKey]:
    """The last ten of those that were revoked or have expired, each with its end as `ended_at`."""
    ends = Least("revoked_at", "expires_at")
    return list(ApiKey.objects.ended().filter(user_id=user_id).annotate(ended_at=ends).order_by("-ended_at")[:10])


def calls_of(key: ApiKey) -> int:
    """In the last 24 hours, refused ones too."""
    return int(key.hours.filter(_lately("hour")).aggregate(calls=Sum("calls", default=0))["calls"])


def _lately(hour: str) -> Q:
    return Q(**{f"{hour}__gt": Now() - timedelta(hours=24)})


def usable_key(key_id: int) -> ApiKey | None:
    """None where it was revoked or has expired."""
    return ApiKey.objects.active().filter(pk=key_id).first()


def hold_daily_cap(key_id: int) -> int | None:
    """US cents, None for no cap. Until the caller's transaction ends nobody else gets past here with this key."""
    return ApiKey.objects.select_for_update(no_key=True).values_list("daily_cap_cents", flat=True).get(pk=key_id)


def require_buyer(user_id: str) -> None:
    """Raises Forbidden where the account is blocked or owes us money; read in the caller's transaction."""
    require_active(user_id)
    if open_debts(user_id).exists():
        raise Forbidden(_("A payment of yours was taken back by its bank. Please top up what is missing."))


def require_active(user_id: str) -> None:
    """Raises Forbidden where the account is blocked; read in the caller's transaction."""
    if not User.objects.filter(pk=user_id, state=AccountState.ACTIVE).exists():
        raise Forbidden


@dataclass(frozen=True, slots=True)
class Security:
    """How an account is kept. codes_left: recovery codes that were not used."""

    has_app: bool
    passkeys: int
    codes_left: int
    sessions: int

    @property
    def has_second_factor(self) -> bool:
        return self.has_app or self.passkeys > 0


def security_of(user_id: str) -> Security:
    kept = list(Authenticator.objects.filter(user_id=user_id))
    types = [each.type for each in kept]
    codes = [each.wrap().get_unused_codes() for each in kept if each.type == Authenticator.Type.RECOVERY_CODES]
    return Security(
        has_app=Authenticator.Type.TOTP in types,
        passkeys=types.count(Authenticator.Type.WEBAUTHN),
        codes_left=sum(map(len, codes)),
        sessions=UserSession.objects.filter(user_id=user_id).count(),
    )


def is_email_confirmed(user: User) -> bool:
    return bool(EmailAddress.objects.filter(user=user, email=user.email, verified=True).exists())
