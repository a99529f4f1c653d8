"""What signs change at the gate: complaints, consent, a removed app; caps that count by class and exemption."""

from datetime import timedelta

import pytest

from schemas.channel import Channel
from schemas.decision import Outcome, Reason
from schemas.message_class import MessageClass
from schemas.policy import Cap, Dispatch, Playbook, Silence
from schemas.sign import SignKind
from schemas.warning import Level
from tests.dispatching import T0, Worked, policy, profile, recovered, warning
from tests.signs import sign

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)
OPENED, RESOLVED = SignKind.COMPLAINT_OPENED, SignKind.COMPLAINT_RESOLVED
COME_BACK = policy().playbooks[0]
CARE = Playbook(
    name="care", message_class=MessageClass.CARE, levels=(Level.RISK,), channels=(Channel.SMS,), template="c"
)


def test_a_warning_that_is_read_before_the_sign_says_the_same(worked):
    """Two topics, no promised order: the warning of a complaint knows of it, whichever comes first."""
    worked.work(warning(complaints=1))
    assert worked.outcome == (Outcome.HELD, Reason.UNHAPPY)
    worked.work(sign(OPENED), now=T0 + MINUTE)
    assert len(worked.decisions) == 1
    worked.work(sign(RESOLVED, at=T0 + HOUR), now=T0 + HOUR)
    assert worked.outcome == (Outcome.SENT, None)


def test_an_older_warning_does_not_open_a_settled_complaint_again(worked):
    """It is read after the sign that settled it; at the same moment the sign holds."""
    worked.work(sign(OPENED), sign(RESOLVED, n=1))
    worked.work(warning(complaints=1))
    assert worked.outcome == (Outcome.SENT, None)


def test_a_complaint_about_any_product_keeps_promotions_away(worked):
    """Two are open in one product, one in another: all must be settled."""
    worked.work(sign(OPENED, complaints=2), sign(OPENED, product="grocery"))
    worked.work(warning())
    worked.work(sign(RESOLVED, complaints=1), sign(RESOLVED, product="grocery"), now=T0 + MINUTE)
    assert worked.outcome == (Outcome.HELD, Reason.UNHAPPY)
    worked.work(sign(RESOLVED), now=T0 + HOUR)
    assert worked.outcome == (Outcome.SENT, None)


def test_care_takes_over_from_a_promotion_that_waits():
    """Held by the company's last contact; the complaint opens, and care is what leaves when it may."""
    worked = Worked(policy(playbooks=(CARE, COME_BACK)))
    worked.work(profile())
    worked.contacted["u1"] = T0 - 20 * HOUR
    worked.work(warning())
    worked.work(sign(OPENED), now=T0 + HOUR)
    worked.work(now=T0 + 4 * HOUR)
    assert [(each.playbook, each.channel) for each in worked.outbound] == [("care", Channel.SMS)]


def test_a_service_complaint_silences_promotions_as_long_as_the_policy_says():
    """Settled or not, and care not at all."""
    worked = Worked(policy(playbooks=(CARE, COME_BACK), silence=Silence(service_complaint_days=2)))
    worked.work(profile(), profile("u2"))
    worked.work(sign(OPENED), sign(RESOLVED, at=T0 + MINUTE), sign(OPENED, "u2"), now=T0 + HOUR)
    worked.work(warning(), warning("u2"), now=T0 + HOUR)
    assert [each.playbook for each in worked.outbound] == ["care"]
    assert worked.decisions[0].earliest == T0 + 48 * HOUR


@pytest.mark.parametrize(("product", "channel"), [("shop", Channel.SMS), ("grocery", Channel.PUSH)])
def test_a_removed_app_takes_push_about_its_product_alone(worked, product, channel):
    """A newer profile does not bring it back; being used again does."""
    worked.work(sign(SignKind.UNINSTALLED), profile(at=T0 + MINUTE), now=T0 + HOUR)
    worked.work(warning(product=product), now=T0 + HOUR)
    assert [each.channel for each in worked.outbound] == [channel]
    worked.work(sign(SignKind.USED_AGAIN, at=T0 + HOUR), warning("u1", day=40), now=T0 + 2 * HOUR)


def test_opting_in_is_no_profile():
    """Nobody knows how he is reached: no consent without a profile."""
    worked = Worked(policy())
    worked.work(sign(SignKind.OPTED_IN, channel=Channel.PUSH), warning())
    assert worked.outcome == (Outcome.DROPPED, Reason.NO_CONSENT)


def test_at_one_moment_the_refusal_holds(worked):
    """Whatever comes last."""
    worked.work(*(sign(kind, channel=each) for each in Channel for kind in (SignKind.OPTED_OUT, SignKind.OPTED_IN)))
    worked.work(warning())
    assert worked.outcome == (Outcome.DROPPED, Reason.NO_CONSENT)


@pytest.mark.parametrize(
    ("exempt", "counted", "ends"),
    [(True, False, ["care", "come-back"]), (True, True, ["care"]), (False, False, ["come-back"])],
)
def test_care_may_be_exempt_from_caps_and_not_counted(exempt, counted, ends):
    """No care is allowed but for the exempt, and one message a day: care, and a minute later a promotion."""
    care = CARE.model_copy(update={"exempt": exempt, "counted": counted})
    none = Cap(name="no-care", classes=("care",), count=0)
    caps = (none, Cap(name="one", count=1, hours=24))
    worked = Worked(policy(playbooks=(care, COME_BACK), caps=caps, dispatch=Dispatch(return_cooldown_days=0)))
    worked.work(profile(), sign(OPENED), warning())
    worked.work(sign(RESOLVED), recovered(), warning(day=1), now=T0 + MINUTE)
    assert [each.playbook for each in worked.outbound] == ends
