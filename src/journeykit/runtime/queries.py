"""What may a host ask? How customers stand, and what happened to them. Nothing here changes anything."""

from __future__ import annotations

from abc import ABC, abstractmethod
from datetime import datetime

from journeykit.errors import UnknownMessageError, UsageError
from journeykit.kernel import decode_entries, decode_state, reading_of, run_ahead
from journeykit.kernel import journal as j
from journeykit.machine import Rules
from journeykit.model import Counts
from journeykit.ports import Store
from journeykit.runtime.compared import with_values
from journeykit.runtime.controls import read_controls
from journeykit.runtime.counting import counts_of
from journeykit.runtime.erasing import missing_customer
from journeykit.runtime.intake import check_journey
from journeykit.runtime.lives import MessageLife, lives_of
from journeykit.runtime.preferences import Preferences, preferences_of
from journeykit.runtime.preview import Preview, standing, stops_of
from journeykit.runtime.script import profile_of
from journeykit.runtime.telling import tell
from journeykit.runtime.timeline import Timeline
from journeykit.runtime.views import CustomerView, view_of
from journeykit.runtime.whynot import WhyNot, ask_why_not
from journeykit.time import from_micros, to_micros


class Queries(ABC):
    """The calls by which a host asks about customers."""

    _rules: Rules
    _store: Store

    @property
    def store(self) -> Store:
        """The store that was given."""
        return self._store

    def customer(self, customer_id: str) -> CustomerView:
        """Return how a customer stands now.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        found = self._store.load([customer_id], profiles=True).get(customer_id)
        if found is None:
            raise missing_customer(self._store, self._rules, customer_id)
        return view_of(decode_state(found.body), profile_of(found), found.version)

    def preferences(self, customer_id: str) -> Preferences:
        """Return what a customer can choose, and how it stands now; see `prefer`.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        found = self._store.load([customer_id], profiles=True).get(customer_id)
        if found is None:
            raise missing_customer(self._store, self._rules, customer_id)
        state = decode_state(found.body)
        reading = reading_of(self._rules, state, dict(profile_of(found)), self._now())
        return preferences_of(self._rules, state, reading)

    def address_of(self, customer_id: str, channel: str) -> str:
        """Return where a channel reaches a customer: the id where no address is known (D4).

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        found = self._store.load([customer_id]).get(customer_id)
        if found is None:
            raise missing_customer(self._store, self._rules, customer_id)
        return decode_state(found.body).addresses.get(channel, customer_id)

    def journal(self, customer_id: str) -> list[j.AnyEntry]:
        """Return the whole journal of a customer, oldest first.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        found = [
            entry
            for record in self._store.journal(customer_id)
            for entry in decode_entries(record.entries)
        ]
        if not found and customer_id not in self._store.versions([customer_id]):
            raise missing_customer(self._store, self._rules, customer_id)
        return found

    def explain(self, customer_id: str) -> Timeline:
        """Return everything that happened to a customer, with reasons, in words.

        Where a condition kept the customer out or ended a run, the latest lines also tell the
        values that were compared.
        """
        found = self._store.load([customer_id]).get(customer_id)
        if found is None:
            raise missing_customer(self._store, self._rules, customer_id)
        state, entries = decode_state(found.body), self.journal(customer_id)
        entries = entries[: state.seq]  # what was committed meanwhile is left out
        zone = state.zone or self._rules.workspace.timezone
        timeline = tell(customer_id, zone, entries, self._rules)
        complete = len(entries) == state.seq
        return with_values(self._rules, timeline, entries, complete=complete)

    def counts(self, journey: str) -> Counts:
        """Return how many runs came where, by the journals of everybody.

        It is about the present version; laid over its picture by `Journey.mermaid`.

        Raises:
            UnknownJourneyError: The workspace has no such journey.
        """
        check_journey(self._rules, journey)
        (found,) = (one for one in self._rules.workspace.journeys if one.name == journey)
        return counts_of(self._store, found)

    def why_not(self, customer_id: str, journey: str) -> WhyNot:
        """Return why something of a journey did not happen for a customer.

        What kept the customer out, what ended a run, and what became of messages that did not
        get through: with the values that were compared, as the journal knows them. For an id
        that nobody has, the answer says so.

        Raises:
            UnknownJourneyError: The workspace has no such journey.
        """
        return ask_why_not(self._store, self._rules, customer_id, journey, self._now())

    def messages(self, customer_id: str) -> list[MessageLife]:
        """Return the lives of all messages to a customer, in the order of their decision.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        entries = self.journal(customer_id)
        (found,) = self._store.load([customer_id]).values()
        zone = decode_state(found.body).zone or self._rules.workspace.timezone
        return lives_of(tell(customer_id, zone, entries, self._rules), entries)

    def message(self, customer_id: str, message_id: str) -> MessageLife:
        """Return the whole life of one message.

        Args:
            message_id: Its idempotency key, as channels get it.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
            UnknownMessageError: The customer's journal has no such message.
        """
        for life in self.messages(customer_id):
            if life.id == message_id:
                return life
        raise UnknownMessageError(
            "the journal of this customer has no message of this id",
            place="message_id",
            value=message_id,
            remedy="messages(customer_id) tells the ids of all of them",
        )

    def preview(self, customer_id: str, *, until: datetime) -> Preview:
        """Return what a customer gets until an instant, if nothing happens but time.

        The kernel runs ahead on a copy: which message wins which slot, when each leaves, and
        what it waits for. Nothing is written, and no channel is called.

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
            NaiveInstantError: `until` has no zone.
            UsageError: `until` lies before now.
        """
        now, end = self._now(), to_micros(until, what="until")
        if end < now:
            raise UsageError(
                f"a preview looks ahead; now is {from_micros(now).isoformat()}",
                place="until",
                value=until,
                remedy="explain(customer_id) tells what has happened",
            )
        found = self._store.load([customer_id], profiles=True).get(customer_id)
        if found is None:
            raise missing_customer(self._store, self._rules, customer_id)
        state = decode_state(found.body)
        rules = self._rules.pausing(frozenset(read_controls(self._store).paused))
        before: list[j.Entry] = list(standing(state))
        if state.messages:  # whose lives began before; what was committed meanwhile is left out
            before = [*self.journal(customer_id)[: state.seq]]
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

    @abstractmethod
    def _now(self) -> int:
        """Return the present instant in micros."""

    def next_due(self) -> datetime | None:
        """Return when a `tick` is needed next, or None when nothing waits."""
        due = self._store.next_due()
        return None if due is None else from_micros(due)
