"""The state of a partition: a mapping of packed records, and the changelog offset up to which it holds.

Ours and not Faust's: Faust's recovery reads one message at a time, drops a record it cannot decode with a warning,
takes uncommitted records and hangs on transaction markers.
"""

from agents.batches.table.base import Changes, Table
from agents.batches.table.memory import MemoryTable

__all__ = ["Changes", "MemoryTable", "Table"]
