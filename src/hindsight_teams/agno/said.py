"""Decide whether a statement can hold a fact. Pure.

In doubt a message is kept: one more memory costs a rank, a message left out costs a fact. What is left out is what can
hold none: signs without a word, courtesies, and questions that only ask.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

from hindsight_teams.access.grants import Caller
from hindsight_teams.access.signatures import USER
from hindsight_teams.agno.courtesies import (
    ACKNOWLEDGING,
    ANSWERING,
    ASKING,
    ASKING_INSIDE,
    COURTEOUS_PHRASES,
    COURTESIES,
    GREETING,
    JOINING,
    MEMORISING,
    NOT_KEPT,
    ORDERING,
    PARTING,
    PREPOSITIONS,
    REFUSING,
    STATING_TOO,
    TIMES,
    WISHING,
)
from hindsight_teams.agno.inputs import CLOSING, SENTENCE_ENDS, asks, own_messages
from hindsight_teams.agno.presupposed import takes_for_granted
from hindsight_teams.text import one_line

if TYPE_CHECKING:
    from hindsight_teams.memory.member_options import MemberRetainOptions

CONTEXT = "said by the user in a conversation with an agent"
"""What a retain of it is about, for a backend that extracts facts."""

_CLAUSE_ENDS = re.compile(r"[,;:\u3001\uff0c\uff1b\uff1a\u060c\u2014]\s*|\s[-\u2013]\s")
_REFUSES = re.compile("|".join(REFUSING), re.I)
off_the_record = re.compile(NOT_KEPT, re.I).search
"""Finds where a text asks that it is not kept: "don't remember this", not "don't save this file"."""
_COURTEOUS_PHRASE = re.compile(rf"(?<!\S)(?:{'|'.join(map(re.escape, COURTEOUS_PHRASES))})(?!\S)")
_ASKS_AT_THE_END = re.compile(
    r"(?:哪里|哪裡|哪儿|什么|什麼|多少|几点|谁|誰|怎么样|为什么|どこ|いつ|いくら|何時?|なぜ)(?:ですか)?\W*$|어디|언제|누구|얼마|몇|무엇|뭐"
)
BULLET = re.compile(r"^\s*(?:[-*\u2022]|\d{1,3}[.)])\s+")
_HEADING = re.compile(r"#{1,6}\s+\S")
_HEADED = re.compile(r"#{1,6}\s+\S|\w+:\s")
_ENDED = re.compile(r"\w\s+\S.*[.!?\u2026\u3002\uff01\uff1f][\"'\u201d\u2019\u00bb)]*\s*$")
_ASKS_UNMARKED = re.compile(
    r"^(?:what|where|when|who|how|which)(?:['\u2019]s| (?:is|are|was|were|do|does|did|can|should|will|would))"
    r" (?:my|our|your|the|i|we|you|he|she|it|they|their|his|her|this|that)\b[^,;:.\d]*\W*$",
    re.I,
)
_REQUESTS = re.compile(
    r"^(?:please\s+|kindly\s+)?(?:tell (?:me|us) (?:again )?(?:about|what|where|who|whose|which|why|how|everything|all)"
    r"|show (?:me|us) (?:again )?(?:my|our|the|all|what|where)"
    r"|i (?:wonder|want to know|would like to know)|i['\u2019]d like to know)\b[^,;:.\d]*\W*$",
    re.I,
)
_ASKS_FOR = re.compile(r"^(?:please\s+|kindly\s+)?(?:tell|show|give) (?:me|us)\b[^,;:]*$", re.I)
_RELATIVE = frozenset("what when where how who which why whose".split())
_SUBJECTS = frozenset("i we you he she they it my our the".split())
_ATTACHED = re.compile(r"\((?:image|audio|video|file) attached\)")
_NAMED = re.compile(r"^\((?:image|audio|video|file) attached: .+\)$", re.M)
_LONGEST_REFUSAL = 40
_LONGEST_HEAD = 2000

_TOOLS = r"(?:retain_memory|recall_memory|reflect_on_memory|propose_memory|delegate_task_to_members?)"
_FENCE = re.compile(r"```(?:\w+)?|</?tool_call>|\[/?TOOL_CALLS\]|<\|python_tag\|>")
_CALL_BLOCK = re.compile(
    r"<(tool_call|function_calls?|tool_response|invoke(?= name)|function(?==))\b[^>]*>.*?(?:</\1>|\Z)", re.S
)
_CALL_OPENS = re.compile(
    r"[\[{]\s*\{?\s*[\"'](?:name|function|tool|tool_name|requires_confirmation)[\"']\s*:(?=[^\n]*(?:\n[^\n]*){0,3}?"
    r"[\"'](?:arguments|parameters|args|input|external_execution)[\"']\s*:)"
    rf"|\{{\s*(?:[\"']\w+[\"']\s*:\s*)?[\"']{_TOOLS}[\"']"
)
_OBJECT = re.compile(r"\s*\{.*\}\s*$")
_CALLED = re.compile(
    rf"^[ \t`]*(?:<\|python_tag\|>|print\(|functions\.)*{_TOOLS}(?:\.call)?\s*\(.*?(?:\)+`*|\Z)"
    rf"|^Action:[ \t]*{_TOOLS}\b[^\n]*(?:\nAction Input:[^\n]*)?",
    re.S | re.M,
)
"""What models put around a tool call that they write out, how one opens, and one in the form of code."""


def said(messages: Iterable[Any]) -> str:
    """The user's own words in a run's messages; empty where they can hold no fact, or are not to be kept.

    Messages from history were retained when they were said. What an agent or a tool said is not the user's, and what
    memory put in is not new.
    """
    text = "\n".join(own_messages(messages))
    return "" if off_the_record(text) or holds_no_fact(text) else text


def as_said(
    text: str, *, caller: Caller, bank: str | None, speaker: str = USER, under: str = ""
) -> MemberRetainOptions:
    """The options under which somebody's own words are retained: who said them, and whether a user's are in doubt.

    ``under`` is the head of the document that they come from.
    """
    to: MemberRetainOptions = {"caller": caller, "bank": bank}
    if speaker != USER:
        return {**to, "metadata": {"speaker": speaker}}
    doubt = {"doubt": "may tell nothing"} if is_doubtful(text) else {}
    context = f"{CONTEXT}; under: {one_line(under)[:_LONGEST_HEAD]}" if under else CONTEXT
    return {**to, "context": context, "metadata": {"speaker": speaker, **doubt}}


def holds_no_fact(text: str) -> bool:
    """Whether a text, in any language, can tell nothing: it greets, thanks, or only asks."""
    parts = sentences(_NAMED.sub("", text)) or sentences(text)  # a name tells nothing beside a question
    courteous = [word for part in parts if is_courtesy(part) for word in tokens(part)]
    return all(map(tells_nothing, parts)) and not _says_when(courteous)


def is_doubtful(text: str) -> bool:
    """Whether a text that is kept may tell nothing all the same: it asks without a sign, or answers what is not told.

    It decides a rank alone, so it goes by how the sentences open.
    """
    telling = [part for part in sentences(text) if not tells_nothing(part)]
    return all(map(_may_only_ask, telling))


def is_courtesy(text: str) -> bool:
    """Whether a text only greets, thanks, takes leave or acknowledges."""
    words = _COURTEOUS_PHRASE.sub(" ", " ".join(tokens(text))).split()
    return all(word in COURTESIES for word in words) and not _says_when(words)


def tells_nothing_to(names: Collection[str], text: str) -> bool:
    """Whether a text holds no fact besides the name of whom it is said to: "Coder, who is Ann?", "Thanks, coder!"."""
    if not names:
        return False
    called = rf"(?:the\s+)?(?:{'|'.join(map(re.escape, names))})"
    if opened := re.match(rf"\W*{called}\s*[,:](.*\w.*)", text, re.I | re.S):
        return holds_no_fact(opened[1])
    closed = re.fullmatch(rf"(.*\w)\W*?([,\uff0c]?)\s*\b{called}\W*", text, re.I | re.S)
    words = tokens(closed[1]) if closed else []
    if not closed or not is_courtesy(closed[1]) or not ANSWERING.isdisjoint(words):
        return False
    return bool(closed[2]) or (len(words) == 1 and words[0] in GREETING)


def sentences(text: str) -> list[str]:
    """The sentences and lines of a text."""
    return [part.strip() for part in SENTENCE_ENDS.split(text) if part.strip()]


def tokens(text: str) -> list[str]:
    """The words of a text, case-folded, without punctuation; a script without spaces gives longer pieces."""
    folded = unicodedata.normalize("NFC", text).casefold()
    words = (c if c in "'\u2019" or unicodedata.category(c)[0] in "LMN" else " " for c in folded)
    return "".join(words).replace("' ", " ").split()


def is_refusal(answer: str) -> bool:
    """Whether an answer only says that it can't answer, or that it took note."""
    words = tokens(answer)
    if all(word in ACKNOWLEDGING for word in words):
        return True
    spaceless = sum(ord(character) > 0x2E7F for character in answer)
    short = len(words) + spaceless <= _LONGEST_REFUSAL and not any(character.isdigit() for character in answer)
    return short and bool(_REFUSES.search(answer))


