"""Random content comes back from the engine unchanged, or is refused with a typed error."""

import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.errors import InvalidInput
from hindsight_teams.models import TAGS_MATCHES, RetainItem, TagsMatch
from hindsight_teams.requests.tags import matches

ANY = st.text(st.characters(), max_size=120)
STORABLE = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1, max_size=80).filter(str.strip)
SPECIAL = st.text("\"*^:(){}[]+-~%_;\\'$ \t\nANDORNEARé東ไ§🍵", max_size=40)
PATIENT = settings(deadline=None, max_examples=3 * settings().max_examples // 2)


@pytest.fixture(scope="module")
def shared() -> Iterator[SQLiteBackend]:
    with tempfile.TemporaryDirectory() as folder:
        backend = SQLiteBackend(Path(folder) / "memory.db")
        backend.retain("b", "Nora prefers green tea")
        yield backend
        backend.close()


@PATIENT
@given(
    content=ANY,
    context=st.none() | ANY,
    tags=st.lists(ANY, max_size=4),
    metadata=st.dictionaries(ANY, ANY, max_size=4),
    document=st.none() | ANY,
    timestamp=st.none() | st.datetimes(),
    entities=st.lists(ANY, max_size=3),
)
def test_a_retain_comes_back_as_it_was_or_is_refused(
    shared: SQLiteBackend,
    content: str,
    context: str | None,
    tags: list[str],
    metadata: dict[str, str],
    document: str | None,
    timestamp: datetime | None,
    entities: list[str],
) -> None:
    shared.delete_bank("f")
    item = RetainItem(content, timestamp, context, metadata, tags, document, entities=entities)
    try:
        shared.retain_batch("f", [item])
    except InvalidInput:
        assert shared.list_memories("f").total == 0
        return
    (memory,) = shared.list_memories("f").memories
    assert memory.text == content.strip()
    assert memory.context == context
    assert memory.metadata == metadata
    assert memory.tags == tuple(dict.fromkeys(tags))
    assert memory.document_id == document
    if timestamp is not None:
        assert memory.mentioned_at == timestamp.replace(tzinfo=UTC)
    found = shared.recall("f", content, max_tokens=100_000).results
    assert [m.text for m in found] == [memory.text] or not tokens.terms(content)


@PATIENT
@given(query=ANY | SPECIAL)
def test_no_query_breaks_recall(shared: SQLiteBackend, query: str) -> None:
    try:
        found = shared.recall("b", query).results
    except InvalidInput:
        assert not query.strip()
        return
    assert [m.text for m in found] in ([], ["Nora prefers green tea"])


@PATIENT
@given(bank=ANY)
def test_no_bank_id_reaches_another_bank(shared: SQLiteBackend, bank: str) -> None:
    try:
        assert bank == "b" or shared.list_memories(bank).total == 0 or bank == "f"
    except InvalidInput:
        pass


@pytest.mark.slow
@PATIENT
@given(
    stored=st.lists(st.sets(st.sampled_from("abc")), min_size=1, max_size=6),
    asked=st.lists(st.sampled_from("abcz"), max_size=3),
    match=st.sampled_from(TAGS_MATCHES),
)
def test_filters_let_through_what_the_table_says(
    shared: SQLiteBackend, stored: list[set[str]], asked: list[str], match: TagsMatch
) -> None:
    shared.delete_bank("t")
    shared.retain_batch("t", [RetainItem(f"tea number {i}", tags=sorted(tags)) for i, tags in enumerate(stored)])
    expected = sorted(f"tea number {i}" for i, tags in enumerate(stored) if matches(asked, match, tags))
    groups = [{"not": {"tags": asked, "match": match}}]
    assert sorted(m.text for m in shared.recall("t", "tea", tags=asked, tags_match=match).results) == expected
    assert sorted(m.text for m in shared.list_memories("t", tags=asked, tags_match=match).memories) == expected
    others = {m.text for m in shared.recall("t", "tea", tag_groups=groups).results}
    assert sorted(others | set(expected)) == sorted(f"tea number {i}" for i in range(len(stored)))
    assert others.isdisjoint(expected)


@PATIENT
@given(text=ANY | STORABLE)
def test_terms_are_plain_tokens_of_the_index(text: str) -> None:
    for term in tokens.terms(text):
        assert term
        assert not any(c.isspace() or c in "\"'§" for c in term)


@pytest.mark.slow
@PATIENT
@given(texts=st.lists(STORABLE, min_size=1, max_size=8, unique_by=str.strip))
def test_deleting_everything_leaves_an_empty_and_sound_file(shared: SQLiteBackend, texts: list[str]) -> None:
    receipt = shared.retain_batch("d", [RetainItem(text) for text in texts])
    assert shared.delete_memories("d", ids=receipt.memory_ids) == len(set(receipt.memory_ids))
    assert shared.list_memories("d").total == 0
    assert shared.check().ok
