"""The pytest plugin: below the traceback of a failed test stand its customers' timelines.

pytest loads this module in every run of every project that has journeykit installed, so it
imports journeykit only when a test that used a simulation has failed.
"""

from __future__ import annotations

import sys
from collections.abc import Generator

import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add a section for each simulated customer to the report of a failed test."""
    report = yield
    if report.failed and call.excinfo is not None and "journeykit.simulation" in sys.modules:
        from journeykit.testing.timelines import timelines

        report.sections += timelines(call.excinfo.tb)
    return report
