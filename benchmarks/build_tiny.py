"""Build the shipped small model from nothing: play scripts, train a tokenizer, imitate.

Example: python -m healthgym.benchmarks.build_tiny --out data/policies/tiny

The scripts make mistakes on purpose, so that the model knows tools and format but is no expert.
They are played on the training variants only, with seeds that nothing else uses.
"""

import argparse
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import torch
from msgspec.structs import replace

from healthgym.agents import prompt
from healthgym.agents.differential import members
from healthgym.agents.expert import proposals
from healthgym.agents.experts import Call, script
from healthgym.agents.experts.clinical_diagnosis import answer
from healthgym.agents.reading import read
from healthgym.agents.toolcall import parse, render
from healthgym.bus.episode import Episode, Turn, fold
from healthgym.bus.events import Effect, ObservationReturned, ToolCalled, opaque_id
from healthgym.bus.view import Action, Parsed, View
from healthgym.bus.weights import policy_digest, tokenizer_digest
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.environments.tool import all_tools
from healthgym.knowledge.rng import stream
from healthgym.knowledge.tasks import task, variants
from healthgym.learners import warmstart

DOMAINS = ("clinical_diagnosis", "triage_emergency", "clinical_diagnosis", "drug_interaction")
"""Whose patients the scripts meet, in turn: every other one has to be diagnosed."""
FIRST_SEED = 3_000_000
"""Seeds of scripted patients start here."""
SILENT = frozenset({"answer", "reasoning", "diagnosis", "citations", "summary", "thought"})
"""Free text that a small model is not taught to write."""

Player = Callable[[View, int], Action]
"""A script: the view and the number of the episode give the action."""


def terse(raw: str) -> str:
    """A call as the small model writes it: name first, no free text, no defaults."""
    call = parse(raw)
    if not isinstance(call, Parsed):
        return raw
    kept: dict[str, Any] = {
        k: int(v) if isinstance(v, float) and v.is_integer() else v
        for k, v in call.arguments.items()
        if not (k in SILENT and call.tool != "record_diagnosis")
        and k not in {"patient_id", "priority", "confidence", "reasoning"}
    }
    return json.dumps({"name": call.tool, "arguments": kept}, separators=(", ", ": "))


def scripts(player: Player, count: int, first: int = FIRST_SEED) -> Iterator[Episode]:
    """Scripted episodes on the training variants."""
    met = dict.fromkeys(DOMAINS, 0)
    for number in range(first, first + count):
        domain = DOMAINS[number % len(DOMAINS)]
        names = variants(domain, "train")
        chosen = task(f"{domain}:{names[met[domain] % len(names)]}:{number}")
        met[domain] += 1

        def act(view: View, number: int = number) -> Action:
            action = player(view, number)
            return Action(raw=terse(action.raw))

        yield fold(play(request(chosen, agent="script", max_turns=24), act))


def as_script(episode: Episode) -> warmstart.Script:
    """What is read and what is learned: calls that failed are read only."""
    assert episode.started is not None
    parts = [(prompt.opening(episode.started), False)]
    for turn in episode.turns:
        good = turn.observation is not None and turn.observation.ok
        parts.append((turn.action.raw + prompt.END, good))
        if turn.observation is not None:
            parts.append((prompt.observation(turn.observation), False))
    return warmstart.Script(parts[:-1])


# ---------------------------------------------------------------- the novice

SKIPS = {
    "get_allergies": 0.4,
    "transfer_to_specialist": 0.4,
    "examine_patient": 0.3,
    "get_medications": 0.4,
    "perform_ecg": 0.2,
    "prescribe_medication": 0.25,
    "order_lab_test": 0.12,
    "order_imaging": 0.08,
    "ask_patient": 0.2,
}
"""Probability that a novice leaves out a step, once and for the whole episode."""
FORGETS = {"read": 0.2, "order": 0.2, "give": 0.25, "write": 0.3}
"""Probability that a novice of another domain leaves out a step of this effect."""
MISTAKEN = 0.12
"""Probability that a novice names a look-alike in the end."""
_ITEMS = {
    "transfer_to_specialist": ("specialty", "consult:{}", "consulted"),
    "examine_patient": ("system", "exam:{}", ""),
    "perform_ecg": ("", "procedure:ecg", ""),
    "prescribe_medication": ("drug_name", "drug:{}", "given"),
    "order_lab_test": ("test", "lab:{}", "ordered"),
    "order_imaging": ("study", "imaging:{}", "ordered"),
    "get_allergies": ("", "allergies", ""),
    "get_medications": ("", "medications", ""),
    "ask_patient": ("", "asked:", ""),
}


def _item(call: Call) -> tuple[str, str]:
    """What a call is about, and the kind of its effect."""
    field, pattern, kind = _ITEMS.get(call.tool, ("", call.tool, ""))
    return pattern.format(call.arguments.get(field, "")), kind


