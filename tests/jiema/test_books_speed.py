"""The books that the bench measures: big ones are timed by `python -m bench.books`, small ones are looked at here."""

from accounts.wallet.models import Entry
from bench.books import Figures, script, table
from jiema import books
from orders.models import Order
from tests.jiema.planting import found, sql


def test_the_bench_s_books_are_honest(db: None) -> None:
    sql(script(orders=1000, people=20))
    assert Order.objects.count() == 1000
    assert Entry.objects.filter(kind__in=["charge", "refund"]).count() == 1300
    assert found() == set()


def test_its_table_has_a_line_for_each_rule() -> None:
    seconds = {check.rule: 0.5 for check in books.CHECKS}
    figures = Figures(1300, whole=seconds, recent=dict(seconds))
    assert figures.is_met
    in_all = f"{len(books.CHECKS) / 2:.2f}"
    assert table(figures).splitlines()[-1] == f"| in all | {in_all} | {in_all} |"
    assert not Figures(1300, whole=dict.fromkeys(seconds, 5.0)).is_met
    assert not Figures(1300, found=["a breach"]).is_met
