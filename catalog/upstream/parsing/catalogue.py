"""What is on sale, and our balance."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from catalog.upstream.errors import Unclear
from catalog.upstream.parsing import values
from catalog.upstream.parsing.refusals import refusal
from catalog.upstream.parsing.wire import read, word_of
from catalog.upstream.types import CountryRow, OfferRow, ServiceRow


def parse_balance(body: bytes, status: int) -> Decimal:
    answer = read(body, status)
    if isinstance(answer, dict) and 200 <= status < 300 and answer.get("balance") is not None:
        return values.amount(answer["balance"])
    word = word_of(answer) if isinstance(answer, str) else None
    if word and word.token == "ACCESS_BALANCE" and 200 <= status < 300:  # noqa: S105
        return values.amount(word.rest.partition(":")[0])
    raise refusal(answer, status)


def _data(body: bytes, status: int) -> dict[str, Any] | list[Any]:
    answer = read(body, status)
    if isinstance(answer, str) or word_of(answer) or not 200 <= status < 300:
        raise refusal(answer, status)
    return answer


def parse_countries(body: bytes, status: int) -> list[CountryRow]:
    """From an object by id or an array. A row without an id is left out (one provider has such a one)."""
    rows = values.rows_of(_data(body, status)) or []
    found = {row.country: row for raw in rows if (row := _country(raw))}
    return list(found.values())


def _country(row: Any) -> CountryRow | None:
    if not isinstance(row, dict):
        raise Unclear("BAD_ROW")
    country = values.whole_or_none(row.get("id"))
    name = next(filter(None, (values.text(row.get(key)) for key in ("eng", "name", "rus"))), "")
    return None if country is None else CountryRow(country, name or f"Country {country}")


def parse_services(body: bytes, status: int) -> list[ServiceRow]:
    """From rows, or a bare map of code to name, with or without the `services` around it."""
    answer = _data(body, status)
    if isinstance(answer, dict) and isinstance(answer.get("services"), list | dict):
        answer = answer["services"]
    elif isinstance(answer, dict) and "status" in answer:
        raise Unclear("NO_SERVICES")
    rows = answer.items() if isinstance(answer, dict) else ((None, row) for row in answer)
    found = {row.code: row for key, raw in rows if (row := _service(key, raw))}
    return list(found.values())


def _service(key: str | None, row: Any) -> ServiceRow | None:
    """None for what is no code: nothing can be bought under it."""
    fields = row if isinstance(row, dict) else {"name": row}
    code = values.service_code(fields.get("code") or key)
    return None if code is None else ServiceRow(code, values.text(fields.get("name")) or code)


def parse_offers(body: bytes, status: int) -> list[OfferRow]:
    """Country, then service, then cost and count. Raises Unclear for one bad figure in the whole list."""
    found: dict[tuple[int, str], OfferRow] = {}
    for country, key, cell in _cells(_data(body, status)):
        code = values.service_code(key)
        if code and cell:
            found.setdefault((country, code), _offer(country, code, cell))
    return list(found.values())


def _cells(answer: Any) -> Iterator[tuple[int, str, Any]]:
    """An empty object comes as an empty array too; the row of a country without an id is left out."""
    for key, services in _items(answer):
        if key in ("", "null"):
            continue
        country = values.whole_or_none(key)
        if country is None:
            raise Unclear("BAD_COUNTRY_KEY")
        for code, cell in _items(services):
            yield country, code, cell


def _items(value: Any) -> list[tuple[str, Any]]:
    if isinstance(value, dict):
        return list(value.items())
    if value in ([], None):
        return []
    raise Unclear("BAD_PRICES")


def _offer(country: int, code: str, cell: Any) -> OfferRow:
    if not isinstance(cell, dict):
        raise Unclear("BAD_PRICES")
    cost = cell["cost"] if "cost" in cell else cell.get("price")
    if cost is not None or "count" in cell:
        return OfferRow(country, code, values.money(cost), values.count(cell.get("count")))
    tiers = [_tier(price, tier) for price, tier in cell.items()]
    in_stock = [tier for tier in tiers if tier[1]] or tiers
    return OfferRow(country, code, min(in_stock)[0], values.count(sum(tier[1] for tier in tiers)))


def _tier(key: str, tier: Any) -> tuple[Decimal, int]:
    """Counts by price (`"0.683":22`), or rows by seller."""
    if isinstance(tier, dict):
        return values.money(tier.get("price")), values.count(tier.get("count"))
    return values.money(key), values.count(tier)
