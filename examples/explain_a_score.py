"""Play a frozen task with the scripted expert, in memory, and read the judgement.

python examples/explain_a_score.py [--task dx_nstemi_001]
"""

import argparse

from healthgym.agents.expert import play as expert
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge.tasks import task
from healthgym.scorers.composite import score


def main() -> None:
    """Print every reason of every dimension, and each safety finding with its evidence."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--task", default="dx_nstemi_001")
    options = parser.parse_args()
    events = play(request(task(options.task), agent="example"), expert)
    judged = score(events)
    for name in ("accuracy", "process", "safety", "format", "coherence"):
        dimension = getattr(judged, name)
        print(f"{name} {dimension.score:.3f}")
        for reason in dimension.reasons:
            print(f"  {reason.earned:g}/{reason.possible:g} {reason.id} {reason.note}")
    for finding in judged.findings:
        print(f"severity {finding.severity} {finding.rule}: {finding.evidence}")
    print(f"composite {judged.composite:.3f}")


if __name__ == "__main__":
    main()
