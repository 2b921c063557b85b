"""In which language and time zone a page comes."""

import re

import pytest
from django.test import Client

from accounts.models import User
from tests.conftest import Api, data
from tests.web.shopping import html

LANG = re.compile(r'<html lang="([^"]+)">')


def shown(client: Client, address: str = "/", **headers: str) -> str:
    found = LANG.search(html(client.get(address, headers={"accept-language": headers.get("accepts", "")})))
    assert found
    return found.group(1)


@pytest.mark.django_db
def test_a_visitors_browser_decides(client: Client) -> None:
    assert [shown(client, accepts=each) for each in ("id", "ms-MY", "zh-CN,en", "de", "")] == [
        "id",
        "ms",
        "zh-hans",
        "en",
        "en",
    ]


@pytest.mark.django_db
def test_a_link_in_a_language_is_remembered(client: Client) -> None:
    assert shown(client, "/?lang=ms") == "ms"
    assert shown(client, accepts="id") == "ms"
    assert shown(client, "/?lang=xx") == "ms"


@pytest.mark.django_db
def test_a_visitor_chooses_and_comes_back(client: Client) -> None:
    answer = client.post("/language", {"language": "zh-hans", "next": "/buy?q=a"})
    assert answer["Location"] == "/buy?q=a"
    assert shown(client, accepts="id") == "zh-hans"


@pytest.mark.django_db
def test_the_way_back_leads_to_no_other_site(client: Client) -> None:
    assert client.post("/language", {"language": "id", "next": "https://evil.example/"})["Location"] == "/"


def test_the_accounts_language_goes_before_the_cookies(site: Client, alice: User) -> None:
    User.objects.filter(pk=alice.pk).update(lang="zh")
    assert shown(site, "/dashboard", accepts="id") == "zh-hans"


def test_a_choice_is_kept_with_the_account(site: Client, alice: User, api: Api) -> None:
    site.post("/language", {"language": "zh-hans", "next": "/dashboard"})
    assert data(api.get("/account"))["lang"] == "zh"
    site.post("/language", {"language": "xx"})
    assert data(api.get("/account"))["lang"] == "zh"


def test_after_a_page_the_api_and_ops_are_answered_in_english(site: Client, alice: User, api: Api) -> None:
    User.objects.filter(pk=alice.pk).update(lang="id", is_staff=True, is_superuser=True)
    assert shown(site, "/dashboard") == "id"
    assert site.get("/admin/")["Content-Language"] == "en"
    assert "There is no such order." in html(api.get("/orders/nothing"))


def test_times_come_in_the_browsers_zone(site: Client, alice: User) -> None:
    site.cookies["tz"] = "Asia%2FKuala_Lumpur"
    assert "UTC" not in html(site.get("/account/statement"))


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "%00", "", "/etc/localtime", "a" * 5000])
def test_a_zone_that_is_none_is_utc(site: Client, zone: str) -> None:
    site.cookies["tz"] = zone
    assert site.get("/account/statement").status_code == 200
