"""What a text is made of: language, words, segments, links; and every objection to it (E11)."""

import pytest

from schemas.channel import Channel
from schemas.decision import Reason
from schemas.policy import Limit, Limits, LinkRules, Playbook, Policy, Template, Variant, Wording
from schemas.warning import Level
from streams.dispatch.copy.links import links_of, written
from streams.dispatch.copy.segments import segments
from streams.dispatch.copy.template import TextTemplate, Unusable
from streams.dispatch.copy.words import Words
from streams.dispatch.copy.writer import Copywriter, Written
from tests.dispatching import BACK, policy

OCCASION = {"user": "u1", "product": "shop", "level": "risk", "stage": "at_risk"}
PUSH, SMS, EMAIL = Channel.PUSH, Channel.SMS, Channel.EMAIL


def of(template: Template, channel: Channel = SMS, language: str | None = None, **playbook: object) -> Written:
    """What is written for a user."""
    book = Playbook.model_validate(
        {"name": "p", "levels": (Level.RISK,), "channels": (channel,), "template": "t", **playbook}
    )
    wording = Wording(link=LinkRules(hosts=("shop.example", "s.example")), limits=Limits(push=Limit(characters=120)))
    made = policy(playbooks=(book,), templates={"t": template}, wording=wording)
    return Copywriter(made).write(book, channel, language, OCCASION)


def say(text: str, channel: Channel = SMS, **playbook: object) -> list[tuple[Reason, str]]:
    """What is to be objected to a text."""
    written = of(Template(text={"default": text}), channel, **playbook)
    return [(each.reason, str(each)) for each in written.objections]


@pytest.mark.parametrize(
    ("source", "told"),
    [
        ("{{ a", "line 1: unexpected end of template"),
        ("{% if a %}", "Unexpected end of template"),
        ("x\n{{ a.b }}", "line 2: 'getattr' is not part of"),
        ("{{ a[0] }}", "'getitem' is not part of"),
        ("{{ a() }}", "'call' is not part of"),
        ("{{ 'a' * 9 }}", "'mul' is not part of"),
        ("{{ 9 ** 9 }}", "'pow' is not part of"),
        ("{{ '%9999999d' % 1 }}", "'mod' is not part of"),
        ("{% set a = 'x' %}", "'assign' is not part of"),
        ("{% for x in a %}{% endfor %}", "'for' is not part of"),
        ("{% macro m() %}{% endmacro %}", "'macro' is not part of"),
        ("{% include 'x' %}", "'include' is not part of"),
        ("{{ a is defined }}", "'test' is not part of"),
        ("{{ a|replace('x', 'y') }}", "filter 'replace' is not known; there are capitalize, lower"),
        ("{{ [1, 2] }}", "'list' is not part of"),
        ("{{ " + "(" * 900 + "a" + ")" * 900 + " }}", "it is nested too deep"),
        ("{% if a %}" * 200 + "{% endif %}" * 200, "it is nested too deep"),
        ("{{ " + "9" * 5_000 + " }}", "it is nested too deep, or holds a number that is too long"),
    ],
    ids=lambda text: text[:24],
)
def test_what_is_not_in_the_language_is_refused_with_its_line(source: str, told: str) -> None:
    with pytest.raises(Unusable) as caught:
        TextTemplate(source).render({"a": "x"})
    assert told in str(caught.value)


def test_a_name_without_a_value_is_told() -> None:
    with pytest.raises(Unusable, match="there is no value for 'b'"):
        TextTemplate("{{ a }}{% if a == 1 %}{{ b }}{% endif %}").render({"a": "x"})


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("zh-CN", "zh"),
        ("ZH_Hans_CN", "zh-hans"),
        ("en-GB", "en"),
        ("fr", "default"),
        (None, "default"),
        ("", "default"),
    ],
)
def test_a_user_reads_the_nearest_language(language: str | None, text: str) -> None:
    texts = {tag: f"{tag}，拒收请回复R Reply R to opt out" for tag in ("zh", "zh-hans", "en", "default")}
    written = of(Template(text=texts), language=language)
    assert (written.locale, written.content) == (text, texts[text])


