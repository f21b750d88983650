"""Your own policy in the gymnasium loop: a rule of three lines that looks before it answers.

python examples/play_with_gymnasium.py [--domain triage_emergency] [--episodes 3]
"""

import argparse
import json

import gymnasium

import healthgym  # noqa: F401 - registers BioAgent-v0

LOOK = ("rapid_look", "get_vital_signs", "get_patient_history")


def act(turn: int) -> str:
    """The next call, as JSON text: three looks, then an answer."""
    if turn < len(LOOK):
        return json.dumps({"name": LOOK[turn], "arguments": {}})
    return json.dumps({"name": "submit_triage", "arguments": {"esi_level": 3}})


def main() -> None:
    """Play, and print what each episode earned and why."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--domain", default="triage_emergency")
    parser.add_argument("--episodes", type=int, default=3)
    options = parser.parse_args()
    env = gymnasium.make("BioAgent-v0", domain=options.domain)
    for seed in range(options.episodes):
        _, info = env.reset(seed=seed)
        print(info["ticket"])
        ended, turn, reward = False, 0, 0.0
        while not ended:
            _, reward, terminated, truncated, info = env.step(act(turn))
            ended, turn = terminated or truncated, turn + 1
        scored = info["score"]
        parts = {d: scored[d]["score"] for d in ("accuracy", "process", "safety")}
        print(f"  composite {float(reward):.3f} after {turn} turns: {parts}")


if __name__ == "__main__":
    main()
