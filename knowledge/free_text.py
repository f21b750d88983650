"""What a right answer in free text has to say."""

import msgspec


class Concept(msgspec.Struct, frozen=True, kw_only=True):
    """An idea that an answer asserts or denies, by any of its names."""

    id: str
    names: tuple[str, ...]
    """Synonyms in words; upper case, hyphens and plurals make no difference."""


class Gold(msgspec.Struct, frozen=True, kw_only=True):
    """The reference of a free-text answer."""

    reference: str
    """One right answer in full sentences."""
    must: tuple[Concept, ...]
    """What a right answer asserts."""
    must_not: tuple[Concept, ...] = ()
    """What a right answer does not assert; to deny it is right."""
    order: tuple[str, ...] = ()
    """Ids of `must` in the order in which they have to come; () where order is free."""
