"""Codec, identity, chain and audit, as properties."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from healthgym.bus.audit import verify, verify_lines
from healthgym.bus.errors import CorruptLog, UnknownEvent
from healthgym.bus.events import (
    REGISTRY,
    ActionRejected,
    Draft,
    EpisodeEnded,
    Generation,
    Head,
    Recorded,
    Sampling,
    ToolCalled,
    canonical,
    decode,
    digest,
    episode,
    seal,
)

text = st.text(max_size=30)
floats = st.floats(allow_nan=False, allow_infinity=False, width=32)
json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | floats | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
generation = st.none() | st.builds(
    Generation,
    forced=st.lists(st.integers(0, 1023), max_size=5),
    sampled=st.lists(st.integers(0, 1023), max_size=5),
    logprobs=st.lists(floats, max_size=5),
    policy=text,
    policy_version=text,
    tokenizer=text,
    sampling=st.builds(Sampling, temperature=floats, seed=st.integers(0, 9)),
)
payload = st.one_of(
    st.builds(
        ToolCalled,
        tool=text,
        arguments=st.dictionaries(text, json, max_size=3),
        raw=text,
        turn=st.integers(1, 50),
        generation=generation,
    ),
    st.builds(ActionRejected, raw=text, reason=text, turn=st.integers(1, 50)),
    st.builds(EpisodeEnded, reason=st.just("submitted"), turns=st.integers(0, 50)),
)
drafts = st.lists(st.builds(Draft, data=payload, at=st.integers(0, 2**50)), min_size=1, max_size=6)
NAME = episode("alice", "e1")


def stored(drafted: list[Draft]) -> list[Recorded]:
    sealed = seal("gym", Head(aggregate=NAME), drafted)
    return [
        Recorded(sequence=i, event=event, body=canonical(event))
        for i, event in enumerate(sealed, 1)
    ]


@given(drafts)
def test_decoding_gives_back_the_event_and_its_bytes(drafted: list[Draft]) -> None:
    for recorded in stored(drafted):
        again = decode(recorded.body)
        assert again == recorded.event
        assert canonical(again) == recorded.body


@given(drafts)
def test_the_same_drafts_give_the_same_ids_and_another_gym_other_ids(drafted: list[Draft]) -> None:
    ids = [e.id for e in seal("gym", Head(aggregate=NAME), drafted)]
    assert ids == [r.event.id for r in stored(drafted)]
    assert not set(ids) & {e.id for e in seal("other", Head(aggregate=NAME), drafted)}


@given(drafts, st.data())
def test_any_flipped_byte_is_found(drafted: list[Draft], data: st.DataObject) -> None:
    lines = [r.body for r in stored(drafted)]
    assert verify_lines(lines, "gym").problems == []
    line = data.draw(st.integers(0, len(lines) - 1))
    at = data.draw(st.integers(0, len(lines[line]) - 1))
    flipped = bytearray(lines[line])
    flipped[at] ^= 1 << data.draw(st.integers(0, 7))
    lines[line] = bytes(flipped)
    report = verify_lines(lines, "gym")
    honest = verify(stored(drafted), "gym")
    assert report.problems or report.root != honest.root


def test_a_removed_reordered_or_edited_event_names_its_place() -> None:
    chain = stored([Draft(data=EpisodeEnded(reason="submitted", turns=i)) for i in range(4)])
    assert verify(chain, "gym").problems == []
    removed = verify([*chain[:1], *chain[2:]], "gym").problems
    assert (removed[0].n, removed[0].what) == (3, "position 3 follows 1")
    edited = msgspec.structs.replace(chain[1].event, data=EpisodeEnded(reason="deadline", turns=1))
    forged = Recorded(sequence=2, event=edited, body=canonical(edited))
    (problem,) = verify([chain[0], forged, *chain[2:]], "gym").problems
    assert problem.n == 2
    assert "the content gives" in problem.what


def test_the_last_event_cannot_be_changed_without_changing_the_root() -> None:
    chain = stored([Draft(data=EpisodeEnded(reason="submitted", turns=i)) for i in range(2)])
    assert verify(chain, "gym").root != verify(chain[:1], "gym").root


def test_unknown_and_broken_bodies_are_typed_errors() -> None:
    body = stored([Draft(data=EpisodeEnded(reason="submitted", turns=1))])[0].body
    with pytest.raises(UnknownEvent, match="EpisodeEnded version 7"):
        decode(body.replace(b'"version":1', b'"version":7'))
    with pytest.raises(CorruptLog, match="Expected `int`"):
        decode(body.replace(b'"turns":1', b'"turns":"one"'))
    with pytest.raises(CorruptLog):
        decode(body[:-4])


def test_fields_added_later_do_not_break_old_readers() -> None:
    body = stored([Draft(data=EpisodeEnded(reason="submitted", turns=1))])[0].body
    newer = body.replace(b'"turns":1', b'"turns":1,"mood":"good"')
    assert decode(newer).data == EpisodeEnded(reason="submitted", turns=1)


def test_every_event_type_is_documented_and_versioned() -> None:
    for (name, version), cls in REGISTRY.items():
        assert cls.__doc__, name
        assert version >= 1
    assert digest(b"") == "cae66941d9efbd404e4d88758ea67670"
