import asyncio
import inspect
import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hindsight_teams.backends.base import Backend, MemoryBackend
from hindsight_teams.backends.sqlite import SQLiteBackend
from hindsight_teams.errors import BankNotFound, InvalidInput
from hindsight_teams.models import RetainItem, TagsMatch
from hindsight_teams.requests.tags import matches


def texts(backend: SQLiteBackend, bank: str = "b") -> list[str]:
    return [m.text for m in backend.list_memories(bank).memories]


def test_it_is_a_memory_backend(backend: SQLiteBackend) -> None:
    typed: MemoryBackend = backend
    assert isinstance(typed, MemoryBackend)


def test_every_twin_takes_what_its_verb_takes(backend: SQLiteBackend) -> None:
    twins = [name for name in dir(Backend) if name.startswith("a") and hasattr(Backend, name[1:])]
    assert {"aretain", "arecall", "areflect", "adelete_memories", "alist_repeats", "aclose"} <= set(twins)
    for name in twins:
        mine, other = (inspect.signature(getattr(backend, n)) for n in (name, name[1:]))
        assert mine == other


def test_a_memory_comes_back_as_it_was_given(backend: SQLiteBackend) -> None:
    when = datetime(2024, 5, 7, 12, 30, tzinfo=UTC)
    receipt = backend.retain(
        "b",
        "Nora prefers green tea",
        timestamp=when,
        context="kitchen talk",
        metadata={"author": "nora", "session": "s-1"},
        tags=["drinks", "author:nora"],
        document_id="talk-1",
        entities=["Nora"],
    )
    (memory,) = backend.recall("b", "green tea").results
    assert receipt.memory_ids == (memory.id,)
    assert receipt.document_ids == ("talk-1",) == (memory.document_id,)
    assert (memory.text, memory.context, memory.author) == ("Nora prefers green tea", "kitchen talk", "nora")
    assert memory.metadata == {"author": "nora", "session": "s-1"}
    assert memory.tags == ("drinks", "author:nora")
    assert (memory.mentioned_at, memory.occurred_at) == (when, None)
    assert "Nora" in memory.entities


def test_memory_outlives_the_backend(path: object, backend: SQLiteBackend) -> None:
    backend.retain("b", "Nora prefers green tea")
    backend.close()
    again = SQLiteBackend(str(path))
    assert texts(again) == ["Nora prefers green tea"]
    again.close()


def test_banks_do_not_see_each_other(backend: SQLiteBackend) -> None:
    backend.retain("a", "Nora prefers green tea")
    backend.retain("b", "Omar prefers black tea")
    assert [m.text for m in backend.recall("a", "who prefers tea").results] == ["Nora prefers green tea"]
    assert backend.recall("c", "tea").results == []
    assert [b.bank_id for b in backend.list_banks()] == ["a", "b"]


def test_a_prefix_of_banks_is_taken_literally(backend: SQLiteBackend) -> None:
    for bank in ("team:a", "team:b", "tea_:c", "other"):
        backend.ensure_bank(bank)
    assert [b.bank_id for b in backend.list_banks(prefix="team:")] == ["team:a", "team:b"]
    assert [b.bank_id for b in backend.list_banks(prefix="tea_")] == ["tea_:c"]


def test_the_same_retain_twice_is_one_memory(backend: SQLiteBackend) -> None:
    first = backend.retain("b", "Nora prefers green tea", tags=["x", "y"])
    second = backend.retain("b", "  Nora prefers green tea ", tags=["y", "x"])
    assert first.memory_ids == second.memory_ids
    assert backend.bank_stats("b").memories == 1


def test_the_same_words_of_another_author_or_tag_are_another_memory(backend: SQLiteBackend) -> None:
    backend.retain("b", "I like tea", metadata={"author": "nora"})
    backend.retain("b", "I like tea", metadata={"author": "omar"})
    backend.retain("b", "I like tea", metadata={"author": "omar"}, tags=["user:omar"])
    assert backend.bank_stats("b").memories == 3


