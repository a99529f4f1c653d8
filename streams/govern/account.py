"""What the governor has granted of one resource: never more than its limit, whatever is late or crashes.

Units are *out* from their grant until a partition reports them spent or gives them back. Before each grant, what was
spent in the window and what is out stay within the limit together; so does, therefore, whatever is spent in any window
of the same length, for it was all spent or out at the last grant before its end.
"""

from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from schemas.counts import Draw
from streams.codec import Codec

RESERVES = 100
"""A partition may keep a hundredth of the limit unspent, so that who comes next need not wait for a lease."""


class Wish(NamedTuple):
    """What a partition wants in all, and the fewest more units that are of use to it."""

    units: int
    least: int = 1


class Account(Struct, frozen=True, array_like=True, forbid_unknown_fields=True, gc=False):
    """One resource: ``granted`` in all and ``wants`` by partition, ``spent`` by part of the window."""

    round: int = 0
    out: int = 0
    granted: dict[int, int] = {}
    wants: dict[int, Wish] = {}
    spent: dict[int, int] = {}


ACCOUNTS = Codec("governor-account", Account)
EMPTY = Account()


class Grant(NamedTuple):
    """What a partition has now been granted in all."""

    partition: int
    total: int


def drawn(account: Account, draw: Draw, part: int | None) -> Account:
    """The draw is no longer out; it counts in a part of the window (None: in none). Of another round it is void."""
    if draw.round != account.round:
        return account
    spent = account.spent
    if part is not None and draw.spent:
        spent = {**spent, part: spent.get(part, 0) + draw.spent}
    return replace(account, out=account.out - draw.spent - draw.returned, spent=spent)


def wanted(account: Account, partition: int, wish: Wish) -> Account:
    """The partition's newest wish holds; it is granted as soon as there is room."""
    if account.wants.get(partition) == wish:
        return account
    return replace(account, wants={**account.wants, partition: wish})


def within(account: Account, first: int) -> Account:
    """What was spent before the window's first part is forgotten."""
    if all(part >= first for part in account.spent):
        return account
    return replace(account, spent={part: units for part, units in account.spent.items() if part >= first})


def unmet(account: Account) -> int:
    """Units that partitions want and were not granted."""
    return sum(max(0, wish.units - account.granted.get(each, 0)) for each, wish in account.wants.items())


def granted(account: Account, limit: int, reserve: int) -> tuple[Account, list[Grant]]:
    """Every wish and its reserve, as far as the limit goes: small ones are met, the others have equal shares.

    Both are multiples of what is of use: pieces of a message's cost would lie idle in every partition.
    """
    room = left = limit - sum(account.spent.values()) - account.out
    short = sorted(
        (wish.units + kept - has, each, wish.least)
        for each, wish in account.wants.items()
        if _is_short((has := account.granted.get(each, 0)) - wish.units, kept := reserve - reserve % wish.least)
    )
    grants = []
    for number, (units, each, least) in enumerate(short):
        share = -(-left // (len(short) - number))
        share = min(units, max(least, share - share % least))
        if 0 < share <= left:
            grants.append(Grant(each, account.granted.get(each, 0) + share))
            left -= share
    if not grants:
        return account, []
    return replace(account, granted=account.granted | dict(grants), out=account.out + room - left), grants


def _is_short(spare: int, reserve: int) -> bool:
    """Half a reserve is enough: a lease for every message would be a lease too many."""
    return spare < 0 or 2 * spare < reserve
