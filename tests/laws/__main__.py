"""``make laws ARGS="--minutes 30"``: every law and the fuzz, with many cases, at random, again and again."""

import argparse
import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from tests.cases import LONG

ROOT = Path(__file__).parents[2]
WHERE = ("tests/laws", "tests/fuzz")


class Counts(NamedTuple):
    """How many laws a round has tried, and how many of them do not hold."""

    laws: int
    failed: int


def main(arguments: list[str]) -> int:
    """Exit code 0 if every law held in every round; a round that has begun is finished, the last line counts."""
    given = asked(arguments)
    begun, seeds, laws, failed = time.monotonic(), list[int](), 0, 0
    seed = secrets.randbits(32) if given.seed is None else given.seed
    while not failed and (not seeds or time.monotonic() - begun < 60 * given.minutes):
        seeds.append(seed + len(seeds))
        print(f"round {len(seeds)}, seed {seeds[-1]}", flush=True)
        tried = round_of(seeds[-1], given.processes, given.only)
        laws, failed = laws + tried.laws, failed + tried.failed
    if failed:
        again = [*command(seeds[-1], given.only)[2:], "-k", "NAME"]
        print(f"to see it again: {' '.join(map(str, again))}; or paste the @reproduce_failure line above the law")
    minutes = round((time.monotonic() - begun) / 60, 1)
    print(json.dumps({"rounds": len(seeds), "seeds": seeds, "laws": laws, "failed": failed, "minutes": minutes}))
    return 1 if failed else 0


def asked(arguments: list[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="make laws ARGS=...", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="begin no round after so many; default 10")
    parser.add_argument("--seed", type=int, help="of the first round; each later one has the next; default: at random")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1, help="default: one a core")
    parser.add_argument("only", nargs="*", default=WHERE, help="only these files, folders or tests")
    return parser.parse_args(arguments)


def command(seed: int, only: list[str]) -> list[str]:
    """What tries every law once with the cases of a seed."""
    return [sys.executable, "-m", "pytest", *only, f"--hypothesis-profile={LONG}", f"--hypothesis-seed={seed}"]


def round_of(seed: int, processes: int, only: list[str]) -> Counts:
    """Every law was tried; what fails is printed, with its case. A round that cannot begin counts as one failure."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        beside = ["-n", str(processes), "--dist", "loadgroup", f"--junit-xml={report}"]
        done = subprocess.run([*command(seed, only), *beside], cwd=ROOT, check=False)
        found = counts(report.read_text()) if report.exists() else Counts(0, 0)
    return found if done.returncode == 0 else found._replace(failed=max(1, found.failed))


def counts(report: str) -> Counts:
    """What a JUnit report says.

    >>> counts('<testsuites><testsuite errors="1" failures="2" skipped="0" tests="95"/></testsuites>')
    Counts(laws=95, failed=3)
    """
    [suite] = ElementTree.fromstring(report).iter("testsuite")
    return Counts(int(suite.attrib["tests"]), int(suite.attrib["failures"]) + int(suite.attrib["errors"]))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
