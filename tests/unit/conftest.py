"""Words the unit tests share."""

import pytest

from tests.dispatching import Worked, policy, profile


@pytest.fixture
def worked() -> Worked:
    """A partition that knows user u1, who agrees to everything."""
    worked = Worked(policy())
    worked.work(profile())
    return worked
