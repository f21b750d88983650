"""What a written drug name means. A misspelt name is no drug; near names are only suggested."""

import re
from functools import cache, lru_cache

from ..errors import BadData, UnknownDrug
from .formulary import formulary
from .model import Drug

_SALTS = re.compile(
    r"(?:di)?hydrochloride|hcl|(?:di)?sodium|potassium|calcium|magnesium|sul(?:f|ph)ate|mes[yi]late"
    r"|maleate|(?:bi)?tartrate|succinate|(?:hemi)?fumarate|citrate|acetate|phosphate|bes[yi]late"
    r"|tosylate|(?:hydro)?bromide|hbr|chloride|nitrate|lactate|gluconate|carbonate|pamoate"
    r"|tromethamine|(?:mono|di|tri)hydrate|anhydrous|medoxomil|cilexetil|axetil|stearate"
    r"|ethylsuccinate|polistirex"
)
_NOT_ALONE = re.compile("magnesium|potassium|sodium|calcium|zinc|iron|ferr(?:ous|ic)|alumini?um")
"""Names that mean a drug only with their salt: magnesium citrate is no magnesium sulfate."""


def plain(name: str) -> str:
    """A name in lower case with single blanks for `_`, `-` and `/`."""
    return " ".join(name.lower().replace("_", " ").replace("-", " ").replace("/", " ").split())


@cache
def _index() -> dict[str, str]:
    index: dict[str, str] = {}
    for id_, d in formulary().drugs.items():
        for name in (id_, *d.names, *d.brands):
            if index.setdefault(plain(name), id_) != id_:
                raise BadData(f"data/drugs/ingredients: {name!r} names two drugs")
    return index


@lru_cache(maxsize=4096)
def resolve(name: str) -> Drug | None:
    """The drug of that id, synonym, brand or salt name, in any case; None if not listed.

    A trailing salt word is dropped where the rest is a name. Nothing is guessed: a misspelt name
    is not a drug.
    """
    words = plain(name).split()
    while words:
        id_ = _index().get(" ".join(words))
        if id_:
            return formulary().drugs[id_]
        if not _SALTS.fullmatch(words[-1]) or _NOT_ALONE.fullmatch(" ".join(words[:-1])):
            return None
        words.pop()
    return None


def find(name: str) -> Drug:
    """The drug of that name. Raises UnknownDrug, which suggests names a slip of the pen away."""
    found = resolve(name)
    if found is None:
        raise UnknownDrug(plain(name), _near(plain(name)))
    return found


def _near(name: str) -> list[str]:
    """Known names within two letters' difference (one in short names)."""
    limit = 1 if len(name) < 6 else 2
    return [k for k in _index() if abs(len(k) - len(name)) <= limit and _distance(k, name) <= limit]


def _distance(a: str, b: str) -> int:
    """Letters to change, add, drop or swap with the next one (optimal string alignment)."""
    older: list[int] = []
    old = list(range(len(b) + 1))
    for i, x in enumerate(a, 1):
        new = [i]
        for j, y in enumerate(b, 1):
            cost = min(old[j] + 1, new[j - 1] + 1, old[j - 1] + (x != y))
            if i > 1 and j > 1 and x == b[j - 2] and a[i - 2] == y:
                cost = min(cost, older[j - 2] + 1)
            new.append(cost)
        older, old = old, new
    return old[-1]
