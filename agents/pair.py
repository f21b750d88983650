"""Two policies as one party: who refers a patient, and who takes over after the transfer.

`pair:expert,random` opens two backends; each may carry a model (`pair:expert:0.7,smol`). The party
plays on the bus like one agent, and every action names its seat.
"""

from ..knowledge.seats import seat_due, seated
from .backends import Fetch
from .backends import open_policy as open_one
from .policy import Action, Policy, PolicyError, View


class PairPolicy:
    """A referrer and a receiver, each with its own policy and its own view."""

    def __init__(self, referrer: Policy, receiver: Policy) -> None:
        self._players = {"referrer": referrer, "receiver": receiver}

    def seat(self, view: View) -> str:
        """The seat that acts next."""
        return seat_due(view.turns)

    async def act(self, view: View) -> Action:
        """The action of the seat whose turn it is, by what that seat may know."""
        seat, own = seated(view)
        return await self._players[seat].act(own)

    async def close(self) -> None:
        """Close both."""
        for player in self._players.values():
            await player.close()


async def open_policy(model: str, fetch: Fetch) -> PairPolicy:
    """Open the two policies that `model` names, `backend[:model],backend[:model]`.

    Raises PolicyError where it does not name two, or one of them cannot be opened.
    """
    names = model.split(",")
    if len(names) != 2 or not all(names):
        raise PolicyError(f"a pair is two policies, such as pair:expert,random, not {model!r}")
    opened = []
    for name in names:
        backend, _, own = name.partition(":")
        opened.append(await open_one(backend, own, fetch=fetch))
    return PairPolicy(opened[0], opened[1])
