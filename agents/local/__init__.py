"""Kafka and Redis to run here: real servers from packages alone, for the demo, the tests and the benchmarks.

``keeper`` outlives nobody · ``process`` one kept server · ``kafka``, ``redis`` the two of them · ``download`` Kafka's
jars, once · ``java`` the runtime · ``ports`` that nobody else takes · ``errors`` what can go wrong and what to do.
"""

from agents.local.errors import CannotRunHere, DidNotStart, Ended, NotFetched
from agents.local.kafka import Kafka
from agents.local.redis import Redis

__all__ = ["CannotRunHere", "DidNotStart", "Ended", "Kafka", "NotFetched", "Redis"]
