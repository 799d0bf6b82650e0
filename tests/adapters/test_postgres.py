"""Does the store in PostgreSQL keep every promise, against a real server?"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine

from journeykit.adapters.postgres import PostgresStore
from journeykit.adapters.postgres_connection import address_of
from journeykit.adapters.postgres_schema import TABLES
from journeykit.testing import check_store


@pytest.fixture
def engine(fresh_postgres: str) -> Iterator[Engine]:
    """Return an engine for a new database."""
    engine = create_engine(address_of(fresh_postgres))
    yield engine
    engine.dispose()


def emptied(engine: Engine) -> PostgresStore:
    """Return a store with nothing in it; making the tables anew would take longer."""
    store = PostgresStore(engine)
    rest = {"schema", "controls", "fence"}
    with engine.begin() as connection:
        for table in sorted(set(TABLES) - rest):
            connection.exec_driver_sql(f"DELETE FROM journeykit_{table}")
        connection.exec_driver_sql("UPDATE journeykit_controls SET version = 0, body = ''")
        connection.exec_driver_sql("UPDATE journeykit_fence SET floor = 0")
    return store


def test_it_keeps_every_promise(engine: Engine) -> None:
    check_store(lambda: emptied(engine), reopen=lambda _: PostgresStore(engine))


def test_a_host_s_own_engine_stays_open(fresh_postgres: str) -> None:
    engine = create_engine(address_of(fresh_postgres), pool_size=1, max_overflow=0)
    with PostgresStore(engine) as store:
        assert store.customers() == []
    with engine.connect() as connection:  # the only one of the pool, as it was
        assert not connection.get_transaction()
        assert connection.exec_driver_sql("SHOW enable_seqscan").scalar() == "on"
        assert not connection.connection.driver_connection.autocommit
    engine.dispose()
