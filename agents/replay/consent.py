"""Whose profiles the dispatcher knows in a replay: those of a file, or one for everybody."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from pydantic import ValidationError

from schemas.faults import Fault, Faults
from schemas.policy import Policy
from schemas.profile import Profile


def profiles(lines: Iterable[bytes], name: str) -> Iterator[Profile]:
    """The profiles of a file, a message of ``user.profiles`` a line; raises :class:`Faults` at the first bad line."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield Profile.decode(line)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            key = ".".join(map(str, first["loc"])) or "line"
            fix = "write a profile as docs/contracts/profile.json has it"
            raise Faults((Fault(f"{name} line {number}", key, None, first["msg"], fix),)) from error


def everything(user_id: str, policy: Policy, now: datetime) -> Profile:
    """A profile that consents to every channel of the policy, and can be reached on each."""
    channels = tuple(policy.channels)
    return Profile(user_id=user_id, time=now, consent=dict.fromkeys(channels, True), reachable=channels)