def test_a_channel_may_say_it_in_other_words_and_has_a_subject_or_none() -> None:
    template = Template(
        subject={"default": "S\n {{ product }}"},
        text={"default": "long"},
        channels={PUSH: Variant(text={"default": "short"}), EMAIL: Variant(subject={"default": "M"})},
    )
    mail, push, sms = (of(template, channel) for channel in (EMAIL, PUSH, SMS))
    assert (mail.subject, mail.content) == ("M", "long")
    assert (push.subject, push.content, push.segments) == (None, "short", None)
    assert (sms.subject, sms.content, sms.segments) == (None, "long", 1)


def test_a_subject_is_one_line() -> None:
    """A line feed in it would be a header of its own in a mail."""
    written = of(
        Template(subject={"default": "A\r\nBcc: {{ x }}"}, text={"default": "t"}), EMAIL, parameters={"x": "y"}
    )
    assert written.subject == "A Bcc: y"


def test_facts_stand_above_parameters() -> None:
    written = of(Template(text={"default": "{{ user }} {{ x }}"}), PUSH, parameters={"user": "me", "x": "y"})
    assert written.content == "u1 y"


def test_every_objection_is_told_and_where_it_is() -> None:
    """Word and place, part, length, link: all at once."""
    told = say("限时 http://evil.example/" + "x" * 150)
    assert [reason for reason, _ in told] == [
        Reason.COPY_FORBIDDEN, Reason.COPY_INCOMPLETE, Reason.COPY_INCOMPLETE, Reason.COPY_TOO_LONG,
        *[Reason.COPY_LINK] * 4,
    ]  # fmt: skip
    assert told[0][1] == "text: the word '限时' at character 1 is forbidden"
    assert told[3][1] == "text: 3 short messages, at most 2 are sent by sms"


@pytest.mark.parametrize(
    "text", ["限时", "限\u200b时", "Ｌast  day".replace("  ", " "), "LAST DAY", "最后１天", "㊙限时"]
)
def test_a_forbidden_word_is_found_in_any_width_and_case(text: str) -> None:
    assert (Reason.COPY_FORBIDDEN) in {reason for reason, _ in say(text, PUSH)}


@pytest.mark.parametrize("text", ["有时限", "hurrying", "最后 10 天", "contact now"])
def test_what_only_looks_like_one_is_not(text: str) -> None:
    assert say(text, PUSH) == []


def test_a_word_list_may_be_empty() -> None:
    assert list(Words(()).found("限时")) == list(Words(("\u200b",)).found("限时")) == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("", 1), ("a" * 160, 1), ("a" * 161, 2), ("a" * 306, 2), ("a" * 307, 3),
        ("€" * 80, 1), ("€" * 81, 2), ("a" * 152 + "€" + "a" * 8, 2), ("a" * 152 + "€" + "a" * 151, 2),
        ("a" * 152 + "€" + "a" * 152, 3), ("`", 1), ("`" * 71, 2), ("我" * 70, 1), ("我" * 134, 2), ("我" * 135, 3),
        ("😀" * 35, 1), ("😀" * 36, 2), ("😀" * 66, 2), ("😀" * 67, 3),
    ],
    ids=lambda value: str(value)[:4],
)  # fmt: skip
def test_segments_are_counted_as_providers_do(text: str, count: int) -> None:
    """An escape and a surrogate pair are never torn: a segment of 67 units holds 33 pairs, not 33 and a half."""
    assert segments(text) == count


@pytest.mark.parametrize(
    ("link", "short", "told"),
    [
        (BACK, None, []),
        (BACK, "https://s.example/x", []),
        (BACK.replace("https", "http"), None, ["link: is not https"]),
        (BACK.replace("shop.", "hop."), None, ["link: leads to hop.example, which is not in wording.link.hosts"]),
        (BACK.replace("shop.example", "shop.example@evil.com"), None, ["link: leads to evil.com, which is not in"]),
        ("https://shop.example/", None, ["link: does not carry utm_source, utm_medium, utm_campaign"]),
        ("https://shop.example/?utm_source=&utm_medium=b&utm_campaign=c", None, ["link: does not carry utm_source"]),
        ("https://[::1/x", None, ["link: cannot be read: Invalid IPv6 URL"]),
        (None, "https://s.example/x", ["short_link: does not carry utm_source, utm_medium, utm_campaign"]),
        (BACK, "http://t.example/", ["short_link: is not https", "short_link: leads to t.example"]),
    ],
)
def test_links_are_safe_ours_and_tell_where_a_click_came_from(link: str, short: str, told: list[str]) -> None:
    book = Playbook(name="p", levels=(Level.RISK,), channels=(PUSH,), template="t", link=link, short_link=short)
    found = [str(each) for each in links_of(book, LinkRules(hosts=("shop.example", "s.example")))]
    assert len(found) == len(told)
    assert all(one.startswith(other) for one, other in zip(found, told, strict=True))


