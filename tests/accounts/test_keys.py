from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.db import connection
from django.db.models.functions import Now

from accounts import services as accounts
from accounts.errors import EmailTaken, TooManyKeys
from accounts.models import ApiKey, Scope, User
from accounts.services import KeyLimits


def test_an_address_has_one_account_whatever_its_case(alice: User) -> None:
    with pytest.raises(EmailTaken):
        accounts.create_user("ALICE@example.com", "x")


@pytest.mark.django_db(transaction=True)
def test_fifty_creations_at_once_make_ten_keys(alice: User) -> None:
    def create(_: int) -> bool:
        try:
            accounts.create_api_key(alice.pk, "race")
        except TooManyKeys:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(10) as threads:
        assert sum(threads.map(create, range(50))) == 10
    assert ApiKey.objects.active().filter(user=alice).count() == 10


def test_a_revoked_key_makes_room(alice: User) -> None:
    keys = [accounts.create_api_key(alice.pk, str(number))[0] for number in range(10)]
    accounts.revoke_api_key(alice.pk, keys[0].pk)
    assert accounts.create_api_key(alice.pk, "new")[0].name == "new"


def test_nobody_revokes_a_strangers_key(alice: User, carol: User) -> None:
    key, _ = accounts.create_api_key(alice.pk, "mine")
    assert accounts.revoke_api_key(carol.pk, key.pk) is False
    assert ApiKey.objects.active().filter(pk=key.pk).exists()


def test_an_administrator_made_by_djangos_command_has_a_wallet(db: None) -> None:
    call_command("createsuperuser", email="root@example.com", interactive=False)
    assert User.objects.get(email="root@example.com").wallet.balance_cents == 0


def end_at(key: ApiKey, seconds_from_now: float) -> None:
    ApiKey.objects.filter(pk=key.pk).update(expires_at=Now() + timedelta(seconds=seconds_from_now))


def test_an_expired_key_makes_room(alice: User) -> None:
    keys = [accounts.create_api_key(alice.pk, str(number))[0] for number in range(10)]
    end_at(keys[0], -1)
    assert accounts.create_api_key(alice.pk, "new")[0].name == "new"


def test_an_expired_key_is_neither_changed_nor_revoked(alice: User) -> None:
    key, _ = accounts.create_api_key(alice.pk, "old")
    end_at(key, -1)
    assert accounts.change_key_limits(alice.pk, key.pk, "alive again", KeyLimits()) is False
    assert accounts.revoke_api_key(alice.pk, key.pk) is False
    assert ApiKey.objects.get().name == "old"


def test_nobody_changes_a_strangers_key(alice: User, carol: User) -> None:
    key, _ = accounts.create_api_key(alice.pk, "mine")
    assert accounts.change_key_limits(carol.pk, key.pk, "hers", KeyLimits(Scope.READ)) is False
    assert (ApiKey.objects.get().name, ApiKey.objects.get().scope) == ("mine", "trade")
