"""What is said, and on which channel: copy, fallback and feedback, from warning to message (E11, E13, E16, F1)."""

from datetime import datetime

import pytest

from schemas import topics
from schemas.channel import Channel
from schemas.decision import Outcome, Reason
from schemas.feedback import Feedback, FeedbackKind
from schemas.ids import message_id
from schemas.policy import Cap, Policy, Template, Variant
from tests.flow.story import EMAIL, HOUR, PUSH, SHOP, SMS, WECHAT, Heard, Level, Story, day

SENT, HELD, DROPPED = Outcome.SENT, Outcome.HELD, Outcome.DROPPED
NOON = day(1, hour=12)
FAILED, BOUNCED, DELIVERED = FeedbackKind.FAILED, FeedbackKind.BOUNCED, FeedbackKind.DELIVERED
[RISK] = [each for each in SHOP.playbooks if each.name == "risk-whats-new"]


def saying(text: str, **channels: str) -> Policy:
    """The shop, with another text of what is new, and others on single channels."""
    variants = {Channel(name): Variant(text={"default": each}) for name, each in channels.items()}
    subject = {"default": "上新"}
    template = Template(subject=subject, text={"default": text}, channels=variants)
    return SHOP.model_copy(update={"templates": {**SHOP.templates, "whats_new": template}})


def reported(story: Story, kind: FeedbackKind, at: datetime, number: int = 1) -> None:
    """The messaging system reports about Ann's n-th message."""

    def report(driver):
        message = Heard(driver).outbound("ann")[number - 1]
        told = Feedback(
            id=f"{message.id}-{kind}-{at}",
            message=message.id,
            user_id="ann",
            channel=message.channel,
            kind=kind,
            time=at,
        )
        driver.send(topics.FEEDBACK, b"ann", told.encode(), int(at.timestamp() * 1000))

    story.does(at, report)


@pytest.mark.requirement("E11", "E16")
async def test_a_message_is_sent_as_it_is_written_for_user_and_channel() -> None:
    """Ann reads Chinese by SMS, Bob English by mail, with subject, segments and what they cost."""
    story = Story()
    story.profile("ann", NOON, consent=[SMS], language="zh-Hans-CN")
    story.profile("bob", NOON, consent=[EMAIL], language="en_GB")
    for user in ("ann", "bob"):
        story.warned(user, NOON, Level.CRITICAL)
    heard = await story.told()
    [ann], [bob] = heard.outbound("ann"), heard.outbound("bob")
    assert (ann.locale, ann.subject, ann.segments, ann.cost) == ("default", None, 1, SHOP.channels[SMS].cost)
    assert (
        ann.content == "【好物商店】为您留了一张30元券，7天内可用，点 https://s.shop.example/gift 打开领取。拒收请回复R"
    )
    assert (bob.locale, bob.subject, bob.segments) == ("en", "A coupon of 30 yuan for you", None)
    assert bob.content is not None
    assert bob.content.startswith("It has been a while. There is a coupon of 30 yuan for you")
    assert ann.number == bob.number == 1


@pytest.mark.requirement("E11")
async def test_what_costs_more_segments_costs_more() -> None:
    """Two short messages are paid for twice."""
    story = Story(saying("x", sms="点 https://s.shop.example/new 查看新品，" + "慢慢挑" * 20 + "。拒收请回复R"))
    policy = story.policy
    risk = RISK.model_copy(update={"channels": (SMS,), "short_link": "https://s.shop.example/new"})
    story = Story(policy.model_copy(update={"playbooks": (risk,)}))
    story.profile("ann", NOON, consent=[SMS])
    story.warned("ann", NOON)
    heard = await story.told()
    [message] = heard.outbound()
    assert (message.segments, message.cost) == (2, 2 * SHOP.channels[SMS].cost)


@pytest.mark.requirement("E11", "E13")
async def test_what_may_not_be_said_on_one_channel_is_said_on_the_next() -> None:
    """The push presses, WeChat does not: one message, and the trace says which word stood where."""
    story = Story(saying("慢慢看", push="新品ＬＡＳＴ ＤＡＹ，限\u200b时抢购"))
    story.profile("ann", NOON, consent=[PUSH, WECHAT])
    story.warned("ann", NOON)
    heard = await story.told()
    [message], [decision] = heard.outbound("ann"), heard.decisions("ann")
    assert (message.channel, message.content) == (WECHAT, "慢慢看")
    [refusal] = [verdict for verdict in decision.trace if verdict.reason]
    assert (refusal.stage, refusal.channel, refusal.reason) == ("copy", PUSH, Reason.COPY_FORBIDDEN)
    for word, place in (("last day", 3), ("限时", 12), ("抢购", 15)):
        assert f"text: the word {word!r} at character {place} is forbidden" in refusal.detail


