"""Names for weights: digests of a base model's folder, and the header of an adapter's bytes.

An adapter is one safetensors object. Its PEFT configuration stands in the header's metadata under
`peft`, so the bytes alone are enough to use it.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from .errors import CorruptLog

_CHUNK = 1 << 20


def _digest(files: list[Path]) -> str:
    h = hashlib.blake2b(digest_size=16)
    for file in files:
        h.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                h.update(chunk)
    return h.hexdigest()


def policy_digest(folder: Path) -> str:
    """Id of a base model: digest of its configuration and weights. Raises OSError if unreadable."""
    return _digest([folder / "config.json", *sorted(folder.glob("*.safetensors"))])


def tokenizer_digest(folder: Path) -> str:
    """Digest of the tokenizer's files. Raises OSError if unreadable."""
    return _digest(sorted([*folder.glob("tokenizer*.json"), *folder.glob("chat_template*")]))


def adapter_config(adapter: bytes) -> dict[str, Any]:
    """The PEFT configuration inside an adapter. Raises CorruptLog where there is none."""
    try:
        length = int.from_bytes(adapter[:8], "little")
        header = json.loads(adapter[8 : 8 + length])
        config = json.loads(header["__metadata__"]["peft"])
    except (ValueError, KeyError, TypeError) as error:
        raise CorruptLog(f"not an adapter: {error}") from error
    if not isinstance(config, dict):
        raise CorruptLog("not an adapter: its configuration is no object")
    return config