def _imagined(call: Call, view: View) -> Turn:
    """The turn as if the step had been taken without telling anything."""
    item, kind = _item(call)
    last = view.turns[-1] if view.turns else None
    number = len(view.turns) + 1
    effect = Effect(kind=kind, item=item) if kind else None  # type: ignore[arg-type]
    return Turn(
        action=ToolCalled(tool=call.tool, arguments=call.arguments, raw="", turn=number),
        n=0,
        at=0,
        observation=ObservationReturned(
            turn=number, ok=True, content={}, reveals=[] if kind else [item], effect=effect
        ),
        observed_at=last.observed_at if last else 0,
    )


def _in_vain(view: View) -> bool:
    """Whether the last step was to wait, and nothing came: what was left out never will."""
    last = view.turns[-1] if view.turns else None
    if last is None or last.observation is None or not isinstance(last.action, ToolCalled):
        return False
    return last.action.tool == "wait_for_results" and not last.observation.reveals


def novice(view: View, number: int) -> Action:
    """The next step of a novice: the expert's, some forgotten, now and then a wrong answer."""
    if view.started.domain == "clinical_diagnosis":
        return _clinician(view, number)
    for call in proposals(view):
        thought = stream("novice", number, render(call.tool, call.arguments)).uniform()
        if call.tool.startswith("submit_") or thought >= FORGETS[all_tools()[call.tool].effect]:
            break
    draw = stream("novice", number, "answer")
    if call.tool.startswith("submit_") and draw.bernoulli(MISTAKEN):
        call = draw.choice(script(view.started.domain).slips(view))
    return Action(raw=render(call.tool, call.arguments))


def _clinician(view: View, number: int) -> Action:
    """The expert's next step, save those that this novice does not think of in this episode."""
    seen = replace(view, started=replace(view.started, max_turns=99))
    while True:
        call = proposals(seen)[0]
        key = _item(call)[0]
        if call.tool == "wait_for_results" and _in_vain(view):
            call = proposals(seen)[-1]
        if stream("novice", number, key).uniform() >= SKIPS.get(call.tool, 0.0):
            break
        seen = replace(seen, turns=(*seen.turns, _imagined(call, seen)))
    draw = stream("novice", number, "diagnosis")
    if call.tool == "submit_answer" and draw.bernoulli(MISTAKEN):
        call = answer(draw.choice(members(read(view).family)))
    return Action(raw=render(call.tool, call.arguments))


# ---------------------------------------------------------------- the build


def build(
    out: Path,
    player: Player,
    episodes: int,
    recipe: warmstart.Recipe,
    shape: warmstart.Shape,
) -> dict[str, Any]:
    """Play, train and write. Returns the manifest."""
    torch.set_num_threads(1)
    started = time.process_time()
    made = [as_script(e) for e in scripts(player, episodes)]
    texts = ["".join(text for text, _ in s.parts) for s in made]
    played = time.process_time()
    bare = warmstart.train_tokenizer(texts, shape.vocabulary, prompt.SPECIALS)
    tokenizer = warmstart.wrap(bare, end=prompt.END, pad=prompt.PAD)

    def encoder(text: str) -> list[int]:
        return list(bare.encode(text, add_special_tokens=False).ids)

    coded = [warmstart.encode(s, encoder) for s in made]
    lengths = [len(t) for t, _ in coded]
    own = [sum(y != warmstart.IGNORED for y in labels) for _, labels in coded]
    end, pad = bare.token_to_id(prompt.END), bare.token_to_id(prompt.PAD)
    model = warmstart.new_model(shape, bare.get_vocab_size(), end=end, pad=pad, seed=recipe.seed)
    loss = warmstart.imitate(model, coded, recipe, _progress(recipe.steps))
    parameters = sum(p.numel() for p in model.parameters())
    warmstart.save(out, model, tokenizer)
    manifest = {
        "what": "Base model of Healthcare AI GYM: imitates imperfect scripts, to be improved by RL",
        "policy": policy_digest(out),
        "tokenizer": tokenizer_digest(out),
        "parameters": parameters,
        "episodes": episodes,
        "episodes_digest": opaque_id(*texts),
        "tokens_per_episode": round(sum(lengths) / len(lengths), 1),
        "own_tokens_per_episode": round(sum(own) / len(own), 1),
        "longest_episode": max(lengths),
        "steps": recipe.steps,
        "seed": recipe.seed,
        "loss_nats": round(loss, 4),
        "cpu_seconds_play": round(played - started, 1),
        "cpu_seconds_train": round(time.process_time() - played, 1),
    }
    (out / "manifest.json").write_text(json.dumps(manifest, indent=1) + "\n")
    return manifest


def _progress(steps: int) -> Callable[[int, float], None]:
    def tell(step: int, loss: float) -> None:
        if step % 50 == 0 or step == steps - 1:
            print(f"step {step + 1}/{steps} loss {loss:.3f}", file=sys.stderr, flush=True)

    return tell


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--episodes", type=int, default=14000)
    parser.add_argument("--steps", type=int, default=1700)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args(arguments)
    recipe = warmstart.Recipe(steps=chosen.steps, seed=chosen.seed)
    manifest = build(chosen.out, novice, chosen.episodes, recipe, warmstart.Shape())
    print(json.dumps(manifest, indent=1))


if __name__ == "__main__":
    main()
