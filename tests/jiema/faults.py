"""The planted faults: at least one for every rule of the books."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

from django.db.models.functions import Now
from django.utils import timezone

from accounts.models import User
from accounts.referrals.services import take_back
from accounts.topups.gateways.base import Refunded, RefundStage
from accounts.topups.models import Finding, Payout, Review, TopUp, TopUpState
from accounts.topups.services.reviews import open_review
from accounts.wallet.models import Debt, Entry
from catalog.models import Price
from jiema import books
from jiema.alarms.services import raise_alarm
from orders.models import Outcome
from orders.services.desk import pay_back
from tests.conftest import unguard
from tests.jiema.planting import (
    ACTIVATION,
    BALANCE,
    CHAIN,
    CHARGE,
    FLOOR,
    GIVEN_BACK,
    HAS_ORDER,
    LISTED,
    LOSS,
    NOT_NEGATIVE,
    NUMBER,
    OVERDUE,
    PAYMENT,
    PAYOUT,
    REFUND,
    SHARE,
    SHARE_BACK,
    SUMS,
    TAKEN_BACK,
    UNSETTLED,
    VOUCHER,
    Plant,
    Shop,
    activation_of,
    change,
    disguise,
    drop,
    make_stray,
    owing,
    post,
    read_at_provider,
    redeemed,
    set_attempt,
    set_order,
    shared,
    sql,
)
from tests.paying import pay, wish

FAULTS: dict[str, list[Plant]] = {check.rule: [] for check in books.CHECKS}


def breaks(rule: str) -> Callable[[Plant], Plant]:
    def add(plant: Plant) -> Plant:
        FAULTS[rule].append(plant)
        return plant

    return add


# The ledger


@breaks(SUMS)
def balance_drifted_up(shop: Shop) -> str:
    sql("UPDATE wallet_wallet SET balance_cents = balance_cents + 100 WHERE user_id = %s", shop.alice)
    return shop.alice


@breaks(SUMS)
def balance_drifted_down(shop: Shop) -> str:
    sql("UPDATE wallet_wallet SET balance_cents = balance_cents - 1 WHERE user_id = %s", shop.alice)
    return shop.alice


@breaks(SUMS)
def balance_drifted_where_nothing_moved_for_days(shop: Shop) -> str:
    sql("UPDATE wallet_entry SET created_at = now() - interval '3 days' WHERE wallet_id = %s", shop.carol.pk)
    sql("UPDATE wallet_wallet SET balance_cents = balance_cents + 1 WHERE user_id = %s", shop.carol.pk)
    return shop.carol.pk


@breaks(SUMS)
def balance_without_any_entry(shop: Shop) -> str:
    sql("DELETE FROM wallet_entry WHERE wallet_id = %s", shop.carol.pk)
    return shop.carol.pk


@breaks(CHAIN)
def chain_broken_in_the_middle(shop: Shop) -> str:
    middle = shop.entry("charge", f"order:{shop.cancelled}")
    sql("UPDATE wallet_entry SET balance_after = balance_after + 7 WHERE id = %s", middle.pk)
    return shop.alice


@breaks(CHAIN)
def chain_that_begins_with_more(shop: Shop) -> str:
    sql("UPDATE wallet_entry SET balance_after = balance_after + 7 WHERE wallet_id = %s", shop.alice)
    return shop.alice


@breaks(NOT_NEGATIVE)
def wallet_below_zero(shop: Shop) -> str:
    drop("wallet_wallet", "wallet_not_negative")
    drop("wallet_entry", "entry_balance_not_negative")
    post(shop.alice, "adjustment", -shop.shopper.balance() - 1, "too much")
    return shop.alice


# Charges and refunds


@breaks(CHARGE)
def charge_lost(shop: Shop) -> str:
    disguise(shop.entry("charge", f"order:{shop.waiting}"))
    return shop.waiting


@breaks(CHARGE)
def charge_of_another_wallet(shop: Shop) -> str:
    sql("UPDATE orders_order SET user_id = %s WHERE id = %s", shop.carol.pk, shop.waiting)
    return shop.waiting


@breaks(CHARGE)
def charge_of_another_amount(shop: Shop) -> str:
    change(shop.entry("charge", f"order:{shop.done}"), 1)
    return shop.done


@breaks(CHARGE)
def charge_of_a_price_that_changed_since(shop: Shop) -> str:
    set_order(shop.waiting, "charged_cents = charged_cents + 1")
    return shop.waiting


@breaks(CHARGE)
def charged_twice(shop: Shop) -> str:
    drop("wallet_entry", "entry_cause_once")
    post(shop.alice, "charge", -39, f"order:{shop.done}")
    return shop.done


@breaks(CHARGE)
def charged_again_days_later(shop: Shop) -> str:
    set_order(shop.done, "created_at = now() - interval '3 days'")
    return charged_twice(shop)


@breaks(REFUND)
def refund_lost(shop: Shop) -> str:
    disguise(shop.entry("refund", f"order:{shop.cancelled}"))
    return shop.cancelled


@breaks(REFUND)
def refund_where_the_sms_came(shop: Shop) -> str:
    post(shop.alice, "refund", 39, f"order:{shop.done}", reverses=shop.entry("charge", f"order:{shop.done}"))
    return shop.done


@breaks(REFUND)
def refund_where_the_sms_came_days_ago(shop: Shop) -> str:
    set_order(shop.done, "created_at = now() - interval '3 days'")
    return refund_where_the_sms_came(shop)


@breaks(REFUND)
def refund_while_the_order_waits(shop: Shop) -> str:
    post(shop.alice, "refund", 39, f"order:{shop.waiting}", reverses=shop.entry("charge", f"order:{shop.waiting}"))
    return shop.waiting


@breaks(REFUND)
def refund_of_less(shop: Shop) -> str:
    change(shop.entry("refund", f"order:{shop.cancelled}"), -1)
    return shop.cancelled


@breaks(REFUND)
def refunded_twice(shop: Shop) -> str:
    drop("wallet_entry", "entry_cause_once")
    post(shop.alice, "refund", 39, f"order:{shop.cancelled}", reverses=shop.entry("charge", f"order:{shop.done}"))
    return shop.cancelled


@breaks(REFUND)
def refund_to_another_wallet(shop: Shop) -> str:
    disguise(shop.entry("refund", f"order:{shop.cancelled}"))
    charge = shop.entry("charge", f"order:{shop.cancelled}")
    post(shop.carol.pk, "refund", 39, f"order:{shop.cancelled}", reverses=charge)
    return shop.cancelled


@breaks(REFUND)
def refund_of_half_that_the_order_agrees_with(shop: Shop) -> str:
    drop("orders_order", "order_refunded_iff_failed_or_cancelled")
    set_order(shop.cancelled, "refunded_cents = 20")
    change(shop.entry("refund", f"order:{shop.cancelled}"), -19)
    return shop.cancelled


@breaks(HAS_ORDER)
def charge_for_no_order(shop: Shop) -> str:
    post(shop.alice, "charge", -39, "order:ghost")
    return "order:ghost"


@breaks(HAS_ORDER)
def charge_for_something_unreadable(shop: Shop) -> str:
    post(shop.alice, "charge", -39, f"Order:{shop.done}")
    return f"Order:{shop.done}"


@breaks(HAS_ORDER)
def refund_for_no_order(shop: Shop) -> str:
    post(shop.alice, "refund", 39, "order:ghost", reverses=shop.entry("charge", f"order:{shop.done}"))
    return "order:ghost"


# Shares


@breaks(SHARE)
def share_without_its_entry(shop: Shop) -> str:
    shared(shop)
    disguise(shop.entry("referral", f"order:{shop.done}"))
    return shop.done


@breaks(SHARE)
def share_that_nobody_remembers(shop: Shop) -> str:
    post(shop.carol.pk, "referral", 3, f"order:{shop.done}")
    return shop.done


@breaks(SHARE)
def share_for_something_unreadable(shop: Shop) -> str:
    shared(shop)
    post(shop.carol.pk, "referral", 3, f"Order:{shop.done}")
    return f"Order:{shop.done}"


@breaks(SHARE)
def share_to_another_wallet(shop: Shop) -> str:
    shared(shop)
    disguise(shop.entry("referral", f"order:{shop.done}"))
    post(shop.alice, "referral", 3, f"order:{shop.done}")
    return shop.done


@breaks(SHARE)
def share_of_another_amount(shop: Shop) -> str:
    shared(shop)
    sql("UPDATE referrals_earning SET cents = 4")
    change(shop.entry("referral", f"order:{shop.done}"), 1)
    return shop.done


@breaks(SHARE)
def share_of_an_order_that_was_cancelled(shop: Shop) -> str:
    shared(shop)
    sql("UPDATE referrals_earning SET order_id = %s", shop.cancelled)
    sql("UPDATE wallet_entry SET reference = %s WHERE kind = 'referral'", f"order:{shop.cancelled}")
    return shop.cancelled


@breaks(SHARE)
def share_of_somebody_elses_order(shop: Shop) -> str:
    shared(shop)
    stranger = User.objects.create(email="stranger@example.com")
    sql("UPDATE referrals_invitation SET invitee_id = %s", stranger.pk)
    return shop.done


@breaks(SHARE)
def shared_twice(shop: Shop) -> str:
    shared(shop)
    drop("wallet_entry", "entry_cause_once")
    post(shop.carol.pk, "referral", 3, f"order:{shop.done}")
    return shop.done


@breaks(SHARE_BACK)
def taken_back_without_an_entry(shop: Shop) -> str:
    shared(shop)
    pay_back(shop.done, "tests", "planted")
    disguise(shop.entry("referral_back", f"order:{shop.done}:0"))
    return shop.done


@breaks(SHARE_BACK)
def taken_back_twice(shop: Shop) -> str:
    shared(shop)
    pay_back(shop.done, "tests", "planted")
    post(shop.carol.pk, "referral_back", -3, f"order:{shop.done}:3")
    return shop.done


@breaks(SHARE_BACK)
def more_taken_back_than_was_earned(shop: Shop) -> str:
    taken_back_twice(shop)
    drop("referrals_earning", "earning_reversed_within")
    sql("UPDATE referrals_earning SET reversed_cents = 6")
    return shop.done


@breaks(SHARE_BACK)
def taken_back_from_another_wallet(shop: Shop) -> str:
    taken_back_without_an_entry(shop)
    post(shop.alice, "referral_back", -3, f"order:{shop.done}:0")
    return shop.done


@breaks(SHARE_BACK)
def taken_back_though_nothing_was_paid_back(shop: Shop) -> str:
    shared(shop)
    take_back(shop.done)
    return shop.done


# Numbers


@breaks(ACTIVATION)
def activation_with_two_orders(shop: Shop) -> str:
    activation = activation_of(shop.done)
    drop("orders_order", "activation_owned_once")
    set_order(shop.waiting, f"activation_id = '{activation}'")
    return f"{shop.provider.pk}:{activation}"


@breaks(ACTIVATION)
def activation_with_an_order_of_days_ago(shop: Shop) -> str:
    set_order(shop.done, "created_at = now() - interval '3 days'")
    return activation_with_two_orders(shop)


@breaks(ACTIVATION)
def unsettled_stray_that_an_order_owns(shop: Shop) -> str:
    return make_stray(shop, activation_of(shop.waiting))


@breaks(ACTIVATION)
def stray_adopted_by_an_order_with_another_number(shop: Shop) -> str:
    return make_stray(shop, "600000001", f"adopted by order {shop.waiting}")


@breaks(ACTIVATION)
def stray_adopted_by_one_order_and_owned_by_another(shop: Shop) -> str:
    return make_stray(shop, activation_of(shop.done), f"adopted by order {shop.waiting}")


@breaks(NUMBER)
def order_without_its_number(shop: Shop) -> str:
    set_order(shop.waiting, "activation_id = NULL")
    return shop.waiting


@breaks(NUMBER)
def number_that_was_never_bought(shop: Shop) -> str:
    set_attempt(shop.waiting, Outcome.REJECTED, sent=timedelta())
    return shop.waiting


@breaks(NUMBER)
def attempt_missing(shop: Shop) -> str:
    sql("DELETE FROM orders_upstreamattempt WHERE order_id = %s", shop.waiting)
    return shop.waiting


@breaks(NUMBER)
def order_that_waits_for_a_refused_number(shop: Shop) -> str:
    set_order(shop.waiting, "activation_id = NULL")
    set_attempt(shop.waiting, Outcome.ABANDONED, sent=timedelta())
    return shop.waiting


@breaks(NUMBER)
def order_completed_without_a_number(shop: Shop) -> str:
    set_order(shop.done, "activation_id = NULL")
    set_attempt(shop.done, Outcome.UNKNOWN, sent=timedelta())
    return shop.done


@breaks(UNSETTLED)
def purchase_unsettled_without_an_alarm(shop: Shop) -> str:
    set_order(shop.waiting, "activation_id = NULL")
    set_attempt(shop.waiting, Outcome.UNKNOWN, sent=timedelta(minutes=3))
    return shop.waiting


@breaks(UNSETTLED)
def purchase_unsettled_for_long(shop: Shop) -> str:
    raise_alarm("purchase_unsettled", shop.waiting)
    set_order(shop.waiting, "activation_id = NULL")
    set_attempt(shop.waiting, Outcome.IN_FLIGHT, sent=timedelta(minutes=16))
    return shop.waiting


@breaks(OVERDUE)
def order_that_outlives_its_time(shop: Shop) -> str:
    set_order(shop.waiting, "expires_at = now() - interval '11 minutes'")
    return shop.waiting


@breaks(GIVEN_BACK)
def number_that_nobody_gives_back(shop: Shop) -> str:
    set_order(shop.cancelled, "returned_at = NULL, cancel_upstream_at = now() - interval '16 minutes'")
    return shop.cancelled


@breaks(LOSS)
def sms_after_the_refund_without_a_loss(shop: Shop) -> str:
    set_order(shop.cancelled, "returned_at = NULL")
    sql("INSERT INTO orders_sms (order_id, body) VALUES (%s, 'code 2222')", shop.cancelled)
    return shop.cancelled


# Money from and to outside


@breaks(PAYMENT)
def payment_without_its_credit(shop: Shop) -> str:
    top_up = wish(shop.alice, 500)
    now = timezone.now()
    changes = {"state": "credited", "payment_ref": "pi_1", "captured": 5, "credited_cents": 500, "credited_at": now}
    TopUp.objects.filter(pk=top_up.pk).update(**changes)
    return top_up.pk


@breaks(PAYMENT)
def credit_without_a_payment(shop: Shop) -> str:
    post(shop.alice, "top_up", 500, "topup:ghost")
    return "topup:ghost"


@breaks(PAYMENT)
def credit_of_another_amount(shop: Shop) -> str:
    change(shop.entry("top_up", f"topup:{shop.top_up}"), 100)
    return shop.top_up


@breaks(PAYMENT)
def credit_of_a_failed_payment(shop: Shop) -> str:
    for rule in ("topup_credited_or_not", "topup_paid_or_not"):
        drop("topups_topup", rule)
    TopUp.objects.filter(pk=shop.top_up).update(state=TopUpState.FAILED)
    return shop.top_up


@breaks(PAYMENT)
def credit_to_another_wallet(shop: Shop) -> str:
    unguard()
    TopUp.objects.filter(pk=shop.top_up).update(user=shop.carol)
    return shop.top_up


@breaks(PAYMENT)
def credited_twice(shop: Shop) -> str:
    drop("wallet_entry", "entry_cause_once")
    post(shop.alice, "top_up", 500, f"topup:{shop.top_up}")
    return shop.top_up


@breaks(PAYMENT)
def credited_again_days_later(shop: Shop) -> str:
    sql("UPDATE topups_topup SET created_at = now() - interval '3 days', credited_at = now() - interval '3 days'")
    return credited_twice(shop)


def gone_back(shop: Shop) -> Payout:
    """$2 of Alice's top-up."""
    refund = Refunded("re_1", "", Decimal(2), RefundStage.DONE)
    pay(TopUp.objects.get(pk=shop.top_up), refunds=(refund,))
    return Payout.objects.get()


