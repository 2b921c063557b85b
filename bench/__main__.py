"""`make bench`: how fast GET /api/v1/orders/:id is, next to yardsticks on the same machine."""

from __future__ import annotations

import argparse
import sys

from bench import load
from bench.counts import Counts, ask, count
from bench.goals import NOISY, Round, errors, findings, swing
from bench.report import HEAD, RESULTS, markdown
from bench.stage import Contestant, Stage, stage
from jiema.embedded.errors import CannotStart

CONNECTIONS, MANY_CONNECTIONS = 64, 256
LEAST_ROUNDS = 5


def main() -> int:
    options = _options()
    try:
        load.wrk()
        with stage(options.orders, say) as made:
            return _run(made, options)
    except (CannotStart, load.CannotMeasure) as error:
        say(str(error))
    except KeyboardInterrupt:
        say("stopped")
    return 1


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--rounds", type=int, default=LEAST_ROUNDS, help="at least 5 for RESULTS.md")
    parser.add_argument("--orders", type=int, default=5_000, help="in the database: 5000000 shows the index")
    return parser.parse_args()


def say(text: str) -> None:
    print(f"bench: {text}", flush=True)


def _run(made: Stage, options: argparse.Namespace) -> int:
    for contestant in made.contestants.values():
        _check_answer(contestant)
    rounds = []
    for number in range(options.rounds):
        say(f"round {number + 1} of {options.rounds}")
        rounds.append(_round(made))
    counts = count(made, made.contestants["jiema"])
    table = markdown(made, rounds, counts, options.orders)
    print(table)
    return _conclude(rounds, counts, table)


def _check_answer(contestant: Contestant) -> None:
    path, token = contestant.targets.read_text().splitlines()[0].split()
    body = ask(contestant, path, token)
    order = path.rpartition("/")[2]
    if contestant.name != "constant" and order.encode() not in body:
        raise load.CannotMeasure(f"{contestant.name} answers {path} with something else: {body[:200]!r}")


def _round(made: Stage) -> Round:
    cells = {name: _cell(one, CONNECTIONS) for name, one in made.contestants.items()}
    return cells | {"jiema256": _cell(made.contestants["jiema"], MANY_CONNECTIONS)}


def _cell(contestant: Contestant, connections: int) -> load.Cell:
    return load.measure(contestant.address, contestant.pid, contestant.targets, connections)


def _conclude(rounds: list[Round], counts: Counts, table: str) -> int:
    if errors(rounds):
        say(f"void: {errors(rounds)} requests failed")
        return 1
    if swing(rounds) > NOISY:
        say(f"too noisy: the constant view itself swung by {swing(rounds):.2f} (more than {NOISY}); try again")
        return 1
    if len(rounds) >= LEAST_ROUNDS:
        RESULTS.write_text(f"{HEAD}\n{table}")
        say("written to bench/RESULTS.md")
    missed = [found.goal.id for found in findings(rounds) if not found.meets_must]
    missed += [] if counts == Counts(1, 1, 0) else ["H6"]
    if missed:
        say(f"missed: {', '.join(missed)}")
    return int(bool(missed))


if __name__ == "__main__":
    sys.exit(main())
