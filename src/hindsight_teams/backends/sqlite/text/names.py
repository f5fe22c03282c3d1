"""Find names in a text by rule: words that are capitalised, abbreviated, quoted or addressed.

A capital letter at the beginning of a sentence says nothing, so a word that stands only there counts unless it is a
word that often begins sentences, or ends as English verbs and adverbs do, or the same text writes it small.
"""

from __future__ import annotations

import re

from hindsight_teams.backends.sqlite.text.date_words import MONTHS, SEASONS, WEEKDAYS

# English words that begin sentences or greet, and other words written with a capital letter that name nothing.
_COMMON = frozenset(
    """a about above absolutely according across actually add after again ago agreed ah all almost along already
    alright also although always am amazing among an and another any anyone anything anyway apparently are around as
    ask at awesome aw aww awww based basically be because been before behind being below besides best better between
    both bring btw but by bye call came can cannot cant cause certainly check cheers choose clearly come congrats
    congratulations cool could couldnt create currently damn dear definitely did didnt do does doesnt doing done dont
    down due during each early either else enjoy enough especially etc even eventually ever every everybody everyone
    everything exactly excellent except exciting explain fair fantastic feel few finally find fine first five for four
    from full fun funny further furthermore fyi gee generally get getting give given glad go going gonna good goodbye
    gosh got gotta great guess guys had haha hahaha happy hard has hasnt have havent having he hear hell hello help
    hence her here heres hers hes hey hi him his hmm honestly hope hopefully how however huge i id idea if ill im
    imagine in indeed inside instead interesting into is isnt it its itll ive just keep kind know last lastly late
    lately later least less let lets like likewise list literally little lol long look looking lots love lovely luckily
    made make man many may maybe me mean meanwhile might mine more moreover morning most mostly much must my myself
    nah near nearly need neither never nevertheless new next nice night no nobody none nope nor not note nothing now
    obviously of off often oh ok okay old omg on once one only oops open or other others otherwise ought our ours out
    outside over overall own past per perhaps personally please plus possibly previously probably put quite rather
    read ready really recently regarding regardless remember right run sad said same save say says second see seems
    send set several shall she shell shes should show similarly simply since six sketch small so some somebody somehow
    someone something sometimes soon sorry sounds start still stop strange such suddenly super sure surely take talk
    tell ten than thank thankfully thanks that thats the their theirs them then there therefore theres these they theyd
    theyll theyre theyve thing things think third this those though three through throughout thus till tldr to today
    together told tomorrow tonight too top totally toward tried true truly try turn turns two typically ugh um under
    unfortunately unless unlike until up update upon us use used user usually very via visit wait wanna want was wasnt
    watch way we wed welcome well went were werent weve what whatever whats when whenever where whereas wherever
    whether which while who whoever whom whos whose why will wish with within without wonderful wont work would
    wouldnt wow write yay yeah year years yep yes yesterday yet you youd youll your youre yours yourself youve yup asap
    pm tv faq eta der die das ein eine und ich wir sie es nicht le la les un une el los las il lo y je nous
    vous""".split()
)
_TIME_WORDS = frozenset(MONTHS) | frozenset(WEEKDAYS) | frozenset(SEASONS)
_VERBAL = ("ing", "ly", "ed")
"""Endings of English words that begin a sentence and name nothing: "Painting helps", "Luckily"."""

