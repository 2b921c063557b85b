"""The four languages, and how each writes money, numbers, times and names of countries (by CLDR, from Babel)."""

from datetime import date, datetime
from decimal import Decimal
from functools import lru_cache

from babel import Locale
from babel.dates import format_date, format_time, get_datetime_format
from babel.numbers import format_currency, format_decimal, format_percent, get_decimal_symbol
from django.utils import timezone
from django.utils.translation import get_language

ENGLISH = "en"
# The account's and the API's codes where they differ from Django's.
_DJANGO_CODES = {"zh": "zh-hans"}
_API_CODES = {django: api for api, django in _DJANGO_CODES.items()}
# English as most of the world writes dates: 29 Nov 2026, 18:02.
_LOCALES = {"en": "en_GB", "id": "id_ID", "ms": "ms_MY", "zh-hans": "zh_Hans_CN"}
MINUS = "−"


def django_code(lang: str) -> str:
    """Of User.lang: zh is zh-hans."""
    return _DJANGO_CODES.get(lang, lang)


def api_code(language: str) -> str:
    """User.lang for one of settings.LANGUAGES: zh-hans is zh."""
    return _API_CODES.get(language, language)


@lru_cache
def _locale(language: str) -> Locale:
    return Locale.parse(_LOCALES[language])


def current_locale() -> Locale:
    language = get_language() or ENGLISH
    return _locale(language if language in _LOCALES else ENGLISH)


def dollars(cents: int) -> str:
    """US cents as the reader's language writes them: $1,234.56, US$ 1.234,56."""
    amount = format_currency(Decimal(abs(cents)).scaleb(-2), "USD", locale=_locale_of_money())
    return f"{MINUS}{amount}" if cents < 0 else amount


def whole_dollars(cents: int) -> str:
    """Without the cents, for round amounts: $1,000."""
    locale = _locale_of_money()
    pattern = locale.currency_formats["standard"].pattern.replace(".00", "")
    return format_currency(cents // 100, "USD", pattern, locale=locale, currency_digits=False)


def _locale_of_money() -> Locale:
    """In British English a dollar would be a US$."""
    locale = current_locale()
    return Locale("en", "US") if locale.language == ENGLISH else locale


def number(value: int | Decimal) -> str:
    return format_decimal(value, locale=current_locale())


def percent(value: float | Decimal) -> str:
    """Of a hundred, with all digits that say something: 99.97%, 99,97%, 10%."""
    share = (Decimal(str(value)) / 100).normalize()
    return format_percent(share, locale=current_locale(), decimal_quantization=False)


def decimal_sign() -> str:
    return get_decimal_symbol(current_locale())


def day(moment: date) -> str:
    """Of a moment in the reader's time zone; a date stays as it is."""
    local = timezone.localtime(moment).date() if isinstance(moment, datetime) else moment
    return format_date(local, "medium", locale=current_locale())


def clock(moment: datetime, *, seconds: bool = False) -> str:
    """In the reader's time zone, which is named where it is UTC: of most readers it is not known then."""
    local = timezone.localtime(moment)
    text = format_time(local.time(), "medium" if seconds else "short", locale=current_locale())
    return f"{text} UTC" if timezone.get_current_timezone_name() == "UTC" else text


def day_and_clock(moment: datetime, *, seconds: bool = False) -> str:
    both = str(get_datetime_format("medium", locale=current_locale()))
    return both.replace("{1}", day(moment)).replace("{0}", clock(moment, seconds=seconds)).replace("'", "")


def territory(iso2: str) -> str | None:
    """A country's name by its ISO 3166-1 alpha-2 code; None for one that CLDR does not know."""
    return current_locale().territories.get(iso2.upper())
