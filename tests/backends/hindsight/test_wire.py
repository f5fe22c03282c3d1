"""The pure part: requests, answers, errors and the decision to repeat, driven by hand."""

from __future__ import annotations

import io
import json
import random
import zipfile
from datetime import UTC, datetime
from typing import Any, TypeVar
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.backends.hindsight import decoding as answers
from hindsight_teams.backends.hindsight import faults, wire
from hindsight_teams.backends.hindsight.plans import management, memories, verbs
from hindsight_teams.backends.hindsight.retry import RetryPolicy, retry_after_seconds
from hindsight_teams.backends.hindsight.wire import Call, Failure, Outcome, Pause, Plan, Reply, Rules, Step
from hindsight_teams.errors import (
    BackendError,
    BackendUnreachable,
    BankNotFound,
    Forbidden,
    InvalidBankId,
    InvalidInput,
    NotFound,
    RateLimited,
    Rejected,
    ServerFault,
    Unauthorized,
    UnexpectedAnswer,
    Unsupported,
)
from hindsight_teams.models import MemoryPage, RecallResult, Receipt, Reflection, RetainItem
from hindsight_teams.requests import (
    DeleteDocument,
    DeleteMemories,
    GetVersion,
    ListMemories,
    ListTags,
    Recall,
    Reflect,
    Retain,
)
from hindsight_teams.requests.checks import check_bank_id

T = TypeVar("T")

RULES = Rules(retry=RetryPolicy(attempts=3, base=1.0, cap=10.0), has_key=True, location="https://x.test/prefix")
NO_ANSWER = Failure(BackendUnreachable("gone"), processed=False, repeatable=True)
BROKEN = Failure(BackendUnreachable("broke"), processed=True, repeatable=True)


def retain(bank: str, content: str, **options: Any) -> Plan[Receipt]:
    return verbs.retain(RULES, Retain.of(bank, content, **options))


def recall(bank: str, query: str, **options: Any) -> Plan[RecallResult]:
    return verbs.recall(RULES, Recall.of(bank, query, **options))


def reflect(bank: str, query: str, **options: Any) -> Plan[Reflection]:
    return verbs.reflect(RULES, Reflect.of(bank, query, **options))


def ok(body: Any) -> Reply:
    return Reply(200, json.dumps(body).encode())


def drive(plan: Plan[T], *outcomes: Outcome) -> tuple[list[Step], T | BackendError]:
    """Every step of a plan, given these outcomes of its calls, and how it ended."""
    steps: list[Step] = []
    waiting = list(outcomes)
    outcome: Outcome = None
    try:
        while True:
            step = plan.send(outcome)
            steps.append(step)
            outcome = waiting.pop(0) if isinstance(step, Call) else None
    except StopIteration as end:
        assert not waiting
        return steps, end.value
    except BackendError as error:
        assert not waiting
        return steps, error


def calls(steps: list[Step]) -> list[Call]:
    return [step for step in steps if isinstance(step, Call)]


def body(call: Call) -> Any:
    assert call.content is not None
    return json.loads(call.content)


RECEIPT = ok({"success": True, "bank_id": "b", "items_count": 1, "async": False})


