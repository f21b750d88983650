"""Adapters as bytes: one safetensors object with its PEFT configuration inside, never a pickle."""

import hashlib
import json
from typing import Any

from ..bus.errors import BusError
from ..bus.weights import adapter_config
from .errors import BadAdapter

NAME = "default"
"""The name under which PEFT holds the one adapter that is trained."""
_KEPT = ("peft_type", "task_type", "r", "lora_alpha", "lora_dropout", "target_modules", "bias")


def config_of(model: Any) -> dict[str, Any]:
    """The PEFT configuration of the trained adapter, as plain JSON."""
    config = model.peft_config[NAME].to_dict()
    plain = {key: config[key] for key in _KEPT}
    plain["target_modules"] = sorted(plain["target_modules"])
    plain["peft_type"] = str(getattr(plain["peft_type"], "value", plain["peft_type"]))
    plain["task_type"] = str(getattr(plain["task_type"], "value", plain["task_type"]))
    return plain


def dump(model: Any) -> bytes:
    """The trained adapter's bytes: the same weights give the same bytes."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save

    state = get_peft_model_state_dict(model, adapter_name=NAME)
    tensors = {key: state[key].detach().cpu().contiguous() for key in sorted(state)}
    # One key only: safetensors writes several in no fixed order.
    metadata = {"peft": json.dumps(config_of(model), sort_keys=True)}
    return bytes(save(tensors, metadata=metadata))


def restore(model: Any, adapter: bytes) -> None:
    """Load an adapter's bytes into the model. Raises BadAdapter where they do not fit."""
    from peft import get_peft_model_state_dict, set_peft_model_state_dict
    from safetensors import SafetensorError
    from safetensors.torch import load

    try:
        theirs, ours = adapter_config(adapter), config_of(model)
        state = load(adapter)
    except (BusError, SafetensorError) as error:
        raise BadAdapter(str(error)) from error
    different = [k for k in ("r", "lora_alpha", "target_modules") if theirs.get(k) != ours[k]]
    if different:
        raise BadAdapter(f"the adapter differs in {', '.join(different)}")
    own = get_peft_model_state_dict(model, adapter_name=NAME)
    shapes = {k: tuple(v.shape) for k, v in own.items()}
    if {k: tuple(v.shape) for k, v in state.items()} != shapes:
        raise BadAdapter("the adapter's tensors are those of another model")
    set_peft_model_state_dict(model, state, adapter_name=NAME)


def sha256(adapter: bytes) -> str:
    """SHA-256 of an adapter's bytes, in hexadecimal."""
    return hashlib.sha256(adapter).hexdigest()
