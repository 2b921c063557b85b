from typing import Any

import pytest
from django.db import connection

from catalog.models import Country, SearchName, Service, ServiceSummary
from catalog.names import fold
from catalog.search import search_countries, search_services
from catalog.services.pricing import catalogue_change
from catalog.services.searching import refresh_names
from catalog.upstream import reference


@pytest.fixture
def shop(db: None) -> None:
    """Sells every service of the reference that is on sale somewhere, in every country."""
    live = [each for each in reference.services() if each.live and each.code != "full"]
    Service.objects.bulk_create(
        Service(code=each.code, slug=each.slug, name=each.name, position=position) for position, each in enumerate(live)
    )
    ServiceSummary.objects.bulk_create(
        ServiceSummary(service_id=each.code, min_price_cents=39, total_count=1, country_count=1) for each in live
    )
    Country.objects.bulk_create(
        Country(id=each.id, iso2=each.iso2, slug=each.slug, name=each.name) for each in reference.countries()
    )
    refresh_names()


def services(words: str) -> list[str]:
    return [row.service.name for row in search_services(words, 10).services]


def first(words: str) -> str:
    return services(words)[0]


def countries(words: str) -> list[str]:
    found = search_countries(words, Country.objects.values_list("pk", flat=True))
    best = sorted(found.ids, key=lambda each: (found.ids[each], each))
    return [Country.objects.get(pk=each).name for each in best]


SERVICES = {
    "Telegram": ["telegram", "TELE", "tg", "电报", "飞机", "電", " Télégram "],
    "WhatsApp": ["wa", "whatsapp", "WhatsApp Business", "wasap", "what"],
    "WeChat": ["微信", "wechat", "weixin", "微"],
    "Facebook": ["fb", "脸书", "face", "facebook"],
    "TikTok / Douyin": ["抖音", "tiktok", "tik tok", "douyin"],
    "LINE": ["line"],
    "Shopee": ["shopee", "shoppe", "虾皮"],
    "Grab": ["grab", "grabpay"],
    "Gojek": ["gojek", "gopay"],
    "Tokopedia": ["tokopedia", "tokped"],
    "Google / YouTube / Gmail": ["google", "gmail", "yt", "谷歌", "goo"],
    "JD.com": ["jd.com", "jd com", "京东"],
    "Burger King": ["king", "burgerking", "burger-king"],
    "RedBook (Xiaohongshu)": ["小红书", "rednote", "xiaohongshu"],
    "McDonalds": ["McDonald's", "麦当劳"],
}


def test_services_are_found_by_what_people_call_them(shop: None) -> None:
    wanted = {words: name for name, all_ in SERVICES.items() for words in all_}
    assert {words: first(words) for words in wanted} == wanted
    assert [words for words in wanted if search_services(words, 10).is_corrected] == []


TYPOS = {
    "Telegram": ["telegarm", "telgram", "tellegram", "telegrm"],
    "WhatsApp": ["watsapp", "whatssap", "whatapp"],
    "Google / YouTube / Gmail": ["gogle", "gooogle"],
    "TikTok / Douyin": ["tikotk", "titok"],
    "Grab": ["garb"],
    "Shopee": ["shopeee"],
    "Instagram / Threads": ["instgram", "instagrm"],
    "Facebook": ["facebok", "facebbok"],
    "Gojek": ["gojeck"],
}


def test_slips_are_forgiven_and_told(shop: None) -> None:
    wanted = {words: name for name, all_ in TYPOS.items() for words in all_}
    assert {words: first(words) for words in wanted} == wanted
    assert [words for words in wanted if not search_services(words, 10).is_corrected] == []


def test_nothing_is_found_for_nothing(shop: None) -> None:
    nothing = ["", "  ", "%", "_", "\\", "jjjjjjj", "зззз", "龘", "x" * 500, "?!", "zq"]
    assert {words: services(words) for words in nothing} == {words: [] for words in nothing}


def test_whole_names_come_before_beginnings_and_these_before_words(shop: None) -> None:
    names = services("line")
    assert names[0] == "LINE"
    assert services("go")[0] == "Google / YouTube / Gmail"
    assert names.index("LINE") < min(i for i, name in enumerate(names) if name != "LINE")


def test_a_provider_s_code_is_found_whole_and_after_names(shop: None) -> None:
    assert "Amazon" in services("am")
    assert first("lf") == "TikTok / Douyin"
    assert "TikTok / Douyin" not in services("l")


def test_what_is_not_on_sale_is_not_found(shop: None) -> None:
    ServiceSummary.objects.filter(service="tg").delete()
    assert "Telegram" not in services("telegram")


COUNTRIES = {
    "Germany": ["germany", "Jerman", "德国", "de", "deutschland", "GERM"],
    "Malaysia": ["malaysia", "马来西亚", "my"],
    "Indonesia": ["indonesia", "印度尼西亚", "印尼", "id", "indo"],
    "United Kingdom": ["uk", "gb", "england", "英国", "britania"],
    "Turkey": ["turkey", "Türkiye", "turki", "土耳其"],
    "Hong Kong": ["香港", "hongkong", "hong kong"],
    "Spain": ["spain", "spanyol", "sepanyol", "西班牙"],
}


def test_countries_are_found_in_every_language_and_by_their_code(shop: None) -> None:
    wanted = {words: name for name, all_ in COUNTRIES.items() for words in all_}
    assert {words: countries(words)[0] for words in wanted} == wanted


def test_slips_in_countries_are_forgiven(shop: None) -> None:
    wanted = {"germny": "Germany", "phillipines": "Philippines", "malayisa": "Malaysia"}
    assert {words: countries(words)[0] for words in wanted} == wanted


def test_only_countries_on_offer_are_found(shop: None) -> None:
    assert search_countries("germany", [7]).ids == {}


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Côte d’Ivoire", "cote divoire"),
        ("  X (Twitter) ", "x twitter"),
        ("JD.com", "jd com"),
        ("ＷｅＣｈａｔ", "wechat"),
        ("微信 WeChat", "微信 wechat"),
        ("카카오톡", "카카오톡"),
        ("Łódź Straße", "lodz strasse"),
    ],
)
def test_how_names_are_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


def test_a_search_costs_at_most_three_statements(shop: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(2):
        search_services("telegram", 10)
    with django_assert_num_queries(3):
        search_services("telegarm", 10)
    with django_assert_num_queries(1):
        search_countries("jerman", [43])


def test_names_are_written_once(shop: None) -> None:
    assert refresh_names() == 0
    Country.objects.filter(slug="my").delete()
    assert not SearchName.objects.filter(text="malaysia").exists()
    assert refresh_names() == 0


def test_a_renamed_service_is_found_by_its_new_name(shop: None) -> None:
    with catalogue_change():
        Service.objects.filter(code="tg").update(name="Paper Plane")
    assert first("paper plane") == "Paper Plane"


def test_the_extension_is_there(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_extension WHERE extname = 'pg_trgm'")
        assert cursor.fetchone() == (1,)
