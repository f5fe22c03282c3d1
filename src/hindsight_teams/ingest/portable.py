"""PDF, HTML and Office files, read by libraries of the ``[ingest]`` extra."""

from __future__ import annotations

import io
import logging
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hindsight_teams.errors import ConfigurationError
from hindsight_teams.ingest.document import Passage, unreadable
from hindsight_teams.ingest.rows import row_passages
from hindsight_teams.ingest.sections import markdown_passages, plain_passages

LARGEST_UNPACKED = 500_000_000
"""Bytes that an Office file, which is a ZIP archive, may unpack to."""


def html_passages(text: str) -> Iterator[Passage]:
    """A web page: its headings, paragraphs, lists and tables; no scripts, styles or navigation."""
    with _extra():
        from bs4 import BeautifulSoup
        from markdownify import MarkdownConverter
    page = BeautifulSoup(text, "html.parser")
    title = page.title.get_text(" ", strip=True) if page.title is not None and page.h1 is None else None
    for part in page(["script", "style", "noscript", "template", "nav", "svg", "head"]):
        part.decompose()
    converter = MarkdownConverter(
        heading_style="ATX",
        strip=["img", "b", "strong", "i", "em"],
        escape_asterisks=False,
        escape_underscores=False,
        escape_misc=False,
    )
    yield from markdown_passages(converter.convert_soup(page), title)


def pdf_passages(data: bytes) -> Iterator[Passage]:
    """A PDF, page by page."""
    with _extra():
        from pypdf import PdfReader
        from pypdf.errors import PyPdfError
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)  # it tells of each oddity that it can live with
    try:
        reader = PdfReader(io.BytesIO(data))
        if reader.is_encrypted and not reader.decrypt(""):
            raise unreadable("the PDF is protected by a password; save it without one")
        pages = [page.extract_text() for page in reader.pages]
    except PyPdfError as error:
        raise unreadable(f"the PDF is damaged: {error}") from error
    if pages and not any(page.strip() for page in pages):
        raise unreadable("the PDF holds no text, as a scan does; recognize its text first (OCR)")
    for number, page in enumerate(pages, 1):
        yield from plain_passages(page, f"page {number}")


def docx_passages(data: bytes) -> Iterator[Passage]:
    """A Word document, with its headings, lists, tables and footnotes."""
    with _extra():
        import mammoth
    with _package(data):
        html = mammoth.convert_to_html(io.BytesIO(data), convert_image=mammoth.images.img_element(lambda _: {}))
    yield from html_passages(html.value)


def pptx_passages(data: bytes) -> Iterator[Passage]:
    """A presentation, slide by slide: titles, texts, tables and notes."""
    with _extra():
        from pptx import Presentation
    with _package(data):
        deck = Presentation(io.BytesIO(data))
    for number, slide in enumerate(deck.slides, 1):
        title = slide.shapes.title.text.strip() if slide.shapes.title is not None else ""
        heading = f"slide {number}: {title}" if title else f"slide {number}"
        texts = list(_shape_texts(slide.shapes))
        if slide.has_notes_slide and slide.notes_slide.notes_text_frame is not None:
            texts.append(slide.notes_slide.notes_text_frame.text)
        yield from plain_passages("\n\n".join(text for text in texts if text.strip()), heading)


def _shape_texts(shapes: Any) -> Iterator[str]:
    for shape in shapes:
        if hasattr(shape, "shapes"):  # a group
            yield from _shape_texts(shape.shapes)
        elif shape.has_text_frame:
            yield shape.text_frame.text
        elif getattr(shape, "has_table", False):
            rows = ([cell.text for cell in row.cells] for row in shape.table.rows)
            yield "\n".join(passage.text for passage in row_passages(rows))


def xlsx_passages(data: bytes) -> Iterator[Passage]:
    """A workbook: each row of each sheet, with the columns' names."""
    with _extra():
        from openpyxl import load_workbook
    with _package(data):
        book = load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    try:
        for sheet in book.worksheets:
            yield from row_passages(sheet.iter_rows(values_only=True), sheet.title)
    finally:
        book.close()


@contextmanager
def _extra() -> Iterator[None]:
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"this kind of file needs the package {error.name!r}: pip install 'hindsight-teams[ingest]'"
        ) from error


@contextmanager
def _package(data: bytes) -> Iterator[None]:
    """Refuse what is not an Office file, and one that unpacks to more than a computer holds."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            size = sum(part.file_size for part in archive.infolist())
    except zipfile.BadZipFile:
        raise unreadable("it is not an Office file: damaged, encrypted, or of the kind from before 2007") from None
    if size > LARGEST_UNPACKED:
        raise unreadable(f"it unpacks to {size:,} bytes; the limit is {LARGEST_UNPACKED:,}")
    yield
