"""Parameters of a criterion (what a charter may modify) and the options made from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Literal

from reads.criteria.errors import CriteriaError

Setting = int | Decimal | bool | str
ParameterKind = Literal["integer", "decimal", "flag", "choice"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """One thing that a protocol or charter may set.

    verified=False marks a fact that only general knowledge of the paper supports ([M] in
    criteria.md): its default is then the value that switches it off.
    question is the number of the open question in criteria.md section 15, readings the meaning
    of each of the permitted values.
    """

    name: str
    kind: ParameterKind
    default: Setting
    meaning: str
    clause: str
    minimum: Decimal | int | None = None
    maximum: Decimal | int | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    verified: bool = True
    question: int | None = None
    readings: Mapping[str, str] = field(default_factory=dict)

    def parsed(self, raw: object) -> Setting:
        """Return `raw` in this parameter's type.

        Raises CriteriaError naming `settings.<name>` for a wrong type or a value out of range.
        """
        if self.kind == "flag":
            return self._flag(raw)
        if self.kind == "choice":
            return self._choice(raw)
        return self._number(raw)

    def _flag(self, raw: object) -> bool:
        if not isinstance(raw, bool):
            raise self._error("must be true or false")
        return raw

    def _choice(self, raw: object) -> str:
        if not isinstance(raw, str) or raw not in self.choices:
            raise self._error(f"must be one of {', '.join(self.choices)}")
        return raw

    def _number(self, raw: object) -> Setting:
        if isinstance(raw, bool) or not isinstance(raw, (int, float, Decimal, str)):
            raise self._error("must be a number")
        try:
            number = Decimal(str(raw))
        except InvalidOperation:
            raise self._error("must be a number") from None
        if not number.is_finite():
            raise self._error("must be a finite number")
        if self.minimum is not None and number < self.minimum:
            raise self._error(f"must be at least {self.minimum}")
        if self.maximum is not None and number > self.maximum:
            raise self._error(f"must be at most {self.maximum}")
        if self.kind == "decimal":
            return number
        if number != number.to_integral_value():
            raise self._error("must be a whole number")
        return int(number)

    def _error(self, problem: str) -> CriteriaError:
        return CriteriaError(f"settings.{self.name}", problem)


class Options(Mapping[str, Setting]):
    """The parameters of one criterion with their values; read by typed accessors."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Setting]) -> None:
        self._values = MappingProxyType(dict(values))

    def __getitem__(self, name: str) -> Setting:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def integer(self, name: str) -> int:
        """Return a whole number."""
        value = self._of(name)
        if isinstance(value, bool) or not isinstance(value, int):
            raise CriteriaError(f"settings.{name}", "must be a whole number")
        return value

    def decimal(self, name: str) -> Decimal:
        """Return a number."""
        value = self._of(name)
        if isinstance(value, (bool, str)):
            raise CriteriaError(f"settings.{name}", "must be a number")
        return Decimal(value)

    def flag(self, name: str) -> bool:
        """Return a yes or no."""
        value = self._of(name)
        if not isinstance(value, bool):
            raise CriteriaError(f"settings.{name}", "must be true or false")
        return value

    def choice(self, name: str) -> str:
        """Return one of the permitted words."""
        value = self._of(name)
        if not isinstance(value, str):
            raise CriteriaError(f"settings.{name}", "must be a word")
        return value

    def _of(self, name: str) -> Setting:
        if name not in self._values:
            raise CriteriaError(f"settings.{name}", "is not a parameter of this criterion")
        return self._values[name]


def options_from(
    parameters: tuple[Parameter, ...],
    settings: Mapping[str, object] | None,
) -> Options:
    """Return the options: defaults, overridden by `settings`.

    Raises CriteriaError naming the setting that is unknown, of a wrong type or out of range.
    """
    values = {parameter.name: parameter.default for parameter in parameters}
    by_name = {parameter.name: parameter for parameter in parameters}
    for name, raw in (settings or {}).items():
        if name not in by_name:
            raise CriteriaError(f"settings.{name}", "is not a parameter of this criterion")
        values[name] = by_name[name].parsed(raw)
    return Options(values)
