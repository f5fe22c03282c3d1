import re
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.audit import AuditEvent, AuditStore, Head, open_audit
from hindsight_teams.audit.hashing import MOST_BREAKS, START, Link, link, verify
from hindsight_teams.errors import DatabaseUnusable, InvalidInput


def chain(length: int) -> list[Link]:
    links: list[Link] = []
    head = START
    for number in range(length):
        links.append(link(head, f'{{"at":"{number}"}}'))
        head = Head(links[-1].seq, links[-1].hash)
    return links


@given(st.integers(0, 8))
def test_an_untouched_chain_verifies(length: int) -> None:
    links = chain(length)
    assert verify(links).ok
    assert verify(links).entries == length


@given(st.data(), st.integers(2, 8))
def test_any_edit_is_found_where_it_is(data: st.DataObject, length: int) -> None:
    links: list[Link | None] = list(chain(length))
    place = data.draw(st.integers(0, length - 1))
    found = links[place]
    assert found is not None
    match data.draw(st.sampled_from(["payload", "hash", "prev", "seq", "unreadable"])):
        case "payload":
            links[place] = found._replace(payload='{"at":"x"}')
        case "hash":
            links[place] = found._replace(hash="f" * 64)
        case "prev":
            links[place] = found._replace(prev="f" * 64)
        case "seq":
            links[place] = found._replace(seq=99)
        case _:
            links[place] = None
    result = verify(links)
    assert (result.ok, result.broken_at, result.entries) == (False, place + 1, place)
    assert result.reason


@pytest.mark.parametrize(
    ("edit", "breaks"),
    [
        ({"payload": '{"at":"x"}'}, [(2, "its event was changed")]),
        ({"exact": False}, [(2, "something was added")]),
        ({"prev": "f" * 64}, [(2, "does not follow")]),
        ({"hash": "f" * 64}, [(2, "its event was changed"), (3, "does not follow")]),
        ({"seq": 7}, [(2, "it has number 7"), (8, "it has number 3")]),
        ({"seq": -7}, [(2, "it has number -7"), (1, "it has number 3")]),
        (None, [(2, "not an audit entry"), (2, "it has number 3")]),
    ],
)
def test_every_break_is_told_with_its_place_and_its_reason(
    edit: dict[str, Any] | None, breaks: list[tuple[int, str]]
) -> None:
    first, second, third = chain(3)
    result = verify([first, None if edit is None else second._replace(**edit), third])
    assert [found.at for found in result.breaks] == [at for at, _ in breaks]
    for found, (_, reason) in zip(result.breaks, breaks, strict=True):
        assert reason in found.reason
        assert not found.torn
    assert (result.broken_at, result.reason) == (result.breaks[0].at, result.breaks[0].reason)
    assert (result.entries, result.head, result.only_torn) == (1, Head(first.seq, first.hash), False)


@pytest.mark.parametrize("length", [MOST_BREAKS - 1, MOST_BREAKS, MOST_BREAKS + 1, 3 * MOST_BREAKS])
def test_of_many_breaks_the_first_are_told(length: int) -> None:
    links = [found._replace(exact=False) for found in chain(length)]
    assert [found.at for found in verify(links).breaks] == [*range(1, min(length, MOST_BREAKS) + 1)]


@pytest.mark.parametrize(
    ("known", "at", "reason"),
    [
        (lambda links: Head(2, links[1].hash), None, ""),
        (lambda links: Head(3, links[2].hash), None, ""),
        (lambda links: Head(2, "f" * 64), 2, "it is not the entry that"),
        (lambda links: Head(4, "f" * 64), 4, "ends after entry 3, and .* knows entry 4"),
    ],
)
@pytest.mark.parametrize("whose", ["anchor", "end"])
def test_what_was_known_of_a_chain_is_looked_for(known: Any, at: int | None, reason: str, whose: str) -> None:
    links = chain(3)
    head = known(links)
    result = verify(links, head) if whose == "anchor" else verify(links, end=head)
    assert result.broken_at == at
    assert re.search(reason, result.reason)
    assert at is None or ("anchor" in result.reason) is (whose == "anchor")


@given(st.data(), st.integers(2, 8))
def test_removed_reordered_and_repeated_entries_are_found(data: st.DataObject, length: int) -> None:
    links = chain(length)
    place = data.draw(st.integers(0, length - 2))
    removed = links[:place] + links[place + 1 :]
    swapped = [*links[:place], links[place + 1], links[place], *links[place + 2 :]]
    repeated = [*links[: place + 1], *links[place:]]
    assert verify(removed).broken_at == verify(swapped).broken_at == place + 1
    assert verify(repeated).broken_at == place + 2


@given(st.integers(1, 8), st.data())
def test_a_cut_end_is_found_with_an_anchor_only(length: int, data: st.DataObject) -> None:
    links = chain(length)
    anchor = Head(links[-1].seq, links[-1].hash)
    cut = links[: data.draw(st.integers(0, length - 1))]
    assert verify(cut).ok
    assert verify(cut, anchor).broken_at == len(cut) + 1
    assert "removed" in verify(cut, anchor).reason


