"""Pictures with known truth: phantoms drawn from a seed, and measures that read them back.

A kind of picture is a module here and a module of the same name in `measure/`, found by name.
The module here has

- `Truth`: a frozen struct of what the picture hides, units in the names,
- `draw(s, fixed) -> Truth`: a plausible truth; `fixed` wins over the dice,
- `render(truth, seed) -> Picture`: the same truth and seed give the same bytes. Pixels come from
  integer Philox words and basic arithmetic, no random generator of NumPy.

Its measuring module reads pixels and spacing only:

- `measure(picture) -> dict[str, float | str]`: lengths in mm, areas in mm2, shares of 1,
  categories in words,
- `expected(truth) -> dict[str, float | str]`: the same keys as a perfect reader would fill them,
- `TOLERANCES`: by key, how far a number may be off; categories have to agree.

The phantoms imitate what a reader looks for. They are no model of a disease and no picture of a
patient: a reader trained on them alone has learnt the signs, not the variety of nature.
"""

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, Protocol

import msgspec

from ..errors import InvalidInput, UnknownPicture
from ..rng import Stream, stream
from . import measure as _measures
from .picture import Picture, Tolerance

Measured = dict[str, float | str]
"""What a measure found: a number in the unit of its name, or a category."""


class Drawer(Protocol):
    """The module that draws a kind."""

    Truth: type[msgspec.Struct]

    def draw(self, s: Stream, fixed: Mapping[str, Any]) -> msgspec.Struct:
        """A plausible truth."""

    def render(self, truth: Any, seed: int) -> Picture:
        """The picture of a truth."""


class Measurer(Protocol):
    """The module that measures a kind."""

    TOLERANCES: Mapping[str, Tolerance]

    def measure(self, picture: Picture) -> Measured:
        """What the pixels show."""

    def expected(self, truth: Any) -> Measured:
        """What a perfect reader would measure."""


@cache
def kinds() -> tuple[str, ...]:
    """Names of all kinds of picture, sorted."""
    drawn = {info.name for info in iter_modules(__path__)}
    return tuple(sorted(m.name for m in iter_modules(_measures.__path__) if m.name in drawn))


def drawer(kind: str) -> Drawer:
    """The module that draws a kind. Raises UnknownPicture."""
    found: Drawer = _module(kind, "")
    return found


def measurer(kind: str) -> Measurer:
    """The module that measures a kind. Raises UnknownPicture."""
    found: Measurer = _module(kind, "measure.")
    return found


def _module(kind: str, room: str) -> Any:
    if kind not in kinds():
        raise UnknownPicture(kind, kinds())
    return import_module(f".{room}{kind}", __name__)


def draw(kind: str, seed: int, **fixed: Any) -> Any:
    """A plausible truth of this kind, a frozen struct; fields named in `fixed` are as given.

    The other fields follow: `draw("chest_film", 3, finding="pneumothorax")` has air to show.
    Raises UnknownPicture, or InvalidInput for a field or a value the kind does not have.
    """
    module = drawer(kind)
    given = _checked(kind, module.Truth, fixed)
    drawn = module.draw(stream("images", kind, seed, "truth"), given)
    return truth_of(kind, msgspec.to_builtins(msgspec.structs.replace(drawn, **given)))


def _checked(kind: str, truth: type[msgspec.Struct], fixed: Mapping[str, Any]) -> dict[str, Any]:
    types = {field.name: field.type for field in msgspec.structs.fields(truth)}
    given = {}
    for name, value in fixed.items():
        if name not in types:
            raise InvalidInput(kind, name, f"one of {', '.join(types)}", value)
        try:
            given[name] = msgspec.convert(value, types[name])
        except msgspec.ValidationError as error:
            raise InvalidInput(kind, name, str(error), value) from error
    return given


def truth_of(kind: str, data: Mapping[str, Any]) -> Any:
    """The truth of this kind from plain data, checked. Raises UnknownPicture, InvalidInput."""
    try:
        return msgspec.convert(data, drawer(kind).Truth)
    except msgspec.ValidationError as error:
        raise InvalidInput(kind, "", "a truth of this kind", str(error)) from error


def render(kind: str, truth: Any, seed: int) -> Picture:
    """The picture of a truth; the seed moves what is not part of it (noise, anatomy).

    Raises UnknownPicture, or InvalidInput where the truth is of another kind.
    """
    module = drawer(kind)
    if not isinstance(truth, module.Truth):
        raise InvalidInput(kind, "truth", "a truth of this kind", type(truth).__name__)
    return module.render(truth, seed)


def measure(kind: str, picture: Picture) -> Measured:
    """What the pixels show, by the measures of this kind.

    Raises UnknownPicture, MissingExtra without scikit-image, Unmeasurable where the picture does
    not show what this kind shows.
    """
    return measurer(kind).measure(picture)


def expected(kind: str, truth: Any) -> Measured:
    """What a perfect reader would measure: the keys of `measure`. Raises UnknownPicture."""
    return measurer(kind).expected(truth)


def tolerances(kind: str) -> Mapping[str, Tolerance]:
    """By numeric key, how far a measure may be off. Raises UnknownPicture."""
    return measurer(kind).TOLERANCES


def agrees(kind: str, key: str, got: float | str, want: float | str) -> bool:
    """Whether a reading of a key is right: a number within tolerance, a category the same."""
    if isinstance(got, str) or isinstance(want, str):
        return got == want
    return abs(got - want) <= tolerances(kind)[key].at(want)


__all__ = [
    "Drawer",
    "Measured",
    "Measurer",
    "Picture",
    "Tolerance",
    "agrees",
    "draw",
    "drawer",
    "expected",
    "kinds",
    "measure",
    "measurer",
    "render",
    "tolerances",
    "truth_of",
]