def without_tool_calls(answer: str) -> str:
    """An answer without the tool calls that a weak model wrote out instead of making them, in whichever form."""
    text = _CALL_BLOCK.sub("", answer)
    text = _CALLED.sub("", text)
    while found := _CALL_OPENS.search(text):
        try:
            _, end = json.JSONDecoder().raw_decode(text, found.start())
        except ValueError:  # it is not closed, or no JSON
            line = text.find("\n\n", found.start())
            end = len(text) if line < 0 else line
        text = f"{text[: found.start()]}{text[end:]}"
    if text == answer:
        return answer
    return "\n".join(line for line in _FENCE.sub("", text).splitlines() if not _OBJECT.match(line)).strip()


def document(text: str) -> tuple[str, list[str]]:
    """The head and the items of a document: a heading, then a list of sentences. Empty ones of any other text.

    The head may also have lines such as "Date: 2026-01-02", and ask to remember it all; what tells more is no head.
    """
    lines = [line for line in text.splitlines() if line.strip()]
    at = next((number for number, line in enumerate(lines) if BULLET.match(line)), len(lines))
    head, items = lines[:at], lines[at:]
    heads = any(map(_HEADING.match, head)) and all(_HEADED.match(line) or only_orders(line) for line in head)
    if not heads or not all(BULLET.match(item) and _ENDED.search(item) for item in items):
        return "", []
    return "\n".join(head), [BULLET.sub("", item).strip() for item in items]


