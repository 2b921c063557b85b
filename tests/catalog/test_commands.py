from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command

from catalog.models import Price, Provider
from catalog.services.providers import upstream_for

HERO = ["--dialect", "hero", "--base-url", "http://127.0.0.1:9", "--api-key", "k"]


def test_a_provider_is_added_with_a_careful_budget(db: None, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("set_provider", "hero-1", *HERO)
    added = Provider.objects.get()
    assert (added.dialect, added.api_key, added.currency, added.usd_rate) == ("hero", "k", "USD", Decimal(1))
    assert (added.calls_per_second, added.burst, added.is_enabled) == (Decimal(1), 5, True)
    said = capsys.readouterr().out
    assert said == "Added the provider hero-1 (hero, http://127.0.0.1:9), on sale.\n"


def test_a_provider_is_changed(provider: Provider, capsys: pytest.CaptureFixture[str]) -> None:
    call_command("set_provider", "sandbox", *HERO, "--calls-per-second", "none", "--disable")
    provider.refresh_from_db()
    assert (provider.api_key, provider.calls_per_second, provider.is_enabled) == ("k", None, False)
    assert capsys.readouterr().out == "Changed the provider sandbox (hero, http://127.0.0.1:9), disabled.\n"
    assert not Price.objects.exists()


def test_another_currency_needs_its_rate(db: None) -> None:
    with pytest.raises(CommandError, match="RUB need --usd-rate"):
        call_command("set_provider", "p", *HERO, "--currency", "rub")
    call_command("set_provider", "p", *HERO, "--currency", "rub", "--usd-rate", "0.0125")
    assert (Provider.objects.get().currency, Provider.objects.get().usd_rate) == ("RUB", Decimal("0.0125"))


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["--dialect", "morse"], "--dialect: Value 'morse' is not a valid choice."),
        (["--base-url", "ftp://there"], "--base-url: Enter an address that begins with http:// or https://."),
        (["--base-url", "http://[::1"], "--base-url: Enter an address that begins with http:// or https://."),
        (["--api-key", ""], "--api-key: This field cannot be blank."),
        (["--calls-per-second", "0"], "0 is not a number above zero."),
        (["--calls-per-second", "many"], "many is not a number."),
        (["--usd-rate", "nan"], "nan is not a number above zero."),
        (["--usd-rate", "none"], "none is not a number."),
    ],
)
def test_nonsense_is_refused_with_a_sentence(db: None, options: list[str], sentence: str) -> None:
    with pytest.raises(CommandError) as refusal:
        call_command("set_provider", "p", *HERO, *options)
    assert str(refusal.value) == sentence
    assert not Provider.objects.exists()


def test_an_adapter_is_kept_until_its_provider_changes(provider: Provider) -> None:
    first = upstream_for(provider)
    assert upstream_for(Provider.objects.get()) is first
    Provider.objects.update(api_key="another")
    assert upstream_for(Provider.objects.get()) is not first
