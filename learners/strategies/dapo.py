"""Decoupled clip and dynamic sampling: a higher upper clip, a token-level mean."""

from . import Loss, Strategy

STRATEGY = Strategy(
    name="dapo",
    source="Yu et al. 2025, DAPO, arXiv 2503.14476",
    loss=Loss(type="dapo", clip_low=0.2, clip_high=0.28, scale="group"),
)
