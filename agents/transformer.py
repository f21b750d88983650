"""Play with a causal language model of the transformers library, on CPU or GPU.

Concurrent calls are batched. LoRA adapters are merged into copies of the weights they touch, and
a few versions stay alive at once, so that an episode keeps the version that it began with.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as load_tensors
from torch import Tensor
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.utils import logging

from ..bus.errors import BusError
from ..bus.events import Generation, Sampling
from ..bus.weights import adapter_config, policy_digest, tokenizer_digest
from ..knowledge.rng import stream
from .policy import Action, PolicyError, View
from .prompt import CASE, END, Chat, Compact, Renderer
from .sampler import Row, Sampler

Fetch = Callable[[str], Awaitable[bytes]]
ALIVE = 4
"""Adapter versions whose merged weights are kept."""
_COLLECT_SECONDS = 0.003


class Model:
    """A base model with its tokenizer and the adapters in use. Not for several threads."""

    def __init__(self, folder: Path, *, threads: int = 1) -> None:
        if not (folder / "config.json").is_file():
            raise PolicyError(f"{folder} holds no model: config.json is missing")
        torch.set_num_threads(threads)
        logging.disable_progress_bar()
        self.policy, self.tokenizer_id = policy_digest(folder), tokenizer_digest(folder)
        self.tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        device = "cuda" if torch.cuda.is_available() else "cpu"
        self.net = (
            AutoModelForCausalLM.from_pretrained(folder, dtype="auto", local_files_only=True)
            .to(device)
            .eval()
        )
        if self.net.dtype == torch.float16 and device == "cpu":
            self.net = self.net.float()
        ours = self.tokenizer.convert_tokens_to_ids(CASE) not in {
            None,
            self.tokenizer.unk_token_id,
        }
        self.renderer: Renderer = Compact() if ours else Chat(self.tokenizer)
        end = self.tokenizer.convert_tokens_to_ids(END) if ours else self.tokenizer.eos_token_id
        self.end = int(end)
        self.sampler = Sampler(self.net, self.end)
        self._base: dict[str, Tensor] = {}
        self._merged: OrderedDict[str, dict[str, Tensor]] = OrderedDict({"": {}})
        self._active = ""

    def encode(self, text: str) -> list[int]:
        """Token ids; special tokens are recognised, none is added."""
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])

    def decode(self, tokens: Sequence[int]) -> str:
        """Text without the end token."""
        kept = [t for t in tokens if t != self.end]
        return str(self.tokenizer.decode(kept, skip_special_tokens=False))

    def knows(self, version: str) -> bool:
        """The adapter is loaded."""
        return version in self._merged

    def load_adapter(self, version: str, adapter: bytes) -> None:
        """Merge an adapter (safetensors with its PEFT configuration) under a version's name.

        Raises PolicyError where it does not fit the model.
        """
        try:
            config = adapter_config(adapter)
            tensors = load_tensors(adapter)
            merged = self._merge(tensors, config["lora_alpha"] / config["r"])
        except (BusError, KeyError, RuntimeError) as error:
            raise PolicyError(f"adapter {version} does not fit {self.policy}: {error}") from error
        self._merged[version] = merged
        spare = [v for v in self._merged if v not in {"", version, self._active}]
        for old in spare[: max(0, len(self._merged) - 1 - ALIVE)]:
            del self._merged[old]

    def _merge(self, tensors: dict[str, Tensor], scale: float) -> dict[str, Tensor]:
        own = dict(self.net.named_parameters())
        merged: dict[str, Tensor] = {}
        for key, a in tensors.items():
            if ".lora_A." not in key:
                continue
            name = key.removeprefix("base_model.model.").replace(".lora_A", "")
            b = tensors[key.replace("lora_A", "lora_B")]
            base = self._base.setdefault(name, own[name].data)
            merged[name] = base + (scale * (b.float() @ a.float())).to(base)
        return merged

    def use(self, version: str) -> None:
        """Sample with this version from now on. Raises PolicyError if it is not loaded."""
        if version not in self._merged:
            raise PolicyError(f"adapter {version!r} is not loaded")
        if version != self._active:
            own = dict(self.net.named_parameters())
            for name, base in self._base.items():
                own[name].data = self._merged[version].get(name, base)
            self._active = version
        if version:
            self._merged.move_to_end(version)

    def forced(self, view: View) -> tuple[list[int], list[int]]:
        """Tokens of the turns so far, and the tokens that are new to the model."""
        seen: list[int] = []
        fresh = self.encode(self.renderer.opening(view))
        for turn in view.turns:
            made = turn.action.generation
            if made is not None and made.tokenizer == self.tokenizer_id:
                seen += [*made.forced, *made.sampled]
            else:
                seen += [*fresh, *self.encode(turn.action.raw), self.end]
            fresh = [] if seen[-1] == self.end else [self.end]
            if turn.observation is not None:
                fresh += self.encode(self.renderer.follow(turn.observation, turn.action.raw))
        return seen, fresh

    def act_batch(self, views: Sequence[View]) -> list[Action]:
        """One action for each view. Raises PolicyError for a version that is not loaded."""
        actions: list[Action | None] = [None] * len(views)
        groups: dict[tuple[str, Sampling], list[int]] = {}
        for i, view in enumerate(views):
            sampling = view.started.sampling
            law = Sampling(
                temperature=sampling.temperature,
                top_p=sampling.top_p,
                top_k=sampling.top_k,
                max_new_tokens=sampling.max_new_tokens,
            )
            groups.setdefault((view.started.policy_version, law), []).append(i)
        for (version, law), members in groups.items():
            self.use(version)
            drawn = self._draw([views[i] for i in members], law)
            for i, action in zip(members, drawn, strict=True):
                actions[i] = action
        return [a for a in actions if a is not None]

    def _draw(self, views: Sequence[View], law: Sampling) -> list[Action]:
        read = [self.forced(v) for v in views]
        rows = [
            Row(
                f"{v.started.policy_version}/{v.episode}",
                seen + fresh,
                stream("sampler", v.started.sampling.seed, v.episode, len(v.turns)).uniform,
            )
            for v, (seen, fresh) in zip(views, read, strict=True)
        ]
        drawn = self.sampler.draw(rows, law)
        return [
            Action(
                raw=self.decode(d.tokens),
                generation=Generation(
                    forced=fresh,
                    sampled=d.tokens,
                    logprobs=d.logprobs,
                    policy=self.policy,
                    policy_version=v.started.policy_version,
                    tokenizer=self.tokenizer_id,
                    sampling=v.started.sampling,
                ),
            )
            for v, d, (_, fresh) in zip(views, drawn, read, strict=True)
        ]


class TransformerPolicy:
    """A Policy over a `Model`: collects concurrent calls and samples them together in a thread."""

    def __init__(self, model: Model, fetch: Fetch) -> None:
        self._model = model
        self._fetch = fetch
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="sampler")
        self._waiting: list[tuple[View, asyncio.Future[Action]]] = []
        self._work: asyncio.Task[None] | None = None

    async def act(self, view: View) -> Action:
        """Sample one turn. Raises PolicyError (adapter missing or misfit)."""
        future: asyncio.Future[Action] = asyncio.get_running_loop().create_future()
        self._waiting.append((view, future))
        if self._work is None or self._work.done():
            self._work = asyncio.create_task(self._serve())
        return await future

    async def _serve(self) -> None:
        while self._waiting:
            await asyncio.sleep(_COLLECT_SECONDS)
            batch, self._waiting = self._waiting, []
            groups: dict[str, list[tuple[View, asyncio.Future[Action]]]] = {}
            for item in batch:
                groups.setdefault(item[0].started.policy_version, []).append(item)
            for version, items in groups.items():
                await self._sample(version, items)

    async def _sample(self, version: str, items: list[tuple[View, asyncio.Future[Action]]]) -> None:
        loop = asyncio.get_running_loop()
        failure = PolicyError("sampling was interrupted")
        try:
            if not self._model.knows(version):
                adapter = await self._fetch(version)
                await loop.run_in_executor(
                    self._thread, partial(self._model.load_adapter, version, adapter)
                )
            actions = await loop.run_in_executor(
                self._thread, partial(self._model.act_batch, [view for view, _ in items])
            )
            for (_, future), action in zip(items, actions, strict=True):
                if not future.done():
                    future.set_result(action)
        except (PolicyError, BusError, RuntimeError) as error:
            failure = PolicyError(str(error))
        finally:
            for _, future in items:
                if not future.done():
                    future.set_exception(failure)

    async def close(self) -> None:
        """Stop sampling; calls still waiting are cancelled."""
        if self._work is not None:
            self._work.cancel()
            with suppress(asyncio.CancelledError):
                await self._work
        for _, future in self._waiting:
            future.cancel()
        self._waiting = []
        self._thread.shutdown(wait=False, cancel_futures=True)


async def open_policy(model: str, fetch: Fetch) -> TransformerPolicy:
    """Open the model in a folder; adapters come from `fetch` by their digest.

    Raises PolicyError where the folder holds no model.
    """
    loaded: Any = await asyncio.to_thread(Model, Path(model))
    return TransformerPolicy(loaded, fetch)
