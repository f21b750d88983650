"""A custom analytics consumer: print every score of a running gym, and go on where it stopped.

python examples/follow_scores.py [--data .healthgym] [--count 10]
"""

import argparse
import asyncio
from pathlib import Path

from healthgym.bus import connect


async def main() -> None:
    """Follow EpisodeScored under a durable name."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path(".healthgym"))
    parser.add_argument("--count", type=int, default=0, help="stop after so many; 0 goes on")
    options = parser.parse_args()
    seen = 0
    async with connect(data=options.data) as log:
        async for event in log.follow("EpisodeScored", durable="example-scores"):
            print(f"{event.aggregate}  {event.data.condition:<22} {event.data.composite:.3f}")
            seen += 1
            if seen == options.count:
                return


if __name__ == "__main__":
    asyncio.run(main())
