"""Is there a server for the tests, and is it gone afterwards?"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest

from postgres_server import shared_server

USER = """
    import sys
    from pathlib import Path
    from postgres_server import shared_server
    with shared_server(Path(sys.argv[1])) as url:
        print(url, flush=True)
        sys.stdin.readline()
"""


def test_databases_are_empty_and_one_s_own(fresh_postgres: str) -> None:
    with psycopg.connect(fresh_postgres) as db:
        tables = db.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert tables == (0,)


def test_a_server_outlives_whoever_started_it_until_the_last_is_killed(
    child: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))
    first = child(USER, tmp_path)
    url = first.hear()
    second = child(USER, tmp_path)
    assert second.hear() == url
    db = psycopg.connect(url)
    first.kill()
    assert db.execute("SELECT 1").fetchone() == (1,)
    second.kill()
    with pytest.raises(psycopg.OperationalError):
        db.execute("SELECT pg_sleep(60)")
    db.close()
    with shared_server(tmp_path) as another:
        assert another != url