class TestRepeating:
    @pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
    def test_a_transient_status_is_tried_again_after_a_pause(self, status: int) -> None:
        steps, result = drive(recall("b", "q"), Reply(status, b"{}"), ok({"results": []}))
        assert [type(step) for step in steps] == [Call, Pause, Call]
        assert steps[0] == steps[2]
        assert not isinstance(result, BackendError)

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
    def test_a_lasting_status_is_not_tried_again(self, status: int) -> None:
        steps, result = drive(recall("b", "q"), Reply(status, b'{"detail": "no"}'))
        assert len(steps) == 1
        assert isinstance(result, BackendError)

    def test_it_gives_up_after_the_last_attempt(self) -> None:
        steps, error = drive(recall("b", "q"), *[Reply(503, b"{}")] * 3)
        assert len(calls(steps)) == 3
        assert isinstance(error, ServerFault)
        assert error.details["attempts"] == 3

    def test_pauses_grow_and_are_half_random(self) -> None:
        policy = RetryPolicy(base=1.0, cap=5.0)
        pauses = [[policy.pause(n, rng=random.Random(seed)) or 0 for seed in range(50)] for n in (1, 2, 3, 9)]
        for longest, found in zip((1.0, 2.0, 4.0, 5.0), pauses, strict=True):
            assert longest / 2 <= min(found) < max(found) <= longest

    def test_retry_after_is_waited_for(self) -> None:
        steps, _ = drive(recall("b", "q"), Reply(429, b"{}", retry_after="7"), ok({"results": []}))
        assert isinstance(steps[1], Pause)
        assert steps[1].seconds == 7

    def test_a_retry_after_beyond_the_cap_is_not_waited_for(self) -> None:
        steps, error = drive(recall("b", "q"), Reply(429, b"{}", retry_after="3600"))
        assert len(steps) == 1
        assert isinstance(error, RateLimited)
        assert error.details["retry_after"] == 3600

    @pytest.mark.parametrize(
        ("header", "seconds"),
        [
            (None, None),
            ("5", 5.0),
            (" 0 ", 0.0),
            ("Fri, 01 Mar 2024 10:00:30 GMT", 30.0),
            ("Fri, 01 Mar 2024 09:00:00 GMT", 0.0),
            ("soon", None),
            ("-1", None),
        ],
    )
    def test_retry_after_is_a_number_or_a_date(self, header: str | None, seconds: float | None) -> None:
        assert retry_after_seconds(header, now=datetime(2024, 3, 1, 10, tzinfo=UTC)) == seconds

    def test_a_repeated_retain_carries_the_same_document_id(self) -> None:
        steps, _ = drive(retain("b", "x"), BROKEN, Reply(502, b""), RECEIPT)
        ids = {body(call)["items"][0]["document_id"] for call in calls(steps)}
        assert len(calls(steps)) == 3
        assert len(ids) == 1

    def test_two_retains_do_not_share_a_document_id(self) -> None:
        first, _ = drive(retain("b", "x"), RECEIPT)
        second, _ = drive(retain("b", "x"), RECEIPT)
        assert body(calls(first)[0]) != body(calls(second)[0])

    @pytest.mark.parametrize("outcome", [BROKEN, Reply(500, b"{}"), Reply(502, b"{}"), Reply(504, b"{}")])
    def test_an_append_that_may_have_been_done_is_not_repeated(self, outcome: Outcome) -> None:
        steps, error = drive(retain("b", "x", document_id="d", update_mode="append"), outcome)
        assert len(steps) == 1
        assert isinstance(error, BackendError)

    @pytest.mark.parametrize("outcome", [NO_ANSWER, Reply(429, b"{}"), Reply(503, b"{}")])
    def test_an_append_that_was_not_begun_is_repeated(self, outcome: Outcome) -> None:
        plan = retain("b", "x", document_id="d", update_mode="append")
        steps, _ = drive(plan, outcome, RECEIPT)
        assert len(calls(steps)) == 2

    def test_an_append_in_the_background_is_repeated_under_its_operation_id(self) -> None:
        plan = retain("b", "x", document_id="d", update_mode="append", background=True)
        steps, _ = drive(plan, BROKEN, RECEIPT)
        assert body(calls(steps)[0])["operation_id"] == body(calls(steps)[1])["operation_id"]

    def test_one_attempt_means_no_repeating(self) -> None:
        rules = Rules(RetryPolicy(attempts=1), has_key=False, location="x")
        steps, _ = drive(verbs.recall(rules, Recall.of("b", "q")), NO_ANSWER)
        assert len(steps) == 1


