"""Other memories and indexes behind one interface, so that one run measures them alike.

Vectors come from outside for all that need them: either MiniLM's, or cheap ones that cost nothing to make and so show
the engine's own cost. What is not installed is skipped, and says so.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

DIMENSIONS = 384
Embed = Callable[[Sequence[str]], list[list[float]]]


class Missing(Exception):
    """The engine is not installed."""


class Engine(Protocol):
    """An engine under test."""

    name: str

    def fill(self, items: Sequence[tuple[str, str]]) -> None:
        """Store texts with their authors in bulk."""

    def add(self, author: str, text: str) -> None:
        """Store one text."""

    def search(self, query: str, k: int) -> list[str]:
        """The best texts."""

    def close(self) -> None:
        """Give everything back."""


def cheap_vectors(texts: Sequence[str]) -> list[list[float]]:
    """Vectors of no meaning: each word adds one to a component that its hash names."""
    out = []
    for text in texts:
        vector = [0.0] * DIMENSIONS
        for word in text.lower().split():
            vector[int.from_bytes(hashlib.blake2b(word.encode(), digest_size=4).digest(), "big") % DIMENSIONS] += 1.0
        out.append(vector)
    return out


def minilm() -> Embed:
    """The vectors of the ``[minilm]`` extra, each made once."""
    from hindsight_teams.backends.sqlite.search.embedders import MiniLM

    model = MiniLM()
    known: dict[str, list[float]] = {}

    def embed(texts: Sequence[str]) -> list[list[float]]:
        fresh = [text for text in dict.fromkeys(texts) if text not in known]
        if fresh:
            known.update(zip(fresh, ([float(x) for x in v] for v in model.embed(fresh)), strict=True))
        return [known[text] for text in texts]

    return embed


def need(*packages: str) -> None:
    """Skip an engine whose packages are not there."""
    for package in packages:
        if importlib.util.find_spec(package) is None:
            raise Missing(f"{package} is not installed")


class Ours:
    """The embedded engine, as it is by default."""

    name = "hindsight_teams, no vectors"

    def __init__(self, folder: Path, embed: Embed | None) -> None:
        from hindsight_teams.backends.sqlite import SQLiteBackend

        self.backend = SQLiteBackend(folder / "memory.db")

    def fill(self, items: Sequence[tuple[str, str]]) -> None:
        """Store texts in bulk."""
        from hindsight_teams.models import RetainItem

        self.backend.retain_batch("b", [RetainItem(text, metadata={"author": author}) for author, text in items])

    def add(self, author: str, text: str) -> None:
        """Store one text."""
        self.backend.retain("b", text, metadata={"author": author})

    def search(self, query: str, k: int) -> list[str]:
        """The best texts."""
        return [m.text for m in self.backend.recall("b", query).results[:k]]

    def close(self) -> None:
        """Close the file."""
        self.backend.close()


class OursWithVectors(Ours):
    """The embedded engine with vectors from outside."""

    name = "hindsight_teams"

    def __init__(self, folder: Path, embed: Embed | None) -> None:
        from hindsight_teams.backends.sqlite import SQLiteBackend

        made = embed or cheap_vectors
        self.backend = SQLiteBackend(folder / "memory.db", embedder=lambda text: made([text])[0])


class LanceHybrid:
    """LanceDB: full-text index and vectors, fused by its own reranker."""

    name = "LanceDB hybrid"

    def __init__(self, folder: Path, embed: Embed | None) -> None:
        need("lancedb", "pyarrow")
        import lancedb
        import pyarrow as pa

        self.embed = embed or cheap_vectors
        fields = [("vector", pa.list_(pa.float32(), DIMENSIONS)), ("text", pa.string())]
        self.table: Any = lancedb.connect(str(folder)).create_table("memories", schema=pa.schema(fields))

    def fill(self, items: Sequence[tuple[str, str]]) -> None:
        """Store texts in bulk and index them."""
        texts = [f"{author}: {text}" for author, text in items]
        self.table.add([{"vector": v, "text": t} for v, t in zip(self.embed(texts), texts, strict=True)])
        self.table.create_fts_index("text", replace=True)

    def add(self, author: str, text: str) -> None:
        """Store one text."""
        self.table.add([{"vector": self.embed([text])[0], "text": f"{author}: {text}"}])

    def search(self, query: str, k: int) -> list[str]:
        """The best texts."""
        plain = "".join(c if c.isalnum() else " " for c in query)
        found = self.table.search(query_type="hybrid").vector(self.embed([query])[0]).text(plain).limit(k).to_list()
        return [row["text"].split(": ", 1)[1] for row in found]

    def close(self) -> None:
        """Nothing to close."""


class Chroma:
    """Chroma, persistent, with vectors from outside."""

    name = "Chroma"

    def __init__(self, folder: Path, embed: Embed | None) -> None:
        need("chromadb")
        import chromadb

        self.embed = embed or cheap_vectors
        settings = chromadb.Settings(anonymized_telemetry=False)
        client = chromadb.PersistentClient(path=str(folder), settings=settings)
        self.collection: Any = client.create_collection("memories", embedding_function=None)
        self.count = 0

    def fill(self, items: Sequence[tuple[str, str]]) -> None:
        """Store texts in bulk."""
        for start in range(0, len(items), 5_000):
            self._put([f"{author}: {text}" for author, text in items[start : start + 5_000]])

    def _put(self, texts: list[str]) -> None:
        ids = [str(self.count + i) for i in range(len(texts))]
        self.count += len(texts)
        self.collection.add(ids=ids, documents=texts, embeddings=self.embed(texts))

    def add(self, author: str, text: str) -> None:
        """Store one text."""
        self._put([f"{author}: {text}"])

    def search(self, query: str, k: int) -> list[str]:
        """The best texts."""
        found = self.collection.query(query_embeddings=self.embed([query]), n_results=k)["documents"][0]
        return [text.split(": ", 1)[1] for text in found]

    def close(self) -> None:
        """Nothing to close."""


class Mem0:
    """mem0 without inference over local Qdrant, with vectors from outside."""

    name = "mem0 (infer=False)"

    def __init__(self, folder: Path, embed: Embed | None) -> None:
        need("mem0", "qdrant_client")
        os.environ.setdefault("MEM0_TELEMETRY", "False")
        os.environ.setdefault("MEM0_DIR", str(folder / "home"))
        from mem0 import Memory

        store = {"path": str(folder / "qdrant"), "embedding_model_dims": DIMENSIONS, "on_disk": True}
        self.memory: Any = Memory.from_config(
            {
                "vector_store": {"provider": "qdrant", "config": store},
                "llm": {"provider": "openai", "config": {"api_key": "unused"}},
                "embedder": {"provider": "openai", "config": {"api_key": "unused"}},
                "history_db_path": str(folder / "history.db"),
            }
        )
        made = embed or cheap_vectors

        class Embedder:
            def embed(self, text: str, *_: object, **__: object) -> list[float]:
                return made([text])[0]

            def embed_batch(self, texts: list[str], *_: object, **__: object) -> list[list[float]]:
                return made(texts)

        self.memory.embedding_model = Embedder()

    def fill(self, items: Sequence[tuple[str, str]]) -> None:
        """Store texts one by one: it has no bulk call."""
        for author, text in items:
            self.add(author, text)

    def add(self, author: str, text: str) -> None:
        """Store one text."""
        self.memory.add(f"{author}: {text}", user_id="b", infer=False)

    def search(self, query: str, k: int) -> list[str]:
        """The best texts."""
        try:
            found = self.memory.search(query, filters={"user_id": "b"}, top_k=k)
        except (TypeError, ValueError):  # before 1.0 of its second interface
            found = self.memory.search(query, user_id="b", limit=k)
        return [row["memory"].split(": ", 1)[1] for row in found["results"]]

    def close(self) -> None:
        """Let go of the store's lock."""
        client = getattr(self.memory.vector_store, "client", None)
        if client is not None:
            client.close()


