"""What is a step? A place of a journey, as data; what it does in time the kernel decides.

A step tells about itself what a reader of the whole journey has to know: the lists of steps
within it, the outcomes that lead on behind it, and what it listens to, asks and reads. So a
new kind of step is a class, and no list of kinds has to be kept elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, NamedTuple, TypeAlias

from pydantic import AfterValidator, Discriminator, Field, GetCoreSchemaHandler, Tag
from pydantic_core import CoreSchema

from journeykit.model.base import Frozen, type_of
from journeykit.model.conditions import Condition
from journeykit.model.fields import FieldRef
from journeykit.model.names import Label
from journeykit.model.triggers import On, as_tuple


class InnerSteps(NamedTuple):
    """A list of steps within a step.

    Attributes:
        outcome: By which outcome a run comes to it.
        path: Where it stands in the step, such as `whens[0]`; "" for nothing but `steps`.
        steps: The steps.
    """

    outcome: str
    path: str
    steps: Sequence[Step]


class Step(Frozen):
    """The base of all steps. `label` is the step's stable id, and the target of a `Goto`."""

    label: Label | None = Field(default=None, kw_only=True)
    ends_run: ClassVar[bool] = False
    results: ClassVar[tuple[str, ...]] = ()  # what `outcome("step id")` may be
    __kinds__: ClassVar[dict[str, type[Step]]] = {}

    @classmethod
    def __pydantic_init_subclass__(cls, **kwargs: Any) -> None:
        """Keep the class with its tag."""
        super().__pydantic_init_subclass__(**kwargs)
        tag = cls.model_fields.get("type")
        if tag is not None:
            Step.__kinds__.setdefault(str(tag.default), cls)

    @property
    def kind(self) -> str:
        """The tag of this kind of step in the data form."""
        return str(getattr(self, "type", ""))

    def inner(self) -> Iterator[InnerSteps]:
        """Yield the lists of steps within this one."""
        yield from ()

    @property
    def outcomes(self) -> Sequence[str]:
        """The outcomes that lead on behind the step, those of `inner` apart."""
        return () if any(True for _ in self.inner()) else ("done",)

    @property
    def skips(self) -> bool:
        """Whether one of its outcomes, `skip`, leaves out the step that follows."""
        return False

    @property
    def lets_time_pass(self) -> bool:
        """Whether a run that comes here again and again comes at later instants (rule E5)."""
        return False

    def hears(self) -> Iterator[tuple[str, On]]:
        """Yield (place within the step, what it reacts to)."""
        yield from ()

    def asks(self) -> Iterator[tuple[str, Condition]]:
        """Yield (place within the step, condition), those of `hears` apart."""
        yield from ()

    def reads(self) -> Iterator[tuple[str, FieldRef]]:
        """Yield (place within the step, field), those of conditions and keys apart."""
        yield from ()


class _AnyStep:
    """Any kind of step, told by its tag; put together when the first journey is made."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Return the schema of a union of all kinds."""
        kinds: Any = [Annotated[cls, Tag(tag)] for tag, cls in sorted(Step.__kinds__.items())]
        return handler.generate_schema(Annotated[reduce(or_, kinds), Discriminator(type_of)])


if TYPE_CHECKING:
    AnyStep: TypeAlias = Step  # which is all that a checker needs to know
else:
    AnyStep = Annotated[Step, _AnyStep()]

Steps = Annotated[Sequence[AnyStep], AfterValidator(as_tuple)]
