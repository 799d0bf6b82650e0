"""Which reason codes are there? All of them, each with its meaning, by kind of journal entry.

The set is closed: a code that the kernel writes into the journal stands here, and a test holds
the two together. Codes are stable; a host may count them and act on them.

Three places carry words that are not codes, beside those listed: `Ended` and `Withdrawn` of a
run that an event, a receipt, a goal or a restart ended carry the name of the event or the
receipt, or the title of the goal; of an `Exit` step or a cancellation, the author's or the host's own reason; `Suppressed`
carries the host's or the channel's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

Lasting = Literal[
    "no_address",
    "unreachable",
    "suppressed",
    "consent_missing",
    "consent_withdrawn",
    "consent_unconfirmed",
    "consent_expired",
]
Passing = Literal["quiet_hours", "send_hours", "frequency_cap", "zone_unknown", "throttle"]
Refusal = Literal[
    "already_entered",
    "already_inside",
    "closed",
    "condition_false",
    "entered_since",
    "entry_cap",
    "exit_already_happened",
    "exit_condition_holds",
    "holdout",
    "invalid_data",
    "key_missing",
    "not_open_yet",
    "overdue",
    "paused",
    "re_entry_too_soon",
    "too_many_open",
    "unknown_journey",
]

LASTING: Final[Mapping[str, str]] = {
    "no_address": "the profile has no address for this channel",
    "unreachable": "by the profile, the channel does not reach the customer",
    "suppressed": "the address is suppressed on this channel",
    "consent_missing": "the channel asks for consent first, and there is none",
    "consent_withdrawn": "the customer withdrew consent to the topic or to the channel",
    "consent_unconfirmed": "the consent must be confirmed, and was not yet",
    "consent_expired": "the consent was implied, and its time is over",
}
"""What does not pass by itself: the next channel is tried, or the message is dropped."""

PASSING: Final[Mapping[str, str]] = {
    "quiet_hours": "the customer's clock shows quiet hours",
    "send_hours": "the customer's clock shows none of the hours of the step",
    "frequency_cap": "all slots of a cap are used or reserved",
    "zone_unknown": "the customer's zone is not known, and a rule wants to know it",
    "throttle": "the channel takes no more messages at the moment",
}
"""What passes: the step says whether the message waits, is skipped, and so on (rule G4)."""

DROPPED: Final[Mapping[str, str]] = {
    **LASTING,
    **PASSING,
    "expired": "it can no longer leave before the end of its validity",
    "overdue": "it could have left too long ago, and its journey skips what comes too late",
    "withheld": "this host writes to nobody but its own people",
}
"""Why a message was not sent. A passing reason: the step skips or exits, or the gate never opens."""

HELD: Final[Mapping[str, str]] = {
    **PASSING,
    "spread": "the gate has opened, and messages leave one after the other",
    "look_ahead": "it makes room for a more important message that is due soon",
    "send_time": "its send time chose a later moment",
    "paused": "its journey pauses",
    "circuit_open": "its channel failed time and again, and is left alone for a while",
    "channel_paused": "its channel asked to be left alone for a while",
    "handed_over_unknown": "its worker died when it left, and somebody must say what became of it",
}
"""Why a message waits."""

REROUTED: Final[Mapping[str, str]] = {
    **LASTING,
    **PASSING,
    "expired": "on this channel it could not leave before the end of its validity",
    "rejected": "the channel rejected it for good",
    "asked_again": "it had to wait, and now begins with its first channel again",
}
"""Why a message goes on to another channel."""

REFUSED: Final[Mapping[str, str]] = {
    "already_entered": "the journey is entered once in a lifetime, and was",
    "already_inside": "a run is open, and the journey has no parallel ones",
    "closed": "the journey takes nobody any more",
    "condition_false": "the condition of the entry does not hold",
    "entered_since": "the customer has entered since that happened, or was inside then",
    "entry_cap": "as many have entered the journey as a cap allows",
    "exit_already_happened": "an exit or goal that happened after the trigger came before it",
    "exit_condition_holds": "the exit condition holds already",
    "holdout": "the customer belongs to the group that is held out",
    "invalid_data": "a step gave data to start with that no entry event takes",
    "key_missing": "the field that tells runs apart has no value",
    "not_open_yet": "the journey takes nobody yet",
    "overdue": "it was due too long ago, and the journey ends what comes too late",
    "paused": "the journey pauses",
    "re_entry_too_soon": "the last entry is not long enough ago",
    "too_many_open": "the customer has as many open runs as the journey allows",
    "unknown_journey": "the workspace has no such journey any more",
}
"""Why a trigger did not start a run (rule E4)."""

ENDED: Final[Mapping[str, str]] = {
    "": "the run came to its end",
    "call_failed": "a function of the host failed as often as it may, and its step exits then",
    "beyond_calendar": "it is to wait until after the year 9999, which no clock shows",
    "exit_condition": "the exit condition holds",
    "invalid_event": "a step emitted an event that its class does not take, or that has no class",
    "invalid_value": "a step gave an attribute a value that its class does not take",
    "message_failed": "a message failed for good, and its step exits then",
    "migrated": "the new version of the journey ends the runs that stood where it stood",
    "overdue": "its work came too late, and its journey ends then",
    "number_out_of_range": "a step added up to a number that its kind cannot hold",
    "past": "a moment was past already, and its step exits then",
    "too_many_steps": "the run took more steps in one instant than the workspace allows",
    "unknown_zone": "a step set a time zone that there is not",
    "unknown_country": "a step set a country, or a part of one, that there is not",
    "segment_entered": "the customer came to belong to a segment",
    "segment_left": "the customer no longer belongs to a segment",
    **PASSING,
}
"""Why a run is over, beside the words of authors and hosts."""
