"""Decode hidden text: look-alike letters, encodings, letters set apart. Pure.

Everything here only adds readings of a text; none changes what is stored.
"""

from __future__ import annotations

import base64
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from operator import itemgetter, methodcaller
from urllib.parse import unquote

from hindsight_teams.text import visible

_SPACE = re.compile(r"[^\S\n]+")
_WORD = re.compile(r"\w+")
_LATIN = re.compile(r"[a-zA-Z]")
_LOOKALIKES = str.maketrans(
    "авекмнорстухіјѕԁԛԝһӏАВЕКМНОРСТУХІЈЅαεικνορτυχΑΒΕΖΗΙΚΜΝΟΡΤΥΧɡɩ",
    "abekmhopctyxijsdqwhlABEKMHOPCTYXIJSaeikvoptuxABEZHIKMNOPTYXgi",
)
_SMALL_CAPITALS = str.maketrans("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz") | {
    0x1F1E6 + place: letter for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz")
}
_ACCENTS = re.compile("[\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]+")
_FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{3,6}\U000e007f")
_HIDDEN = {
    "hidden tag characters": re.compile("[\U000e0020-\U000e007e]{3,}"),
    "hidden variation selectors": re.compile("[\U000e0100-\U000e01ef\ufe00-\ufe0f]{4,}"),
    "invisible characters inside words": re.compile(
        "[A-Za-z][\u200b-\u200d\u2060-\u2064\ufeff\u202a-\u202e\u2066-\u2069]+[A-Za-z]"
    ),
}

_LEET = str.maketrans("013457@$!", "oieastasi")
_LEET_WORD = re.compile(r"(?<![\w@$!])(?=[\w@$!]*[a-zA-Z])(?=[\w@$!]*[013457@$])[\w@$!]{3,}(?![\w@$])")
_APART = re.compile(r"(?<!\w)(?:[^\W_][ .\-_*|/]{1,2}){3,400}[^\W_](?![^\W_])")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TELLTALE = (
    "ignore instructions previous system password passwords prompt secret secrets reveal forward disregard".split()
)


def _ciphers() -> dict[str, Callable[[str], str]]:
    """Telltale words as the usual ciphers write them: each Caesar shift, Atbash, and backwards."""
    backwards = itemgetter(slice(None, None, -1))
    ciphers: dict[str, Callable[[str], str]] = {word[::-1]: backwards for word in _TELLTALE}
    for table in [_LETTERS[shift:] + _LETTERS[:shift] for shift in range(1, 26)] + [_LETTERS[::-1]]:
        decipher = methodcaller("translate", str.maketrans(table + table.upper(), _LETTERS + _LETTERS.upper()))
        encipher = str.maketrans(_LETTERS, table)
        for word in _TELLTALE:
            ciphers.setdefault(word.translate(encipher), decipher)
    return ciphers


_BACKSLASH = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4}))")
_ESCAPE = re.compile(rf"{_BACKSLASH.pattern}|&#x?[0-9a-fA-F]{{1,6}};|%[0-9a-fA-F]{{2}}")
_FEWEST_ESCAPES = 6
"""An address has some, and so has a line of a log."""
_MOST_CIPHERS = 4
_MOST_READ = 4
_NOT_WORD = re.compile(r"[\W_]+")
_PARTS = re.compile(
    r"(?i)\b(?:parts?|pieces?|half|halves|fragments?|concatenate|combine|join|together|assemble)\b|\b\w ?\+ ?\w\b"
)
_QUOTED = re.compile(r"(?<!\w)'([^'\n]{4,200})'(?!\w)|\"([^\"\n]{4,200})\"|\u201c([^\u201d\n]{4,200})\u201d")

_CIPHERS = _ciphers()
_CIPHER_WORD = re.compile(r"[a-z]{6,12}")
_MORSE: dict[str, str] = dict(
    zip(
        ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
        "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.".split(),
        f"{_LETTERS}0123456789",
        strict=True,
    )
)