@breaks(PAYOUT)
def pay_back_without_its_entry(shop: Shop) -> str:
    kept = {"amount_cents": 100, "amount": 1, "reason": "planted", "actor": "ops"}
    TopUp.objects.filter(pk=shop.top_up).update(refunded_cents=100)
    return Payout.objects.create(top_up_id=shop.top_up, **kept).pk


@breaks(PAYOUT)
def entry_of_no_pay_back(shop: Shop) -> str:
    post(shop.alice, "payout", -100, f"topup:{shop.top_up}:ghost")
    return "ghost"


@breaks(PAYOUT)
def failed_pay_back_not_returned(shop: Shop) -> str:
    payout = gone_back(shop)
    Payout.objects.filter(pk=payout.pk).update(state="failed")
    TopUp.objects.filter(pk=shop.top_up).update(refunded_cents=0)
    return payout.pk


@breaks(PAYOUT)
def more_refunded_than_paid_back(shop: Shop) -> str:
    gone_back(shop)
    TopUp.objects.filter(pk=shop.top_up).update(refunded_cents=300)
    return shop.top_up


@breaks(LISTED)
def payment_that_nobody_knows(shop: Shop) -> str:
    open_review(Finding.UNKNOWN, "stripe", "pi_stranger", "20 USD")
    Review.objects.update(opened_at=Now() - timedelta(days=2))
    return "pi_stranger"


