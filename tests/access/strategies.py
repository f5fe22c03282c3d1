"""Identities and banks for property tests, hostile ones among them."""

from __future__ import annotations

from hypothesis import strategies as st

from hindsight_teams.access.banks import BankSpec
from hindsight_teams.access.grants import Caller

HOSTILE = (
    "shared",
    "user",
    "member",
    "review",
    "queue",
    ":",
    "a:b",
    "~",
    "~3a",
    "~~",
    "~~" + "0" * 40,
    ".",
    "..",
    "/",
    "%2f",
    "\\",
    " ",
    "\t",
    "\0",
    "{user}",
    "\u00e9",
    "e\u0301",
    "\ud83d",
    "\U0001f989",
    "A",
    "a",
    "x" * 149,
    "x" * 150,
    "x" * 151,
    "x" * 300,
    "\u00e9" * 100,
)

identities = st.sampled_from(HOSTILE) | st.text(st.characters(), min_size=1, max_size=260)
"""Any non-empty string, half surrogates included."""

callers = st.builds(Caller, team=identities, member=identities, user=identities, session=identities, run=identities)

names = st.sampled_from(("shared", "notes", "customer", "user", "member", "review"))
scopes = st.sampled_from(("team", "member", "user"))
templates = st.sampled_from(
    ("{team}:{bank}:{session}", "{team}:{bank}:{user}:{session}", "{team}:{bank}:{member}:{user}")
)
specs = st.builds(BankSpec, names, scopes)
any_specs = specs | st.builds(BankSpec, names.filter(lambda name: name != "review"), templates)
"""Built-in scopes and templates; the review bank keeps its name from templates."""
