"""The toy roles, for every test of the path."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agents.local import Kafka
from tests.path.harness import Toys


@pytest.fixture
async def toys(kafka: Kafka, topic_prefix: str, tmp_path: Path) -> AsyncIterator[Toys]:
    """Fresh topics and no worker yet."""
    async with Toys(kafka.bootstrap, topic_prefix, tmp_path) as toys:
        yield toys
