"""The members of a team as its leader knows them, read from Agno's system message. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from hindsight_teams.testing._text import is_personal, stems, words

RETAIN, RECALL, REFLECT = "retain_memory", "recall_memory", "reflect_on_memory"

_ROSTER = re.compile(r"<team_members>\n(.*?)</team_members>", re.S)
_MEMBER = re.compile(r'^<member id="([^"]*)" name="([^"]*)"[^>]*>\n(.*?)^</member>$', re.S | re.M)
_TOOLS = re.compile(r"^\s*Tools: (.*)$", re.M)
_WRITING = stems("retain store record write collect remember save research researcher editor scribe archivist")
_READING = stems("recall reflect answer judge search look support adviser analyst reader consult review")


@dataclass(frozen=True, slots=True)
class Member:
    """One member that the leader may delegate to.

    Attributes:
        text: All that the roster says of it, its own members included.
    """

    id: str
    name: str
    text: str

    @property
    def tools(self) -> str:
        """The names of its tools; empty where the roster lists none."""
        return ", ".join(_TOOLS.findall(self.text))

    def can(self, *, write: bool) -> bool:
        """Whether it can write memory, or read it: by its tools where they are listed, else by its description."""
        if listed := self.tools:
            return RETAIN in listed if write else RECALL in listed or REFLECT in listed
        return bool(stems(f"{self.id} {self.text}") & (_WRITING if write else _READING))


def read_roster(system: str) -> list[Member]:
    """The members to whom a leader can delegate; nested ones belong to the text of their team."""
    roster = _ROSTER.search(system)
    return [Member(*found) for found in _MEMBER.findall(roster.group(1))] if roster else []


def called_by_name(members: Sequence[Member], request: str) -> Member | None:
    """The member that a request begins with the name of."""
    for member in members:
        if re.match(rf"\W*(?:(?:ask|tell|let|have)\s+)?(?:the\s+)?(?:{_names(member)})\b", request, re.I):
            return member
    return None


def choose(members: Sequence[Member], request: str, *, write: bool, guess: bool = True) -> Member | None:
    """The member for a request, or None when no member is able to and none is called by name.

    One that the request calls by name comes first, then those that can write (for a statement) or read (for a
    question), the nearest in words before the others. What people say of themselves goes to a member that can answer
    them too, rather than to one that only writes. With ``guess``, any member may be able of whom the roster tells no
    tools.
    """
    if (called := called_by_name(members, request)) is not None:
        return called
    able = [member for member in members if member.can(write=write)]
    for member in able:
        if re.search(rf"\b(?:{_names(member)})\b", request, re.I):
            return member
    if not able and guess and not any(member.tools for member in members):
        able = list(members)
    asked = words(request)

    def fit(member: Member) -> tuple[int, ...]:
        nearness, talks = len(asked & words(f"{member.id} {member.name} {member.text}")), int(member.can(write=False))
        return (talks, nearness) if write and is_personal(request) else (nearness, talks)

    return max(able, key=fit, default=None)


def _names(member: Member) -> str:
    names = {member.id, member.name, member.id.replace("-", " ").replace("_", " ")}
    return "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True) if name)
