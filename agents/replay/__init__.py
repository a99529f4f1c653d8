"""History through the production code, under a virtual clock (G1): events in, the files of a replay out.

``history``     where events come from: a file, or a range of the event topics
``reading``     files of lines, with a bar on stderr
``parquet``     Parquet files as lines
``topic``       a range of the event topics, through the workers' own intake
``edge``        the ends of such a range
``sorting``     events by time, however many there are
``log``         lines into events, or the first fault with its line and the way to mend it
``run``         the loop: each event into the health role, what follows into the others, the clock on
``downstream``  dispatcher and governor over topics that forget what was read
``consent``     whose profiles the dispatcher knows
``labels``      warnings against what is known of who left
``folder``      the files of a replay
``summary``     what came of it, in counts
``book``        what was known at the end

Processing time is the watermark of the newest event, so it runs with the log and never backwards. Nothing here reads a
clock or depends on sizes of batches: a log gives the same files on every run, and a log cut short the first part of
them (``summary.json`` and the state at the end excepted).
"""

from agents.replay.run import Replay

__all__ = ["Replay"]
