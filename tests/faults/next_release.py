"""The next release, a toy: every record we keep has the version after its present one, with a word beside the value.

A process that has called :func:`raise_all` reads what today's program left, and writes what that must refuse.
"""

from typing import Any

import msgspec

from agents.batches import ledger
from streams.codec import Codec
from tests.golden.kinds import codecs

WORD = "next"


def raise_all() -> None:
    """From now on this process is the next release; it is called once."""
    for codec in codecs().values():
        _raise(codec)
    _raise_checkpoint()


def _raise(codec: Codec[Any]) -> None:
    """The value and the word are an array of two."""
    fields = [("value", codec.model), ("word", str)]
    both = msgspec.defstruct("Both", fields, array_like=True, forbid_unknown_fields=True)
    encode, decode = codec._encode, msgspec.msgpack.Decoder(both).decode
    codec._encode = lambda value: encode(both(value, WORD))
    codec._decode = lambda packed: decode(packed).value
    codec.raise_to(codec.version + 1, {**codec._upgrades, codec.version: lambda old: [old, WORD]})


def _raise_checkpoint() -> None:
    """It has one more field."""
    present, encode = ledger.VERSION, ledger._encode
    more = msgspec.defstruct(
        "More", [("word", str, WORD)], bases=(ledger.Ledger,), frozen=True, array_like=True, forbid_unknown_fields=True
    )
    ledger._encode = lambda value: encode((*msgspec.structs.astuple(value)[: len(more.__struct_fields__) - 1], WORD))
    ledger.UPGRADES = {**ledger.UPGRADES, present: lambda old: [*old, WORD]}
    ledger.VERSION, ledger.Ledger = present + 1, more  # type: ignore[misc]