def fold(text: str) -> str:
    """The text as it is compared: visible, compatible forms unified, look-alikes Latin, no accents, lower case."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", visible(text))
        text = _WORD.sub(_unmix, text)
        # Composed again at the end: a Korean syllable taken apart would match nothing.
        text = unicodedata.normalize("NFC", _ACCENTS.sub("", unicodedata.normalize("NFD", text)))
        text = text.translate(_SMALL_CAPITALS)
    return _SPACE.sub(" ", text.replace("\\n", "\n")).casefold().replace("’", "'")


def _unmix(word: re.Match[str]) -> str:
    """A word of two scripts in one; a word wholly of another script is what it is."""
    return word[0].translate(_LOOKALIKES) if not word[0].isascii() and _LATIN.search(word[0]) else word[0]


def hidden(text: str) -> list[str]:
    """The ways in which characters of the text are hidden from a person, by name."""
    if text.isascii():
        return []
    text = _FLAG.sub("", text)
    return [name for name, pattern in _HIDDEN.items() if pattern.search(text)]


def disguised(text: str) -> bool:
    """Whether a text holds telltale words in more ciphers than anybody uses who is not hiding something."""
    return len(_ciphers_in(text)) > _MOST_CIPHERS


def readings(text: str) -> Iterator[str]:
    """What the text may say to a model that decodes it; nothing for an ordinary text.

    All readings together are at most some times as long as the text, however it is written.
    """
    left = _MOST_READ * len(text)
    for decoded in _decoded(text):
        yield decoded
        left -= len(decoded)
        for inner in _rewritten(decoded):
            yield inner
            left -= len(inner)
        for inner in _decoded(decoded) if left > 0 else ():  # encoded twice is common, thrice is not
            yield inner
            left -= len(inner)
    yield from _rewritten(text)


def _decoded(text: str) -> Iterator[str]:
    if len(_ESCAPE.findall(text)) >= _FEWEST_ESCAPES:
        yield html.unescape(unquote(_BACKSLASH.sub(lambda escape: chr(int(escape[1] or escape[2], 16)), text)))
    for needed, pattern, decode in _DECODERS:
        if needed in text:
            yield from filter(None, (_printable(decode, match) for match in pattern.finditer(text)))


def _rewritten(text: str) -> Iterator[str]:
    """The whole text deciphered, with leetspeak undone, with letters or quoted parts put together."""
    for decipher in _ciphers_in(text)[:_MOST_CIPHERS]:
        yield decipher(text)
    if len(_LEET_WORD.findall(text)) >= 2:
        yield _LEET_WORD.sub(lambda word: word[0].translate(_LEET), text)
    if text.count("_") >= 3:
        yield text.replace("_", " ")
    if _APART.search(text):
        yield _APART.sub(lambda letters: _NOT_WORD.sub("", letters[0]), text)
    if _PARTS.search(text) and len(parts := _QUOTED.findall(text)) >= 2:
        quoted = [next(filter(None, part)) for part in parts]
        yield " ".join(quoted)
        yield "".join(quoted)


def _ciphers_in(text: str) -> list[Callable[[str], str]]:
    words = dict.fromkeys(_CIPHER_WORD.findall(text.lower()))
    return list(dict.fromkeys(_CIPHERS[word] for word in words if word in _CIPHERS))


def _printable(decode: Callable[[re.Match[str]], bytes | str], match: re.Match[str]) -> str | None:
    """What was encoded, where that is text."""
    try:
        data = decode(match)
        text = data.decode("utf-8") if isinstance(data, bytes) else data
    except ValueError:
        return None
    letters = sum(c.isalpha() or c in " \n.,:;'\"" for c in text)
    return text if len(text) >= 4 and text.replace("\n", "").isprintable() and letters > 0.7 * len(text) else None


def _base64(match: re.Match[str]) -> bytes:
    if match[0].islower():  # a long word
        return b""
    text = match[0].rstrip("=").translate(str.maketrans("-_", "+/"))
    return base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + "=" * (-len(text) % 4))


def _base32(match: re.Match[str]) -> bytes:
    text = match[0].rstrip("=")
    return base64.b32decode(text + "=" * (-len(text) % 8))


def _morse(match: re.Match[str]) -> str:
    words = re.split(r"\s*/\s*|\s{2,}", match[0].strip())
    return " ".join("".join(_MORSE.get(code, "?") for code in word.split()) for word in words)


# Each with what must stand in the text, to save the search.
_DECODERS: tuple[tuple[str, re.Pattern[str], Callable[[re.Match[str]], bytes | str]], ...] = (
    ("", re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{12,100000}={0,2}(?![A-Za-z0-9+/=])"), _base64),
    ("", re.compile(r"(?<![A-Za-z0-9])[A-Z2-7]{16,100000}={0,6}(?![A-Za-z0-9=])"), _base32),
    ("<~", re.compile(r"<~[!-u\s]{8,100000}~>"), lambda m: base64.a85decode(m[0], adobe=True)),
    (
        "",
        re.compile(r"(?i)(?<![0-9a-f])(?:[0-9a-f]{2}[ :,]?){6,50000}(?![0-9a-f])"),
        lambda m: bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", m[0])),
    ),
    (
        "0",
        re.compile(r"(?<!\d)(?:[01]{8}[ ,]?){4,}(?!\d)"),
        lambda m: bytes(int(b, 2) for b in re.findall("[01]{8}", m[0])),
    ),
    (
        "1",
        re.compile(r"(?<!\d)(?:\d{2,3}[ ,]{1,2}){7,}\d{2,3}(?!\d)"),
        lambda m: bytes(int(d) for d in re.findall(r"\d+", m[0])),
    ),
    ("-", re.compile(r"(?:[.-]{1,5}[ /]{1,3}){8,}[.-]{1,5}"), _morse),
)
