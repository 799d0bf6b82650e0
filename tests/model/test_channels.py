"""What is said about channels and send times, and refused in words that name place and way out."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from journeykit.errors import DefinitionError
from journeykit.machine import compile_workspace
from journeykit.model import BestHour, Journey, On, Policy, Send, Via, Workspace
from journeykit.testing.samples import Customer, OrderPlaced, PageSeen
from journeykit.time import hours

CONSENT = {"email": "opt-in", "push": "opt-out"}


def make(cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Call a class as a program without a type checker would."""
    return cls(*args, **kwargs)


def workspace(step: Send, **options: Any) -> Workspace:
    policy = make(Policy, consent=CONSENT, **options.pop("policy", {}))
    given = {"timezone": "UTC", "profile": Customer, "policy": policy, **options}
    return make(Workspace, journeys=[Journey("w", entry=On(PageSeen), steps=[step])], **given)


async def _later(customer: Any, message: Any, window: Any) -> Any:
    return window.start


REFUSED: list[tuple[Callable[[], Any], str]] = [
    # Via
    (
        lambda: make(Via, "email"),
        "Via.by: it is missing; give by=",
    ),
    (
        lambda: Via(by="cheapest"),
        "Via.channels: it is missing",
    ),
    (
        lambda: Via("email", "email", by="cheapest"),
        "Via.channels: a channel is named twice (got ('email', 'email'))",
    ),
    (
        lambda: make(Via, "email", by="best"),
        "Via.by: there is no such choice (got 'best'); it is one of 'preferred'",
    ),
    (
        lambda: Via("email", by="preferred"),
        "Via.preferred: by='preferred' and preferred= go together",
    ),
    (
        lambda: Via("email", by="cheapest", preferred=Customer.name),
        "Via.preferred: by='preferred' and preferred= go together",
    ),
    (
        lambda: Via("email", by="preferred", preferred=Customer.vip),
        "Via.preferred: profile.vip is no text field of the profile",
    ),
    (
        lambda: Via("email", by="preferred", preferred=PageSeen.page),
        "Via.preferred: page_seen.page is no text field of the profile",
    ),
    (
        lambda: make(Send, "hi", via="email"),
        "Send.via: it must be a list (got 'email'); write it in [...]",
    ),
    (
        lambda: make(Send, "hi", via={"channels": ["email"]}),
        "Send.via › Via.by: it is missing",
    ),
    # send times
    (
        lambda: Send("hi", via=["email"], send_time="best"),
        "Send.within: send_time and within go together",
    ),
    (
        lambda: Send("hi", via=["email"], within=hours(3)),
        "Send.within: send_time and within go together",
    ),
    (
        lambda: Send("hi", via=["email"], send_time="best", within=hours(0)),
        "Send.within: a span of time must be longer than zero",
    ),
    (
        lambda: BestHour(at_least=0),
        "BestHour.at_least: it is too small (got 0); give 1 or more",
    ),
    (
        lambda: workspace(Send("hi", via=["email"], send_time="best", within=hours(3))),
        (
            "Workspace.journeys[0] › steps[0] › send_time of journey 'w': there is no send time 'best' here; write "
            "Workspace(send_times={'best': BestHour()}), or give a function; there are: none so far"
        ),
    ),
    (
        lambda: workspace(
            Send("hi", via=["email"], send_time="best", within=hours(3)),
            send_times={"best": BestHour()},
        ),
        "steps[0] › send_time of journey 'w': send time 'best' goes by responses, and no event is one",
    ),
    (
        lambda: workspace(Send("hi", via=["email"]), send_times={"best": BestHour}),
        "Workspace.send_times.best: this is no way to choose a send time",
    ),
    (
        lambda: workspace(Send("hi", via=["email"]), send_times={"best": _later}),
        "Workspace.send_times.best: this is no way to choose a send time",
    ),
    (
        lambda: workspace(Send("hi", via=["email"]), send_times={"best hour": BestHour()}),
        "a name has 1 to 100 characters",
    ),
    # what the policy says about channels
    (
        lambda: make(Policy, consent=CONSENT, costs={"fax": 1}),
        (
            "Policy.costs: channel 'fax' is not declared; declare it in consent={'fax': 'opt-in'}, or "
            "name one of the declared: email, push"
        ),
    ),
    (
        lambda: make(Policy, consent=CONSENT, responses={"fax": [On(PageSeen)]}),
        "Policy.responses: channel 'fax' is not declared",
    ),
    (
        lambda: make(Policy, consent=CONSENT, reachable={"fax": Customer.plan == "pro"}),
        "Policy.reachable: channel 'fax' is not declared",
    ),
    (
        lambda: make(Policy, consent=CONSENT, costs={"email": -1}),
        "Policy.costs.email: it is too small (got -1)",
    ),
    (
        lambda: make(Policy, consent=CONSENT, costs={"email": float("inf")}),
        "Policy.costs.email: it must be a number (got inf)",
    ),
    (
        lambda: make(Policy, consent=CONSENT, costs={"email": "dear"}),
        "Policy.costs.email: it must be a number (got 'dear')",
    ),
    (
        lambda: make(Policy, consent=CONSENT, reachable={"push": Customer.vip}),
        (
            "Policy.reachable.push: profile.vip is a field, and no condition yet (got profile.vip); "
            "compare it, such as field(Shopper.vip) == True"
        ),
    ),
    (
        lambda: make(Policy, consent=CONSENT, reachable={"push": PageSeen.page == "x"}),
        "Policy.reachable.push: page_seen.page cannot be read here",
    ),
    (
        lambda: make(Policy, consent=CONSENT, responses={"push": PageSeen}),
        "Policy.responses.push[0]: this is a class, not a value",
    ),
    (
        lambda: Send("hi", via=["email"], transactional=True, send_time="best", within=hours(1)),
        "Send.send_time: a transactional message goes at once, and send_time would have it wait",
    ),
    (
        lambda: Send("hi", via=["email"], transactional=True, spread=hours(1)),
        "Send.spread: a transactional message goes at once, and spread would have it wait",
    ),
    (
        lambda: make(Policy, consent=CONSENT, responses={"push": []}),
        "Policy.responses.push: no event is named",
    ),
    (
        lambda: make(
            Policy, consent=CONSENT, responses={"push": [On(OrderPlaced, key=OrderPlaced.cart)]}
        ),
        "a response concerns the customer, not a run that a key would name",
    ),
    (
        lambda: make(
            Policy,
            consent=CONSENT,
            responses={"push": [On(PageSeen, where=OrderPlaced.pieces > 1)]},
        ),
        "order_placed.pieces cannot be read here",
    ),
    (
        lambda: workspace(Send("hi", via=["email"]), policy={"responses": {"push": [On("seen")]}}),
        "Workspace.policy › responses › push[0]: the class of event 'seen' is not known here",
    ),
]


