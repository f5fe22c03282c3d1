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
from dataclasses import dataclass, replace

from hindsight_teams.guard.verdict import Verdict, WriteAttempt


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret stands, and what kind it is."""

    kind: str
    start: int
    end: int


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
_SEVERAL_WORDS = re.compile(  # several words in quotation marks, or joined by dashes
    r"(?i)(?<![A-Za-z])(?:(?:pass ?(?:word|phrase|wort)|kennwort|pwd|pw|secret|mot de passe|contraseña"
    r"|senha)[\"']?\s{0,3}[:=]\s{0,3}[\"'\u201c](?P<quoted>[^\"'\u201d\n]{8,80})[\"'\u201d]|pass ?(?:word"
    r"|phrase)(?:\s?[:=]|\s(?:is|was|to))?\s{1,3}[\"'`]?(?P<dashed>(?:[a-z]{3,12}-){3,8}[a-z]{3,12})(?![\w-]))"
)
_A_RULE = re.compile(
    r"(?i)\b(?:characters?|digits?|letters?|signs?|symbols?|days?|hours?|min\w*|max\w*|least|must|expire\w*)\b"
)
_GIVEN_AT_A_LOGIN = re.compile(
    r"(?i:\b(?:log(?:s|ged|ging)? ?[io]n|sign(?:s|ed|ing)? (?:in|on)|gets? in|unlock(?:s|ed)?|authenticates?"
    r"|connect(?:s|ed)?|entsperr\w{1,2}|meldet sich|logg?t sich|einloggen|anmelden|se connecte\w{0,2}|entr[ae]"
    r"|inicia sesión|accede)\b[^\n.!?]{0,24}? (?:with|using|mit|avec|con|com) |\b(?:type|enter|typing|entering|tippe"
    r"|tape[rz]?) )[\"'`]?(?:[\w.@+-]{2,40} [/|] )?(?P<value>[^\s\"'`,;<>#][^\s\"'`,;<>]{7,200})"
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
_ASIAN_WORDS = r"パスワード|暗証番号|合言葉|apiキー|秘密鍵|アクセスキー|密码|口令|密碼|密钥|비밀번호|암호|api ?키"
_LINKS = (
    r"\b(?:is|was|are|to|reads|ist|lautet|heißt|war|sind|est|sont|es|era|son|è|é|sono|são|jest|är|er|zijn)\b"
    r"|\b(?:ge[aä]ndert|chang\w{1,3}|cambi\w{1,4}|trocad[ao]|alterad[ao]|mudad[ao]|gewijzigd|zmienion\w) (?:auf|in|en"
    r"|à|a|por|para|naar|na)\b|[:=\uff1a]|[-=]>|>(?=[^\s<]{4,200}</)|\u2192|\u2014|\u2013"
)
_LINK = re.compile(rf"(?i)(?:{_LINKS})")
_SEVERAL = re.compile(r"(?i)(?<!s)s$|wörter$|zugangsdaten")
_ANNOUNCEMENT = re.compile(
    rf"(?i)(?<![A-Za-z])(?:{_WORDS})(?![A-Za-z]|[ -](?:manager|polic|button|page|form|screen|tool|generator|bucket"
    rf"|limit"
    r"|field|algorithm))"
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
_MIXED = re.compile(r"(?=\S{8})(?=\S*[A-Z])(?=\S*[a-z])(?=\S*\d)(?=\D)")
_NO_LINK = re.compile(
    rf"\s(?P<value>(?:{_MIXED.pattern}|(?<=\b[pP][wW]\s)|(?<=\b[pP]wd\s)"
    r"|(?=[A-Z2-7]*\d)(?=[A-Z2-7]{16,64}\b))[^\s\"'`,;<>]{6,200})"
)
"""A password that stands right behind the word: with capitals, as no term such as bcrypt2 or 12-character has them."""
_BEFORE_THE_WORD = re.compile(
    r"(?<![^\s\"'`,;<>])(?P<value>[^\s\"'`,;<>]{8,200})(?i: (?:as|als|comme|como) (?:the |my |our |a |das |mein |le "
    r"|mon |mi |la )?(?:password|passphrase|passcode|passwort|kennwort|mot de passe|contraseña)(?![A-Za-z]|[ -](?:hash"
    r"|manager|algorithm|polic|field)))"
)
_ACCOUNT = re.compile(r"(?i)login|cred|zugang")
_MAIL_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,10}")
_ANNOUNCES_ANOTHER = re.compile(rf"(?i)(?<![A-Za-z])(?:{_WORDS})[\"']?[:=]")
_REACH = 32
"""Characters between the words that announce a secret and the link before it, within the sentence."""
_LONGEST_LIST = 200
_SEPARATOR = re.compile(r"[|,;\t]")
_STOP = re.compile(r"[\n.!?]")
_NAMED_ASIAN = re.compile(
    rf"(?i)(?:{_ASIAN_WORDS})[^\n\u3002!?A-Za-z0-9]{{0,16}}(?P<value>[A-Za-z0-9!-/:-@\[-`{{-~]{{4,200}})"
)
_NEAR = re.compile(
    r"(?i)(?<![A-Za-z])(?:pass(?:word|wd|phrase|code)|pwd|secret|credentials?|api[ _-]?key|token|key)(?![A-Za-z])"
)
_PUBLIC = re.compile(r"(?i)(?:ssh-[a-z0-9-]{3,20}|ecdsa-[\w-]{5,30}|public key\W{0,3}) ?$")
_PART_OF_A_PATH = re.compile(r"(?:[A-Za-z]?[a-z]*|[A-Z]+)[0-9]{0,5}")
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
_PLACEHOLDER = re.compile(
    r"(?i)[<{\[$%].{0,80}[>}\]%]?|(?:x{3,}|\*{3,}|\.{3,}|\u2026|#{3,}|_{3,}).*|sk-\.{2,}|(?:sk|pk|ghp"
    r"|xox[bp])[-_].{0,6}(?:\.{3}|\u2026|x{4,}|\*{3,}).*|.{0,20}(?:your|my|some|the|example|sample|dummy|placeholder"
    r"|changeme|change-?me|redacted|insert|replace|todo|dein|ihr|votre|tu)[_-].{0,40}|(?:example|changeme|placeholder"
    r"|redacted|test|none|null|true|false|env|secret|password|passwd|pass)\W{0,2}|[A-Z][A-Z]*(?:_[A-Z]+)+"
    r"|os\.(?:environ|getenv).*|process\.env.*|secrets\.\w.*|env\.\w.*|\w{1,40}\(.*"
)


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

    def clean(text: str) -> str:
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
        context=clean(attempt.context) if attempt.context else attempt.context,
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
    for match in _SEVERAL_WORDS.finditer(text):
        name = "quoted" if match["quoted"] else "dashed"
        if name == "dashed" or (
            " " in match[name] and re.search(r"[\d!#$%&*+?@]", match[name]) and not _A_RULE.search(match[name])
        ):
            yield Secret("password", *match.span(name))
    yield from _announced(text)
    yield from _in_tables(text)
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


def _announced(text: str) -> Iterator[Secret]:
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


def _in_tables(text: str) -> Iterator[Secret]:
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
                if not re.search(r"\s", value) and _looks_like_a_password(value):
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
    if not match or not value or not _looks_like_a_password(value) or _ANNOUNCES_ANOTHER.search(value):
        return None
    return Secret("password", match.start("value"), match.start("value") + len(value))


def _is_no_placeholder(value: str) -> bool:
    return not _PLACEHOLDER.fullmatch(value)


def _looks_like_a_password(value: str) -> bool:
    """Letters and digits (or signs) mixed as no word, number, date, address or placeholder mixes them."""
    if "://" in value or value.startswith("//") or "[redacted" in value or _PLACEHOLDER.fullmatch(value):
        return False
    if _is_a_path(value):
        return False
    if re.fullmatch(r"[\d.,:/-]+|\d+-[a-z]+|[^\W\d_'\u2019-][^\W\d_]*(?:['\u2019-][^\W\d_]+)*|\W+", value):
        return False
    has_letter, has_digit, has_sign = (re.search(kind, value) for kind in (r"[^\W\d_]", r"\d", r"[!#$%^&*+=~?@]"))
    long_enough = len(value) >= 6 or (has_letter and has_digit and has_sign)
    return bool(long_enough and ((has_letter and has_digit) or (has_sign and (has_letter or has_digit))))


def _is_a_strong_password(value: str) -> bool:
    """Letters, digits and a sign that stands in no name, key combination or address."""
    return bool(re.search(r"[!#$%^&*?~]|_\d", value)) and "@" not in value and _looks_like_a_password(value)


def _looks_random(value: str) -> bool:
    """More than 3.2 bits a character, with digits and letters: words joined by dashes have no digits."""
    if not (any(c.isdigit() for c in value) and any(c.isalpha() for c in value)) or _is_a_path(value):
        return False
    counts = Counter(value)
    return -sum(n / len(value) * math.log2(n / len(value)) for n in counts.values()) > 3.2


def _is_a_path(value: str) -> bool:
    """Whether it has slashes, and between them words with a few digits behind them."""
    slashes = value.count("/")
    return (slashes > 1 or (slashes > 0 and value[0] in "/~.")) and all(
        map(_PART_OF_A_PATH.fullmatch, re.split(r"[/._~-]", value))
    )


def _luhn(text: str) -> bool:
    """The check digit of payment card numbers (ISO/IEC 7812-1)."""
    digits = [int(c) for c in text if c.isdigit()]
    if not 13 <= len(digits) <= 19 or len(set(digits)) == 1:
        return False
    doubled = [d if place % 2 == 0 else (d * 2 - 9 if d > 4 else d * 2) for place, d in enumerate(reversed(digits))]
    return sum(doubled) % 10 == 0


_NAMED: tuple[tuple[str, re.Pattern[str], Callable[[str], bool]], ...] = (
    ("password in a URL", _CONNECTION, _is_no_placeholder),
    ("authorization", _AUTHORIZATION, _looks_random),
    ("password", _USER_AND_PASSWORD, _is_no_placeholder),
    ("key", _SECRET_KEY_BEHIND_ITS_ID, _looks_random),
    ("session key", _COOKIE, _looks_random),
    ("password", _FLAG, _looks_like_a_password),
    ("password", _VARIABLE, _looks_like_a_password),
    ("password", _PHRASE, lambda value: value.count(" ") > 1),
    ("password", _GIVEN_AT_A_LOGIN, _is_a_strong_password),
    ("password", _BEFORE_THE_WORD, lambda value: bool(_MIXED.match(value))),
    ("password", _NAMED_ASIAN, _looks_like_a_password),
    ("PIN", _CARD_CODE, bool),
)
"""Patterns whose group "value" is the secret, and what a value must be like to be one."""
