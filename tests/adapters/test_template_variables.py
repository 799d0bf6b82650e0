"""What a template reads and cannot do without is told from its source."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit import Templates
from journeykit.adapters.template_variables import variables_of


def plain(context: Any) -> str:
    return str(context.profile["name"] + context.trigger["total"] + context.profile["name"])


def named_otherwise(c: Any) -> str:
    other = {"total": 1}
    return f"{c.trigger['total']} {other['total']} {c.key} {c.collected['news'][0]['title']}"


def asks(context: Any) -> str:
    if "total" in context.trigger:
        return str(context.trigger["total"])
    if "hello" not in context.results:
        return ""
    return str(context.results["hello"] + context.profile.get("name", "") + context.profile["name"])


def tries(context: Any) -> str:
    try:
        return str(context.results["score"])
    except (TypeError, KeyError):
        return ""


def tries_something_else(context: Any) -> str:
    try:
        return str(int(context.trigger["total"]))
    except ValueError:
        return ""


def reads_what_it_chooses(context: Any) -> str:
    field = "name"
    return str(context.profile[field])


def takes_nothing() -> str:
    return ""


class Mail:
    def render(self, context: Any) -> str:
        return str(context.trigger["total"])


short = lambda context: context.trigger["total"]  # noqa: E731
first, second = (lambda c: c.trigger["a"]), (lambda c: c.trigger["b"])
made: dict[str, Any] = {}
exec("def made_up(context): return context.profile['name']", made)


@pytest.mark.parametrize(
    ("function", "names"),
    [
        (plain, ("profile.name", "trigger.total")),
        (named_otherwise, ("trigger.total", "collected.news")),
        (asks, ()),
        (tries, ()),
        (tries_something_else, ("trigger.total",)),
        (reads_what_it_chooses, ()),
        (takes_nothing, None),
        (Mail().render, ("trigger.total",)),
        (short, ("trigger.total",)),
        (first, None),  # two on one line
        (made["made_up"], None),
        (len, None),
    ],
)
def test_the_names_are_told(function: Any, names: tuple[str, ...] | None) -> None:
    found = variables_of(function)
    assert (None if found is None else sorted(found)) == (None if names is None else sorted(names))


def test_a_lambda_within_a_call_is_read_too() -> None:
    templates = Templates()
    templates.register("hello", channels=["email"])(
        lambda context: context.profile["name"],
    )
    templates.register("bye")(lambda context: context.profile["name"] + context.trigger["why"])
    assert templates.variables("hello", "email") == ("profile.name",)
    assert templates.variables("bye", "sms") == ("profile.name", "trigger.why")
    assert templates.variables("none", "sms") is None
