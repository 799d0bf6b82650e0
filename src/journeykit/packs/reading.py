"""How does a pack of rules come out of its data?

The data lie beside this file, one JSON file for each pack: every rule with its source, the day
on which it was read, since when it is in force, and whether it was read at its source. None of
this is legal advice: ask somebody whose job it is, and override what they tell you.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from difflib import get_close_matches
from importlib.resources import files
from typing import Any, Literal

from journeykit.errors import DefinitionError
from journeykit.model import (
    ConsentRule,
    FrequencyCap,
    Hours,
    PackRule,
    RulePack,
    SendWindow,
    Source,
)
from journeykit.time import days, hours

Medium = Literal["calls", "texts", "emails"]
IfRegionUnknown = Literal["strictest", "country"]
_KINDS = {
    "hours": {"holidays"},
    "limit": {"hours_long", "days_long"},
    "consent": set[str](),
    "duty": set[str](),
}
_OF_EVERY_RULE = {
    "id", "media", "countries", "valid_from", "source", "checked", "url", "note",
}  # fmt: skip


def pack_names() -> tuple[str, ...]:
    """Return the names that `pack` knows, in alphabetical order."""
    here = files(__package__).iterdir()
    return tuple(sorted(f.name.removesuffix(".json") for f in here if f.name.endswith(".json")))


def pack(
    name: str,
    *,
    calls: Sequence[str] = (),
    texts: Sequence[str] = (),
    emails: Sequence[str] = (),
    if_region_unknown: IfRegionUnknown = "strictest",
) -> RulePack:
    """Return a pack that comes with journeykit, for the channels of a workspace.

    Args:
        name: One of `pack_names()`.
        calls, texts, emails: Your channels that call people, text them, and mail them. Rules
            about a medium without channels are left out.
        if_region_unknown: What the rules of a part of a country mean for a customer of that
            country whose part is not known: `strictest`, they all apply; `country`, none does.

    Raises:
        DefinitionError: There is no such pack, or it has no rule about the channels given.
    """
    known = pack_names()
    if name not in known:
        near = get_close_matches(str(name), known, 1)
        raise DefinitionError(
            "there is no such rule pack",
            place="pack",
            value=name,
            remedy=(f"did you mean {near[0]!r}? " if near else "")
            + f"known are {', '.join(known)}",
        )
    data = json.loads(files(__package__).joinpath(f"{name}.json").read_text("utf-8"))
    return read_pack(
        data, calls=calls, texts=texts, emails=emails, if_region_unknown=if_region_unknown
    )


def read_pack(
    data: Mapping[str, Any],
    *,
    calls: Sequence[str] = (),
    texts: Sequence[str] = (),
    emails: Sequence[str] = (),
    if_region_unknown: IfRegionUnknown = "strictest",
) -> RulePack:
    """Return a pack from data of the form that the files beside this module have.

    Raises:
        DefinitionError: Something of it is wrong, or it has no rule about the channels given.
    """
    if not isinstance(data, Mapping):
        raise _no_pack("rule pack", f"it is no mapping but {type(data).__name__}")
    channels: dict[str, Sequence[str]] = {"calls": calls, "texts": texts, "emails": emails}
    place = f"rule pack {data.get('name')!r}"
    if not any(channels.values()):
        raise DefinitionError(
            "no channel is given that the pack is about",
            place=place,
            remedy="such as texts=['sms'], emails=['email']",
        )
    for medium, names in channels.items():
        if isinstance(names, str):
            raise DefinitionError(
                "the channels must be a list",
                place=f"{place} › {medium}",
                value=names,
                remedy=f"{medium}=[{names!r}]",
            )
    if if_region_unknown not in ("strictest", "country"):
        raise DefinitionError(
            "if_region_unknown is neither 'strictest' nor 'country'",
            place=place,
            value=if_region_unknown,
            remedy="strictest: the rules of every part of the country apply; country: none does",
        )
    try:
        _refuse_unread(place, data)
        read = date.fromisoformat(data["read"])
        rules = [
            _rule(row, read, media, if_region_unknown)
            for row in data["rules"]
            if (media := [name for medium in row["media"] for name in channels[medium]])
        ]
        about = {medium for row in data["rules"] for medium in row["media"]}
        made = RulePack(data["name"], rules, title=data.get("title", ""))
    except DefinitionError:
        raise
    except (KeyError, TypeError, ValueError) as error:
        raise _no_pack(place, f"{type(error).__name__}: {error}") from None
    if not rules:
        raise DefinitionError(
            "none of its rules is about the channels that are given",
            place=place,
            remedy=f"it has rules about {', '.join(sorted(about)) or 'nothing'}",
        )
    return made


def _refuse_unread(place: str, data: Mapping[str, Any]) -> None:
    """Refuse what nobody would read: a rule with a misspelt option would be another rule."""
    if unknown := set(data) - {"name", "title", "read", "rules"}:
        raise _no_pack(place, f"it has no use for {', '.join(sorted(unknown))}")
    for row in data["rules"]:
        where = f"{place} › {row['id']}"
        kinds = [kind for kind in _KINDS if kind in row]
        if len(kinds) != 1:
            given = " and ".join(kinds) or "none"
            raise _no_pack(where, f"it gives {given} of {', '.join(_KINDS)}, and not one of them")
        if unknown := set(row) - _OF_EVERY_RULE - {kinds[0]} - _KINDS[kinds[0]]:
            raise _no_pack(where, f"{kinds[0]} has no use for {', '.join(sorted(unknown))}")
        if {"hours_long", "days_long"} <= set(row):
            raise _no_pack(where, "it gives both hours_long and days_long")


def _no_pack(place: str, why: str) -> DefinitionError:
    return DefinitionError(
        f"this is no data of a rule pack: {why}",
        place=place,
        remedy="see the JSON files in journeykit/packs for the form",
    )


def _rule(
    row: Mapping[str, Any], read: date, channels: Sequence[str], if_region_unknown: IfRegionUnknown
) -> PackRule:
    """Return one rule; it says itself from when on it counts."""
    since = date.fromisoformat(row["valid_from"]) if "valid_from" in row else None
    source = Source(
        row["source"],
        read=read,
        valid_from=since,
        checked=row["checked"],
        url=row.get("url", ""),
        note=row.get("note", ""),
    )
    about: dict[str, Any] = {"channels": channels, "valid_from": since, "name": row["id"]}
    if "countries" in row:
        about["countries"] = _countries(row["countries"], if_region_unknown)
    if "duty" in row:
        return PackRule(row["id"], source, duty=row["duty"])
    if "consent" in row:
        return PackRule(row["id"], source, consent=ConsentRule(row["consent"], **about))
    if "limit" in row:
        per = hours(row["hours_long"]) if "hours_long" in row else days(row["days_long"])
        return PackRule(row["id"], source, cap=FrequencyCap(row["limit"], per=per, **about))
    spans = [Hours(start, end, days=weekdays or None) for start, end, *weekdays in row["hours"]]
    window = SendWindow(*spans, holidays=row.get("holidays", ()), **about)
    return PackRule(row["id"], source, window=window)


def _countries(codes: Sequence[str], if_region_unknown: IfRegionUnknown) -> list[str]:
    """Return the codes, and that of an unknown part of the country where such rules apply."""
    found = list(codes)
    if if_region_unknown == "strictest":
        found += sorted({f"{code[:2]}-?" for code in codes if "-" in code})
    return found
