"""Why a user is where he is (G3): health with its parts, rhythm, stage, levels, warnings, last decisions, one sentence.

``known``     what is known of a user, from wherever
``replayed``  from the folder of a replay
``worked``    from a running worker: its changelog, read committed, and the board
``words``     the same for people

A worker is not asked itself: its changelog has all that is committed of the user, also while the worker is down or the
partition has just moved, and nobody needs to know which worker has it. The price is reading one changelog partition.
"""

from agents.explain.known import Known
from agents.explain.replayed import replayed
from agents.explain.worked import worked

__all__ = ["Known", "replayed", "worked"]
