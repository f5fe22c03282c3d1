"""How many tokens a text may cost, without a tokenizer."""

from __future__ import annotations


def estimate(text: str) -> int:
    """About how many tokens a model's tokenizer makes of a text.

    A quarter of a token for an ASCII character, a half for one of two UTF-8 bytes (accents, Greek, Cyrillic, Hebrew,
    Arabic), one for one of three (CJK, Thai, Devanagari), two for one of four (emoji). These are the byte-pair
    vocabularies' usual yields, rounded up: a budget is rather kept than exceeded. A text never costs less than any
    part of it.

    Returns:
        Tokens, rounded up; 0 for the empty text only.
    """
    if text.isascii():
        return -(-len(text) // 4)
    # Character classes by UTF-8 width, counted by the codecs in C instead of a loop in Python.
    characters = len(text)
    extra_bytes = len(text.encode("utf-8", "surrogatepass")) - characters
    four = len(text.encode("utf-16-le", "surrogatepass")) // 2 - characters
    not_ascii = characters - len(text.encode("ascii", "ignore"))
    three = extra_bytes - 3 * four - (not_ascii - four)
    two = not_ascii - three - four
    ascii_only = characters - not_ascii
    return -(-(ascii_only + 2 * two + 4 * three + 8 * four) // 4)
