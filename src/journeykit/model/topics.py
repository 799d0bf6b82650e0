"""What may messages be about? The topics of a workspace, and who names one that there is not.

A mistyped topic in an unsubscribe would be a withdrawal that nothing ever reads, and one in
a rule a rule that covers nothing; so every topic is known, or refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from journeykit.model.base import Wrong
from journeykit.model.journey import Journey, steps_of
from journeykit.model.policy import Policy
from journeykit.model.steps import Consent, Send

Named = tuple[str, str]
"""A place of the definition, and the topic that it names."""


def known_topics(policy: Policy, journeys: Sequence[Journey]) -> frozenset[str]:
    """Return the declared topics; where none are declared, all that have messages or a mode."""
    if policy.topics is not None:
        return frozenset(policy.topics)
    return frozenset(topic for _, topic in (*_in_consent(policy), *_in_sends(journeys)))


def refuse_unknown_topics(policy: Policy, journeys: Sequence[Journey]) -> None:
    """Refuse a definition that names a topic which is not known.

    Raises:
        Wrong: With the place, and the known topics.
    """
    known = known_topics(policy, journeys)
    named = (*_in_consent(policy), *_in_rules(policy), *_in_sends(journeys))
    for place, topic in (*named, *_in_consents(journeys)):
        if topic not in known:
            declares = policy.topics is not None
            remedy = "add it to Policy(topics=[...])"
            remedy = remedy if declares else f"a Send names its topic, or {remedy}"
            raise Wrong(
                f"there is no topic {topic!r} here",
                f"name one of {', '.join(sorted(known))}, or {remedy}" if known else remedy,
                place,
            )


def _in_consent(policy: Policy) -> Iterator[Named]:
    for key in policy.consent:
        if "/" in key:
            yield f"policy › consent › {key}", key.partition("/")[2]


def _in_rules(policy: Policy) -> Iterator[Named]:
    for place, rule in (*policy.clock_rules, *policy.cap_rules, *policy.strict_rules):
        for topic in rule.topics or ():
            yield f"policy › {place} › topics", topic


def _in_sends(journeys: Sequence[Journey]) -> Iterator[Named]:
    for number, journey in enumerate(journeys):
        for place, step in steps_of(journey):
            if isinstance(step, Send) and step.topic is not None:
                yield f"journeys[{number}] › {place} › topic", step.topic


def _in_consents(journeys: Sequence[Journey]) -> Iterator[Named]:
    for number, journey in enumerate(journeys):
        for place, step in steps_of(journey):
            if isinstance(step, Consent) and step.topic is not None:
                yield f"journeys[{number}] › {place} › topic", step.topic