@pytest.mark.requirement("E11")
@pytest.mark.parametrize(
    ("text", "reason", "detail"),
    [
        ("最后１天", Reason.COPY_FORBIDDEN, "'最后1天' at character 1"),
        ("看" * 601, Reason.COPY_TOO_LONG, "601 characters, at most 600 are sent by wechat"),
        ("{{ name }}，好久不见", Reason.COPY_UNRENDERABLE, "there is no value for 'name'"),
        ("看 http://shop.example/x", Reason.COPY_LINK, "is not https"),
        (
            "看 https://evil.example/x?utm_source=a&utm_medium=b&utm_campaign=c",
            Reason.COPY_LINK,
            "leads to evil.example",
        ),
        ("看t.cn/abc", Reason.COPY_LINK, "t.cn/abc leads to t.cn, which is not in wording.link.hosts"),
        ("看 https://shop.example/x", Reason.COPY_LINK, "does not carry utm_source, utm_medium, utm_campaign"),
    ],
    ids=["forbidden", "long", "unrenderable", "http", "host", "bare", "utm"],
)
async def test_a_text_that_must_not_go_out_does_not(text: str, reason: Reason, detail: str) -> None:
    """Where no channel is left the candidate is dropped, with the reason and the place."""
    story = Story(saying(text))
    story.profile("ann", NOON, consent=[WECHAT])
    story.warned("ann", NOON)
    heard = await story.told()
    [decision] = heard.decisions("ann")
    [refusal] = [each for each in decision.trace if (each.stage, each.channel) == ("copy", WECHAT)]
    assert refusal.reason is reason
    assert detail in refusal.detail
    assert heard.outbound() == []


@pytest.mark.requirement("E11")
async def test_an_sms_without_its_opt_out_is_not_sent() -> None:
    """Nor one whose link opens nobody knows what."""
    policy = saying("x", sms="https://s.shop.example/new")
    risk = RISK.model_copy(update={"channels": (SMS,), "short_link": "https://s.shop.example/new"})
    story = Story(policy.model_copy(update={"playbooks": (risk,)}))
    story.profile("ann", NOON, consent=[SMS])
    story.warned("ann", NOON)
    heard = await story.told()
    [decision] = heard.decisions("ann")
    assert (decision.outcome, decision.reason) == (DROPPED, Reason.COPY_INCOMPLETE)
    [refusal] = [verdict for verdict in decision.trace if verdict.reason]
    assert "the part opt_out is missing: '拒收请回复R'" in refusal.detail
    assert "the part what_the_link_opens is missing" in refusal.detail


@pytest.mark.requirement("E11", "E16")
async def test_a_template_of_the_messaging_system_is_passed_on_by_name() -> None:
    """Nothing is rendered and no words are judged; the link is."""
    theirs = SHOP.model_copy(update={"templates": {}})
    away = RISK.model_copy(update={"link": "https://elsewhere.example/"})
    for policy, reason in ((theirs, None), (theirs.model_copy(update={"playbooks": (away,)}), Reason.COPY_LINK)):
        story = Story(policy)
        story.profile("ann", NOON, consent=[PUSH])
        story.warned("ann", NOON)
        heard = await story.told()
        verdicts = [each for each in heard.decisions("ann")[0].trace if (each.stage, each.channel) == ("copy", PUSH)]
        assert [verdict.reason for verdict in verdicts] == [reason]
        for message in heard.outbound():
            assert (message.template, message.content, message.subject, message.locale) == (
                "whats_new",
                None,
                None,
                None,
            )
            assert message.parameters == {"picks": "3"}


