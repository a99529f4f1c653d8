"""When what is known of a user becomes a warning; one rule a file, all of them in ``order``.

``level``     RISK and CRITICAL: the index is under a threshold; and what all levels have in common
``decline``   WATCH: the index stays down against the user's own baseline
``silence``   a silence that is improbable under the user's own rhythm
``lapse``     the key behaviour is missing for a whole horizon
``shock``     a complaint or a low score, at the event itself
``collapse``  an active user uses far less than is usual
``order``     which of them call together, and for which level
"""
