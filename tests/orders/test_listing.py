import pytest

from accounts.models import User
from orders.models import Order
from tests.conftest import Shopper, api_of, data, error


@pytest.fixture
def ids(shopper: Shopper) -> list[str]:
    """Five orders, newest first."""
    return [shopper.buy()["id"] for _ in range(5)][::-1]


def listed(shopper: Shopper, query: str = "") -> list[str]:
    return [item["id"] for item in data(shopper.api.get(f"/orders{query}"))["items"]]


def test_newest_first_in_pages_that_join_without_gap(shopper: Shopper, ids: list[str]) -> None:
    seen, cursor, pages = [], "", 0
    while cursor is not None:
        page = data(shopper.api.get(f"/orders?limit=2{cursor and '&cursor=' + cursor}"))
        seen += [item["id"] for item in page["items"]]
        cursor, pages = page["nextCursor"], pages + 1
    assert (seen, pages) == (ids, 3)


def test_a_full_last_page_has_no_next(shopper: Shopper, ids: list[str]) -> None:
    assert data(shopper.api.get("/orders?limit=5"))["nextCursor"] is None


def test_orders_made_meanwhile_do_not_shift_the_pages(shopper: Shopper, ids: list[str]) -> None:
    first = data(shopper.api.get("/orders?limit=2"))
    shopper.buy()
    second = data(shopper.api.get(f"/orders?limit=2&cursor={first['nextCursor']}"))
    assert [item["id"] for item in second["items"]] == ids[2:4]


def test_a_status_filters(shopper: Shopper, ids: list[str]) -> None:
    shopper.api.post(f"/orders/{ids[1]}/cancel")
    assert listed(shopper, "?status=CANCELLED") == [ids[1]]
    assert listed(shopper, "?status=WAITING") == [ids[0], *ids[2:]]
    assert listed(shopper, "?status=COMPLETED") == []


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("status=waiting", "status"), ("status=", "status"), ("limit=0", "limit"), ("limit=101", "limit"),
        ("limit=x", "limit"), ("cursor=x", "cursor"), ("cursor=c" + "0" * 24, "cursor"),
        ("limit=1%00", "limit"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_named(shopper: Shopper, query: str, name: str) -> None:
    response = shopper.api.get(f"/orders?{query}")
    assert error(response) == (400, "BAD_REQUEST")
    assert name in response.json()["message"]


def test_another_accounts_cursor_is_refused(shopper: Shopper, ids: list[str], carol: User) -> None:
    assert error(api_of(carol).get(f"/orders?cursor={ids[0]}")) == (400, "BAD_REQUEST")


def test_nobody_sees_a_strangers_orders(shopper: Shopper, ids: list[str], carol: User) -> None:
    assert data(api_of(carol).get("/orders")) == {"items": [], "nextCursor": None}


def test_ids_sort_by_time(shopper: Shopper, ids: list[str]) -> None:
    assert list(Order.objects.order_by("-created_at").values_list("pk", flat=True)) == ids
