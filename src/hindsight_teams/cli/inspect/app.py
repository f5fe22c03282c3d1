"""The web application: static files and JSON answers. Only a curator's token changes anything."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from hindsight_teams.cli.failing import public_details
from hindsight_teams.cli.inspect import memories_view, team_view, what_if
from hindsight_teams.cli.inspect.browser_gate import Gate, Tokens
from hindsight_teams.cli.inspect.memories_view import EntityViews
from hindsight_teams.cli.inspect.subject import Subject
from hindsight_teams.cli.output import to_json
from hindsight_teams.errors import AccessDenied, HindsightTeamsError, InvalidInput, NotFound, TeamDefinitionError
from hindsight_teams.memory.envelopes import ReviewItem

STATIC = Path(__file__).with_name("static")


def application(subject: Subject, *, tokens: Tokens, port: int) -> Gate:
    """The page's application, behind its gate."""
    entities = EntityViews(subject)

    questions: dict[str, Callable[[Request], Any]] = {
        "team": lambda asked: team_view.overview(subject, role=asked.state.role),
        "banks": lambda asked: team_view.listing(subject, query=_text(asked, "q"), offset=_number(asked, "offset")),
        "memories": lambda asked: memories_view.page(
            subject,
            _text(asked, "bank"),
            query=_text(asked, "q"),
            author=_text(asked, "author"),
            tag=_text(asked, "tag"),
            offset=_number(asked, "offset"),
        ),
        "memory": lambda asked: memories_view.one(subject, _text(asked, "bank"), _text(asked, "id")),
        "entities": lambda asked: entities.listing(_text(asked, "bank"), query=_text(asked, "q")),
        "entity": lambda asked: entities.one(_text(asked, "bank"), _text(asked, "name")),
        "audit": lambda asked: team_view.timeline(
            subject,
            before=_number(asked, "before") or None,
            **{name: _text(asked, name) for name in team_view.AUDIT_FILTERS},
        ),
        "reviews": lambda asked: {"items": [_review(item) for item in subject.reviews().pending()]},
    }

    def decide(request: Request, *, verb: str) -> Any:
        if request.state.role != "curator":
            raise AccessDenied("this address is read-only; open the curator's address to decide")
        decision = getattr(subject.reviews(), verb)(request.path_params["id"])
        return {"outcome": decision.outcome, "item": _review(decision.item)}

    async def trial(request: Request) -> Response:
        body = await request.body()
        return await _answered(lambda: what_if.answer(subject, what_if.Trial.read(_json(body))))

    routes = [
        Route("/", _index),
        Mount("/static", StaticFiles(directory=STATIC)),
        *(Route(f"/api/{name}", _endpoint(question), methods=["GET"]) for name, question in questions.items()),
        Route("/api/what-if", trial, methods=["POST"]),
        *(
            Route(f"/api/reviews/{{id}}/{verb}", _endpoint(partial(decide, verb=verb)), methods=["POST"])
            for verb in ("approve", "reject")
        ),
    ]
    return Gate(Starlette(routes=routes), tokens=tokens, port=port)


async def _index(request: Request) -> Response:
    return FileResponse(STATIC / "index.html")


def _endpoint(question: Callable[[Request], Any]) -> Callable[[Request], Any]:
    async def endpoint(request: Request) -> Response:
        return await _answered(lambda: question(request))

    return endpoint


async def _answered(question: Callable[[], Any]) -> Response:
    """The answer as JSON, made in a thread: a backend's call may take its time."""
    try:
        value, status = await run_in_threadpool(question), 200
    except HindsightTeamsError as error:
        status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 502)
        details = public_details(error.details)
        value = {"error": {"type": type(error).__name__, "message": error.message, "details": details}}
    text = json.dumps(to_json(value), ensure_ascii=True)
    return Response(text, status_code=status, media_type="application/json")


_STATUS: dict[type[HindsightTeamsError], int] = {
    AccessDenied: 403,
    NotFound: 404,
    InvalidInput: 400,
    TeamDefinitionError: 400,  # a member that is not there
}


def _text(request: Request, name: str) -> str:
    return request.query_params.get(name, "")


def _number(request: Request, name: str) -> int:
    raw = request.query_params.get(name, "0")
    if not raw.isascii() or not raw.isdigit() or len(raw) > 15:
        raise InvalidInput(f"{name} must be a whole number")
    return int(raw)


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise InvalidInput("the form is not JSON") from None


def _review(item: ReviewItem) -> dict[str, Any]:
    metadata = item.item.metadata or {}
    return {
        "id": item.id,
        "kind": item.kind,
        "bank": item.bank,
        "bank_id": item.bank_id,
        "reason": item.reason,
        "origin": item.origin,
        "text": item.item.content,
        "author": metadata.get("author"),
        "user": metadata.get("user"),
        "noted": item.item.timestamp,
        "tags": [tag for tag in item.item.tags or () if ":" not in tag],
    }
