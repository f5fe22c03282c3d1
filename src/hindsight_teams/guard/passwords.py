"""Find passwords and keys that a text announces in words, in a dozen languages, in settings and in tables. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands, and what kind it is."""

    kind: str
    start: int
    end: int


_SEVERAL_WORDS = re.compile(  # several words in quotation marks, or joined by dashes
    r"(?i)(?<![A-Za-z])(?:(?:pass ?(?:word|phrase|wort)|kennwort|pwd|pw|secret|mot de passe|contraseña"
    r"|senha)[\"']?\s{0,3}[:=]\s{0,3}[\"'\u201c](?P<quoted>[^\"'\u201d\n]{8,80})[\"'\u201d]|pass ?(?:word"
    r"|phrase)(?:\s?[:=]|\s(?:is|was|to))?\s{1,3}[\"'`]?(?P<dashed>(?:[a-z]{3,12}-){3,8}[a-z]{3,12})(?![\w-]))"
)
_A_RULE = re.compile(
    r"(?i)\b(?:characters?|digits?|letters?|signs?|symbols?|days?|hours?|min\w*|max\w*|least|must|expire\w*)\b"
)
# Words that announce a password, a key or a code, in English, German, French, Spanish, Italian, Portuguese, Dutch,
# Polish, Russian, Japanese, Chinese and Korean.
_WORDS = (
    r"(?:pg|db|smtp|ftp|ssh|ldap)?pass ?(?:word|phrase|code|wort|wd)s?|pwd|pw|(?<=my )pass|pass(?=\s?=| (?:is|was)\b)"
    r"|(?:(?<![^\n])|(?<=  ))pass(?=:)|(?<=[,;/|] )pass(?=\s?[:=]| \S{0,40}\d)"
    r"|pass(?= (?=\S{0,40}[A-Z])(?=\S{0,40}[a-z])\S{0,40}\d)|(?:recovery|backup|2fa|mfa|wiederherstellungs)[ -]?codes?"
    r"|wpa\d?[ -](?:key|psk)|(?:wi-?fi|wlan|network|netzwerk)[ -]?(?:key|schlüssel)|mdp|community string"
    r"|code (?:du )?wi-?fi|wi-?fi[ -](?:code|pass)|secret|cred(?:ential)?s?|psk|(?:api|access|secret|private|signing"
    r"|encryption|master|license|deploy|account|auth)[ _-]?(?:key|token)|client[ _-]?secret|token|logins?|kenn?wort"
    r"|passwört\w{0,2}|(?:api|zugangs|zugriffs)[ _-]?(?:schlüssel|schluessel|code|token)|zugangsdaten|mot de passe"
    r"|clé (?:api|d'api|secrète|d'accès|privée)|contraseña|contrasenya|clave (?:api|secreta|de acceso|privada)|clave"
    r"|parola(?: d'ordine)?|chiave (?:api|segreta|di accesso)|senha|palavra-passe|chave (?:api|secreta|de acesso"
    r"|da api)|wachtwoord|(?:api|toegangs)[ _-]?sleutel|hasło|klucz api|lösenord|adgangskode|passord"
    r"|парол[ьяеию]\w{0,2}|ключ (?:api|доступа)|şifre|parolası|heslo|jelszó|parol[aă]|salasana|kata sandi|mật khẩu"
    r"|κωδικ\w{2} πρόσβασης|סיסמ\w{1,3}|पासवर्ड|รหัสผ่าน|كلمة (?:المرور|السر)|رمز عبور"
)
_LINKS = (
    r"\b(?:is|was|are|to|reads|ist|lautet|heißt|war|sind|est|sont|es|era|son|è|é|sono|são|jest|är|er|zijn)\b"
    r"|\b(?:ge[aä]ndert|chang\w{1,3}|cambi\w{1,4}|trocad[ao]|alterad[ao]|mudad[ao]|gewijzigd|zmienion\w) (?:auf|in|en"
    r"|à|a|por|para|naar|na)\b|[:=\uff1a]|[-=]>|>(?=[^\s<]{4,200}</)|\u2192|\u2014|\u2013"
)
_LINK = re.compile(rf"(?i)(?:{_LINKS})")
_SEVERAL = re.compile(r"(?i)(?<!s)s$|wörter$|zugangsdaten")
_ANNOUNCEMENT = re.compile(
    rf"(?i)(?<![A-Za-z])(?:{_WORDS})(?![A-Za-z]|[ -](?:manager|polic|button|page|form|screen|tool|generator|bucket"
    r"|limit|field|algorithm))"
)
_ANNOUNCED = re.compile(
    rf"(?i)(?:{_LINKS})\s{{0,5}}[\"'`\u201c\u201e\u00ab]?(?P<value>[^\s\"'`,;<>\u201c\u201d\u00bb]{{2,200}})"
)
_PARTNER = re.compile(r"[\w.@+-]{2,40} ?[/|] ?[\"'`]?(?P<value>[^\s\"'`,;<>]{4,200})")
"""A password behind its user: what is announced as "login" or "credentials" may be both."""
_NEXT = re.compile(r"[\"'`.!?)]{0,2} {0,2}(?:[/|] ?| (?:or|oder|ou|o) )[\"'`]?(?P<value>[^\s\"'`,;<>]{4,200})")
"""Another password behind one, set apart as an alternative."""
_LISTED = re.compile(r"(?<![^\s\"'`,;<>(/|])(?:[\w.@+-]{2,40}[:=])?(?P<value>[^\s\"'`,;<>/|:]{6,200})")
_LISTED_CODE = re.compile(r"[a-z]*\d[a-z\d]*(?:-[a-z]*\d[a-z\d]*)*", re.IGNORECASE)
_LISTED_PASSWORD = re.compile(r".*(?:[!#$%^&*?~+=]|_\d).*|(?=.*[A-Z])(?=.*[a-z]).{8,}")
_SIGNED = re.compile(r"(?=.*[!#$%^&*?~])(?=.*\d)(?=.*[A-Za-z])[A-Za-z0-9].{6,}")
_END_OF_A_LIST = re.compile(r"\n|(?<!bzw)(?<!\b[a-z])[.!?](?=\s|$)")
MIXED = re.compile(r"(?=\S{8})(?=\S*[A-Z])(?=\S*[a-z])(?=\S*\d)(?=\D)")
_NO_LINK = re.compile(
    rf"\s(?P<value>(?:{MIXED.pattern}|(?<=\b[pP][wW]\s)|(?<=\b[pP]wd\s)"
    r"|(?=[A-Z2-7]*\d)(?=[A-Z2-7]{16,64}\b))[^\s\"'`,;<>]{6,200})"
)
"""A password that stands right behind the word: with capitals, as no term such as bcrypt2 or 12-character has them."""
_ACCOUNT = re.compile(r"(?i)login|cred|zugang")
_MAIL_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,10}")
_ANNOUNCES_ANOTHER = re.compile(rf"(?i)(?<![A-Za-z])(?:{_WORDS})[\"']?[:=]")
_REACH = 32
"""Characters between the words that announce a secret and the link before it, within the sentence."""
_LONGEST_LIST = 200
_SEPARATOR = re.compile(r"[|,;\t]")
_STOP = re.compile(r"[\n.!?]")
_PART_OF_A_PATH = re.compile(r"(?:[A-Za-z]?[a-z]*|[A-Z]+)[0-9]{0,5}")
_PLACEHOLDER = re.compile(
    r"(?i)[<{\[$%].{0,80}[>}\]%]?|(?:x{3,}|\*{3,}|\.{3,}|\u2026|#{3,}|_{3,}).*|sk-\.{2,}|(?:sk|pk|ghp"
    r"|xox[bp])[-_].{0,6}(?:\.{3}|\u2026|x{4,}|\*{3,}).*|.{0,20}(?:your|my|some|the|example|sample|dummy|placeholder"
    r"|changeme|change-?me|redacted|insert|replace|todo|dein|ihr|votre|tu)[_-].{0,40}|(?:example|changeme|placeholder"
    r"|redacted|test|none|null|true|false|env|secret|password|passwd|pass)\W{0,2}|[A-Z][A-Z]*(?:_[A-Z]+)+"
    r"|os\.(?:environ|getenv).*|process\.env.*|secrets\.\w.*|env\.\w.*|\w{1,40}\(.*"
)


