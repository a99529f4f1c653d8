"""What a sign, and a warning as one, change in a user's book (E3-E5, E7)."""

from datetime import datetime

from msgspec.structs import replace

from schemas.channel import Channel
from schemas.sign import Sign, SignKind
from schemas.warning import Warning
from streams.dispatch.book import Book, Complaints, spoken
from streams.dispatch.known import Word


def told(book: Book, sign: Sign, now: datetime) -> Book:
    """The book after a sign; a word from the future counts as of now, so that a later one can overrule it."""
    match sign.kind:
        case SignKind.COMPLAINT_OPENED:
            grieved = max(sign.at, book.aggrieved or sign.at)
            return replace(_open(book, sign), aggrieved=grieved)
        case SignKind.COMPLAINT_RESOLVED:
            return _open(book, sign)
        case SignKind.UNINSTALLED:
            return replace(book, removed={**book.removed, sign.product: sign.at})
        case SignKind.USED_AGAIN:
            kept = {product: at for product, at in book.removed.items() if product != sign.product}
            return replace(book, removed=kept)
        case SignKind.OPTED_IN | SignKind.OPTED_OUT:
            word = Word(min(sign.at, now), given=sign.kind is SignKind.OPTED_IN)
            for channel in (sign.channel,) if sign.channel else Channel:
                book = spoken(book, channel, word)
            return book


def witnessed(book: Book, warning: Warning) -> Book:
    """A warning says how many complaints were open when it was made, and may be read before the sign that says so.

    The later word holds, at one moment the sign: it is never dated before what was said until then.
    """
    if warning.evidence is None:
        return book
    heard, count = book.complaints.get(warning.product), warning.evidence.open_complaints
    if (heard is None and not count) or (heard is not None and (heard.at >= warning.at or heard.open == count)):
        return book
    return _counted(book, warning.product, Complaints(count, warning.at))


def _open(book: Book, sign: Sign) -> Book:
    return _counted(book, sign.product, Complaints(sign.open_complaints or 0, sign.at))


def _counted(book: Book, product: str, complaints: Complaints) -> Book:
    return replace(book, complaints={**book.complaints, product: complaints})
