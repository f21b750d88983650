"""Several episodes side by side in one vectorised environment.

python examples/many_at_once.py [--envs 8] [--steps 40]
"""

import argparse
import json

import gymnasium

import healthgym  # noqa: F401 - registers BioAgent-v0

CALLS = ("get_vital_signs", "get_patient_history", "get_lab_results", "submit_answer")


def main() -> None:
    """Step all environments together; a finished one starts its next patient by itself."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--envs", type=int, default=8)
    parser.add_argument("--steps", type=int, default=40)
    options = parser.parse_args()
    envs = gymnasium.make_vec("BioAgent-v0", num_envs=options.envs, vectorization_mode="sync")
    envs.reset(seed=0)
    finished = 0
    for step in range(options.steps):
        name = CALLS[step % (len(CALLS) + 1)] if step % (len(CALLS) + 1) < len(CALLS) else "think"
        arguments = {"thought": "next patient"} if name == "think" else {}
        action = json.dumps({"name": name, "arguments": arguments})
        _, _, terminated, truncated, _ = envs.step((action,) * options.envs)
        finished += int(terminated.sum() + truncated.sum())
    envs.close()
    print(f"{options.steps * options.envs} calls, {finished} episodes finished")


if __name__ == "__main__":
    main()
