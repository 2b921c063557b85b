"""The actions that buy a number, follow it and end it."""

from collections.abc import Callable
from typing import Any

from catalog.upstream.sandbox.engine.activation import Activation, Phase
from catalog.upstream.sandbox.engine.refusals import Refusal, bad_field
from catalog.upstream.sandbox.engine.shop import Shop, Wish
from catalog.upstream.sandbox.wire.profiles import Profile, sms_row
from catalog.upstream.sandbox.wire.reply import Reply, as_json
from catalog.upstream.sandbox.wire.values import Params, flag, money, whole

CURRENCY = 840  # ISO 4217: US dollars
PAGE = 100
DAY = 86_400
_NUMBERS = {
    Phase.WAITING: "4",
    Phase.RECEIVED: "2",
    Phase.WAITING_AGAIN: "3",
    Phase.FINISHED: "6",
    Phase.REFUNDED: "7",
    Phase.CANCELLED: "8",
}
_OVER = frozenset({Phase.CANCELLED, Phase.REFUNDED})


class Activations:
    def __init__(self, shop: Shop, profile: Profile) -> None:
        self._shop = shop
        self._profile = profile

    # Buying

    def number(self, params: Params) -> Reply:
        bought = self._shop.buy(self._wish(params))
        return Reply(f"ACCESS_NUMBER:{bought.id}:{bought.phone}")

    def number_v2(self, params: Params) -> Reply:
        bought = self._shop.buy(self._wish(params))
        stamp = self._profile.stamp
        return as_json(
            {
                "activationId": self._profile.id_on_wire(bought.id),
                "phoneNumber": bought.phone,
                "activationCost": float(bought.cost),
                "currency": CURRENCY,
                "countryCode": str(bought.country),
                "countryPhoneCode": int(self._shop.countries[bought.country].dial_code),
                "canGetAnotherSms": "1",
                "activationTime": stamp(bought.bought_at),
                "activationEndTime": stamp(bought.ends_at),
                "activationOperator": bought.operator,
                "serviceCode": bought.service,
                "subtype": 0,
                "status": _NUMBERS[bought.phase],
                "verificationType": 0,
            }
        )

    def _wish(self, params: Params) -> Wish:
        if not params.get("service"):
            raise bad_field("service", "REQUIRED")
        anywhere = not self._profile.needs_country and params.get("country", "") in ("", "any")
        return Wish(
            service=params["service"],
            country=None if anywhere else whole(params, "country"),
            max_price=money(params, "maxPrice"),
            fixed_price=flag(params, "fixedPrice"),
            operator=params.get("operator", "").split(",")[0] or "any",
        )

    # Following

    def status(self, params: Params) -> Reply:
        activation = self._find(params)
        last = activation.last
        if activation.phase in _OVER:
            return Reply("STATUS_CANCEL")
        if last is None:
            return Reply("STATUS_WAIT_CODE")
        if activation.phase is Phase.WAITING_AGAIN:
            return Reply(f"STATUS_WAIT_RETRY:{last.short}")
        last.shown = True
        return Reply(f"STATUS_OK:{last.short}")

    def status_v2(self, params: Params) -> Reply:
        activation = self._find(params)
        if activation.phase in _OVER:
            return Reply("STATUS_CANCEL")
        if activation.last is not None:
            activation.last.shown = True
        return as_json(self._profile.status_v2(self._profile, activation))

    def all_sms(self, params: Params) -> Reply:
        activation = self._find(params)
        size, page = whole(params, "size", PAGE), whole(params, "page", 1)
        start = max(0, page - 1) * size
        for message in activation.messages:
            message.shown = True
        rows = [sms_row(self._profile, activation, m) for m in activation.messages[start : start + size]]
        meta = {"total": len(activation.messages), "service": activation.service}
        return as_json({"data": rows, "meta": meta})

    def _find(self, params: Params) -> Activation:
        return self._shop.find(whole(params, "id"))

    # Ending

    def set_status(self, params: Params) -> Reply:
        id_ = self._find(params).id
        steps: dict[str, tuple[Callable[[int], None], str]] = {
            "1": (self._shop.acknowledge, "ACCESS_READY"),
            "3": (self._shop.ask_again, "ACCESS_RETRY_GET"),
            "6": (self._shop.finish, "ACCESS_ACTIVATION"),
            "8": (self._shop.cancel, "ACCESS_CANCEL"),
            "-1": (self._shop.cancel, "ACCESS_CANCEL"),
        }
        if params.get("status", "") not in steps:
            raise Refusal("BAD_STATUS")
        step, done = steps[params["status"]]
        step(id_)
        return Reply(done)

    def finish(self, params: Params) -> Reply:
        self._shop.finish(whole(params, "id"))
        return Reply("", 204)

    def cancel(self, params: Params) -> Reply:
        self._shop.cancel(whole(params, "id"))
        return Reply("", 204)

    # Lists

    def active(self, params: Params) -> Reply:
        rows = self._shop.open(whole(params, "start", 0), min(PAGE, whole(params, "limit", PAGE)))
        if not rows:
            return self._profile.no_active
        shown = [self._active_row(row) for row in rows]
        return as_json({"status": "success", "data": shown, "activeActivations": shown})

    def _active_row(self, activation: Activation) -> dict[str, Any]:
        messages = activation.messages
        return {
            "activationId": str(activation.id),
            "serviceCode": activation.service,
            "phoneNumber": activation.phone,
            "activationCost": float(activation.cost),
            "activationStatus": _NUMBERS[activation.phase],
            "smsCode": self._profile.sms_in_row([m.code for m in messages]),
            "smsText": self._profile.sms_in_row([m.text for m in messages]),
            "activationTime": self._profile.stamp(activation.bought_at),
            "discount": "0.00",
            "repeated": "0",
            "countryCode": str(activation.country),
            "countryName": self._shop.countries[activation.country].name,
            "canGetAnotherSms": "1",
            "currency": CURRENCY,
        }

    def history(self, params: Params) -> Reply:
        now = int(self._shop.clock.now())
        since, until = whole(params, "start", now - DAY), whole(params, "end", now + 1)
        if self._profile.name == "classic" and since < now - 30 * DAY:
            raise Refusal("WRONG_DATE")
        size = min(PAGE, whole(params, "size", whole(params, "limit", PAGE)))
        rows = self._shop.history(since, until, whole(params, "offset", 0), size)
        return as_json([self._history_row(row) for row in rows])

    def _history_row(self, activation: Activation) -> dict[str, Any]:
        last = activation.last
        return {
            "id": str(activation.id),
            "date": self._profile.stamp(activation.bought_at),
            "phone": activation.phone,
            "sms": last.text if last else None,
            "cost": float(activation.cost),
            "status": _NUMBERS[activation.phase],
            "currency": CURRENCY,
        }