def test_a_text_shows_a_short_link_and_no_long_one() -> None:
    text = "打开 {{ link }}，拒收请回复R"
    assert say(text, link=BACK, short_link="https://s.example/x") == []
    [(reason, told)] = say(text, link=BACK)
    assert reason is Reason.COPY_LINK
    assert told.endswith(f"has {len(BACK)} characters, at most 40 may stand in a text")


@pytest.mark.parametrize(
    ("text", "links"),
    [
        ("点 t.cn/abc 领取", ["t.cn/abc"]),
        ("点t.cn领取，JD.COM", ["t.cn", "JD.COM"]),
        ("www.evil.com", ["www.evil.com"]),
        ("http：//evil.com/x，ＨＴＴＰＳ：／／ｅvil．com", ["http://evil.com/x", "HTTPS://evil.com"]),
        ("t.\u200bcn/abc", ["t.cn/abc"]),
        ("a.top:8080/x (b.xyz?u=1) c.vip#d", ["a.top:8080/x", "b.xyz?u=1", "c.vip#d"]),
        ("an.unheard.photography/x。微博@t.cn/x", ["an.unheard.photography/x", "t.cn/x"]),
        ("https://例子.中国/x 打开", ["https://例子.中国/x"]),
        ("https://s.example/x，VIP专享", ["https://s.example/x"]),
        ("https://a.example/?to=http://b.example", ["https://a.example/?to=http://b.example"]),
    ],
)
def test_a_link_is_found_as_a_phone_would_find_it(text: str, links: list[str]) -> None:
    """With a scheme or without, in any width, also where no space stands around it."""
    assert written(text) == links


@pytest.mark.parametrize(
    "text",
    [
        "3.5折 12.30止 v1.2 2026.11.28", "10.5cc 9.9/kg 4.5/5分", "e.g. i.e. U.S.A. a.m./p.m. No.1/2",
        "Node.js readme.md", "Come back.It is in.my app", "the WWW. Ask", "first.last@mail.my-shop.com", "http://",
    ],
)  # fmt: skip
def test_what_only_has_a_point_in_it_is_no_link(text: str) -> None:
    assert written(text) == []


def test_a_link_without_a_scheme_is_judged_as_https() -> None:
    """Host, UTM, length, and what it opens."""
    assert [told for _, told in say("t.cn/abc，拒收请回复R")] == [
        "text: the part what_the_link_opens is missing: '打开' or '查看' or '进入' or '领取'",
        "text: t.cn/abc leads to t.cn, which is not in wording.link.hosts",
        "text: t.cn/abc does not carry utm_source, utm_medium, utm_campaign",
    ]
    assert say("打开 s.example/x，拒收请回复R", link=BACK, short_link="https://s.example/x") == []
    [(_, told)] = say(f"打开 {BACK.removeprefix('https://')}，拒收请回复R", link=BACK)
    assert told.endswith("characters, at most 40 may stand in a text")


def test_an_empty_text_is_none() -> None:
    assert say("{% if level == 'x' %}a{% endif %}", PUSH) == [
        (Reason.COPY_UNRENDERABLE, "text: there is nothing in it")
    ]


def test_a_mail_without_a_subject_is_incomplete() -> None:
    assert say("x", EMAIL) == [(Reason.COPY_INCOMPLETE, "subject: email has one, and this has none")]


def test_a_template_of_the_messaging_system_is_judged_by_its_link_alone() -> None:
    made = policy()
    written = Copywriter(made).write(made.playbooks[0], PUSH, "zh", OCCASION)
    assert written == Written()
    bare = Policy.model_validate(made.model_dump() | {"wording": {}})
    [objection] = Copywriter(bare).write(bare.playbooks[0], PUSH, "zh", OCCASION).objections
    assert objection.reason is Reason.COPY_LINK
