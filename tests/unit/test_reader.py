"""A reader of topics that cannot connect."""

import asyncio
import gc
from typing import Any

import pytest
from aiokafka.errors import KafkaConnectionError

from agents.batches.reader import reading
from agents.local.ports import free_ports


async def test_a_reader_without_a_broker_leaves_nothing_open() -> None:
    said: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, context: said.append(context))
    with pytest.raises(KafkaConnectionError):
        async with reading({"bootstrap_servers": f"127.0.0.1:{free_ports(1)[0]}"}):
            raise AssertionError("there is no broker to read from")
    gc.collect()
    assert said == []
