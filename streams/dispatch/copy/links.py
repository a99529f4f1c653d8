"""Links: safe, to hosts of ours, short where they are read, and telling where a click came from."""

import re
from collections.abc import Iterator
from string import ascii_letters, digits
from typing import Final
from unicodedata import category, normalize
from urllib.parse import parse_qs, urlsplit

from schemas.decision import Reason
from schemas.policy import LinkRules, Playbook
from streams.dispatch.copy.objection import Objection

_ENDINGS: Final = (
    "com|net|org|cn|hk|tw|jp|kr|sg|uk|eu|de|fr|ru|ca|au|io|ai|co|cc|tv|ly|gl|gd|info|biz|mobi|asia|xn--[a-z0-9-]+|"
    "top|vip|xyz|icu|app|shop|store|club|site|online|link|wang"
)
"""A host that ends so is a link though nothing follows it; no file ends so, and no word like in, it or me is here."""
_WRITTEN: Final = re.compile(
    r"(?:https?[:：]//|(?<![a-z0-9])www\.)(?:[!-~]+|\S+)"
    r"|(?<![a-z0-9])(?<![a-z0-9][.-])(?<![a-z0-9_.+-]@)"  # not within a word, a host or an address of mail
    r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.){1,126}"
    rf"(?:[a-z]{{2,}}(?::\d+)?/[!-~]*|(?:{_ENDINGS})(?![a-z0-9@]|-[a-z0-9])(?:[:?#][!-~]*)?)",
    re.IGNORECASE,
)
_PLAIN: Final = frozenset(ascii_letters + digits + "./-_~%=&#@+")
"""What is read in any width; wide marks that end a sentence end a link."""
_SCHEME: Final = re.compile("https?://", re.IGNORECASE)
_BEHIND: Final = ".,;:!?)]}>'\""
"""What may follow a link in a sentence and is none of it."""


def links_of(playbook: Playbook, rules: LinkRules) -> Iterator[Objection]:
    """What is wrong with the addresses of a playbook; a short one leads to the long one."""
    for where, url, opens in (
        ("link", playbook.link, playbook.link),
        ("short_link", playbook.short_link, playbook.link or playbook.short_link),
    ):
        if url is not None and opens is not None:
            yield from (Objection(Reason.COPY_LINK, where, fault) for fault in _faults(url, opens, rules))


def links_in(text: str, playbook: Playbook, rules: LinkRules) -> Iterator[Objection]:
    """What is wrong with the links that stand in a text; of the playbook's own, whether it is short."""
    for url in written(text):
        opens = url if _SCHEME.match(url) else f"https://{url}"
        faults = [] if opens == shown(playbook) else list(_faults(opens, opens, rules))
        if len(url) > rules.max_length:
            faults.append(f"has {len(url)} characters, at most {rules.max_length} may stand in a text")
        yield from (Objection(Reason.COPY_LINK, "text", f"{_in_short(url)} {fault}") for fault in faults)


def written(text: str) -> list[str]:
    """The links of a text, as a phone would find them: with a scheme or without, in any width.

    >>> written("看看（https://a.example/x?y=1）或 HTTP://b.example.")
    ['https://a.example/x?y=1', 'HTTP://b.example']
    >>> written("点 t.cn/abc，或ｗｗｗ．b.example。3.5折，12.30 止，e.g. v1.2")
    ['t.cn/abc', 'www.b.example']
    """
    return [each.replace("：", ":", 1).rstrip(_BEHIND) for each in _WRITTEN.findall(_folded(text))]


def _folded(text: str) -> str:
    """The text with the letters and signs of links in their plain width, and nothing invisible."""
    shown = (each for each in text if category(each) != "Cf")
    return "".join(plain if (plain := normalize("NFKC", each)) in _PLAIN else each for each in shown)


def shown(playbook: Playbook) -> str | None:
    """The address that texts show."""
    return playbook.short_link or playbook.link


def _faults(url: str, opens: str, rules: LinkRules) -> Iterator[str]:
    """What is wrong with an address that leads to ``opens``."""
    try:
        parts, query = urlsplit(url), parse_qs(urlsplit(opens).query)
        host = parts.hostname
    except ValueError as error:
        yield f"cannot be read: {error}"
        return
    if parts.scheme.lower() != "https":
        yield "is not https"
    if host not in rules.hosts:
        yield f"leads to {host}, which is not in wording.link.hosts"
    missing = [name for name in rules.utm if not query.get(name)]
    if missing:
        yield f"does not carry {', '.join(missing)}"


def _in_short(url: str) -> str:
    return url if len(url) <= 80 else url[:77] + "..."