_UPPER = "A-Z" + "".join(
    c for r in (range(0xC0, 0x590), range(0x10A0, 0x10C6), range(0x1E00, 0x2000)) for c in map(chr, r) if c.isupper()
)
_WORD = (
    r"(?:(?:Mr|Mrs|Ms|Dr|Prof|St|Mt|Sr|Fr|Gen|Lt|Sgt|Capt)\."
    rf"|[{_UPPER}]\.(?:[{_UPPER}]\.)*"
    rf"|(?:[a-z]{{1,3}})?[{_UPPER}](?:[^\W_]|['\u2019](?!s\b)(?=[^\W\d_]))*(?:[-&+/](?=[^\W_])[^\W_]*)*\+*)"
)
_PARTICLE = r"(?:of|de|del|della|di|da|do|dos|du|des|van|von|zu|der|den|la|le|el|al|bin|ibn|y|the|&)"
_VERSION = r"(?:[ \u00a0]\d{1,3}(?:\.\d{1,3})?(?![\w:%.,/-]))?"
_NAME = rf"{_WORD}(?:[ \u00a0](?:{_PARTICLE}[ \u00a0]){{0,2}}{_WORD}){{0,7}}{_VERSION}"
_NAMES = rf"(?<![a-zA-Z0-9_'\u2019])(?P<name>{_NAME})"
_ONLY_NAMES = re.compile(_NAMES)
_ALL = re.compile(
    r"(?P<mail>[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,4})"
    r"|(?<![\w@])@(?P<handle>\w[\w.-]{0,62}\w)"
    r"|[\"\u201c\u201e](?P<title>[^\W_a-z][^\"\u201c\u201d\n]{1,60})[\"\u201d]|" + _NAMES
)
_SPECIAL = re.compile(r"[@\"\u201c\u201e]")
_EASTERN = re.compile(
    r"[\u300a\u3008\u300c\u300e](?P<quoted>[^\u300a\u3008\u300c\u300e\u300b\u3009\u300d\u300f\n]{1,40})[\u300b\u3009\u300d\u300f]"
    r"|(?P<honoured>[\u4e00-\u9fff\u3005]{1,4}|[\u30a1-\u30f6\u30fc]{2,10})(?=\u3055\u3093|\u304f\u3093|\u3061\u3083\u3093|\u69d8|\u6c0f)"
)
_BEGINS = re.compile(r"(?:^|[.!?\u2026:;\n\r\u2022)\]]|[\"\u201c\u2018(*_#>-])[\s\"\u201c\u2018(*_#>-]{0,8}$")
_TITLE_END = tuple(".,!?;:\u2026")


def find_entities(text: str) -> tuple[str, ...]:
    """The names in a text: people, places, things, titles, handles and addresses.

    Returns:
        Each name once (whatever its case), as it is first written, in order of appearance. Takes time linear in the
        length of the text.
    """
    if len(text) >= 24 and text.isupper():
        return ()  # capital letters carry no meaning
    found: list[tuple[int, str]] = []
    small: frozenset[str] | None = None
    for match in (_ALL if _SPECIAL.search(text) else _ONLY_NAMES).finditer(text):
        kind = match.lastgroup
        if kind == "name":
            initial = bool(_BEGINS.search(text, max(0, match.start() - 9), match.start()))
            if small is None and initial:
                small = frozenset(_SMALL.findall(text))
            if name := _name(match["name"], initial, small or frozenset()):
                found.append((match.start(), name))
        elif kind == "title":
            title = match["title"].strip()
            if len(title.split()) <= 8 and not title.endswith(_TITLE_END):
                found.append((match.start(), title))
            else:  # a quoted sentence: the names inside it
                found += [(match.start(), inner) for inner in find_entities(title)]
        else:
            found.append((match.start(), match["mail"] or "@" + match["handle"]))
    if not text.isascii():
        found += [(match.start(), (match["quoted"] or match["honoured"]).strip()) for match in _EASTERN.finditer(text)]
        found.sort(key=lambda entry: entry[0])
    names: dict[str, str] = {}
    for _, name in found:
        if name:
            names.setdefault(name.casefold(), name)
    return tuple(names.values())


_SMALL = re.compile(r"(?<![\w'\u2019])[a-z]{2,}")


def _name(run: str, initial: bool, small: frozenset[str]) -> str | None:
    """The name in a run of capitalised words, without the common words at its ends."""
    words = run.replace("\u00a0", " ").split(" ")
    while words and _is_common(words[0]):
        words.pop(0)
        initial = False if words and len(words[0]) > 1 else initial
    while words and (_is_common(words[-1]) or words[-1].islower()):
        words.pop()
    while words and words[0].islower() and not any(map(str.isupper, words[0])):
        words.pop(0)
    if not words or all(_plain(word) in _TIME_WORDS or word[0].isdigit() for word in words):
        return None
    if len(words) == 1:
        word = words[0]
        plain = _plain(word)
        if len(plain) < 2:
            return None
        if initial and (plain in small or (plain.endswith(_VERBAL) and word[1:].islower())):
            return None
    return " ".join(words).rstrip("'\u2019")


def _is_common(word: str) -> bool:
    plain = _plain(word)
    return plain in _COMMON or ("'" in plain and plain.split("'")[0] in _COMMON)


def _plain(word: str) -> str:
    return word.lower().replace("\u2019", "'").strip("'.")
