"""Everything that can happen to this shop and that a person has to look at. docs/runbook.md says what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """code: the log event, the metric's label and the runbook's heading. subject: what it is about.

    means: one sentence for the desk. ends_by_itself: the watch clears it when what it tells is over;
    else a person does.
    """

    code: str
    subject: str
    means: str
    ends_by_itself: bool = False


_ALL = (
    Kind("books_breach", "rule: wallet, order or attempt", "The books break a rule about money."),
    Kind("sales_stopped", "reason", "No number is sold until a person lifts the stop.", True),
    Kind("provider_account", "provider", "Our account there is empty, banned, or its key is dead; it is paused.", True),
    Kind("provider_down", "provider", "The provider gives no clear answers; calls to it are held back.", True),
    Kind("provider_balance_low", "provider", "Our balance there is under the threshold.", True),
    Kind("catalogue_refused", "provider", "The provider's catalogue could not be read or is not believable.", True),
    Kind("catalogue_old", "provider", "The prices in force are older than 15 minutes.", True),
    Kind("purchase_unsettled", "order", "For over two minutes nobody knows whether a number was bought.", True),
    Kind("open_cost", "order", "The customer was refunded, but the number may have been bought."),
    Kind("stray_activation", "provider: activation", "An open number at the provider that no order explains.", True),
    Kind("activation_sold_twice", "order", "The provider answered with a number that another order owns."),
    Kind("bought_above_cap", "order", "The provider took more than the most that we offered."),
    Kind("late_sms", "order", "An SMS came after the refund: the provider keeps its money."),
    Kind("number_kept", "order", "A refunded number could not be given back: the provider keeps its money."),
    Kind("order_overdue", "order", "An open order has outlived its time.", True),
    Kind("cancel_brake", "account", "So many cancelled orders that the account was told to wait."),
    Kind("push_from_stranger", "provider", "A push with the right secret came from an address that is not listed."),
    Kind("payment_review", "finding", "Payments wait for a person to look at them.", True),
    Kind("transfers_waiting", "", "Bank transfers wait to be looked for on the account.", True),
    Kind("payouts_waiting", "", "Pay-backs wait for a person to send them, or for their gateway for too long.", True),
    Kind("gateway_down", "gateway", "The payment gateway does not answer, or refuses our key.", True),
    Kind("webhooks_waiting", "gateway", "Webhooks of a gateway could not be handled for five minutes.", True),
    Kind("webhooks_late", "", "Customers' webhooks are due, and for five minutes none was sent.", True),
    Kind("payments_not_compared", "", "For an hour payments were not compared with what the gateways list.", True),
    Kind("worker_silent", "", "No worker has ticked for a minute: nothing is swept, expired or given back.", True),
    Kind("limits_fell_back", "", "Valkey is away: limits are counted by each process alone, no task is started.", True),
    Kind("database_away", "", "The database was away."),
    Kind("internal_error", "request's route or task", "A fault of ours: an exception that nobody expected."),
)
KINDS = {kind.code: kind for kind in _ALL}
