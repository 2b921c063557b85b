"""The actions that show what is on sale."""

from catalog.upstream.sandbox.engine.refusals import bad_field
from catalog.upstream.sandbox.engine.shelf import Offer
from catalog.upstream.sandbox.engine.shop import Shop
from catalog.upstream.sandbox.wire.operators import OPERATORS
from catalog.upstream.sandbox.wire.profiles import Profile
from catalog.upstream.sandbox.wire.reply import Reply, as_json
from catalog.upstream.sandbox.wire.values import Params, flag, plain, whole

RETAIL = 1.2  # a provider's list price is so many times what the account pays


class Catalogue:
    """Keeps the price list of each country rendered until its stock changes: a whole list is a megabyte."""

    def __init__(self, shop: Shop, profile: Profile) -> None:
        self._shop = shop
        self._profile = profile
        self._countries: dict[int, tuple[int, str]] = {}
        self._whole: tuple[int, str] = (-1, "")

    def prices(self, params: Params) -> Reply:
        service = params.get("service", "")
        if service and service not in self._shop.services:
            return as_json({"status": "false", "msg": "service is incorrect"})
        if not service and not params.get("country"):
            return Reply(self._whole_list(), is_json=True)
        country = whole(params, "country") if params.get("country") else None
        places = self._shop.shelf.countries() if country is None else [country]
        rows = (self._row(place, service) for place in places)
        return Reply("{" + ",".join(row for row in rows if row) + "}", is_json=True)

    def _whole_list(self) -> str:
        shelf = self._shop.shelf
        if self._whole[0] != shelf.changes:
            rows = (self._row(country, "") for country in shelf.countries())
            self._whole = (shelf.changes, "{" + ",".join(row for row in rows if row) + "}")
        return self._whole[1]

    def _row(self, country: int, service: str) -> str:
        if service:
            offer = self._shop.shelf.offer(country, service)
            cells = _cell(service, offer) if offer is not None and offer.count > 0 else ""
        else:
            cells = self._cells(country)
        return f'"{country}":{{{cells}}}' if cells else ""

    def _cells(self, country: int) -> str:
        shelf = self._shop.shelf
        version, cells = self._countries.get(country, (-1, ""))
        if version != shelf.version(country):
            cells = ",".join(_cell(code, offer) for code, offer in shelf.in_stock(country))
            self._countries[country] = (shelf.version(country), cells)
        return cells

    def countries(self, params: Params) -> Reply:
        flags = {"visible": 1, "retry": 1, "rent": 0, "multiService": 0}
        sold_in = (self._shop.countries[id_] for id_ in self._shop.shelf.countries())
        names = {c.id: {"rus": c.name, "eng": c.name, "chn": c.name} for c in sold_in}
        return as_json({str(id_): {"id": id_, **name, **flags} for id_, name in names.items()})

    def services(self, params: Params) -> Reply:
        if params.get("country"):
            sold = {code for code, _ in self._shop.shelf.in_stock(whole(params, "country"))}
        else:
            sold = self._shop.shelf.services() | {"full"}
        listed = [s for s in self._shop.services.values() if s.code in sold]
        return as_json({"status": "success", "services": [{"code": s.code, "name": s.name} for s in listed]})

    def operators(self, params: Params) -> Reply:
        chosen = OPERATORS
        if params.get("country"):
            country = whole(params, "country")
            chosen = {id_: names for id_, names in OPERATORS.items() if id_ == country}
        if not chosen:
            return self._profile.no_operators
        return as_json({"status": "success", "countryOperators": {str(i): n for i, n in chosen.items()}})

    def numbers_status(self, params: Params) -> Reply:
        places = self._shop.shelf.countries()
        if self._profile.needs_country or params.get("country"):
            places = [self._required_country(params)]
        counts: dict[str, int] = {}
        for place in places:
            for code, offer in self._shop.shelf.in_stock(place):
                counts[code] = counts.get(code, 0) + offer.count
        in_words = str if self._profile.counts_as_text else int
        return as_json({code: in_words(count) for code, count in counts.items()})

    def _required_country(self, params: Params) -> int:
        if not params.get("country"):
            raise bad_field("country", message="Param 'country' must be a number")
        return whole(params, "country")

    def top_countries(self, params: Params) -> Reply:
        service = params.get("service", "")
        with_tiers = flag(params, "freePrice")
        if service and service not in self._shop.services:
            raise bad_field("service")
        if service:
            return as_json(self._ranking(service, with_tiers))
        sold = sorted(self._shop.shelf.services())
        return as_json({code: self._ranking(code, with_tiers) for code in sold})

    def _ranking(self, service: str, with_tiers: bool) -> dict[str, object]:
        offers = sorted(self._shop.shelf.of_service(service), key=lambda sold: -sold[1].count)
        return {str(rank): _ranked(*sold, with_tiers) for rank, sold in enumerate(offers)}


def _cell(code: str, offer: Offer) -> str:
    physical = offer.count // 8
    return f'"{code}":{{"cost":{plain(offer.cost)},"count":{offer.count},"physicalCount":{physical}}}'


def _ranked(country: int, offer: Offer, with_tiers: bool) -> dict[str, object]:
    price, count = float(offer.cost), offer.count
    retail = round(price * RETAIL, 4)
    row: dict[str, object] = {"country": country, "price": price, "retail_price": retail, "count": count}
    if with_tiers:
        row["freePriceMap"] = {plain(offer.cost): count}
    return row
