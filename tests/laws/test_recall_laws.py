"""What holds for every recall, whatever is reported of its messages, and in which order (E6, E13, F1)."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

from hypothesis import given

from schemas.feedback import Feedback, FeedbackKind
from schemas.outbound import Outbound
from schemas.policy import Policy
from streams.role import Fact
from tests.cases import cases
from tests.dispatching import Stood, Worked, read
from tests.laws.dispatch_play import played
from tests.laws.dispatch_story import policies, stories

LAWS = cases(30)


class Failures(Worked):
    """Keeps, beside the partition, which messages have failed when another one goes out, from the records alone."""

    def __init__(self, policy: Policy) -> None:
        self.told: dict[str, set[FeedbackKind]] = defaultdict(set)
        self.of: dict[tuple[str, str, str], list[Outbound]] = defaultdict(list)
        super().__init__(policy)

    def on_record(self, record: Stood, now: datetime) -> None:
        assert record.value is not None
        if b'"message"' in record.value:
            report = Feedback.decode(record.value)
            sent = [each for one in self.of.values() for each in one if each.id == report.message]
            if any((each.user_id, each.channel) == (report.user_id, report.channel) for each in sent):
                self.told[report.message].add(report.kind)

    def on_facts(self, facts: Sequence[Fact], now: datetime) -> None:
        known = {each.id for one in self.of.values() for each in one}
        for message in (each for each in read(facts, Outbound) if each.id not in known):
            before = self.of[message.user_id, message.episode, message.stage]
            assert message.number == len(before) + 1
            assert message.channel not in {each.channel for each in before}
            if before:
                told = self.told[before[-1].id]
                assert told & FAILED
                assert told <= FAILED | {FeedbackKind.ACCEPTED}
            before.append(message)


FAILED = {FeedbackKind.FAILED, FeedbackKind.BOUNCED}


@LAWS
@given(policies(), stories)
def test_a_second_message_for_one_episode_and_stage_follows_a_final_failure_only(policy, story):
    """The promise: never two in flight, never one more after any sign of arrival, never twice on a channel."""
    outbound = played(policy, story, worked=Failures(policy)).outbound
    assert len({each.id for each in outbound}) == len(outbound)
