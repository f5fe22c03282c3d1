"""The model of a command: the requested one, or the offline stand-in."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from hindsight_teams.errors import ConfigurationError, InvalidInput

if TYPE_CHECKING:
    from agno.models.base import Model

OFFLINE = "offline"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A model, and what to tell people about it."""

    model: Model
    name: str
    offline: bool
    notice: str


def choose_model(wanted: str | None) -> Chosen:
    """The model of an Agno model string such as ``openai:gpt-5-mini``; the stand-in without one, or without its key.

    Raises:
        InvalidInput: Not a model string, or a provider that Agno does not know.
        ConfigurationError: There is a key, but the provider's package is not installed.
    """
    if wanted is None or wanted == OFFLINE:
        return _stand_in("No language model: an offline stand-in plays the members by fixed rules.")
    from agno.exceptions import ModelAuthenticationError
    from agno.models.utils import get_model

    try:
        model = get_model(wanted)
    except ImportError as error:
        if (key := _key(wanted)) and not os.environ.get(key):
            return _without_key(wanted)
        raise ConfigurationError(f"the model {wanted!r} needs a package that is not installed: {error}") from error
    except ValueError as error:
        raise InvalidInput(
            f"{wanted!r} is not a model string; write PROVIDER:MODEL, as in openai:gpt-5-mini ({error})"
        ) from None
    if model is None:
        raise InvalidInput(f"{wanted!r} is not a model string; write PROVIDER:MODEL, as in openai:gpt-5-mini")
    try:
        connect = getattr(model, "get_client", None)
        if connect is not None:
            connect()
    except ModelAuthenticationError:
        return _without_key(wanted)
    return Chosen(model, wanted, offline=False, notice=f"Model: {wanted}")


def _key(wanted: str) -> str | None:
    from hindsight_teams.cli.scaffold.answers import parse_model

    return parse_model(wanted).key


def _without_key(wanted: str) -> Chosen:
    return _stand_in(f"No API key for {wanted}: an offline stand-in plays the members by fixed rules.")


def _stand_in(notice: str) -> Chosen:
    from hindsight_teams.testing import OfflineModel

    return Chosen(OfflineModel(), OFFLINE, offline=True, notice=notice)
