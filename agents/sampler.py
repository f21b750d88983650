"""Sample from a causal model for many episodes at once, with a key-value cache per episode.

A row's draw depends on its own context, law and random numbers only: never on which other rows
share its batch.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import torch
from torch import Tensor
from transformers import DynamicCache
from transformers.cache_utils import DynamicLayer

from ..bus.events import Sampling

MEMORY_BYTES = 256 << 20
"""Key-value states kept between turns; an episode pushed out is read again."""


class Row(msgspec.Struct, frozen=True):
    """One episode that is to act."""

    key: str
    """Episode and policy version: whose states these are."""
    context: list[int]
    uniform: Callable[[], float]
    """The row's own random numbers in [0, 1)."""


class Drawn(msgspec.Struct, frozen=True):
    """What was sampled for a row; the end token is included unless the limit came first."""

    tokens: list[int]
    logprobs: list[float]


class _Room(DynamicLayer):  # type: ignore[misc]
    """A cache layer with room reserved, so that a step writes in place."""

    def __init__(self, keys: Tensor, values: Tensor, used: int) -> None:
        super().__init__()
        self._keys, self._values, self._used = keys, values, used
        self.dtype, self.device = keys.dtype, keys.device
        self.keys, self.values = keys[:, :, :used], values[:, :, :used]
        self.is_initialized = True

    def update(self, key_states: Tensor, value_states: Tensor, *_: Any, **__: Any) -> Any:  # type: ignore[explicit-override]
        """Append states and return all of them."""
        end = self._used + key_states.shape[2]
        self._keys[:, :, self._used : end] = key_states
        self._values[:, :, self._used : end] = value_states
        self._used = end
        self.keys, self.values = self._keys[:, :, :end], self._values[:, :, :end]
        return self.keys, self.values

    def get_seq_length(self, *_: Any) -> int:  # type: ignore[explicit-override]
        """How many positions are filled."""
        return self._used

    def keep(self, rows: Tensor) -> None:
        """Go on with these rows only."""
        self._keys, self._values = self._keys[rows], self._values[rows]
        self.keys, self.values = self._keys[:, :, : self._used], self._values[:, :, : self._used]