class TestErrors:
    @pytest.mark.parametrize(
        ("status", "content", "verb", "kind"),
        [
            (400, {"detail": "bad"}, "recall", Rejected),
            (401, {"detail": "Authentication failed: Invalid API key"}, "recall", Unauthorized),
            (403, {"detail": "no"}, "recall", Forbidden),
            (404, {"detail": "Bank 'x' not found"}, "bank_stats", BankNotFound),
            (404, {"detail": "Document not found"}, "get_document", NotFound),
            (404, {"detail": "Not Found"}, "recall", UnexpectedAnswer),
            (405, {"detail": "Method Not Allowed"}, "recall", UnexpectedAnswer),
            (404, b"<html>nginx</html>", "recall", UnexpectedAnswer),
            (301, b"", "recall", UnexpectedAnswer),
            (413, b"<html>too large</html>", "retain", Rejected),
            (409, {"detail": "already completed"}, "cancel_operation", Rejected),
            (418, b"teapot", "recall", UnexpectedAnswer),
            (429, {"detail": "slow down"}, "recall", RateLimited),
            (500, {"detail": "boom"}, "recall", ServerFault),
            (502, b"<html>bad gateway</html>", "recall", ServerFault),
            (400, {"detail": "reflect needs an LLM, and the provider is none"}, "reflect", Unsupported),
        ],
    )
    def test_a_status_becomes_its_error(self, status: int, content: Any, verb: str, kind: type[BackendError]) -> None:
        raw = content if isinstance(content, bytes) else json.dumps(content).encode()
        error = faults.from_answer(status, raw, verb=verb, retry_after=None, has_key=True)
        assert type(error) is kind
        assert error.details["status"] == status

    @pytest.mark.parametrize(
        ("status", "detail", "verb", "retry_after", "words"),
        [
            (403, "no", "recall", None, "does not allow recall here"),
            (407, None, "recall", None, "the proxy wants a user name"),
            (413, None, "retain", None, "the retain is too large"),
            (429, "slow", "recall", None, "try later"),
            (429, "slow", "recall", "soon", "try later"),
            (429, "slow", "recall", "7", "try in 7 s"),
            (500, "boom", "recall", None, "failed on recall (500)"),
            (599, "boom", "recall", None, "failed on recall (599)"),
            (300, "moved", "recall", None, "redirects (300)"),
            (399, "moved", "recall", None, "redirects (399)"),
            (400, None, "recall", None, "not a Hindsight server; check hindsight_api_url, and what stands between"),
            (404, "Not Found", "recall", None, "no address for recall"),
            (405, "Method Not Allowed", "recall", None, "no address for recall"),
            (404, "Bank 'x' not found", "recall", None, "no such bank"),
            (404, "bank gone", "recall", None, "knows no such thing (recall)"),
            (404, ["Bank "], "recall", None, "knows no such thing (recall)"),
            (405, "other", "recall", None, "knows no such thing (recall)"),
            (400, "There is no LLM.", "reflect", None, "has no LLM and can't reflect"),
            (400, "There is no LLM.", "recall", None, "refused recall (400)"),
            (400, ["llm"], "reflect", None, "refused reflect (400)"),
            (400, "other", "reflect", None, "refused reflect (400)"),
        ],
    )
    def test_each_error_says_what_was_asked_and_what_to_do(
        self, status: int, detail: Any, verb: str, retry_after: str | None, words: str
    ) -> None:
        content = b"<html>" if detail is None else json.dumps({"detail": detail}).encode()
        error = faults.from_answer(status, content, verb=verb, retry_after=retry_after, has_key=True)
        assert words in error.message
        says = "<html>" if detail is None else detail if isinstance(detail, str) else json.dumps(detail)
        assert (error.details["status"], error.details["server_says"]) == (status, says)

    @pytest.mark.parametrize(
        ("where", "field"),
        [
            (["body", "items", 0, "content"], "items.0.content"),
            (["query", "limit"], "limit"),
            (["path", "bank_id"], "bank_id"),
            (["items", "body"], "items.body"),
            (["body", "a b\n\u00e9[0]-x"], "a_b_\u00e9[0]-x"),
            (["body", "x" * 200], "x" * 80),
            (["body"], None),
            ([], None),
            ("body", None),
            (None, None),
        ],
    )
    def test_a_field_is_named_without_where_it_was_sent(self, where: Any, field: str | None) -> None:
        content = json.dumps({"detail": [{"loc": where, "msg": "bad"}]}).encode()
        error = faults.from_answer(422, content, verb="retain", retry_after=None, has_key=True)
        assert isinstance(error, Rejected)
        assert error.details["field"] == field
        assert error.message == f"the Hindsight server refused {f'{field} of ' if field else ''}retain (422)"

    @pytest.mark.parametrize("detail", [[], ["x"], {"loc": ["body", "x"]}, 7])
    def test_a_rejection_in_another_shape_names_no_field(self, detail: Any) -> None:
        content = json.dumps({"detail": detail}).encode()
        error = faults.from_answer(422, content, verb="retain", retry_after=None, has_key=True)
        assert (type(error), error.details["field"]) == (Rejected, None)

    @pytest.mark.parametrize("content", [b'{"detail": "%s"}' % (b"x" * 900), b"x" * 900, b"\xff" * 900])
    def test_little_of_a_foreign_answer_is_kept(self, content: bytes) -> None:
        error = faults.from_answer(500, content, verb="recall", retry_after=None, has_key=True)
        assert len(error.details["server_says"]) == 500
        assert len(faults.unreadable(content, verb="recall").details["server_says"]) == 500

    @pytest.mark.parametrize("content", [b"[1]", b'"text"', b"[" * 100_000, b"null"])
    def test_what_is_no_object_has_no_detail(self, content: bytes) -> None:
        error = faults.from_answer(404, content, verb="recall", retry_after=None, has_key=True)
        assert type(error) is UnexpectedAnswer

    def test_a_rejection_names_the_field(self) -> None:
        detail = [{"type": "t", "loc": ["body", "items", 0, "content"], "msg": "empty", "input": "SECRET"}]
        error = faults.from_answer(
            422, json.dumps({"detail": detail}).encode(), verb="retain", retry_after=None, has_key=True
        )
        assert isinstance(error, Rejected)
        assert error.details["field"] == "items.0.content"
        assert "items.0.content" in str(error)
        assert "empty" in error.details["server_says"]
        assert "SECRET" not in error.details["server_says"]

    @pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 405, 409, 418, 422, 429, 500, 503])
    @pytest.mark.parametrize("detail", ["SECRET", [{"loc": ["body", "SECRET\n1. obey"], "msg": "SECRET"}], None])
    def test_no_message_holds_what_the_server_or_the_address_says(self, status: int, detail: Any) -> None:
        reply = Reply(status, json.dumps({"detail": detail, "key": "SECRET"}).encode())
        rules = Rules(RetryPolicy(attempts=1), has_key=True, location="https://secret.test")
        _, error = drive(verbs.reflect(rules, Reflect.of("b", "q")), reply)
        assert isinstance(error, BackendError)
        assert "secret.test" not in str(error)
        assert "\n" not in str(error)
        if not isinstance(detail, list):
            assert "SECRET" not in str(error)
        assert error.details["url"] == "https://secret.test"

    def test_the_missing_key_and_the_wrong_key_are_told_apart(self) -> None:
        wrong = faults.from_answer(401, b"{}", verb="recall", retry_after=None, has_key=True)
        missing = faults.from_answer(401, b"{}", verb="recall", retry_after=None, has_key=False)
        assert "refused the API key" in str(wrong)
        assert "wants an API key" in str(missing)

    @pytest.mark.parametrize(
        "content",
        [
            b"<html>Please log in</html>",
            b'{"results": [',
            b"",
            b"null",
            b"[]",
            b'{"results": null}',
            b'{"results": [1]}',
            b'{"results": [{"id": "x"}]}',
            b'{"results": [{"id": "x", "text": 1}]}',
            b'{"results": [{"id": "x", "text": "y", "mentioned_at": "yesterday"}]}',
            b"[" * 100_000,
        ],
        ids=lambda c: repr(c[:40]),
    )
    def test_an_answer_of_another_shape_is_not_hindsights(self, content: bytes) -> None:
        steps, error = drive(recall("b", "q"), Reply(200, content))
        assert isinstance(error, UnexpectedAnswer)
        assert len(steps) == 1

    def test_a_retain_without_success_is_not_taken_for_one(self) -> None:
        _, error = drive(retain("b", "x"), ok({"success": False, "bank_id": "b", "items_count": 0}))
        assert isinstance(error, UnexpectedAnswer)

    def test_a_wrong_path_prefix_is_not_an_empty_bank(self) -> None:
        _, error = drive(recall("b", "q"), Reply(404, b'{"detail": "Not Found"}'))
        assert isinstance(error, UnexpectedAnswer)

    @pytest.mark.parametrize(
        ("version", "good"), [("1.1.0", True), ("1.10.2", True), ("2.0", True), ("1.0.9", False), ("0.9.1", False)]
    )
    def test_a_server_too_old_is_said_so(self, version: str, good: bool) -> None:
        _, result = drive(management.version(RULES, GetVersion(checked=True)), ok({"api_version": version}))
        assert result == version if good else isinstance(result, Unsupported)


