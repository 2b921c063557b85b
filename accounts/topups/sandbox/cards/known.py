"""The parameters that each call of the sandbox takes, as Stripe names them; all others are refused."""

PAGING = ("limit", "starting_after", "ending_before", *(f"created[{how}]" for how in ("gt", "gte", "lt", "lte")))

SESSION_CREATE = (
    "mode",
    "success_url",
    "cancel_url",
    "client_reference_id",
    "customer_email",
    "expires_at",
    "locale",
    "submit_type",
    "metadata[*]",
    "payment_intent_data[description]",
    "payment_intent_data[metadata][*]",
    "payment_intent_data[receipt_email]",
    "payment_intent_data[statement_descriptor_suffix]",
    "adaptive_pricing[enabled]",
    "allowed_payment_method_types[]",
    "excluded_payment_method_types[]",
    "payment_method_configuration",
    "line_items[][quantity]",
    "line_items[][price_data][currency]",
    "line_items[][price_data][unit_amount]",
    "line_items[][price_data][product_data][name]",
    "line_items[][price_data][product_data][description]",
)
SESSION_LIST = (*PAGING, "payment_intent", "status")
INTENT_LIST = PAGING
REFUND_CREATE = ("payment_intent", "charge", "amount", "reason", "metadata[*]")
REFUND_LIST = (*PAGING, "payment_intent", "charge")
DISPUTE_LIST = (*PAGING, "payment_intent", "charge")
EVENT_LIST = (*PAGING, "type")
