"""What a message says: registered functions, or the template's name; never a format string."""

from __future__ import annotations

from typing import Any

import pytest

from journeykit.adapters import TemplateNames, Templates
from journeykit.errors import DefinitionError, TemplateError
from journeykit.ports import Content, RenderContext


def context(template: str = "welcome", channel: str = "email", **facts: Any) -> RenderContext:
    return RenderContext(
        customer_id="ann", template=template, channel=channel, journey="j", step="s", key="k1",
        **facts,
    )  # fmt: skip


def test_a_function_returns_content_or_the_text_alone() -> None:
    templates = Templates()

    @templates.register("welcome")
    def welcome(context: RenderContext) -> Content:
        return Content(subject="Hi", text=f"Hi, {context.profile['first_name']}")

    @templates.register("short")
    def short(context: RenderContext) -> str:
        return "Hi"

    assert templates.render(context(profile={"first_name": "Ann"})) == Content("Hi", "Hi, Ann")
    assert templates.render(context("short")) == Content(text="Hi")
    assert welcome(context(profile={"first_name": "Bob"})).text == "Hi, Bob"  # as it was


def test_one_for_a_channel_goes_before_one_for_all() -> None:
    templates = Templates()
    templates.register("welcome")(lambda context: "all")
    templates.register("welcome", channels=["sms", "push"])(lambda context: "short")
    assert [templates.render(context(channel=one)).text for one in ("email", "sms", "push")] == [
        "all",
        "short",
        "short",
    ]
    templates.register("only", channels=["sms"])(lambda context: "sms")
    assert templates.missing("only", "sms") is None
    assert templates.missing("only", "email") is not None


HOSTILE = [
    "{0.__class__.__mro__}",
    "{context.key}",
    "%(key)s %s %n",
    "${key} $key",
    "{{ 7 * 7 }} {% raw %}",
    "\\1 \\g<0>",
    "<script>",
    "{",
]


@pytest.mark.parametrize("typed", HOSTILE)
def test_what_customers_typed_is_data(typed: str) -> None:  # F5
    templates = Templates()
    templates.register("welcome")(lambda context: Content(text=context.profile["name"]))
    templates.register("text")(lambda context: context.trigger["note"])
    assert templates.render(context(profile={"name": typed})).text == typed
    assert templates.render(context("text", trigger={"note": typed})).text == typed
    named = TemplateNames().render(context(typed, trigger={"note": typed}))
    assert named == Content(typed, typed, data={"trigger": {"note": typed}})


def test_a_template_is_registered_once() -> None:
    templates = Templates()
    templates.register("welcome", channels=["sms"])(lambda context: "first")
    with pytest.raises(DefinitionError, match=r"welcome for sms: .*registered twice"):
        templates.register("welcome", channels=["email", "sms"])(lambda context: "second")
    assert templates.missing("welcome", "email") is not None  # nothing of it was registered
    assert templates.render(context(channel="sms")).text == "first"
    templates.register("welcome")(lambda context: "all")
    with pytest.raises(DefinitionError, match=r"^welcome: .*registered twice"):
        templates.register("welcome")(lambda context: "again")


@pytest.mark.parametrize("channels", ["email", "", [], ()])
def test_channels_are_a_list_of_names(channels: Any) -> None:
    with pytest.raises(
        DefinitionError, match=r"template 'welcome': channels is a list.*\['email'\]"
    ):
        Templates().register("welcome", channels=channels)


def test_what_is_lacking_is_named() -> None:
    templates = Templates()
    assert templates.missing("welcome", "email") == "not registered; there are none"
    templates.register("welcome")(lambda context: "x")
    templates.register("goodbye", channels=["sms"])(lambda context: "x")
    assert templates.missing("welcome", "email") is None
    assert templates.missing("welcom", "email") == "not registered; did you mean 'welcome'?"
    assert templates.missing("xyz", "email") == "not registered; there are goodbye, welcome"
    with pytest.raises(TemplateError, match="no template 'welcom' for 'email'; register it"):
        templates.render(context("welcom"))


def test_a_template_for_another_channel_is_told_apart_from_none() -> None:
    templates = Templates()
    templates.register("welcome", channels=["sms", "push"])(lambda context: "x")
    assert templates.missing("welcome", "email") == "registered for push, sms only"


@pytest.mark.parametrize("returned", [None, 1, b"Hi", {"text": "Hi"}, ["Hi"]])
def test_anything_else_is_refused_without_showing_it(returned: Any) -> None:  # F5
    templates = Templates()
    templates.register("welcome")(lambda context: returned)
    kind = type(returned).__name__
    with pytest.raises(
        TemplateError, match=f"template 'welcome' returned a {kind}; return Content"
    ):
        templates.render(context())


def test_what_a_function_raises_passes_through() -> None:
    templates = Templates()
    templates.register("welcome")(lambda context: context.profile["first_name"])
    with pytest.raises(KeyError):
        templates.render(context())


def test_names_are_never_missing_and_the_trigger_is_a_copy() -> None:
    trigger = {"plan": "pro"}
    content = TemplateNames().render(context(trigger=trigger))
    assert content == Content("welcome", "welcome", data={"trigger": {"plan": "pro"}})
    assert content.data["trigger"] is not trigger
    assert TemplateNames().missing("anything", "anywhere") is None