def tells_nothing(sentence: str) -> bool:
    """Whether one sentence can tell nothing: it greets, asks, or orders to remember."""
    sentence = _ATTACHED.sub("", sentence).strip()
    if is_courtesy(sentence) or only_orders(sentence):
        return True
    if not asks(sentence):
        only_asks = _ASKS_UNMARKED.match(sentence) or _REQUESTS.match(sentence)
        return bool(only_asks) and not takes_for_granted(sentence)
    if takes_for_granted(sentence):
        return False
    *before, _ = _CLAUSE_ENDS.split(sentence.rstrip(f"{CLOSING};"))
    return not any(_tells(clause) for clause in before)


def only_orders(sentence: str) -> bool:
    """Whether a sentence only asks to remember something: "please write that down", "retain this note"."""
    words = tokens(sentence)
    return not ORDERING.isdisjoint(words) and all(word in MEMORISING for word in words)


def _may_only_ask(sentence: str) -> bool:
    if asks(sentence) and takes_for_granted(sentence):
        return False
    words = tokens(sentence)
    asks_inside = _ASKS_AT_THE_END.search(sentence) or not ASKING_INSIDE.isdisjoint(words)
    if _ASKS_FOR.match(sentence) or (asks_inside and not asks(sentence)):
        return True
    words = [word for word in words if word not in JOINING]
    if all(word in COURTESIES or word in PARTING for word in words):
        return True  # a yes or no with a time too, of which nobody knows to what
    if _CLAUSE_ENDS.search(sentence) and not asks(sentence):
        return _says_when(tokens(sentence))
    asked = next(at for at, word in enumerate(words) if word in ASKING or word not in COURTESIES)
    return words[asked] in ASKING and _opens_a_question(words[asked:])


def _opens_a_question(words: list[str]) -> bool:
    """Whether a clause that begins so asks: "is my", "where did", "in which"; not "was in Rome", "who I work for"."""
    words = words[1:] if words[1:] and words[0] in PREPOSITIONS and words[1] in ASKING else words
    if not words or words[0] not in ASKING:
        return False
    before_a_subject = not _SUBJECTS.isdisjoint(words[1:2])
    return before_a_subject if words[0] in STATING_TOO else not (words[0] in _RELATIVE and before_a_subject)


def _says_when(words: list[str]) -> bool:
    """Whether a yes or no comes with a time that wishes nothing: "no, later", not "no, good night"."""
    if ANSWERING.isdisjoint(words):
        return False
    wished = {number for at, word in enumerate(words) if word in WISHING for number in (at - 1, at + 1)}
    return any(word in TIMES and number not in wished for number, word in enumerate(words))


def _tells(clause: str) -> bool:
    """Whether a clause before a question may state something: it asks nothing, and is more than an interjection."""
    words = [word for word in tokens(clause) if word not in JOINING]
    if all(word in COURTESIES for word in words):
        return False
    opening = (at for at, w in enumerate(words) if w not in COURTESIES or w in ASKING or w in _SUBJECTS)
    if _opens_a_question(words[next(opening, len(words)) :]):
        return False
    addresses = len(words) == 2 and words[0] in COURTESIES and clause.split()[-1][:1].isupper()
    spaceless = sum(ord(character) > 0x2E7F for character in clause)
    return (len(words) > 1 and not addresses) or spaceless > 2 or any(map(str.isdigit, clause))