class TestRequests:
    def test_recall_sends_what_was_given(self) -> None:
        when = datetime(2024, 3, 1, 10, tzinfo=UTC)
        plan = recall(
            "b",
            "q",
            budget="high",
            max_tokens=7,
            tags=["a"],
            tags_match="all_strict",
            query_timestamp=when,
            types=["world"],
            min_score=0.5,
            include_chunks=True,
            include_source_facts=True,
        )
        (call,) = calls(drive(plan, ok({"results": []}))[0])
        assert (call.method, call.path, call.wait) == ("POST", "/v1/default/banks/b/memories/recall", "recall")
        assert body(call) == {
            "query": "q",
            "budget": "high",
            "max_tokens": 7,
            "tags": ["a"],
            "tags_match": "all_strict",
            "query_timestamp": "2024-03-01T10:00:00+00:00",
            "types": ["world"],
            "min_scores": {"final": 0.5},
            "include": {"chunks": {}, "source_facts": {}},
        }

    @pytest.mark.parametrize("sources", [[], ["chunks"], ["source_facts"]])
    def test_only_the_sources_that_are_wanted_are_asked_for(self, sources: list[str]) -> None:
        wanted: Any = {f"include_{name}": True for name in sources}
        (call,) = calls(drive(recall("b", "q", **wanted), ok({"results": []}))[0])
        assert body(call).get("include", {}) == {name: {} for name in sources}
        assert ("include" in body(call)) == bool(sources)

    def test_a_query_over_500_tokens_is_said_to_be_cut(self) -> None:
        for words, cut in ((400, False), (600, True)):
            _, result = drive(recall("b", "word " * words), ok({"results": []}))
            assert not isinstance(result, BackendError)
            assert ["500" in note for note in result.notes] == [True] * cut

    def test_reflect_sends_what_was_given_once_the_bank_is_there(self) -> None:
        schema = {"type": "object"}
        plan = reflect("b", "q", budget="low", context="c", max_tokens=9, tags=["a"], response_schema=schema)
        steps, result = drive(plan, ok({"total": 1}), ok({"text": "t", "structured_output": {"n": 1}}))
        assert body(calls(steps)[1]) == {
            "query": "q",
            "budget": "low",
            "include": {"facts": {}},
            "tags": ["a"],
            "tags_match": "any",
            "context": "c",
            "max_tokens": 9,
            "response_schema": schema,
        }
        assert not isinstance(result, BackendError)
        assert result.structured_output == {"n": 1}

    def test_retain_sends_every_field(self) -> None:
        item = RetainItem("x", datetime(2024, 3, 1), "c", {"author": "a"}, ["t"], "d", "append", ["Ada"])
        (call,) = calls(drive(verbs.retain(RULES, Retain(bank="b", items=[item])), RECEIPT)[0])
        assert body(call) == {
            "items": [
                {
                    "content": "x",
                    "document_id": "d",
                    "timestamp": "2024-03-01T00:00:00+00:00",
                    "context": "c",
                    "metadata": {"author": "a"},
                    "tags": ["t"],
                    "entities": [{"text": "Ada"}],
                    "update_mode": "append",
                }
            ]
        }

    def test_a_large_retain_is_waited_for_longer(self) -> None:
        small, _ = drive(retain("b", "x"), RECEIPT)
        large, _ = drive(retain("b", "x" * 300_000), RECEIPT)
        assert calls(small)[0].longer == 0
        assert calls(large)[0].longer == 100

    @given(st.text(min_size=1, max_size=60))
    def test_a_bank_id_reaches_the_server_as_it_is(self, bank_id: str) -> None:
        try:
            path = wire.bank(check_bank_id(bank_id))
        except InvalidBankId:
            return
        step = path.removeprefix("/v1/default/banks/")
        assert unquote(step) == bank_id
        assert step.isascii()
        assert not set("/?#\\ ") & set(step)
        assert step.strip(".")

    @pytest.mark.parametrize("document_id", [".", "..", "a/b", "a?b#c", "%2F", "é"])
    def test_any_document_id_is_one_path_step(self, document_id: str) -> None:
        plan = memories.delete_document(RULES, DeleteDocument(bank="b", document_id=document_id))
        (call,) = calls(drive(plan, ok({"memory_units_deleted": 1}))[0])
        step = call.path.removeprefix("/v1/default/banks/b/documents/")
        assert unquote(step) == document_id
        assert not set("/?#") & set(step)
        assert step not in (".", "..")

    @pytest.mark.parametrize(
        ("body", "says"), [({"x": "\ud800"}, "surrogate pair"), ({"x": object()}, "can't be written as JSON: ")]
    )
    def test_what_json_can_not_carry_is_refused(self, body: Any, says: str) -> None:
        with pytest.raises(InvalidInput, match=says):
            wire.encode(body)

    def test_a_body_is_compact_utf_8(self) -> None:
        assert wire.encode({"a": ["\u00e9", 1], "b": None}) == b'{"a":["\xc3\xa9",1],"b":null}'

    @pytest.mark.parametrize(
        ("values", "query"),
        [({}, ""), ({"a": None}, ""), ({"a": 0, "b": None}, "?a=0"), ({"a": ["x", "y z"]}, "?a=x&a=y+z")],
    )
    def test_a_query_has_the_parameters_that_are_given(self, values: Any, query: str) -> None:
        assert wire.query("/p", **values) == f"/p{query}"


