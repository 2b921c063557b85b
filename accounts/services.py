from django.db import IntegrityError, transaction
from django.db.models.functions import Now

from accounts.errors import EmailTaken, TooManyKeys
from accounts.models import MAX_ACTIVE_KEYS, ApiKey, User
from accounts.selectors import lock_active_user
from jiema.api import tokens


def create_user(email: str, password: str, *, is_staff: bool = False) -> User:
    """An account with its empty wallet. Raises EmailTaken."""
    make = User.objects.create_superuser if is_staff else User.objects.create_user
    try:
        with transaction.atomic():
            return make(email, password)
    except IntegrityError as error:
        raise EmailTaken from error


@transaction.atomic
def create_api_key(user_id: str, name: str) -> tuple[ApiKey, str]:
    """A new key and its token, which is told this once. Raises TooManyKeys, Forbidden."""
    lock_active_user(user_id)
    if ApiKey.objects.active().filter(user_id=user_id).count() >= MAX_ACTIVE_KEYS:
        raise TooManyKeys
    token = tokens.new_token()
    key = ApiKey.objects.create(
        user_id=user_id, name=name.strip() or "API key", prefix=token[:11], digest=tokens.digest(token)
    )
    return key, token


def revoke_api_key(user_id: str, key_id: int) -> bool:
    """Holds from the next request on. False where there is no such active key of this user."""
    return bool(ApiKey.objects.active().filter(user_id=user_id, pk=key_id).update(revoked_at=Now()))


def set_language(user_id: str, lang: str) -> None:
    """lang: one of Language. Pages and mails come in it from now on."""
    User.objects.filter(pk=user_id).update(lang=lang)
