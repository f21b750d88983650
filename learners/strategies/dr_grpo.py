"""GRPO done right: no division by the group's spread, none by an answer's own length."""

from . import Loss, Strategy

STRATEGY = Strategy(
    name="dr_grpo",
    source="Liu et al. 2025, Understanding R1-Zero-like training, arXiv 2503.20783",
    loss=Loss(type="dr_grpo", clip_low=0.2, clip_high=0.2, scale="none"),
)
