"""How the offline stand-in reads a text: questions, facts, and the lines that answer a question. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

_ASKS = frozenset(
    "what who whom whose when where which why how is are was were do does did has have had can could should would will"
    " tell list summarise summarize describe explain answer recall reflect find compare judge assess review advise"
    " recommend suggest search name give show".split()
)
_TELLS = frozenset(
    "remember retain store save record note write add log keep publish learn collect update"
    " propose promote approve reject".split()
)
_STOP = _ASKS | frozenset(
    "a an the and or of in on at to for from by with about into as it its this that these those he she they them his"
    " her their i me my we us our you your be been am not no yes please any there".split()
)
_FIRST_PERSON = frozenset("i me my mine we us our ours".split())
_BROAD = re.compile(
    r"\b(why|summari[sz]e|summary|explain|compare|judge|assess|reflect|overview|describe|advise|review|conclude"
    r"|recommend|suggest|what (do|did|have) (we|you|i) (know|learn|learned|think)|how (would|should|well)|should)\b"
)
_POLITE = re.compile(r"^(?:please|kindly|(?:can|could|would|will) you(?: please)?)[\s,]+", re.I)
_ADDRESS = re.compile(
    r"^(?!(?:in|on|at|by|for|from|of|to|after|before|since|until|during|when|while|if|as|with)\b)"
    r"[a-z-]+(?: [a-z-]+){0,2}[,:]\s+(?=\w)",
    re.I,
)
_BLOCK = re.compile(r"<([a-z][a-z0-9_-]*(?: [a-z_]+)?)>.*?</\1>", re.S)
_BULLET = re.compile(r"^\s*[-*•]\s+")
_NUMBERED = re.compile(r"^\s*\d{1,3}[.)]\s+(.*\S)")
_LABEL = re.compile(r"^\[[^\]]*\]\s*")
_CLITIC = re.compile(r"(?<=\w)['\u2019](?:s|t|d|m|re|ve|ll)\b")
_OWNED = re.compile(
    r"(?:\b(?:my|our|your)|\b(?P<whose>[A-Z]\w*)['\u2019]s)\s+"
    r"(?P<what>[^\W\d_]+(?:\s+(?!(?:of|in|on|at|to|for|from|with|and|or)\b)[^\W\d_]+)*)",
    re.I,
)
_ATTRIBUTES = frozenset("number name date address code id".split())
"""What a fact may give without its name: "my order is 4417"."""
_DOING = re.compile(r"\b(?:do|did|am|have|was) (?:i|we) (\w+)", re.I)
_EMPTY = re.compile(
    r"^\W*(no relevant memor|no memor|nothing (is |was )?(known|found|stored|relevant)|i (do not|don't) know|$)",
    re.I,
)


def without_blocks(text: str) -> str:
    """The text without the ``<tag>...</tag>`` blocks that a framework puts around a request."""
    return _BLOCK.sub("", text).strip()


def blocks(text: str) -> str:
    """Only the ``<tag>...</tag>`` blocks of a text."""
    return "\n".join(match.group() for match in _BLOCK.finditer(text))


def is_question(text: str) -> bool:
    """Whether a request asks for something, rather than states it."""
    plain = text.strip()
    first = command(plain)
    if first in _TELLS:
        return False
    lines = [line.strip() for line in plain.splitlines() if line.strip()]
    if not lines:
        return False
    return first in _ASKS or lines[-1].endswith("?") or bool(re.search(r"\?(\s|$)", lines[0]))


def is_personal(text: str) -> bool:
    """Whether somebody speaks of themselves."""
    return not _FIRST_PERSON.isdisjoint(_tokens(text))


def is_broad(text: str) -> bool:
    """Whether a question wants a view drawn from many memories rather than one fact."""
    return bool(_BROAD.search(text.lower()))


def facts(text: str) -> list[str]:
    """The facts of a statement: its bullets, else the statement without the command before it."""
    items: list[str] = []
    for line in text.splitlines():
        if _BULLET.match(line):
            items.append(_BULLET.sub("", line).strip())
        elif items and line.startswith((" ", "\t")) and line.strip():
            items[-1] += " " + line.strip()
    if items:
        return [item for item in items if item]
    plain = text.strip()
    if command(plain) in _TELLS:
        head, colon, rest = plain.partition(":")
        if colon and rest.strip() and len(head) <= 120 and "\n" not in head:
            return facts(rest)
        bare = re.sub(r"^\W*\w+\s+that\s+", "", unaddressed(plain), flags=re.I)
        return [bare[:1].upper() + bare[1:]]
    return [plain] if plain else []


def named_first(text: str, names: Sequence[str]) -> str | None:
    """The one of some names that a text mentions first, in singular or plural."""
    found: list[tuple[int, str]] = []
    for name in names:
        pattern = r"\b" + re.sub(r"[\s_-]+", r"[\\s_-]+", re.escape(name.rstrip("s")).replace(r"\-", "-"))
        if match := re.search(pattern, text, re.I):
            found.append((match.start(), name))
    return min(found)[1] if found else None


def stems(text: str) -> set[str]:
    """All words, cut to a crude stem so that "landed" meets "landing"."""
    return {_stem(word) for word in _tokens(text)}


def words(text: str) -> set[str]:
    """The stems of the words that carry meaning."""
    return {_stem(word) for word in _tokens(text) if word not in _STOP}


def memory_lines(text: str) -> list[str]:
    """The memories in a tool's result or an injected block: its numbered lines."""
    return [match.group(1) for line in text.splitlines() if (match := _NUMBERED.match(line))]


