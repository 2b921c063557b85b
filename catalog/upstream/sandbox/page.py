"""The page at the sandbox's address: open numbers, and a box to type an SMS to each."""

import re
from functools import cache
from html import escape
from importlib.resources import files

from catalog.upstream.sandbox.engine.activation import Activation
from catalog.upstream.sandbox.engine.refusals import Refusal
from catalog.upstream.sandbox.engine.shop import Shop
from catalog.upstream.sandbox.http import Request, form, render
from catalog.upstream.sandbox.line import API_PATH

SHOWN = 100
_HTML = "text/html; charset=utf-8"


class Page:
    def __init__(self, shop: Shop, profile_name: str) -> None:
        self._shop = shop
        self._profile_name = profile_name

    def __call__(self, request: Request) -> bytes | None:
        match request.method, request.path:
            case "GET", "/":
                return render(200, _HTML, self._whole().encode())
            case "GET", "/numbers":
                return render(200, _HTML, self._cards().encode())
            case "POST", "/sms":
                return self._send(form(request.body.decode("utf-8", "replace")))
        return None

    def _whole(self) -> str:
        page = _template().replace("{profile}", escape(self._profile_name)).replace("{path}", API_PATH)
        return page.replace("{cards}", self._cards())

    def _cards(self) -> str:
        with self._shop.turn() as now:
            numbers = self._shop.open(0, SHOWN)
            if not numbers:
                return '<p class="none">No number is open. Buy one, and it shows up here.</p>'
            return "".join(self._card(number, now) for number in numbers)

    def _card(self, number: Activation, now: float) -> str:
        service = escape(self._shop.services[number.service].name)
        country = escape(self._shop.countries[number.country].name)
        minutes, seconds = divmod(max(0, round(number.ends_at - now)), 60)
        sms = "".join(f'<p class="sms">{escape(message.text)}</p>' for message in number.messages)
        badge = "badge received" if number.phase.value == "received" else "badge"
        return f"""<section class="card" id="n{number.id}">
<div class="top"><span class="phone">+{escape(number.phone)}</span>
<span class="{badge}">{escape(number.phase.value)}</span></div>
<div class="top"><span class="what">{service} · {country}</span>
<span class="left">{minutes}:{seconds:02} left</span></div>
{sms}<form method="post" action="/sms"><input type="hidden" name="id" value="{number.id}">
<input name="text" maxlength="1000" autocomplete="off" placeholder="Your code is 12345"
 aria-label="SMS to +{escape(number.phone)}"><button>Send</button></form></section>"""

    def _send(self, fields: dict[str, str]) -> bytes:
        """Back to the number's card, also where the number has closed meanwhile."""
        id_ = fields.get("id", "")
        if not re.fullmatch("[0-9]{1,18}", id_):
            return render(400, "text/plain", b"No such number")
        try:
            self._shop.deliver(int(id_), fields.get("text", "").strip() or None)
        except Refusal:
            return render(404, "text/plain", b"No such number")
        return render(303, _HTML, b"", (("Location", f"/#n{id_}"),))


@cache
def _template() -> str:
    return files(__package__).joinpath("page.html").read_text("utf-8")
