"""Seeded random streams, one for each subsystem.

With a named stream each, one more draw in one place never changes another patient.

Only the raw 64-bit words come from NumPy (Philox4x64-10, Salmon 2011, a counter-based generator
whose words are fixed by its definition); the transforms are our own, because NumPy does not
promise stable distributions across versions.
"""

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

import numpy as np
from numpy.random import Philox
from numpy.typing import NDArray

T = TypeVar("T")
_BLOCK = 64
_SCALE = 2.0**-53


class Stream:
    """Draws from one Philox stream. Cheap to make; not shared between threads."""

    __slots__ = ("_bits", "_spare", "_words")

    def __init__(self, key: bytes) -> None:
        self._bits = Philox(key=int.from_bytes(key, "little"))
        self._words: list[int] = []
        self._spare: float | None = None

    def word(self) -> int:
        """The next raw 64-bit word."""
        if not self._words:
            self._words = self._bits.random_raw(_BLOCK).tolist()
            self._words.reverse()
        return self._words.pop()

    def uniform(self, low: float = 0.0, high: float = 1.0) -> float:
        """Uniform in [low, high): the upper 53 bits of a word."""
        return low + (high - low) * ((self.word() >> 11) * _SCALE)

    def normal(self, mean: float = 0.0, sd: float = 1.0) -> float:
        """Gaussian by Box and Muller (1958); the second of each pair is kept for the next call."""
        if self._spare is not None:
            z, self._spare = self._spare, None
            return mean + sd * z
        radius = math.sqrt(-2.0 * math.log(1.0 - self.uniform()))
        angle = 2.0 * math.pi * self.uniform()
        self._spare = radius * math.sin(angle)
        return mean + sd * radius * math.cos(angle)

    def bernoulli(self, p: float) -> bool:
        """True with probability `p`; always draws one word."""
        return self.uniform() < p

    def integer(self, low: int, high: int) -> int:
        """Uniform integer in [low, high], both ends included."""
        return low + int(self.uniform() * (high - low + 1))

    def choice(self, options: Sequence[T]) -> T:
        """One of `options`, uniformly. Raises IndexError where there is none."""
        return options[int(self.uniform() * len(options))]

    def picks(self, count: int, of: int) -> NDArray[np.int64]:
        """`count` uniform indices below `of`, at once."""
        words = self._bits.random_raw(count) >> np.uint64(11)
        return (words * _SCALE * of).astype(np.int64)

    def weighted(self, weights: dict[str, float]) -> str:
        """One key of `weights`, in proportion to its weight, by insertion order."""
        left = self.uniform() * sum(weights.values())
        for key, weight in weights.items():
            left -= weight
            if left < 0:
                return key
        return next(reversed(weights))


def stream(*parts: object) -> Stream:
    """The stream named by `parts`: the same parts give the same numbers on every machine."""
    name = "\x1f".join(str(p) for p in parts).encode()
    return Stream(blake2b(name, digest_size=16).digest())