class Bm25s:
    """bm25s with Snowball stems, as the embedded engine has: an index in memory, made anew for each addition."""

    name = "bm25s"

    def __init__(self, folder: Path, embed: Embed | None) -> None:
        need("bm25s", "Stemmer")
        import Stemmer

        self.stemmer = Stemmer.Stemmer("english")
        self.texts: list[str] = []
        self.index: Any = None

    def fill(self, items: Sequence[tuple[str, str]]) -> None:
        """Index everything anew."""
        import bm25s

        self.texts += [f"{author}: {text}" for author, text in items]
        self.index = bm25s.BM25()
        tokens = bm25s.tokenize(self.texts, stopwords="en", stemmer=self.stemmer, show_progress=False)
        self.index.index(tokens, show_progress=False)

    def add(self, author: str, text: str) -> None:
        """Index everything anew."""
        self.fill([(author, text)])

    def search(self, query: str, k: int) -> list[str]:
        """The best texts."""
        import bm25s

        tokens = bm25s.tokenize(query, stopwords="en", stemmer=self.stemmer, show_progress=False)
        found, _ = self.index.retrieve(tokens, k=min(k, len(self.texts)), show_progress=False)
        return [self.texts[int(i)].split(": ", 1)[1] for i in found[0]]

    def close(self) -> None:
        """Nothing to close."""


class AgnoMemory:
    """Agno's MemoryManager over SQLite: the newest memories, since its search by content asks a model."""

    name = "Agno MemoryManager"

    def __init__(self, folder: Path, embed: Embed | None) -> None:
        need("agno", "sqlalchemy", "greenlet")
        from agno.db.sqlite import SqliteDb
        from agno.memory import MemoryManager

        self.manager: Any = MemoryManager(db=SqliteDb(db_file=str(folder / "agno.db")))

    def fill(self, items: Sequence[tuple[str, str]]) -> None:
        """Store texts one by one: it has no bulk call."""
        for author, text in items:
            self.add(author, text)

    def add(self, author: str, text: str) -> None:
        """Store one text."""
        from agno.db.schemas import UserMemory

        self.manager.add_user_memory(UserMemory(memory=f"{author}: {text}"), user_id="b")

    def search(self, query: str, k: int) -> list[str]:
        """The newest texts."""
        found = self.manager.search_user_memories(query=query, limit=k, retrieval_method="last_n", user_id="b")
        return [m.memory.split(": ", 1)[1] for m in found or []]

    def close(self) -> None:
        """Nothing to close."""


ENGINES: tuple[Callable[[Path, Embed | None], Engine], ...] = (
    OursWithVectors,
    Ours,
    LanceHybrid,
    Chroma,
    Bm25s,
    Mem0,
    AgnoMemory,
)