def test_a_document_is_replaced_by_its_next_retain(backend: SQLiteBackend) -> None:
    backend.retain("b", "The office is in Lisbon", document_id="office")
    backend.retain("b", "The office is in Porto", document_id="office")
    assert texts(backend) == ["The office is in Porto"]
    assert backend.recall("b", "Lisbon").results == []
    assert backend.bank_stats("b").documents == 1


def test_a_document_retained_unchanged_keeps_its_memories(backend: SQLiteBackend) -> None:
    items = [RetainItem("one", document_id="d"), RetainItem("two", document_id="d")]
    first = backend.retain_batch("b", items)
    again = backend.retain_batch("b", items)
    longer = backend.retain_batch("b", [*items, RetainItem("three", document_id="d")])
    assert first.memory_ids == again.memory_ids == longer.memory_ids[:2]
    assert texts(backend) == ["one", "two", "three"]


def test_append_adds_to_a_document(backend: SQLiteBackend) -> None:
    backend.retain("b", "one", document_id="d")
    backend.retain("b", "two", document_id="d", update_mode="append")
    backend.retain("b", "two", document_id="d", update_mode="append")
    assert texts(backend) == ["one", "two"]


def test_documents_of_one_batch_are_kept_apart_and_in_order(backend: SQLiteBackend) -> None:
    backend.retain_batch(
        "b",
        [
            RetainItem("a1", document_id="a"),
            RetainItem("x"),
            RetainItem("b1", document_id="b"),
            RetainItem("a2", document_id="a"),
        ],
    )
    assert [m.text for m in backend.list_memories("b", document_id="a").memories] == ["a1", "a2"]
    assert [m.text for m in backend.list_memories("b", document_id="b").memories] == ["b1"]
    assert backend.list_memories("b", document_id="c").total == 0
    assert backend.bank_stats("b").memories == 4


def test_long_content_becomes_several_memories_of_one_document(backend: SQLiteBackend) -> None:
    long = " ".join(f"Sentence number {i} says something new." for i in range(300))
    receipt = backend.retain("b", long)
    assert len(receipt.memory_ids) > 3
    assert len(receipt.document_ids) == 1
    assert backend.retain("b", long).memory_ids == receipt.memory_ids
    assert " ".join(texts(backend)) == long


@pytest.mark.parametrize("match", ["any", "all", "any_strict", "all_strict", "exact"])
@pytest.mark.parametrize("asked", [[], ["a"], ["a", "b"], ["z"]])
def test_tags_match_as_on_a_server(backend: SQLiteBackend, match: TagsMatch, asked: list[str]) -> None:
    stored: list[list[str]] = [[], ["a"], ["b"], ["a", "b"], ["a", "b", "c"]]
    for tags in stored:
        backend.retain("b", f"tea {tags}", tags=tags)
    expected = {f"tea {tags}" for tags in stored if matches(asked, match, set(tags))}
    assert {m.text for m in backend.recall("b", "tea", tags=asked, tags_match=match).results} == expected
    page = backend.list_memories("b", tags=asked, tags_match=match)
    assert {m.text for m in page.memories} == expected
    assert page.total == len(expected)


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        ({"tags": ["a"]}, {"a", "a b"}),
        ({"and": [{"tags": ["a"]}, {"not": {"tags": ["b"]}}]}, {"a"}),
        ({"or": [{"tags": ["b"], "match": "exact"}, {"tags": ["a", "b"], "match": "all_strict"}]}, {"b", "a b"}),
        ({"not": {"tags": ["a", "b"]}}, {""}),
    ],
)
def test_boolean_tag_groups_select(backend: SQLiteBackend, group: dict[str, object], expected: set[str]) -> None:
    for tags in ("", "a", "b", "a b"):
        backend.retain("b", f"tea with {tags}", tags=tags.split())
    found = backend.recall("b", "tea", tag_groups=[group]).results
    assert {" ".join(m.tags) for m in found} == expected