@breaks(TAKEN_BACK)
def debt_repaid_out_of_nothing(shop: Shop) -> str:
    debt = owing(shop)
    Debt.objects.filter(pk=debt.pk).update(repaid_cents=150)
    return debt.reference


@breaks(TAKEN_BACK)
def repayment_that_no_debt_remembers(shop: Shop) -> str:
    debt = owing(shop)
    Debt.objects.filter(pk=debt.pk).update(repaid_cents=0)
    return debt.reference


@breaks(TAKEN_BACK)
def repayment_of_no_debt(shop: Shop) -> str:
    post(shop.alice, "repayment", -100, "debt:0:1")
    return "debt:0:1"


@breaks(TAKEN_BACK)
def repayment_by_another_wallet(shop: Shop) -> str:
    debt = owing(shop)
    disguise(Entry.objects.get(kind="repayment", wallet=shop.carol.pk))
    post(shop.alice, "repayment", -100, f"debt:{debt.pk}:1")
    return debt.reference


@breaks(TAKEN_BACK)
def more_taken_back_than_was_paid(shop: Shop) -> str:
    debt = owing(shop)
    Debt.objects.filter(pk=debt.pk).update(amount_cents=301)
    return debt.reference


@breaks(TAKEN_BACK)
def payment_of_another_taken_back(shop: Shop) -> str:
    credit = shop.entry("top_up", f"topup:{shop.top_up}")
    post(shop.carol.pk, "chargeback", -500, f"topup:{shop.top_up}", reverses=credit)
    return f"topup:{shop.top_up}"


