"""What is decided? Pure functions from data to data: `advance` and `judge` are the doors."""

from journeykit.kernel.advance import Decision, advance
from journeykit.kernel.ahead import Ahead, run_ahead
from journeykit.kernel.codec import (
    decode_entries,
    decode_state,
    encode_entries,
    encode_state,
)
from journeykit.kernel.consent import ConsentStatus, Standing
from journeykit.kernel.consenting import is_chosen, reading_of, standing_of
from journeykit.kernel.doubting import awaits_word
from journeykit.kernel.entering import drawn_for_holdout, is_held_out, out_of_window, re_entry
from journeykit.kernel.errand_answers import is_still_wanted
from journeykit.kernel.errands import CALL, ENTRY, PARKED, RATE
from journeykit.kernel.facts import Facts
from journeykit.kernel.fold import apply, replay
from journeykit.kernel.gate import first_open, judge
from journeykit.kernel.handing import may_hand_over, plan_of
from journeykit.kernel.hindsight import reading_at
from journeykit.kernel.keys import address_mark, customer_mark, derived_id, fraction
from journeykit.kernel.migrating import movable
from journeykit.kernel.pausing import is_set_free
from journeykit.kernel.signals import (
    BackfillAsked,
    CancelAsked,
    ChannelAnswered,
    ChannelRests,
    ConsentConfirmed,
    ConsentTold,
    EnrollAsked,
    ErrandAnswered,
    EventArrived,
    EventConflicted,
    GateClosed,
    OutcomeTold,
    OutcomeUnknown,
    PreferencesTold,
    ProfileTold,
    ReceiptTold,
    RetryAsked,
    Signal,
    SuppressionTold,
    Throttled,
)
from journeykit.kernel.state import (
    NEVER,
    ConsentRecord,
    CustomerState,
    Delivered,
    Enrollment,
    Errand,
    History,
    Message,
    consent_key,
    history_key,
    next_due,
    suppression_key,
)
from journeykit.kernel.turn import zone_of
from journeykit.kernel.verdict import Verdict

__all__ = [
    "CALL",
    "ENTRY",
    "NEVER",
    "PARKED",
    "RATE",
    "Ahead",
    "BackfillAsked",
    "CancelAsked",
    "ChannelAnswered",
    "ChannelRests",
    "ConsentConfirmed",
    "ConsentRecord",
    "ConsentStatus",
    "ConsentTold",
    "CustomerState",
    "Decision",
    "Delivered",
    "EnrollAsked",
    "Enrollment",
    "Errand",
    "ErrandAnswered",
    "EventArrived",
    "EventConflicted",
    "Facts",
    "GateClosed",
    "History",
    "Message",
    "OutcomeTold",
    "OutcomeUnknown",
    "PreferencesTold",
    "ProfileTold",
    "ReceiptTold",
    "RetryAsked",
    "Signal",
    "Standing",
    "SuppressionTold",
    "Throttled",
    "Verdict",
    "address_mark",
    "advance",
    "apply",
    "awaits_word",
    "consent_key",
    "customer_mark",
    "decode_entries",
    "decode_state",
    "derived_id",
    "drawn_for_holdout",
    "encode_entries",
    "encode_state",
    "first_open",
    "fraction",
    "history_key",
    "is_chosen",
    "is_held_out",
    "is_set_free",
    "is_still_wanted",
    "judge",
    "may_hand_over",
    "movable",
    "next_due",
    "out_of_window",
    "plan_of",
    "re_entry",
    "reading_at",
    "reading_of",
    "replay",
    "run_ahead",
    "standing_of",
    "suppression_key",
    "zone_of",
]
