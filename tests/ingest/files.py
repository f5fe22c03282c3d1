"""Real files of each kind, made by the libraries that write them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def pdf(path: Path, *pages: str) -> Path:
    from fpdf import FPDF

    made = FPDF()
    for page in pages:
        made.add_page()
        made.set_font("helvetica", size=12)
        made.multi_cell(0, 8, page)
    made.output(str(path))
    return path


def docx(path: Path) -> Path:
    from docx import Document

    made = Document()
    made.add_heading("Handbook", 1)
    made.add_paragraph("The office opens at nine.")
    made.add_heading("Leave", 2)
    made.add_paragraph("Everybody has 30 days.")
    table = made.add_table(2, 2)
    for (row, column), text in {(0, 0): "Name", (0, 1): "Days", (1, 0): "Ada", (1, 1): "12"}.items():
        table.cell(row, column).text = text
    made.save(str(path))
    return path


def pptx(path: Path) -> Path:
    from pptx import Presentation
    from pptx.util import Inches

    made = Presentation()
    slide = made.slides.add_slide(made.slide_layouts[1])
    slide.shapes.title.text = "Roadmap"
    slide.placeholders[1].text = "Beta in June"
    slide.notes_slide.notes_text_frame.text = "Say it slowly."
    table = slide.shapes.add_table(2, 1, Inches(1), Inches(1), Inches(2), Inches(1)).table
    table.cell(0, 0).text, table.cell(1, 0).text = "Owner", "Ada"
    made.save(str(path))
    return path


def xlsx(path: Path) -> Path:
    from openpyxl import Workbook

    made = Workbook()
    sheet = made.active
    assert sheet is not None
    sheet.title = "Stock"
    for row in (["Item", "Count"], ["Pump", 3], ["Valve", None]):
        sheet.append(row)
    made.create_sheet("Empty")
    made.save(str(path))
    return path


CLAUDE: list[dict[str, Any]] = [
    {
        "uuid": "c-1",
        "name": "Maple",
        "created_at": "2027-05-03T10:00:00Z",
        "chat_messages": [
            {
                "uuid": "m-1",
                "sender": "human",
                "text": "When does Maple begin?",
                "content": [{"type": "text", "text": "When does Maple begin?"}],
                "created_at": "2027-05-03T10:00:00.123456Z",
                "attachments": [{"file_name": "plan.txt", "extracted_content": "Maple begins on 7 June 2027."}],
            },
            {
                "uuid": "m-2",
                "sender": "assistant",
                "text": "",
                "content": [
                    {"type": "thinking", "thinking": "hm"},
                    {"type": "text", "text": "On 7 June 2027."},
                    {"type": "tool_use", "name": "x", "input": {}},
                ],
                "created_at": "2027-05-03T10:00:05Z",
                "attachments": [],
            },
        ],
    },
    {"uuid": "c-2", "name": "", "chat_messages": []},
]


def _node(name: str, parent: str | None, children: list[str], message: dict[str, Any] | None) -> dict[str, Any]:
    return {"id": name, "parent": parent, "children": children, "message": message}


def _message(role: str, *parts: Any, at: float | None = None, **more: Any) -> dict[str, Any]:
    content = {"content_type": "text", "parts": list(parts)}
    return {"author": {"role": role}, "create_time": at, "content": content, "metadata": {}, "recipient": "all", **more}


CHATGPT: list[dict[str, Any]] = [
    {
        "title": "Ferry times",
        "conversation_id": "g-1",
        "create_time": 1809338400.0,
        "current_node": "d",
        "mapping": {
            "root": _node("root", None, ["s"], None),
            "s": _node("s", "root", ["a"], _message("system", "")),
            "a": _node("a", "s", ["b", "d"], _message("user", "When does the ferry leave?", at=1809338400.0)),
            "b": _node("b", "a", [], _message("assistant", "At noon.", at=1809338401.0)),
            "t": _node("t", "a", ["d"], _message("tool", "lookup")),
            "d": _node("d", "a", [], _message("assistant", "At 14:30.", {"asset_pointer": "x"}, at=1809338402.5)),
        },
    }
]

USERS = [
    {"id": "U1", "name": "ada", "real_name": "Ada Byron", "profile": {"display_name": "ada b"}},
    {"id": "U2", "name": "bob", "profile": {"display_name": "", "real_name": "Bob Stone"}},
]
DAY = [
    {"type": "message", "subtype": "channel_join", "user": "U2", "text": "<@U2> has joined", "ts": "1809338300.000100"},
    {
        "type": "message",
        "user": "U1",
        "text": "<@U2> the plan is at <https://x.example|the wiki> &amp; in <#C1|general>",
        "ts": "1809338400.000200",
    },
    {"type": "message", "user": "U2", "text": "thanks", "ts": "1809338460.000300", "files": [{"name": "plan.pdf"}]},
    {"type": "message", "subtype": "bot_message", "username": "Deploys", "text": "done <!here>", "ts": "1809338500.0"},
]


def slack(root: Path) -> Path:
    (root / "general").mkdir(parents=True)
    written = {
        "users.json": USERS,
        "channels.json": [{"id": "C1", "name": "general"}],
        "general/2027-05-03.json": DAY,
        "general/2027-05-04.json": [{"type": "message", "user": "U1", "text": "Morning.", "ts": "1809424800.0"}],
    }
    for name, value in written.items():
        (root / name).write_text(json.dumps(value), encoding="utf-8")
    return root