def test_a_log_written_anew_is_found_with_an_anchor_only() -> None:
    anew = [link(START, '{"at":"forged"}')]
    anchor = Head(1, chain(1)[0].hash)
    assert verify(anew).ok
    assert verify(anew, anchor).broken_at == 1


def test_only_a_log_with_torn_lines_is_only_torn() -> None:
    whole = chain(3)
    assert not verify(whole).only_torn
    assert verify([*whole, None]).only_torn
    assert not verify([whole[0], None, whole[2]]).only_torn


def test_a_head_survives_being_written_down() -> None:
    head = Head(7, "ab" * 32)
    assert Head.parse(str(head)) == head


@pytest.mark.parametrize("text", ["", "7", "x:" + "ab" * 32, "7:abc", "7:" + "zz" * 32])
def test_what_is_no_head_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=re.escape(repr(text))):
        Head.parse(text)


@pytest.fixture
def three(store: AuditStore) -> AuditStore:
    for verb in ("one", "two", "three"):
        store.record(AuditEvent(verb=verb, outcome="allowed"))
    return store


def test_a_store_verifies_against_its_own_head(three: AuditStore) -> None:
    anchor = str(three.head())
    three.record(AuditEvent(verb="four", outcome="allowed"))
    result = three.verify(anchor)
    assert (result.ok, result.entries, result.head) == (True, 4, three.head())


def test_an_entry_edited_in_the_file_is_found(three: AuditStore, path: Path) -> None:
    _edit(path, '"verb":"two"', '"verb":"tow"')
    assert three.verify().broken_at == 2
    assert [event.verb for event in three.query()] == ["one", "tow", "three"]


@pytest.mark.parametrize("word", ["twö", "tw\udce9", "二", "tw\x00"])
def test_an_entry_with_letters_that_no_entry_has_is_found(three: AuditStore, path: Path, word: str) -> None:
    raw = word.encode("utf-8", "surrogateescape")
    if path.suffix == ".jsonl":
        path.write_bytes(path.read_bytes().replace(b'"verb":"two"', b'"verb":"' + raw + b'"'))
    else:
        _unlocked(path, f"UPDATE entries SET event = event || CAST(x'{raw.hex()}' AS TEXT) WHERE seq = 2")
    assert three.verify().broken_at == 2
    assert [event.verb for event in three.query()][-1] == "three"


def test_an_entry_removed_from_the_file_is_found(three: AuditStore, path: Path) -> None:
    if path.suffix == ".jsonl":
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join([lines[0], *lines[2:]]))
    else:
        _unlocked(path, "DELETE FROM entries WHERE seq = 2")
    assert three.verify().broken_at == 2


def test_an_entry_that_is_unreadable_is_found_and_the_rest_still_shown(three: AuditStore, path: Path) -> None:
    _edit(path, '"verb":"two"', '"verb":"two')
    assert three.verify().broken_at == 2
    assert [event.verb for event in three.query()] == ["one", "three"]


def test_sqlite_itself_refuses_to_change_or_delete_an_entry(tmp_path: Path) -> None:
    with open_audit(tmp_path / "audit.db") as store:
        store.record(AuditEvent(verb="one", outcome="allowed"))
    connection = sqlite3.connect(tmp_path / "audit.db")
    for statement in ("DELETE FROM entries", "UPDATE entries SET event = ''"):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            connection.execute(statement)
    connection.close()


def test_a_line_cut_by_a_crash_is_named_and_the_log_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    with open_audit(path) as store:
        for verb in ("one", "two"):
            store.record(AuditEvent(verb=verb, outcome="allowed"))
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])
    with open_audit(path) as store:
        assert store.verify().broken_at == 2
        store.record(AuditEvent(verb="three", outcome="allowed"))
        assert [event.verb for event in store.query()] == ["one", "three"]
        assert store.verify().broken_at == 2


def test_a_tail_longer_than_a_block_is_found(tmp_path: Path) -> None:
    path = tmp_path / "audit.jsonl"
    for count in (1, 2):
        with open_audit(path) as store:
            store.record(AuditEvent(verb="recall", outcome="allowed", memory_ids=["m" * 100] * 2000))
            assert store.head().seq == count
            assert store.verify().ok


def test_a_log_of_a_newer_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "audit.db"
    open_audit(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(DatabaseUnusable) as caught:
        open_audit(path)
    assert "newer" in caught.value.details["cause"]


def _edit(path: Path, old: str, new: str) -> None:
    if path.suffix == ".jsonl":
        path.write_text(path.read_text().replace(old, new))
    else:
        _unlocked(path, f"UPDATE entries SET event = replace(event, '{old}', '{new}')")


def _unlocked(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(f"DROP TRIGGER no_update; DROP TRIGGER no_delete; {statement};")
    connection.close()
