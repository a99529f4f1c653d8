"""What is kept of a user's newest profile, and what he has said himself since (A5, E3)."""

from datetime import datetime
from typing import Final

from msgspec import Struct

from schemas.channel import Channel
from schemas.locale import LONGEST
from schemas.profile import Profile
from streams.dispatch.hours import Span
from streams.dispatch.wall_clock import zones


class Worth(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """What a user is worth and where he lives, as the fields of the same names in :class:`schemas.profile.Profile`."""

    tier: str | None = None
    region: str | None = None
    city_tier: int | None = None
    total_spend: float = 0.0
    lifetime_value: float | None = None
    acquisition_cost: float | None = None
    coupons_issued: int = 0
    coupons_redeemed: int = 0

    @classmethod
    def of(cls, profile: Profile) -> "Worth | None":
        """What a profile says of it; None where it says nothing."""
        worth = cls(*(getattr(profile, name) for name in cls.__struct_fields__))
        return None if worth == UNTOLD else worth


UNTOLD: Final = Worth()


class Known(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """Of the newest profile; ``zone`` is None where it names none, or one that nobody knows."""

    time: datetime
    consents: tuple[Channel, ...]
    reachable: tuple[Channel, ...]
    zone: str | None
    quiet: tuple[str, str] | None = None
    silent_until: datetime | None = None
    language: str | None = None
    worth: Worth | None = None

    @property
    def own_hours(self) -> Span | None:
        """The hours in which he does not want to be written to."""
        return Span.of(*self.quiet) if self.quiet else None


class Word(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """What the user himself said of a channel, in the app or by unsubscribing, and when."""

    at: datetime
    given: bool


def known(profile: Profile, now: datetime) -> Known:
    """A profile from the future counts as of now: else no later word could overrule it."""
    quiet = profile.quiet_hours
    return Known(
        time=min(profile.time, now),
        consents=tuple(channel for channel, given in profile.consent.items() if given),
        reachable=tuple(dict.fromkeys(profile.reachable)),
        zone=profile.zone if profile.zone in zones() else None,
        quiet=(quiet.start, quiet.end) if quiet else None,
        silent_until=profile.silent_until,
        language=profile.language and profile.language[:LONGEST],
        worth=Worth.of(profile),
    )


def later(one: Word | None, other: Word) -> Word:
    """The newer word holds; of two at the same moment the refusal."""
    if one is None or other.at > one.at or (other.at == one.at and not other.given):
        return other
    return one


def agrees(profile: Known | None, word: Word | None, channel: Channel) -> bool:
    """Whether the newer of profile and word says yes; both must at the same moment; without a profile it is no."""
    if profile is None:
        return False
    by_profile = channel in profile.consents
    if word is None or word.at < profile.time:
        return by_profile
    return word.given and (by_profile or word.at > profile.time)
