"""What a sentence claims, where it can be told by rule, and whether a newer one contradicts it.

A claim is an attribute that a subject has one value of at a time: where someone lives, when something takes place,
what it costs. A newer claim with another value supersedes an older one. The reader is conservative: no questions, no
guesses, no past, no attributes that may have several values, no pronouns; what it can't read, it leaves alone.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache

from hindsight_teams.backends.sqlite.text import duplicates, sentences
from hindsight_teams.backends.sqlite.text import terms as tokens
from hindsight_teams.backends.sqlite.text.date_rules import CORE
from hindsight_teams.backends.sqlite.text.dates import Span, find_spans

LONGEST = 600
"""Characters of a text that is read for claims; a longer one is a document."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Something that was said.

    Attributes:
        text: The words.
        said_at: When it was said, or when it happened where that is known; aware.
        author: Who "I" is.
    """

    text: str
    said_at: datetime
    author: str | None = None


@dataclass(frozen=True, slots=True)
class Claim:
    """A subject, one of its attributes, and the value, as the sentence writes it.

    Attributes:
        subject: Normal words of the subject.
        attribute: ``lives``, ``when``, ``amount``, the name of a property, ...
        kind: ``date``, ``number``, ``state`` or ``text``: only values of one kind can contradict each other.
        negated: The value is denied.
    """

    subject: tuple[str, ...]
    attribute: str
    value: str
    kind: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Traces:
    """Keys of 64 bits by which statements about the same thing find each other.

    Attributes:
        fact: Shared by all ways of writing the same fact; None for a text that is no single fact.
        claims: One for each subject and attribute that the text gives a value.
        denied: The ``fact`` of what the text says is not, or no longer, so.
    """

    fact: int | None
    claims: tuple[int, ...] = ()
    denied: tuple[int, ...] = ()


def contradicts(old: Statement, new: Statement) -> bool:
    """Whether the newer statement makes the older one untrue.

    The older one must be a single sentence: one that says more can't be untrue as a whole. Of two statements the newer
    one is that which was said later; the caller orders them.
    """
    if len(old.text) > LONGEST or len(new.text) > LONGEST:
        return False
    olds = sentences.split(without_speaker(old.text, old.author))
    if len(olds) != 1:
        return False
    news = sentences.split(without_speaker(new.text, new.author))
    if any(_denies(olds[0], sentence) for sentence in news):
        return True
    before = read_claim(olds[0], author=old.author)
    if before is None:
        return False
    return any(
        _opposed(before, after, old.said_at, new.said_at)
        for sentence in news
        if (after := read_claim(sentence, author=new.author)) is not None
    )


def traces(text: str, *, author: str | None = None) -> Traces:
    """What to index of a text, and what to look up, to find the memories that it repeats or contradicts."""
    text = without_speaker(text, author)
    fact = duplicates.fact_key(text)
    if len(text) > LONGEST or not _ANY_CLAIM.search(text):
        return Traces(fact)
    claims: list[int] = []
    denied: list[int] = []
    for sentence in sentences.split(text):
        if claim := read_claim(sentence, author=author):
            claims.append(_hash(("claim", *claim.subject, claim.attribute)))
        if _SAYS_NO.search(sentence) and (key := duplicates.fact_key(_NO_MORE.sub(" ", sentence))) is not None:
            denied.append(key)
    return Traces(fact, tuple(dict.fromkeys(claims)), tuple(dict.fromkeys(denied)))


def without_speaker(text: str, author: str | None) -> str:
    """A line of a transcript without its head: "Nora (8 May): I am in Oslo" said by Nora is "I am in Oslo"."""
    if author and text.startswith(author):
        head = _HEAD.match(text, len(author))
        return text[head.end() :] if head else text
    return text


_HEAD = re.compile(r"(?: \([^()\n]{1,60}\))?: +")


def _hash(value: object) -> int:
    raw = hashlib.blake2b(repr(value).encode(errors="surrogatepass"), digest_size=8).digest()
    return int.from_bytes(raw, "big", signed=True)


# --- reading ------------------------------------------------------------------------------------------------------

_NOW = r"(?:now |currently |still |just |recently |also |today |already )?"
_UNSURE = re.compile(
    r"\?|\b(?:if|might|may|maybe|perhaps|would|could|should|wants?|wanted|plans?|planned to|hopes?|thinks?|thought|"
    r"believes?|probably|possibly|used to|formerly|previously|once|until|before|whether|or|said|says|"
    r"heard|rumou?r|dreams?|imagine|every|each|some|sometimes|often|usually)\b"
)
_OPENING = re.compile(
    r"^(?:(?:update|correction|actually|fyi|note|news|reminder|so|and|but|now|today|well|also|since [\w ]{3,20}|"
    r"as of [\w ]{3,20}|starting [\w ]{3,20})\s*[,:;\u2013\u2014-]*\s+)+",
    re.IGNORECASE,
)
_VERBS: tuple[tuple[str, str], ...] = (
    (rf"{_NOW}(?:lives?|resides?|is {_NOW}(?:living|residing|staying)|am {_NOW}living) {_NOW}(?:in|at|on)", "lives"),
    (
        rf"(?:has |have )?{_NOW}(?:moved|relocated)(?: house| home| back| away| over)? (?:from [\w' -]{{2,40}} )?to",
        "lives",
    ),
    (rf"(?:is|are|am) {_NOW}(?:based|located|situated|headquartered) {_NOW}(?:in|at|on)", "lives"),
    (rf"{_NOW}(?:works?|is {_NOW}(?:working|employed)|am {_NOW}(?:working|employed)) {_NOW}(?:at|for)", "works at"),
    (rf"{_NOW}(?:works?|is {_NOW}working|am {_NOW}working) {_NOW}as", "works as"),
    (rf"{_NOW}reports? {_NOW}to", "reports to"),
    (rf"(?:is|am) {_NOW}(?:married|engaged) to", "spouse"),
    (r"was born (?:in|on|at)", "born"),
)
_VERB = [
    (re.compile(rf"^(?P<subject>[^,;:()]{{1,80}}?) {pattern} (?P<value>.+)$", re.I), name) for pattern, name in _VERBS
]
_MOVED_TO = (
    r"(?:has been |have been |was |were |is |are |got )?(?:moved|postponed|pushed(?: back)?|rescheduled|changed|"
    r"brought forward|delayed|set|raised|lowered|increased|reduced|cut)(?: from [\w ]{1,24})? to"
)
_IS = (
    rf"(?:is|are|will be|takes place|happens|"
    rf"(?:is|are) {_NOW}(?:scheduled|planned|set|due|booked|fixed)(?: for| on| to)?|{_MOVED_TO}|"
    r"costs?|equals?|stands at)"
)
_WHEN = re.compile(
    rf"^(?P<subject>[^,;:()]{{1,80}}?) (?:(?P<edge>start|begin|end|open|close|launch|expire|finish)e?s|{_IS})"
    rf" {_NOW}(?:on |at |in |for |by |to )?(?:the )?(?P<value>[^,;:]{{1,48}})$",
    re.I,
)
_PROPERTY = re.compile(
    r"^(?:(?P<mine>my|our)|(?P<owner>[^,;:()]{1,60}?)(?:'s|s'))"
    rf" (?P<name>[\w-]+(?: [\w-]+){{0,3}}) (?:is|are|{_MOVED_TO}) {_NOW}(?P<value>[^,;]{{1,80}})$",
    re.I,
)
_PROPERTY_OF = re.compile(
    rf"^the (?P<name>[\w-]+(?: [\w-]+){{0,2}}) (?:of|for) (?P<owner>[^,;:()]{{1,60}}?) (?:is|are|{_MOVED_TO}) {_NOW}"
    r"(?P<value>[^,;]{1,80})$",
    re.I,
)
_STATE = re.compile(
    rf"^(?P<subject>[^,;:()]{{1,80}}?) (?:is|are|has been|have been|was) {_NOW}(?P<value>in progress|on hold|[\w-]+)$",
    re.I,
)
_STATES = {
    state: group
    for group in (
        "open closed", "enabled disabled", "on off", "active inactive", "online offline", "approved rejected pending",
        "single married divorced widowed", "alive dead", "valid invalid expired", "available unavailable",
        "cancelled canceled confirmed", "broken fixed", "unsolved solved", "unresolved resolved", "unpaid paid",
        "planned started in_progress on_hold paused blocked done completed finished cancelled",
    )
    for state in group.split()
}  # fmt: skip
# Properties that someone or something has one of; others ("friend", "hobby") may have several values at once.
_SINGLE = frozenset(
    """address age birthday boss budget ceo cfo cto capital city code color colour cost country date deadline diet due
    email employer favorite favourite fiance fiancee grade height home hometown husband id job
    leader limit location manager mail maximum minimum mode model name nickname number office owner partner password
    phase phone pin position price priority rate rating room salary score seat size spouse stage state status supervisor
    target temperature time timezone title total url username value version wage weight wife zip""".split()
)
_SPELLING = {"colour": "color", "favourite": "favorite", "mail": "email", "telephone": "phone"}
_ONLY = frozenset(
    "favorite favourite main primary current only official preferred first last new default top best".split()
)
_NUMBER = re.compile(
    r"(?:about |around |roughly |approximately |exactly )?(?P<before>[$\u20ac\u00a3]\s?)?(?P<number>\d[\d.,:]*)\s?"
    r"(?P<unit>%|[a-z\u00b0$\u20ac\u00a3]+(?: [a-z]+){0,2})?",
    re.I,
)
_SAYS_NO = re.compile(r"\b(?:not|never|no longer|cannot)\b|n['\u2019]t\b", re.I)
_NO_MORE = re.compile(
    r"\b(?:no longer|not|never|does not|do not|is not|cannot|(?:do|does|is|are|ca|wo|has|have)n['\u2019]t|any ?more)\b",
    re.I,
)
_PRONOUNS = frozenset("he she it they this that these those there who which what someone somebody everyone you".split())
_SELF = frozenset("i we me us".split())
_NO_SUBJECT = _PRONOUNS | _SELF | frozenset("is are was were has have been be will would had did does do".split())
_ANY_CLAIM = re.compile(
    r"\b(?:lives?|living|resid\w+|moved|relocated|is|are|am|be|works?|working|reports?|costs?|takes|happens|(?:start|begin|"
    r"end|open|close|launche|expire|finishe)s|postponed|was born|no longer|not|never)\b|n['\u2019]t\b",
    re.I,
)


@lru_cache(maxsize=1024)
def read_claim(sentence: str, *, author: str | None = None) -> Claim | None:
    """The claim of one sentence, or None where it makes none that can be read."""
    text = " ".join(sentence.replace("\u2019", "'").split()).rstrip(" .!\u2026\"'")
    text = _OPENING.sub("", text)
    lowered = text.lower()
    if not text or len(text) > 240 or not _may_claim(lowered):
        return None
    if _UNSURE.search(re.sub(r"\b(?:in|on|since|\d+) may\b", "", lowered)):
        return None
    negated = bool(_SAYS_NO.search(text))
    if negated:
        text = re.sub(r"\b(?:does|do|did) ?(?:n't|not) (\w+)", r"\1", text)
        text = re.sub(r"\b(is|are|am|was|has|have)(?:n't| not)", r"\1", text)
        text = re.sub(r"\b(?:no longer|never|not|any ?more) ?", "", text).strip()
    claim = _verb(text, author) or _property(text, author) or _when(text, author) or _state(text, author)
    if claim is None:
        return None
    return Claim(claim.subject, claim.attribute, claim.value, claim.kind, negated)


def _may_claim(text: str) -> bool:
    """Whether any of the readers below could find something: most sentences end here, before any costly pattern."""
    words = set(_WORD.findall(text))
    if not words.isdisjoint(_VERB_WORDS):
        return True
    if words.isdisjoint(_LINKS):
        return False
    if _DIGIT.search(text) or not words.isdisjoint(CORE) or text.rsplit(None, 1)[-1] in _STATES:
        return True
    return "'s " in text or "s' " in text or not words.isdisjoint(("my", "our")) or not words.isdisjoint(("of", "for"))


_WORD = re.compile(r"[^\W\d_]+")
_DIGIT = re.compile(r"\d")
_VERB_WORDS = frozenset(
    """live lives living reside resides residing staying moved relocated based located situated headquartered work works
    working employed report reports married engaged born""".split()
)
_LINKS = frozenset(
    """is are be was has have takes happens starts begins ends opens closes launches expires finishes postponed pushed
    rescheduled changed brought delayed set raised lowered increased reduced cut cost costs equal equals
    stands""".split()
)


def _verb(text: str, author: str | None) -> Claim | None:
    for pattern, attribute in _VERB:
        if match := pattern.match(text):
            subject = _subject(match["subject"], author)
            value = re.split(r"[,;(]| (?:since|because|when|near|with|after|for|from|as|but|while) ", match["value"])[0]
            spans = find_spans(value, _ANCHOR)
            value = value[: value.find(spans[0].text)].rstrip() if spans else value
            if subject and value and " and " not in value and _kind(value) == "text":
                return Claim(subject, attribute, value, "text")
    return None


def _property(text: str, author: str | None) -> Claim | None:
    match = _PROPERTY.match(text) or _PROPERTY_OF.match(text)
    if not match:
        return None
    owner = (author or "") if "mine" in match.re.groupindex and match["mine"] else match["owner"]
    subject = _subject(owner, author)
    name = tokens.words(match["name"])
    value = re.sub(r"^(?:on|at|in|to|for|set to) ", "", match["value"])
    kind = _kind(value)
    if not subject or not name or " and " in value:
        return None
    if kind == "text" and name[-1] not in _SINGLE and name[0] not in _ONLY:
        return None
    name = [_SPELLING.get(word, word) for word in name]
    return Claim((*subject, *name[:-1]), name[-1], value, kind)


def _when(text: str, author: str | None) -> Claim | None:
    match = _WHEN.match(text)
    if not match:
        return None
    kind, subject = _kind(match["value"]), _subject(match["subject"], author)
    if kind == "text" or not subject:
        return None
    # "The launch date is 10 May" is about when the launch is.
    if kind == "date" and len(subject) > 1 and subject[-1] in ("date", "day", "time", "deadline"):
        subject = subject[:-1] if subject[-1] != "deadline" else subject
    edge = {"begin": "start", "finish": "end"}.get((match["edge"] or "").lower(), (match["edge"] or "").lower())
    return Claim(subject, f"{kind} {edge}".strip(), match["value"], kind)


def _state(text: str, author: str | None) -> Claim | None:
    match = _STATE.match(text)
    if not match:
        return None
    value = match["value"].lower().replace(" ", "_")
    subject = _subject(match["subject"], author)
    return Claim(subject, "state " + _STATES[value], value, "state") if subject and value in _STATES else None


def _subject(words: str | None, author: str | None) -> tuple[str, ...]:
    """The normal words of a subject; nothing for a pronoun, or a clause that is no subject."""
    folded = [w for w in tokens.words(words or "") if w not in ("the", "a", "an", "our", "his", "her", "their", "s")]
    if len(folded) == 1 and folded[0] in _SELF:
        folded = tokens.words(author or "")
    if not folded or len(folded) > 7 or any(w in _NO_SUBJECT for w in folded):
        return ()
    if folded[0] == "my":
        folded = [*tokens.words(author or "my"), *folded[1:]]
    return tuple(folded)


def _kind(value: str) -> str:
    value = re.sub(r" (?:now|today|instead|again|per .*)$", "", value.strip())
    spans = _dates(value, _ANCHOR)
    if len(spans) == 1 and len(tokens.words(value)) <= len(tokens.words(spans[0].text)) + 3:
        return "date"
    return "number" if _NUMBER.fullmatch(value) else "text"


def _dates(value: str, now: datetime) -> list[Span]:
    """The spans of a value; "June" alone is one too, where the sentence says "in"."""
    return find_spans(value, now) or find_spans(f"in {value}", now)


_ANCHOR = datetime(2000, 6, 15, tzinfo=UTC)


# --- comparing ----------------------------------------------------------------------------------------------------


def _opposed(old: Claim, new: Claim, old_at: datetime, new_at: datetime) -> bool:
    if (old.subject, old.attribute, old.kind) != (new.subject, new.attribute, new.kind):
        return False
    same = _same_value(old, new, old_at, new_at)
    if old.negated or new.negated:
        return old.negated != new.negated and same is True
    return same is False


def _same_value(old: Claim, new: Claim, old_at: datetime, new_at: datetime) -> bool | None:
    """Whether two values agree; None where that can't be said."""
    if old.kind == "date":
        first, second = _dates(old.value, old_at), _dates(new.value, new_at)
        if not first or not second:
            return None
        return first[0].start < second[0].end and second[0].start < first[0].end
    if old.kind == "number":
        a, b = _NUMBER.search(old.value), _NUMBER.search(new.value)
        if not a or not b or _unit(a) != _unit(b):
            return None
        return _digits(a) == _digits(b)
    first_words, second_words = _value_words(old.value), _value_words(new.value)
    if not first_words or not second_words:
        return None
    return first_words <= second_words or second_words <= first_words


def _unit(match: re.Match[str]) -> str:
    unit = (match["before"] or "").strip() + (match["unit"] or "").lower()
    return {"dollars": "$", "usd": "$", "euros": "\u20ac", "euro": "\u20ac", "am": "time", "pm": "time"}.get(unit, unit)


def _digits(match: re.Match[str]) -> str:
    clock = (match["unit"] or "").lower()
    return re.sub(r",(?=\d{3}(?!\d))", "", match["number"]).rstrip(".,:") + (clock if clock in ("am", "pm") else "")


def _value_words(value: str) -> frozenset[str]:
    return frozenset(map(duplicates.stem, tokens.terms(value))) - {"now", "current"}


def _denies(old: str, new: str) -> bool:
    """Whether one sentence is the other with a "not", "no longer" or "never" in it."""
    if bool(_SAYS_NO.search(old)) == bool(_SAYS_NO.search(new)) or _UNSURE.search(f"{old} {new}".lower()):
        return False
    form = _without_negation(old)
    return form is not None and form == _without_negation(new)


def _without_negation(sentence: str) -> str | None:
    """The normal form of a sentence without its negation, where all else is kept."""
    form = duplicates.normal_form(_NO_MORE.sub(" ", sentence))
    return None if form is None else repr(form)
