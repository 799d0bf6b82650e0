"""Does this process know what it is about to hand over?"""

from __future__ import annotations

import asyncio
import threading

from journeykit.ports import Hand
from journeykit.runtime.hands import Hands, enter_flow

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
    outer = enter_flow()
    hands.open(ONE, ["ann"])
    inner = enter_flow()
    hands.open(OTHER, ["bob"])
    in_another_thread(lambda: hands.open(elsewhere, ["cy"]))
    hands.leave_flow(inner)
    assert hands.is_here(ONE)
    assert not hands.is_here(OTHER)
    assert hands.is_here(elsewhere)
    hands.leave_flow(outer)
    assert not hands.is_here(ONE)


def test_what_another_task_sends_is_waited_for_what_the_own_one_sends_is_not() -> None:
    """G7: tasks share a thread, and a channel may let tasks and threads of its own work."""
    hands = Hands()
    told = []

    async def withdraw() -> None:
        entered = enter_flow()
        told.append(hands.is_sending(ONE, "ann"))
        hands.leave_flow(entered)

    async def send() -> None:
        entered = enter_flow()
        hands.open(ONE, ["ann"])
        assert hands.start(ONE, "ann")
        await withdraw()
        await asyncio.create_task(withdraw())
        await asyncio.to_thread(lambda: told.append(hands.is_sending(ONE, "ann")))
        in_hand.set()
        await may_end.wait()
        hands.leave_flow(entered)

    async def all_of_it() -> None:
        sending = asyncio.create_task(send())
        await in_hand.wait()
        await withdraw()
        may_end.set()
        await sending

    in_hand, may_end = asyncio.Event(), asyncio.Event()
    asyncio.run(all_of_it())
    assert told == [False, False, False, True]
    assert not hands.is_here(ONE)


def test_a_thread_that_carries_something_is_inside_of_it() -> None:
    hands = Hands()
    told = []

    def carry() -> None:
        hands.carry(round_, ["ann"])
        told.append(hands.is_sending(ONE, "ann"))
        entered = enter_flow()  # the channel withdraws consent
        told.append(hands.is_sending(ONE, "ann"))
        told.append(hands.is_sending(ONE, None))
        hands.leave_flow(entered)

    entered = enter_flow()
    hands.open(ONE, ["ann"])
    assert hands.start(ONE, "ann")
    round_ = hands.round_of(ONE)
    in_another_thread(carry)
    assert told == [False, False, False]
    assert hands.is_sending(ONE, "ann")
    hands.leave_flow(entered)


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
