"""``make bench``: see README.md."""

import argparse
import json
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from agents.clock import SystemClock
from agents.local import Kafka, Redis
from bench import source
from bench.cluster import Cluster
from bench.contestants import INPUT
from bench.decisions import decisions
from bench.growth import SIZES, growth
from bench.latency import latency
from bench.pipeline import pipeline, users_of
from bench.race import Expected, Races
from bench.reaction import reaction
from bench.recount import recount
from bench.replay import replay
from bench.report import Report
from bench.restart import restart
from bench.takeover import takeover

JOB: Final = ("bare", "loop", "quix", "faust", "faust_each")
PARTS: Final = (*JOB, "pipeline", "replay", "decisions", "growth", "latency", "reaction", "takeover", "restart")
FIGURES: Final = (
    *(f"{name}_events_s" for name in (*JOB, "pipeline", "replay")),
    *(f"growth_{kind}{size}_us" for kind in ("", "look_") for size in SIZES),
    "state_bytes",
    "dispatcher_decisions_s",
    "latency_p50_ms",
    "latency_p99_ms",
    *(f"{word}_reaction_{figure}" for word in ("breaker", "control") for figure in ("ms", "max_ms")),
    "takeover_s",
    "session_timeout_s",
    "cold_restart_s",
    "warm_restart_s",
)


class Bench:
    """One run on one broker."""

    def __init__(self, cluster: Cluster, redis_url: str, chosen: argparse.Namespace, report: Report) -> None:
        self._cluster, self._redis, self._chosen, self._report = cluster, redis_url, chosen, report
        self._ok = True

    def run(self) -> bool:
        """Measure what was chosen; says whether every result was right."""
        self._throughput([part for part in (*JOB, "pipeline", "replay", "decisions") if part in self._chosen.only])
        rate = self._chosen.rate or self._report.figures().get("pipeline_events_s", 0) / 2
        if "growth" in self._chosen.only:
            for _round in range(self._chosen.rounds):
                self._measure("growth", growth)
        if "latency" in self._chosen.only:
            self._measure("latency", partial(latency, self._cluster, self._redis, rate))
        if "reaction" in self._chosen.only:
            self._measure("reaction", partial(reaction, self._cluster, self._redis))
        if "takeover" in self._chosen.only:
            for _round in range(self._chosen.rounds):
                self._measure("takeover", partial(takeover, self._cluster, self._redis))
        if "restart" in self._chosen.only:
            self._restarts()
        return self._ok

    def _throughput(self, names: list[str]) -> None:
        """Rounds of every contestant in turn, so that what else happens on the machine meets them all alike."""
        events = self._chosen.events
        turns: dict[str, Callable[[], dict[str, Any]]] = {}
        if set(names) & set(JOB):
            log = source.skewed(events)
            races, expected = Races(self._cluster, events), Expected(*recount(log))
            self._cluster.create([INPUT], source.PARTITIONS)
            self._cluster.fill(INPUT, log)
            for name in JOB:
                turns[name] = partial(races.race, name, expected)
        if "pipeline" in names:
            visits = source.visits(events)
            users = users_of(visits)
            turns["pipeline"] = partial(pipeline, self._cluster, self._redis, visits, users)
        if "replay" in names:
            turns["replay"] = partial(replay, source.visits(events))
        if "decisions" in names:
            turns["decisions"] = partial(decisions, self._cluster, self._redis, self._chosen.candidates)
        for _round in range(self._chosen.rounds):
            for name in names:
                self._measure(name, turns[name])

    def _restarts(self) -> None:
        try:
            for found in restart(self._cluster, self._redis, self._chosen.users, self._chosen.rounds):
                self._report.add("restart", found)
        except Exception as error:  # noqa: BLE001  told, and the run fails; the other parts are measured all the same
            self._failed("restart", error)

    def _measure(self, name: str, measure: Callable[[], dict[str, Any]]) -> None:
        try:
            self._report.add(name, measure())
        except Exception as error:  # noqa: BLE001  as above
            self._failed(name, error)

    def _failed(self, name: str, error: Exception) -> None:
        self._ok = False
        self._report.failed(name, error)


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="make bench ARGS=…", description="How fast, against whom: see bench/README.md"
    )
    parser.add_argument("--events", type=int, default=400_000, help="events a contestant works through")
    parser.add_argument("--candidates", type=int, default=40_000, help="warnings the dispatcher answers")
    parser.add_argument("--rounds", type=int, default=3, help="how often each measurement is taken")
    parser.add_argument("--users", type=int, default=1_000_000, help="users in the state of a restart")
    parser.add_argument("--rate", type=float, help="events a second for latency; half of the pipeline's by default")
    parser.add_argument("--only", default=",".join(PARTS), help=f"parts to run, of {','.join(PARTS)}")
    parser.add_argument("--json", action="store_true", help="the last line of the output is one JSON object")
    chosen = parser.parse_args()
    chosen.only = chosen.only.split(",")
    unknown = set(chosen.only) - set(PARTS)
    if unknown:
        parser.error(f"--only has {','.join(sorted(unknown))}; choose of {','.join(PARTS)}")
    if "latency" in chosen.only and "pipeline" not in chosen.only and not chosen.rate:
        parser.error("--only latency has no pipeline to take the rate from; add pipeline, or --rate 20000")
    return chosen


def main() -> int:
    """Run; exit status 1 when a contestant failed or its results were wrong."""
    chosen = options()
    report = Report(SystemClock().now(), vars(chosen))
    with Kafka.start() as kafka, Redis.start() as redis:
        right = Bench(Cluster(kafka.bootstrap), redis.url, chosen, report).run()
    report.table()
    if chosen.json:
        figures = report.figures()
        print(json.dumps({name: round(figures[name], 2) for name in FIGURES if name in figures}))
    return 0 if right else 1


if __name__ == "__main__":
    sys.exit(main())
