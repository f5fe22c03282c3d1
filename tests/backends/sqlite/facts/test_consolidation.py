import json
from datetime import UTC, datetime, timedelta

from hindsight_teams.backends.sqlite.learn.consolidation import aconsolidate, by_rule, consolidate, supersedes, topics
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


def test_a_newer_fact_supersedes_and_an_older_one_does_not() -> None:
    assert supersedes(BERGEN, OSLO)
    assert not supersedes(OSLO, BERGEN)
    assert not supersedes(DOG, OSLO)


def test_a_name_with_enough_facts_is_a_topic() -> None:
    found = topics([OSLO, DOG, BERGEN, fact(4, "Bob left.", "Bob")])
    assert found == {"nora": [BERGEN, DOG, OSLO]}


def test_rules_list_what_is_current_and_what_it_replaced() -> None:
    result = by_rule("Nora", [OSLO, DOG, BERGEN])
    (observation,) = result.observations
    assert observation.text == (
        "Nora: Nora lives in Bergen. (2023-01-04) Nora has a dog. (2023-01-03) No longer: Nora lives in Oslo. (2023-01-02)"
    )
    assert observation.source_ids == ("3", "2", "1")
    assert result.superseded == (("1", "3"),)


async def test_a_model_writes_observations_from_numbered_facts() -> None:
    reply = json.dumps(
        {
            "observations": [{"text": "Nora moved from Oslo to Bergen.", "sources": [1, 3]}],
            "superseded": [{"older": 1, "newer": 3}, {"older": 3, "newer": 1}],
        }
    )
    result = consolidate("Nora", [BERGEN, DOG, OSLO], model=ScriptedModel([reply]))
    assert result == await aconsolidate("Nora", [BERGEN, DOG, OSLO], model=ScriptedModel([reply]))
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
