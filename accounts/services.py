from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.db import IntegrityError, transaction
from django.db.models import F
from django.db.models.functions import Now

from accounts.errors import AlreadyRotated, EmailTaken, KeyEnded, TooManyKeys
from accounts.models import MAX_ACTIVE_KEYS, AccountState, ApiKey, Scope, User
from accounts.selectors import lock_active_user
from jiema.api import tokens

LONGEST_OVERLAP = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class KeyLimits:
    """What a key may do; see ApiKey. expires_at: None for no end. daily_cap_cents: US cents, None for no cap."""

    scope: Scope = Scope.TRADE
    expires_at: datetime | None = None
    addresses: str = ""
    services: str = ""
    daily_cap_cents: int | None = None


def create_user(email: str, password: str, *, is_staff: bool = False) -> User:
    """An account with its empty wallet. Raises EmailTaken."""
    make = User.objects.create_superuser if is_staff else User.objects.create_user
    try:
        with transaction.atomic():
            return make(email, password)
    except IntegrityError as error:
        raise EmailTaken from error


@transaction.atomic
def create_api_key(user_id: str, name: str, limits: KeyLimits = KeyLimits()) -> tuple[ApiKey, str]:
    """A new key and its token, which is told this once. Raises TooManyKeys, Forbidden."""
    lock_active_user(user_id)
    if ApiKey.objects.active().filter(user_id=user_id).count() >= MAX_ACTIVE_KEYS:
        raise TooManyKeys
    token = tokens.new_token()
    key = ApiKey.objects.create(
        user_id=user_id,
        name=name.strip() or "API key",
        prefix=token[:11],
        digest=tokens.digest(token),
        mail_due_at=Now(),
        **asdict(limits),
    )
    return key, token


@transaction.atomic
def rotate_api_key(user_id: str, key_id: int, prefix: str, overlap: timedelta) -> tuple[ApiKey, str]:
    """A new token for the key, told this once; the former one works on for the overlap, 24 hours at most.

    The key stays the same: one of the ten, with one rate limit and one daily cap for both tokens.
    prefix: of the token that is to be replaced, so that two at once replace it once.
    Raises KeyEnded, Forbidden, AlreadyRotated where another one did or the token before still works.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise ValueError("an overlap of 24 hours at most")
    lock_active_user(user_id)
    mine = ApiKey.objects.active().filter(user_id=user_id, pk=key_id)
    token = tokens.new_token()
    rotated = (
        mine.filter(prefix=prefix)
        .exclude(former_until__gt=Now())
        .update(
            former_prefix=F("prefix"),
            former_digest=F("digest"),
            former_until=Now() + overlap,
            prefix=token[:11],
            digest=tokens.digest(token),
            rotated_at=Now(),
            mail_due_at=Now(),
        )
    )
    if not rotated:
        raise AlreadyRotated if mine.exists() else KeyEnded
    return mine.get(), token


def stop_former_token(user_id: str, key_id: int) -> bool:
    """Ends the overlap of a rotation, from the next request on. False where there is none."""
    mine = ApiKey.objects.active().filter(user_id=user_id, pk=key_id, former_until__gt=Now())
    return bool(mine.update(former_until=Now()))


def change_key_limits(user_id: str, key_id: int, name: str, limits: KeyLimits) -> bool:
    """Holds from the next request on. False where there is no such active key of this user."""
    mine = ApiKey.objects.active().filter(user_id=user_id, pk=key_id)
    return bool(mine.update(name=name.strip() or "API key", **asdict(limits)))


def revoke_api_key(user_id: str, key_id: int) -> bool:
    """Holds from the next request on. False where there is no such active key of this user."""
    return bool(ApiKey.objects.active().filter(user_id=user_id, pk=key_id).update(revoked_at=Now()))


def set_language(user_id: str, lang: str) -> None:
    """lang: one of Language. Pages and mails come in it from now on."""
    User.objects.filter(pk=user_id).update(lang=lang)


def set_profile(user_id: str, *, display_name: str, lang: str, time_zone: str) -> None:
    """lang: one of Language. time_zone: an IANA name, or empty for the browser's."""
    User.objects.filter(pk=user_id).update(display_name=display_name, lang=lang, time_zone=time_zone)


def mark_closed(user: User) -> None:
    """In the caller's transaction, which holds the account's lock. Keys stay, so that their holders are told why."""
    User.objects.filter(pk=user.pk).update(state=AccountState.CLOSED, closed_at=Now(), low_balance_cents=None)