@pytest.mark.requirement("E13", "F1")
async def test_a_message_that_failed_is_followed_by_one_on_the_next_channel() -> None:
    """Push fails, WeChat bounces, mail arrives: three messages of one recall, one after the other."""
    story = Story()
    story.profile("ann", NOON, consent=[PUSH, WECHAT, EMAIL])
    story.warned("ann", NOON)
    reported(story, FAILED, NOON + HOUR, 1)
    reported(story, BOUNCED, NOON + 2 * HOUR, 2)
    reported(story, DELIVERED, NOON + 3 * HOUR, 3)
    reported(story, BOUNCED, NOON + 4 * HOUR, 3)
    heard = await story.told()
    messages = heard.outbound("ann")
    assert [(each.channel, each.number) for each in messages] == [(PUSH, 1), (WECHAT, 2), (EMAIL, 3)]
    assert [(each.at - NOON) / HOUR for each in messages] == [0, 1, 2]
    assert [each.id for each in messages] == [message_id(messages[0].recall, number) for number in (1, 2, 3)]
    assert {each.expires for each in messages} == {NOON + 72 * HOUR}
    assert heard.ends("ann") == [(SENT, None)] * 3


@pytest.mark.requirement("E13", "F1")
async def test_reports_that_come_twice_late_or_in_another_order_send_nothing_twice() -> None:
    """A failure is believed once; what arrived before it was told has arrived; what comes after is too late."""
    story = Story()
    story.profile("ann", NOON, consent=[PUSH, WECHAT, EMAIL])
    story.warned("ann", NOON)
    for hour, kind in enumerate((FAILED, FAILED, BOUNCED, DELIVERED, FAILED), 1):
        reported(story, kind, NOON + hour * HOUR, 1)
    reported(story, DELIVERED, NOON + 6 * HOUR, 2)
    reported(story, FAILED, NOON + 7 * HOUR, 2)
    heard = await story.told()
    assert [each.channel for each in heard.outbound("ann")] == [PUSH, WECHAT]


@pytest.mark.requirement("E13", "E9", "E14")
async def test_a_second_message_waits_for_the_cap_of_its_channel_and_for_no_other() -> None:
    """It passes the whole gate again: the cap holds it, mail is not tried instead, and WeChat is when it may be."""
    story = Story(SHOP.model_copy(update={"caps": (Cap(name="two-days", count=1, hours=48),)}))
    story.profile("ann", NOON, consent=[PUSH, WECHAT, EMAIL])
    story.warned("ann", NOON)
    reported(story, FAILED, NOON + HOUR, 1)
    heard = await story.told()
    assert heard.ends("ann") == [(SENT, None), (HELD, Reason.FREQUENCY_CAP)]
    story.waits(NOON + 49 * HOUR)
    heard = await story.told()
    assert heard.ends("ann") == [(SENT, None), (HELD, Reason.FREQUENCY_CAP), (SENT, None)]
    assert [each.channel for each in heard.outbound("ann")] == [PUSH, WECHAT]


@pytest.mark.requirement("E13", "E1")
async def test_neither_expiry_nor_silence_nor_a_return_brings_a_second_message() -> None:
    """Ann's failure is told after three days, Bob's never, Cid is back before it is."""
    story = Story()
    for user in ("ann", "bob", "cid"):
        story.profile(user, NOON, consent=[PUSH, WECHAT, EMAIL])
        story.warned(user, NOON)
    story.warned("cid", NOON + HOUR, Level.RECOVERED)
    story.feedback(FAILED, "cid", NOON + 2 * HOUR)
    story.feedback(FAILED, "ann", NOON + 72 * HOUR)
    story.waits(NOON + 200 * HOUR)
    heard = await story.told()
    assert heard.ends("ann") == [(SENT, None), (DROPPED, Reason.EXPIRED)]
    assert heard.ends("bob") == heard.ends("cid") == [(SENT, None)]
    assert len(heard.outbound()) == 3


@pytest.mark.requirement("F1", "E13")
async def test_a_report_about_another_channel_is_counted_and_changes_nothing() -> None:
    """The sender has mixed something up: no failure is believed of a message that did not go there."""
    story = Story()
    story.profile("ann", NOON, consent=[PUSH, WECHAT])
    story.warned("ann", NOON)

    def mixed_up(driver):
        message = Heard(driver).outbound("ann")[0]
        told = Feedback(id="f", message=message.id, user_id="ann", channel=WECHAT, kind=FAILED, time=NOON)
        driver.send(topics.FEEDBACK, b"ann", told.encode(), 0)

    story.does(NOON + HOUR, mixed_up)
    heard = await story.told()
    assert heard.ends("ann") == [(SENT, None)]
    assert heard.dead_letters == []