def test_types_select(backend: SQLiteBackend) -> None:
    backend.retain("b", "tea")
    assert backend.recall("b", "tea", types=["observation"]).results == []
    assert len(backend.recall("b", "tea", types=["world", "experience"]).results) == 1


def test_recall_keeps_within_max_tokens(backend: SQLiteBackend) -> None:
    for i in range(20):
        backend.retain("b", f"tea number {i} " + "and more " * 10)
    found = backend.recall("b", "tea", max_tokens=100)
    assert 0 < sum(len(m.text) for m in found.results) <= 400
    assert "max_tokens" in found.notes[0]
    assert backend.recall("b", "tea", max_tokens=1).results == []


def test_a_query_that_names_nothing_gives_the_newest(backend: SQLiteBackend) -> None:
    for i in range(3):
        backend.retain("b", f"fact {i}", timestamp=datetime(2024, 1, 1 + i, tzinfo=UTC))
    assert [m.text for m in backend.recall("b", "what do you know?").results] == ["fact 2", "fact 1", "fact 0"]
    assert backend.recall("b", "???").results == []


def test_pages_are_oldest_first(backend: SQLiteBackend) -> None:
    for i in range(5):
        backend.retain("b", f"fact {i}", timestamp=datetime(2024, 1, 9 - i, tzinfo=UTC))
    page = backend.list_memories("b", limit=2, offset=1)
    assert ([m.text for m in page.memories], page.total) == (["fact 1", "fact 2"], 5)


def test_deleting_takes_what_meets_every_selection(backend: SQLiteBackend) -> None:
    one = backend.retain("b", "one", tags=["x"], document_id="d").memory_ids
    two = backend.retain("b", "two", tags=["x", "y"]).memory_ids
    backend.retain("b", "three", tags=["y"])
    other = backend.retain("c", "four", tags=["x"]).memory_ids
    assert backend.delete_memories("b", ids=other) == 0
    assert backend.delete_memories("b", ids=["", "nonsense", "1-zz", "-1", "1-01"]) == 0
    assert backend.delete_memories("b", ids=two, document_id="d") == 0
    assert backend.delete_memories("b", ids=one) == 1
    assert backend.delete_memories("b", tags=["x"]) == 1
    assert texts(backend) == ["three"]
    assert backend.bank_stats("b").documents == 0
    assert backend.delete_memories("nowhere", ids=one) == 0


def test_a_deleted_id_is_never_given_again(backend: SQLiteBackend) -> None:
    (first,) = backend.retain("b", "one").memory_ids
    backend.delete_memories("b", ids=[first])
    (second,) = backend.retain("b", "one").memory_ids
    backend.delete_bank("b")
    (third,) = backend.retain("b", "one").memory_ids
    assert len({first, second, third}) == 3


def test_a_deleted_bank_is_gone(backend: SQLiteBackend) -> None:
    backend.retain_batch("b", [RetainItem("one", document_id="d"), RetainItem("two")])
    backend.retain("c", "three")
    assert backend.delete_bank("b") == 2
    assert backend.delete_bank("b") == 0
    assert backend.recall("b", "one").results == []
    assert texts(backend, "c") == ["three"]
    with pytest.raises(BankNotFound):
        backend.bank_stats("b")


def test_ensure_bank_keeps_the_name(backend: SQLiteBackend) -> None:
    assert backend.ensure_bank("b", name="First").name == "First"
    assert backend.ensure_bank("b", name="Second").name == "First"


