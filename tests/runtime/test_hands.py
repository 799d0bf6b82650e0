"""Does this process know what it is about to hand over?"""

from __future__ import annotations

import threading

from journeykit.ports import Hand
from journeykit.runtime.hands import Hands

ONE, OTHER = Hand(1, 60), Hand(2, 60)


def in_another_thread(act: object) -> None:
    thread = threading.Thread(target=act)  # type: ignore[arg-type]
    thread.start()
    thread.join()


def test_a_note_stops_the_next_start_once() -> None:
    """G7."""
    hands = Hands()
    hands.open(ONE, ["ann", "bob"])
    assert hands.start(ONE, "ann")
    hands.note(["ann", "cy"])
    assert not hands.start(ONE, "ann")
    assert hands.start(ONE, "ann")
    assert hands.start(ONE, "bob")


def test_a_note_reaches_every_round_about_the_customer() -> None:
    hands = Hands()
    hands.open(ONE, ["ann"])
    hands.open(OTHER, ["ann"])
    hands.note(iter(["ann"]))
    assert (hands.start(ONE, "ann"), hands.start(OTHER, "ann")) == (False, False)


def test_a_round_that_is_not_known_starts() -> None:
    """As in a replay, which announces nothing."""
    hands = Hands()
    hands.note(["ann"])
    assert hands.start(ONE, "ann")
    hands.sent(ONE, "ann")
    hands.close(ONE)


def test_only_another_threads_sending_is_waited_for() -> None:
    hands = Hands()

    def elsewhere() -> None:
        hands.open(ONE, ["ann", "bob"])
        told.append(hands.is_sending(ONE, "ann"))
        hands.start(ONE, "ann")
        told.append(hands.is_sending(ONE, "ann"))  # this very thread

    told: list[bool] = []
    in_another_thread(elsewhere)
    assert told == [False, False]
    assert hands.is_here(ONE)
    assert hands.is_sending(ONE, "ann")
    assert not hands.is_sending(ONE, "bob")
    assert not hands.is_here(Hand(1, 61))


def test_a_channel_that_has_answered_is_not_waited_for() -> None:
    hands = Hands()

    def elsewhere() -> None:
        hands.open(ONE, ["ann"])
        hands.start(ONE, "ann")
        hands.sent(ONE, "ann")

    in_another_thread(elsewhere)
    assert not hands.is_sending(ONE, "ann")


def test_rounds_of_a_flow_that_ended_are_forgotten_those_around_it_are_not() -> None:
    hands, elsewhere = Hands(), Hand(3, 60)
    hands.open(ONE, ["ann"])
    depth = hands.depth()
    hands.open(OTHER, ["bob"])
    in_another_thread(lambda: hands.open(elsewhere, ["cy"]))
    hands.close_beyond(depth)
    assert hands.is_here(ONE)
    assert not hands.is_here(OTHER)
    assert hands.is_here(elsewhere)
    assert hands.depth() == 1


def test_equal_hands_of_two_stores_are_kept_apart() -> None:
    """G7: a channel may tick another orchestrator, with a store and numbers of its own."""
    hands = Hands()
    hands.open(ONE, ["ann"])
    hands.open(ONE, ["ann"])  # the inner one
    hands.note(["ann"])
    assert not hands.start(ONE, "ann")
    hands.close(ONE)
    assert hands.is_here(ONE)
    assert not hands.start(ONE, "ann")  # the outer one has a note of its own
    hands.close(ONE)
    hands.close(ONE)
    assert not hands.is_here(ONE)


def test_waiting_ends_when_something_was_sent() -> None:
    hands = Hands()
    hands.open(ONE, ["ann"])
    assert not hands.wait(0.001)
    woken = []
    ready = threading.Event()

    def wait() -> None:
        ready.set()
        for _ in range(1000):
            if hands.wait(0.05):
                woken.append(True)
                return

    thread = threading.Thread(target=wait)
    thread.start()
    ready.wait(10)
    while thread.is_alive():
        hands.sent(ONE, "ann")
    thread.join()
    assert woken
