"""The configuration of a gym: its agents and how much they practise.

One YAML file, `configs/autonomous_gym.yaml` by default. An unknown key is an error.
"""

from importlib.resources import files
from pathlib import Path
from typing import Literal

import msgspec

from .bus.events import Plan
from .knowledge import library

DEFAULT = "autonomous_gym.yaml"


class ConfigError(Exception):
    """The configuration file is missing, is no YAML, or has an unknown or wrong value."""


class AgentConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One agent: its model and its personality."""

    agent_id: str
    backend: str = "transformers"
    """`transformers`, `expert`, `random`, `openai` or `smol`."""
    model_path: str = ""
    """Folder of a model (relative names are looked up in the package's data/policies), or
    for `openai` the endpoint and model as `http://host:port/v1#model`."""
    base_model_path: str = ""
    gpus_for_eval: int = 0
    gpus_for_train: int = 0
    curiosity_weight: float = 0.15
    weakness_weight: float = 0.35
    peer_learning_weight: float = 0.20
    diversity_weight: float = 0.15
    mastery_push_weight: float = 0.10
    safety_weight: float = 0.05
    inference_batch_size: int = 0
    """Episodes played at once; 0 is chosen automatically."""
    train_batch_size: int = 0
    """Groups per update; 0 takes the plan's."""
    train: bool = True
    """Learn; otherwise only be measured."""

    def weights(self) -> dict[str, float]:
        """The personality, by motive. They are relative: CHOOSE compares weighted sums."""
        return {
            "curiosity": self.curiosity_weight,
            "weakness": self.weakness_weight,
            "peer_learning": self.peer_learning_weight,
            "diversity": self.diversity_weight,
            "mastery_push": self.mastery_push_weight,
            "safety": self.safety_weight,
        }


class Wandb(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Weights & Biases as one more consumer of the events."""

    project: str = "healthgym"
    mode: Literal["online", "offline", "disabled", "shared"] = "offline"


class GymConfig(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A whole gym."""

    gym: str = "gym"
    agents: list[AgentConfig]
    domains: list[str] = msgspec.field(default_factory=lambda: ["clinical_diagnosis"])
    plan: Plan = Plan()
    concurrent_episodes: int = 64
    library: str = ""
    """Folder of a library (`healthgym knowledge build`) that the search tools read."""
    wording: str = ""
    """Model that words the patients' answers, as `http://host:port/v1#model`; none by default."""
    wandb: Wandb | None = None

    def agent(self, name: str) -> AgentConfig:
        """The agent of that id. Raises ConfigError naming those that exist."""
        for agent in self.agents:
            if agent.agent_id == name:
                return agent
        known = ", ".join(a.agent_id for a in self.agents)
        raise ConfigError(f"agent {name!r} is not in the configuration; there are: {known}")

    def plan_of(self, agent: AgentConfig) -> Plan:
        """The plan of one agent. Raises BadCorpus where the library cannot be opened."""
        plan = msgspec.structs.replace(self.plan, library=self.open_library() or msgspec.UNSET)
        if not agent.train:
            return msgspec.structs.replace(plan, cycles=0)
        groups = agent.train_batch_size or plan.groups_per_round
        return msgspec.structs.replace(plan, groups_per_round=groups)

    def open_library(self) -> str:
        """Open the library for this process; its generation, "" for none. Raises BadCorpus."""
        return library.attach(Path(self.library)).generation if self.library else library.OWN


def load(path: Path | None = None) -> GymConfig:
    """Read a configuration. Raises ConfigError with the field that is wrong."""
    source = path or files(__package__) / "configs" / DEFAULT
    try:
        text = source.read_bytes()
    except OSError as error:
        raise ConfigError(f"{source}: {error.strerror}") from error
    try:
        config = msgspec.yaml.decode(text, type=GymConfig)
    except msgspec.MsgspecError as error:
        raise ConfigError(f"{source}: {error}") from error
    _check(config, str(source))
    return config


def _check(config: GymConfig, source: str) -> None:
    names = [a.agent_id for a in config.agents]
    for name in names:
        if not name or not all(c.isascii() and (c.isalnum() or c in "_-") for c in name):
            raise ConfigError(
                f"{source}: agent_id {name!r} must be letters, digits, '_' and '-' only"
            )
    if len(set(names)) != len(names):
        raise ConfigError(f"{source}: agent_id must be unique, got {', '.join(names)}")
    for agent in config.agents:
        low = [k for k, v in agent.weights().items() if not 0 <= v <= 1]
        if low:
            raise ConfigError(f"{source}: {agent.agent_id}: {low[0]}_weight must be in [0, 1]")
