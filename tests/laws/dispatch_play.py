"""A story played through a dispatcher partition, with a messaging system that reports what became of its messages."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from random import Random

from schemas.feedback import Feedback, FeedbackKind
from schemas.outbound import Outbound
from schemas.policy import Policy
from tests.dispatching import Stood, Worked, feedback
from tests.laws.dispatch_story import CHANNELS, Round, Story

ANSWERS = (
    (),
    (FeedbackKind.DELIVERED,),
    (FeedbackKind.FAILED,),
    (FeedbackKind.FAILED,),
    (FeedbackKind.BOUNCED, FeedbackKind.FAILED),
    (FeedbackKind.ACCEPTED, FeedbackKind.FAILED, FeedbackKind.FAILED),
    (FeedbackKind.FAILED, FeedbackKind.DELIVERED),
    (FeedbackKind.DELIVERED, FeedbackKind.FAILED),
    (FeedbackKind.COMPLAINED, FeedbackKind.BOUNCED),
)


def answered(messages: Sequence[Outbound], number: int) -> Iterator[Feedback]:
    """What a messaging system reports in a round of the messages that went out before: mostly at once, and failures."""
    for message in messages:
        dice = Random(message.id)
        for place, kind in enumerate(dice.choice(ANSWERS)):
            if number == dice.choice((0, 0, 1, 3)):
                told = feedback(message.id, kind, message.user_id, message.channel, place)
                yield told.model_copy(update={"time": message.at})


def played(
    policy: Policy,
    story: Story,
    *,
    cut: int = 0,
    restarts: frozenset[int] = frozenset(),
    worked: Worked | None = None,
) -> Worked:
    """The story through a partition: in one transaction an instant, or cut after every ``cut`` records."""
    worked = worked or Worked(policy)
    sent: list[list[Outbound]] = []
    for number, each in enumerate(story):
        if number in restarts:
            worked.restart()
        worked.tokens = dict.fromkeys(CHANNELS, each.tokens)
        worked.board = each.board
        worked.contacted = dict.fromkeys(each.contacted, each.now - timedelta(hours=23))
        reports = [told for ago, those in enumerate(reversed(sent)) for told in answered(those, ago)]
        before = len(worked.outbound)
        play(worked, each._replace(records=(*reports, *each.records)), cut)
        sent.append(worked.outbound[before:])
    return worked


def play(worked: Worked, each: Round, cut: int) -> None:
    records = [
        (message.TOPIC, Stood(n, 0, message.key.encode(), message.encode())) for n, message in enumerate(each.records)
    ]
    worked.work_raw([], each.now, each.heard, tick=False)
    while cut and len(records) > cut:
        worked.work_raw(records[:cut], each.now, tick=False)
        del records[:cut]
    worked.work_raw(records, each.now)
