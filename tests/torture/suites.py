"""The parts that are tests in their long form, and what each goal asks of their figures."""

import json
import subprocess
import sys
import time

from tests.torture.parts import ROOT, Row, Suite

MODEL = Suite(
    "M2",
    "model against the shop",
    ["tests/model"],
    environ={"MODEL_STEPS": "20000"},
    many="{model_steps} steps by {model_rules} rules in {model_examples} examples",
    found="it was killed {model_deaths} times in mid-step",
    at_least={"model_steps": 20_000},
)
FAILPOINTS = Suite(
    "M3",
    "every flow × failpoint × kind",
    ["tests/failpoints"],
    many="{failpoint_cases} of {failpoint_cases_known} cases: {failpoint_flows} flows, {failpoints} failpoints",
    at_least={"failpoint_cases": 1},
)
UNKNOWN = Suite(
    "M5",
    "unknown outcomes",
    ["tests/unknown"],
    environ={"UNKNOWN_ORDERS": "2000"},
    many="{unknown_orders} orders, {unclear_purchases} unclear purchases",
    found="{orphans} orphans, the oldest of all {oldest_orphan_seconds} s; {charged_without_a_number} charged without "
    "a number; {blind_rebuys} blind re-buys",
    at_least={"unknown_orders": 2_000},
    at_most={"orphans": 0, "oldest_orphan_seconds": 120, "charged_without_a_number": 0, "blind_rebuys": 0},
)
RACES = Suite(
    "M6",
    "races for an order's end",
    ["tests/orders/test_four_way_race.py", "tests/orders/test_races.py", "tests/orders/test_no_free_code.py"],
    environ={"RACE_ROUNDS": "1000"},
    many="{race_rounds} rounds",
    found="{codes_after_a_refund} codes after a refund",
    at_least={"race_rounds": 1_000},
    at_most={"codes_after_a_refund": 0},
)
KEYS = Suite(
    "M7",
    "one Idempotency-Key from many threads",
    ["tests/contract/test_idempotency_races.py"],
    environ={"KEY_ROUNDS": "20"},
    many="{key_rounds} rounds",
    found="{key_orders_too_many} orders too many",
    at_least={"key_rounds": 20},
    at_most={"key_orders_too_many": 0},
)
TOP_UPS = Suite(
    "M8",
    "payments' events in all orders, forged webhooks",
    ["tests/topups/test_permutations.py", "tests/topups/test_event_orders.py", "tests/topups/test_stripe_gateway.py"],
    environ={"TOPUP_ORDERS": "5000"},
    many="{topup_orders} orders, {topup_orders_over_http} of them over HTTP; {forged_signatures} forged signatures",
    found="{topup_credits_too_many} credits too many; {forged_signatures_taken} forged signatures taken",
    at_least={"topup_orders": 5_000, "topup_orders_over_http": 100, "forged_signatures": 1_000},
    at_most={"topup_credits_too_many": 0, "forged_signatures_taken": 0},
)
LEDGER = Suite(
    "M9",
    "attacks as the application's own role",
    ["tests/wallet/test_guard.py"],
    many="{ledger_attacks} attacks",
    found="{ledger_attacks_refused} refused",
    at_least={"ledger_attacks": 20, "ledger_attacks_refused": 20},
)
BOOKS = Suite(
    "M10",
    "planted faults and honest days",
    ["tests/jiema/test_books.py", "tests/jiema/test_books_honest.py"],
    environ={"BOOKS_DAYS": "20"},
    many="{books_faults} faults, {books_honest_days} honest days, looked at {books_honest_moments} times",
    at_least={"books_faults": 12, "books_honest_days": 20},
)
LOOKS = Suite(
    "U1",
    "every page by axe: themes × widths × languages",
    ["tests/web/test_accessibility.py"],
    environ={"LOOKS": "all"},
    many="{pages} pages in their states, looked at {looks} times",
    found="{violations} violations; at most {script_bytes} bytes of script and {style_bytes} of styles, gzipped",
    at_least={"pages": 130, "looks": 3000},
    at_most={"violations": 0, "script_bytes": 30 * 1024},
    limit=5400,
)
CREDITS = Suite(
    "U4",
    "from a gateway's webhook to the balance on an open page",
    ["tests/web/test_paying.py::test_an_open_page_follows_a_webhook"],
    environ={"CREDIT_RUNS": "12"},
    many="{credits} payments",
    found="the slowest in {slowest_credit_ms} ms",
    at_least={"credits": 12},
    at_most={"slowest_credit_ms": 5_000},
)
TEETH = Suite(
    "M12",
    "planted bugs",
    ["tests/teeth"],
    environ={"TEETH": "all"},
    many="{teeth_planted} bugs",
    found="{teeth_killed} killed",
    at_least={"teeth_planted": 30, "teeth_killed": 30},
    limit=5400,
)


def large_books() -> list[Row]:
    began = time.monotonic()
    argv = [sys.executable, "-W", "ignore", "-m", "bench.books", "--json"]
    done = subprocess.run(argv, cwd=ROOT, capture_output=True, text=True, check=False, timeout=1800)
    if not done.stdout:
        raise RuntimeError(done.stderr.strip()[-500:])
    told = json.loads(done.stdout.splitlines()[-1])
    found = f"{told['seconds']:.1f} s for all checks; {len(told['found'])} breaches"
    many, seconds = f"{told['entries']:,} entries", time.monotonic() - began
    return [Row("M10", "check_books on large books", many, found, seconds, told["is_met"])]
