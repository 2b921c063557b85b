from collections import Counter
from decimal import Decimal
from statistics import median

from catalog.upstream.sandbox.engine.prices import EVERYWHERE, draw


def test_draws_as_many_prices_as_asked_for_each_pair_once():
    prices = draw(1, 20_000)
    assert len({(price.country, price.service) for price in prices}) == len(prices) == 20_000


def test_covers_all_live_countries_and_nearly_all_live_services():
    prices = draw(1, 20_000)
    assert len({price.country for price in prices}) == 195
    assert 795 <= len({price.service for price in prices}) <= 810


def test_costs_have_the_spread_of_a_real_list():
    costs = [price.cost for price in draw(1, 20_000)]
    assert min(costs) == Decimal("0.01")
    assert Decimal("8") <= max(costs) <= Decimal("19.15")
    assert Decimal("0.08") <= median(costs) <= Decimal("0.12")
    assert len(set(costs)) <= 171


def test_nothing_is_listed_without_stock():
    counts = [price.count for price in draw(1, 20_000)]
    assert min(counts) == 13
    assert 1_000_000 <= max(counts) <= 2_100_000


def test_most_services_of_a_country_share_one_pool_of_numbers():
    counts = [price.count for price in draw(1, 20_000) if price.country == 6]
    pool = median(counts)
    near = sum(0.9 * pool <= count <= 1.1 * pool for count in counts)
    assert near >= 0.6 * len(counts)


def test_popular_services_are_sold_everywhere():
    sold_in = Counter(price.service for price in draw(1, 20_000))
    assert [count for _, count in sold_in.most_common(EVERYWHERE)] == [195] * EVERYWHERE


def test_the_seed_decides():
    prices = draw(7, 2_000)
    draw.cache_clear()
    assert draw(7, 2_000) == prices
    assert draw(8, 2_000) != prices


def test_can_draw_eight_times_a_real_list():
    prices = draw(1, 160_000)
    assert len(prices) == 160_000
    assert len({price.country for price in prices}) == 205
    assert "full" not in {price.service for price in prices}
