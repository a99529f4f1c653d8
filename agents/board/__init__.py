"""The shared board: provider rates, who was contacted last, the read model (docs/board.md).

``base`` what a board does · ``redis`` on a server, over a ``link`` that may be lost · ``memory`` in this process, for
the driver and tests · ``bucket`` and ``take.lua`` the provider's rate, the same arithmetic twice · ``keep.lua`` many
values written in one command · ``keys`` the names ·
``desk`` what one owner asks and tells. Nothing here is the truth: Kafka is the book, this is the board.
"""

from agents.board.base import Board, BoardAway, Committed, UserView
from agents.board.desk import Desk
from agents.board.link import Link
from agents.board.memory import MemoryBoard
from agents.board.redis import RedisBoard

__all__ = ["Board", "BoardAway", "Committed", "Desk", "Link", "MemoryBoard", "RedisBoard", "UserView"]
