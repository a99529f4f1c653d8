"""Time stands still when it must, and goes on where nothing happens: outages, holidays, partitions without events."""

from datetime import timedelta

import pytest

from schemas.population import PopulationDay
from schemas.warning import Level
from tests.flow.story import CROWD, PLACED, Story, day

ANN_LIVES_IN = PLACED.of(b"ann")
TOWN = [*CROWD, *(f"townsman-{number}" for number in range(48))]


@pytest.mark.requirement("B5", "B6")
async def test_an_outage_of_two_weeks_warns_of_nobody_and_time_goes_on_after_it() -> None:
    """Daily users would be warned of after 12 days; and who was silent before it is, later by the days that stood."""
    story = Story()
    story.lives("ann", range(25))
    before, after = range(30), range(44, 75)
    story.crowd([*before, *after])
    heard = await story.told()
    assert [warning for user in CROWD for warning in heard.warnings(user)] == []
    usual = Story()
    usual.lives("ann", range(25))
    usual.crowd(range(75))
    [late, *_], [due, *_] = heard.warnings("ann"), (await usual.told(cuts=False)).warnings("ann")
    assert late.evidence is not None
    assert due.evidence is not None
    assert late.level is due.level is Level.RISK
    assert late.evidence.silent_days == pytest.approx(due.evidence.silent_days, abs=0.1)
    assert late.at - due.at == timedelta(days=14), "as many as had no event"


@pytest.mark.requirement("B5")
async def test_a_user_in_a_partition_without_events_is_warned_of_by_the_others_time() -> None:
    """Nobody else in Ann's partition buys groceries: it follows the least advanced of the others."""
    story = Story()
    story.lives("ann", range(20), product="grocery")
    for number in range(60):
        for user in CROWD:
            if PLACED.of(user.encode()) != ANN_LIVES_IN:
                story.event(user, day(number), product="grocery")
    heard = await story.told(cuts=False, restarts=False)
    levels = [warning.level for warning in heard.warnings("ann")]
    assert levels == [Level.RISK, Level.CRITICAL]


@pytest.mark.requirement("B3", "B6")
async def test_a_holiday_of_most_users_is_no_churn_and_time_runs_again_after_it() -> None:
    """Four of sixty go on visiting. Silence is inhibited while so few come, and noticed as ever afterwards."""
    story = Story(tick=timedelta(days=1))
    loyal = {next(user for user in CROWD if PLACED.of(user.encode()) == number) for number in range(PLACED.partitions)}
    for number in range(110):
        for user in TOWN:
            if user in loyal or not 50 <= number < 64:
                story.event(user, day(number))
    story.lives("ann", [*range(50), *range(64, 80)])
    heard = await story.told(cuts=False)
    assert [warning for user in TOWN for warning in heard.warnings(user)] == []
    assert [warning.level for warning in heard.warnings("ann")] == [Level.RISK, Level.CRITICAL]


@pytest.mark.requirement("B3")
async def test_partitions_teach_each_other_and_take_back_what_all_have_learned() -> None:
    """A product's day is told once by each partition; when all have learned it, a tombstone follows."""
    story = Story()
    story.crowd(range(20))
    heard = await story.told(cuts=False)
    told = [record for record in heard.driver.read("churn.population") if record.value is not None]
    days = [PopulationDay.decode(r.value or b"") for r in told if ("ce_type", b"churn.population.day") in r.headers]
    ours = [one for one in days if one.product == "default"]
    keys = [one.key for one in ours]
    assert len(keys) == len(set(keys)) == 19 * PLACED.partitions
    assert sum(sum(one.returns) for one in ours) == 18 * len(CROWD), "everybody came back every day but the first"
    gone = {r.key for r in heard.driver.read("churn.population") if r.value is None}
    assert {key for key in keys if key.encode() not in gone} <= {one.key for one in ours if one.day.day >= 20}
