"""What an owner's desk tells the board of a committed transaction."""

from datetime import UTC, datetime, timedelta

from agents.board import Desk, MemoryBoard
from schemas.base import Message
from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from schemas.decision import Decision, Outcome
from schemas.outbound import Outbound
from schemas.policy import ChannelPolicy, Policy
from streams.board import NOTHING, BoardQuestion
from streams.role import Fact

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
POLICY = Policy(name="desk", channels={Channel.PUSH: ChannelPolicy(cost=0, rate_per_second=10)})
TEN = BoardQuestion({Channel.PUSH: 10}, frozenset({"u1"}))
MESSAGE = Outbound(
    id="m", recall="r", episode="e", stage="at_risk", warning="w", user_id="u1", product="default",
    channel=Channel.PUSH, playbook="p", template="t", cost=0, priority=5, at=NOW, expires=NOW, policy_hash="h",
)  # fmt: skip
DECISION = Decision(
    id="d", number=1, warning="w", level="risk", episode="e", recall="r", user_id="u1", product="default",
    playbook="p", outcome=Outcome.SENT, expires=NOW, at=NOW, trace=(), policy_hash="h",
)  # fmt: skip


def written(*messages: Message) -> list[Fact]:
    return [Fact(message.TOPIC, message.key.encode(), message.encode()) for message in messages]


async def test_tokens_that_no_message_used_go_back_once() -> None:
    """Ten taken, one message: nine are there again, and a second telling returns nothing more."""
    board = MemoryBoard(POLICY)
    desk = Desk(board)
    assert (await desk.look(TEN, NOW)).tokens == {Channel.PUSH: 10}
    await desk.told(written(MESSAGE), NOW)
    await desk.told(written(), NOW)
    assert (await board.look(TEN, NOW)).tokens == {Channel.PUSH: 9}


async def test_what_was_taken_by_a_failed_transaction_is_not_returned_by_the_next() -> None:
    """Only the tokens of the last look count: the earlier ones flow back with time."""
    board = MemoryBoard(POLICY)
    desk = Desk(board)
    await desk.look(BoardQuestion({Channel.PUSH: 7}, frozenset()), NOW)
    await desk.look(BoardQuestion({Channel.PUSH: 2}, frozenset()), NOW)
    await desk.told(written(), NOW)
    assert (await board.look(TEN, NOW)).tokens == {Channel.PUSH: 3}


async def test_the_board_hears_messages_decisions_and_breakers_and_passes_over_the_rest() -> None:
    """Facts of other topics and tombstones are none of the board's business."""
    board = MemoryBoard(POLICY)
    breaker = Breaker(channel=Channel.PUSH, state=BreakerState.OPEN, round=1, since=NOW, cause="failures")
    facts = [*written(MESSAGE, DECISION, breaker), Fact("churn.counts", b"0", b"{"), Fact(DECISION.TOPIC, b"u1", None)]
    await Desk(board).told(facts, NOW)
    assert await board.user("u1") == (DECISION, MESSAGE)
    assert await board.breakers() == {Channel.PUSH: breaker}
    later = NOW + timedelta(hours=1)
    assert (await board.look(NOTHING._replace(users=frozenset({"u1"})), later)).contacted == {"u1": NOW}
