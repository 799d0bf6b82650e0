"""In what order are ports called? Flows played by hand, answer by answer, without a store."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from journeykit import (
    Accepted,
    Content,
    Event,
    Journey,
    On,
    Policy,
    Retry,
    Send,
    Throttle,
    Workspace,
    minutes,
)
from journeykit.errors import ContentionError, StoreBusyError, StoreError
from journeykit.kernel import CustomerState, EventArrived, advance, encode_state
from journeykit.machine import Rules, compile_workspace
from journeykit.ports import (
    ClaimedMessage,
    Hand,
    ParkedCustomer,
    StoredCustomer,
    Suppression,
    Taken,
)
from journeykit.runtime import calls as c
from journeykit.runtime.couriers import failed, receipts_of
from journeykit.runtime.delivery import HOLD, deliver
from journeykit.runtime.handing import RECHECK, ROUND
from journeykit.runtime.ingesting import ingest
from journeykit.runtime.lines import Lines
from journeykit.runtime.parking import PAUSES
from journeykit.runtime.script import ATTEMPTS, Arrival, to_commit
from journeykit.runtime.throttling import FRESH
from journeykit.runtime.ticking import tick
from journeykit.runtime.waiting import GRACE, let_hands_finish
from journeykit.runtime.working import work
from journeykit.time import SECOND

NOW = 1_772_000_000 * SECOND
LEASE = 300 * SECOND
HAND = Hand(7, NOW + HOLD)


class SignedUp(Event):
    pass


def rules_of(*sends: str, **options: Any) -> Rules:
    journeys = [
        Journey(name, entry=On(SignedUp), steps=[Send(name, via=["email"])]) for name in sends
    ]
    policy = Policy(consent={"email": "opt-out"}, **options)
    return compile_workspace(Workspace(journeys=journeys, timezone="UTC", policy=policy), [])


ONE = rules_of("hello")
TWO = rules_of("ahoy", "hello")
SLOW = rules_of("hello", throttles=[Throttle(1, per=minutes(1))])


def entered(rules: Rules, customer: str = "ann") -> tuple[StoredCustomer, list[ClaimedMessage]]:
    """Return a customer whose messages are released, and the claims of them."""
    signal = EventArrived(NOW, "signed_up", {}, NOW, "e1")
    commit = to_commit(rules, advance(rules, CustomerState(customer), [signal], NOW), 0)
    claims = [ClaimedMessage(row.key, customer, row.channel, row.due, 1) for row in commit.put]
    return StoredCustomer(customer, 1, commit.body), sorted(claims, key=lambda one: one.key)


class Hand_:
    """Plays a flow: expects calls by type, and answers them. No journey pauses."""

    def __init__(self, flow: c.Flow[Any]) -> None:
        self.flow = flow
        self.call: Any = next(flow)
        self.result: Any = None
        self.over = False
        self.heed()

    def heed(self) -> None:
        """Answer the questions which journeys pause, and what is known of channels."""
        while type(self.call) in (c.Heed, c.LinesNow):
            heed = type(self.call) is c.Heed
            self.call = self.flow.send(self.call.rules if heed else Lines())

    def expect(self, kind: type, answer: Any = None) -> Any:
        """Check the kind of the pending call, answer it, and return it."""
        assert not self.over, f"the flow is over; expected {kind.__name__}"
        call = self.call
        assert type(call) is kind, f"{call} instead of {kind.__name__}"
        if kind is c.HandOver and call.parcels and not isinstance(answer, KeyboardInterrupt):
            (parcel,) = call.parcels
            is_error = isinstance(answer, Exception)
            answer = [failed(parcel, answer) if is_error else receipts_of(parcel, [answer])]
        try:
            if isinstance(answer, BaseException):
                self.call = self.flow.throw(answer)
            else:
                self.call = self.flow.send(answer)
            self.heed()
        except StopIteration as stop:
            self.over, self.result = True, stop.value
        return call


# ---- inputs


def test_an_input_is_loaded_looked_up_decided_and_committed_at_once() -> None:
    """D1: one commit holds everything."""
    arrival = Arrival("ann")
    arrival.add(EventArrived(NOW, "signed_up", {}, NOW, "e1"), "digest")
    play = Hand_(ingest(ONE, [arrival]))
    play.expect(c.Load, {"ann": StoredCustomer("ann", 4, encode_state(CustomerState("ann")))})
    assert play.expect(c.Seen, {}).events == [("ann", "e1")]
    play.expect(c.Now, NOW)
    (commit,) = play.expect(c.Commit, ()).commits
    assert play.over
    assert commit.expected == 4
    assert b'"enter"' in commit.journal
    assert b'"release"' in commit.journal
    assert [row.due for row in commit.put] == [NOW]
    assert [one.event_id for one in commit.seen] == ["e1"]
    assert set(play.result) == {"ann"}


def test_a_stale_commit_is_decided_again_on_the_newest_state() -> None:
    """O1."""
    old = StoredCustomer("ann", 4, encode_state(CustomerState("ann")))
    signal = EventArrived(NOW, "signed_up", {}, NOW, "e1")
    arrivals = [Arrival("ann", [signal]), Arrival("bob", [signal])]
    bob = StoredCustomer("bob", 1, encode_state(CustomerState("bob")))
    play = Hand_(ingest(ONE, arrivals))
    play.expect(c.Load, {"ann": old, "bob": bob})
    play.expect(c.Now, NOW)
    play.expect(c.Commit, ["ann"])
    newest, _ = entered(ONE)
    assert play.expect(c.Load, {"ann": newest}).customer_ids == ["ann"]
    play.expect(c.Now, NOW)
    (commit,) = play.expect(c.Commit, []).commits
    assert (commit.customer_id, commit.expected) == ("ann", 1)
    assert b"already_inside" in commit.journal
    assert set(play.result) == {"ann", "bob"}


def test_being_overtaken_for_ever_is_an_error_with_a_way_out() -> None:
    signal = EventArrived(NOW, "signed_up", {}, NOW, "e1")
    play = Hand_(ingest(ONE, [Arrival("ann", [signal])]))
    stored = {"ann": StoredCustomer("ann", 4, encode_state(CustomerState("ann")))}
    for attempt in range(ATTEMPTS):
        play.expect(c.Load, stored)
        play.expect(c.Now, NOW)
        if attempt < ATTEMPTS - 1:
            play.expect(c.Commit, ["ann"])
    with pytest.raises(ContentionError, match="changed by others") as caught:
        play.expect(c.Commit, ["ann"])
    assert "try again" in caught.value.remedy


def test_repeats_and_strangers_write_nothing() -> None:
    """O8: what is known already is not committed; nobody begins by an event."""
    arrival = Arrival("ann")
    arrival.add(EventArrived(NOW, "signed_up", {}, NOW, "e1"), "digest")
    play = Hand_(ingest(ONE, [arrival, Arrival("nobody", [EventArrived(NOW, "x", {}, NOW, "")])]))
    play.expect(c.Load, {"ann": StoredCustomer("ann", 4, encode_state(CustomerState("ann")))})
    assert play.expect(c.InboxOf, {}).customer_ids == ["nobody"]
    play.expect(c.Seen, {("ann", "e1"): "digest"})
    play.expect(c.Now, NOW)
    assert play.over
    assert set(play.result) == {"ann"}
    assert play.result["ann"].repeated == {0}


# ---- documents that cannot be read


def rests(play: Hand_, reason: str, *, customer_id: str = "ann") -> None:
    """It is left alone, which ends its claims, and nothing of it is written."""
    assert play.expect(c.ParkedOf, []).customer_ids == [customer_id]
    play.expect(c.Now, NOW)
    (row,) = play.expect(c.Park).rows
    assert row == ParkedCustomer(customer_id, NOW + PAUSES[0], NOW, 1, reason)


def test_one_broken_document_holds_up_nobody_who_is_due() -> None:
    """F2: the others are advanced; the broken one rests, unchanged."""
    good, _ = entered(ONE, "bob")
    bad = StoredCustomer("ann", 3, b'{"id": 7')
    play = Hand_(work(ONE, NOW, 10))
    play.expect(c.Waiting, ())
    play.expect(c.Due, ["ann", "bob"])
    play.expect(c.Load, {"ann": bad, "bob": good})
    play.expect(c.Now, NOW)
    play.expect(c.Now, NOW)
    (commit,) = play.expect(c.Commit, []).commits
    assert (commit.customer_id, commit.expected) == ("bob", 1)
    rests(play, "work:ValidationError")
    assert [failure.customer_id for failure in play.result.failures] == ["ann"]
    assert play.result.advanced == 1


def test_one_broken_document_holds_up_no_input_of_others() -> None:
    signal = EventArrived(NOW, "signed_up", {}, NOW, "e1")
    refused: dict[str, StoreError] = {}
    play = Hand_(ingest(ONE, [Arrival("ann", [signal]), Arrival("bob", [signal])], refused))
    good = StoredCustomer("bob", 1, encode_state(CustomerState("bob")))
    play.expect(c.Load, {"ann": StoredCustomer("ann", 3, b"nonsense"), "bob": good})
    play.expect(c.Now, NOW)
    (commit,) = play.expect(c.Commit, []).commits
    assert commit.customer_id == "bob"
    assert set(play.result) == {"bob"}
    assert refused["ann"].value == "ann"
    assert refused["ann"].__cause__ is not None


def test_one_broken_document_holds_up_no_message_of_others() -> None:
    good, claims = entered(ONE, "bob")
    broken = ClaimedMessage("k1", "ann", "email", NOW, 1)
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, [broken, *claims], {"ann": StoredCustomer("ann", 3, b"[]"), "bob": good})
    play.expect(c.Render, Content(text="hi"))
    play.expect(c.Now, NOW)
    play.expect(c.Begin)
    hand_over(play)
    play.expect(c.Now, NOW)
    (commit,) = play.expect(c.Commit, []).commits
    assert commit.customer_id == "bob"
    assert b'"accepted"' in commit.journal
    rests(play, "delivery:ValidationError")
    play.expect(c.LetGo)
    assert play.result.accepted == 1
    assert [failure.customer_id for failure in play.result.failures] == ["ann"]


def test_a_message_for_a_customer_who_is_not_there_rests() -> None:
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, [ClaimedMessage("k1", "gone", "email", NOW, 1)], {})
    play.expect(c.Now, NOW)  # of the hand-overs, of which there are none
    play.expect(c.Now, NOW)
    rests(play, "delivery:LookupError", customer_id="gone")
    play.expect(c.LetGo)
    assert play.over  # it is not given back: it would be claimed again at once, for ever
    assert len(play.result.failures) == 1


# ---- hand-overs


def open_round(
    play: Hand_, claims: Sequence[ClaimedMessage], stored: dict[str, StoredCustomer]
) -> None:
    play.expect(c.Now, NOW)
    claim = play.expect(c.Claim, claims)
    assert claim.lease_until == NOW + LEASE
    hold = play.expect(c.Hold, HAND)
    assert sorted(hold.customer_ids) == sorted({one.customer_id for one in claims})
    play.expect(c.Load, stored)
    play.expect(c.Now, NOW)
    if isinstance(play.call, c.Listed):  # somebody may go
        play.expect(c.Listed, {})


def hand_over(play: Hand_, receipt: Any = None, *, now: int = NOW) -> Any:
    """Play from the clock before the hand-overs to the clock after the first."""
    play.expect(c.Now, now)
    play.expect(c.Start, "go")
    message = (
        play.expect(c.HandOver, Accepted() if receipt is None else receipt).parcels[0].messages[0]
    )
    play.expect(c.Now, now)
    return message


def rendered(play: Hand_, count: int = 1) -> None:
    for _ in range(count):
        play.expect(c.Render, Content(text="hi"))
        play.expect(c.Now, NOW)
    play.expect(c.Begin)


def test_a_message_is_announced_loaded_rendered_kept_handed_over_and_settled() -> None:
    """G7, D1, D2: in this order."""
    stored, claims = entered(ONE)
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    rendered(play)
    message = hand_over(play)
    assert (message.key, message.attempt) == (claims[0].key, 1)
    play.expect(c.Now, NOW)
    (commit,) = play.expect(c.Commit, []).commits
    assert commit.expected == 1
    assert commit.drop == [claims[0].key]
    assert play.expect(c.LetGo).hand == HAND
    assert play.over
    assert play.result.accepted == 1


def test_a_token_is_asked_for_last_and_used_at_once() -> None:
    """G1, D5: after the gate, the list and the template."""
    stored, claims = entered(SLOW)
    play = Hand_(deliver(SLOW, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    rendered(play)
    play.expect(c.Now, NOW)
    play.expect(c.Now, NOW + 1)
    taking = play.expect(c.Take, Taken(1)).asked
    play.expect(c.Now, NOW + 1)
    assert (taking.now, taking.interval, taking.burst) == (NOW + 1, 60_000_000, 1)
    assert (taking.most, taking.waited, len(taking.before)) == (1, 0, 1)
    play.expect(c.Start, "go")
    play.expect(c.Now, NOW + 2)
    play.expect(c.HandOver, Accepted())


def test_who_gets_no_token_is_told_when_to_come_again() -> None:
    """D5: as an input to the kernel, in the one commit of the round."""
    stored, (claim,) = entered(SLOW)
    play = Hand_(deliver(SLOW, NOW, 10, LEASE))
    open_round(play, [claim], {"ann": stored})
    rendered(play)
    play.expect(c.Now, NOW)
    play.expect(c.Now, NOW)
    play.expect(c.Take, Taken(0, [NOW + 9]))
    play.expect(c.Now, NOW)
    play.expect(c.Now, NOW)
    (commit,) = play.expect(c.Commit, []).commits
    assert b'"throttle"' in commit.journal
    assert (commit.next_due, commit.drop) == (NOW + 9, [claim.key])
    play.expect(c.LetGo)
    assert play.result.blocked == 1


def test_a_token_that_grew_old_between_is_given_up() -> None:
    """D5: the message is given back, and nothing is handed over."""
    stored, claims = entered(SLOW)
    play = Hand_(deliver(SLOW, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    rendered(play)
    play.expect(c.Now, NOW)
    play.expect(c.Now, NOW)
    play.expect(c.Take, Taken(1))
    play.expect(c.Now, NOW)
    play.expect(c.Start, "go")
    play.expect(c.Now, NOW + FRESH + 1)
    assert play.expect(c.Stay).customer_id == "ann"
    play.expect(c.Now, NOW + FRESH + 1)
    assert play.expect(c.Unclaim).claims == claims
    play.expect(c.LetGo)
    assert play.result.finished == 0
    assert play.result.cut


def test_what_is_on_the_list_leaves_the_round_before_anything_is_rendered() -> None:
    """D4."""
    stored, (claim,) = entered(ONE)
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    for kind, answer in (
        (c.Now, NOW), (c.Claim, [claim]), (c.Hold, HAND), (c.Load, {"ann": stored}), (c.Now, NOW),
    ):  # fmt: skip
        play.expect(kind, answer)
    (place,) = play.call.addresses
    assert place[0] == "email"
    play.expect(c.Listed, {place: Suppression(*place, "complaint", NOW)})
    play.expect(c.Now, NOW)
    play.expect(c.Now, NOW)
    (commit,) = play.expect(c.Commit, []).commits
    assert b'"complaint"' in commit.journal
    assert list(commit.suppress) == []
    play.expect(c.LetGo)
    assert play.over


def test_nothing_to_claim_is_nothing_to_do() -> None:
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    play.expect(c.Now, NOW)
    play.expect(c.Claim, ())
    assert play.over
    assert play.result.finished == 0


def test_content_that_was_kept_is_not_rendered_again() -> None:
    """D2: a retry under one key is identical."""
    stored, (claim,) = entered(ONE)
    kept = ClaimedMessage(
        *(getattr(claim, f) for f in claim.__struct_fields__[:5]), b'{"text":"first"}'
    )
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, [kept], {"ann": stored})
    play.expect(c.Reaches, True)
    play.expect(c.Now, NOW)
    assert play.expect(c.Begin).handing == [(kept, None)]
    assert hand_over(play).content == Content(text="first")


@pytest.mark.parametrize("answer", [ZeroDivisionError("secret"), "no content", None, 7])
def test_a_template_that_fails_costs_its_message_a_retry(answer: Any) -> None:
    """F2: and nobody else."""
    stored, claims = entered(TWO)
    play = Hand_(deliver(TWO, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    play.expect(c.Render, answer)
    play.expect(c.Now, NOW)
    play.expect(c.Render, Content(text="hi"))
    play.expect(c.Now, NOW)
    play.expect(c.Begin)
    play.expect(c.Now, NOW)
    play.expect(c.Now, NOW)  # the first answer is settled before the second message goes
    (commit,) = play.expect(c.Commit, []).commits
    assert b'"retry"' in commit.journal
    assert b"secret" not in commit.journal
    play.expect(c.Now, NOW)
    assert play.expect(c.Start, "go").customer_id == "ann"
    assert play.expect(c.HandOver, Accepted()).parcels[0].messages[0].key == claims[1].key


def test_an_exception_of_a_channel_counts_as_a_retry() -> None:
    stored, claims = entered(ONE)
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    rendered(play)
    hand_over(play, ConnectionError("ann@example.org"))
    play.expect(c.Now, NOW)
    (commit,) = play.expect(c.Commit, []).commits
    assert b"ConnectionError from channel 'email'" in commit.journal
    assert b"example.org" not in commit.journal
    assert commit.put[0].key == claims[0].key
    assert commit.put[0].due > NOW


def test_a_customer_whom_another_process_changed_is_given_back() -> None:
    """G1, G7: noticed when what is known is a tenth of a second old."""
    (ann, of_ann), (bob, of_bob) = entered(ONE, "ann"), entered(ONE, "bob")
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, [*of_ann, *of_bob], {"ann": ann, "bob": bob})
    rendered(play, 2)
    play.expect(c.Now, NOW)
    play.expect(c.Start, "go")
    play.expect(c.HandOver, Accepted())
    play.expect(c.Now, NOW + RECHECK)
    assert play.expect(c.Versions, {"bob": 2}).customer_ids == ["bob"]
    play.expect(c.Now, NOW + RECHECK)
    play.expect(c.Now, NOW + RECHECK)
    assert [one.customer_id for one in play.expect(c.Commit, []).commits] == ["ann"]
    assert [one.key for one in play.expect(c.Unclaim).claims] == [of_bob[0].key]
    play.expect(c.LetGo)
    assert (play.result.accepted, play.result.overtaken) == (1, 1)


@pytest.mark.parametrize(("version", "goes"), [(1, True), (2, False)])
def test_a_note_of_this_process_is_looked_into(version: int, goes: bool) -> None:
    """G7: only if somebody else has changed the customer, the message stays."""
    stored, claims = entered(ONE)
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    rendered(play)
    play.expect(c.Now, NOW)
    play.expect(c.Start, "changed")
    play.expect(c.Versions, {"ann": version})
    if goes:
        play.expect(c.Listed, {})
        play.expect(c.Now, NOW)
        play.expect(c.Start, "go")
        play.expect(c.HandOver, Accepted())
    else:
        play.expect(c.Now, NOW)
        play.expect(c.Now, NOW)
        play.expect(c.Unclaim)
        play.expect(c.LetGo)
        assert play.over


def test_a_round_ends_in_time_and_gives_the_rest_back() -> None:
    (ann, of_ann), (bob, of_bob) = entered(ONE, "ann"), entered(ONE, "bob")
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, [*of_ann, *of_bob], {"ann": ann, "bob": bob})
    rendered(play, 2)
    play.expect(c.Now, NOW)
    play.expect(c.Start, "go")
    play.expect(c.HandOver, Accepted())
    play.expect(c.Now, NOW + ROUND)
    play.expect(c.Now, NOW + ROUND)
    play.expect(c.Commit, [])
    assert [one.customer_id for one in play.expect(c.Unclaim).claims] == ["bob"]
    play.expect(c.LetGo)
    assert play.result.cut


def test_nothing_starts_when_the_announcement_is_too_old() -> None:
    """G7: whoever waits for it may have gone on."""
    stored, claims = entered(ONE)
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    rendered(play)
    play.expect(c.Now, NOW + HOLD)
    play.expect(c.Now, NOW + HOLD)
    play.expect(c.Unclaim)
    play.expect(c.LetGo)
    assert play.over


def test_nothing_starts_behind_a_store_that_took_too_long() -> None:
    """G7: what was asked right before the hand-over may take as long as an announcement lasts."""
    (ann, of_ann), (bob, of_bob) = entered(ONE, "ann"), entered(ONE, "bob")
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, [*of_ann, *of_bob], {"ann": ann, "bob": bob})
    rendered(play, 2)
    play.expect(c.Now, NOW + RECHECK)
    play.expect(c.Versions, {"ann": 1, "bob": 1})
    play.expect(c.Now, NOW + HOLD)
    play.expect(c.Now, NOW + HOLD)
    assert len(play.expect(c.Unclaim).claims) == 2
    play.expect(c.LetGo)
    assert play.over


def test_a_worker_that_is_to_stop_gives_back_what_it_has_not_begun() -> None:
    stored, claims = entered(ONE)
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    rendered(play)
    play.expect(c.Now, NOW)
    play.expect(c.Start, "stop")
    play.expect(c.Now, NOW)
    play.expect(c.Unclaim)
    play.expect(c.LetGo)
    assert play.result.stopped


def test_ctrl_c_keeps_the_answers_that_are_there() -> None:
    """D2: known answers are stored; the message on its way is in doubt; the rest goes back."""
    people = {name: entered(ONE, name) for name in ("ann", "bob", "cy")}
    claims = [claim for _, found in people.values() for claim in found]
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, claims, {name: stored for name, (stored, _) in people.items()})
    rendered(play, 3)
    hand_over(play)
    play.expect(c.Start, "go")
    play.expect(c.HandOver, KeyboardInterrupt())
    assert play.expect(c.HandOver, ()).parcels == ()  # what is on its way elsewhere is waited for
    play.expect(c.Now, NOW)
    assert [one.customer_id for one in play.expect(c.Commit, []).commits] == ["ann"]
    assert [one.customer_id for one in play.expect(c.Unclaim).claims] == ["cy"]
    with pytest.raises(KeyboardInterrupt):
        play.expect(c.LetGo)


def test_a_busy_store_is_asked_again_before_answers_are_lost() -> None:
    stored, claims = entered(ONE)
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    rendered(play)
    hand_over(play)
    play.expect(c.Now, NOW)
    first = play.expect(c.Commit, StoreBusyError("busy"))
    assert play.expect(c.Commit, []) == first
    play.expect(c.LetGo)
    assert play.result.accepted == 1


def test_an_answer_that_may_be_stored_is_not_stored_again() -> None:
    """D1: the failed commit may have come through; nobody tries it a second time."""
    stored, claims = entered(ONE)
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    rendered(play)
    hand_over(play)
    play.expect(c.Now, NOW)
    play.expect(c.Commit, StoreError("gone"))
    play.expect(c.Now, NOW)
    play.expect(c.Unclaim)
    with pytest.raises(StoreError, match="gone"):
        play.expect(c.LetGo)


def test_answers_for_a_changed_customer_go_to_the_newest_state() -> None:
    stored, claims = entered(ONE)
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    rendered(play)
    hand_over(play)
    play.expect(c.Now, NOW)
    play.expect(c.Commit, ["ann"])
    play.expect(c.Load, {"ann": StoredCustomer("ann", 9, stored.body)})
    play.expect(c.Now, NOW)
    (commit,) = play.expect(c.Commit, []).commits
    assert commit.expected == 9
    assert b'"accepted"' in commit.journal
    play.expect(c.LetGo)


def test_a_second_message_goes_with_what_the_first_one_taught() -> None:
    """D4: a dead address is not tried again, not even in the same batch."""
    from journeykit import Rejected

    stored, claims = entered(TWO)
    play = Hand_(deliver(TWO, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    rendered(play, 2)
    hand_over(play, Rejected("no such mailbox"))
    play.expect(c.Now, NOW)
    play.expect(c.Commit, [])
    play.expect(c.Now, NOW)
    play.expect(c.Now, NOW)  # no Start: the gate is closed now
    (commit,) = play.expect(c.Commit, []).commits
    assert b'"drop"' in commit.journal
    assert commit.expected == 2
    play.expect(c.LetGo)
    assert (play.result.rejected, play.result.blocked) == (1, 1)


@pytest.mark.parametrize(
    ("receipt", "kind", "detail"),
    [
        (Accepted(None), "accepted", ""),  # type: ignore[arg-type]
        (Accepted(17), "accepted", "17"),  # type: ignore[arg-type]
        (Accepted("\ud800"), "accepted", "?"),
        (Retry(ValueError("x")), "retry", "x"),  # type: ignore[arg-type]
        (Retry("busy", after=30), "retry", "busy; after=30 is no timedelta"),  # type: ignore[arg-type]
        (None, "retry", "channel 'email' answered NoneType"),
        ("ok", "retry", "channel 'email' answered str"),
    ],
)
def test_odd_receipts_do_not_break_the_journal(receipt: Any, kind: str, detail: str) -> None:
    """F2: what a channel of the host returns is made text, or counts as a retry."""
    from journeykit.kernel import decode_entries
    from journeykit.kernel.journal import Answered

    stored, claims = entered(ONE)
    play = Hand_(deliver(ONE, NOW, 10, LEASE))
    open_round(play, claims, {"ann": stored})
    rendered(play)
    play.expect(c.Now, NOW)
    play.expect(c.Start, "go")
    play.expect(c.HandOver, receipt)
    play.expect(c.Now, NOW)
    play.expect(c.Now, NOW)
    (commit,) = play.expect(c.Commit, []).commits
    (answered,) = [one for one in decode_entries(commit.journal) if isinstance(one, Answered)]
    assert (answered.answer, answered.detail) == (kind, detail)


# ---- ticks and withdrawals


def test_a_tick_goes_on_until_nothing_is_left() -> None:
    stored, claims = entered(ONE)
    play = Hand_(tick(ONE, NOW, 10, LEASE))
    play.expect(c.Waiting, ())
    play.expect(c.Due, ())
    open_round(play, claims, {"ann": stored})
    rendered(play)
    hand_over(play)
    play.expect(c.Now, NOW)
    play.expect(c.Commit, [])
    play.expect(c.LetGo)
    play.expect(c.Waiting, ())
    play.expect(c.Due, ())
    play.expect(c.Now, NOW)
    play.expect(c.Claim, ())
    assert play.over
    assert play.result.accepted == 1


def test_slow_channels_get_small_portions() -> None:
    from journeykit.runtime.ticking import Pace

    pace = Pace(1000)
    pace.learn(3, cut=True)
    assert pace.limit == 10
    pace.learn(10, cut=True)
    assert pace.limit == 20
    for _ in range(9):
        pace.learn(pace.limit, cut=False)
    assert pace.limit == 1000
    small = Pace(2)
    small.learn(1, cut=True)
    assert small.limit == 2


def test_a_withdrawal_waits_for_hands_that_were_there_before() -> None:
    """G7."""
    elsewhere, later = c.InHand(Hand(1, NOW), here=False), c.InHand(Hand(2, NOW), here=False)
    play = Hand_(let_hands_finish("ann"))
    play.expect(c.InHands, [elsewhere])
    play.expect(c.Rest, False)
    play.expect(c.InHands, [elsewhere, later])
    play.expect(c.Rest, False)
    play.expect(c.InHands, [later])
    assert play.over


def test_a_withdrawal_does_not_wait_where_nobody_has_anything_in_hand() -> None:
    play = Hand_(let_hands_finish("ann"))
    play.expect(c.InHands, [])
    assert play.over


@pytest.mark.parametrize(("here", "longest"), [(True, GRACE), (False, HOLD)])
def test_a_withdrawal_waits_for_a_bounded_time(here: bool, longest: int) -> None:
    """G7: even if the clock stands still."""
    play = Hand_(let_hands_finish("ann"))
    waited = 0
    play.expect(c.InHands, [c.InHand(HAND, here)])
    while not play.over:
        waited += play.expect(c.Rest, False).span
        play.expect(c.InHands, [c.InHand(HAND, here)])
    assert longest <= waited < longest + SECOND
