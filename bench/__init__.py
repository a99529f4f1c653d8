"""How fast, against whom: ``make bench``. What each number means stands in README.md.

``job``          the work that every contestant does, and nothing else of a contestant
``recount``      what must come out of it, found another way
``source``       events: for the job, and of people with rhythms for the pipeline
``cluster``      Kafka and Redis for one run; filling topics and reading them back
``contestants``  one file each, one process each
``race``         a contestant's turn: start, time, compare
``decisions``    the dispatcher with a real Redis
``latency`` ``takeover`` ``restart``  the health worker under half load, under ``kill -9``, with a million users
``replay``       history from a file, without a broker
``report``       JSON lines, the table, the last line
"""
