"""Where a request's parameters become a reply: key, action, answer or refusal."""

from collections.abc import Callable

from catalog.upstream.sandbox.engine.refusals import Refusal
from catalog.upstream.sandbox.engine.shop import Shop
from catalog.upstream.sandbox.wire.activations import Activations
from catalog.upstream.sandbox.wire.catalogue import Catalogue
from catalog.upstream.sandbox.wire.profiles import Profile
from catalog.upstream.sandbox.wire.reply import Reply
from catalog.upstream.sandbox.wire.values import Params, balance_text

_EXTRAS = frozenset({"getAllSms", "finishActivation", "cancelActivation", "getBalanceAndCashBack"})


class Desk:
    def __init__(self, shop: Shop, profile: Profile) -> None:
        self.shop = shop
        self.profile = profile
        self._actions = _table(self, Activations(shop, profile), Catalogue(shop, profile))

    def answer(self, params: Params) -> Reply:
        action = params.get("action", "")
        with self.shop.turn():
            try:
                if action not in self.profile.keyless:
                    self.shop.account.check_key(params.get("api_key", ""))
                return self._find(action)(params)
            except Refusal as refusal:
                return self.profile.refuse(refusal, action)

    def _find(self, action: str) -> Callable[[Params], Reply]:
        if action not in self._actions or action in _EXTRAS - self.profile.extras:
            raise Refusal("BAD_ACTION")
        return self._actions[action]

    def balance(self, params: Params) -> Reply:
        return Reply(f"ACCESS_BALANCE:{balance_text(self.shop.account.balance)}")


def _table(desk: Desk, numbers: Activations, catalogue: Catalogue) -> dict[str, Callable[[Params], Reply]]:
    return {
        "getBalance": desk.balance,
        "getBalanceAndCashBack": desk.balance,
        "getNumber": numbers.number,
        "getNumberV2": numbers.number_v2,
        "getStatus": numbers.status,
        "getStatusV2": numbers.status_v2,
        "getAllSms": numbers.all_sms,
        "setStatus": numbers.set_status,
        "finishActivation": numbers.finish,
        "cancelActivation": numbers.cancel,
        "getActiveActivations": numbers.active,
        "getHistory": numbers.history,
        "getPrices": catalogue.prices,
        "getCountries": catalogue.countries,
        "getServicesList": catalogue.services,
        "getOperators": catalogue.operators,
        "getNumbersStatus": catalogue.numbers_status,
        "getTopCountriesByService": catalogue.top_countries,
        "getTopCountriesByServiceRank": catalogue.top_countries,
    }
