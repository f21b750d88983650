"""One piece of claimed work, and how a delivered message becomes a record."""

from nats.aio.msg import Msg

from .events import Recorded, decode
from .wire import place


def recorded(message: Msg) -> Recorded:
    """A delivered or directly read message as a record."""
    headers = message.headers or {}
    sequence = headers.get("Nats-Sequence")
    at = int(sequence) if sequence else place(message).sequence
    return Recorded(sequence=at, event=decode(message.data), body=message.data)


class Claim:
    """One event taken from a work queue; it comes back to another node unless acknowledged."""

    def __init__(self, message: Msg) -> None:
        self._message = message
        self.recorded = recorded(message)
        self.deliveries = place(message).delivered

    async def ack(self) -> None:
        """The work is done."""
        await self._message.ack()

    async def in_progress(self) -> None:
        """The work goes on: do not give it to another node yet."""
        await self._message.in_progress()

    async def hand_back(self, delay: float = 0.0) -> None:
        """Give the work to another node now (or after `delay` seconds)."""
        await self._message.nak(delay or None)
