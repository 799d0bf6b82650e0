"""What may a host ask? How customers stand, and what happened to them. Nothing here changes anything."""

from __future__ import annotations

from datetime import datetime

from journeykit.kernel import decode_entries, decode_state
from journeykit.kernel import journal as j
from journeykit.machine import Rules
from journeykit.ports import Store
from journeykit.runtime.reporting import unknown_customer
from journeykit.runtime.script import profile_of
from journeykit.runtime.telling import tell
from journeykit.runtime.timeline import Timeline
from journeykit.runtime.views import CustomerView, view_of
from journeykit.time import from_micros


class Queries:
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
            raise unknown_customer(customer_id)
        return view_of(decode_state(found.body), profile_of(found), found.version)

    def address_of(self, customer_id: str, channel: str) -> str:
        """Return where a channel reaches a customer: the id where no address is known (D4).

        Raises:
            UnknownCustomerError: Nobody was identified under this id.
        """
        found = self._store.load([customer_id]).get(customer_id)
        if found is None:
            raise unknown_customer(customer_id)
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
            raise unknown_customer(customer_id)
        return found

    def explain(self, customer_id: str) -> Timeline:
        """Return everything that happened to a customer, with reasons, in words."""
        view = self.customer(customer_id)
        zone = view.timezone or self._rules.workspace.timezone
        return tell(customer_id, zone, self.journal(customer_id), self._rules)

    def next_due(self) -> datetime | None:
        """Return when a `tick` is needed next, or None when nothing waits."""
        due = self._store.next_due()
        return None if due is None else from_micros(due)
