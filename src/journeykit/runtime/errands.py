"""How is an errand carried out? Claim, call or take, and settle what came of it.

Functions, turns and slots that customers wait for lie in the outbox, on channels of
journeykit's own, and are claimed as messages are.

Keeps true:
    * a function is called at least once, always with the same key, and outside of the kernel;
    * turns and slots are taken out of buckets that all workers share: what was taken and not
      settled, because a worker died, is lost, and never given twice;
    * functions are called for `ROUND` and one call at most, before their answers are stored
      and others have their turn; what was not called by then is given back.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress

from msgspec import Struct, field
from msgspec.structs import replace

from journeykit.errors import StoreError
from journeykit.kernel import (
    CALL,
    NEVER,
    RATE,
    CustomerState,
    Errand,
    ErrandAnswered,
    advance,
    decode_state,
    is_still_wanted,
)
from journeykit.machine import CallPlan, EntryCapRule, RatePlan, Rules
from journeykit.ports import ClaimedMessage, CustomerCommit, Retry, StoredCustomer, Taking
from journeykit.runtime.behind import clear_inbox, give_back
from journeykit.runtime.calling import call_context, plan_of_errand, read_answer
from journeykit.runtime.calls import (
    CallFunction,
    Flow,
    GoesOn,
    Heed,
    Load,
    Now,
    Take,
    Unclaim,
    Versions,
)
from journeykit.runtime.ingesting import ingest
from journeykit.runtime.outcomes import Carried, Failure
from journeykit.runtime.parking import NotHereError, leave_alone, recovered
from journeykit.runtime.script import Arrival, decode_json, to_commit, wake_held
from journeykit.runtime.settling import commit_patiently
from journeykit.time import SECOND

ROUND = SECOND // 2
"""How long functions are called before their answers are stored."""

RECHECK = SECOND // 10
"""How old what is known of commits of others may be when a function is called."""


class _Member(Struct):
    """A customer in this round, and what came back for it.

    `overtaken`: somebody else committed, what is known here is old.
    """

    stored: StoredCustomer
    state: CustomerState
    answers: list[ErrandAnswered] = field(default_factory=list)
    overtaken: bool = False


class _Errand(Struct):
    """One claimed errand, and whose it is."""

    claim: ClaimedMessage
    member: _Member
    errand: Errand


class _Desk(Struct):
    """A round: what is claimed and not answered yet, and what is to be committed."""

    rules: Rules
    open: dict[str, ClaimedMessage]
    loaded: int = 0
    members: dict[str, _Member] = field(default_factory=dict)
    stuck: dict[str, Exception] = field(default_factory=dict)
    carried: Carried = field(default_factory=Carried)

    def answer(self, one: _Errand, signal: ErrandAnswered) -> None:
        """Note what came back."""
        one.member.answers.append(signal)
        self.open.pop(one.claim.key, None)
        self.carried.done += 1

    def stick(self, customer_id: str, error: Exception) -> None:
        """Leave a customer out, and what was claimed for it."""
        self.stuck[customer_id] = error
        member = self.members.get(customer_id)
        if member is not None and not member.answers:  # these are known to nobody else
            del self.members[customer_id]
        for claim in [one for one in self.open.values() if one.customer_id == customer_id]:
            del self.open[claim.key]


def carry_out(rules: Rules, claims: Sequence[ClaimedMessage]) -> Flow[Carried]:
    """Carry out errands that were claimed, and settle what came of them."""
    desk = _Desk(rules, {claim.key: claim for claim in claims})
    behind: list[str] = []
    try:
        errands = yield from _open(desk, claims, behind)
        yield from _take_turns(desk, [one for one in errands if one.claim.channel == RATE])
        rest = [one for one in errands if one.claim.channel != RATE]
        yield from _take_slots(desk, [one for one in rest if one.claim.channel != CALL])
        yield from _settle(desk)  # what was taken is not kept in doubt while functions run
        yield from _call_all(desk, [one for one in rest if one.claim.channel == CALL])
        yield from _settle(desk)
        if desk.open:
            yield from Unclaim(list(desk.open.values()))
    except (Exception, KeyboardInterrupt, SystemExit):
        with suppress(Exception):  # the first error is the one to tell
            yield from _settle(desk)
        with suppress(Exception):
            yield from Unclaim(list(desk.open.values()))
        raise
    if behind:
        desk.carried.failures += yield from clear_inbox(rules, behind)
    return desk.carried


def _open(desk: _Desk, claims: Sequence[ClaimedMessage], behind: list[str]) -> Flow[list[_Errand]]:
    """Load the customers; `behind` receives those for whom something waits, and goes first."""
    desk.rules = yield from Heed(desk.rules, fresh=True)
    stored = yield from Load(list({claim.customer_id: None for claim in claims}), True)
    behind += [customer_id for customer_id, found in stored.items() if found.waiting]
    if behind:
        desk.carried.overtaken += yield from give_back(desk.open, set(behind))
    desk.loaded = now = yield from Now()
    for customer_id, found in stored.items():
        if found.waiting:
            continue
        try:
            desk.members[customer_id] = _Member(found, decode_state(found.body))
        except Exception as error:
            desk.stick(customer_id, error)
    errands: list[_Errand] = []
    for claim in claims:
        member = desk.members.get(claim.customer_id)
        if member is None:
            continue
        errand = member.state.errands.get(claim.key)
        if errand is None:  # nobody waits for it: its row leaves the outbox
            member.answers.append(ErrandAnswered(now, claim.key, "", "", "moot"))
            desk.open.pop(claim.key, None)
        else:
            errands.append(_Errand(claim, member, errand))
    return errands


# ---- turns


def _take_turns(desk: _Desk, errands: Sequence[_Errand]) -> Flow[None]:
    """Ask each bucket once: who gets no token is told when to ask again."""
    queues: dict[str, tuple[RatePlan, list[_Errand]]] = {}
    for one in errands:
        state = one.member.state
        try:
            plan: RatePlan = plan_of_errand(desk.rules, state, one.errand)
            run = state.enrollments[one.errand.enrollment]
        except Exception as error:
            desk.stick(one.claim.customer_id, error)
            continue
        queues.setdefault(plan.bucket(run.journey), (plan, []))[1].append(one)
    for bucket, (plan, queue) in queues.items():
        queue.sort(key=_place)
        waited = sum(one.errand.until is not None for one in queue)
        now = yield from Now()
        before = [NEVER] * len(queue)
        asked = Taking(now, plan.interval, plan.burst, len(queue), waited, before)
        taken = yield from Take(bucket, asked)
        now = yield from Now()
        for one in queue[: taken.granted]:
            desk.answer(one, ErrandAnswered(now, one.errand.id, "rate", "", "done"))
        for one, turn in zip(queue[taken.granted :], taken.turns, strict=False):
            after = max(1, turn - now)
            later = ErrandAnswered(
                now, one.errand.id, "rate", "", "later", detail=plan.rate, after=after
            )
            desk.answer(one, later)


def _place(one: _Errand) -> tuple[bool, int, str]:
    """Whoever waited for a turn goes first; else who asked first."""
    errand = one.errand
    at = errand.asked if errand.until is None else errand.until - errand.attempts
    return errand.until is None, at, errand.id


# ---- slots


def _take_slots(desk: _Desk, errands: Sequence[_Errand]) -> Flow[None]:
    """Take slots for triggers that may still enter; ask each counter once.

    Of one customer no more than may be inside at once: the others have their turn when it is
    known who is.
    """
    journeys: dict[str, list[_Errand]] = {}
    ahead: Counter[tuple[str, str]] = Counter()
    now = yield from Now()
    for one in errands:
        try:
            is_wanted = _is_wanted(desk, one, now)
        except Exception as error:
            desk.stick(one.claim.customer_id, error)
            continue
        if not is_wanted:
            desk.answer(one, ErrandAnswered(now, one.errand.id, "entry", "", "moot"))
            continue
        journey, who = one.errand.journey, (one.claim.customer_id, one.errand.journey)
        if not ahead[who] or ahead[who] + _runs(one) < desk.rules.current[journey].max_open:
            journeys.setdefault(journey, []).append(one)
            ahead[who] += 1
    for journey, queue in journeys.items():
        used: list[EntryCapRule] = []
        for rule in desk.rules.current[journey].entry_caps:
            there = yield from _under(desk, rule, queue, now)
            for other in used if len(there) < len(queue) else ():  # one cap uses up no other
                back = Taking(0, 1, other.limit, 1, 0, (), back=len(queue) - len(there))
                yield from Take(other.counter(now), back)
            used.append(rule)
            queue = there
        for one in queue:
            desk.answer(one, ErrandAnswered(now, one.errand.id, "entry", "", "done"))


def _runs(one: _Errand) -> int:
    runs = one.member.state.enrollments.values()
    return sum(run.journey == one.errand.journey for run in runs)


def _is_wanted(desk: _Desk, one: _Errand, now: int) -> bool:
    stored, member = one.member.stored, one.member
    profile = decode_json(stored.profile) if stored.profile else None
    return is_still_wanted(desk.rules, member.state, one.errand, now, profile)


def _under(desk: _Desk, rule: EntryCapRule, queue: list[_Errand], now: int) -> Flow[list[_Errand]]:
    """Return those for whom a cap has a slot; tell the others that it has none.

    A counter is a bucket into which nothing comes back, at an instant that stands still.
    """
    if not queue:
        return queue
    granted = 0
    if rule.limit:
        wanted = len(queue)
        taken = yield from Take(
            rule.counter(now), Taking(0, 1, rule.limit, wanted, wanted, [NEVER] * wanted)
        )
        granted = taken.granted
    for one in queue[granted:]:
        desk.answer(
            one, ErrandAnswered(now, one.errand.id, "entry", "", "refused", detail=rule.title)
        )
    return queue[:granted]


# ---- functions


def _call_all(desk: _Desk, errands: Sequence[_Errand]) -> Flow[None]:
    now = yield from Now()
    ends = now + ROUND
    for place, one in enumerate(errands):
        if one.claim.key not in desk.open:
            continue
        if place and now >= ends:
            desk.carried.cut = True
            return
        desk.rules = yield from Heed(desk.rules)  # somebody may have paused it meanwhile
        if one.errand.journey in desk.rules.paused:
            about = (now, one.errand.id, "call", one.errand.what)
            desk.answer(one, ErrandAnswered(*about, "later"))
            continue
        if not (yield from GoesOn()):
            desk.carried.stopped = True
            return
        if one.errand.id not in one.member.state.errands:
            continue  # taken back by what was settled before: its row is gone
        if now - desk.loaded >= RECHECK and not one.member.overtaken:
            one.member.overtaken = not (yield from _is_fresh(one.member))
        if one.member.overtaken:
            desk.carried.overtaken += 1
        else:
            yield from _call(desk, one)
        now = yield from Now()


def _is_fresh(member: _Member) -> Flow[bool]:
    """Tell whether nobody changed the customer: perhaps nobody waits for the answer any more."""
    stored = member.stored
    newest = yield from Versions([stored.customer_id])
    return newest.get(stored.customer_id) == stored.version


def _call(desk: _Desk, one: _Errand) -> Flow[None]:
    member, errand = one.member, one.errand
    now = yield from Now()
    try:
        plan: CallPlan = plan_of_errand(desk.rules, member.state, errand)
        context = call_context(desk.rules, member.stored, member.state, errand, now)
    except Exception as error:
        desk.stick(one.claim.customer_id, error)
        return
    returned: object
    try:
        returned = yield from CallFunction(context)
    except NotHereError as error:
        desk.stick(one.claim.customer_id, error)
        return
    except Exception as error:  # the same key comes again
        returned = Retry(f"{type(error).__name__} from function {errand.what!r}")
    now = yield from Now()
    desk.answer(one, read_answer(desk.rules, plan, errand, returned, now))


# ---- what came of it


def _settle(desk: _Desk) -> Flow[None]:
    """Commit the answers; let those rest whom something failed for."""
    commits: list[CustomerCommit] = []
    waiting: dict[str, list[ErrandAnswered]] = {}
    now = yield from Now()
    for customer_id, member in list(desk.members.items()):
        if not member.answers:
            continue
        answers, member.answers = member.answers, []
        stored = member.stored
        try:
            profile = decode_json(stored.profile) if stored.profile else None
            decision = advance(desk.rules, member.state, answers, now, profile=profile)
            commit = to_commit(desk.rules, decision, stored.version)
        except Exception as error:
            desk.stick(customer_id, error)
            continue
        commits.append(commit)
        waiting[customer_id] = answers
        member.stored = replace(
            stored,
            version=stored.version + 1,
            body=commit.body,
            profile=stored.profile if commit.profile is None else commit.profile,
        )
    if commits:
        yield from _commit(desk, commits, waiting)
    if desk.stuck:
        failed, desk.stuck = desk.stuck, {}
        left = yield from leave_alone(desk.rules, "errand", failed)
        desk.carried.failures += left.failures
        desk.carried.overtaken += left.again


def _commit(
    desk: _Desk, commits: Sequence[CustomerCommit], waiting: Mapping[str, list[ErrandAnswered]]
) -> Flow[None]:
    """Commit; where somebody else changed a customer, apply the answers to the newest state."""
    objected: dict[str, Exception] = {}
    stale = yield from commit_patiently(commits, objected)
    if desk.rules.paused:
        yield from wake_held(desk.rules, [member.state for member in desk.members.values()])
    parked = [one for one in waiting if desk.members[one].stored.parked]
    parked = [one for one in parked if one not in stale and one not in objected]
    yield from recovered("errand", parked)
    for customer_id, error in objected.items():
        desk.stick(customer_id, error)
    for customer_id in stale:
        if customer_id in desk.members:
            desk.members[customer_id].overtaken = True
    arrivals = [Arrival(one, list(waiting[one])) for one in stale if one in waiting]
    if arrivals:
        refused: dict[str, StoreError] = {}
        yield from ingest(desk.rules, arrivals, refused)
        desk.carried.failures += [Failure(*one) for one in refused.items()]
