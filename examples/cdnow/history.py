"""The shop's history: real purchases, and made-up people behind them.

`purchases.csv` knows a customer number, a local date, a number of discs and an amount. All
else (names, zones, clock times, consents, addresses) is made up here, from the customer
number by a stable hash: the same on every machine, and true of nobody.
"""

import csv
from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time, timedelta
from hashlib import blake2b
from itertools import groupby
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

PURCHASES = Path(__file__).with_name("purchases.csv")
ENDS = datetime(1998, 7, 1, tzinfo=UTC)

NAMES = (
    "Ada",
    "Bo",
    "Carmen",
    "Dai",
    "Elif",
    "Femi",
    "Greta",
    "Hana",
    "Ivo",
    "Jun",
    "Kofi",
    "Leila",
)
ZONES = (
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "America/Sao_Paulo",
    "Europe/London",
    "Europe/Berlin",
    "Africa/Lagos",
    "Asia/Tbilisi",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
)


def customers(limit: int | None = None) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """Yield each customer as a row for `identify_many`, with the rows for `track_many`."""
    with PURCHASES.open(newline="") as file:
        orders = groupby(csv.DictReader(file), key=lambda row: row["customer_id"])
        for count, (number, rows) in enumerate(orders):
            if limit is not None and count >= limit:
                return
            person = _person(number)
            yield person, _events(person, list(rows))


def _person(number: str) -> dict[str, Any]:
    consents = ["email"] if _drawn(number, "email") < 85 else []
    consents += ["push"] if _drawn(number, "push") < 50 else []
    consents += ["sms/offers"] if _drawn(number, "sms") < 30 else []
    attributes = {
        "first_name": NAMES[_drawn(number, "name", len(NAMES))],
        "timezone": ZONES[_drawn(number, "zone", len(ZONES))],
        "email": f"customer-{number}@example.com",
        "device": f"device-{number}" if _drawn(number, "device") < 60 else None,
        "phone": f"+1555{number:0>7}" if _drawn(number, "phone") < 50 else None,
    }
    return {
        "customer_id": number,
        "attributes": attributes,
        "consents": consents,
        "source": "made up for the example",
    }


def _events(person: dict[str, Any], rows: Sequence[dict[str, str]]) -> list[dict[str, Any]]:
    """Give every purchase a clock time on its date; several of one day follow each other."""
    number, zone = person["customer_id"], ZoneInfo(person["attributes"]["timezone"])
    events: list[dict[str, Any]] = []
    for place, row in enumerate(rows, start=1):
        day = date.fromisoformat(row["purchased_on"])
        second = 7 * 3600 + _drawn(number, row["purchased_on"], 14 * 3600)
        earlier = sum(other["purchased_on"] == row["purchased_on"] for other in rows[: place - 1])
        local = datetime.combine(day, time(), zone) + timedelta(seconds=second + 90 * earlier)
        order = f"{number}-{place}"
        events.append(
            {
                "customer_id": number,
                "event": "purchased",
                "id": order,
                "occurred_at": local.astimezone(UTC),
                "data": {
                    "order_id": order,
                    "discs": int(row["quantity"]),
                    "value": row["value_usd"],
                },
            }
        )
    return events


def _drawn(number: str, what: str, below: int = 100) -> int:
    digest = blake2b(f"{number}/{what}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % below