def announced(text: str) -> Iterator[Secret]:
    """What stands behind each announcement, at the first of its links that has a secret behind it, and behind that."""
    for announcement in _ANNOUNCEMENT.finditer(text):
        place = announcement.end()
        stop = _STOP.search(text, place, place + _REACH)
        last = stop.start() if stop else place + _REACH
        secret = _password(_NO_LINK.match(text, place))
        while secret is None and (match := _ANNOUNCED.search(text, place, last + 210)) and match.start() <= last:
            if _ANNOUNCES_ANOTHER.match(match["value"]):
                break  # which is looked behind by itself
            partner = _password(_PARTNER.match(text, match.start("value")))
            of_a_login = _ACCOUNT.search(announcement[0]) and _MAIL_ADDRESS.fullmatch(match["value"].rstrip(".!?)"))
            secret = partner if of_a_login else _password(match) or partner
            place = match.start() + 1
        if secret is not None:
            yield from _listed(text, secret.end, _SIGNED)
        while secret is not None:
            yield secret
            secret = _password(_NEXT.match(text, secret.end))
        if _SEVERAL.search(announcement[0]) and (link := _LINK.search(text, announcement.end(), last)):
            yield from _listed(
                text, link.end(), _LISTED_CODE if "code" in announcement[0].lower() else _LISTED_PASSWORD
            )


