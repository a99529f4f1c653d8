"""What every board does, in memory and on a real server: one suite, the same laws."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from math import ceil

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from agents.board import Board, Link, MemoryBoard, RedisBoard, UserView
from schemas.breaker import Breaker, BreakerState
from schemas.channel import Channel
from schemas.decision import Decision, Outcome, Reason
from schemas.outbound import Outbound
from schemas.policy import ChannelPolicy, Dispatch, Policy
from streams.board import BoardQuestion
from tests.dispatching import committed

NOW = datetime(2026, 1, 5, 10, tzinfo=UTC)
RATES = {Channel.SMS: 2.5, Channel.PUSH: 40.0, Channel.EMAIL: 0.3}
POLICY = Policy(
    name="board",
    channels={channel: ChannelPolicy(cost=0.05, rate_per_second=rate) for channel, rate in RATES.items()},
    dispatch=Dispatch(registry_gap_hours=24),
)
Boards = Callable[[int], Awaitable[list[Board]]]


@pytest.fixture(params=["memory", "redis"])
async def boards(request: pytest.FixtureRequest) -> AsyncIterator[Boards]:
    """Makes as many boards as asked for on one empty server."""
    if request.param == "memory":

        async def in_memory(count: int) -> list[Board]:
            return [MemoryBoard(POLICY)] * count

        yield in_memory
        return
    server = request.getfixturevalue("redis_server")
    link, client = Link.to(server.url, limit=10), Redis.from_url(server.url)

    async def on_server(count: int) -> list[Board]:
        await client.flushall()
        return [RedisBoard(link, POLICY, partitions=4) for _ in range(count)]

    yield on_server
    await link.close()
    await client.aclose()


def wish(users: set[str] | None = None, **tokens: int) -> BoardQuestion:
    return BoardQuestion({Channel(name): count for name, count in tokens.items()}, frozenset(users or ()))


def sent(user: str = "u1", channel: Channel = Channel.SMS, number: int = 1) -> Outbound:
    return Outbound(
        id=f"message-{user}-{number}", recall=f"recall-{user}", episode="e", stage="at_risk", warning="w", user_id=user,
        product="default", channel=channel, playbook="p", template="t", cost=0.05, priority=5, at=NOW,
        expires=NOW + timedelta(hours=72), policy_hash=POLICY.hash,
    )  # fmt: skip


def decided(
    user: str = "u1", outcome: Outcome = Outcome.SENT, reason: Reason | None = None, channel: Channel | None = None
) -> Decision:
    return Decision(
        id=f"decision-{user}-{outcome}", number=1, warning="w", level="risk", episode="e", recall=f"recall-{user}",
        user_id=user, product="default", playbook="p", outcome=outcome, reason=reason, channel=channel,
        expires=NOW + timedelta(hours=72), at=NOW, trace=(), policy_hash=POLICY.hash,
    )  # fmt: skip


step = st.tuples(
    st.integers(0, 2),  # which board
    st.sampled_from(list(RATES)),
    st.sampled_from([1, 2, 39, 60]),  # asked
    st.sampled_from(
        [-9_000_000, -60_000, -1, 0, 1, 24_999, 25_000, 60_000, 5_000_000]
    ),  # microseconds the clock of this caller moves
    st.sampled_from([0, 0, 0.5, 1]),  # which part comes back unused
)


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=st.lists(step, max_size=40))
async def test_no_interleaving_of_boards_and_clocks_is_granted_more_than_a_bucket_and_what_flowed_in(
    boards: Boards, story: list[tuple[int, Channel, int, int, float]]
) -> None:
    """From any question on: used <= capacity + rate x (latest clock - its clock), whoever asked and gave back."""
    three, now = await boards(3), NOW
    steps: dict[Channel, list[tuple[datetime, int]]] = {channel: [] for channel in RATES}
    for number, channel, asked, moved, back in story:
        now += timedelta(microseconds=moved)
        granted = (await three[number].look(BoardQuestion({channel: asked}, frozenset()), now)).tokens[channel]
        assert 0 <= granted <= asked
        await three[number].told([], [], {channel: int(granted * back)}, now)
        steps[channel].append((now, granted - int(granted * back)))
    for channel, uses in steps.items():
        for first, (begun, _) in enumerate(uses):
            latest, used = max(at for at, _ in uses[first:]), sum(count for _, count in uses[first:])
            assert used <= ceil(RATES[channel]) + RATES[channel] * (latest - begun).total_seconds() + 1e-6


async def test_a_bucket_starts_full_and_refills_at_its_rate(boards: Boards) -> None:
    """40 a second: 40 at once, then one every 25 ms, and never more than 40 however long nobody asked."""
    [board] = await boards(1)
    assert (await board.look(wish(push=100), NOW)).tokens == {Channel.PUSH: 40}
    assert (await board.look(wish(push=100), NOW + timedelta(milliseconds=24))).tokens == {Channel.PUSH: 0}
    assert (await board.look(wish(push=100), NOW + timedelta(milliseconds=75))).tokens == {Channel.PUSH: 3}
    assert (await board.look(wish(push=100), NOW + timedelta(days=1))).tokens == {Channel.PUSH: 40}


async def test_an_older_now_never_mints_tokens(boards: Boards) -> None:
    """A clock that steps back finds an empty bucket still empty, and leaves it so for the others."""
    ahead, behind = await boards(2)
    await ahead.look(wish(push=40), NOW)
    for back in (1, 60, 86_400):
        assert (await behind.look(wish(push=40), NOW - timedelta(seconds=back))).tokens == {Channel.PUSH: 0}
    assert (await ahead.look(wish(push=40), NOW)).tokens == {Channel.PUSH: 0}


async def test_a_bucket_keeps_what_was_not_asked_for(boards: Boards) -> None:
    """Asking for a part leaves the rest, at the same instant."""
    one, other = await boards(2)
    assert (await one.look(wish(push=10), NOW)).tokens == {Channel.PUSH: 10}
    assert (await other.look(wish(push=99), NOW)).tokens == {Channel.PUSH: 30}


async def test_channels_do_not_share_a_bucket_and_an_unknown_one_has_no_tokens(boards: Boards) -> None:
    """Each channel of the policy has its own rate; a channel that the policy does not have is never granted."""
    [board] = await boards(1)
    view = await board.look(wish(push=99, sms=99, call=5), NOW)
    assert view.reachable
    assert view.tokens == {Channel.PUSH: 40, Channel.SMS: 3, Channel.CALL: 0}


async def test_unused_tokens_can_be_taken_by_another_board(boards: Boards) -> None:
    """What one owner took and did not send is there for the next, at most up to a full bucket."""
    one, other = await boards(2)
    await one.look(wish(push=40), NOW)
    await one.told([], [], {Channel.PUSH: 15}, NOW)
    assert (await other.look(wish(push=40), NOW)).tokens == {Channel.PUSH: 15}


async def test_a_sent_message_is_known_as_a_contact_to_every_board(boards: Boards) -> None:
    """Only users who were sent something, and who are asked for, stand in the answer."""
    one, other = await boards(2)
    await one.told(
        committed(sent("u1"), sent("u2")), committed(decided("u3", Outcome.HELD, Reason.FREQUENCY_CAP)), {}, NOW
    )
    view = await other.look(wish(users={"u1", "u3", "u4"}), NOW + timedelta(hours=1))
    assert view == (True, {}, {"u1": NOW})


async def test_the_read_model_keeps_the_last_of_each_user(boards: Boards) -> None:
    """The newest decision and the newest message, field by field; nothing for a stranger."""
    writer, reader = await boards(2)
    await writer.told(
        committed(sent(number=1), sent(number=2)), committed(decided(outcome=Outcome.HELD), decided()), {}, NOW
    )
    assert await reader.user("u1") == UserView(decided(), sent(number=2))
    assert await reader.user("nobody") == UserView(None, None)


async def test_the_funnel_counts_outcome_reason_and_channel_of_a_day(boards: Boards) -> None:
    """Counts of several owners add up under the day of the commit, and yesterday stays yesterday."""
    one, other = await boards(2)
    held = decided("u2", Outcome.HELD, Reason.FREQUENCY_CAP)
    await one.told([], committed(decided(channel=Channel.SMS), held), {}, NOW)
    await other.told([], committed(held), {}, NOW + timedelta(minutes=1))
    await other.told([], committed(held), {}, NOW + timedelta(days=1))
    assert await one.funnel(NOW.date()) == {"sent/-/sms": 1, "held/frequency_cap/-": 2}
    assert await one.funnel(NOW.date() - timedelta(days=1)) == {}


async def test_the_read_model_shows_the_last_state_of_every_breaker(boards: Boards) -> None:
    """A later state of a channel replaces the earlier one; other channels stay."""
    writer, reader = await boards(2)
    closed = Breaker(channel=Channel.SMS, state=BreakerState.CLOSED, round=0, since=NOW, cause="start")
    open_ = closed.model_copy(update={"state": BreakerState.OPEN, "cause": "complaints"})
    push = closed.model_copy(update={"channel": Channel.PUSH})
    await writer.breaker([closed, push], NOW)
    await writer.breaker([open_], NOW)
    assert await reader.breakers() == {Channel.SMS: open_, Channel.PUSH: push}
