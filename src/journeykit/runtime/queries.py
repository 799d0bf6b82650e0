"""What may a host ask? How customers stand, and what happened to them. Nothing here changes anything."""

from __future__ import annotations

from datetime import datetime

from journeykit.errors import UnknownMessageError, UsageError
from journeykit.kernel import decode_entries, decode_state, reading_of, run_ahead
from journeykit.kernel import journal as j
from journeykit.model import Counts
from journeykit.runtime.calls import Flow, JournalOf, NextDue, Now
from journeykit.runtime.compared import with_values
from journeykit.runtime.controls import read_controls
from journeykit.runtime.counting import count_runs
from journeykit.runtime.desk import Desk
from journeykit.runtime.erasing import load_customer
from journeykit.runtime.intake import check_journey
from journeykit.runtime.lives import MessageLife, lives_of
from journeykit.runtime.preferences import Preferences, preferences_of
from journeykit.runtime.preview import Preview, standing, stops_of
from journeykit.runtime.records import can_be_replayed, upto
from journeykit.runtime.script import profile_of
from journeykit.runtime.telling import tell
from journeykit.runtime.timeline import Timeline
from journeykit.runtime.verbs import verb
from journeykit.runtime.views import CustomerView, view_of
from journeykit.runtime.whynot import WhyNot, find_why_not
from journeykit.time import from_micros, to_micros


class Queries(Desk):
    """The calls by which a host asks about customers."""

    @verb
    def customer(self, customer_id: str) -> Flow[CustomerView]:
        """Return how a customer stands now.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        found = yield from load_customer(self._rules, customer_id, profile=True)
        return view_of(decode_state(found.body), profile_of(found), found.version)

    @verb
    def preferences(self, customer_id: str) -> Flow[Preferences]:
        """Return what a customer can choose, and how it stands now; see `prefer`.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        found = yield from load_customer(self._rules, customer_id, profile=True)
        state = decode_state(found.body)
        reading = reading_of(self._rules, state, dict(profile_of(found)), (yield from Now()))
        return preferences_of(self._rules, state, reading)

    @verb
    def address_of(self, customer_id: str, channel: str) -> Flow[str]:
        """Return where a channel reaches a customer: the id where no address is known (D4).

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        found = yield from load_customer(self._rules, customer_id)
        return decode_state(found.body).addresses.get(channel, customer_id)

    @verb
    def journal(self, customer_id: str) -> Flow[list[j.AnyEntry]]:
        """Return the whole journal of a customer, oldest first.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        records = yield from JournalOf(customer_id)
        found = [entry for record in records for entry in decode_entries(record.entries)]
        if not found:
            yield from load_customer(self._rules, customer_id)
        return found

    @verb
    def explain(self, customer_id: str) -> Flow[Timeline]:
        """Return everything that happened to a customer, with reasons, in words.

        Where a condition kept the customer out or ended a run, the latest lines also tell the
        values that were compared.
        """
        found = yield from load_customer(self._rules, customer_id)
        state = decode_state(found.body)
        entries = yield from Queries.journal(self, customer_id)
        entries = upto(entries, state.seq)  # what was committed meanwhile is left out
        zone = state.zone or self._rules.workspace.timezone
        timeline = tell(customer_id, zone, entries, self._rules)
        complete = can_be_replayed(entries, state.seq)
        return with_values(self._rules, timeline, entries, complete=complete)

    @verb
    def counts(self, journey: str) -> Flow[Counts]:
        """Return how many runs came where, by the journals of everybody.

        It is about the present version; laid over its picture by `Journey.mermaid`.

        Raises:
            UnknownJourneyError: The workspace has no such journey.
        """
        check_journey(self._rules, journey)
        (found,) = (one for one in self._rules.workspace.journeys if one.name == journey)
        return (yield from count_runs(found))

    @verb
    def why_not(self, customer_id: str, journey: str) -> Flow[WhyNot]:
        """Return why something of a journey did not happen for a customer.

        What kept the customer out, what ended a run, and what became of messages that did not
        get through: with the values that were compared, as the journal knows them. For an id
        that nobody has, the answer says so.

        Raises:
            UnknownJourneyError: The workspace has no such journey.
        """
        now = yield from Now()
        return (yield from find_why_not(self._rules, customer_id, journey, now))

    @verb
    def messages(self, customer_id: str) -> Flow[list[MessageLife]]:
        """Return the lives of all messages to a customer, in the order of their decision.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        entries = yield from Queries.journal(self, customer_id)
        found = yield from load_customer(self._rules, customer_id)
        zone = decode_state(found.body).zone or self._rules.workspace.timezone
        return lives_of(tell(customer_id, zone, entries, self._rules), entries)

    @verb
    def message(self, customer_id: str, message_id: str) -> Flow[MessageLife]:
        """Return the whole life of one message.

        Args:
            message_id: Its idempotency key, as channels get it.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
            UnknownMessageError: The customer's journal has no such message.
        """
        for life in (yield from Queries.messages(self, customer_id)):
            if life.id == message_id:
                return life
        raise UnknownMessageError(
            "the journal of this customer has no message of this id",
            place="message_id",
            value=message_id,
            remedy="messages(customer_id) tells the ids of all of them",
        )

    @verb
    def preview(self, customer_id: str, *, until: datetime) -> Flow[Preview]:
        """Return what a customer gets until an instant, if nothing happens but time.

        The kernel runs ahead on a copy: which message wins which slot, when each leaves, and
        what it waits for. Nothing is written, and no channel is called.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
            NaiveInstantError: `until` has no zone.
            UsageError: `until` lies before now.
        """
        now, end = (yield from Now()), to_micros(until, what="until")
        if end < now:
            raise UsageError(
                f"a preview looks ahead; now is {from_micros(now).isoformat()}",
                place="until",
                value=until,
                remedy="explain(customer_id) tells what has happened",
            )
        found = yield from load_customer(self._rules, customer_id, profile=True)
        state = decode_state(found.body)
        rules = self._rules.pausing(frozenset((yield from read_controls()).paused))
        before: list[j.Entry] = list(standing(state))
        if state.messages:  # whose lives began before; what was committed meanwhile is left out
            before = [*upto((yield from Queries.journal(self, customer_id)), state.seq)]
        ahead = run_ahead(rules, state, now, end, profile=dict(profile_of(found)))
        return Preview(
            self._rules,
            before,
            ahead.entries,
            customer_id=customer_id,
            timezone=state.zone or self._rules.workspace.timezone,
            now=from_micros(now),
            until=from_micros(ahead.reached),
            stops=tuple(stops_of(ahead.state)),
        )

    @verb
    def next_due(self) -> Flow[datetime | None]:
        """Return when a `tick` is needed next, or None when nothing waits."""
        due = yield from NextDue()
        return None if due is None else from_micros(due)