def test_tags_are_counted(backend: SQLiteBackend) -> None:
    backend.retain("b", "one", tags=["team:x", "a"])
    backend.retain("b", "two", tags=["team:y", "a"])
    assert [(t.tag, t.count) for t in backend.list_tags("b")] == [("a", 2), ("team:x", 1), ("team:y", 1)]
    assert [t.tag for t in backend.list_tags("b", pattern="team:*")] == ["team:x", "team:y"]
    assert backend.list_tags("b", pattern="team:?") == []
    assert backend.list_tags("nowhere") == []


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("私は東京に住んでいます。", "東京"),
        ("我住在北京市朝阳区", "北京"),
        ("저는 서울에서 일합니다", "서울"),
        ("ฉันชอบกินข้าวผัด", "ข้าวผัด"),
        ("ຂ້ອຍຢູ່ວຽງຈັນ", "ວຽງຈັນ"),
        ("मुझे हिंदी पसंद है", "हिंदी"),
        ("Я живу в больших городах", "большой город"),
        ("Das Café in München schließt", "munchen cafe"),
        ("أعيش في القاهرة", "القاهرة"),
        ("Μένω στην Αθήνα", "αθηνα"),
        ("İstanbul'da yaşıyorum", "istanbul"),
        ("J'ai bu de l'eau", "eau"),
        ("It was staged in the 1970s", "the 1970's"),
        ("They sang songs of the 60's", "60s"),
        ("We use ﬁber cables", "fiber"),
    ],
)
def test_any_script_is_found(backend: SQLiteBackend, text: str, query: str) -> None:
    backend.retain("b", "Something else entirely, 全然別のこと อื่นๆ")
    backend.retain("b", text)
    assert [m.text for m in backend.recall("b", query).results][:1] == [text]


@pytest.mark.slow
async def test_two_hundred_mixed_calls_at_once_all_succeed(backend: SQLiteBackend) -> None:
    await asyncio.gather(
        *(backend.aretain("b", f"tea fact number {i}") for i in range(100)),
        *(backend.arecall("b", "tea") for _ in range(100)),
    )
    assert (await backend.abank_stats("b")).memories == 100
    await backend.aclose()


def test_a_page_by_key_begins_after_a_memory(backend: SQLiteBackend) -> None:
    backend.retain_batch("b", [RetainItem(f"fact {i}", tags=[f"n:{i % 2}"]) for i in range(10)])
    for chosen in ({}, {"tags": ["n:1"], "tags_match": "all_strict"}):
        listed = [m.id for m in backend.list_memories("b", **chosen).memories]  # type: ignore[arg-type]
        after: str | None = None
        found: list[str] = []
        while True:
            page = backend.list_memories("b", limit=3, after=after, **chosen)  # type: ignore[arg-type]
            found += [m.id for m in page.memories]
            if len(page.memories) < 3:
                break
            after = found[-1]
        assert found == listed
    with pytest.raises(InvalidInput, match="after"):
        backend.list_memories("b", after="x")


def test_memories_are_found_in_all_banks_at_once(backend: SQLiteBackend) -> None:
    for bank in ("a", "b", "c"):
        backend.retain(bank, f"tea in {bank}", tags=["x", bank], document_id="d")
        backend.retain(bank, f"coffee in {bank}", tags=["y"])
    assert [m.text for m in backend.find_memories(tags=["x"])] == ["tea in a", "tea in b", "tea in c"]
    assert [m.text for m in backend.find_memories(tags=["x", "b"])] == ["tea in b"]
    assert [m.bank_id for m in backend.find_memories(document_id="d")] == ["a", "b", "c"]
    ids = [m.id for m in backend.find_memories(tags=["y"])]
    assert [m.id for m in backend.find_memories(ids=ids, tags=["y"])] == ids
    assert backend.find_memories(ids=ids, tags=["x"]) == []
    assert backend.find_memories(ids=["nonsense"]) == []


def test_a_deleted_bank_leaves_no_row_in_any_table(backend: SQLiteBackend, path: Path) -> None:
    first, second = backend.retain_batch("b", [RetainItem("tea", tags=["x"]), RetainItem("coffee")]).memory_ids
    db = sqlite3.connect(path)
    numbers = [int(part, 16) + (int(bank, 16) << 32) for bank, part in (i.split("-") for i in (first, second))]
    db.execute("INSERT INTO derivation VALUES (?, ?)", numbers)
    db.execute("INSERT INTO pending VALUES (?, '')", numbers[:1])
    db.commit()
    backend.delete_bank("b")
    for table in ("memory", "document", "derivation", "pending", "vector", "tag", "bank", "words"):
        assert db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table
    db.close()


