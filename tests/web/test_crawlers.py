"""What search engines, phones and finders of holes look for."""

import json
import re
import struct
from datetime import datetime, timedelta
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from catalog.models import Provider
from tests.web.shopping import html

SHOP = "https://shop.example"


@pytest.fixture(autouse=True)
def _address(settings: Settings) -> None:
    settings.SITE_URL = SHOP


@pytest.mark.django_db
def test_robots_stay_out_of_accounts(client: Client) -> None:
    lines = client.get("/robots.txt").content.decode().splitlines()
    assert lines[0] == "User-agent: *"
    assert {"Disallow: /account/", "Disallow: /orders", "Disallow: /admin/", "Disallow: /api/"} <= set(lines)
    assert lines[-1] == f"Sitemap: {SHOP}/sitemap.xml"


def test_the_sitemap_has_what_is_on_sale_in_every_language(client: Client, provider: Provider) -> None:
    response = client.get("/sitemap.xml")
    tree = ElementTree.fromstring(response.content)
    names = {"s": "http://www.sitemaps.org/schemas/sitemap/0.9", "x": "http://www.w3.org/1999/xhtml"}
    pages = [each.text for each in tree.findall("s:url/s:loc", names)]
    assert {f"{SHOP}/", f"{SHOP}/buy", f"{SHOP}/docs", f"{SHOP}/status", f"{SHOP}/terms"} <= set(pages)
    assert any("telegram" in str(page) for page in pages)
    languages = [each.get("hreflang") for each in tree.findall("s:url[1]/x:link", names)]
    assert languages == ["en", "id", "ms", "zh-hans", "x-default"]
    assert response["Content-Type"] == "application/xml; charset=utf-8"


def test_every_page_of_the_sitemap_is_there(client: Client, provider: Provider) -> None:
    for address in re.findall("<loc>([^<]+)</loc>", html(client.get("/sitemap.xml"))):
        assert client.get(address.removeprefix(SHOP)).status_code == 200


@pytest.mark.django_db
def test_a_page_names_its_address_languages_and_picture(client: Client) -> None:
    page = html(client.get("/terms?lang=id&x=1"))
    assert f'<link rel="canonical" href="{SHOP}/terms?lang=id">' in page
    assert f'<link rel="alternate" hreflang="zh-hans" href="{SHOP}/terms?lang=zh-hans">' in page
    assert f'<link rel="alternate" hreflang="x-default" href="{SHOP}/terms">' in page
    assert f'<meta property="og:image" content="{SHOP}/static/img/social.png">' in page
    assert '<meta name="description" content="' in page


@pytest.mark.django_db
def test_the_front_has_a_card_of_its_own(client: Client) -> None:
    page = html(client.get("/"))
    assert '<meta property="og:title" content="A phone number for one code">' in page
    assert '<meta name="twitter:card" content="summary_large_image">' in page


@pytest.mark.django_db
def test_the_manifests_icons_are_what_it_says(client: Client) -> None:
    response = client.get("/manifest.webmanifest")
    told = json.loads(response.content)
    assert (response["Content-Type"], told["start_url"]) == ("application/manifest+json", "/dashboard")
    sizes = {(icon["sizes"], icon["purpose"]): size_of(icon["src"]) for icon in told["icons"][1:]}
    assert sizes == {
        ("192x192", "any"): (192, 192),
        ("512x512", "any"): (512, 512),
        ("512x512", "maskable"): (512, 512),
    }


def test_the_social_picture_has_its_size_and_is_small() -> None:
    assert size_of("/static/img/social.png") == (1200, 630)
    assert size_of("/static/img/apple-touch-icon.png") == (180, 180)
    assert found("img/social.png").stat().st_size < 60_000


def found(name: str) -> Path:
    return Path(str(finders.find(name)))


def size_of(address: str) -> tuple[int, int]:
    """Of a PNG, as its header tells."""
    head = found(address.removeprefix("/static/")).read_bytes()[:24]
    assert head.startswith(b"\x89PNG")
    return struct.unpack(">II", head[16:24])


@pytest.mark.django_db
def test_browsers_find_the_icon_where_they_look(client: Client) -> None:
    assert client.get("/favicon.ico")["Location"] == "/static/img/favicon.ico"
    assert found("img/favicon.ico").read_bytes()[:6] == struct.pack("<HHH", 0, 1, 3)


@pytest.mark.django_db
def test_who_finds_a_hole_is_told_whom_to_tell(client: Client, settings: Settings) -> None:
    settings.CONTACT = "help@shop.example"
    told = dict(line.split(": ", 1) for line in client.get("/.well-known/security.txt").content.decode().splitlines())
    assert told["Contact"] == "mailto:help@shop.example"
    left = datetime.fromisoformat(told["Expires"]) - timezone.now()
    assert timedelta(days=100) < left < timedelta(days=366)


@pytest.mark.django_db
def test_without_a_contact_there_is_no_such_file(client: Client) -> None:
    assert client.get("/.well-known/security.txt").status_code == 404
