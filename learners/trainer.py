"""The learner: TRL's GRPO over episodes that other processes played.

TRL keeps its loss, clipping and optimiser. Ours are the samples, the advantages and the
log-probabilities of the policy that acted: the importance ratio is against those, so an episode
played some updates ago still counts rightly.
"""

import atexit
import queue
import shutil
import threading
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import msgspec
import torch
from datasets import Dataset
from peft import LoraConfig
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset
from transformers import AutoModelForCausalLM, AutoTokenizer, PrinterCallback, TrainerCallback
from transformers.utils import logging
from trl import GRPOConfig, GRPOTrainer

from ..bus.episode import Episode
from ..bus.weights import policy_digest, tokenizer_digest
from . import checkpoint
from .batch import Batch, Sample, batch
from .errors import LearnerError
from .strategies import Strategy
from .strategies import strategy as find_strategy

RANK = 16
LONGEST = 2048
"""Constant by which dr_grpo normalises: the token limit of an episode."""
_WAIT_SECONDS = 1.0


class StepResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one update did."""

    loss: float
    tokens: int
    """Sampled tokens learned from."""
    dropped: int
    staleness: float


class _Closed(Exception):
    """The stream of minibatches has ended; TRL itself would go on asking for more."""


class _Stream(IterableDataset[list[Sample]]):
    """Minibatches as they come. Raises _Closed at None."""

    def __init__(self, source: "queue.Queue[list[Sample] | None]") -> None:
        self._source = source

    def __iter__(self) -> Iterator[list[Sample]]:
        while (samples := self._source.get()) is not None:
            yield samples
        raise _Closed


def _padded(rows: Sequence[Sequence[float]], *, left: bool, dtype: torch.dtype) -> Tensor:
    width = max(len(r) for r in rows)
    out = torch.zeros(len(rows), width, dtype=dtype)
    for i, row in enumerate(rows):
        place = slice(width - len(row), width) if left else slice(0, len(row))
        out[i, place] = torch.tensor(row, dtype=dtype)
    return out


def tensors(samples: Sequence[Sample]) -> dict[str, Tensor]:
    """The loss inputs of TRL: prompts padded left, completions right; 1 in a mask is real."""
    ids, real = torch.long, [[1] * len(s.prompt) for s in samples]
    mask = _padded([s.mask for s in samples], left=False, dtype=ids)
    behaviour = _padded([s.logprobs for s in samples], left=False, dtype=torch.float)
    return {
        "prompt_ids": _padded([s.prompt for s in samples], left=True, dtype=ids),
        "prompt_mask": _padded(real, left=True, dtype=ids),
        "completion_ids": _padded([s.completion for s in samples], left=False, dtype=ids),
        "completion_mask": _padded([[1] * len(s.mask) for s in samples], left=False, dtype=ids),
        "tool_mask": mask,
        "advantages": _padded([s.advantages for s in samples], left=False, dtype=torch.float),
        "old_per_token_logps": behaviour,
        "sampling_per_token_logps": behaviour,
        "num_items_in_batch": mask.sum(),
    }


class EpisodeTrainer(GRPOTrainer):
    """GRPOTrainer whose batches come from a queue instead of its own generation."""

    def __init__(self, *args: Any, source: "queue.Queue[list[Sample] | None]", **more: Any) -> None:
        self._source = source
        super().__init__(*args, **more)

    def get_train_dataloader(self) -> DataLoader[list[Sample]]:
        """One minibatch of samples after the other."""
        return DataLoader(_Stream(self._source), batch_size=None, num_workers=0)

    def _generate_and_score_completions(self, inputs: list[Sample]) -> dict[str, Tensor]:
        device = self.accelerator.device
        made = {key: value.to(device) for key, value in tensors(inputs).items()}
        return made if self.beta == 0 else made | {"ref_per_token_logps": self._base(made)}

    @torch.no_grad()
    def _base(self, made: dict[str, Tensor]) -> Tensor:
        """Log-probabilities of the completion under the base model, without the adapter."""
        model = self.accelerator.unwrap_model(self.model)
        with model.disable_adapter():
            logps, *_ = self._get_per_token_logps_and_entropies(
                self.model,
                torch.cat([made["prompt_ids"], made["completion_ids"]], 1),
                torch.cat([made["prompt_mask"], made["completion_mask"]], 1),
                made["completion_ids"].shape[1],
            )
        return logps


class _Report(TrainerCallback):  # type: ignore[misc]
    """Tells after every optimiser step what its loss was."""

    def __init__(self, done: "queue.Queue[float | BaseException]") -> None:
        self._done = done

    def on_log(self, *_: Any, logs: Mapping[str, float], **__: Any) -> None:
        if "loss" in logs:
            self._done.put(float(logs["loss"]))


def _unused(completions: list[str], **_: Any) -> list[float]:
    """TRL wants a reward function; ours are in the events."""
    return [0.0] * len(completions)


@cache
def _scratch() -> str:
    """A folder TRL insists on; nothing is kept in it, and it goes with the process."""
    folder = mkdtemp(prefix="healthgym-learner-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def settings(
    strategy: Strategy, *, learning_rate: float, temperature: float, seed: int
) -> GRPOConfig:
    """TRL's configuration for a strategy. `temperature` must be the one that was sampled with."""
    loss, cpu = strategy.loss, not torch.cuda.is_available()
    return GRPOConfig(
        output_dir=_scratch(),
        max_steps=10**9,
        per_device_train_batch_size=2,
        num_generations=2,
        gradient_accumulation_steps=1,
        learning_rate=learning_rate,
        lr_scheduler_type="constant",
        max_grad_norm=1.0,
        weight_decay=0.0,
        beta=loss.kl,
        use_bias_correction_kl=True,
        epsilon=loss.clip_low,
        epsilon_high=loss.clip_high,
        loss_type=loss.type,
        importance_sampling_level=loss.level,
        temperature=temperature,
        max_completion_length=LONGEST,
        remove_unused_columns=False,
        gradient_checkpointing=False,
        use_cpu=cpu,
        bf16=False,
        seed=seed,
        logging_steps=1,
        save_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )


class Learner:
    """One model, its LoRA adapter and its optimiser, moved by one update after the other."""

    def __init__(
        self,
        model_dir: Path,
        adapter: bytes | None,
        *,
        learning_rate: float,
        temperature: float,
        strategy: str,
        seed: int,
        threads: int = 1,
        minibatch: int = 16,
    ) -> None:
        """Load the model. Raises UnknownStrategy, BadAdapter, or LearnerError for no model."""
        self.strategy = find_strategy(strategy)
        if not (model_dir / "config.json").is_file():
            raise LearnerError(f"{model_dir} holds no model: config.json is missing")
        torch.set_num_threads(threads)
        self._threads, self._minibatch = threads, minibatch
        self.policy, self.tokenizer = policy_digest(model_dir), tokenizer_digest(model_dir)
        self._source: queue.Queue[list[Sample] | None] = queue.Queue()
        self._done: queue.Queue[float | BaseException] = queue.Queue()
        self.trainer = self._trainer(model_dir, learning_rate, temperature, seed)
        self.model = self.trainer.model
        if adapter is not None:
            checkpoint.restore(self.model, adapter)
        self._thread: threading.Thread | None = None

    def _trainer(
        self, model_dir: Path, learning_rate: float, temperature: float, seed: int
    ) -> EpisodeTrainer:
        torch.manual_seed(seed)
        logging.disable_progress_bar()
        net = AutoModelForCausalLM.from_pretrained(model_dir, dtype=torch.float32)
        lora = LoraConfig(
            r=RANK, lora_alpha=2 * RANK, target_modules="all-linear", task_type="CAUSAL_LM"
        )
        trainer = EpisodeTrainer(
            source=self._source,
            model=net,
            reward_funcs=[_unused],
            args=settings(
                self.strategy, learning_rate=learning_rate, temperature=temperature, seed=seed
            ),
            train_dataset=Dataset.from_dict({"prompt": [""]}),
            processing_class=AutoTokenizer.from_pretrained(model_dir),
            peft_config=lora,
            callbacks=[_Report(self._done)],
        )
        trainer.remove_callback(PrinterCallback)
        return trainer

    @property
    def lora_rank(self) -> int:
        """Rank of the adapter."""
        return RANK

    @property
    def target_modules(self) -> list[str]:
        """Modules that the adapter touches."""
        return list(self.adapter_config()["target_modules"])

    def update(
        self,
        groups: Sequence[Sequence[Episode]],
        *,
        versions: Mapping[str, int] | None = None,
        now: int = 0,
        max_staleness: int = 4,
    ) -> StepResult:
        """Learn once from complete groups of judged episodes, in minibatches.

        See `batch` for what is left out; where nothing is left, the policy stays as it is.
        Raises LearnerError if the trainer failed.
        """
        made = batch(
            groups,
            self.strategy,
            policy=self.policy,
            tokenizer=self.tokenizer,
            versions=versions,
            now=now,
            max_staleness=max_staleness,
        )
        return self.learn(made)

    def learn(self, made: Batch) -> StepResult:
        """Learn once from samples."""
        losses = [self._step(part) for part in _parts(made.samples, self._minibatch)]
        return StepResult(
            loss=sum(losses) / len(losses) if losses else 0.0,
            tokens=sum(sum(s.mask) for s in made.samples),
            dropped=made.dropped,
            staleness=made.staleness,
        )

    def _step(self, samples: list[Sample]) -> float:
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="learner", daemon=True)
            self._thread.start()
        self._source.put(samples)
        while True:
            try:
                result = self._done.get(timeout=_WAIT_SECONDS)
            except queue.Empty:
                if self._thread.is_alive():
                    continue
                raise LearnerError("the trainer stopped") from None
            if isinstance(result, BaseException):
                raise LearnerError(f"{type(result).__name__}: {result}") from result
            return result

    def _run(self) -> None:
        torch.set_num_threads(self._threads)
        try:
            self.trainer.train()
        except _Closed:
            return
        except BaseException as error:  # noqa: BLE001 - handed to the thread that waits
            self._done.put(error)

    def adapter(self) -> bytes:
        """The adapter as one safetensors object that carries its configuration."""
        return checkpoint.dump(self.model)

    def adapter_config(self) -> dict[str, Any]:
        """The adapter's PEFT configuration."""
        return checkpoint.config_of(self.model)

    def sha256(self, adapter: bytes) -> str:
        """SHA-256 of an adapter's bytes."""
        return checkpoint.sha256(adapter)

    def close(self) -> None:
        """End the trainer's thread."""
        if self._thread is not None:
            self._source.put(None)
            self._thread.join()
            self._thread = None


def _parts(samples: list[Sample], size: int) -> Iterator[list[Sample]]:
    """Near-equal minibatches in order, so that a group's advantages stay together."""
    count = max(1, round(len(samples) / size)) if samples else 0
    for i in range(count):
        yield samples[i * len(samples) // count : (i + 1) * len(samples) // count]
