from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from hindsight_teams.errors import ConfigurationError, InvalidInput
from hindsight_teams.ingest import portable
from hindsight_teams.ingest.files import File
from hindsight_teams.ingest.parsing import read_file
from tests.ingest import files


def passages(path: Path) -> list[tuple[str | None, str]]:
    [document] = read_file(File(path, path.name))
    return [(passage.heading, passage.text) for passage in document.read()]


def test_a_pdf_is_read_page_by_page(tmp_path: Path) -> None:
    path = files.pdf(tmp_path / "a.pdf", "Maple begins on 7 June 2027.", "Ada leads it.")
    assert passages(path) == [("page 1", "Maple begins on 7 June 2027."), ("page 2", "Ada leads it.")]


def test_a_pdf_without_text_says_that_it_may_be_a_scan(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="scan"):
        passages(files.pdf(tmp_path / "a.pdf", ""))


def test_a_pdf_with_a_password_says_so(tmp_path: Path) -> None:
    from pypdf import PdfReader, PdfWriter

    writer = PdfWriter(clone_from=PdfReader(files.pdf(tmp_path / "a.pdf", "Secret.")))
    writer.encrypt("geheim", algorithm="RC4-128")
    path = tmp_path / "locked.pdf"
    writer.write(path)
    with pytest.raises(InvalidInput, match="password"):
        passages(path)


def test_a_word_document_keeps_headings_and_tables(tmp_path: Path) -> None:
    (first, opens), (second, leave) = passages(files.docx(tmp_path / "a.docx"))
    assert (first, opens) == ("Handbook", "The office opens at nine.")
    assert second == "Handbook > Leave"
    assert leave.startswith("Everybody has 30 days.")
    assert "| Ada | 12 |" in leave


def test_a_presentation_is_read_slide_by_slide_with_tables_and_notes(tmp_path: Path) -> None:
    [(heading, text)] = passages(files.pptx(tmp_path / "a.pptx"))
    assert heading == "slide 1: Roadmap"
    for part in ("Beta in June", "Owner: Ada", "Say it slowly."):
        assert part in text


def test_a_workbook_is_read_row_by_row(tmp_path: Path) -> None:
    assert passages(files.xlsx(tmp_path / "a.xlsx")) == [("Stock", "Item: Pump; Count: 3"), ("Stock", "Item: Valve")]


def test_a_web_page_is_its_text_alone() -> None:
    page = (
        "<html><head><title>Guide</title><style>p{}</style></head><body><nav>Home</nav><script>evil()</script>"
        "<h2>Times</h2><p>The <b>ferry</b> leaves at <i>14:30</i>.</p><table><tr><th>Day</th></tr><tr><td>Mon</td></tr>"
        "</table></body></html>"
    )
    [passage] = portable.html_passages(page)
    assert passage.heading == "Guide > Times"
    assert passage.text.startswith("The ferry leaves at 14:30.")
    assert "| Mon |" in passage.text
    assert "evil" not in passage.text


@pytest.mark.parametrize("kind", ["pdf", "docx", "pptx", "xlsx"])
@pytest.mark.parametrize("content", [b"", b"nonsense", b"PK\x03\x04broken", b"%PDF-1.7 broken"])
def test_a_damaged_file_is_one_error(tmp_path: Path, kind: str, content: bytes) -> None:
    path = tmp_path / f"a.{kind}"
    path.write_bytes(content)
    with pytest.raises(InvalidInput):
        passages(path)


@pytest.mark.parametrize("kind", ["docx", "pptx", "xlsx"])
def test_a_file_that_lost_a_part_is_one_error(tmp_path: Path, kind: str) -> None:
    make: Callable[[Path], Path] = getattr(files, kind)
    whole, cut = make(tmp_path / f"whole.{kind}"), tmp_path / f"cut.{kind}"
    with zipfile.ZipFile(whole) as source, zipfile.ZipFile(cut, "w") as target:
        for name in source.namelist():
            if not name.startswith(("word/document", "ppt/presentation.xml", "xl/workbook.xml")):
                target.writestr(name, source.read(name))
    with pytest.raises(InvalidInput):
        passages(cut)


def test_an_archive_that_unpacks_to_too_much_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(portable, "LARGEST_UNPACKED", 1000)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", "x" * 5000)
    with pytest.raises(InvalidInput, match="unpacks to 5,000 bytes"):
        list(portable.xlsx_passages(packed.getvalue()))


@pytest.mark.parametrize(
    ("package", "name"),
    [("pypdf", "a.pdf"), ("mammoth", "a.docx"), ("pptx", "a.pptx"), ("openpyxl", "a.xlsx"), ("markdownify", "a.html")],
)
def test_a_missing_package_is_named_with_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, package: str, name: str
) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    path = tmp_path / name
    path.write_text("<p>x</p>")
    with pytest.raises(ConfigurationError, match=rf"'{package}': pip install 'hindsight-teams\[ingest\]'"):
        passages(path)
