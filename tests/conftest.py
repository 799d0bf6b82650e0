"""A real PostgreSQL, for whoever asks for it."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import settings
from sqlalchemy import Engine, create_engine

import postgres_server
from journeykit.adapters.postgres_connection import address_of

settings.register_profile("any-machine", deadline=None)  # a busy one is no failure
settings.load_profile("any-machine")


@pytest.fixture(scope="session")
def postgres_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the url of the server that all processes of this run share.

    Its user may create databases. `JOURNEYKIT_TEST_POSTGRES` names another server.
    """
    named = os.environ.get("JOURNEYKIT_TEST_POSTGRES")
    if named:
        yield named
        return
    base = tmp_path_factory.getbasetemp()
    with postgres_server.shared_server(
        base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    ) as url:
        yield url


@pytest.fixture
def fresh_postgres(postgres_url: str) -> Iterator[str]:
    """Return the url of a new, empty database on it, which goes with the test."""
    with postgres_server.database(postgres_url) as url:
        yield url


@pytest.fixture
def postgres_engine(fresh_postgres: str) -> Iterator[Engine]:
    """Return a pool of connections to it, such as a host has."""
    engine = create_engine(address_of(fresh_postgres))
    yield engine
    engine.dispose()
