"""The path: batches through Faust, and a batch is a Kafka transaction. Nothing in here knows what the events mean.

Read it in this order:

``batch``       what travels: all records one fetch brought for one partition, and what they follow
``sequence``    the strict order at the point of use: which batch may enter (pure)
``consumer``    Faust's consumer, giving batches instead of messages; the only place that knows aiokafka's fetcher
``reader``      a topic partition read, committed records only, to its last stable offset
``table``       the state of a partition: memory or RocksDB, rebuilt from its changelog
``ledger``      the partition record: next offset of every topic, the time used, cursors, the role's memo
``producer``    one fenced transaction after another
``broadcast``   topics that every worker reads whole
``role``        what the path asks of a role, and of the world
``inbox``       what waits for an owner, and how much may
``tenure``      from opening a partition to letting it go: recovery, and a transaction for what waits
``owner``       one (role, partition number): a task that holds one tenure after another
``runner``      one role on one Faust app: topics, agents, signals, owners
``supervisor``  one process a role, started again when it ends
"""
