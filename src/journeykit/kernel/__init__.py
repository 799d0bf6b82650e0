"""What is decided? Pure functions from data to data: `advance` and `judge` are the doors."""

from journeykit.kernel.advance import Decision, advance
from journeykit.kernel.codec import (
    decode_entries,
    decode_state,
    encode_entries,
    encode_state,
)
from journeykit.kernel.facts import Facts
from journeykit.kernel.fold import apply, replay
from journeykit.kernel.gate import first_open, judge
from journeykit.kernel.keys import derived_id, fraction
from journeykit.kernel.sending import may_hand_over, plan_of
from journeykit.kernel.signals import (
    CancelAsked,
    ChannelAnswered,
    ConsentTold,
    EnrollAsked,
    EventArrived,
    EventConflicted,
    GateClosed,
    ProfileTold,
    Signal,
    SuppressionTold,
)
from journeykit.kernel.state import (
    ConsentRecord,
    CustomerState,
    Delivered,
    Enrollment,
    History,
    Message,
    consent_key,
    next_due,
    suppression_key,
)
from journeykit.kernel.turn import zone_of
from journeykit.kernel.verdict import Verdict

__all__ = [
    "CancelAsked",
    "ChannelAnswered",
    "ConsentRecord",
    "ConsentTold",
    "CustomerState",
    "Decision",
    "Delivered",
    "EnrollAsked",
    "Enrollment",
    "EventArrived",
    "EventConflicted",
    "Facts",
    "GateClosed",
    "History",
    "Message",
    "ProfileTold",
    "Signal",
    "SuppressionTold",
    "Verdict",
    "advance",
    "apply",
    "consent_key",
    "decode_entries",
    "decode_state",
    "derived_id",
    "encode_entries",
    "encode_state",
    "first_open",
    "fraction",
    "judge",
    "may_hand_over",
    "next_due",
    "plan_of",
    "replay",
    "suppression_key",
    "zone_of",
]
