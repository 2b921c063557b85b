"""The API answers in English, whatever language its caller's browser or pages have."""

import json

from django.test import Client
from django.utils import translation

from accounts.models import User
from tests.conftest import Api
from tests.web.conftest import signed_in


def told(api: Api, **headers: str) -> str:
    message: str = json.loads(api.post("/orders", {"service": ""}, **headers).content)["message"]
    return message


def test_it_is_not_asked_which_language_is_wanted(api: Api) -> None:
    assert told(api, Accept_Language="id", Cookie="lang=id") == told(api)


def test_a_page_that_the_same_thread_has_shown_changes_nothing(api: Api, alice: User) -> None:
    before = told(api)
    User.objects.filter(pk=alice.pk).update(lang="id")
    for client in (signed_in(alice), Client(headers={"accept-language": "zh-CN"})):
        client.get("/account/login")
        client.get("/nowhere")
        assert (told(api), translation.get_language()) == (before, "en")


def test_the_words_would_differ(api: Api) -> None:
    """So that the tests above prove something."""
    with translation.override("id"):
        indonesian = told(api)
    assert indonesian != told(api)
