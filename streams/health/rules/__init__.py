"""When a health index becomes a warning; one rule a file.

``level``  RISK and CRITICAL: the index is under a threshold, with hysteresis and a cool-down
"""
