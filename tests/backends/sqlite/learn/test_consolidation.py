import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hindsight_teams.backends.sqlite.learn.consolidation import by_rule, consolidate, topics
from hindsight_teams.models import Memory
from hindsight_teams.testing import ScriptedModel


def fact(number: int, text: str, *entities: str) -> Memory:
    said = datetime(2023, 1, 1, tzinfo=UTC) + timedelta(days=number)
    return Memory(id=str(number), text=text, bank_id="b", mentioned_at=said, entities=entities)


OSLO, DOG, BERGEN = (
    fact(1, "Nora lives in Oslo.", "Nora"),
    fact(2, "Nora has a dog.", "Nora"),
    fact(3, "Nora lives in Bergen.", "nora"),
)


def test_a_name_with_enough_facts_is_a_topic() -> None:
    found = topics([OSLO, DOG, BERGEN, fact(4, "Bob left.", "Bob")])
    assert found == {"nora": [BERGEN, DOG, OSLO]}


def test_rules_list_every_fact_and_say_that_none_replaces_another() -> None:
    result = by_rule("Nora", [OSLO, DOG, BERGEN])
    (observation,) = result.observations
    assert observation.text == (
        "Nora: Nora lives in Bergen. (noted 2023-01-04) Nora has a dog. (noted 2023-01-03)"
        " Nora lives in Oslo. (noted 2023-01-02)"
    )
    assert observation.source_ids == ("3", "2", "1")
    assert result.superseded == ()


def test_rules_set_apart_what_a_model_found_to_be_replaced() -> None:
    (observation,) = by_rule("Nora", [replace(OSLO, superseded_by="3"), DOG, BERGEN]).observations
    assert observation.text.endswith("No longer: Nora lives in Oslo. (noted 2023-01-02)")


def test_a_model_writes_observations_from_numbered_facts() -> None:
    reply = json.dumps(
        {
            "observations": [{"text": "Nora moved from Oslo to Bergen.", "sources": [1, 3]}],
            "superseded": [{"older": 1, "newer": 3}, {"older": 3, "newer": 1}],
        }
    )
    result = consolidate("Nora", [BERGEN, DOG, OSLO], model=ScriptedModel([reply]))
    assert result.observations[0].source_ids == ("1", "3")
    assert result.superseded == (("1", "3"),)
    assert result.failure is None


def test_a_model_that_names_sources_that_do_not_exist_is_not_believed() -> None:
    reply = json.dumps({"observations": [{"text": "Nora is rich.", "sources": [9]}]})
    result = consolidate("Nora", [OSLO, DOG, BERGEN], model=ScriptedModel([reply]))
    assert "rich" not in result.observations[0].text
    assert result.failure


def test_rules_take_over_where_the_model_fails() -> None:
    result = consolidate("Nora", [OSLO, DOG, BERGEN], model=ScriptedModel([RuntimeError("down")] * 3))
    assert result.observations == by_rule("Nora", [OSLO, DOG, BERGEN]).observations
    assert result.failure