def in_tables(text: str) -> Iterator[Secret]:
    """What stands below a heading that announces a password, in a table of Markdown or a file of values."""
    columns: list[int] = []
    separator = ""
    place = 0
    for line in text.splitlines(keepends=True):
        found = _SEPARATOR.search(line)
        if found is None or found[0] != separator:
            columns, separator = [], found[0] if found else ""
        cells = line.split(separator) if separator else []
        if columns:
            for column in (column for column in columns if column < len(cells)):
                value = cells[column].strip(" \"'`\r\n")
                if not re.search(r"\s", value) and looks_like_a_password(value):
                    start = place + len(separator.join(cells[:column])) + (column > 0) + cells[column].index(value)
                    yield Secret("password", start, start + len(value))
        else:
            columns = [n for n, cell in enumerate(cells[:50]) if _ANNOUNCEMENT.fullmatch(cell.strip(" \"'`\r\n"))]
        place += len(line)


def _listed(text: str, start: int, like: re.Pattern[str]) -> Iterator[Secret]:
    """What stands in a list of passwords or codes and looks like one; names may stand between them."""
    stop = _END_OF_A_LIST.search(text, start, start + _LONGEST_LIST)
    for listed in _LISTED.finditer(text, start, stop.start() if stop else start + _LONGEST_LIST):
        value = listed["value"].rstrip(".!?)]}")
        if like.fullmatch(value) and (like is _LISTED_CODE or _password(listed)) and not _MAIL_ADDRESS.search(value):
            yield Secret("password", listed.start("value"), listed.start("value") + len(value))


def _password(match: re.Match[str] | None) -> Secret | None:
    """What a pattern found, if it looks like a password and announces no other."""
    value = match["value"].rstrip(".!?)]}") if match else ""
    if not match or not value or not looks_like_a_password(value) or _ANNOUNCES_ANOTHER.search(value):
        return None
    return Secret("password", match.start("value"), match.start("value") + len(value))


def is_no_placeholder(value: str) -> bool:
    """Whether a value stands for itself, and not for what a reader is to fill in."""
    return not _PLACEHOLDER.fullmatch(value)


def looks_like_a_password(value: str) -> bool:
    """Letters and digits (or signs) mixed as no word, number, date, address or placeholder mixes them."""
    if "://" in value or value.startswith("//") or "[redacted" in value or _PLACEHOLDER.fullmatch(value):
        return False
    if is_a_path(value):
        return False
    if re.fullmatch(r"[\d.,:/-]+|\d+-[a-z]+|[^\W\d_'\u2019-][^\W\d_]*(?:['\u2019-][^\W\d_]+)*|\W+", value):
        return False
    has_letter, has_digit, has_sign = (re.search(kind, value) for kind in (r"[^\W\d_]", r"\d", r"[!#$%^&*+=~?@]"))
    long_enough = len(value) >= 6 or (has_letter and has_digit and has_sign)
    return bool(long_enough and ((has_letter and has_digit) or (has_sign and (has_letter or has_digit))))


def is_a_path(value: str) -> bool:
    """Whether it has slashes, and between them words with a few digits behind them."""
    slashes = value.count("/")
    return (slashes > 1 or (slashes > 0 and value[0] in "/~.")) and all(
        map(_PART_OF_A_PATH.fullmatch, re.split(r"[/._~-]", value))
    )


def several_words(text: str) -> Iterator[Secret]:
    """Passwords of several words: in quotation marks, or joined by dashes."""
    for match in _SEVERAL_WORDS.finditer(text):
        name = "quoted" if match["quoted"] else "dashed"
        if name == "dashed" or (
            " " in match[name] and re.search(r"[\d!#$%&*+?@]", match[name]) and not _A_RULE.search(match[name])
        ):
            yield Secret("password", *match.span(name))
