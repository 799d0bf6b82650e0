"""Does the store in PostgreSQL keep every promise, against a real server?"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest
from sqlalchemy import create_engine

from journeykit.adapters.postgres import PostgresStore
from journeykit.adapters.postgres_connection import address_of
from journeykit.testing import check_store


@pytest.fixture
def opened(fresh_postgres: str) -> Iterator[Callable[..., PostgresStore]]:
    """Return an opener of stores in one database, which are closed when the test ends."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(PostgresStore(fresh_postgres, **settings))


def test_it_keeps_every_promise(opened: Callable[..., PostgresStore]) -> None:
    schemas = (f"s{number}" for number in itertools.count())
    check_store(
        lambda: opened(schema=next(schemas)),
        reopen=lambda store: opened(schema=store.names.schema),
    )


def test_a_host_s_own_engine_stays_open(fresh_postgres: str) -> None:
    engine = create_engine(address_of(fresh_postgres), pool_size=1, max_overflow=0)
    with PostgresStore(engine) as store:
        assert store.customers() == []
    with engine.connect() as connection:  # the only one of the pool, as it was
        assert not connection.get_transaction()
        assert connection.exec_driver_sql("SHOW enable_seqscan").scalar() == "on"
        assert not connection.connection.driver_connection.autocommit
    engine.dispose()