class _Memory:
    """Key-value states of episodes between turns, the oldest forgotten first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._used = 0
        self._kept: OrderedDict[str, tuple[list[int], Tensor]] = OrderedDict()

    def take(self, key: str, context: list[int]) -> Tensor | None:
        """States of a beginning of `context`, with at least one token left to read."""
        found = self._kept.pop(key, None)
        if found is None:
            return None
        tokens, states = found
        self._used -= states.nbytes
        known = len(tokens)
        return states if known < len(context) and context[:known] == tokens else None

    def put(self, key: str, tokens: list[int], states: Tensor) -> None:
        """Keep the states (layer, key or value, head, position, dimension) of `tokens`."""
        self._used += states.nbytes
        self._kept[key] = (tokens, states)
        while self._used > self._limit and self._kept:
            _, (_, old) = self._kept.popitem(last=False)
            self._used -= old.nbytes

    def clear(self) -> None:
        self._kept.clear()
        self._used = 0


class _Batch:
    """The tensors of one turn: what is cached, what is read now, and room for what is sampled."""

    def __init__(
        self, model: Any, rows: Sequence[Row], states: list[Tensor | None], room: int
    ) -> None:
        self.rows = rows
        self.known = [0 if s is None else s.shape[3] for s in states]
        self.fresh = [len(r.context) - k for r, k in zip(rows, self.known, strict=True)]
        self.past, self.width = max(self.known), max(self.fresh)
        device = model.device
        size = self.past + self.width + room
        self.cache = DynamicCache()
        self.cache.layers = _layers(model, states, self.past, size)
        self.mask = torch.zeros(len(rows), size, dtype=torch.long, device=device)
        self.block = torch.zeros(len(rows), self.width, dtype=torch.long, device=device)
        for i, row in enumerate(rows):
            self.mask[i, : self.known[i]] = 1
            self.mask[i, self.past : self.past + self.fresh[i]] = 1
            self.block[i, : self.fresh[i]] = torch.tensor(row.context[self.known[i] :])
        start = torch.tensor(self.known, device=device)[:, None]
        self.positions = start + torch.arange(self.width, device=device)
        self.live = list(range(len(rows)))

    def read(self, model: Any) -> Tensor:
        """Feed everything new; logits after the last token of each row."""
        last = torch.tensor([f - 1 for f in self.fresh], device=model.device)
        wanted, place = torch.unique(last, return_inverse=True)
        out = model(
            input_ids=self.block,
            attention_mask=self.mask[:, : self.past + self.width],
            position_ids=self.positions,
            past_key_values=self.cache,
            logits_to_keep=wanted,
        )
        self.filled = self.past + self.width
        self.next = torch.tensor([len(r.context) for r in self.rows], device=model.device)
        return out.logits[torch.arange(len(self.rows)), place]

    def step(self, model: Any, tokens: Tensor) -> Tensor:
        """Feed one token to each living row; logits after it."""
        self.mask[:, self.filled] = 1
        self.filled += 1
        out = model(
            input_ids=tokens[:, None],
            attention_mask=self.mask[:, : self.filled],
            position_ids=self.next[:, None],
            past_key_values=self.cache,
        )
        self.next = self.next + 1
        return out.logits[:, -1]

    def keep(self, places: Tensor) -> None:
        """Go on with these of the living rows only."""
        self.mask, self.next = self.mask[places], self.next[places]
        self.live = [self.live[i] for i in places.tolist()]
        for layer in self.cache.layers:
            layer.keep(places)

    def states(self, place: int) -> Tensor:
        """All states of a living row, without gaps."""
        used = self.mask[place, : self.filled].bool()
        return torch.stack(
            [
                torch.stack([layer.keys[place][:, used], layer.values[place][:, used]])
                for layer in self.cache.layers
            ]
        )


def _layers(model: Any, states: list[Tensor | None], past: int, size: int) -> list[_Room]:
    config = model.config.get_text_config()
    heads = config.num_key_value_heads
    dim = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    shape = (config.num_hidden_layers, 2, len(states), heads, size, dim)
    room = torch.zeros(shape, dtype=model.dtype, device=model.device)
    for i, s in enumerate(states):
        if s is not None:
            room[:, :, i, :, : s.shape[3]] = s
    return [_Room(layer[0], layer[1], past) for layer in room]


def log_law(logits: Tensor, sampling: Sampling) -> Tensor:
    """Log-probabilities of the sampling law: temperature, then top-k, then top-p."""
    logp = torch.log_softmax(logits.float() / sampling.temperature, -1)
    if sampling.top_k:
        floor = logp.topk(min(sampling.top_k, logp.shape[-1])).values[:, -1:]
        logp = torch.log_softmax(logp.masked_fill(logp < floor, -torch.inf), -1)
    if sampling.top_p < 1:
        ordered, order = logp.sort(descending=True)
        before = ordered.exp().cumsum(-1) - ordered.exp()
        drop = torch.zeros_like(before, dtype=torch.bool).scatter(
            -1, order, before >= sampling.top_p
        )
        logp = torch.log_softmax(logp.masked_fill(drop, -torch.inf), -1)
    return logp


def _pick(logits: Tensor, sampling: Sampling, uniforms: list[float]) -> tuple[Tensor, Tensor]:
    """Draw by the inverse of the cumulative law; greedy at temperature 0 (log-probability 0)."""
    if sampling.temperature == 0:
        best = logits.argmax(-1)
        return best, torch.zeros_like(best, dtype=torch.float)
    logp = log_law(logits, sampling)
    law = logp.double().exp().cumsum(-1)
    target = torch.tensor(uniforms, dtype=torch.double, device=law.device)[:, None] * law[:, -1:]
    chosen = torch.searchsorted(law, target, right=True).clamp(max=law.shape[-1] - 1)
    return chosen[:, 0], logp.gather(-1, chosen)[:, 0]


class Sampler:
    """Draws turns from one causal model of the transformers library. Not for several threads."""

    def __init__(self, model: Any, end: int, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._model = model
        self._end = end
        self._memory = _Memory(memory_bytes)

    @torch.inference_mode()
    def draw(self, rows: Sequence[Row], sampling: Sampling) -> list[Drawn]:
        """Sample one turn for each row (their `sampling` differs at most in its seed)."""
        states = [self._memory.take(r.key, r.context) for r in rows]
        batch = _Batch(self._model, rows, states, sampling.max_new_tokens)
        tokens: list[list[int]] = [[] for _ in rows]
        logprobs: list[list[float]] = [[] for _ in rows]
        logits = batch.read(self._model)
        while True:
            chosen, logp = _pick(logits, sampling, [rows[i].uniform() for i in batch.live])
            going: list[int] = []
            for place, row in enumerate(batch.live):
                tokens[row].append(int(chosen[place]))
                logprobs[row].append(round(float(logp[place]), 6))
                if tokens[row][-1] != self._end and len(tokens[row]) < sampling.max_new_tokens:
                    going.append(place)
                else:
                    read = rows[row].context + tokens[row][:-1]
                    self._memory.put(rows[row].key, read, batch.states(place))
            if not going:
                return [Drawn(t, p) for t, p in zip(tokens, logprobs, strict=True)]
            if len(going) < len(batch.live):
                places = torch.tensor(going, device=chosen.device)
                batch.keep(places)
                chosen = chosen[places]
            logits = batch.step(self._model, chosen)

    def forget(self) -> None:
        """Drop all cached states."""
        self._memory.clear()
