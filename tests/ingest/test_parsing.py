from __future__ import annotations

import os
from pathlib import Path

import pytest

from hindsight_teams.errors import InvalidInput
from hindsight_teams.ingest.files import File, find_files
from hindsight_teams.ingest.parsing import NoText, decode, read_file


def found(*paths: Path) -> dict[str, str | None]:
    return {file.name: file.problem for file in find_files(paths)}


def test_a_folder_is_read_to_its_ground_in_a_fixed_order(tmp_path: Path) -> None:
    root = tmp_path / "kb"
    (root / "b" / "c").mkdir(parents=True)
    for name in ("z.md", "b/y.md", "b/c/x.md"):
        (root / name).write_text("x")
    assert list(found(root)) == ["kb/z.md", "kb/b/y.md", "kb/b/c/x.md"]
    assert list(found(root / "z.md")) == ["z.md"]


def test_hidden_files_and_folders_are_told_of_and_left_out(tmp_path: Path) -> None:
    root = tmp_path / "kb"
    (root / ".git").mkdir(parents=True)
    (root / ".git" / "config").write_text("x")
    (root / ".env").write_text("KEY=1")
    assert found(root) == {"kb/.env": "it is hidden", "kb/.git": "it is hidden"}


def test_a_link_to_a_folder_is_not_followed(tmp_path: Path) -> None:
    root = tmp_path / "kb"
    root.mkdir()
    (root / "loop").symlink_to(root)
    assert found(root) == {"kb/loop": "it is a link to a folder"}


def test_a_link_in_a_folder_leads_to_no_file_outside_of_it(tmp_path: Path) -> None:
    root = tmp_path / "kb"
    root.mkdir()
    (tmp_path / "private.md").write_text("x")
    (root / "notes.md").symlink_to(tmp_path / "private.md")
    (root / "gone.md").symlink_to(tmp_path / "nowhere")
    told = "it is a link; name the file that it leads to"
    assert found(root) == {"kb/gone.md": told, "kb/notes.md": told}
    assert found(root / "notes.md") == {"notes.md": None}


def test_a_file_that_cannot_be_looked_at_keeps_no_other_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = tmp_path / "kb"
    root.mkdir()
    for name in ("a.md", "b.md"):
        (root / name).write_text("x")
    is_file = Path.is_file

    def closed(path: Path) -> bool:
        if path.name == "a.md":
            raise PermissionError(13, "Permission denied", str(path))
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", closed)
    assert found(root) == {"kb/a.md": "Permission denied", "kb/b.md": None}


def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.txt"
    os.mkfifo(pipe)
    assert found(pipe) == {str(pipe): "it is not a regular file"}


def test_what_is_not_there_is_a_problem(tmp_path: Path) -> None:
    assert found(tmp_path / "typo.md") == {str(tmp_path / "typo.md"): "there is no such file or folder"}


@pytest.mark.parametrize(
    ("data", "text"),
    [
        ("Grüße".encode(), "Grüße"),
        ("Grüße".encode("utf-8-sig"), "Grüße"),
        ("Grüße".encode("utf-16"), "Grüße"),
        ("Grüße, “so”".encode("cp1252"), "Grüße, “so”"),
    ],
)
def test_older_encodings_are_read(data: bytes, text: str) -> None:
    assert decode(data) == text


@pytest.mark.parametrize("data", [bytes(range(256)), b"\x00\x01", b"GIF89a\x00\x00", b"\x89PNG\r\n\x1a\n\x00"])
def test_what_is_no_text_says_so(data: bytes) -> None:
    with pytest.raises(NoText, match="no text"):
        decode(data)


@pytest.mark.parametrize(("name", "hint"), [("a.doc", "save it as docx"), ("a.zip", "unpack it"), ("a.xls", "xlsx")])
def test_kinds_that_are_not_read_say_what_to_do(tmp_path: Path, name: str, hint: str) -> None:
    (tmp_path / name).write_bytes(b"x")
    with pytest.raises(NoText, match=hint):
        read_file(File(tmp_path / name, name))


def test_any_other_text_is_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "main.py").write_text("print('hello')")
    [document] = read_file(File(tmp_path / "main.py", "main.py"))
    assert [passage.text for passage in document.read()] == ["print('hello')"]


def test_json_lines_under_another_name_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"text": "one"}\n{"text": "two"}\n')
    [document] = read_file(File(tmp_path / "a.json", "a.json"))
    assert [passage.text for passage in document.read()] == ["one", "two"]


def test_json_that_is_broken_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text('{"text": ')
    with pytest.raises(InvalidInput, match=r"JSON.* line 1 column 10"):
        read_file(File(tmp_path / "a.json", "a.json"))


def test_deep_json_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text("[" * 200_000)
    with pytest.raises(InvalidInput):
        read_file(File(tmp_path / "a.json", "a.json"))


def test_a_file_that_did_not_change_keeps_its_fingerprint(tmp_path: Path) -> None:
    path = tmp_path / "a.md"
    path.write_text("One.")
    [before] = read_file(File(path, "a.md"))
    [again] = read_file(File(path, "a.md"))
    path.write_text("Two.")
    [after] = read_file(File(path, "a.md"))
    assert before.fingerprint == again.fingerprint != after.fingerprint