@breaks(BALANCE)
def balance_at_the_provider_fell_too_far(shop: Shop) -> str:
    read_at_provider(shop, "100", minutes_ago=30, is_start=True)
    read_at_provider(shop, "99.08")  # three numbers at 30 cents, and a cent for rounding
    return shop.provider.name


@breaks(FLOOR)
def price_under_its_floor(shop: Shop) -> str:
    Price.objects.update(price_cents=29)
    return "tg in 7"


@breaks(FLOOR)
def order_under_its_floor(shop: Shop) -> str:
    drop("orders_order", "order_not_under_its_floor")
    set_order(shop.waiting, "floor_cents = 40")
    return shop.waiting


@breaks(FLOOR)
def order_under_its_cost(shop: Shop) -> str:
    set_order(shop.waiting, "cost = 0.3901")
    return shop.waiting


# Vouchers


@breaks(VOUCHER)
def voucher_without_its_credit(shop: Shop) -> str:
    credit = redeemed(shop)
    disguise(credit)
    return credit.reference


@breaks(VOUCHER)
def voucher_of_another_value(shop: Shop) -> str:
    credit = redeemed(shop)
    change(credit, 1)
    return credit.reference


@breaks(VOUCHER)
def voucher_whose_value_changed_since(shop: Shop) -> str:
    credit = redeemed(shop)
    sql("UPDATE vouchers_voucherbatch SET value_cents = 501")
    return credit.reference


