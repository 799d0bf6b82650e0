"""What does a bucket give out? Its arithmetic, case by case, and as laws over many workers."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from journeykit.ports import Bucket, Taken, Taking, take_from
from journeykit.ports.shared import UNUSED_TURNS

NEVER = 1 << 62
START = 1_000


def taking(
    now: int, wanted: int, *, waited: int = 0, burst: int = 1, most: int = 99, before: int = NEVER
) -> Taking:
    """Ask for `wanted` tokens, of which one comes back every ten."""
    return Taking(now, 10, burst, most, waited, [before] * wanted)


@pytest.mark.parametrize(
    ("bucket", "asked", "granted", "turns"),
    [
        # A bucket that nobody has used is full, whatever the clock shows.
        (Bucket(), taking(START, 1), 1, []),
        (Bucket(), taking(START, 3), 1, [1010, 1020]),
        (Bucket(), taking(START, 5, burst=3), 3, [1010, 1020]),
        # What the worker can use is less than there is: the others may be asked for at once.
        (Bucket(), taking(START, 5, burst=3, most=2), 2, []),
        (Bucket(), taking(START, 5, burst=3, most=3), 3, []),
        (Bucket(), taking(START, 5, burst=3, most=4), 3, [1010, 1020]),
        # A token comes back exactly an interval later.
        (Bucket(1010), taking(1009, 1), 0, [1010]),
        (Bucket(1010), taking(1010, 1), 1, []),
        (Bucket(1030), taking(1000, 1, burst=3), 0, [1010]),
        (Bucket(1030), taking(1010, 2, burst=3), 1, [1020]),
        # While somebody's turn is still to come, newcomers stand behind.
        (Bucket(1010, 1050), taking(1020, 2), 0, [1050, 1060]),
        (Bucket(1010, 1050), taking(1020, 2, waited=1), 1, [1050]),
        (Bucket(1010, 1050), taking(1050, 2), 1, [1060]),
        # Whose turn came to nothing: the first tries the next token, the others queue up.
        (Bucket(1010, 1050), taking(1005, 3, waited=3), 0, [1010, 1050, 1060]),
        (Bucket(1010, 1050), taking(1010, 3, waited=3), 1, [1020, 1050]),
        (Bucket(1010, 1005), taking(1005, 3, waited=3), 0, [1010, 1020, 1030]),
        # Who cannot wait until his turn uses none up.
        (Bucket(1010), taking(1000, 3, before=1010), 0, [1010, 1010, 1010]),
        (Bucket(1010), taking(1000, 3, before=1011), 0, [1010, 1020, 1020]),
        (Bucket(1010), taking(1000, 2, before=0), 0, [1010, 1010]),
        # Many turns in a row that nobody used: the queue is gone. Not while one has come.
        (Bucket(1000, 9000), taking(1000 + 10 * UNUSED_TURNS, 1), 1, []),
        (Bucket(1000, 9000), taking(999 + 10 * UNUSED_TURNS, 1), 0, [9000]),
        (Bucket(1000, 9000), taking(1000 + 10 * UNUSED_TURNS, 2, waited=1), 1, [9000]),
        # A clock that went back: nothing is given out twice.
        (Bucket(5010), taking(START, 1), 0, [5010]),
    ],
)
def test_what_a_bucket_gives_out(
    bucket: Bucket, asked: Taking, granted: int, turns: list[int]
) -> None:
    _, taken = take_from(bucket, asked)
    assert (taken.granted, list(taken.turns)) == (granted, turns)


def test_a_bucket_keeps_what_was_taken() -> None:
    after, _ = take_from(Bucket(), taking(START, 3, burst=2))
    assert after == Bucket(full=1020, turn=1020)


def test_what_was_not_used_comes_back() -> None:
    taken = Bucket(full=1050, turn=1060)
    after, told = take_from(taken, Taking(START, 10, 9, 1, 0, (), back=2))
    assert (after, told) == (Bucket(full=1030, turn=1060), Taken(0))
    assert take_from(taken, Taking(START, 10, 9, 1, 0, (), back=99))[0].full == START


@given(
    st.integers(1, 6),
    st.integers(1, 20),
    st.lists(
        st.tuples(st.integers(0, 60), st.integers(1, 9), st.integers(0, 9), st.integers(1, 4))
    ),
)
def test_no_span_sees_more_than_the_bucket_allows(
    burst: int, interval: int, asks: list[tuple[int, int, int, int]]
) -> None:
    """D5: in any span T at most burst + T / interval."""
    bucket, now, given_out = Bucket(), START, list[int]()
    for later, wanted, waited, most in asks:
        now += later
        asked = Taking(now, interval, burst, most, min(waited, wanted), [NEVER] * wanted)
        bucket, taken = take_from(bucket, asked)
        given_out += [now] * taken.granted
        assert all(turn > now for turn in taken.turns)
    for first, start in enumerate(given_out):
        for last in range(first, len(given_out)):
            span = given_out[last] - start
            assert last - first + 1 <= burst + span // interval


@dataclass
class Waiting:
    number: int
    turn: int
    told: int = 0
    has_waited: bool = False

    @property
    def key(self) -> int:
        """Equal turns go by a key that tells nothing about the order of arrival."""
        return 0 if not self.has_waited else self.number * 7919 % 1009


@dataclass
class Post:
    """Messages at a throttle, asked for as a worker does: those whose turn has come, in order."""

    burst: int
    bucket: Bucket = field(default_factory=Bucket)
    waiting: list[Waiting] = field(default_factory=list)
    sent: list[tuple[int, Waiting]] = field(default_factory=list)

    def work(self, now: int) -> None:
        ready = [one for one in self.waiting if one.turn <= now]
        ready.sort(key=lambda one: (not one.has_waited, one.turn - one.told, one.key, one.number))
        while ready:
            waited = sum(one.has_waited for one in ready)
            asked = Taking(now, 10, self.burst, 8, waited, [NEVER] * len(ready))
            self.bucket, taken = take_from(self.bucket, asked)
            self._note(now, ready, taken)
            ready = ready[taken.granted + len(taken.turns) :]

    def _note(self, now: int, ready: list[Waiting], taken: Taken) -> None:
        for one in ready[: taken.granted]:
            self.waiting.remove(one)
            self.sent.append((now, one))
        for one, turn in zip(ready[taken.granted :], taken.turns, strict=False):
            one.turn, one.told, one.has_waited = turn, one.told + 1, True


def test_a_backlog_is_told_once_and_leaves_in_its_order() -> None:
    """A worker that is there at every turn: first come, first served, one interval apart."""
    post = Post(burst=3)
    post.waiting = [Waiting(number, START) for number in range(1_000)]
    now = START
    while post.waiting:
        post.work(now)
        now = min((one.turn for one in post.waiting), default=now)
    assert [one.number for _, one in post.sent] == list(range(1_000))
    assert max(one.told for _, one in post.sent) == 1
    assert now == START + 997 * 10


@settings(max_examples=25)
@given(st.integers(1, 4), st.lists(st.integers(0, 12), min_size=1, max_size=40))
def test_a_worker_that_is_late_now_and_then_costs_little(burst: int, lateness: list[int]) -> None:
    """All get through, and each is told its turn a few times, not once for each of the others."""
    post = Post(burst)
    post.waiting = [Waiting(number, START) for number in range(300)]
    now, step = START, 0
    while post.waiting:
        post.work(now)
        due = min((one.turn for one in post.waiting), default=now)
        now = max(now, due) + lateness[step % len(lateness)]
        step += 1
    told = [one.told for _, one in post.sent]
    assert sum(told) <= 4 * len(told)


def test_an_outage_loses_time_but_no_message() -> None:
    post = Post(burst=2)
    post.waiting = [Waiting(number, START) for number in range(200)]
    post.work(START)
    now = START + 900  # ninety turns are past
    while post.waiting:
        post.work(now)
        now = max(now, min((one.turn for one in post.waiting), default=now))
    assert sorted(one.number for _, one in post.sent) == list(range(200))
    told = [one.told for _, one in post.sent]
    assert sum(told) <= 2.5 * len(told)
    assert max(told) <= 6
    assert now <= START + (200 + 90) * 10
