"""What a text and its link must be before a message goes out (E11)."""

from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.channel import Channel
from schemas.locale import ForEverybody, Locale
from schemas.policy.section import Section

Phrase = Annotated[str, StringConstraints(min_length=1, max_length=64, strip_whitespace=True)]
Host = Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)+$", max_length=253)]
PartName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,31}$")]

PRESSING = ("限时", "最后1天", "最后一天", "最后机会", "仅限今日", "错过不再", "手慢无", "秒杀", "抢购")
SUPERLATIVE = ("国家级", "最高级", "最佳")  # forbidden in advertisements by the Advertising Law of China, article 9
PRESSING_ENGLISH = ("limited time", "last day", "last chance", "act now", "hurry")


class LinkRules(Section):
    """What a link may be."""

    hosts: tuple[Host, ...] = Field(
        default=(), description="a list of the hosts a link may lead to; others are refused"
    )
    max_length: int = Field(
        default=40, ge=12, le=2_048, description="characters of a link that stands in a text, 12 to 2048"
    )
    utm: tuple[Phrase, ...] = Field(
        default=("utm_source", "utm_medium", "utm_campaign"),
        description="a list of the parameters that the address it leads to must carry",
    )


class Required(Section):
    """Words of which at least one must stand in a text."""

    part: PartName = Field(description="name of the part, as a decision tells it: lower case letters and '_'")
    channels: tuple[Channel, ...] = Field(min_length=1, description="a list of the channels on which it is required")
    with_link: bool = Field(default=False, description="only where a link stands in the text")
    any_of: Annotated[dict[Locale, tuple[Phrase, ...]], ForEverybody] = Field(
        min_length=1, description="language -> a list of words, such as { default = ['拒收请回复R'] }"
    )


class Limit(Section):
    """How long a message may be on a channel; what is not given is not limited."""

    subject: int | None = Field(
        default=None, ge=1, le=1_000, description="characters of its subject, 1 to 1000; none: it has no subject"
    )
    characters: int | None = Field(default=None, ge=1, le=100_000, description="characters of its text, 1 to 100000")
    segments: int | None = Field(
        default=None, ge=1, le=10, description="short messages it may take, 1 to 10 (sms only)"
    )


class Limits(Section):
    """How long a message may be, a table a channel."""

    sms: Limit = Field(default=Limit(segments=2), description="a table { subject, characters, segments }")
    email: Limit = Field(default=Limit(subject=78, characters=20_000), description="a table { subject, characters }")
    push: Limit = Field(default=Limit(subject=40, characters=120), description="a table { subject, characters }")
    wechat: Limit = Field(default=Limit(characters=600), description="a table { subject, characters }")
    wecom: Limit = Field(default=Limit(characters=600), description="a table { subject, characters }")
    call: Limit = Field(default=Limit(characters=1_000), description="a table { subject, characters }")

    def of(self, channel: Channel) -> Limit:
        """The limit of a channel."""
        limit: Limit = getattr(self, channel.value)
        return limit


OPT_OUT = Required(
    part="opt_out",
    channels=(Channel.SMS,),
    any_of={"default": ("拒收请回复R",), "en": ("Reply R to opt out", "Reply STOP to opt out")},
)
OPENS = Required(
    part="what_the_link_opens",
    channels=(Channel.SMS,),
    with_link=True,
    any_of={"default": ("打开", "查看", "进入", "领取"), "en": ("open", "see", "get", "read")},
)


class Wording(Section):
    """What promotional texts must not say and must say, how long any text may be, and what any link must be."""

    forbidden: tuple[Phrase, ...] = Field(
        default=(*PRESSING, *SUPERLATIVE, *PRESSING_ENGLISH),
        description="a list of words that no promotional text may contain, in whatever width or case",
    )
    required: tuple[Required, ...] = Field(
        default=(OPT_OUT, OPENS), description="a list of tables: what a promotional text must contain"
    )
    limits: Limits = Field(default=Limits(), description="how long a message may be on a channel")
    link: LinkRules = Field(default=LinkRules(), description="what a link may be")
