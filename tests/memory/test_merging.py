"""Merging the answers of several banks loses none of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hindsight_teams.access.banks import BankSpec, Target
from hindsight_teams.access.grants import FULL, Grant
from hindsight_teams.errors import BackendError
from hindsight_teams.memory.merging import answered, merge_recall, merge_reflect
from hindsight_teams.models import Gap, Memory, RecallResult, Reflection

A, B = Memory("1", "Ada leads.", "a"), Memory("2", "Bo follows.", "b")


def target(name: str) -> Target:
    return Target(Grant(BankSpec(name), FULL), f"t:{name}")


def test_a_bank_that_fails_is_a_gap_beside_the_answers_of_others_and_an_error_where_all_fail() -> None:
    first, second = BackendError("timed out"), BackendError("refused")
    targets = [target("shared"), target("notes")]
    assert answered(targets, [A, B]) == ([("shared", A), ("notes", B)], [])
    assert answered(targets, [first, B]) == ([("notes", B)], [Gap("shared", "timed out")])
    assert answered(targets, [A, second]) == ([("shared", A)], [Gap("notes", "refused")])
    assert answered([], []) == ([], [])
    with pytest.raises(BackendError, match="timed out") as failed:
        answered(targets, [first, second])
    assert failed.value is first


def test_a_reflect_over_two_banks_gives_both_answers_under_their_names() -> None:
    merged = merge_reflect([("shared", Reflection("Ada.", based_on=[A])), ("notes", Reflection("Bo.", based_on=[B]))])
    assert merged.text == "From shared:\nAda.\n\nFrom notes:\nBo."
    assert merged.based_on == [A, B]


def test_an_answer_that_rests_on_nothing_is_left_out_where_another_rests_on_memories() -> None:
    merged = merge_reflect([("shared", Reflection("Nothing is known.")), ("notes", Reflection("Bo.", based_on=[B]))])
    assert merged.text == "Bo."
    assert merged.based_on == [B]


def test_where_no_answer_rests_on_memories_the_first_is_given() -> None:
    merged = merge_reflect([("shared", Reflection("Nothing is known.")), ("notes", Reflection("Nor here."))])
    assert merged.text == "Nothing is known."


@pytest.mark.parametrize("outputs", [({"x": 1}, None), (None, {"x": 1}), ({"x": 1}, {"x": 2}), (None, {})])
def test_the_first_structured_output_is_kept(outputs: tuple[Any, Any]) -> None:
    answers = [
        ("a", Reflection("x", [A], structured_output=outputs[0])),
        ("b", Reflection("y", [B], structured_output=outputs[1])),
    ]
    assert merge_reflect(answers).structured_output == next(o for o in outputs if o is not None)


def test_gaps_and_notes_of_every_bank_are_kept() -> None:
    own, inner = Gap("dead", "timed out"), Gap("inner", "refused")
    reflected = merge_reflect(
        [("a", Reflection("x", [A], notes=("cut",))), ("b", Reflection("y", [B], gaps=(inner,), notes=("cut", "old")))],
        [own],
    )
    recalled = merge_recall(
        [("a", RecallResult([A], notes=("cut",))), ("b", RecallResult([B], gaps=(inner,), notes=("cut", "old")))], [own]
    )
    for merged in (reflected, recalled):
        assert merged.gaps == (own, inner)
        assert merged.notes == ("cut", "old")


def test_a_gap_beside_one_answer_is_told() -> None:
    gap = Gap("dead", "timed out")
    assert merge_recall([("a", RecallResult([A]))], [gap]).gaps == (gap,)
    assert merge_reflect([("a", Reflection("x", [A]))], [gap]).gaps == (gap,)


def test_banks_take_turns_and_the_limit_holds_for_all() -> None:
    more = [Memory(str(n), f"Lamp {n} is on.", "a") for n in range(3)]
    merged = merge_recall([("a", RecallResult(more)), ("b", RecallResult([B]))])
    assert [m.text for m in merged.results] == ["Lamp 0 is on.", "Bo follows.", "Lamp 1 is on.", "Lamp 2 is on."]
    assert len(merge_recall([("a", RecallResult(more)), ("b", RecallResult([B]))], max_tokens=8).results) == 2
    assert len(merge_recall([("a", RecallResult(more))], max_tokens=4).results) == 1


def test_the_best_confidence_counts() -> None:
    answers = [
        ("a", RecallResult([A], confidence=0.2)),
        ("b", RecallResult([B], confidence=0.9)),
        ("c", RecallResult()),
    ]
    assert merge_recall(answers).confidence == 0.9
    assert merge_recall([("a", RecallResult()), ("b", RecallResult())]).confidence is None


def test_chunks_and_sources_of_every_bank_are_kept() -> None:
    answers = [
        ("a", RecallResult([A], chunks={"c1": "x"}, source_facts={"1": A})),
        ("b", RecallResult([B], chunks={"c2": "y"})),
    ]
    merged = merge_recall(answers)
    assert merged.chunks == {"c1": "x", "c2": "y"}
    assert merged.source_facts == {"1": A}


@pytest.mark.parametrize("others", [(), (("notes", RecallResult()),)])
def test_a_memory_kept_in_doubt_goes_below_plain_ones_and_not_far(others: tuple[tuple[str, RecallResult], ...]) -> None:
    doubtful = Memory("0", "how old is Ada", "a", metadata={"doubt": "may tell nothing"})
    plain = [Memory(str(number), f"Fact {number}.", "a") for number in range(1, 9)]
    merged = merge_recall([("shared", RecallResult(results=[doubtful, *plain])), *others])
    assert [memory.id for memory in merged.results] == ["1", "2", "3", "4", "5", "0", "6", "7", "8"]


def test_one_answer_is_given_as_it_is_unless_it_says_the_same_twice() -> None:
    result = RecallResult([A, B], notes=("cut",), confidence=0.5)
    assert merge_recall([("a", result)]) is result
    twice = replace(result, results=[A, Memory("3", "Ada  leads.", "a"), B])
    assert merge_recall([("a", twice)]) == result
    reflection = Reflection("Ada.", based_on=[A])
    assert merge_reflect([("a", reflection)]) is reflection


def test_an_observation_of_one_answer_is_attributed_by_its_tags() -> None:
    derived = Memory("o", "Ada leads.", "a", tags=("author:bo",), type="observation")
    [found] = merge_recall([("a", RecallResult([derived, B]))]).results[:1]
    assert (found.id, found.author) == ("o", "bo")


def test_of_an_observation_and_a_fact_that_say_the_same_the_fact_is_kept_at_the_better_rank() -> None:
    derived = Memory("o", "Ada  leads.", "a", tags=("author:bo",), type="observation")
    for results in ([derived, B, A], [A, B, derived]):
        assert merge_recall([("a", RecallResult(results))]).results == [A, B]
    other = replace(derived, id="p")
    assert [m.id for m in merge_recall([("a", RecallResult([derived, other]))]).results] == ["o"]


def test_the_same_words_about_two_days_are_two_memories() -> None:
    may = datetime(2026, 5, 3, tzinfo=UTC)
    told = [Memory(str(n), "It was yesterday.", "a", occurred_at=may + timedelta(days=n % 2)) for n in range(3)]
    undated = Memory("4", "It was  yesterday.", "a")
    assert merge_recall([("a", RecallResult([*told, undated]))]).results == told[:2]


def test_of_the_same_words_what_holds_is_kept_rather_than_what_was_replaced() -> None:
    replaced, again = replace(A, superseded_by="9"), replace(A, id="3")
    assert merge_recall([("a", RecallResult([replaced, B, again]))]).results == [again, B]
    assert merge_recall([("a", RecallResult([again, B, replaced]))]).results == [again, B]


def test_banks_take_turns_and_what_does_not_fit_any_more_is_left_out() -> None:
    long = Memory("3", "x" * 400, "a")
    answers = [("a", RecallResult([A, long])), ("b", RecallResult([B])), ("c", RecallResult([]))]
    assert merge_recall(answers).results == [A, B, long]
    assert merge_recall(answers, max_tokens=106).results == [A, B, long]
    assert merge_recall(answers, max_tokens=105).results == [A, B]
    assert merge_recall([("a", RecallResult([long, A]))], max_tokens=3).results == [A]
    assert merge_recall(answers, max_tokens=2).results == []


def test_a_reflection_over_two_banks_says_a_memory_once() -> None:
    same = Memory("9", "Ada leads.", "b")
    merged = merge_reflect(
        [("a", Reflection("x", [A], notes=("n",))), ("b", Reflection("y", [same, B], notes=("n", "m")))]
    )
    assert merged.based_on == [A, B]
    assert merged.notes == ("n", "m")
