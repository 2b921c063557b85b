from catalog.models import Provider, Service
from catalog.selectors import service_codes


def test_services_are_known_by_code_slug_and_name(provider: Provider) -> None:
    Service.objects.create(code="wa", slug="whatsapp", name="WhatsApp")
    words = ["TG", "telegram", "WhatsApp", "nothing", ""]
    assert service_codes(words) == {"TG": "tg", "telegram": "tg", "WhatsApp": "wa"}


def test_a_code_wins_over_anothers_name(provider: Provider) -> None:
    Service.objects.create(code="xx", slug="x-x", name="TG")
    assert service_codes(["tg"]) == {"tg": "tg"}


def test_no_words_no_codes(provider: Provider) -> None:
    assert service_codes([]) == {}
