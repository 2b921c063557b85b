"""Named places in the flows of money where a test makes the shop fail: raise, hang, or die."""

from collections.abc import Callable

NAMES = frozenset(
    {
        "wallet.posted",  # balance and entry are written, not committed
        "idempotency.claimed",  # the client's key is ours, nothing is done yet
        "idempotency.keeping",  # the work is committed, its reply not yet kept
        "buy.reserving",  # order, attempt and charge are written, not committed
        "buy.reserved",  # they are committed, the provider is not asked yet
        "buy.called",  # the provider sold a number that no row knows
        "buy.settling",  # the number is on its order, not committed
        "buy.settled",  # it is committed, the customer not told
        "buy.refused",  # the provider refused, the charge is not given back yet
        "buy.unclear",  # no clear answer, and the attempt still says in flight
        "order.moved",  # the new state is written, a refund not yet; nothing is committed
        "cancel.given_back",  # the provider took the number back, the customer is not refunded yet
        "cancel.done",  # refund and state are committed, the customer not told
        "give_back.accepted",  # the provider took back a number that we still list as to be given back
        "next_sms.asked",  # the provider waits for another SMS, our order does not yet
        "poll.answered",  # the provider's status is known and not applied
        "sms.stored",  # an SMS is written, not committed
        "sweep.listed",  # the list of open activations is read and nothing of it applied
        "sweep.adopted",  # a found number is on its order, and still listed as a stray
        "sweep.missing",  # two clean lists lack the number, the refund is not made yet
        "end_due.claimed",  # an order past its end is ours to look at, and not looked at yet
        "topup.started",  # the gateway knows of the payment, we have not kept its name
        "topup.read",  # the gateway told what became of a payment, nothing of it is applied
        "topup.paid",  # the payment stands on its top-up, the money is not in the wallet; nothing is committed
        "topup.credited",  # the money is in the wallet, the top-up's state not; nothing is committed
        "webhook.kept",  # the webhook is in the inbox, committed, and not handled yet
        "payout.reserved",  # the wallet has paid, committed, the gateway is not told yet
        "payout.sent",  # the gateway has refunded, and we do not know it
        "payout.settled",  # the pay-back's end is written, the wallet not; nothing is committed
    }
)
armed: dict[str, Callable[[], object]] = {}
"""What happens at a name; empty but in tests."""


def failpoint(name: str) -> None:
    if armed and name in armed:
        armed[name]()
