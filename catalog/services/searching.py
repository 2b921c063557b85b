"""The table that searches read: it holds the names by which each service and each country may be looked for."""

from django.db import connection, transaction

from catalog import names
from catalog.models import Country, SearchName, Service

SEARCH_LOCK = 7_011_003
Row = tuple[str | None, int | None, str, bool]


@transaction.atomic
def refresh_names() -> int:
    """Bring the table up to date with services, countries and what we know of their names; how many rows changed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [SEARCH_LOCK])
    wanted = {*_of_services(), *_of_countries()}
    kept: dict[Row, int] = {
        (service, country, text, is_code): pk
        for pk, service, country, text, is_code in SearchName.objects.values_list(
            "pk", "service_id", "country_id", "text", "is_code"
        )
    }
    gone = [pk for row, pk in kept.items() if row not in wanted]
    SearchName.objects.filter(pk__in=gone).delete()
    new = [
        SearchName(service_id=service, country_id=country, text=text, is_code=is_code)
        for service, country, text, is_code in sorted(wanted - kept.keys(), key=str)
    ]
    SearchName.objects.bulk_create(new)
    return len(gone) + len(new)


def _of_services() -> list[Row]:
    rows: list[Row] = []
    for code, slug, name in Service.objects.values_list("code", "slug", "name"):
        found = names.service_names(code, slug, name)
        rows += [(code, None, text, False) for text in found]
        rows += [(code, None, names.fold(code), True)] if names.fold(code) not in found else []
    return rows


def _of_countries() -> list[Row]:
    return [
        (None, country, text, False)
        for country, iso2, slug, name in Country.objects.values_list("id", "iso2", "slug", "name")
        for text in names.country_names(iso2, slug, name)
    ]
