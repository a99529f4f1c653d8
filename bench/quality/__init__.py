"""How good the warnings are, on two public logs, through the product's own ``replay``: ``make quality``.

``sets``      the logs and their horizons, from PyPI packages into JSON lines
``replayed``  the product's own run over a log, and its files
``truth``     who was active when, and who lapsed: from the log alone
``rivals``    recency, frequency, BG/NBD, boosting, the raw-count rule
``ranking``   p_next and the rivals, snapshot by snapshot
``alerts``    what was warned of: how often, how early, how rightly
``plots``     calibration, lift, lead times
``report``    the table, JSON lines, the last line

Nothing of the product is imported: it is a command, and what it wrote is read. README.md has every definition.
"""
