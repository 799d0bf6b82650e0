"""Which rules do others make? Packs of them, dated and with their sources, as values.

A pack is part of the policy like rules of one's own: all of them have to agree, so where
several apply, the most restrictive wins. None of this is legal advice.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, TypeAlias

from pydantic import AfterValidator, Field, model_validator

from journeykit.errors import DefinitionError
from journeykit.model.base import Frozen, Wrong
from journeykit.model.caps import FrequencyCap
from journeykit.model.consents import ConsentRule
from journeykit.model.names import Name
from journeykit.model.scopes import RuleName
from journeykit.model.spans import in_words
from journeykit.model.triggers import as_tuple
from journeykit.model.windows import ClockRule, Hours, QuietHours, SendWindow
from journeykit.time import parse_days

_WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Made: TypeAlias = SendWindow | QuietHours | FrequencyCap | ConsentRule


class Source(Frozen):
    """Where a rule of a pack comes from.

    Args:
        text: The act, the section, the guideline.
        read: The day on which it was read.
        valid_from: Since when it is in force; None where that was not found: the rule then
            counts on every day.
        checked: Whether it was read at its source, and not only in lists of others.
        url: Where it was read.
        note: What a reader should know, above all where sources disagree.
    """

    text: str = Field(min_length=1)
    read: date = Field(kw_only=True)
    valid_from: date | None = Field(default=None, kw_only=True)
    checked: bool = Field(default=False, kw_only=True, strict=True)
    url: str = Field(default="", kw_only=True)
    note: str = Field(default="", kw_only=True)


class PackRule(Frozen):
    """One rule of a pack: something that the gate enforces, or a duty in words.

    Args:
        id: A stable name, such as `us-fl/hours`; reasons show it.
        source: Where it comes from.
        window, quiet_hours, cap, consent: What the gate enforces; one of them.
        duty: What nobody but the host can do, or what journeykit does anyway.
    """

    id: RuleName
    source: Source
    window: SendWindow | None = Field(default=None, kw_only=True)
    quiet_hours: QuietHours | None = Field(default=None, kw_only=True)
    cap: FrequencyCap | None = Field(default=None, kw_only=True)
    consent: ConsentRule | None = Field(default=None, kw_only=True)
    duty: str = Field(default="", kw_only=True)

    @property
    def made(self) -> Made | None:
        """What the gate enforces, or None for a duty."""
        return self.window or self.quiet_hours or self.cap or self.consent

    @property
    def words(self) -> str:
        """What it asks for, and of whom, in a line."""
        made = self.made
        if made is None:
            return self.duty
        match made:
            case SendWindow():
                what = ", ".join(_clock(*_hours(each)) for each in made.hours)
            case QuietHours():
                what = f"not {_clock(*_hours(made))}"
            case FrequencyCap():
                per = made.per if isinstance(made.per, str) else in_words(made.per)
                what = f"at most {made.limit} per {per}"
            case _:
                what = made.mode
        if isinstance(made, ClockRule) and made.holidays:
            what += f", not on public holidays ({', '.join(made.holidays)})"
        by = "" if made.channels is None else f" by {', '.join(made.channels)}"
        return f"{what}{by}"

    @model_validator(mode="after")
    def _one_thing(self) -> PackRule:
        given = (self.window, self.quiet_hours, self.cap, self.consent, self.duty or None)
        if sum(one is not None for one in given) != 1:
            raise Wrong(
                f"rule {self.id!r} is not exactly one thing",
                "give a window, quiet_hours, a cap, a consent rule or a duty",
            )
        return self


class RulePack(Frozen):
    """Rules that belong together, such as those of one country, with their sources.

    `journeykit.packs` has some; a pack of one's own is written like this one or read from data.
    """

    name: Name
    rules: Annotated[Sequence[PackRule], AfterValidator(as_tuple)]
    title: str = Field(default="", kw_only=True)

    if TYPE_CHECKING:

        def __init__(self, name: str, rules: Sequence[PackRule], *, title: str = "") -> None: ...

    @model_validator(mode="after")
    def _ids_differ(self) -> RulePack:
        ids = [rule.id for rule in self.rules]
        for number, one in enumerate(ids):
            if one in ids[:number]:
                raise Wrong(f"the rule id {one!r} is used twice", "give each rule its own id")
        return self

    @property
    def duties(self) -> Sequence[PackRule]:
        """The rules that the gate cannot enforce."""
        return tuple(rule for rule in self.rules if rule.duty)

    def without(self, *ids: str) -> RulePack:
        """Return the pack without these rules.

        Raises:
            DefinitionError: It has no rule of that id.
        """
        for one in ids:
            self._place(one)
        rules = [rule for rule in self.rules if rule.id not in ids]
        return RulePack(self.name, rules, title=self.title)

    def replacing(self, id: str, made: Made) -> RulePack:
        """Return the pack with another rule in the place of this one; the source stays.

        Raises:
            DefinitionError: It has no rule of that id.
        """
        place = self._place(id)
        rules = list(self.rules)
        rules[place] = PackRule(id, rules[place].source, **{_kind_of(made): made})  # type: ignore[arg-type]
        return RulePack(self.name, rules, title=self.title)

    def _place(self, id: str) -> int:
        for place, rule in enumerate(self.rules):
            if rule.id == id:
                return place
        known = ", ".join(rule.id for rule in self.rules)
        raise DefinitionError(
            "the pack has no such rule",
            place=f"RulePack {self.name!r}",
            value=id,
            remedy=f"its rules are {known}",
        )

    def __str__(self) -> str:
        """Return the rules as a table that a person can check: what, since when, whence."""
        lines = [f"{self.name}: {self.title}"]
        for rule in self.rules:
            source = rule.source
            since = "undated" if source.valid_from is None else f"since {source.valid_from}"
            checked = "checked" if source.checked else "not checked at its source"
            lines.append(f"  {rule.id}: {rule.words}")
            lines.append(f"    {source.text} ({since}; read {source.read}, {checked})")
            if source.note:
                lines.append(f"    {source.note}")
        return "\n".join(lines)


def _hours(of: Hours | QuietHours) -> tuple[str, str, Sequence[str] | None]:
    return of.start, of.end, of.days


def _clock(start: str, end: str, days: Sequence[str] | None) -> str:
    numbers = range(7) if days is None else sorted(parse_days(days))
    if len(numbers) == len(_WEEK):
        return f"{start}-{end}"
    names = [_WEEK[number] for number in numbers]
    in_a_row = len(names) > 2 and numbers[-1] - numbers[0] == len(names) - 1
    return f"{start}-{end} {f'{names[0]}-{names[-1]}' if in_a_row else ','.join(names)}"


def _kind_of(made: Made) -> str:
    match made:
        case SendWindow():
            return "window"
        case QuietHours():
            return "quiet_hours"
        case FrequencyCap():
            return "cap"
        case _:
            return "consent"
