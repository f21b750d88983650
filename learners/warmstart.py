"""Make a small base model from nothing: a tokenizer, and imitation of recorded episodes.

`python -m benchmarks.build_tiny` plays the episodes and calls this. Everything is seeded; on one
machine with one thread the same episodes give the same files.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import torch
import torch.nn.functional as F  # noqa: N812 - its usual name
from torch import Tensor

IGNORED = -100


class Script(msgspec.Struct, frozen=True):
    """One episode to imitate: texts as (text, the model's own) in order."""

    parts: list[tuple[str, bool]]


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """Size of the model (Qwen3 architecture) and of its vocabulary."""

    vocabulary: int = 1536
    width: int = 128
    layers: int = 4
    heads: int = 4
    kv_heads: int = 2
    head_dim: int = 32
    inner: int = 384
    positions: int = 4096


class Recipe(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how fast to imitate."""

    steps: int = 1700
    rows: int = 16
    learning_rate: float = 3e-3
    warmup: int = 40
    seed: int = 0


def train_tokenizer(texts: Sequence[str], size: int, specials: Sequence[str]) -> Any:
    """Byte-level BPE whose tokens may cross words; every digit stands alone."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size,
        special_tokens=list(specials),
        initial_alphabet=sorted(pre_tokenizers.ByteLevel.alphabet()),
        max_token_length=48,
        show_progress=False,
    )
    made.train_from_iterator(texts, trainer)
    return made


def wrap(tokenizer: Any, *, end: str, pad: str) -> Any:
    """The tokenizer as the transformers library holds it."""
    from transformers import PreTrainedTokenizerFast

    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token=end,
        pad_token=pad,
        clean_up_tokenization_spaces=False,
        model_max_length=4096,
    )


def new_model(shape: Shape, vocabulary: int, *, end: int, pad: int, seed: int) -> Any:
    """A Qwen3 model with seeded random weights."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    torch.manual_seed(seed)
    return Qwen3ForCausalLM(
        Qwen3Config(
            vocab_size=vocabulary,
            hidden_size=shape.width,
            num_hidden_layers=shape.layers,
            num_attention_heads=shape.heads,
            num_key_value_heads=shape.kv_heads,
            head_dim=shape.head_dim,
            intermediate_size=shape.inner,
            max_position_embeddings=shape.positions,
            tie_word_embeddings=True,
            eos_token_id=end,
            pad_token_id=pad,
            bos_token_id=None,
        )
    )


def encode(script: Script, encoder: Callable[[str], list[int]]) -> tuple[list[int], list[int]]:
    """Tokens of a script, and its labels: only the model's own tokens are learned."""
    tokens: list[int] = []
    labels: list[int] = []
    for text, own in script.parts:
        ids = encoder(text)
        tokens += ids
        labels += ids if own else [IGNORED] * len(ids)
    return tokens, labels


def _batches(
    coded: Sequence[tuple[list[int], list[int]]], recipe: Recipe
) -> Iterator[tuple[Tensor, Tensor]]:
    """Seeded batches of episodes of like length, padded right."""
    order = torch.Generator().manual_seed(recipe.seed)
    while True:
        mixed = [coded[i] for i in torch.randperm(len(coded), generator=order).tolist()]
        for start in range(0, len(mixed) - 8 * recipe.rows + 1, 8 * recipe.rows):
            pool = sorted(mixed[start : start + 8 * recipe.rows], key=lambda c: len(c[0]))
            for i in torch.randperm(8, generator=order).tolist():
                rows = pool[i * recipe.rows : (i + 1) * recipe.rows]
                width = max(len(t) for t, _ in rows)
                yield (
                    torch.tensor([t + [0] * (width - len(t)) for t, _ in rows]),
                    torch.tensor([y + [IGNORED] * (width - len(y)) for _, y in rows]),
                )


def _rate(step: int, recipe: Recipe) -> float:
    """Linear warm-up, then half a cosine down to a tenth."""
    if step < recipe.warmup:
        return recipe.learning_rate * (step + 1) / recipe.warmup
    done = (step - recipe.warmup) / max(1, recipe.steps - recipe.warmup)
    return recipe.learning_rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * done)))


def imitate(
    model: Any,
    coded: Sequence[tuple[list[int], list[int]]],
    recipe: Recipe,
    progress: Callable[[int, float], None] = lambda *_: None,
) -> float:
    """Train on token and label lists. Returns the mean loss of the last 20 steps, in nats."""
    model.train()
    optimiser = torch.optim.AdamW(
        model.parameters(), lr=recipe.learning_rate, betas=(0.9, 0.98), weight_decay=0.05
    )
    recent: list[float] = []
    for step, (tokens, labels) in enumerate(_batches(coded, recipe)):
        if step == recipe.steps:
            break
        for group in optimiser.param_groups:
            group["lr"] = _rate(step, recipe)
        own = labels[:, 1:] != IGNORED
        with torch.autocast("cpu", torch.bfloat16):
            read = model.model(input_ids=tokens).last_hidden_state[:, :-1]
            logits = model.lm_head(read[own])
        loss = F.cross_entropy(logits.float(), labels[:, 1:][own])
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        optimiser.zero_grad()
        recent = [*recent[-19:], float(loss.detach())]
        progress(step, sum(recent) / len(recent))
    model.eval()
    return sum(recent) / len(recent)


def save(folder: Path, model: Any, tokenizer: Any) -> None:
    """Write config.json, model.safetensors (half precision) and the tokenizer."""
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder, safe_serialization=True)
    tokenizer.save_pretrained(folder)
