"""A Parquet file as the lines of a log, a batch of rows at a time (extra ``parquet``).

A row becomes the line of JSON that says the same, so that it is read, and refused, by the code that reads lines. A
column is a field, a value that is not there is a field that is not there. Times finer than a microsecond are cut off.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from agents.replay.reading import bar, told

ENDING: Final = ".parquet"
ROWS: Final = 10_000
"""Rows that are in memory at once."""
MISSING: Final = "pyarrow is not installed; run: pip install 'churn-alerts[parquet]'"

_line: Final = msgspec.json.Encoder(decimal_format="number").encode


@contextmanager
def rows(path: str) -> Iterator[Iterator[bytes]]:
    """The rows of a file as lines inside the block, with a bar.

    Raises :class:`OSError` for a file that is no Parquet or is damaged, and where pyarrow is not installed.
    """
    try:
        from pyarrow import ArrowException
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise OSError(MISSING) from error
    try:
        file = ParquetFile(path)
    except ArrowException as error:
        raise OSError(f"it is no Parquet file ({error})") from error
    with file, bar() as shown:
        yield told(_batches(file), shown, file.metadata.num_rows, int)


def _batches(file: Any) -> Iterator[list[bytes]]:
    from pyarrow import ArrowException

    try:
        for batch in file.iter_batches(ROWS):
            found = _plain(batch).to_pylist()
            yield [_line({name: value for name, value in row.items() if value is not None}) for row in found]
    except (ArrowException, ValueError, OverflowError) as error:
        raise OSError(f"a row cannot be read ({error})") from error


def _plain(batch: Any) -> Any:
    """The batch in types that a line of JSON has: times of whole microseconds, and texts that were stored as bytes."""
    from pyarrow import RecordBatch, string, timestamp, types

    def plain(column: Any) -> Any:
        if types.is_timestamp(column.type):
            return column.cast(timestamp("us", column.type.tz), safe=False)
        if types.is_binary(column.type) or types.is_large_binary(column.type):
            return column.cast(string())
        return column

    return RecordBatch.from_arrays([plain(column) for column in batch.columns], names=batch.schema.names)