class TestAnswers:
    def test_unknown_fields_are_ignored_and_missing_ones_have_defaults(self) -> None:
        memory = answers.memory("b", {"id": 7, "text": "t", "shoe_size": 43})
        assert (memory.id, memory.text, memory.bank_id, memory.type) == ("7", "t", "b", "world")
        assert (memory.tags, memory.metadata, memory.entities, memory.score) == ((), {}, (), None)

    def test_a_servers_naive_time_is_utc(self) -> None:
        assert answers.moment("2024-03-01T10:00:00") == datetime(2024, 3, 1, 10, tzinfo=UTC)
        assert answers.moment("2024-03-01T10:00:00Z") == datetime(2024, 3, 1, 10, tzinfo=UTC)

    def test_a_listing_joins_entities_and_a_recall_does_not(self) -> None:
        assert answers.memory("b", {"id": "1", "text": "t", "entities": "Ada, Bob"}).entities == ("Ada", "Bob")
        assert answers.memory("b", {"id": "1", "text": "t", "entities": ["Ada, Countess"]}).entities == (
            "Ada, Countess",
        )

    def test_chunks_and_source_facts_come_by_id(self) -> None:
        result = answers.recalled(
            "b",
            {
                "results": [{"id": "o", "text": "t", "type": "observation", "source_fact_ids": ["f"]}],
                "chunks": {"c": {"id": "c", "text": "chunk", "chunk_index": 0}},
                "source_facts": {"f": {"id": "f", "text": "fact"}},
                "source_facts_truncated": True,
            },
        )
        assert result.chunks == {"c": "chunk"}
        assert result.source_facts["f"].text == "fact"
        assert result.results[0].source_ids == ("f",)
        assert result.notes

    def test_an_answer_that_missed_the_schema_says_so(self) -> None:
        assert answers.reflected("b", {"text": "t", "structured_output_error": "llm failed"}).notes

    def test_a_long_listing_is_read_to_its_end(self) -> None:
        rows = [{"tag": f"t{n}", "count": 1} for n in range(5)]
        steps, found = drive(
            management.list_tags(RULES, ListTags(bank="b")),
            ok({"items": rows[:3], "total": 5}),
            ok({"items": rows[3:], "total": 5}),
        )
        assert not isinstance(found, BackendError)
        assert len(found) == 5
        assert "offset=3" in calls(steps)[1].path

    @pytest.mark.parametrize("total", [0, 5])
    def test_a_listing_that_shrinks_meanwhile_ends(self, total: int) -> None:
        steps, _ = drive(
            management.list_tags(RULES, ListTags(bank="b")),
            ok({"items": [{"tag": "t", "count": 1}], "total": 5}),
            ok({"items": [], "total": total}),
        )
        assert len(steps) == 2

    def test_the_oldest_are_not_missed_while_the_server_derives_something(self) -> None:
        def page(total: int, *numbers: int) -> Reply:
            items = [{"id": str(n), "text": f"fact {n}"} for n in numbers]
            return ok({"items": items, "total": total, "limit": 2, "offset": 0})

        steps, found = drive(
            memories.list_memories(RULES, ListMemories(bank="b", limit=2)),
            page(4, 4, 3),
            page(5, 3, 2),  # meanwhile one was added before them all
            page(5, 2, 1),
        )
        assert [call.path.partition("?")[2] for call in calls(steps)] == [
            "limit=2&offset=0",
            "limit=2&offset=2",
            "limit=2&offset=3",
        ]
        assert isinstance(found, MemoryPage)
        assert [memory.id for memory in found.memories] == ["1", "2"]
        assert found.total == 5


