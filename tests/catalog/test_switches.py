from unittest.mock import patch

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from kombu.exceptions import OperationalError

from accounts import services as accounts
from catalog.models import Country, Offer, Price, PriceRule, Provider, Service
from tests.conftest import PASSWORD


@pytest.fixture
def ops(db: None) -> Client:
    client = Client()
    client.force_login(accounts.create_user("ops@example.com", PASSWORD, is_staff=True))
    return client


def act(ops: Client, model: str, action: str, key: object) -> str:
    """Run an action on a row, and read what it said at last."""
    response = ops.post(f"/admin/catalog/{model}/", {"action": action, "_selected_action": key})
    return [str(message) for message in get_messages(response.wsgi_request)][-1]


@pytest.mark.parametrize("model", [Provider, Country, Service, Offer])
def test_rows_are_taken_off_sale_and_put_back(ops: Client, provider: Provider, model: type) -> None:
    key = model.objects.get().pk  # type: ignore[attr-defined]
    assert act(ops, model.__name__.lower(), "disable", key) == "1 off sale now."
    assert not Price.objects.exists()
    assert act(ops, model.__name__.lower(), "enable", key) == "1 on sale now."
    assert Price.objects.get().price_cents == 39


def test_a_rule_that_is_deleted_no_longer_counts(ops: Client, provider: Provider) -> None:
    ops.post(f"/admin/catalog/pricerule/{PriceRule.objects.get().pk}/delete/", {"post": "yes"})
    assert (Price.objects.get().price_cents, Price.objects.get().rule_id) == (30, None)


def test_two_rules_for_the_same_are_refused(ops: Client, provider: Provider) -> None:
    form = {"service": "", "country": "", "percent": "5", "fixed_cents": "0", "note": ""}
    response = ops.post("/admin/catalog/pricerule/add/", form)
    assert response.status_code == 200
    assert PriceRule.objects.get().percent == 30


@pytest.mark.parametrize("fault", [{"percent": "-101"}, {"fixed_cents": "1000001"}, {"percent": "a lot"}])
def test_a_rule_beyond_reason_is_refused(ops: Client, provider: Provider, fault: dict[str, str]) -> None:
    form = {"service": "tg", "country": "", "percent": "5", "fixed_cents": "0", "note": ""} | fault
    assert ops.post("/admin/catalog/pricerule/add/", form).status_code == 200
    assert Price.objects.get().price_cents == 39


def test_ops_start_a_sync(ops: Client, provider: Provider) -> None:
    with patch("catalog.admin.current_app.send_task") as send:
        act(ops, "provider", "sync_now", provider.pk)
    send.assert_called_once_with("catalog.sync_provider", [provider.pk])


def test_ops_are_told_where_no_worker_can_be_reached(ops: Client, provider: Provider) -> None:
    with patch("catalog.admin.current_app.send_task", side_effect=OperationalError):
        said = act(ops, "provider", "sync_now", provider.pk)
    assert said == "The workers can't be reached; nothing was started."
