"""What stands on the topics for those who deliver and for those who ask why (E15, E16)."""

from datetime import timedelta

import pytest

from schemas.base import header
from schemas.decision import Call, Outcome
from schemas.ids import message_id, recall_id
from streams.dispatch.gate import STAGES
from tests.flow.story import PUSH, SHOP, WECHAT, Story, day


@pytest.fixture
def story() -> Story:
    """Ann falls silent and may be reached by push and WeChat; Bob falls silent and has no profile."""
    story = Story()
    story.profile("ann", day(0), consent=[PUSH, WECHAT])
    for user in ("ann", "bob"):
        story.lives(user, range(20))
    story.crowd(range(33))
    return story


@pytest.mark.requirement("E16")
async def test_an_outbound_message_says_all_that_a_delivering_system_needs(story: Story) -> None:
    """One CloudEvent, keyed by the user in his own partition, with an id that any run would give it."""
    heard = await story.told()
    [message] = heard.outbound()
    [warning] = heard.warnings("ann")
    [playbook] = [each for each in SHOP.playbooks if "risk" in each.levels and each.message_class == "promotion"]
    assert message.recall == recall_id("ann", warning.episode, warning.stage)
    assert message.id == message_id(message.recall, 1)
    assert (message.user_id, message.product, message.warning, message.episode) == (
        "ann", "default", warning.id, warning.episode,
    )  # fmt: skip
    assert (message.channel, message.cost) == (PUSH, SHOP.channels[PUSH].cost)
    assert (message.playbook, message.template, message.link) == (playbook.name, playbook.template, playbook.link)
    assert (message.parameters, message.priority) == (playbook.parameters, playbook.priority)
    assert message.expires - message.at == timedelta(hours=SHOP.dispatch.expiry_hours)
    assert message.policy_hash == SHOP.hash
    [record] = heard.driver.read("churn.outbound")
    [source] = [r for r in heard.driver.read("churn.warnings") if r.key == b"ann" and b'"risk"' in (r.value or b"")]
    assert (record.key, record.partition) == (b"ann", source.partition)
    assert header(record.headers, "ce_id") == message.id.encode()
    assert header(record.headers, "ce_type") == b"churn.outbound"
    assert header(record.headers, "ce_subject") == b"ann"


@pytest.mark.requirement("E15")
async def test_every_decision_is_published_with_what_every_stage_said(story: Story) -> None:
    """Sent or dropped: all verdicts, on every channel that was tried, under the policy that was in force."""
    heard = await story.told()
    [sent], [dropped] = heard.decisions("ann"), heard.decisions("bob")
    [message] = heard.outbound()
    assert (sent.outcome, sent.message, sent.channel, sent.reason) == (Outcome.SENT, message.id, PUSH, None)
    assert {verdict.call for verdict in sent.trace} == {Call.PASS}
    assert dropped.outcome is Outcome.DROPPED
    for decision in (sent, dropped):
        assert {verdict.stage for verdict in decision.trace} == {stage.name for stage in STAGES}
        assert decision.policy_hash == SHOP.hash
        refusing = [verdict for verdict in decision.trace if verdict.call is not Call.PASS]
        assert all(verdict.reason and verdict.detail for verdict in refusing), "every no says why, in words too"
    assert dropped.reason in {verdict.reason for verdict in dropped.trace}
    warning = heard.warnings("bob")[0]
    assert (dropped.warning, dropped.episode, dropped.user_id) == (warning.id, warning.episode, "bob")


@pytest.mark.requirement("E15", "E16")
async def test_the_board_shows_the_last_decision_and_message_of_a_user_and_the_funnel(story: Story) -> None:
    """The read model says what the topics say."""
    heard = await story.told()
    board = heard.driver.board
    assert await board.user("ann") == (heard.decisions("ann")[-1], heard.outbound("ann")[-1])
    assert await board.user("bob") == (heard.decisions("bob")[-1], None)
    [message] = heard.outbound()
    assert (await board.funnel(message.at.date()))["sent/-/push"] == 1
