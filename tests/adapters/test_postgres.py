"""Does the store in PostgreSQL keep every promise, against a real server?"""

from __future__ import annotations

from sqlalchemy import Engine, create_engine

from journeykit.adapters.postgres import PostgresStore
from journeykit.adapters.postgres_connection import address_of
from journeykit.testing import check_store
from postgres_server import emptied


def test_it_keeps_every_promise(postgres_engine: Engine) -> None:
    check_store(lambda: emptied(postgres_engine), reopen=lambda _: PostgresStore(postgres_engine))


def test_a_host_s_own_engine_stays_open(fresh_postgres: str) -> None:
    engine = create_engine(address_of(fresh_postgres), pool_size=1, max_overflow=0)
    with PostgresStore(engine) as store:
        assert store.customers() == []
    with engine.connect() as connection:  # the only one of the pool, as it was
        assert not connection.get_transaction()
        assert connection.exec_driver_sql("SHOW enable_seqscan").scalar() == "on"
        assert not connection.connection.driver_connection.autocommit
    engine.dispose()
