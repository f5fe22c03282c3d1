"""Find secrets in a text: keys, tokens, passwords, payment cards; and apart from them PINs and codes of locks. Pure.

Known shapes first (each vendor's prefix and length), then anything that looks random, or is named a password, beside a
word that says so. All patterns are linear in the length of the text.

Nobody needs a key in a memory, and whoever reads it can misuse it from anywhere. The code of a door, an alarm or a
wireless network works only at that place, and is often the very fact that somebody wants remembered: so it depends on
who tells it and on who reads the bank, see ``check_codes``. The PIN of a card or an account is no code of a place.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Any

from hindsight_teams.guard.passwords import (
    MIXED,
    Secret,
    announced,
    in_tables,
    is_a_path,
    is_no_placeholder,
    looks_like_a_password,
    several_words,
)
from hindsight_teams.guard.verdict import Verdict, WriteAttempt

_SHAPES = {
    kind: re.compile(pattern)
    for kind, pattern in {
        "private key": r"-----BEGIN (?:[A-Z0-9]+ ){0,3}PRIVATE KEY(?: BLOCK)?-----(?:[^-]"
        r"|-(?!----))*(?:-----END[A-Z0-9 ]*-----)?",
        "AWS key id": r"\b(?:AKIA|ASIA|ABIA|ACCA)[A-Z0-9]{16}\b",
        "GitHub token": r"\b(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_[A-Za-z0-9_]{22,255})",
        "GitLab token": r"\bgl(?:pat|ptt|rt|dt|cbt|agent|oas)-[A-Za-z0-9_-]{20,255}",
        "API key": r"\bsk-(?=[A-Za-z_-]*[0-9])[A-Za-z0-9_-]{16,255}",
        "Google key": r"\bAIza[0-9A-Za-z_-]{30,50}|\bya29\.[0-9A-Za-z_-]{20,255}",
        "Slack token": r"\bxox[abeprs]-[A-Za-z0-9-]{10,255}|hooks\.slack\.com/services/[A-Za-z0-9/]{20,255}",
        "Stripe key": r"\b(?:[srp]k_(?:live|test)|whsec)_[A-Za-z0-9]{10,255}",
        "package registry token": r"\bnpm_[A-Za-z0-9]{30,255}|\bpypi-[A-Za-z0-9_-]{40,255}|\brubygems_[a-f0-9]{40,64}"
        r"|\bdckr_[po]at_[A-Za-z0-9_-]{20,64}",
        "Hugging Face token": r"\bhf_[A-Za-z0-9]{30,255}",
        "SendGrid key": r"\bSG\.[A-Za-z0-9_-]{16,64}\.[A-Za-z0-9_-]{16,64}",
        "DigitalOcean token": r"\bdo[opr]_v1_[a-f0-9]{40,255}",
        # What vendors put before their keys, so that they are known wherever they stand.
        "API token": r"\bEAA[A-Za-z0-9]{40,300}\b|\b(?:SK|key-|dapi|shp(?:at|ca|pa|ss)_|sbp_)[a-f0-9]{32,40}\b"
        r"|\bhv[sbr]\.[A-Za-z0-9_-]{20,255}|\bsq0[a-z]{3}-[A-Za-z0-9_-]{22,64}|\bdp\.[a-z]{2,5}\.[A-Za-z0-9]{40,64}"
        r"|\b(?:pscale_\w{2,5}_|sntry[su]_|gl(?:sa|c)_|figd_|lin_api_|ntn_|gsk_|r8_|pplx-|xai-|tvly-|lsv2_\w\w_|pcsk_"
        r"|GOCSPX-|tskey-\w{2,12}-|pul-|rdme_|xkeysib-|xapp-|NRAK-|CFPAT-|PMAK-|AT[AC]TT3|dt0c01\."
        r"|pat-\w\w\d-)(?=[A-Za-z0-9_.=-]{0,60}\d)[A-Za-z0-9_.=-]{20,255}|\bAGE-SECRET-KEY-1[A-Z0-9]{50,64}"
        r"|\bpat[A-Za-z0-9]{14}\.[a-f0-9]{64}\b|\bsl\.[A-Za-z0-9_-]{100,255}|\b[A-Za-z0-9]{14}\.atlasv1\.[\w-]{60,90}"
        r"|\b\d{8,10}:AA[A-Za-z0-9_-]{33}\b|\b[MNO][A-Za-z0-9_-]{23,27}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45}"
        r"|discord(?:app)?\.com/api/webhooks/\d{10,25}/[A-Za-z0-9_-]{50,90}",
        "password hash": r"\$(?:apr1|2[abxy]|argon2\w{1,2}|[156y])\$[A-Za-z0-9./$=,+-]{20,200}",
        "JSON web token": r"\beyJ[A-Za-z0-9_-]{8,4096}\.eyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{0,4096}",
    }.items()
}
_CONNECTION = re.compile(r"\b[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,100}:(?P<value>[^\s@/]{1,200})@")
_AUTHORIZATION = re.compile(r"(?i)\b(?:bearer|basic)\s+(?P<value>[A-Za-z0-9._~+/-]{16,4096}={0,2})")
_USER_AND_PASSWORD = re.compile(
    r"(?:(?:^|\s)(?:-u|--user|--proxy-user)(?:\s{1,3}|=)[\"']?[^\s:\"']{1,64}:|\b(?:mysql(?:dump|admin)?"
    r"|mariadb)\b[^\n]{0,60}?\s-p(?!ort\b|rotocol|roxy)[\"']?|\b(?:docker login"
    r"|sshpass)\b[^\n]{0,60}?\s-p [\"']?)(?P<value>[^\s\"']{1,200})",
    re.MULTILINE,
)
_SECRET_KEY_BEHIND_ITS_ID = re.compile(r"\bA[KS]IA[A-Z0-9]{16}\W{1,5}(?P<value>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])")
_FLAG = re.compile(
    r"(?:^|\s)--?[a-z-]{0,30}pass(?:word|wd|phrase)?(?:\s{1,3}|=)[\"']?(?P<value>[^\s\"'-][^\s\"']{3,200})",
    re.MULTILINE,
)
_COOKIE = re.compile(  # what is named so in a cookie, a form or a signed address
    r"(?i)(?<![A-Za-z])(?:(?:php|j)?sess(?:ion)?[_-]?(?:id|key)?|(?:connect\.)?sid|sig|x-amz-(?:signature"
    r"|security-token)|[cx]srf[\w-]{0,12}|remember_\w{0,10}|auth)=[\"']?(?P<value>[^\s;,\"'&]{10,4096})"
)
_VARIABLE = re.compile(
    r"(?<![A-Za-z0-9_])(?:[A-Z][A-Z0-9]{0,30}_){1,6}(?:PASS(?:WD|PHRASE)?|PWD|SECRET|TOKEN|AUTH"
    r"|CREDENTIALS?)\s?[=:]\s?[\"']?(?P<value>[^\s\"']{6,200})"
)
_PHRASE = re.compile(  # several words as one secret, quoted or as many as a wallet has
    r"(?i)\b(?:pass ?phrase|(?:seed|recovery|wallet) phrase|seed words"
    r"|mnemonic)\b[^\n.!?\"'\u201c\u201e]{0,40}?(?:\b(?:is|was|to|ist|est|es)\b"
    r"|[:=])\s{0,3}[\"'\u201c\u201e]?(?P<value>(?<=[\"'\u201c\u201e])[^\"'\u201d\n]{8,200}(?=[\"'\u201c\u201d])"
    r"|(?:[a-z]{3,8} ){11,23}[a-z]{3,8}\b)"
)
_GIVEN_AT_A_LOGIN = re.compile(
    r"(?i:\b(?:log(?:s|ged|ging)? ?[io]n|sign(?:s|ed|ing)? (?:in|on)|gets? in|unlock(?:s|ed)?|authenticates?"
    r"|connect(?:s|ed)?|entsperr\w{1,2}|meldet sich|logg?t sich|einloggen|anmelden|se connecte\w{0,2}|entr[ae]"
    r"|inicia sesión|accede)\b[^\n.!?]{0,24}? (?:with|using|mit|avec|con|com) |\b(?:type|enter|typing|entering|tippe"
    r"|tape[rz]?) )[\"'`]?(?:[\w.@+-]{2,40} [/|] )?(?P<value>[^\s\"'`,;<>#][^\s\"'`,;<>]{7,200})"
)
_ASIAN_WORDS = r"パスワード|暗証番号|合言葉|apiキー|秘密鍵|アクセスキー|密码|口令|密碼|密钥|비밀번호|암호|api ?키"
_BEFORE_THE_WORD = re.compile(
    r"(?<![^\s\"'`,;<>])(?P<value>[^\s\"'`,;<>]{8,200})(?i: (?:as|als|comme|como) (?:the |my |our |a |das |mein |le "
    r"|mon |mi |la )?(?:password|passphrase|passcode|passwort|kennwort|mot de passe|contraseña)(?![A-Za-z]|[ -](?:hash"
    r"|manager|algorithm|polic|field)))"
)
_NAMED_ASIAN = re.compile(
    rf"(?i)(?:{_ASIAN_WORDS})[^\n\u3002!?A-Za-z0-9]{{0,16}}(?P<value>[A-Za-z0-9!-/:-@\[-`{{-~]{{4,200}})"
)
_NEAR = re.compile(
    r"(?i)(?<![A-Za-z])(?:pass(?:word|wd|phrase|code)|pwd|secret|credentials?|api[ _-]?key|token|key)(?![A-Za-z])"
)
_PUBLIC = re.compile(r"(?i)(?:ssh-[a-z0-9-]{3,20}|ecdsa-[\w-]{5,30}|public key\W{0,3}) ?$")
_RANDOM = re.compile(r"[A-Za-z0-9+/_=-]{20,200}")
_PIN = re.compile(
    r"(?i)\b(?:pin(?:[- ]?codes?)?|passcode|(?:door|gate|alarm|safe|lock|access|entry|security|keypad|garage|lockbox"
    r"|building)[ -](?:code|combination)|(?:code|combination) (?:for|of|to) (?:the |our |my )?(?:\w+ )?(?:door|gate"
    r"|alarm|safe|lock|garage|lockbox|building)|türcode|zugangscode|code (?:de la porte|d'accès|d'entrée|de l'alarme"
    r"|pin|d'immeuble)|código (?:de acceso|de la puerta|de la alarma|de entrada)|codice (?:di accesso|della porta"
    r"|del cancello)|código (?:da porta|de acesso)|deurcode|toegangscode|kod do drzwi|код (?:двери|домофона"
    r"|доступа))\b[^\n.!?\d(]{0,24}(?P<value>[#*]?\d{3,8}[#*]?|\d{1,4}(?:-\d{1,4}){2,4})(?![\w-])"
)
_OF_AN_ACCOUNT = re.compile(
    r"(?i)\b(?:card|bank|banking|account|atm|debit|credit|sim|phone|online|karte|bankkarte|konto|handy|carte|compte"
    r"|tarjeta|cuenta|carta|conto)\b"
)
_NETWORK = re.compile(r"(?i)\b(?:wi-?fi|wlan|guest net(?:work)?|hotspot|ssid)(?![a-z])")
_CALLED = re.compile(r"(?i)\bpin(?![- ]?code)|code")
_CLAUSE = re.compile(r"[\n!?;]|\.\s")
_CARD_CODE = re.compile(
    r"(?i)\b(?:cvv2?|cvc2?|otp|geheimzahl|kartenprüfnummer|code (?:secret |confidentiel )?(?:de |d')(?:(?:ma|la|sa"
    r"|votre) )?(?:carte|cb)|(?:código|clave|pin) (?:secret[ao] )?de (?:la|mi|su|tu) tarjeta"
    r"|codice (?:segreto )?(?:del )?(?:mio )?bancomat)\b[^\n.!?\d(]{0,24}(?P<value>\d{3,8})(?![\w-])"
)
_CARD = re.compile(
    r"(?<![\w-])(?:\d{13,19}|\d{4}(?P<gap>[ -])\d{4}(?P=gap)\d{4}(?P=gap)\d{1,7}|\d{4}[ -]\d{6}[ -]\d{5})(?![\w-])"
)
_SSN = re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d{2}-(?!0000)\d{4}(?![\d-])")
_NEAR_CHARACTERS = 60
_POSSIBLE = re.compile(r"[0-9!#$%^&*+=~?@]|-----|-[a-z]{3,12}-[a-z]{3,12}-|://|(?i:phrase|mnemonic|seed words)")
"""Without any of these no pattern here can match."""


def find(text: str) -> list[Secret]:
    """The secrets in a text, in order; none overlaps another."""
    return _apart(_all(text))


def find_codes(text: str) -> list[Secret]:
    """The door codes and PINs in a text, in order."""
    return [secret for secret in _pins(text) if not _of_an_account(text, secret)]


def _pins(text: str) -> list[Secret]:
    return _apart(_values("PIN", _PIN, text, bool)) if _POSSIBLE.search(text) else []


def _of_a_network(text: str, secret: Secret) -> bool:
    return secret.kind == "password" and _NETWORK.search(_clause(text, secret.start)) is not None


def _of_an_account(text: str, secret: Secret) -> bool:
    """Whether a PIN is that of a card, a phone or an account; what is called a code is that of a place."""
    called = _CALLED.findall(text, max(0, secret.start - _NEAR_CHARACTERS), secret.start)
    return [word.lower() for word in called[-1:]] == ["pin"] and _OF_AN_ACCOUNT.search(
        _clause(text, secret.start)
    ) is not None


def _clause(text: str, place: int) -> str:
    """What stands around a place, within its sentence and sixty characters, and behind it up to a comma."""
    before, after = text[max(0, place - _NEAR_CHARACTERS) : place], text[place : place + _NEAR_CHARACTERS]
    return _CLAUSE.split(before)[-1] + _CLAUSE.split(after)[0].partition(",")[0]


def _apart(secrets: Iterable[Secret]) -> list[Secret]:
    found: list[Secret] = []
    end = 0
    for secret in sorted(secrets, key=lambda s: (s.start, -s.end)):
        if secret.start >= end:
            found.append(secret)
            end = secret.end
    return found


def redact(text: str) -> str:
    """The text with each secret and code replaced by its kind, such as ``[redacted: GitHub token]``."""
    return _without(text, _apart([*find(text), *find_codes(text)]))


def _without(text: str, secrets: list[Secret]) -> str:
    parts: list[str] = []
    end = 0
    for secret in secrets:
        parts += [text[end : secret.start], f"[redacted: {secret.kind}]"]
        end = secret.end
    return "".join([*parts, text[end:]]) if parts else text


def check_secrets(attempt: WriteAttempt) -> Verdict | None:
    """Replace keys, tokens, passwords and payment cards by what kind they are, in every field that is stored.

    A document id with a secret is refused: two of them would become one after redaction, and replace each other. The
    password of a network is left to ``check_codes`` in a user's own bank.
    """
    if not attempt.private:
        return _checked(attempt, find)
    return _checked(attempt, lambda text: [s for s in find(text) if not _of_a_network(text, s)])


def check_codes(attempt: WriteAttempt) -> Verdict | None:
    """Replace door codes and PINs by their kind.

    What an author who is trusted tells itself stays, with a mark. In a user's own bank it stays as it was told, and so
    does the password of a network: nobody but that user is ever told of it.
    """

    def search(text: str) -> list[Secret]:
        networks = [s for s in find(text) if _of_a_network(text, s)] if attempt.private else []
        return _apart([*find_codes(text), *networks])

    verdict = _checked(attempt, search)
    if verdict is None:
        return None
    reason = verdict.reason.replace("a secret", "a code")
    return replace(verdict, if_trusted="mark", if_private="allow", reason=reason)


def _checked(attempt: WriteAttempt, search: Callable[[str], list[Secret]]) -> Verdict | None:
    kinds: dict[str, None] = {}

    def clean(text: Any) -> Any:
        if not isinstance(text, str):  # a backend refuses it, and says why
            return text
        found = search(text)
        kinds.update(dict.fromkeys(secret.kind for secret in found))
        return _without(text, found)

    if attempt.document_id and search(attempt.document_id):
        return Verdict("refuse", reason="the document_id holds a secret; choose another")
    left = replace(
        attempt,
        content=clean(attempt.content),
        context=clean(attempt.context),
        tags=[clean(tag) for tag in attempt.tags],
        metadata={clean(key): clean(value) for key, value in attempt.metadata.items()},
        entities=[clean(entity) for entity in attempt.entities],
    )
    if not kinds:
        return None
    return Verdict("redact", reason=f"a secret was left out and replaced by its kind: {', '.join(kinds)}", attempt=left)


def _all(text: str) -> Iterator[Secret]:
    if not _POSSIBLE.search(text):
        return
    for kind, shape in _SHAPES.items():
        for match in shape.finditer(text):
            yield Secret(kind, *match.span())
    for kind, pattern, accept in _NAMED:
        yield from _values(kind, pattern, text, accept)
    yield from several_words(text)
    yield from announced(text)
    yield from in_tables(text)
    yield from (secret for secret in _pins(text) if _of_an_account(text, secret))
    if _NEAR.search(text):
        for match in _RANDOM.finditer(text):
            before = text[max(0, match.start() - _NEAR_CHARACTERS) : match.start()]
            if _looks_random(match[0]) and _NEAR.search(before) and not _PUBLIC.search(before):
                yield Secret("key", *match.span())
    for match in _CARD.finditer(text):
        if _luhn(match[0]):
            yield Secret("payment card", *match.span())
    for match in _SSN.finditer(text):
        yield Secret("social security number", *match.span())


def _values(kind: str, pattern: re.Pattern[str], text: str, accept: Callable[[str], bool]) -> Iterator[Secret]:
    """The values that a pattern finds; a value that is not a secret may itself announce one, and is searched again."""
    place = 0
    while match := pattern.search(text, place):
        value = match["value"].rstrip(".!?)]}")
        if value and accept(value):
            yield Secret(kind, match.start("value"), match.start("value") + len(value))
            place = match.end()
        else:
            place = max(match.start("value"), match.start() + 1)


def _is_a_strong_password(value: str) -> bool:
    """Letters, digits and a sign that stands in no name, key combination or address."""
    return bool(re.search(r"[!#$%^&*?~]|_\d", value)) and "@" not in value and looks_like_a_password(value)


def _looks_random(value: str) -> bool:
    """More than 3.2 bits a character, with digits and letters: words joined by dashes have no digits."""
    if not (any(c.isdigit() for c in value) and any(c.isalpha() for c in value)) or is_a_path(value):
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


_NAMED: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("password in a URL", _CONNECTION, is_no_placeholder),
    ("authorization", _AUTHORIZATION, _looks_random),
    ("password", _USER_AND_PASSWORD, is_no_placeholder),
    ("key", _SECRET_KEY_BEHIND_ITS_ID, _looks_random),
    ("session key", _COOKIE, _looks_random),
    ("password", _FLAG, looks_like_a_password),
    ("password", _VARIABLE, looks_like_a_password),
    ("password", _PHRASE, lambda value: value.count(" ") > 1),
    ("password", _GIVEN_AT_A_LOGIN, _is_a_strong_password),
    ("password", _BEFORE_THE_WORD, lambda value: bool(MIXED.match(value))),
    ("password", _NAMED_ASIAN, looks_like_a_password),
    ("PIN", _CARD_CODE, bool),
)
"""Patterns whose group "value" is the secret, and what a value must be like to be one."""
