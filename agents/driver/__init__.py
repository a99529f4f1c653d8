"""The whole topology in this process: no broker, no sleep, both clocks in the caller's hand.

Record times (event time) come with what is sent, processing time with every turn. Flow tests tell stories with it, and
:mod:`agents.replay` runs what follows from warnings on it.

``driver`` the topology · ``owner`` one partition of a role, in the order of calls
of the real one: begin, look, finish, commit, told · ``topics`` append-only logs in memory.
"""

from agents.driver.driver import Driver
from agents.driver.topics import Stored, Topics, partition_of

__all__ = ["Driver", "Stored", "Topics", "partition_of"]
