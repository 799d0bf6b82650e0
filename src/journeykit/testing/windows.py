"""Which rules of the clock may a policy have? Strategies that never close a whole week."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from journeykit.model import Condition, Hours, QuietHours, SendWindow

Some = st.SearchStrategy[list[str] | None]
Whose = st.SearchStrategy[Condition | None]


def nights(channels: Some, where: Whose) -> st.SearchStrategy[QuietHours]:
    """Quiet hours at night."""
    return st.builds(
        QuietHours,
        st.sampled_from(["21:00", "02:30"]),
        st.sampled_from(["02:30", "08:00"]),
        days=st.none() | st.just(["sat", "sun"]),
        channels=channels,
        where=where,
    )


def daytimes(channels: Some, where: Whose) -> st.SearchStrategy[SendWindow]:
    """Send windows that are open by day, on some weekdays at least."""
    options: dict[str, st.SearchStrategy[Any]] = {
        "channels": channels,
        "where": where,
        "countries": st.none() | st.just(["US", "DE"]),
        "if_zone_unknown": st.sampled_from(["default", "every_zone"]),
    }
    return st.builds(
        lambda start, days, more: SendWindow(Hours(start, "20:00", days=days), **more),
        st.sampled_from(["00:00", "09:00"]),
        st.none() | st.just(["mon", "wed", "fri"]),
        st.fixed_dictionaries(options),
    )
