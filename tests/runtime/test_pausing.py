"""A journey pauses on every worker, and goes on through the gate (V2); late work has a rule."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from journeykit import (
    AfterExit,
    Content,
    Enters,
    EntryCap,
    Event,
    FrequencyCap,
    Goal,
    Journey,
    MemoryStore,
    On,
    OnDate,
    Overdue,
    Policy,
    Profile,
    QuietHours,
    Retry,
    Scheduled,
    Segment,
    Send,
    SQLiteStore,
    Wait,
    WaitFor,
    Workspace,
    count,
    days,
    hours,
    minutes,
)
from journeykit.errors import ContentionError, DefinitionError, UnknownJourneyError, UsageError
from journeykit.kernel import decode_entries, encode_state, replay
from journeykit.simulation import Simulation


class Begun(Event):
    pass


class Paid(Event):
    pass


class Person(Profile):
    renews_on: date | None = None


CONSENT = {"email": "opt-out", "sms": "opt-out"}


def shop(*steps: Any, policy: Any = None, **options: Any) -> Workspace:
    journey = Journey("j", entry=On(Begun), steps=list(steps), **options)
    other = Journey("other", entry=On(Paid), steps=[Send("receipt", via=["sms"])])
    policy = policy or Policy(consent=CONSENT)
    return Workspace(journeys=[journey, other], timezone="UTC", policy=policy)


def stage(*steps: Any, at: str = "2026-03-02 12:00", **options: Any) -> Simulation:
    sim = Simulation(shop(*steps, **options), at=at)
    sim.customer("ann")
    return sim


def send(template: str = "hello", **options: Any) -> Send:
    return Send(template, via=["email"], **options)


def got(sim: Simulation) -> list[str]:
    """Return what ann received; her journal must give her state."""
    sim.settle()
    store = sim.runner.store
    entries = [e for one in store.journal("ann") for e in decode_entries(one.entries)]
    assert encode_state(replay("ann", entries)) == store.load(["ann"])["ann"].body
    return [message.template for message in sim.accepted("ann")]


def reasons(sim: Simulation, kind: str) -> list[str]:
    return [line.reason for line in sim.explain("ann") if line.kind == kind]


# ---- what a pause stops, and what it does not


def test_no_run_begins_in_a_pause() -> None:  # V2, E4
    sim = stage(send())
    sim.pause("j", reason="typo in hello")
    assert [one.reason for one in sim.track("ann", Begun()).refused] == ["paused"]
    assert sim.runner.enroll("ann", "j").refused[0].reason == "paused"
    sim.resume("j")
    assert got(sim) == []
    assert sim.track("ann", Begun()).entered == ["j"]


def test_waits_keep_running_and_messages_are_held() -> None:  # V2
    sim = stage(Wait(hours(1)), send(), Wait(hours(1)), send("more"))
    sim.track("ann", Begun())
    sim.pause("j")
    sim.advance(days(3))
    (held,) = sim.people["ann"].held
    assert (held.template, held.reason, held.until) == ("hello", "paused", None)
    assert "the journey pauses" in str(sim.explain("ann"))
    assert sim.resume("j") == 1
    assert got(sim) == ["hello"]  # G5: the next wait counts from the hand-over
    sim.advance(hours(1))
    assert got(sim) == ["hello", "more"]


def test_other_journeys_do_not_pause() -> None:  # V2
    sim = stage(send())
    sim.pause("j")
    sim.track("ann", Paid())
    assert got(sim) == ["receipt"]


def test_exits_and_goals_count_in_a_pause() -> None:  # V2, E2, E3
    sim = stage(send(), goal=Goal(On(Paid)))
    sim.track("ann", Begun())
    sim.pause("j")
    sim.settle()
    assert len(sim.people["ann"].held) == 1
    assert sim.track("ann", Paid()).goals == 1
    assert sim.people["ann"].held == []
    assert sim.resume("j") == 0


def test_what_lies_in_the_outbox_does_not_leave() -> None:  # V2, G1
    sim = stage(send())
    sim.track("ann", Begun())  # released, not handed over yet
    sim.pause("j")
    assert got(sim) == []
    assert sim.people["ann"].held[0].reason == "paused"


def test_what_never_may_leave_is_dropped_in_a_pause() -> None:  # V2, G1
    sim = stage(Wait(hours(1)), send())
    sim.track("ann", Begun())
    sim.pause("j")
    sim.withdraw("ann", ["email"], source="page")
    sim.advance(hours(1))
    assert reasons(sim, "drop") == ["consent_withdrawn"]


def test_what_is_no_longer_valid_is_dropped_in_a_pause() -> None:  # V2, G4
    sim = stage(send(valid_for=hours(2)), Wait(hours(1)), send("more"))
    sim.track("ann", Begun())
    sim.pause("j")
    sim.advance(hours(2) + minutes(1))
    assert reasons(sim, "drop") == ["expired"]
    assert [run.step for run in sim.runner.customer("ann").enrollments] == ["wait_2"]


def test_a_message_passes_the_gate_again_when_the_journey_goes_on() -> None:  # V2, G5
    policy = Policy(consent=CONSENT, quiet_hours=[QuietHours("20:00", "08:00")])
    sim = stage(send(), policy=policy)
    sim.track("ann", Begun())
    sim.pause("j")
    sim.advance_to("21:00")
    sim.resume("j")
    assert sim.people["ann"].held[0].reason == "quiet_hours"
    assert got(sim) == []
    sim.advance_to("08:00")
    assert got(sim) == ["hello"]


def test_a_message_that_may_have_left_comes_again_under_its_key() -> None:  # V2, D2
    sim = stage(send())
    sim.channel("email").answer(Retry("busy", after=minutes(5)))
    sim.track("ann", Begun())
    sim.settle()
    sim.pause("j")
    sim.advance(days(100))
    assert got(sim) == []
    sim.resume("j")
    assert got(sim) == ["hello"]
    assert len({one.key for one in sim.channel("email").handed_over}) == 1


def test_it_comes_again_with_the_content_that_may_have_left() -> None:  # V2, D2
    class Counts:
        made = 0

        def render(self, context: Any) -> Content:
            self.made += 1
            return Content(text=str(self.made))

        def missing(self, template: str, channel: str) -> None:
            return None

    sim = Simulation(shop(send()), at="2026-03-02 12:00", renderer=Counts())
    sim.customer("ann")
    sim.channel("email").answer(Retry("busy", after=minutes(5)))
    sim.track("ann", Begun())
    sim.settle()
    sim.pause("j")
    sim.advance(days(40))
    sim.resume("j")
    sim.settle()
    assert [one.content.text for one in sim.channel("email").handed_over] == ["1", "1"]


def test_a_long_pause_is_reckoned_from_its_beginning() -> None:  # V2
    """What may have left is looked at now and then; that does not make it young again."""
    sim = stage(send(), overdue=Overdue(after=days(35), then="skip"))
    sim.channel("email").answer(Retry("busy", after=minutes(5)))
    sim.track("ann", Begun())
    sim.settle()
    sim.pause("j")
    sim.advance(days(36))
    sim.resume("j")
    assert reasons(sim, "drop") == ["overdue"]


def test_a_pause_stays_as_it_was_first_set() -> None:
    sim = stage(send())
    assert dict(sim.paused()) == {}
    sim.pause("other", reason="one")
    sim.advance(hours(1))
    sim.pause("other", reason="two")
    sim.pause("j")
    found = sim.paused()
    assert list(found) == ["j", "other"]
    assert (found["other"].reason, found["other"].since) == (
        "one", datetime(2026, 3, 2, 12, tzinfo=UTC),
    )  # fmt: skip
    assert sim.resume("j") == sim.resume("j") == 0
    assert list(sim.paused()) == ["other"]


def test_what_makes_no_sense_is_refused() -> None:
    sim = stage(send())
    with pytest.raises(UnknownJourneyError, match="did you mean 'other'"):
        sim.pause("othr")
    with pytest.raises(UnknownJourneyError, match="there are j, other"):
        sim.resume("zzz")
    with sim.downtime(), pytest.raises(UsageError, match="nothing runs now"):
        sim.resume("j")
    with sim.downtime(), pytest.raises(UsageError, match="publish"):
        sim.publish(sim.runner.workspace)


def test_a_journey_that_left_the_workspace_can_pause() -> None:  # V2
    sim = stage(send(), Wait(hours(1)), send("more"))
    sim.track("ann", Begun())
    sim.settle()
    old = sim.runner.workspace
    sim.publish(old.model_copy(update={"journeys": old.journeys[1:]}))
    sim.pause("j")
    sim.advance(hours(2))
    assert got(sim) == ["hello"]


def test_preview_heeds_a_pause() -> None:
    sim = stage(Wait(hours(1)), send())
    sim.track("ann", Begun())
    sim.pause("j")
    end = sim.now + timedelta(hours=2)
    assert "sent by email" not in str(sim.preview("ann", until=end))


def test_nobody_makes_room_for_what_pauses() -> None:  # V2, G3
    """Under a cap with look-ahead the smaller waits for the larger, unless that one pauses."""
    policy = Policy(
        consent=CONSENT, caps=[FrequencyCap(1, per=timedelta(days=1), look_ahead=hours(6))]
    )
    larger = Journey("larger", entry=On(Begun), steps=[Wait(hours(2)), send("big", priority=9)])
    smaller = Journey("smaller", entry=On(Begun), steps=[Wait(hours(1)), send("small")])
    for paused, received in ((False, ["big"]), (True, ["small"])):
        sim = Simulation(
            Workspace(journeys=[larger, smaller], timezone="UTC", policy=policy),
            at="2026-03-02 12:00",
        )
        sim.customer("ann").track(Begun())
        if paused:
            sim.pause("larger")
            sim.advance(minutes(90))
            assert got(sim) == ["small"]
        sim.advance(hours(3))
        assert got(sim) == received


def test_a_message_that_may_have_left_keeps_its_slot_in_a_pause() -> None:  # V2, G3
    policy = Policy(consent=CONSENT, caps=[FrequencyCap(1, per=timedelta(days=1))])
    first = Journey("first", entry=On(Begun), steps=[send("a")])
    second = Journey("second", entry=On(Paid), steps=[send("b", on_cap="skip")])
    sim = Simulation(
        Workspace(journeys=[first, second], timezone="UTC", policy=policy), at="2026-03-02 12:00"
    )
    sim.customer("ann")
    sim.channel("email").answer(Retry("who knows", after=minutes(5)))
    sim.track("ann", Begun())
    sim.settle()
    sim.pause("first")
    sim.advance(minutes(10))
    sim.track("ann", Paid())
    assert got(sim) == []
    assert reasons(sim, "drop") == ["frequency_cap"]


# ---- several workers


@pytest.mark.parametrize("durable", [False, True])
def test_every_worker_heeds_a_pause(open_shop: Any, tmp_path: Any, durable: bool) -> None:  # V2
    store = SQLiteStore(tmp_path / "s.db") if durable else MemoryStore()
    one = open_shop(store=store, worker="w1")
    two = open_shop(store=store, clock=one.clock, worker="w2")
    one.kit.identify("ann", {"email": "ann@example.org"})
    one.kit.track("ann", "signed_up")
    two.kit.pause("welcome")
    one.tick()
    assert one.email.templates == []
    assert [one.reason for one in two.kit.explain("ann") if one.kind == "hold"] == ["paused"]
    one.kit.resume("welcome")
    two.tick()
    assert two.email.templates == ["hello"]
    store.close()


def test_a_pause_by_another_process_is_heeded(open_shop: Any) -> None:  # V2
    """By hand-overs at once, since they look after they were announced; by entries soon."""
    shop = open_shop()
    for name in ("ann", "bob"):
        shop.kit.identify(name, {"email": f"{name}@example.org"})
    shop.kit.track("ann", "signed_up")
    assert shop.store.set_controls(b'{"paused":{"welcome":{"since":0}}}', expected=0)
    shop.tick()
    assert shop.email.templates == []
    assert shop.store.set_controls(b"{}", expected=1)
    shop.clock.passes(seconds=0.1)
    shop.kit.identify("ann", {"first_name": "Ann"})  # whoever is touched is set free
    shop.tick()
    assert shop.email.templates == ["hello"]
    assert shop.store.set_controls(b'{"paused":{"welcome":{"since":0}}}', expected=2)
    shop.clock.passes(seconds=0.1)
    assert [one.reason for one in shop.kit.track("bob", "signed_up").refused] == ["paused"]


def test_a_resume_that_was_cut_off_goes_on_at_the_next_start(open_shop: Any) -> None:  # V2
    class Breaks(MemoryStore):
        left = 99

        def commit(self, commits: Any) -> Any:
            self.left -= 1
            if self.left < 0:
                raise KeyboardInterrupt
            return super().commit(commits)

    store = Breaks()
    shop = open_shop(store=store, batch=2)
    for number in range(5):
        shop.kit.identify(f"c{number}", {"email": f"c{number}@example.org"})
        shop.kit.track(f"c{number}", "signed_up")
    shop.kit.pause("welcome")
    shop.tick()
    store.left = 1
    with pytest.raises(KeyboardInterrupt):
        shop.kit.resume("welcome")
    store.left = 99
    assert shop.kit.paused() == {}
    again = open_shop(store=store, clock=shop.clock)
    again.tick()
    assert len(again.email.messages) == 5
    again.kit.pause("welcome")
    again.kit.resume("welcome")
    body = store.controls().body
    assert open_shop(store=store, clock=shop.clock).kit.paused() == {}
    assert store.controls().body == body  # nothing is left to be done


def test_a_pause_in_the_middle_of_a_round_stops_the_rest_of_it(open_shop: Any) -> None:  # V2
    """After `pause` returns no hand-over starts, though the messages had passed the gate."""
    store = MemoryStore()
    shop = open_shop(store=store)
    other = open_shop(store=store, clock=shop.clock)
    for name in ("ann", "bob", "cy"):
        shop.kit.identify(name, {"email": f"{name}@example.org"})
        shop.kit.track(name, "signed_up")
    shop.email.act = lambda message: other.kit.pause("welcome")  # type: ignore[assignment]
    shop.tick()
    assert len(shop.email.messages) == 1
    shop.email.act = None
    assert other.kit.resume("welcome") == 2
    shop.tick()
    assert sorted(one.customer_id for one in shop.email.messages) == ["ann", "bob", "cy"]


def test_a_pause_waits_for_what_is_under_way(open_shop: Any) -> None:  # V2
    shop = open_shop()
    shop.kit.identify("ann", {"email": "ann@example.org"})
    shop.kit.track("ann", "signed_up")
    calling, go_on = threading.Event(), threading.Event()

    def act(message: Any) -> None:
        calling.set()
        go_on.wait(5)

    shop.email.act = act
    worker = threading.Thread(target=shop.tick)
    worker.start()
    assert calling.wait(5)
    pausing = threading.Thread(target=shop.kit.pause, args=("welcome",))
    pausing.start()
    pausing.join(0.05)
    assert pausing.is_alive(), "it did not wait for the hand-over"
    go_on.set()
    pausing.join(5)
    worker.join(5)
    assert not pausing.is_alive()


def test_each_message_of_a_customer_in_a_round_is_judged(open_shop: Any) -> None:  # V2
    """The clock stands still, and the customer is the same: only the pause is new."""
    both = [
        Journey(name, entry=open_shop().kit.workspace.journeys[0].entry, steps=[send(name)])
        for name in ("a", "b", "c")
    ]
    shop = open_shop(*both)
    shop.kit.identify("ann", {"email": "ann@example.org"})
    shop.kit.track("ann", "signed_up")

    def pause_the_others(message: Any) -> None:
        for name in {"a", "b", "c"} - {message.journey}:
            shop.kit.pause(name)

    shop.email.act = pause_the_others
    shop.tick()
    assert len(shop.email.messages) == 1


def test_what_is_held_while_a_resume_goes_by_is_set_free(open_shop: Any) -> None:  # V2
    """A worker that still knew of the pause may hold a message that the resume has not found."""

    class Slow(MemoryStore):
        """Lets somebody resume between a decision and its commit."""

        before_commit: Any = None

        def commit(self, commits: Any) -> Any:
            if self.before_commit is not None and any(b'"paused"' in c.journal for c in commits):
                act, self.before_commit = self.before_commit, None
                act()
            return super().commit(commits)

    store = Slow()
    shop = open_shop(store=store)
    other = open_shop(store=store, clock=shop.clock)
    shop.kit.identify("ann", {"email": "ann@example.org"})
    shop.kit.track("ann", "signed_up")
    other.kit.pause("welcome")
    store.before_commit = lambda: other.kit.resume("welcome")
    shop.tick()
    shop.tick()
    assert shop.email.templates == ["hello"]


def test_controls_that_others_change_all_the_time_are_told(open_shop: Any) -> None:
    class Contested(MemoryStore):
        def set_controls(self, body: bytes, *, expected: int) -> bool:
            return False

    shop = open_shop(store=Contested())
    with pytest.raises(ContentionError, match="20 attempts"):
        shop.kit.pause("welcome")


# ---- late work

LATE = [
    # how long nothing runs, then, what ann gets, why the run ended or a message was dropped
    (hours(6), "skip", ["hello", "more"], []),  # exactly `after` is not late
    (hours(6) + minutes(1), "send", ["hello", "more"], []),
    (hours(6) + minutes(1), "skip", ["more"], ["overdue"]),
    (hours(6) + minutes(1), "exit", [], ["overdue"]),
]


@pytest.mark.parametrize(("late", "then", "received", "told"), LATE)
def test_a_timer_that_fires_late(late: Any, then: Any, received: Any, told: Any) -> None:  # O3
    steps = [Wait(hours(1)), send(), Wait(hours(1)), send("more")]
    sim = stage(*steps, overdue=Overdue(after=hours(6), then=then))
    sim.track("ann", Begun())
    with sim.downtime():
        sim.advance(hours(1) + late)
    sim.advance(hours(1))
    assert got(sim) == received
    assert reasons(sim, "drop") + [why for why in reasons(sim, "end") if why == "overdue"] == told


@pytest.mark.parametrize(("late", "then", "received", "told"), LATE)
def test_a_pause_that_holds_for_long(late: Any, then: Any, received: Any, told: Any) -> None:  # V2
    steps = [Wait(hours(1)), send(), Wait(hours(1)), send("more")]
    sim = stage(*steps, overdue=Overdue(after=hours(6), then=then))
    sim.track("ann", Begun())
    sim.pause("j")
    sim.advance(hours(1) + late)
    sim.resume("j")
    sim.advance(hours(1))
    assert got(sim) == received
    ended = [line.reason for line in sim.explain("ann") if line.kind in ("drop", "withdraw")]
    assert ended == told


@pytest.mark.parametrize(("late", "then", "received", "told"), LATE)
def test_a_held_message_that_is_looked_at_late(
    late: Any, then: Any, received: Any, told: Any
) -> None:  # O3
    quiet = Policy(consent=CONSENT, quiet_hours=[QuietHours("00:00", "06:00")])
    steps = [send(), Wait(hours(1)), send("more")]
    rule = Overdue(after=hours(6), then=then)
    sim = stage(*steps, overdue=rule, policy=quiet, at="2026-03-02 03:00")
    sim.track("ann", Begun())
    with sim.downtime():
        sim.advance(hours(3) + late)
    sim.advance(hours(1))
    assert got(sim) == received
    ended = [line.reason for line in sim.explain("ann") if line.kind in ("drop", "withdraw")]
    assert ended == told


@pytest.mark.parametrize(("late", "then", "received", "told"), LATE)
def test_a_released_message_that_nobody_fetches(
    late: Any, then: Any, received: Any, told: Any
) -> None:  # O3, G1
    steps = [send(), Wait(hours(1)), send("more")]
    sim = stage(*steps, overdue=Overdue(after=hours(6), then=then))
    sim.runner.track("ann", Begun())
    sim.clock.micros += late.micros
    sim.settle()
    sim.advance(hours(1))
    assert got(sim) == received
    ended = [line.reason for line in sim.explain("ann") if line.kind in ("drop", "withdraw")]
    assert ended == told


def test_a_time_out_that_fires_late() -> None:  # O3
    wait = WaitFor(On(Paid), timeout=hours(1), on_timeout=[send("late")], then=[send("thanks")])
    for paid, received in ((True, ["thanks"]), (False, [])):
        sim = stage(wait, overdue=Overdue(after=hours(1), then="skip"))
        sim.track("ann", Begun())
        with sim.downtime():
            sim.advance(hours(9))
            if paid:  # everything that arrived goes before any timer that is overdue
                sim.track("ann", Paid())
        mine = [one for one in got(sim) if one != "receipt"]
        assert mine == received


def test_what_comes_late_for_another_reason_is_no_concern_of_the_rule() -> None:
    """A message is late by the time since it could have left, not since it was decided."""
    quiet = Policy(consent=CONSENT, quiet_hours=[QuietHours("00:00", "24:00", days=["mon"])])
    sim = stage(send(), overdue=Overdue(after=hours(1), then="skip"), policy=quiet)
    sim.track("ann", Begun())  # a Monday
    sim.advance(days(1))
    assert got(sim) == ["hello"]


def test_a_day_of_the_rule_is_a_day_of_the_clock() -> None:  # T2
    sim = stage(
        Wait(hours(1)), send(), overdue=Overdue(after=days(1), then="skip"), at="2026-03-28 11:00"
    )
    sim.identify("ann", {"timezone": "Europe/Berlin"})
    sim.track("ann", Begun())  # due 13:00 in Berlin; the next day has 23 hours
    with sim.downtime():
        sim.advance(hours(24))
    assert reasons(sim, "drop") == []


def test_an_overdue_rule_says_what_happens() -> None:
    with pytest.raises(DefinitionError, match="then"):
        Overdue(after=hours(1))  # type: ignore[call-arg]
    with pytest.raises(DefinitionError, match="after"):
        Overdue(after=hours(0), then="skip")
    journey = shop(send(), overdue=Overdue(after=days(1), then="exit")).journeys[0]
    assert Journey.from_json(journey.to_json()) == journey


SILENT = Segment("silent", count(Paid, within=days(2)) == 0)
BY_TIME = [
    (Scheduled(cron="0 9 * * *"), "scheduled"),
    (OnDate(Person.renews_on, at="09:00"), "on_date renews_on"),
    (Enters(SILENT), "enters silent"),
]


@pytest.mark.parametrize("caps", [[], [EntryCap(100)]])
@pytest.mark.parametrize(("entry", "by"), BY_TIME)
@pytest.mark.parametrize(
    ("then", "hour", "received", "refused"),
    [
        ("skip", 15, ["hello", "later"], []),  # exactly `after` is not late
        ("exit", 15, ["hello", "later"], []),
        ("send", 20, ["hello", "later"], []),
        ("skip", 20, ["later"], []),
        ("exit", 20, [], ["overdue"]),
    ],
)
def test_an_entry_by_time_comes_too_late(
    entry: Any, by: str, then: Any, hour: int, received: list[str], refused: list[str], caps: Any
) -> None:  # O3
    journey = Journey(
        "j", entry=entry, steps=[send(), Wait(hours(1)), send("later")],
        overdue=Overdue(after=hours(6), then=then), reentry=AfterExit(), entry_caps=caps,
    )  # fmt: skip
    space = Workspace(
        journeys=[journey], timezone="UTC", policy=Policy(consent=CONSENT), profile=Person,
        events=[Paid],
    )  # fmt: skip
    sim = Simulation(space, at="2026-03-01 09:00")
    sim.customer("ann", {"renews_on": "2026-03-03"}).track(Paid())
    sim.advance(days(1) + hours(1))
    before = got(sim)
    with sim.downtime():
        sim.advance_to(f"2026-03-03 {hour}:00")
    sim.settle()
    sim.advance(hours(2))
    assert got(sim)[len(before) :] == received
    told = [line for line in sim.explain("ann") if line.kind == "refuse" and "due" in line.text]
    assert [line.reason for line in told] == refused
    assert all(f"({by}, due Tue 2026-03-03 09:00)" in line.text for line in told)


def test_what_an_event_starts_is_not_late_however_long_it_waited() -> None:  # O3
    sim = stage(send(), overdue=Overdue(after=hours(6), then="exit"))
    with sim.downtime():
        sim.track("ann", Begun())
        sim.advance(days(2))
    assert got(sim) == ["hello"]
