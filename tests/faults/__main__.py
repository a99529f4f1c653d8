"""``make faults ARGS="--faults 30 --seed 7 --json"``: random faults under steady traffic; what was lost or doubled."""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from pathlib import Path

from agents.local import Kafka, Redis
from tests.faults.blows import BLOWS
from tests.faults.campaign import Campaign, Plan, Result
from tests.faults.planted import BUGS

SHOWN = 20


def plan_of(arguments: list[str]) -> tuple[Plan, argparse.Namespace]:
    """The plan that the command line describes."""
    plan = Plan()
    parser = argparse.ArgumentParser(prog="make faults ARGS=...", description=__doc__)
    parser.add_argument("--faults", type=int, default=plan.faults, help=f"how many blows, default {plan.faults}")
    parser.add_argument("--seed", type=int, default=plan.seed, help=f"of town and blows, default {plan.seed}")
    parser.add_argument("--events", type=int, default=plan.events, help=f"at least so many, default {plan.events}")
    parser.add_argument("--people", type=int, default=plan.people, help=f"users, default {plan.people}")
    parser.add_argument("--speed", type=float, default=plan.speed, help=f"simulated s a second, default {plan.speed:g}")
    parser.add_argument("--kinds", nargs="+", choices=list(BLOWS), default=list(BLOWS), help="only these faults")
    parser.add_argument("--bugs", nargs="+", choices=list(BUGS), default=(), help="plant bugs and see them found")
    parser.add_argument("--keep", type=Path, help="a new folder for the workers' logs; otherwise they are thrown away")
    parser.add_argument("--json", action="store_true", help="print nothing but the result, as one JSON object")
    given = parser.parse_args(arguments)
    if given.keep and given.keep.exists():
        parser.error(f"--keep {given.keep}: it is there already; name a new folder")
    names = "faults", "seed", "events", "people", "speed", "kinds", "bugs"
    return Plan(**{name: getattr(given, name) for name in names}), given


def main() -> None:
    """Exit code 0 if nothing was lost, doubled, wrong, stuck or overspent, else 1."""
    plan, given = plan_of(sys.argv[1:])
    begun = time.monotonic()

    def say(line: str) -> None:
        print(f"{time.monotonic() - begun:6.1f} s  {line}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as scratch, Kafka.start() as kafka, Redis.start() as redis:
        folder = given.keep or Path(scratch)
        result = asyncio.run(Campaign(plan, kafka, redis, folder, say).run())
    tell(result)
    print(json.dumps(result.line(), indent=None if given.json else 2), flush=True)
    sys.exit(0 if result.findings.clean else 1)


def tell(result: Result) -> None:
    """The first findings of each kind, on standard error."""
    for kind, found in vars(result.findings).items():
        for line in found[:SHOWN]:
            print(f"{kind}: {line}", file=sys.stderr)


if __name__ == "__main__":
    main()