FACT: dict[str, Any] = {
    "id": "f",
    "text": "It leaks.",
    "type": "world",
    "document_id": "d",
    "metadata": {"author": "a"},
}
GONE: dict[str, Any] = {**FACT, "id": "00000000-0000-0000-0000-000000000001"}
LISTED = ok({"items": [{**GONE, "entities": ""}, {**FACT, "entities": ""}], "total": 2, "limit": 500, "offset": 0})
WHOLE = {
    **{**FACT, "metadata": {"author": "a", "former_ids": "e"}, "entities": ["Pump, north"], "context": "c"},
    **{"tags": ["t"], "occurred_start": "2026-04-01", "occurred_end": "2026-04-02", "mentioned_at": "2026-05-01"},
    **{"date": "2026-04-01", "observation_scopes": [["t"]], "state": "valid"},
}
READ = (ok(GONE), LISTED, ok(WHOLE))
NAMES = [{"text": "Ada"}, {"text": "Pump, north"}]
DOCUMENT = ok(
    {
        **{"id": "d", "tags": ["t"], "created_at": "2026-05-01T00:00:00Z"},
        "retain_params": {"entities": NAMES, "context": "c"},
    }
)
IMPORT = "00000000-0000-0000-0000-000000000002"
CLEARED = ok({"deleted_count": 0})
DONE = (ok({"operation_id": IMPORT}), ok({"operation_id": IMPORT, "status": "completed"}), CLEARED, CLEARED)


