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
    settled: bool = False,
    idle: bool = False,
    restarts: frozenset[int] = frozenset(),
    worked: Worked | None = None,
) -> Worked:
    """The story through a partition: in one transaction an instant, or cut after every ``cut`` records.

    All records of an instant are known from its beginning: nobody is judged before the last of them is absorbed. But if
    they are ``settled``, each is known when everything before it is absorbed and judged; ``idle``: between them
    transactions take nothing, and partitions are opened anew.
    """
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
        play(worked, each._replace(records=(*reports, *each.records)), 1 if settled else cut, settled, idle)
        sent.append(worked.outbound[before:])
    return worked


def play(worked: Worked, each: Round, cut: int, settled: bool, idle: bool) -> None:
    records = [
        (message.TOPIC, Stood(n, 0, message.key.encode(), message.encode())) for n, message in enumerate(each.records)
    ]
    worked.work_raw([], each.now, each.heard, tick=False)
    behind = 0
    while cut and len(records) > cut:
        behind += not settled
        worked.work_raw(records[:cut], each.now, tick=False, behind=behind)
        del records[:cut]
        if idle:
            worked.restart()
            worked.work_raw([], each.now, tick=False)
    worked.work_raw(records, each.now)
