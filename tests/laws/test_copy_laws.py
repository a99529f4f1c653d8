"""What holds for every text: it is rendered or objected to, and segments and words agree with a slow count."""

import math
from unicodedata import normalize

from hypothesis import given
from hypothesis import strategies as st

from schemas.channel import Channel
from schemas.policy import Playbook, Template, Variant
from schemas.warning import Level
from streams.dispatch.copy.links import written
from streams.dispatch.copy.segments import EXTENSION, GSM7, segments
from streams.dispatch.copy.template import TextTemplate, Unusable
from streams.dispatch.copy.words import Words
from streams.dispatch.copy.writer import Copywriter
from tests.cases import cases
from tests.dispatching import policy

LAWS = cases(80)
OCCASION = {"user": "u1", "product": "shop", "level": "risk", "stage": "at_risk"}
FRAGMENTS = (
    "{{", "}}", "{%", "%}", "{#", "#}", "{{ user }}", "{{ nobody }}", "{% if level == 'risk' %}", "{% endif %}",
    "|upper", "|truncate(3)", "|truncate(x)", "{% for a in user %}", "{% endfor %}", "{{ user < 3 }}", "{{ user ~ 1 }}",
    "{{ -1 }}", "{{ user|title }}", "{{ user|urlencode }}", "{% raw %}", "{{ [] }}", "{{ user.format }}", "限时", "\n",
    "{% set a = 1 %}", "{% if user in 3 %}", "(", ")", "𝕏", "\x00", "{{ link|default }}", "{{ user|default(1, 2, 3) }}",
    "https://", "'",
)  # fmt: skip
sources = st.lists(st.sampled_from(FRAGMENTS) | st.text(min_size=1, max_size=5), min_size=1, max_size=8).map("".join)
texts = st.text(max_size=400) | st.text(st.sampled_from("a€^我😀é\n"), max_size=400)
words = st.lists(
    st.text(st.characters(categories=("Lo", "Lu", "Ll", "Nd"), max_codepoint=0xFFFF), min_size=1, max_size=4),
    max_size=5,
)


@LAWS
@given(
    sources, sources, st.sampled_from(Channel), st.text(max_size=40), st.dictionaries(st.text(max_size=8), st.text())
)
def test_any_template_is_rendered_or_says_why_not(text, subject, channel, language, parameters):
    """Whatever stands in it and is put into it: the same every time, and nothing is raised."""
    template = Template(text={"default": text}, channels={Channel.EMAIL: Variant(subject={"default": subject})})
    book = Playbook(
        name="p", levels=(Level.RISK,), channels=(channel,), template="t", parameters=parameters, link="https://x.y/"
    )
    made = policy(playbooks=(book,), templates={"t": template})
    written = Copywriter(made).write(book, channel, language, OCCASION)
    assert written.content is not None or written.objections
    assert written.subject is None or len(written.subject.splitlines()) <= 1
    assert written == Copywriter(made).write(book, channel, language, OCCASION)


@LAWS
@given(st.dictionaries(st.sampled_from(("a", "b", "c")), st.text(), min_size=3))
def test_a_rendering_is_no_longer_than_what_goes_into_it(values):
    """Nothing multiplies: each place holds one value."""
    source = "{{ a }}{% if b == c %}{{ b }}{% else %}{{ c|truncate(9) }}{% endif %}{{ a ~ b }}"
    try:
        text = TextTemplate(source).render(values)
    except Unusable:
        return
    assert len(text) <= 3 * sum(map(len, values.values())) + 9


@LAWS
@given(texts)
def test_segments_agree_with_a_slow_count(text):
    """By bytes: 140 octets alone, 134 with a header; seven bits a septet, two octets a unit, nothing torn in two."""
    if set(text) <= GSM7 | EXTENSION:
        pieces, alone, each = [1 + (letter in EXTENSION) for letter in text], 140 * 8 // 7, 134 * 8 // 7
    else:
        pieces, alone, each = [len(letter.encode("utf-16-be")) // 2 for letter in text], 70, 67
    if sum(pieces) <= alone:
        assert segments(text) == 1
        return
    messages = [[]]
    for piece in pieces:
        if sum(messages[-1]) + piece > each:
            messages.append([])
        messages[-1].append(piece)
    assert segments(text) == len(messages) >= math.ceil(sum(pieces) / each)


@LAWS
@given(words, st.text(max_size=20), st.text(max_size=20), st.data())
def test_a_word_is_found_whatever_its_width_and_case(listed, before, after, data):
    """Written small or large, half or full width, with invisible characters between; and told at its place."""
    if not listed:
        return
    word = data.draw(st.sampled_from(listed))
    disguised = "".join(data.draw(st.sampled_from((each, _wide(each), each + "\u200d"))) for each in word)
    text = f"{before}。{disguised}。{after}"
    found = list(Words(listed).found(text))
    same = {each for each in listed if _plain(each) == _plain(word)}
    assert any(each.word in same and each.place == len(before) + 2 for each in found)


@LAWS
@given(words, st.text(max_size=40))
def test_nothing_else_is_found(listed, text):
    """What is told stands there, as a search for each word by itself would have it."""
    plain = _plain(text)
    assert all(_plain(each.word) in plain for each in Words(listed).found(text))


hosts = st.lists(st.from_regex(r"[a-z0-9]([a-z0-9-]{0,8}[a-z0-9])?", fullmatch=True), min_size=1, max_size=3)
addresses = st.tuples(
    st.sampled_from(("", "http://", "https://", "www.")), hosts.map(".".join), st.sampled_from((".cn", ".com", ".top")),
    st.from_regex(r"(/[a-z0-9]{0,8})?", fullmatch=True),
).map("".join)  # fmt: skip


@LAWS
@given(st.text("好物。，！ 3"), addresses, st.sampled_from(("", " ", "，", "。", "领取", "！VIP")), st.data())
def test_a_link_is_found_whatever_its_width_and_what_stands_around_it(before, address, after, data):
    """With a scheme or without; told as it would be opened."""
    disguised = "".join(data.draw(st.sampled_from((each, _wide(each)))) for each in address)
    assert written(f"{before}点{disguised}{after}") == [address]


@LAWS
@given(st.text("0123456789.,/:-折元 点。"))
def test_figures_are_no_link(text):
    """Prices, times, dates and fractions."""
    assert written(text) == []


def _wide(letter: str) -> str:
    return chr(ord(letter) + 0xFEE0) if "!" <= letter <= "~" else letter


def _plain(text: str) -> str:
    return normalize("NFKD", normalize("NFKD", text).casefold()).replace("\u200d", "")
