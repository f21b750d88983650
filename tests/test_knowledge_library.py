"""Texts from outside become passages; an episode names the library it was played with."""

import tarfile
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from healthgym.__main__ import app
from healthgym.agents.toolcall import render
from healthgym.bus.episode import fold
from healthgym.bus.events import Event
from healthgym.bus.view import Action
from healthgym.environments.replay import replay
from healthgym.environments.run import play
from healthgym.environments.session import request
from healthgym.knowledge import library
from healthgym.knowledge.corpora import passages_of, pieces
from healthgym.knowledge.errors import BadCorpus, UnknownFormat, UnknownLibrary
from healthgym.knowledge.tasks import tasks

QA = """<?xml version="1.0"?><Document id="1" source="T" url="https://example.org/zebra">
<QAPairs><QAPair pid="1"><Question qid="1-1">What is zebroid fever?</Question>
<Answer>Zebroid fever is made up for this test. It has no cause.</Answer></QAPair>
<QAPair pid="2"><Question qid="1-2">Who?</Question><Answer/></QAPair></QAPairs></Document>"""
CNX = """<document xmlns="http://cnx.rice.edu/cnxml"><title>Stripes</title><content>
<para>Zebroid stripes <term>alternate</term>.</para>
<section><title>Kinds</title><para>Broad<figure><title>no</title></figure> and
narrow.</para></section></content></document>"""


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, Path]:
    """A small corpus of every format."""
    with tarfile.open(tmp_path / "qa.tar.gz", "w:gz") as archive:
        member = tarfile.TarInfo("5_T_QA/0001.xml")
        member.size = len(QA.encode())
        archive.addfile(member, BytesIO(QA.encode()))
    module = tmp_path / "books" / "m1" / "index.cnxml"
    module.parent.mkdir(parents=True)
    module.write_text(CNX)
    lines = tmp_path / "own.jsonl"
    lines.write_text(
        '{"id": "a-1", "title": "Ward", "text": "Zebroid ward rules.", "source": "x"}\n'
    )
    return {"medquad": tmp_path / "qa.tar.gz", "openstax": module.parent.parent, "jsonl": lines}


@pytest.fixture
def built(sources: dict[str, Path], tmp_path: Path) -> Iterator[library.Manifest]:
    """A library that is open in this process."""
    library.build(tmp_path / "library", list(sources.items()))
    yield library.attach(tmp_path / "library")
    library._open.clear()


def test_each_format_is_read(sources: dict[str, Path]) -> None:
    found = {name: list(passages_of(name, path)) for name, path in sources.items()}
    answer = found["medquad"][0]
    assert (answer.id, answer.title) == ("medquad:5-0001-1:1", "What is zebroid fever?")
    assert answer.source.startswith("https://example.org/zebra; MedQuAD")
    assert len(found["medquad"]) == 1  # the pair without an answer is none
    assert [(p.title, p.text) for p in found["openstax"]] == [
        ("Stripes", "Zebroid stripes alternate."),
        ("Stripes: Kinds", "Broad and narrow."),
    ]
    assert [p.id for p in found["jsonl"]] == ["jsonl:a-1:1"]


@given(st.lists(st.integers(1, 250), max_size=8))
def test_pieces_keep_every_word_in_order(sentences: list[int]) -> None:
    text = " ".join("W" + " w" * (n - 1) + "." for n in sentences)
    found = list(pieces(text))
    assert " ".join(found) == text
    assert all(0 < len(p.split()) <= 100 for p in found)


def test_a_library_finds_both_ours_and_theirs(built: library.Manifest) -> None:
    ids = {p.id for p in library.search("zebroid", generation=built.generation)}
    assert ids == {"medquad:5-0001-1:1", "openstax:m1-1:1", "jsonl:a-1:1"}
    only = library.search("zebroid", kind="openstax", generation=built.generation)
    assert [p.kind for p in only] == ["openstax"]
    same = [
        library.search("warfarin dose", kind="drug", generation=g) for g in ("", built.generation)
    ]
    assert same[0][0] == same[1][0]
    assert library.search("zebroid") == []
    one = library.passage("jsonl:a-1:1", built.generation)
    assert one is not None
    assert one.text == "Zebroid ward rules."


def test_the_generation_is_the_content(sources: dict[str, Path], tmp_path: Path) -> None:
    pairs = list(sources.items())
    first, again = (library.build(tmp_path / name, pairs) for name in ("l1", "l2"))
    assert first == again
    assert library.build(tmp_path / "l3", pairs[:1]).generation != first.generation


