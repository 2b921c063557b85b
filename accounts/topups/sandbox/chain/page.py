"""The page at the chain's address: send made-up money, and watch it being confirmed."""

import re
from decimal import Decimal, InvalidOperation
from functools import cache
from html import escape
from importlib.resources import files
from urllib.parse import parse_qsl, urlencode

from accounts.topups.gateways.addresses import is_address
from accounts.topups.sandbox.chain.ledger import FALSE_USDT, USDT, Event, Ledger, Transaction, made_up_address

SHOWN = 50
MAX_AMOUNT = Decimal(10**9)
TOKENS = {"usdt": USDT, "false": FALSE_USDT}
SENDER = made_up_address("the sandbox's customer")
_HTML = "text/html; charset=utf-8"
Answer = tuple[int, str, bytes, tuple[tuple[str, str], ...]]
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; form-action 'self'; img-src data:; frame-ancestors 'none'; base-uri 'none'"
)


class Page:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> Answer | None:
        """None where the path is not of the page."""
        match method, path:
            case "GET", "/":
                return _html(200, self._whole(query))
            case "GET", "/transfers":
                return _html(200, self._rows())
            case "POST", "/send":
                return self._send(dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True)))
        return None

    def _send(self, fields: dict[str, str]) -> Answer:
        wrong = _wrong(fields)
        if wrong:
            return _html(400, self._whole(fields, wrong))
        token, to, amount = TOKENS[fields["token"]], fields["to"].strip(), fields["amount"].strip()
        sent = self._ledger.add([Event("Transfer", token, SENDER, to, token.units(amount))], "fails" not in fields)
        again = urlencode({"to": to, "amount": amount, "sent": sent.txid})
        return 303, _HTML, b"", (("Location", f"/?{again}"),)

    def _whole(self, fields: dict[str, str], wrong: tuple[str, str] = ("", "")) -> str:
        place, why = wrong
        sent = self._ledger.find(fields.get("sent", ""))
        said = f"Sent: transaction {sent.txid[:12]}…" if sent else why
        parts = {
            "said": f'<p class="{"good" if sent else "bad"}" id="said" role="status">{escape(said)}</p>'
            if said
            else "",
            "to": escape(fields.get("to", "")),
            "amount": escape(fields.get("amount", "")),
            "to_wrong": _INVALID if place == "to" else "",
            "amount_wrong": _INVALID if place == "amount" else "",
            "false_checked": "checked" if fields.get("token") == "false" else "",
            "usdt_checked": "" if fields.get("token") == "false" else "checked",
            "false_address": FALSE_USDT.address,
            "rows": self._rows(),
        }
        return re.sub(r"<!--(\w+)-->|\[(\w+)\]", lambda hit: parts.get(hit[1] or hit[2], hit[0]), _template())

    def _rows(self) -> str:
        newest = list(self._ledger.events())[-SHOWN:][::-1]
        return "".join(self._row(*each) for each in newest) or '<tr><td colspan="5">Nothing was sent yet.</td></tr>'

    def _row(self, transaction: Transaction, event: Event) -> str:
        token = "USDT" if event.token == USDT else f"false {event.token.symbol}"
        state = f"{self._ledger.confirmations(transaction)}" if transaction.succeeded else "failed"
        amount = Decimal(event.value).scaleb(-event.token.decimals)
        return (
            f"<tr><td>{amount:f}</td><td>{escape(token)}</td><td class=number>{state}</td>"
            f"<td>{escape(event.to)}</td><td>{transaction.txid[:12]}…</td></tr>"
        )


_INVALID = 'aria-invalid="true" aria-describedby="said"'


def _wrong(fields: dict[str, str]) -> tuple[str, str] | None:
    """The field and what is wrong with it; None where nothing is."""
    if not is_address(fields.get("to", "").strip()):
        return "to", "This is not a TRON address."
    if fields.get("token") not in TOKENS:
        return "token", "Choose a token."
    try:
        amount = Decimal(fields.get("amount", "").strip())
        is_good = 0 < amount <= MAX_AMOUNT and USDT.units(amount) > 0
    except (InvalidOperation, ValueError):
        is_good = False
    return None if is_good else ("amount", "The amount is a number above 0, with at most six decimals.")


def _html(status: int, html: str) -> Answer:
    safe = (("Content-Security-Policy", _POLICY), ("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff"))
    return status, _HTML, html.encode(), safe


@cache
def _template() -> str:
    return files(__package__).joinpath("page.html").read_text("utf-8")
