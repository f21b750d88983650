"""The small model at play: one flat token list, honest log-probabilities, free batching."""

import asyncio
from pathlib import Path

import msgspec
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("peft")
# ruff: noqa: E402 - what follows needs the `learn` extra

import healthgym
from healthgym.agents import prompt
from healthgym.agents.policy import PolicyError
from healthgym.agents.sampler import Drawn, Row, Sampler, log_law
from healthgym.agents.toolcall import parse
from healthgym.agents.transformer import Model, TransformerPolicy
from healthgym.bus.episode import Episode, fold
from healthgym.bus.events import ObservationReturned, Sampling, digest
from healthgym.bus.view import Action, Parsed, View
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.rng import stream
from healthgym.knowledge.tasks import tasks
from healthgym.learners.batch import batch, generations
from healthgym.learners.strategies import strategy
from healthgym.learners.trainer import Learner

pytestmark = [
    pytest.mark.learn,
    pytest.mark.filterwarnings("ignore::UserWarning", "ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
]
TINY = Path(healthgym.__file__).parent / "data" / "policies" / "tiny"


@pytest.fixture(scope="module")
def model() -> Model:
    return Model(TINY)


@pytest.fixture(scope="module")
def adapter() -> bytes:
    """An adapter that changes the policy a little: B is no longer zero."""
    learner = Learner(TINY, None, learning_rate=1e-3, temperature=1, strategy="grpo", seed=3)
    with torch.no_grad():
        for name, parameter in learner.model.named_parameters():
            if "lora_B" in name:
                parameter.add_(0.02)
    return learner.adapter()


def played(model: Model, number: int, law: Sampling, version: str = "") -> Episode:
    asked = request(
        tasks("clinical_diagnosis")[number],
        agent="tiny",
        sampling=law,
        policy_version=version,
        max_turns=8,
    )
    return fold(play(asked, lambda view: model.act_batch([view])[0]))


def views(model: Model, law: Sampling, version: str = "") -> list[View]:
    """Views at different turns of different episodes."""
    found: list[View] = []

    def act(view: View) -> Action:
        found.append(view)
        return model.act_batch([view])[0]

    for number in (0, 17, 40):
        asked = request(
            tasks("clinical_diagnosis")[number],
            agent="tiny",
            sampling=law,
            policy_version=version,
            max_turns=4,
        )
        play(asked, act)
    return found


def test_the_turns_concatenate_to_one_flat_tokenisation(model: Model) -> None:
    episode = played(model, 3, Sampling(seed=5))
    flat = [t for g in generations(episode) for t in (*g.forced, *g.sampled)]
    assert episode.started is not None
    text = prompt.opening(episode.started)
    for turn in episode.turns[:-1]:
        assert turn.observation is not None
        text += turn.action.raw + prompt.END + prompt.observation(turn.observation)
    text += episode.turns[-1].action.raw + prompt.END
    assert model.tokenizer.decode(flat) == text
    prompts = [g.forced for g in generations(episode)]
    again = model.encode(prompt.opening(episode.started))
    assert prompts[0] == again


@pytest.mark.parametrize("temperature", [1.0, 0.7])
def test_logprobs_are_those_of_a_plain_forward(model: Model, temperature: float) -> None:
    model.use("")
    for number in (1, 30):
        episode = played(model, number, Sampling(seed=number, temperature=temperature))
        made = generations(episode)
        flat = [t for g in made for t in (*g.forced, *g.sampled)]
        with torch.no_grad():
            logits = model.net(input_ids=torch.tensor([flat])).logits[0] / temperature
        logp = logits.log_softmax(-1)
        place = 0
        for g in made:
            place += len(g.forced)
            for token, said in zip(g.sampled, g.logprobs, strict=True):
                assert said == pytest.approx(float(logp[place - 1, token]), abs=1e-4)
                place += 1


def test_a_draw_does_not_depend_on_its_batch(model: Model) -> None:
    law = Sampling(seed=9)
    seen = views(model, law)
    model.sampler.forget()
    alone = [model.act_batch([v])[0] for v in seen]
    model.sampler.forget()
    together = model.act_batch(seen)
    model.sampler.forget()
    backwards = model.act_batch(seen[::-1])[::-1]
    for a, b, c in zip(alone, together, backwards, strict=True):
        assert a.generation is not None
        assert b.generation is not None
        assert c.generation is not None
        assert a.generation.sampled == b.generation.sampled == c.generation.sampled
        assert a.generation.logprobs == pytest.approx(b.generation.logprobs, abs=1e-4)


def test_seeds_matter_and_repeat(model: Model) -> None:
    texts = [
        [t.action.raw for t in played(model, 2, Sampling(seed=s, temperature=1.5)).turns]
        for s in (1, 1, 2)
    ]
    assert texts[0] == texts[1] != texts[2]


def test_greedy_is_the_likeliest_token(model: Model) -> None:
    episode = played(model, 4, Sampling(temperature=0))
    (first, *_) = generations(episode)
    ids = torch.tensor([[*first.forced, *first.sampled]])
    with torch.no_grad():
        best = model.net(input_ids=ids).logits[0].argmax(-1).tolist()
    assert best[len(first.forced) - 1 : -1] == first.sampled
    assert set(first.logprobs) == {0.0}


def test_a_turn_cut_short_is_closed_before_the_observation(model: Model) -> None:
    episode = played(model, 5, Sampling(seed=1, max_new_tokens=2))
    first, second = generations(episode)[:2]
    assert len(first.sampled) == 2
    assert model.end not in first.sampled
    assert second.forced[0] == model.end


def test_top_k_and_top_p_leave_a_law() -> None:
    logits = torch.tensor([[2.0, 1.0, 0.0, -1.0]])
    cut = log_law(logits, Sampling(top_k=2)).exp()
    assert cut.sum().item() == pytest.approx(1)
    assert (cut > 0).tolist() == [[True, True, False, False]]
    nucleus = log_law(logits, Sampling(top_p=0.7)).exp()
    assert (nucleus > 0).tolist() == [[True, True, False, False]]
    assert (log_law(logits, Sampling(top_p=0.5)) > -1e9).tolist() == [[True, False, False, False]]


def test_forgotten_states_change_nothing(model: Model) -> None:
    def draw(sampler: Sampler) -> list[Drawn]:
        context = model.encode("<|case|>chest pain<|act|>")
        out: list[Drawn] = []
        for turn in range(3):
            row = Row("e", context, stream("t", turn).uniform)
            out += sampler.draw([row], Sampling(max_new_tokens=12))
            context = [*context, *out[-1].tokens, *model.encode("<|obs|>ok<|act|>")]
        return out

    kept, forgetful = Sampler(model.net, model.end), Sampler(model.net, model.end, memory_bytes=0)
    for a, b in zip(draw(kept), draw(forgetful), strict=True):
        assert a.tokens == b.tokens
        assert a.logprobs == pytest.approx(b.logprobs, abs=1e-4)


def test_an_adapter_changes_the_policy_and_the_base_comes_back(
    model: Model, adapter: bytes
) -> None:
    law = Sampling(seed=4)
    base = played(model, 6, law)
    version = digest(adapter)
    model.load_adapter(version, adapter)
    moved = played(model, 6, law, version)
    assert generations(moved)[0].policy_version == version
    assert [g.logprobs for g in generations(moved)] != [g.logprobs for g in generations(base)]
    again = played(model, 6, law)
    assert [t.action for t in again.turns] == [t.action for t in base.turns]


def test_the_merged_adapter_is_what_peft_computes(model: Model, adapter: bytes) -> None:
    version = digest(adapter)
    model.load_adapter(version, adapter)
    model.use(version)
    learner = Learner(TINY, adapter, learning_rate=1e-3, temperature=1, strategy="grpo", seed=0)
    ids = torch.tensor([model.encode("<|case|>chest pain<|act|>")])
    with torch.no_grad():
        ours, theirs = model.net(input_ids=ids).logits, learner.model(input_ids=ids).logits
    model.use("")
    assert torch.allclose(ours, theirs, atol=1e-4)


def test_a_wrong_adapter_is_refused(model: Model) -> None:
    with pytest.raises(PolicyError, match="does not fit"):
        model.load_adapter("x", b"junk")
    with pytest.raises(PolicyError, match="not loaded"):
        model.use("unheard")
    with pytest.raises(PolicyError, match=r"config\.json"):
        Model(TINY / "nowhere")


async def test_concurrent_calls_share_a_batch_and_fetch_adapters(
    model: Model, adapter: bytes
) -> None:
    fetched: list[str] = []
    version = digest(adapter)

    async def fetch(name: str) -> bytes:
        fetched.append(name)
        return adapter

    policy = TransformerPolicy(Model(TINY), fetch)
    plain = views(model, Sampling(seed=2))
    versioned = [
        msgspec.structs.replace(
            v, started=msgspec.structs.replace(v.started, policy_version=version), turns=()
        )
        for v in plain[:2]
    ]
    actions = await asyncio.gather(*(policy.act(v) for v in [*plain, *versioned]))
    await policy.close()
    assert fetched == [version]
    assert [a.raw for a in actions[: len(plain)]] == [a.raw for a in model.act_batch(plain)]
    assert {a.generation.policy_version for a in actions[len(plain) :] if a.generation} == {version}


async def test_a_missing_adapter_is_a_policy_error(model: Model) -> None:
    async def fetch(name: str) -> bytes:
        return name.encode()

    policy = TransformerPolicy(model, fetch)
    view = views(model, Sampling())[0]
    lost = msgspec.structs.replace(
        view, started=msgspec.structs.replace(view.started, policy_version="gone")
    )
    with pytest.raises(PolicyError):
        await policy.act(lost)
    assert (await policy.act(view)).raw
    await policy.close()


KNOWN = {"duplicate_order", "insufficient_data", "invalid_arguments", "unknown_tool"}
"""Well-formed calls that were refused: a wrong unit, a tool of another domain now and then."""


def test_the_shipped_model_knows_the_tools(model: Model) -> None:
    turns = [t for n in range(0, 120, 20) for t in played(model, n, Sampling(temperature=0)).turns]
    seen = [t.observation for t in turns if t.observation is not None]
    assert sum(o.ok for o in seen) / len(turns) >= 0.9
    assert {o.code for o in seen if not o.ok} <= KNOWN
    assert all(isinstance(parse(t.action.raw), Parsed) for t in turns)


def test_episodes_become_samples(model: Model) -> None:
    episodes = [played(model, 7, Sampling(seed=s)) for s in range(2)]
    grpo = strategy("grpo")
    unjudged = batch([episodes], grpo, policy=model.policy, tokenizer=model.tokenizer_id)
    assert unjudged.samples == []
    assert unjudged.dropped == 2


def test_observations_are_rendered_short() -> None:
    content = {
        "results": {"sodium_mmol_l": "131 L", "potassium_mmol_l": "4.0", "troponin_t_ng_l": "9"},
        "pending": {"lactate": 25},
        "minute": 7,
    }
    seen = ObservationReturned(turn=1, ok=True, content=content)
    assert prompt.observation(seen) == "<|obs|>sodium l troponin_t ok pending lactate<|act|>"
    refused = ObservationReturned(
        turn=1, ok=False, code="unknown_tool", content={"error": "unknown_tool", "got": "x"}
    )
    assert prompt.observation(refused) == "<|obs|>unknown_tool error unknown_tool<|act|>"


CHATML = (
    "{% if tools %}<tools>{{ tools | tojson }}</tools>{% endif %}"
    "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def test_other_chat_models_are_read_through_their_own_template(model: Model) -> None:
    class Chatty:
        """A tokenizer with a template of its own; the small model's vocabulary is enough."""

        eos_token = prompt.END

        def apply_chat_template(self, messages: list[dict[str, str]], **more: object) -> str:
            more.pop("tokenize")
            return str(
                model.tokenizer.apply_chat_template(
                    messages, chat_template=CHATML, tokenize=False, **more
                )
            )

    renderer = prompt.Chat(Chatty())
    view = msgspec.structs.replace(
        views(model, Sampling())[0], policy_md="Be careful.", tools='[{"name": "think"}]'
    )
    opening = renderer.opening(view)
    assert opening.startswith("<tools>")
    assert "Be careful." in opening
    assert view.started.ticket in opening
    assert opening.endswith("<|im_start|>assistant\n")
    seen = ObservationReturned(turn=1, ok=True, content={"a": 1})
    follow = renderer.follow(seen, '{"name": "think"}')
    assert follow == '\n<|im_start|>tool\n{"a":1}<|end|>\n<|im_start|>assistant\n'
