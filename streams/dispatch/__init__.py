"""The dispatcher: decides whether a warned user is messaged, on which channel and when; never twice, never against him.

- ``partition``  the role's step and tick: reads like the flow
- ``desk``       one judgement end to end: decision, message, new book
- ``views``      what a judgement may look at; ``pending`` who is judged when
- ``gate``       the stages and their order
- ``copy``       what a message says, and what is to be objected to it
- ``recall``     a recall from its first message to its close, and on after a failure
- ``treatment``  what is done about a level and product
- ``book``       what is remembered of one user; ``books`` of a partition's users in a transaction; ``queue`` who waits
- ``standing``   the governor's word; ``holding`` its leases; ``counts`` what it is told; ``governed`` all three, stored
- ``orders``     what operators have ordered
- ``report``     what feedback changes; ``incoming`` records of others, read or refused
- ``asking``     what the board is asked, and what it says
"""

from schemas.policy import Policy
from streams.dispatch.copy.writer import Copywriter
from streams.dispatch.partition import Dispatcher
from streams.partitioner import Placement
from streams.role import Open, Table


def open_dispatch(policy: Policy, placement: Placement | None = None) -> Open:
    """Opens partitions of the dispatcher under a policy; held candidates are judged anew by it.

    ``placement`` says how many partitions there are and which keys belong to each; without it there is one.
    """
    writer = Copywriter(policy)

    def open_partition(number: int, table: Table, memo: bytes | None) -> Dispatcher:
        return Dispatcher(policy, writer, number, table, memo, placement or Placement(1))

    return open_partition


__all__ = ["Dispatcher", "open_dispatch"]
