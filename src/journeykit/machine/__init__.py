"""What runs? Journeys and policies compiled to flat tables, through `transitions` machines."""

from journeykit.machine.awaiting import AwaitPlan, DigestPlan
from journeykit.machine.calls import CallPlan, EntryCapRule, RatePlan
from journeykit.machine.caps import CapRule
from journeykit.machine.changes import OUT_OF_RANGE, EmitPlan, StartPlan
from journeykit.machine.channels import OrderPlan
from journeykit.machine.compile import (
    amount_text,
    compile_journey,
    key_text,
)
from journeykit.machine.consents import DOUBLE, MODES, OPT_IN, OPT_OUT, ConsentPlan
from journeykit.machine.covering import codes_of
from journeykit.machine.crossings import TimedGuard
from journeykit.machine.entries import PAST, ArmedRule, SegmentRule, StartRule, Watch
from journeykit.machine.experiments import ExperimentPlan
from journeykit.machine.guards import Guard, Nobody, Reading, compile_condition, compile_value
from journeykit.machine.migrations import MigrationPlan
from journeykit.machine.overdue import OverduePlan
from journeykit.machine.policy import GatePlan, Scope
from journeykit.machine.rules import Rules, StreamRule, compile_workspace, most_micros
from journeykit.machine.stamps import date_of, instant_of
from journeykit.machine.statechart import build_machine, journey_machine, moves_of
from journeykit.machine.table import (
    CompiledStep,
    Getter,
    GoalRule,
    Hearing,
    Listener,
    Moment,
    SendPlan,
    Table,
)
from journeykit.machine.tally import Tally, add_to_tally, keep_instant, prune_tally
from journeykit.machine.throttles import ThrottleRule
from journeykit.machine.triggers import known_fields
from journeykit.machine.waits import BusinessDays, RandomSpan, SendHours, WindowPlan, is_local
from journeykit.machine.windows import QuietRule
from journeykit.model import START

__all__ = [
    "DOUBLE",
    "MODES",
    "OPT_IN",
    "OPT_OUT",
    "OUT_OF_RANGE",
    "PAST",
    "START",
    "ArmedRule",
    "AwaitPlan",
    "BusinessDays",
    "CallPlan",
    "CapRule",
    "CompiledStep",
    "ConsentPlan",
    "DigestPlan",
    "EmitPlan",
    "EntryCapRule",
    "ExperimentPlan",
    "GatePlan",
    "Getter",
    "GoalRule",
    "Guard",
    "Hearing",
    "Listener",
    "MigrationPlan",
    "Moment",
    "Nobody",
    "OrderPlan",
    "OverduePlan",
    "QuietRule",
    "RandomSpan",
    "RatePlan",
    "Reading",
    "Rules",
    "Scope",
    "SegmentRule",
    "SendHours",
    "SendPlan",
    "StartPlan",
    "StartRule",
    "StreamRule",
    "Table",
    "Tally",
    "ThrottleRule",
    "TimedGuard",
    "Watch",
    "WindowPlan",
    "add_to_tally",
    "amount_text",
    "build_machine",
    "codes_of",
    "compile_condition",
    "compile_journey",
    "compile_value",
    "compile_workspace",
    "date_of",
    "instant_of",
    "is_local",
    "journey_machine",
    "keep_instant",
    "key_text",
    "known_fields",
    "most_micros",
    "moves_of",
    "prune_tally",
]