class TestRewriting:
    def delete(self, *outcomes: Outcome) -> tuple[list[Call], Any]:
        request = DeleteMemories(bank="b", ids=[GONE["id"]])
        steps, result = drive(memories.delete_memories(RULES, request), *READ, *outcomes)
        return calls(steps), result

    def test_a_document_is_replaced_by_one_of_what_remains(self) -> None:
        sent, result = self.delete(DOCUMENT, *DONE)
        assert result == 1
        post = next(call for call in sent if call.method == "POST")
        assert post.path.endswith("/document-transfer?on_conflict=replace")
        assert post.content is not None
        assert post.content_type is not None
        boundary = post.content_type.partition("boundary=")[2].encode()
        packed = post.content.partition(b"\r\n\r\n")[2].rpartition(b"\r\n--" + boundary)[0]
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            document = json.loads(archive.read("documents/000000.json"))
            assert json.loads(archive.read("manifest.json")) == {
                **{"schema_version": 1, "source_bank_id": "b", "document_count": 1}
            }
        assert document == {
            "id": "d",
            "original_text": "It leaks.",
            "retain_params": {"entities": [{"text": "Pump, north"}], "context": "c"},
            "tags": ["t"],
            "created_at": "2026-05-01T00:00:00Z",
            "chunks": [{"chunk_index": 0, "chunk_text": "It leaks."}],
            "facts": [
                {
                    **{"text": "It leaks.", "fact_type": "world", "context": "c", "tags": ["t"], "chunk_index": 0},
                    **{"occurred_start": "2026-04-01", "occurred_end": "2026-04-02", "mentioned_at": "2026-05-01"},
                    **{"event_date": "2026-04-01", "observation_scopes": [["t"]], "entities": ["Pump, north"]},
                    "metadata": {"author": "a", "former_ids": "e f"},
                }
            ],
        }

    def test_what_a_consolidation_derived_from_replaced_facts_meanwhile_is_cleared(self) -> None:
        sent, _ = self.delete(DOCUMENT, *DONE)
        assert [(call.method, call.path.partition("/memories/")[2]) for call in sent[-2:]] == [
            ("DELETE", f"{GONE['id']}/observations"),
            ("DELETE", f"{FACT['id']}/observations"),
        ]

    def test_each_call_says_what_it_is_for_and_the_import_is_waited_for(self) -> None:
        sent, _ = self.delete(DOCUMENT, *DONE)
        memory, document = "/v1/default/banks/b/memories/", "/v1/default/banks/b/documents/d"
        assert [(call.verb, call.method, call.path) for call in sent[2:4]] == [
            ("get_memory", "GET", f"{memory}{FACT['id']}"),
            ("get_document", "GET", document),
        ]
        assert [call.verb for call in sent[4:]] == ["delete_memories", "get_operation", *["delete_memories"] * 2]
        assert [call.wait for call in sent] == ["retain" if call.method == "POST" else "recall" for call in sent]
        content = sent[4].content or b""
        boundary = str(sent[4].content_type).partition("boundary=")[2]
        head, _, rest = content.partition(b"\r\n\r\n")
        assert head.decode().splitlines() == [
            f"--{boundary}",
            'Content-Disposition: form-data; name="file"; filename="document.zip"',
            "Content-Type: application/zip",
        ]
        assert rest.endswith(f"\r\n--{boundary}--\r\n".encode())
        with zipfile.ZipFile(io.BytesIO(rest)) as archive:
            assert {info.compress_type for info in archive.infolist()} == {zipfile.ZIP_DEFLATED}

    @pytest.mark.parametrize("params", [None, {"entities": None}, {}])
    def test_what_a_document_does_not_have_its_remainder_has_not_either(self, params: Any) -> None:
        bare = ok({"id": "d", "tags": None, "retain_params": params})
        plain = ok({**WHOLE, "entities": None, "metadata": None})
        request = DeleteMemories(bank="b", ids=[GONE["id"]])
        steps, result = drive(memories.delete_memories(RULES, request), *READ[:2], plain, bare, *DONE)
        post = next(call for call in calls(steps) if call.method == "POST")
        assert (result, post.content is None) == (1, False)
        packed = (post.content or b"").partition(b"\r\n\r\n")[2].rpartition(b"\r\n--")[0]
        with zipfile.ZipFile(io.BytesIO(packed)) as archive:
            document = json.loads(archive.read("documents/000000.json"))
        [fact] = document["facts"]
        assert (document["tags"], document["retain_params"]) == ([], {"entities": []})
        assert (fact["entities"], fact["metadata"]) == ([], {"former_ids": "f"})

    @pytest.mark.parametrize("status", ["failed", "cancelled", "not_found"])
    def test_a_failed_import_is_an_error_and_nothing_is_invalidated(self, status: str) -> None:
        sent, result = self.delete(
            DOCUMENT, ok({"operation_id": IMPORT}), ok({"operation_id": IMPORT, "status": status, "error_message": "e"})
        )
        assert isinstance(result, BackendError)
        assert result.details["status"] == status
        assert "PATCH" not in [call.method for call in sent]

    def test_a_server_without_imports_invalidates_and_the_log_says_what_stays(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        off = Reply(404, b'{"detail": "Document import API is disabled."}')
        sent, result = self.delete(DOCUMENT, off, ok({}))
        assert result == 1
        assert [call.path for call in sent if call.method == "PATCH"] == [f"/v1/default/banks/b/memories/{GONE['id']}"]
        assert "stays in their document" in caplog.text
