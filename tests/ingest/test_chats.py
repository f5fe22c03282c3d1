from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hindsight_teams.ingest.chats import SlackPeople
from hindsight_teams.ingest.document import SourceDocument
from hindsight_teams.ingest.files import File, find_files
from hindsight_teams.ingest.parsing import read_file
from tests.ingest import files


def read(tmp_path: Path, value: Any) -> list[SourceDocument]:
    path = tmp_path / "conversations.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return read_file(File(path, path.name))


def test_each_message_of_claude_keeps_its_speaker_and_its_time(tmp_path: Path) -> None:
    first, second = read(tmp_path, files.CLAUDE)
    assert (first.id, first.title) == ("claude:c-1", "Maple")
    assert [(p.speaker, p.heading, p.text) for p in first.read()] == [
        ("user", None, "When does Maple begin?"),
        ("user", "plan.txt", "Maple begins on 7 June 2027."),
        ("assistant", None, "On 7 June 2027."),
    ]
    assert first.read()[0].at == datetime(2027, 5, 3, 10, 0, 0, 123456, tzinfo=UTC)
    assert (second.id, second.title, second.read()) == ("claude:c-2", "claude conversation", [])


def test_a_conversation_of_chatgpt_is_the_branch_that_it_shows(tmp_path: Path) -> None:
    [conversation] = read(tmp_path, files.CHATGPT)
    assert (conversation.id, conversation.title) == ("chatgpt:g-1", "Ferry times")
    told = conversation.read()
    assert [(p.speaker, p.text) for p in told] == [("user", "When does the ferry leave?"), ("assistant", "At 14:30.")]
    assert told[1].at == datetime(2027, 5, 3, 10, 0, 2, 500000, tzinfo=UTC)


def test_a_tree_that_loops_ends(tmp_path: Path) -> None:
    broken = json.loads(json.dumps(files.CHATGPT))
    broken[0]["mapping"]["root"]["parent"] = "d"
    [conversation] = read(tmp_path, broken)
    assert len(conversation.read()) == 2


def test_a_tree_without_a_current_message_is_read_to_its_last(tmp_path: Path) -> None:
    older = json.loads(json.dumps(files.CHATGPT))
    del older[0]["current_node"], older[0]["conversation_id"]
    older[0]["id"] = "g-9"
    [conversation] = read(tmp_path, older)
    assert conversation.id == "chatgpt:g-9"
    assert conversation.read()[-1].text == "At 14:30."


@pytest.mark.parametrize(
    "node",
    [
        {"message": {"author": {"role": "user"}, "metadata": 5, "content": {"parts": ["My cat is Minka."]}}},
        {"message": {"author": {"role": "user"}, "metadata": [1], "content": {"parts": ["My cat is Minka."]}}},
    ],
)
@pytest.mark.parametrize("current", ["a", ["a"], None])
def test_fields_of_another_kind_do_not_keep_a_conversation_back(
    tmp_path: Path, node: dict[str, Any], current: Any
) -> None:
    mapping = {"a": node, "b": [1], "c": {"children": ["d"]}}
    [conversation] = read(tmp_path, [{"id": "g", "mapping": mapping, "current_node": current}])
    assert [passage.text for passage in conversation.read()] == ["My cat is Minka."]


def test_a_conversation_changes_its_fingerprint_with_what_is_said_alone(tmp_path: Path) -> None:
    before = read(tmp_path, files.CLAUDE)[0].fingerprint
    changed = json.loads(json.dumps(files.CLAUDE))
    changed[0]["updated_at"] = "2028-01-01T00:00:00Z"
    assert read(tmp_path, changed)[0].fingerprint == before
    changed[0]["chat_messages"][1]["content"][1]["text"] = "On 8 June 2027."
    assert read(tmp_path, changed)[0].fingerprint != before


def test_a_slack_export_is_one_document_a_channel_and_day(tmp_path: Path) -> None:
    files.slack(tmp_path / "all" / "export")
    listed = list(find_files([tmp_path / "all"]))
    assert [file.name for file in listed if file.problem] == ["all/export/channels.json", "all/export/users.json"]
    found = [document for file in listed if not file.problem for document in read_file(file)]
    assert [(d.id, d.title) for d in found] == [
        ("all/export/general/2027-05-03.json", "Slack #general"),
        ("all/export/general/2027-05-04.json", "Slack #general"),
    ]
    assert [(p.speaker, p.text) for p in found[0].read()] == [
        ("ada b", "@Bob Stone the plan is at the wiki (https://x.example) & in #general"),
        ("Bob Stone", "thanks\n\n[file: plan.pdf]"),
        ("Deploys", "done @here"),
    ]
    assert found[0].read()[0].at == datetime(2027, 5, 3, 10, 0, 0, 200, tzinfo=UTC)


def test_of_slack_a_deleted_message_is_left_out_and_one_in_blocks_is_read() -> None:
    section: dict[str, Any] = {
        "type": "rich_text_section",
        "elements": [{"type": "text", "text": "The ferry leaves at "}],
    }
    section["elements"].append({"type": "text", "text": "14:30."})
    day = [
        {"subtype": "tombstone", "user": "USLACKBOT", "text": "This message was deleted."},
        {"subtype": "message_deleted", "text": "deleted"},
        {"user": "U1", "text": "", "blocks": [{"type": "rich_text", "elements": [section]}]},
        {"user": "U1", "text": "", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Build 7"}}]},
    ]
    assert [passage.text for passage in SlackPeople({}).day(day)] == ["The ferry leaves at 14:30.", "Build 7"]


@pytest.mark.parametrize(
    "value", [[], {}, [1, 2], [{"mapping": {}}], [{"chat_messages": [None, {"sender": 3}]}], "x", None]
)
def test_any_other_json_is_read_or_empty_and_no_failure(tmp_path: Path, value: Any) -> None:
    for document in read(tmp_path, value):
        document.read()
