"""The strict order: whatever a consumer does, a partition absorbs the log once and in order."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from agents.batches.batch import Batch, TopicPartition
from agents.batches.sequence import Verdict, admit

TP = TopicPartition("t", 0)
MOVES = st.lists(
    st.tuples(
        st.sampled_from(["deliver", "lose", "again", "jump", "rebalance"]), st.integers(1, 7), st.integers(0, 40)
    ),
    max_size=60,
)


@dataclass(frozen=True)
class Entry:
    offset: int


@dataclass
class Consumer:
    """Fetches from a log with holes, and knows what each fetch follows only as the real one does."""

    log: list[int]
    at: int = 0
    follows: int | None = 0
    epoch: int = 1
    generation: int = 1
    seen: list[Batch] = field(default_factory=list)

    def fetch(self, count: int) -> Batch | None:
        records = [Entry(offset) for offset in self.log if offset >= self.at][:count]
        if not records:
            return None
        start, end = records[0].offset, records[-1].offset + 1
        batch = Batch(TP, self.follows, start, end, records, self.epoch, self.generation)  # type: ignore[arg-type]
        self.at, self.follows = end, end
        self.seen.append(batch)
        return batch

    def seek(self, offset: int) -> int:
        self.at, self.follows, self.epoch = offset, offset, self.epoch + 1
        return self.epoch

    def reassigned(self, at: int) -> None:
        """The group gave the partition anew; aiokafka begins somewhere of its own choice."""
        self.at, self.follows, self.generation = at, None, self.generation + 1


@given(st.sets(st.integers(0, 40), max_size=41), MOVES)
def test_every_record_is_absorbed_once_and_in_order(offsets: set[int], moves: list[tuple[str, int, int]]) -> None:
    """Batches are lost, repeated, fetched from elsewhere and fetched under an older generation; none of it shows."""
    log = sorted(offsets)
    consumer = Consumer(log)
    position, epoch, absorbed = 0, 1, []

    def arrive(batch: Batch | None) -> None:
        nonlocal position, epoch
        if batch is None:
            return
        verdict = admit(batch, position, epoch, consumer.generation)
        if verdict is Verdict.ENTER:
            absorbed.extend(record.offset for record in batch.records)
            position = batch.end
        elif verdict is Verdict.GAP:
            epoch = consumer.seek(position)

    for move, count, offset in moves:
        match move:
            case "deliver":
                arrive(consumer.fetch(count))
            case "lose":
                consumer.fetch(count)
            case "again" if consumer.seen:
                arrive(consumer.seen[offset % len(consumer.seen)])
            case "jump":
                consumer.at, consumer.follows = offset, None
            case "rebalance":
                consumer.reassigned(offset)
                if count % 2:
                    epoch = consumer.seek(position)
    epoch = consumer.seek(position)
    while (batch := consumer.fetch(5)) is not None:
        arrive(batch)
    assert absorbed == log
