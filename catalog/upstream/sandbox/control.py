"""The control API: the sandbox's knobs, for tests that run beside it.

Every POST takes a JSON object and answers `{"ok": true, ...}`, or 400 `{"ok": false, "error": "..."}`.
Names that are not listed here are refused; what is left out stays as it is. Money is a string or a
number, in dollars; times are seconds.

  POST /control/clock     {"advance": 60}; a virtual clock only -> now
  POST /control/rules     {"grace", "lifetime", "refund_delay", "forget_after", "drift"}; drift 1.2 charges
                          a fifth more than is listed
  POST /control/account   {"balance", "key", "key_works", "banned_until", "max_open"}; banned_until in Unix
                          seconds, max_open is the CHANNELS_LIMIT; null lifts either; key null takes any
  POST /control/offers    {"country", "service", "cost", "count"}: set one pair's cost, stock or both
  POST /control/sms       {"never", "after", "every", "texts", "service", "country", "times"}: how the next
                          numbers get SMS (see SmsPlan); times null is for good, 1 is usual
  POST /control/deliver   {"id", "text"}: an SMS comes now; without text one is made up -> code, text
  POST /control/withdraw  {"id"}: the provider takes the number back, with refund
  POST /control/phones    {"phones": ["6281234567"]}: the next purchases get these numbers
  POST /control/faults    {"fault", "action", "times", "seconds", "retry_after", "word", "status", "body"}
                          (see faults.py); {"clear": true} takes all back
  POST /control/push      {"url", "times", "late"}: tell a URL of every SMS, so often, so late; url null: off
  POST /control/log       {"clear": true}
  GET  /control/log       ?action=&since=  -> total, counts by action, calls (number, at, action, params,
                          fault, status) after number `since`
  GET  /control/state     now, profile, balance, open numbers, pushes sent
"""

import json
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from catalog.upstream.sandbox.engine.activation import Activation
from catalog.upstream.sandbox.engine.clock import VirtualClock
from catalog.upstream.sandbox.engine.refusals import Refusal
from catalog.upstream.sandbox.engine.shop import Shop
from catalog.upstream.sandbox.engine.smsplan import SmsPlan
from catalog.upstream.sandbox.faults import Fault, Faults
from catalog.upstream.sandbox.http import Request, render
from catalog.upstream.sandbox.log import CallLog
from catalog.upstream.sandbox.push import Habits, Push
from catalog.upstream.sandbox.wire.reply import compact
from catalog.upstream.sandbox.wire.values import plain

PREFIX = "/control/"
Told = dict[str, Any]


class Control:
    def __init__(self, shop: Shop, faults: Faults, log: CallLog, push: Push) -> None:
        self._shop = shop
        self._faults = faults
        self._log = log
        self._push = push
        self._knobs: dict[str, Callable[[Told], Told]] = {
            "clock": self._clock,
            "rules": self._rules,
            "account": self._account,
            "offers": self._offers,
            "sms": self._sms,
            "deliver": self._deliver,
            "withdraw": self._withdraw,
            "phones": self._phones,
            "faults": self._set_faults,
            "push": self._set_push,
            "log": self._clear_log,
        }

    def __call__(self, request: Request) -> bytes | None:
        if not request.path.startswith(PREFIX):
            return None
        name = request.path.removeprefix(PREFIX)
        try:
            return _reply(200, {"ok": True, **self._turn_knob(name, request)})
        except Refusal as refusal:
            return _reply(400, {"ok": False, "error": refusal.word})
        except (ValueError, TypeError, KeyError, InvalidOperation) as problem:
            return _reply(400, {"ok": False, "error": f"{type(problem).__name__}: {problem}"})

    def _turn_knob(self, name: str, request: Request) -> Told:
        if request.method == "GET" and name == "log":
            return self._log.as_dict(request.query.get("action"), int(request.query.get("since", "0")))
        if request.method == "GET" and name == "state":
            return self._state()
        if request.method != "POST" or name not in self._knobs:
            raise ValueError("no such knob")
        told = json.loads(request.body or b"{}")
        if not isinstance(told, dict):
            raise TypeError("send a JSON object")
        with self._shop.turn():
            return self._knobs[name](told)

    def _clock(self, told: Told) -> Told:
        clock = self._shop.clock
        if not isinstance(clock, VirtualClock):
            raise TypeError("the clock is the real one")
        clock.advance(float(_only(told, "advance")["advance"]))
        self._shop.tick()
        return {"now": clock.now()}

    def _rules(self, told: Told) -> Told:
        names = ("grace", "lifetime", "refund_delay", "forget_after", "drift")
        for name, value in _only(told, *names).items():
            known = None if value is None else float(value)
            if known is None and name != "forget_after":
                raise ValueError(f"{name} cannot be null")
            setattr(self._shop.rules, name, _money(value) if name == "drift" else known)
        return {}

    def _account(self, told: Told) -> Told:
        for name, value in _only(told, "balance", "key", "key_works", "banned_until", "max_open").items():
            setattr(self._shop.account, name, _money(value) if name == "balance" else value)
        return {"balance": plain(self._shop.account.balance)}

    def _offers(self, told: Told) -> Told:
        told = _only(told, "country", "service", "cost", "count")
        cost = None if told.get("cost") is None else _money(told["cost"])
        offer = self._shop.stock(int(told["country"]), str(told["service"]), cost, told.get("count"))
        return {"cost": plain(offer.cost), "count": offer.count}

    def _sms(self, told: Told) -> Told:
        told = _only(told, "never", "after", "every", "texts", "service", "country", "times")
        if told.get("texts") is not None:
            told["texts"] = tuple(map(str, told["texts"]))
        self._shop.plan_sms(SmsPlan(**told))
        return {}

    def _deliver(self, told: Told) -> Told:
        message = self._shop.deliver(int(_only(told, "id", "text")["id"]), told.get("text"))
        return {"code": message.code, "text": message.text}

    def _withdraw(self, told: Told) -> Told:
        self._shop.withdraw(int(_only(told, "id")["id"]))
        return {}

    def _phones(self, told: Told) -> Told:
        self._shop.phones.forced.extend(map(str, _only(told, "phones")["phones"]))
        return {}

    def _set_faults(self, told: Told) -> Told:
        if told.pop("clear", False):
            self._faults.clear()
        if told:
            self._faults.add(Fault(**told))
        return {}

    def _set_push(self, told: Told) -> Told:
        self._push.habits = Habits(**told)
        return {}

    def _clear_log(self, told: Told) -> Told:
        if _only(told, "clear").get("clear"):
            self._log.clear()
        return {}

    def _state(self) -> Told:
        with self._shop.turn() as now:
            return {
                "now": now,
                "profile": self._push.profile.name,
                "balance": plain(self._shop.account.balance),
                "open": [_told_of(number) for number in self._shop.open(0, self._shop.open_count())],
                "pushes": [{"status": p.status, "tries": p.tries} for p in self._push.parcels],
            }


def _only(told: Told, *names: str) -> Told:
    strange = sorted(set(told) - set(names))
    if strange:
        raise ValueError(f"no such field: {', '.join(strange)}")
    return told


def _money(value: Any) -> Decimal:
    return Decimal(str(value))


def _told_of(number: Activation) -> Told:
    return {
        "id": number.id,
        "phone": number.phone,
        "service": number.service,
        "country": number.country,
        "cost": plain(number.cost),
        "phase": number.phase.value,
        "sms": [message.text for message in number.messages],
    }


def _reply(status: int, told: Told) -> bytes:
    return render(status, "application/json", compact(told).encode())