def test_tags_are_counted_as_memories_come_and_go(backend: SQLiteBackend) -> None:
    backend.retain_batch("b", [RetainItem(f"fact {i}", tags=["all", f"n:{i % 3}"]) for i in range(9)])
    backend.delete_memories("b", tags=["n:0"])
    assert [(t.tag, t.count) for t in backend.list_tags("b")] == [("all", 6), ("n:1", 3), ("n:2", 3)]
    assert [(t.tag, t.count) for t in backend.list_tags("b", pattern="n:*")] == [("n:1", 3), ("n:2", 3)]
    assert backend.list_tags("b", pattern="n:0*") == []


def test_pages_are_whole_before_and_after_a_delete(backend: SQLiteBackend) -> None:
    backend.retain_batch("a", [RetainItem(f"other {i}") for i in range(3)])
    ids = backend.retain_batch("b", [RetainItem(f"fact {i}") for i in range(7)]).memory_ids
    for gone in (None, ids[2]):
        if gone:
            backend.delete_memories("b", ids=[gone])
        left = [m.text for m in backend.list_memories("b").memories]
        pages = [backend.list_memories("b", limit=3, offset=offset) for offset in (0, 3, 6, 9)]
        assert [m.text for page in pages for m in page.memories] == left
        assert {page.total for page in pages} == {len(left)}
        after = backend.list_memories("b", limit=3, after=ids[3]).memories
        assert [m.text for m in after] == ["fact 4", "fact 5", "fact 6"]


def test_what_is_known_under_a_rare_tag_is_the_newest_of_it_first(backend: SQLiteBackend) -> None:
    days = [datetime(2024, 5, day, tzinfo=UTC) for day in (3, 9, 6)]
    backend.retain_batch("b", [RetainItem(f"rare {day.day}", tags=["rare"], timestamp=day) for day in days])
    backend.retain_batch("b", [RetainItem(f"usual {i}", tags=["usual"]) for i in range(20)])
    known = backend.recall("b", "What do you know?", tags=["rare"], tags_match="all_strict").results
    assert [m.text for m in known] == ["rare 9", "rare 6", "rare 3"]
    assert backend.recall("b", "What do you know?", tags=["nobody"], tags_match="all_strict").results == []


def test_tags_and_days_of_one_bank_are_told_to_no_reader_of_another(backend: SQLiteBackend) -> None:
    for bank, tag in (("a", "red"), ("b", "blue"), ("c", "red")):
        backend.retain(bank, f"The fair in {bank} was on 3 May 2027.", tags=[tag])
        backend.retain(bank, f"The feast in {bank} was on 4 May 2027.", tags=[tag, "x[1]", "x?"])
    assert [(t.tag, t.count) for t in backend.list_tags("b")] == [("blue", 2), ("x?", 1), ("x[1]", 1)]
    assert [t.tag for t in backend.list_tags("b", pattern="x[1]*")] == ["x[1]"]
    assert [t.tag for t in backend.list_tags("b", pattern="x?")] == ["x?"]
    for bank, tag in (("a", "red"), ("b", "blue")):
        # The first memory of a bank, and the last, belong to it.
        both = backend.list_memories(bank, tags=[tag], tags_match="any_strict").memories
        assert [m.text for m in both] == [
            f"The fair in {bank} was on 3 May 2027.",
            f"The feast in {bank} was on 4 May 2027.",
        ]
    page = backend.list_memories("a", order="happened", tags=["x?"], tags_match="any_strict")
    assert ([m.text for m in page.memories], page.total) == (["The feast in a was on 4 May 2027."], 1)