def is_empty(text: str) -> bool:
    """Whether a memory tool's result says that there is nothing."""
    return bool(_EMPTY.match(text.strip()))


def bearing_on(question: str, lines: Iterable[str], limit: int = 3) -> list[str]:
    """The few lines that share most words with a question, best first; none when they share too little.

    Of lines that say nearly the same, the one that memory gave first stays first: it is the newer one. So does one that
    only corrects another, such as "No, it's 8813 not 8812.", though it shares no word with the question.
    """
    lines = list(lines)
    asked, named = words(question), _named(question)
    needed = 1 if len(asked) <= 3 else 2
    scored = [
        (len(asked & words(line)), line)
        for line in _distinct(lines)
        if named <= stems(line) and not _of_another(question, line)
    ]
    best = max((score for score, _ in scored), default=0)
    kept = [(score, line) for score, line in scored if score >= needed and 2 * score > best]
    best_first = [line for _, line in sorted(kept, key=lambda pair: -pair[0])[:limit]]
    return list(dict.fromkeys(part for line in best_first for part in (*_newer_than(line, lines, best_first), line)))


def _newer_than(line: str, given: Sequence[str], kept: Sequence[str]) -> Iterator[str]:
    """Of lines as memory gave them those before one line that say nearly the same, or correct a figure in it."""
    said = stems(unlabelled(line))
    for before in given[: given.index(line)]:
        own = stems(unlabelled(before))
        if before in kept:
            if 2 * len(own & said - _STOP) > min(len(own - _STOP), len(said - _STOP)):
                yield before
        elif any(any(map(str.isdigit, word)) for word in own & said) and "not" in own:
            yield before


def _named(question: str) -> set[str]:
    """The stems of what a question names as somebody's: of "my sister's boat", "my favourite book", "Ada's till"."""
    found: set[str] = set()
    about_a_doing = bool(re.search(r"\b(?:do|does|did|has|have|can|when|where|how|why)\b", question, re.I))
    for owned in _OWNED.finditer(question):
        phrase = [word for word in _tokens(owned["what"]) if word not in _STOP and word not in _ATTRIBUTES]
        ends = not question[owned.end() :].strip(" ?.!")
        found.update(_stem(word) for word in (phrase if ends and not about_a_doing else phrase[:1]))
        if owned["whose"] and _tokens(owned["whose"])[0] not in _STOP:
            found.add(_stem(_tokens(owned["whose"])[0]))
    return found


def _of_another(question: str, line: str) -> bool:
    """Whether a line shares only the verb of "where do I live", and tells it of what is somebody's."""
    doing = _DOING.search(question)
    return (
        doing is not None
        and words(question) & words(line) <= {_stem(doing[1].lower())}
        and bool(re.match(r"(?:my|our|his|her|their)\b", unlabelled(line), re.I))
        and not re.search(r"\b(?:i|we)\b", line, re.I)
    )


def unlabelled(line: str) -> str:
    """A recalled line without its label of date, bank and author."""
    return _LABEL.sub("", line)


def _distinct(lines: Iterable[str]) -> list[str]:
    """The lines without those that say what another says and more, such as the talk in which a fact was told."""
    texts = {line: unlabelled(line).rstrip(".") for line in lines}
    return [line for line, text in texts.items() if not any(t != text and t in text for t in texts.values())]


def unaddressed(text: str) -> str:
    """A request without the name of whom it is addressed to, and without please."""
    return _POLITE.sub("", _ADDRESS.sub("", text, count=1).lstrip())


def command(text: str) -> str:
    """The verb that a request begins with, where it is one that tells or asks; empty otherwise."""
    for candidate in (text, unaddressed(text)):
        match = re.match(r"\W*([A-Za-z]+)", _POLITE.sub("", candidate))
        if match and match.group(1).lower() in _TELLS | _ASKS:
            return match.group(1).lower()
    return ""


def _tokens(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", _CLITIC.sub("", text.lower()))


def _stem(word: str) -> str:
    for suffix in ("ings", "ing", "ers", "er", "ed", "es", "s", "e"):
        if word.endswith(suffix) and len(word) - len(suffix) >= 3:
            word = word[: -len(suffix)]
            break
    return (word[:-1] + "i" if word.endswith("y") else word)[:8]
