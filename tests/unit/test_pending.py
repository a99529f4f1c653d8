"""Who is judged when: nobody before everything is absorbed that was known when they were entered."""

from streams.dispatch.pending import Pending


def test_users_are_given_out_in_the_order_of_their_warnings_each_once() -> None:
    pending = Pending()
    pending.opened()
    for key, offset in ((b"c", 7), (b"a", 5), (b"b", 6)):
        pending.enter(key, offset)
    assert pending.ripe(behind=0, most=2) == [b"a", b"b"]
    assert pending.left
    assert pending.ripe(behind=0, most=2) == [b"c"]
    assert not pending.left


def test_a_user_waits_until_the_barrier_of_their_transaction_is_reached() -> None:
    """Of the newest transactions so many are behind: those who were entered before them are ripe."""
    pending = Pending()
    pending.enter(b"opening", 1)
    pending.opened()
    pending.enter(b"first", 2)
    assert pending.ripe(behind=2, most=9) == []
    pending.enter(b"second", 3)
    assert pending.ripe(behind=2, most=9) == [b"opening"]
    pending.enter(b"third", 4)
    assert pending.ripe(behind=1, most=9) == [b"first", b"second"]
    assert pending.ripe(behind=0, most=9) == [b"third"]


def test_who_is_entered_again_keeps_their_turn_and_who_has_left_is_passed_over() -> None:
    pending = Pending()
    pending.opened()
    pending.enter(b"a", 1)
    pending.enter(b"b", 2)
    assert pending.ripe(behind=1, most=9) == []
    pending.enter(b"a", 9)
    pending.leave(b"b")
    assert pending.ripe(behind=1, most=9) == [b"a"]
    assert pending.ripe(behind=0, most=9) == []
