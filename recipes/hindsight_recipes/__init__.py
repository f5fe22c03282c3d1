"""Ready teams: importable, runnable, and the templates of ``hindsight-teams new``.

    >>> from hindsight_recipes import get_recipe, list_recipes
    >>> [recipe.name for recipe in list_recipes()]  # doctest: +ELLIPSIS
    ['researcher_answerer', ...]
    >>> recipe = get_recipe("researcher-answerer")
    >>> recipe.phases
    ['research', 'answer']

Or take a team directly:

    from hindsight_recipes import researcher_answerer
    team = researcher_answerer.team(model="openai:gpt-4o-mini")

Listing and reading recipes imports neither Agno nor a backend.
"""

from __future__ import annotations

from pathlib import Path

from hindsight_recipes._recipe import Note, Recipe, RecipeOptions, Step
from hindsight_teams.errors import InvalidInput, did_you_mean

__all__ = ["Note", "Recipe", "RecipeOptions", "Step", "get_recipe", "list_recipes"]

_HERE = Path(__file__).parent
_ORDER = (
    "researcher_answerer",
    "support_desk",
    "engineering_squad",
    "evidence_panel",
    "project_room",
    "personal_assistant",
)


def list_recipes() -> list[Recipe]:
    """All recipes, the simplest first."""
    return [Recipe(name, _HERE / name) for name in _ORDER if (_HERE / name / "script.toml").is_file()]


def get_recipe(name: str) -> Recipe:
    """One recipe by its name, with ``_`` or ``-``.

    Raises:
        InvalidInput: There is no such recipe; the nearest one is named.
    """
    wanted = name.strip().lower().replace("-", "_")
    recipes = {recipe.name: recipe for recipe in list_recipes()}
    if wanted not in recipes:
        raise InvalidInput(f"there is no recipe {name!r}; {did_you_mean(wanted, recipes)}")
    return recipes[wanted]
