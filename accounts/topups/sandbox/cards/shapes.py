"""New objects in the shapes that Stripe publishes: https://docs.stripe.com/api"""

import secrets
from typing import Any

API_VERSION = "2026-10-28.endive"
Thing = dict[str, Any]
METHODS: dict[str, Thing] = {
    "card": {"brand": "visa", "country": "MY", "exp_month": 12, "exp_year": 2040, "last4": "4242", "network": "visa"},
    "fpx": {"bank": "maybank2u", "transaction_id": None},
}


def new_id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"


def session(params: Thing, now: int, public_url: str) -> Thing:
    """params: as they were sent, decoded."""
    price = params["line_items"][0]["price_data"]
    total = int(price["unit_amount"]) * int(params["line_items"][0].get("quantity", 1))
    id_ = new_id("cs_test")
    return {
        "id": id_,
        "object": "checkout.session",
        "adaptive_pricing": {"enabled": False},
        "amount_subtotal": total,
        "amount_total": total,
        "automatic_tax": {"enabled": False, "liability": None, "provider": None, "status": None},
        "billing_address_collection": None,
        "cancel_url": params.get("cancel_url"),
        "client_reference_id": params.get("client_reference_id"),
        "created": now,
        "currency": price["currency"],
        "custom_fields": [],
        "custom_text": {
            "after_submit": None,
            "shipping_address": None,
            "submit": None,
            "terms_of_service_acceptance": None,
        },
        "customer": None,
        "customer_creation": "if_required",
        "customer_details": None,
        "customer_email": params.get("customer_email"),
        "expires_at": int(params.get("expires_at", now + 24 * 3600)),
        "invoice": None,
        "livemode": False,
        "locale": None,
        "metadata": dict(params.get("metadata", {})),
        "mode": "payment",
        "origin_context": None,
        "payment_intent": None,
        "payment_link": None,
        "payment_method_collection": "if_required",
        "payment_method_options": {},
        "payment_method_types": ["card", "fpx", "grabpay"],
        "payment_status": "unpaid",
        "redirect_on_completion": None,
        "setup_intent": None,
        "shipping_options": [],
        "status": "open",
        "submit_type": None,
        "subscription": None,
        "success_url": params.get("success_url"),
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
        "ui_mode": "hosted_page",
        "url": f"{public_url}/pay/{id_}",
    }


def intent(amount: int, currency: str, metadata: Thing, now: int) -> Thing:
    id_ = new_id("pi")
    return {
        "id": id_,
        "object": "payment_intent",
        "amount": amount,
        "amount_capturable": 0,
        "amount_received": 0,
        "application": None,
        "cancellation_reason": None,
        "capture_method": "automatic_async",
        "client_secret": f"{id_}_secret_{secrets.token_hex(8)}",
        "confirmation_method": "automatic",
        "created": now,
        "currency": currency,
        "customer": None,
        "description": None,
        "last_payment_error": None,
        "latest_charge": None,
        "livemode": False,
        "metadata": dict(metadata),
        "next_action": None,
        "on_behalf_of": None,
        "payment_method": None,
        "payment_method_types": ["card", "fpx", "grabpay"],
        "payment_record": None,
        "processing": None,
        "receipt_email": None,
        "review": None,
        "setup_future_usage": None,
        "source": None,
        "status": "requires_payment_method",
    }


def charge(of: Thing, now: int, method: str) -> Thing:
    """of: the payment intent. method: card or fpx."""
    return {
        "id": new_id("ch"),
        "object": "charge",
        "amount": of["amount"],
        "amount_captured": of["amount"],
        "amount_refunded": 0,
        "application": None,
        "application_fee": None,
        "balance_transaction": new_id("txn"),
        "billing_details": {"address": None, "email": None, "name": None, "phone": None, "tax_id": None},
        "captured": True,
        "created": now,
        "currency": of["currency"],
        "customer": None,
        "disputed": False,
        "failure_balance_transaction": None,
        "failure_code": None,
        "failure_message": None,
        "livemode": False,
        "metadata": dict(of["metadata"]),
        "on_behalf_of": None,
        "outcome": None,
        "paid": True,
        "payment_intent": of["id"],
        "payment_method": new_id("pm"),
        "payment_method_details": {"type": method, method: dict(METHODS[method])},
        "refunded": False,
        "review": None,
        "source": None,
        "source_transfer": None,
        "status": "succeeded",
        "transfer": None,
    }


def refund(of: Thing, amount: int, metadata: Thing, now: int, status: str) -> Thing:
    """of: the charge."""
    return {
        "id": new_id("re"),
        "object": "refund",
        "amount": amount,
        "balance_transaction": new_id("txn"),
        "charge": of["id"],
        "created": now,
        "currency": of["currency"],
        "customer": None,
        "failure_balance_transaction": None,
        "metadata": dict(metadata),
        "payment_intent": of["payment_intent"],
        "payment_method": of["payment_method"],
        "pending_reason": "processing" if status == "pending" else None,
        "reason": None,
        "receipt_number": None,
        "source_transfer_reversal": None,
        "status": status,
        "transfer_reversal": None,
    }


def dispute(of: Thing, amount: int, now: int, status: str) -> Thing:
    """of: the charge."""
    return {
        "id": new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": of["id"],
        "created": now,
        "currency": of["currency"],
        "enhanced_eligibility_types": [],
        "evidence": {"enhanced_evidence": {}},
        "evidence_details": {
            "due_by": now + 7 * 86400,
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "is_charge_refundable": status.startswith("warning_"),
        "livemode": False,
        "metadata": {},
        "payment_intent": of["payment_intent"],
        "reason": "fraudulent",
        "status": status,
    }


def movement(of: Thing, amount: int, now: int) -> Thing:
    """A balance transaction of a dispute. amount: negative takes money from the shop."""
    return {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": now,
        "balance_type": "payments",
        "created": now,
        "currency": of["currency"],
        "description": None,
        "exchange_rate": None,
        "fee": 0,
        "fee_details": [],
        "net": amount,
        "reporting_category": "dispute" if amount < 0 else "dispute_reversal",
        "source": of["id"],
        "status": "available",
        "type": "adjustment",
    }


def event(kind: str, about: Thing, now: int) -> Thing:
    return {
        "id": new_id("evt"),
        "object": "event",
        "api_version": API_VERSION,
        "created": now,
        "data": {"object": about},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
