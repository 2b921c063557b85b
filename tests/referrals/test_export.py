import json
from typing import Any

from accounts import exports
from orders.services.desk import pay_back
from tests.referrals.conftest import Pair, completed
from tests.web.conftest import signed_in


def test_orders_of_the_invited_stay_theirs(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    pay_back(order_id, "ops", "goodwill")
    told = list(exports.entries(pair.inviter.pk))
    assert [(each["kind"], each["amount_cents"]) for each in told] == [("referral", 3), ("referral_back", -3)]
    file: Any = signed_in(pair.inviter).get("/account/statement.csv")
    assert order_id not in json.dumps(told, default=str) + b"".join(file.streaming_content).decode()


def test_ones_own_orders_are_named(pair: Pair) -> None:
    order_id = completed(pair.shopper)
    assert [each["reference"] for each in exports.entries(pair.buyer.pk)][-1] == f"order:{order_id}"
