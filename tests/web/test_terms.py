import pytest
from django.test import Client
from pytest_django import Settings

from tests.web.shopping import html

pytestmark = pytest.mark.django_db


def test_the_terms_are_linked_from_every_page_and_the_sign_up(client: Client) -> None:
    assert html(client.get("/")).count('href="/terms"') == 1
    assert html(client.get("/accounts/signup/")).count('href="/terms"') == 2


@pytest.mark.parametrize(
    ("contact", "link"),
    [
        ("help@shop.example", 'href="mailto:help@shop.example"'),
        ("https://shop.example/@help", 'href="https://shop.example/@help"'),
    ],
)
def test_the_terms_say_where_to_write(client: Client, settings: Settings, contact: str, link: str) -> None:
    settings.CONTACT = contact
    assert link in html(client.get("/terms"))


def test_without_a_contact_none_is_shown(client: Client) -> None:
    assert "Contact" not in html(client.get("/terms"))
