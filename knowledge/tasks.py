"""Tasks: the frozen set with its splits, and unlimited generated ones.

A variant belongs to one split: 70/10/20 by the rank of blake2b(variant id) within its domain and
family, so whole variants are unseen in training.
"""

from functools import cache
from hashlib import blake2b
from typing import Literal, get_args

import msgspec

from .conditions import condition
from .domains import domain as _known
from .domains import domains
from .errors import UnknownTask
from .patients import GENERATOR_VERSION, Patient, generate
from .variants import domain_variants, variant

Split = Literal["train", "validation", "test"]


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One case to be solved. `digest` is of its patient: a changed patient is another task."""

    id: str
    domain: str
    variant: str
    condition: str
    seed: int
    split: Split
    difficulty: str
    provenance: str
    digest: str


@cache
def splits(domain: str) -> dict[str, Split]:
    """Split of every variant of a domain. Raises UnknownDomain."""
    _known(domain)
    families: dict[str, list[str]] = {}
    for id_, v in domain_variants(domain).items():
        families.setdefault(condition(v.condition).family, []).append(id_)
    out: dict[str, Split] = {}
    for ids in families.values():
        ranked = sorted(ids, key=lambda i: blake2b(i.encode(), digest_size=8).digest())
        n = len(ranked)
        held = max(round(n * 0.2), 2)
        checked = max(round(n * 0.1), 1)
        for rank, id_ in enumerate(ranked):
            part: Split = "train"
            if rank >= n - held:
                part = "test"
            elif rank >= n - held - checked:
                part = "validation"
            out[id_] = part
    return out


def variants(domain: str, split: str | None = None) -> list[str]:
    """Ids of the variants of a domain (and split), sorted. Raises UnknownDomain."""
    return sorted(v for v, s in splits(domain).items() if split in {None, s})


def patient_digest(patient: Patient) -> str:
    """Content digest of a patient, in hexadecimal."""
    body = msgspec.json.encode(patient, order="deterministic")
    return blake2b(body, digest_size=16).hexdigest()


def _make(domain: str, id_: str, variant_id: str, seed: int, provenance: str) -> Task:
    v = variant(variant_id)
    return Task(
        id=id_,
        domain=domain,
        variant=variant_id,
        condition=v.condition,
        seed=seed,
        split=splits(domain)[variant_id],
        difficulty=v.difficulty,
        provenance=f"{provenance}, generator {GENERATOR_VERSION}",
        digest=patient_digest(generate(variant_id, seed)),
    )


def _groups(domain: str) -> dict[str, list[str]]:
    """Variants by what the frozen set counts: each condition, or each variant."""
    groups: dict[str, list[str]] = {}
    by_condition = _known(domain).frozen_per == "condition"
    for id_, v in domain_variants(domain).items():
        groups.setdefault(v.condition if by_condition else id_, []).append(id_)
    return dict(sorted(groups.items()))


@cache
def _frozen(domain: str) -> dict[str, Task]:
    out: dict[str, Task] = {}
    known = _known(domain)
    for name, own in _groups(domain).items():
        for number in range(1, known.frozen + 1):
            chosen = own[(number - 1) % len(own)]
            seed = 100_000 + variant(chosen).first_seed + number
            id_ = f"{known.short}_{name}_{number:03d}"
            out[id_] = _make(domain, id_, chosen, seed, "frozen set")
    return out


def tasks(domain: str | None = None, split: str | None = None) -> list[Task]:
    """The frozen tasks, by id. Raises UnknownDomain, or ValueError for an unknown split."""
    if split is not None and split not in get_args(Split):
        raise ValueError(f"unknown split {split!r}; one of {', '.join(get_args(Split))}")
    if domain is not None:
        _known(domain)
    chosen = domains() if domain is None else (domain,)
    found = [t for d in chosen for t in _frozen(d).values()]
    return [t for t in found if split in {None, t.split}]


def task(id_: str) -> Task:
    """The task of a frozen id (`dx_pneumonia_001`) or a generated one (`domain:variant:seed`).

    Raises UnknownTask naming near matches.
    """
    for domain in domains():
        if id_ in _frozen(domain):
            return _frozen(domain)[id_]
    domain, _, rest = id_.partition(":")
    name, _, seed = rest.rpartition(":")
    if domain in domains() and name in domain_variants(domain) and seed.isdecimal():
        return _make(domain, id_, name, int(seed), "generated")
    raise UnknownTask(id_, [t for d in domains() for t in _frozen(d)])
