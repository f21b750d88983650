"""Group relative policy optimisation: an advantage is a reward against its own group's."""

from . import Loss, Strategy

STRATEGY = Strategy(
    name="grpo",
    source="Shao et al. 2024, DeepSeekMath, arXiv 2402.03300",
    loss=Loss(type="grpo", clip_low=0.2, clip_high=0.2, kl=0.04, scale="group"),
)
