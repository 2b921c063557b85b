"""The hosted page that the customer's browser is sent to. It works without script."""

from functools import cache
from html import escape
from importlib.resources import files
from urllib.parse import parse_qs, urlsplit

from accounts.topups.gateways.stripe_amounts import from_minor
from accounts.topups.sandbox.cards.refusals import Refusal
from accounts.topups.sandbox.cards.shapes import Thing
from accounts.topups.sandbox.cards.till import Till

SHOWN = 30
Answer = tuple[int, bytes, dict[str, str]]
STATES = {
    "open": "Waiting for your payment",
    "declined": "Declined. You can try again.",
    "processing": "Your bank is working on it",
    "paid": "Paid",
    "failed": "The bank transfer failed",
    "expired": "This page has expired",
}
OPEN = (
    ("decline", "Decline", "The card is refused; you can try again."),
    ("bank", "Pay by bank", "The money takes a while; say here later whether it arrives."),
    ("late", "Pay after the end", "The session expires, and the payment succeeds all the same."),
    ("twice", "Pay twice", "Two payments for one top-up."),
)


class Page:
    def __init__(self, till: Till) -> None:
        self._till = till

    def answer(self, method: str, path: str, body: str) -> Answer:
        match method, path.strip("/").split("/"):
            case "GET", ["style.css"]:
                return 200, _file("page.css").encode(), {"Content-Type": "text/css; charset=utf-8"}
            case "GET", [""]:
                return self._list()
            case "GET", ["pay", id_]:
                return self._show(id_)
            case "POST", ["pay", id_]:
                return self._act(id_, {name: values[0] for name, values in parse_qs(body).items()})
        return _html(404, "Not here", "<p>There is nothing at this address.</p>")

    def _list(self) -> Answer:
        with self._till.turn:
            rows = [_row(one, self._state(one)) for one in self._till.all("checkout.session")[:SHOWN]]
        return _html(200, "Payments", f'<ul class="list">{"".join(rows)}</ul>' if rows else "<p>None yet.</p>")

    def _show(self, id_: str) -> Answer:
        try:
            with self._till.turn:
                session = self._till.get(id_, "checkout.session")
                state = self._state(session)
                payments = "".join(self._payment(one) for one in self._till.payments[id_])
        except Refusal:
            return _html(404, "No such payment", "<p>The sandbox forgets all payments when it restarts.</p>")
        status = f'<p class="state {state}" role="status">{STATES[state]}</p>'
        return _html(200, _amount(session), status + _buttons(session, state) + payments, session)

    def _act(self, id_: str, told: dict[str, str]) -> Answer:
        """Back to the shop; back to this page where there is more to do, or nothing could be done."""
        action = told.get("action", "")
        here = {"Location": f"/pay/{id_}"}
        try:
            with self._till.turn:
                session = self._till.get(id_, "checkout.session")
                self._carry_out(action, id_, told.get("payment", ""))
        except Refusal:
            return 303, b"", here
        shop = session["cancel_url"] or session["success_url"] if action == "cancel" else session["success_url"]
        return 303, b"", here if action == "decline" else {"Location": shop}

    def _carry_out(self, action: str, id_: str, payment: str) -> None:
        till = self._till
        match action:
            case "pay":
                till.pay(id_)
            case "decline":
                till.decline(id_)
            case "bank":
                till.pay_async(id_)
            case "arrives" | "fails":
                till.settle_async(id_, action == "arrives")
            case "late":
                till.pay_late(id_)
            case "twice":
                till.pay(id_)
                till.pay_again(id_)
            case "dispute":
                till.dispute(payment, None, "needs_response")
            case "win" | "lose":
                till.change_dispute(self._dispute(payment)["id"], "won" if action == "win" else "lost")
            case "refund":
                till.refund(payment, None, {})
            case "cancel":
                pass
            case _:
                raise Refusal(400, "No such action.")

    def _state(self, session: Thing) -> str:
        intent = self._till.things.get(session["payment_intent"] or "", {})
        if intent.get("status") == "succeeded":
            return "paid"
        if session["status"] == "complete":
            return "processing" if intent.get("status") == "processing" else "failed"
        if session["status"] == "open" and intent.get("last_payment_error"):
            return "declined"
        return str(session["status"])

    def _payment(self, intent: Thing) -> str:
        if intent["status"] != "succeeded":
            return ""
        what, buttons = self._what_became_of(intent)
        hidden = f'<input type="hidden" name="payment" value="{escape(intent["id"])}">'
        forms = f'<form method="post">{hidden}{buttons}</form>' if buttons else ""
        name = f"Payment {escape(intent['id'][-8:])}"
        return f'<section aria-label="{name}"><h2>{name}</h2><p>{what}</p>{forms}</section>'

    def _what_became_of(self, intent: Thing) -> tuple[str, str]:
        """In words, and the buttons for what can come next."""
        charge = self._till.things[intent["latest_charge"]]
        if not charge["disputed"]:
            if charge["refunded"]:
                return "Paid back.", ""
            return "Paid.", _button("dispute", "Open a dispute") + _button("refund", "Pay it back by hand")
        match self._dispute(intent["id"])["status"]:
            case "won":
                return "The shop has won the dispute.", ""
            case "lost":
                return "The shop has lost the dispute.", ""
        return "In dispute.", _button("win", "The shop wins") + _button("lose", "The shop loses")

    def _dispute(self, payment: str) -> Thing:
        for dispute in self._till.all("dispute"):
            if dispute["payment_intent"] == payment:
                return dispute
        raise Refusal(400, "No such dispute.")


def _buttons(session: Thing, state: str) -> str:
    if state in ("open", "declined"):
        others = "".join(f"<li>{_button(*each[:2])}<span>{each[2]}</span></li>" for each in OPEN)
        pay = _button("pay", f"Pay {_amount(session)}", "main")
        inner = f'{pay}<ul class="others">{others}</ul>{_button("cancel", "Back to the shop", "plain")}'
    elif state == "processing":
        inner = _button("arrives", "The money arrives", "main") + _button("fails", "The transfer fails")
    elif state == "expired":
        inner = _button("late", "Pay all the same") + _button("cancel", "Back to the shop", "plain")
    else:
        inner = _button("cancel", "Back to the shop", "plain")
    return f'<form method="post">{inner}</form>'


def _button(action: str, label: str, look: str = "") -> str:
    kind = f' class="{look}"' if look else ""
    return f'<button name="action" value="{action}"{kind}>{escape(label)}</button>'


def _row(session: Thing, state: str) -> str:
    link = f'<a href="/pay/{escape(session["id"])}">{_amount(session)}</a>'
    return f'<li>{link}<span class="state {state}">{STATES[state]}</span></li>'


def _amount(session: Thing) -> str:
    currency = session["currency"].upper()
    return escape(f"{from_minor(session['amount_total'], currency):,f} {currency}")


def _html(status: int, title: str, inner: str, session: Thing | None = None) -> Answer:
    page = _file("page.html").replace("{title}", title).replace("{inner}", inner)
    targets = [session["success_url"], session["cancel_url"]] if session else []
    shops = sorted({f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in targets if url})
    policy = f"default-src 'none'; style-src 'self'; img-src data:; form-action 'self' {' '.join(shops)}".strip()
    headers = {"Content-Type": "text/html; charset=utf-8", "Cache-Control": "no-store"}
    return status, page.encode(), {**headers, "Content-Security-Policy": policy}


@cache
def _file(name: str) -> str:
    return files(__package__).joinpath(name).read_text("utf-8")