@breaks(VOUCHER)
def voucher_redeemed_by_another(shop: Shop) -> str:
    credit = redeemed(shop)
    sql("UPDATE vouchers_voucher SET redeemed_by_id = %s", shop.alice)
    return credit.reference


@breaks(VOUCHER)
def voucher_credited_twice(shop: Shop) -> str:
    credit = redeemed(shop)
    drop("wallet_entry", "entry_cause_once")
    post(shop.carol.pk, "voucher", 500, credit.reference)
    return credit.reference


@breaks(VOUCHER)
def voucher_credited_again_days_later(shop: Shop) -> str:
    credit = redeemed(shop)
    sql("UPDATE vouchers_voucher SET redeemed_at = now() - interval '3 days'")
    drop("wallet_entry", "entry_cause_once")
    post(shop.alice, "voucher", 500, credit.reference)
    return credit.reference


@breaks(VOUCHER)
def credit_of_a_voucher_that_nobody_redeemed(shop: Shop) -> str:
    credit = redeemed(shop)
    sql("UPDATE vouchers_voucher SET redeemed_by_id = NULL, redeemed_at = NULL")
    return credit.reference


@breaks(VOUCHER)
def credit_of_no_voucher(shop: Shop) -> str:
    post(shop.alice, "voucher", 500, "voucher:0")
    return "voucher:0"
