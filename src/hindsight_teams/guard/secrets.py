"""Secrets in text: keys, tokens, passwords, payment cards. Pure.

Known shapes first (each vendor's prefix and length), then anything that looks random, or is named a password, beside a
word that says so. All patterns are linear in the length of the text.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands, and what kind it is."""

    kind: str
    start: int
    end: int


_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        (
            "private key",
            r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^-]|-(?!----))*(?:-----END[A-Z0-9 ]*-----)?",
        ),
        ("AWS key id", r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b"),
        ("GitHub token", r"\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})"),
        ("GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,255}"),
        ("API key", r"\bsk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16,255}"),
        ("Google key", r"\bAIza[0-9A-Za-z_-]{30,50}|\bya29\.[0-9A-Za-z_-]{20,255}"),
        ("Slack token", r"\bxox[abeprs]-[A-Za-z0-9-]{10,255}|hooks\.slack\.com/services/[A-Za-z0-9/]{20,255}"),
        ("Stripe key", r"\b(?:[srp]k_(?:live|test)|whsec)_[A-Za-z0-9]{10,255}"),
        ("package registry token", r"\bnpm_[A-Za-z0-9]{30,255}|\bpypi-[A-Za-z0-9_-]{40,255}"),
        ("Hugging Face token", r"\bhf_[A-Za-z0-9]{30,255}"),
        ("SendGrid key", r"\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}"),
        ("DigitalOcean token", r"\bdo[opr]_v1_[a-f0-9]{40,255}"),
        ("JSON web token", r"\beyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{0,4096}"),
    )
)

# The group named "value" is the secret; what stands before it only says so.
_CONNECTION = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,100}:(?P<value>[^\s@/]{1,200})@")
_AUTHORIZATION = re.compile(r"(?i)\b(?:bearer|basic)\s+(?P<value>[A-Za-z0-9._~+/-]{16,4096}={0,2})")
_NAMED = re.compile(
    r"(?i)(?<![A-Za-z])(?:pass(?:word|wd|phrase|code)?|pwd|secret|credentials?|(?:api|access|secret|private|signing"
    r"|encryption|account|auth)[ _-]?(?:key|token)|client[ _-]?secret|token|login)(?![A-Za-z])"
    r"[^\n.!?]{0,24}?(?:\bis\b|\bwas\b|\bto\b|[:=]|=>)\s*[\"'`]?(?P<value>[^\s\"'`,;<>]{6,200})"
)
_NEAR = re.compile(
    r"(?i)(?<![A-Za-z])(?:pass(?:word|wd|phrase|code)|pwd|secret|credentials?|api[ _-]?key|token|key)(?![A-Za-z])"
)
_RANDOM = re.compile(r"[A-Za-z0-9+/_=-]{20,200}")
_PIN = re.compile(r"(?i)\b(?:pin|pin code|passcode|cvv|cvc|otp)\b[^\n.!?\d#(]{0,16}(?P<value>\d{3,8})\b")
_CARD = re.compile(
    r"(?<![\w-])(?:\d{13,19}|\d{4}(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{1,7}|\d{4}[ -]\d{6}[ -]\d{5})(?![\w-])"
)
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")
_NEAR_CHARACTERS = 60
_POSSIBLE = re.compile(r"[0-9@]|-----|://|(?i:pass|pwd|secret|key|token|login|credential|bearer|basic)")
"""Without any of these no pattern here can match."""


def find(text: str) -> list[Secret]:
    """The secrets in a text, in order; none overlaps another."""
    found: list[Secret] = []
    end = 0
    for secret in sorted(_all(text), key=lambda s: (s.start, -s.end)):
        if secret.start >= end:
            found.append(secret)
            end = secret.end
    return found


def redact(text: str) -> str:
    """The text with each secret replaced by its kind, such as ``[redacted: GitHub token]``."""
    parts: list[str] = []
    end = 0
    for secret in find(text):
        parts += [text[end : secret.start], f"[redacted: {secret.kind}]"]
        end = secret.end
    return "".join([*parts, text[end:]]) if parts else text


def _all(text: str) -> Iterator[Secret]:
    if not _POSSIBLE.search(text):
        return
    for kind, shape in _SHAPES:
        for match in shape.finditer(text):
            yield Secret(kind, *match.span())
    yield from _values("password in a URL", _CONNECTION, text, _always)
    yield from _values("authorization", _AUTHORIZATION, text, _looks_random)
    yield from _values("password", _NAMED, text, _looks_like_a_password)
    yield from _values("PIN", _PIN, text, _always)
    if _NEAR.search(text):
        for match in _RANDOM.finditer(text):
            before = text[max(0, match.start() - _NEAR_CHARACTERS) : match.start()]
            if _looks_random(match[0]) and _NEAR.search(before):
                yield Secret("key", *match.span())
    for match in _CARD.finditer(text):
        if _luhn(match[0]):
            yield Secret("payment card", *match.span())
    for match in _SSN.finditer(text):
        yield Secret("social security number", *match.span())


def _values(kind: str, pattern: re.Pattern[str], text: str, accept: Callable[[str], bool]) -> Iterator[Secret]:
    for match in pattern.finditer(text):
        value = match["value"].rstrip(".!?)]}")
        if accept(value):
            yield Secret(kind, match.start("value"), match.start("value") + len(value))


def _always(_: str) -> bool:
    return True


def _looks_like_a_password(value: str) -> bool:
    """Letters and digits (or signs) mixed as no word, number, date, address or placeholder mixes them."""
    if "://" in value or "[redacted" in value or re.fullmatch(r"[\d.,:/-]+|[A-Za-z'’-]+|\W+", value):  # noqa: RUF001
        return False
    has_letter = any(c.isalpha() for c in value)
    has_digit = any(c.isdigit() for c in value)
    has_sign = bool(re.search(r"[!#$%^&*+=~?]", value))
    return (has_letter and has_digit) or (has_sign and (has_letter or has_digit))


def _looks_random(value: str) -> bool:
    """More than 3.2 bits a character, with digits and letters: words joined by dashes have no digits."""
    if not (any(c.isdigit() for c in value) and any(c.isalpha() for c in value)):
        return False
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) > 3.2


def _luhn(text: str) -> bool:
    """The check digit of payment card numbers (ISO/IEC 7812-1)."""
    digits = [int(c) for c in text if c.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [d if place % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for place, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0