@pytest.mark.parametrize(
    ("name", "body", "message"),
    [
        ("jsonl", b'{"id": "a", "title": 3, "text": ""}', r"bad.jsonl line 1: .*\$.title"),
        ("jsonl", b'{"id": "a:b", "title": "t", "text": ""}', "line 1: id must be letters"),
        ("medquad", b"<Document><QAPairs>", "no well-formed XML"),
        ("medquad", b"<!DOCTYPE x [<!ENTITY a 'b'>]><x/>", "has a DOCTYPE"),
        ("openstax", b"", "no well-formed XML"),
    ],
)
def test_a_broken_text_is_named(tmp_path: Path, name: str, body: bytes, message: str) -> None:
    endings = {"jsonl": "jsonl", "medquad": "xml", "openstax": "cnxml"}
    path = tmp_path / f"bad.{endings[name]}"
    path.write_bytes(body)
    with pytest.raises(BadCorpus, match=message):
        library.build(tmp_path / "out", [(name, path)])
    assert not (tmp_path / "out").exists()


def test_what_is_no_corpus_is_refused(sources: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UnknownFormat, match="did you mean medquad"):
        library.build(tmp_path / "out", [("medqad", tmp_path)])
    with pytest.raises(BadCorpus, match=r"no file that ends in \.xml"):
        library.build(tmp_path / "out", [("medquad", sources["openstax"])])
    (tmp_path / "cut.tar.gz").write_bytes(sources["medquad"].read_bytes()[:60])
    with pytest.raises(BadCorpus, match=r"cut\.tar\.gz: cannot be read"):
        library.build(tmp_path / "out", [("medquad", tmp_path / "cut.tar.gz")])
    with pytest.raises(BadCorpus, match="comes twice"):
        library.build(tmp_path / "out", [("jsonl", sources["jsonl"])] * 2)
    with pytest.raises(BadCorpus, match="is not empty"):
        library.build(tmp_path, [])
    with pytest.raises(BadCorpus, match="no library"):
        library.attach(tmp_path)


def test_a_build_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    texts, out = tmp_path / "a.jsonl", tmp_path / "out"
    line = b'{"id": "a", "title": "t", "text": "%s"}\n'
    texts.write_bytes(line % b"")
    with pytest.raises(BadCorpus, match="no text"):
        library.build(out, [("jsonl", texts)])
    texts.write_bytes(line % b"x" + line % b"x")
    with pytest.raises(BadCorpus, match="comes twice"):
        library.build(out, [("jsonl", texts)])
    assert list(tmp_path.iterdir()) == [texts]
    with pytest.raises(BadCorpus, match="is a file"):
        library.build(texts, [])
    texts.write_bytes(b"\xef\xbb\xbf" + line % b"x")
    assert library.build(out, [("jsonl", texts)]).passages["jsonl"] == 1


def test_a_source_without_its_path_is_refused(tmp_path: Path) -> None:
    call = ["knowledge", "build", str(tmp_path / "out"), "--from", "jsonl"]
    result = CliRunner().invoke(app, call)
    assert result.exit_code == 1
    assert "expected FORMAT=PATH" in result.output


def test_a_library_of_other_facts_is_refused(built: library.Manifest, tmp_path: Path) -> None:
    file = tmp_path / "library" / "library.json"
    file.write_bytes(msgspec.json.encode(msgspec.structs.replace(built, own="0")))
    with pytest.raises(BadCorpus, match="build again"):
        library.attach(tmp_path / "library")


def searched(generation: str) -> list[Event]:
    calls = iter([("search", {"query": "zebroid"}), ("submit_answer", {})])
    asked = request(tasks("medical_qa")[0], agent="t", library=generation or msgspec.UNSET)
    return play(asked, lambda _: Action(raw=render(*next(calls))))


def test_an_episode_names_its_library_and_replays_only_with_it(built: library.Manifest) -> None:
    events = searched(built.generation)
    observation = fold(events).turns[0].observation
    assert observation is not None
    assert observation.content["found"] == 3
    assert replay(events).verdict == "same"
    library._open.clear()
    assert replay(events).verdict == "other version"
    with pytest.raises(UnknownLibrary):
        library.search("zebroid", generation=built.generation)
    assert b"library" not in msgspec.json.encode(searched("")[0])


def test_on_the_command_line(sources: dict[str, Path], tmp_path: Path) -> None:
    run = CliRunner().invoke
    place = str(tmp_path / "cli")
    made = run(app, ["knowledge", "build", place, "--from", f"jsonl={sources['jsonl']}"])
    assert made.exit_code == 0, made.output
    assert "1 passages" in made.output
    found = run(app, ["knowledge", "search", "zebroid", "--library", place, "--json"])
    assert "jsonl:a-1:1" in found.output
    wrong = run(app, ["knowledge", "search", "zebroid", "--library", str(tmp_path), "--json"])
    assert wrong.exit_code == 1
    library._open.clear()
