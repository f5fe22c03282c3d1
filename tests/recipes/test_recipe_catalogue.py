from __future__ import annotations

import subprocess
import sys

import pytest

from hindsight_recipes import Recipe, get_recipe, list_recipes
from hindsight_teams import SQLiteBackend
from hindsight_teams.access.definition import TeamDefinition
from hindsight_teams.errors import InvalidInput

from .conftest import parts

NAMES = [recipe.name for recipe in list_recipes()]
every_recipe = pytest.mark.parametrize("recipe", list_recipes(), ids=NAMES)


def test_all_six_recipes_are_listed() -> None:
    assert NAMES == [
        "researcher_answerer",
        "support_desk",
        "engineering_squad",
        "evidence_panel",
        "project_room",
        "personal_assistant",
    ]


@pytest.mark.parametrize("name", ["support_desk", "support-desk", " Support-Desk "])
def test_a_recipe_is_found_by_its_name_in_any_spelling(name: str) -> None:
    assert get_recipe(name).name == "support_desk"


def test_an_unknown_recipe_names_the_nearest() -> None:
    with pytest.raises(InvalidInput, match=r"'suport-desk'.*'support_desk'"):
        get_recipe("suport-desk")


def test_listing_recipes_imports_no_agno() -> None:
    code = "import sys, hindsight_recipes as r; [x.script for x in r.list_recipes()]; print('agno' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@every_recipe
def test_a_recipe_is_complete(recipe: Recipe) -> None:
    assert recipe.title
    assert recipe.summary
    assert recipe.readme.read_text(encoding="utf-8").startswith(f"# {recipe.title}")
    assert (recipe.folder / "team.py").is_file()
    assert len(recipe.phases) >= 2
    assert recipe.questions


@every_recipe
def test_every_note_names_its_date_and_source_and_holds_facts(recipe: Recipe) -> None:
    notes = recipe.load_data()
    assert notes
    for note in notes:
        assert {"date", "source"} <= set(note.fields), note.path
        assert len(note.facts) >= 2
        assert len(set(note.facts)) == len(note.facts)


@every_recipe
def test_the_script_tells_every_note(recipe: Recipe) -> None:
    told = "\n".join(step.prompt for step in recipe.script)
    for note in recipe.load_data():
        assert all(fact in told for fact in note.facts), note.path


@every_recipe
def test_what_an_answer_must_hold_stands_in_the_data_and_not_in_the_question(recipe: Recipe) -> None:
    told = ""
    for step in recipe.script:
        for text in step.expect:
            assert text.casefold() not in step.prompt.casefold(), step.title
            assert text.casefold() in told, f"{step.title}: nothing told before holds {text!r}"
        told += step.prompt.casefold() + "\n"


@every_recipe
def test_the_readme_shows_every_member_and_bank(recipe: Recipe) -> None:
    readme = recipe.readme.read_text(encoding="utf-8")
    definition = TeamDefinition.from_file(recipe.team_toml)
    for name in (*definition.grants, *definition.banks):
        assert name in readme


@every_recipe
def test_a_model_string_reaches_every_member(
    recipe: Recipe, monkeypatch: pytest.MonkeyPatch, backend: SQLiteBackend
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "unused")
    team = recipe.team("openai:gpt-4o-mini", recipe.memory(backend=backend))
    assert {getattr(part.model, "id", None) for part in parts(team)} == {"gpt-4o-mini"}


def test_a_step_finds_what_is_missing_and_what_should_not_be_there() -> None:
    step = get_recipe("support_desk").questions[0]
    assert step.problems("Your TILL runs sqlite 3.31.0 on a raspberry pi.") == []
    assert step.problems("The laboratory runs 3.31.0") == ["missing 'Raspberry Pi'", "holds 'laboratory'"]
