"""History through the production code, under a virtual clock (G1): a log in, the files of a replay out.

``log``         lines into events, or the first fault with its line and the way to mend it
``run``         the loop: each event into the health role, what follows into the others, the clock on
``downstream``  dispatcher and governor over topics that forget what was read
``consent``     whose profiles the dispatcher knows
``labels``      warnings against what is known of who left
``folder``      the files of a replay
``progress``    how far it is, on stderr

Processing time is the watermark of the newest event, so it runs with the log and never backwards. Nothing here reads a
clock or depends on sizes of batches: a log gives the same files on every run, and a log cut short the first part of
them (``summary.json`` and the state at the end excepted).
"""

from agents.replay.run import Replay

__all__ = ["Replay"]
