"""How does the data form look to an editor or a reviewer? A JSON Schema, draft 2020-12.

It is made of the same classes that read the data, so every kind of step is in it. What it
refuses, reading refuses; reading refuses more, since much of what can be wrong with a journey
is not to be seen at one place.
"""

from __future__ import annotations

from typing import Any, get_args

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from journeykit.model import Journey, Workspace
from journeykit.model.fields import Kind
from journeykit.model.triggers import one_or_many
from journeykit.model.vocabulary import kind_alone

_DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Generator(GenerateJsonSchema):
    """Pydantic's generator, where our data form says more than it can know."""

    schema_dialect = _DIALECT

    def function_before_schema(
        self, schema: core_schema.BeforeValidatorFunctionSchema
    ) -> JsonSchemaValue:
        """Let one stand for a list of one, where reading does."""
        inner = super().function_before_schema(schema)
        if schema["function"]["function"] is one_or_many and "items" in inner:
            return {"anyOf": [inner, inner["items"]]}
        if schema["function"]["function"] is kind_alone:
            return {"anyOf": [inner, {"type": "string", "enum": list(get_args(Kind))}]}
        return inner

    def tagged_union_schema(self, schema: core_schema.TaggedUnionSchema) -> JsonSchemaValue:
        """Say `anyOf`: what tells the ways apart is a function, and some ways share values."""
        made = super().tagged_union_schema(schema)
        return {"anyOf": made.pop("oneOf"), **made} if "oneOf" in made else made

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ARG002 - pydantic's
        """Give classes a title, and fields none: their names are there."""
        return False


def json_schema(cls: type[Journey] | type[Workspace], *, version: str) -> dict[str, Any]:
    """Return the JSON Schema of the data form of a journey or a workspace.

    Args:
        version: Of journeykit, for the `$id`.
    """
    made = cls.model_json_schema(schema_generator=_Generator, mode="validation")
    for part in (made, *made["$defs"].values()):
        _tidy(part)
    named: dict[str, Any] = {}
    made = {key: _shared(value, named) for key, value in made.items()}
    made["$defs"] = dict(sorted({**made["$defs"], **named}.items()))
    identity = f"urn:journeykit:{cls.__name__.lower()}:{version}"
    return {"$schema": _DIALECT, "$id": identity, **made}


def _tidy(part: dict[str, Any]) -> None:
    """Ask for the tag where there is one, and tell of a class only what it is."""
    properties = part.get("properties", {})
    tag = properties.get("type", {})
    if "const" in tag:
        part["required"] = sorted({*part.get("required", ()), "type"})
        tag.pop("default", None)
        tag.pop("enum", None)
    said = part.get("description")
    if said is not None:
        part["description"] = " ".join(said.split("\n\n")[0].split())
    for name, told in _told(said or "").items():
        if name in properties:
            properties[name] = {"description": told, **properties[name]}


_SHARED = {
    "Wait": "AnyStep",
    "Comparison": "AnyCondition",
    "ByCall": "AnyEntry",
    "Once": "AnyReentry",
}


def _shared(part: Any, named: dict[str, Any]) -> Any:
    """Give what stands in many places a name: the unions of all kinds, and durations."""
    if isinstance(part, list):
        return [_shared(one, named) for one in part]
    if not isinstance(part, dict):
        return part
    made = {key: _shared(value, named) for key, value in part.items()}
    if str(made.get("pattern", "")).startswith("^[-+]?P(?=.)"):
        name, keys = "Duration", ["type", "pattern"]
    else:
        refs = [one.get("$ref", "").rpartition("/")[2] for one in made.get("anyOf", ())]
        first = next((first for first in _SHARED if first in refs), None)
        if first is None or len(refs) < 4 or not all(refs):
            return made
        name, keys = _SHARED[first], ["anyOf"]
    said = {key: made.pop(key) for key in keys}
    known = named.setdefault(name, said)
    return {**made, **({"$ref": f"#/$defs/{name}"} if known == said else said)}


def _told(docstring: str) -> dict[str, str]:
    """Return what a docstring tells of the options, by name."""
    _, _, listed = docstring.partition("Args:\n")
    found: dict[str, str] = {}
    names: list[str] = []
    for line in listed.split("\n\n")[0].splitlines():
        if line.startswith("    ") and not line.startswith("     ") and ":" in line:
            head, _, rest = line.strip().partition(":")
            names = [name.strip() for name in head.split(",")]
            found |= dict.fromkeys(names, rest.strip())
        elif line.startswith("     "):
            found |= {name: f"{found[name]} {line.strip()}" for name in names}
    return found