@pytest.mark.parametrize(("wrong", "told"), REFUSED, ids=[told[:60] for _, told in REFUSED])
def test_it_is_refused(wrong: Callable[[], Any], told: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        wrong()
    assert told in str(caught.value)


def test_a_rule_reads_a_field_that_the_profile_has() -> None:
    """Loaded from data, a rule may name a field that there is not any more."""
    step = Send("hi", via=Via("email", "push", by="preferred", preferred=Customer.name))
    text = workspace(step).to_json().replace('"field":"name"', '"field":"channel"')
    loaded = Workspace.from_json(text, profile=Customer, events=[PageSeen])
    with pytest.raises(DefinitionError, match="profile has no field 'channel'") as caught:
        compile_workspace(loaded)
    assert "steps[0] › via › preferred" in caught.value.place


def test_the_events_of_responses_are_known_to_the_workspace() -> None:
    found = workspace(Send("hi", via=["email"]), policy={"responses": {"email": [On(OrderPlaced)]}})
    assert found.event_classes["order_placed"] is OrderPlaced


def test_what_is_said_about_channels_survives_json() -> None:
    written = workspace(
        Send("hi", via=Via("push", "email", by="cheapest")),
        policy={
            "costs": {"email": 0.001, "push": 0},
            "responses": {"email": [On(OrderPlaced, where=OrderPlaced.pieces > 1)]},
            "reachable": {"push": Customer.plan == "pro"},
        },
        events=[PageSeen, OrderPlaced],
    )
    data = json.loads(written.to_json())
    assert data["journeys"][0]["steps"][0]["via"] == {
        "channels": ["push", "email"], "by": "cheapest", "preferred": None,
    }  # fmt: skip
    again = Workspace.from_json(written.to_json(), profile=Customer, events=[PageSeen, OrderPlaced])
    assert again == written


def test_a_list_of_channels_is_still_a_list_in_json() -> None:
    data = json.loads(workspace(Send("hi", via=["push", "email"])).to_json())
    assert data["journeys"][0]["steps"][0]["via"] == ["push", "email"]
