"""What a text says once it is unhidden: look-alike letters, encodings, letters set apart. Pure.

Everything here only adds readings of a text; none changes what is stored.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import partial
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
_TAGS = re.compile("[\U000e0020-\U000e007e]{3,}")
_FLAG = re.compile("\U0001f3f4[\U000e0061-\U000e007a\U000e0030-\U000e0039]{3,6}\U000e007f")
_SELECTORS = re.compile("[\U000e0100-\U000e01ef\ufe00-\ufe0f]{4,}")
_BURIED = re.compile("[A-Za-z][\u200b-\u200d\u2060-\u2064\u00ad\ufeff\u202a-\u202e\u2066-\u2069]+[A-Za-z]")

_LEET = str.maketrans("013457@$!", "oieastasi")
_LEET_WORD = re.compile(r"(?<![\w@$!])(?=[\w@$!]*[a-zA-Z])(?=[\w@$!]*[013457@$])[\w@$!]{3,}(?![\w@$])")
_APART = re.compile(r"(?<!\w)(?:\w[ .\-_*|/]{1,2}){3,}\w(?!\w)")
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_TELLTALE = (
    "ignore instructions previous system password passwords prompt secret secrets reveal forward disregard".split()
)


def _ciphers() -> dict[str, Callable[[str], str]]:
    """Telltale words as the usual ciphers write them: each Caesar shift, Atbash, and backwards."""
    ciphers: dict[str, Callable[[str], str]] = {word[::-1]: _backwards for word in _TELLTALE}
    for table in [_LETTERS[shift:] + _LETTERS[:shift] for shift in range(1, 26)] + [_LETTERS[::-1]]:
        decipher = partial(_translated, str.maketrans(table + table.upper(), _LETTERS + _LETTERS.upper()))
        encipher = str.maketrans(_LETTERS, table)
        for word in _TELLTALE:
            ciphers.setdefault(word.translate(encipher), decipher)
    return ciphers


def _backwards(text: str) -> str:
    return text[::-1]


def _translated(table: dict[int, int], text: str) -> str:
    return text.translate(table)


_CIPHERS = _ciphers()
_CIPHER_WORD = re.compile(r"[a-z]{6,12}")
_MORSE = {
    code: letter
    for letter, code in zip(
        "abcdefghijklmnopqrstuvwxyz0123456789",
        ".- -... -.-. -.. . ..-. --. .... .. .--- -.- .-.. -- -. --- .--. --.- .-. ... - ..- ...- .-- -..- -.-- --.. "
        "----- .---- ..--- ...-- ....- ..... -.... --... ---.. ----.".split(),
        strict=True,
    )
}


def fold(text: str) -> str:
    """The text as it is compared: visible, compatible forms unified, look-alikes Latin, no accents, lower case."""
    if not text.isascii():
        text = unicodedata.normalize("NFKC", visible(text))
        text = _WORD.sub(_unmix, text)
        text = _ACCENTS.sub("", unicodedata.normalize("NFD", text)).translate(_SMALL_CAPITALS)
    return _SPACE.sub(" ", text.replace("\\n", "\n")).casefold().replace("’", "'")  # noqa: RUF001


def _unmix(word: re.Match[str]) -> str:
    """A word of two scripts in one; a word wholly of another script is what it is."""
    return word[0].translate(_LOOKALIKES) if not word[0].isascii() and _LATIN.search(word[0]) else word[0]


def hidden(text: str) -> list[str]:
    """The ways in which characters of the text are hidden from a person, by name."""
    if text.isascii():
        return []
    text = _FLAG.sub("", text)
    found = []
    if _TAGS.search(text):
        found.append("hidden tag characters")
    if _SELECTORS.search(text):
        found.append("hidden variation selectors")
    if _BURIED.search(text):
        found.append("invisible characters inside words")
    return found


def readings(text: str) -> Iterator[str]:
    """What the text may say to a model that decodes it; nothing for an ordinary text."""
    for pattern, decode in _DECODERS if _ENCODED.search(text) else ():
        for match in pattern.finditer(text):
            decoded = _printable(decode, match)
            if decoded:
                yield decoded
    for decipher in {_CIPHERS[word] for word in _CIPHER_WORD.findall(text.lower()) if word in _CIPHERS}:
        yield decipher(text)
    if len(_LEET_WORD.findall(text)) >= 2:
        yield _LEET_WORD.sub(lambda word: word[0].translate(_LEET), text)
    if text.count("_") >= 3:
        yield text.replace("_", " ")
    if _APART.search(text):
        yield _APART.sub(lambda letters: re.sub(r"[\W_]+", "", letters[0]), text)


def _printable(decode: Callable[[re.Match[str]], bytes | str], match: re.Match[str]) -> str:
    """What was encoded, where that is text."""
    try:
        data = decode(match)
        text = data.decode("utf-8") if isinstance(data, bytes) else data
    except (ValueError, binascii.Error):
        return ""
    letters = sum(c.isalpha() or c in " \n.,:;'\"" for c in text)
    return text if len(text) >= 4 and text.replace("\n", "").isprintable() and letters > 0.7 * len(text) else ""


def _base64(match: re.Match[str]) -> bytes:
    text = match[0].rstrip("=").translate(str.maketrans("-_", "+/"))
    return base64.b64decode(text[: len(text) - (len(text) % 4 == 1)] + "=" * (-len(text) % 4))


def _base32(match: re.Match[str]) -> bytes:
    text = match[0].rstrip("=")
    return base64.b32decode(text + "=" * (-len(text) % 8))


def _morse(match: re.Match[str]) -> str:
    words = re.split(r"\s*/\s*|\s{2,}", match[0].strip())
    return " ".join("".join(_MORSE.get(code, "?") for code in word.split()) for word in words)


# What every encoding has: a long run without spaces, escapes, groups of digits or dots, or characters past ASCII.
_ENCODED = re.compile(
    r"[A-Za-z0-9+/_-]{12}|[\\&%<=]|[0-9a-fA-F]{2,3}[ :,]{1,2}[0-9a-fA-F]{2,3}[ :,]|[01]{8}"
    r"|[.-]{1,5} [.-]|[^\x00-\u2fff]"
)
_DECODERS: tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], bytes | str]], ...] = (
    (re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{12,100000}={0,2}(?![A-Za-z0-9+/=])"), _base64),
    (re.compile(r"(?<![A-Za-z0-9])[A-Z2-7]{16,100000}={0,6}(?![A-Za-z0-9=])"), _base32),
    (re.compile(r"<~[!-u\s]{8,100000}~>"), lambda m: base64.a85decode(m[0], adobe=True)),
    (
        re.compile(r"(?i)(?<![0-9a-f])(?:[0-9a-f]{2}[ :,]?){6,50000}(?![0-9a-f])"),
        lambda m: bytes.fromhex(re.sub(r"[^0-9a-fA-F]", "", m[0])),
    ),
    (re.compile(r"(?:\\x[0-9a-fA-F]{2}){3,}"), lambda m: bytes.fromhex(m[0].replace("\\x", ""))),
    (re.compile(r"(?:\\u[0-9a-fA-F]{4}){3,}"), lambda m: "".join(chr(int(c, 16)) for c in m[0].split("\\u")[1:])),
    (re.compile(r"(?:=[0-9A-F]{2}){3,}"), lambda m: bytes.fromhex(m[0].replace("=", ""))),
    (re.compile(r"(?:\\[0-3]?[0-7]{2}){3,}"), lambda m: bytes(int(c, 8) for c in m[0].split("\\")[1:])),
    (re.compile(r"(?:&#x?[0-9a-fA-F]{1,6};\s?){3,}"), lambda m: html.unescape(m[0])),
    (re.compile(r"(?:%[0-9a-fA-F]{2}){3,}"), lambda m: unquote(m[0], errors="strict")),
    (re.compile(r"(?<!\d)(?:[01]{8}[ ,]?){4,}(?!\d)"), lambda m: bytes(int(b, 2) for b in re.findall("[01]{8}", m[0]))),
    (
        re.compile(r"(?<!\d)(?:\d{2,3}[ ,]{1,2}){7,}\d{2,3}(?!\d)"),
        lambda m: bytes(int(d) for d in re.findall(r"\d+", m[0])),
    ),
    (re.compile(r"(?:[.-]{1,5}[ /]{1,3}){8,}[.-]{1,5}"), _morse),
    (_TAGS, lambda m: "".join(chr(ord(c) - 0xE0000) for c in m[0])),
    (_SELECTORS, lambda m: bytes((ord(c) - 0xE0100 + 16) % 256 if ord(c) > 0xFFFF else ord(c) - 0xFE00 for c in m[0])),
)
