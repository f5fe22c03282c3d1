import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.guard.secrets import find, redact

# Made up for these tests, in each vendor's shape; put together here so that no scanner takes this file for a leak.
SECRETS = {
    "AWS key id": "AKIA" + "IOSFODNN7EXAMPLE",
    "GitHub token": "ghp_" + "a1B2" * 9,
    "GitLab token": "glpat-" + "x1Y2z3W4v5" * 2,
    "API key": "sk-proj-" + "Ab12Cd34Ef56Gh78",
    "Google key": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q",
    "Slack token": "xoxb-" + "1234567890-abcdef",
    "Stripe key": "sk_live_" + "4eC39HqLyjWDarjtT1",
    "JSON web token": "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0In0." + "abcDEF123",
    "private key": "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA\n-----END RSA PRIVATE KEY-----",
    "payment card": "4111 1111 1111 1111",
    "social security number": "123-45-6789",
}


TWO = "[redacted: password] and [redacted: password]."
TWO_LISTED = "[redacted: password], [redacted: password]"


@pytest.mark.parametrize("kind", SECRETS)
def test_a_secret_of_known_shape_is_replaced_by_its_kind(kind: str) -> None:
    assert redact(f"Ada said {SECRETS[kind]} in the call.") == f"Ada said [redacted: {kind}] in the call."
    assert redact(SECRETS[kind]) == f"[redacted: {kind}]"


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("postgresql://admin:hunter2@db:5432/users", "postgresql://admin:[redacted: password in a URL]@db:5432/users"),
        ("The wifi password is tr0ub4dor.", "The wifi password is [redacted: password]."),
        ("API_KEY=9f8e7d6c5b", "API_KEY=[redacted: password]"),
        ("The safe's PIN is 4821.", "The safe's PIN is [redacted: PIN]."),
        ("Authorization: Bearer abc123DEF456ghi789", "Authorization: Bearer [redacted: authorization]"),
        (
            "the signing key for builds lies at q9Z8x7C6v5B4n3M2a1S0d",
            "the signing key for builds lies at [redacted: key]",
        ),
        ("my login secret: password: abc123xyz", "my login secret: password: [redacted: password]"),
        ("token: secret: key: api_key=9f8e7d6c5b", "token: secret: key: api_key=[redacted: password]"),
        (
            "curl -u admin:hunter2 https://api.example.com/v1",
            "curl -u admin:[redacted: password] https://api.example.com/v1",
        ),
        ("Das Passwort lautet Sommer2024!", "Das Passwort lautet [redacted: password]!"),
        ("Der API-Schlüssel ist 9f8e7d6c5b.", "Der API-Schlüssel ist [redacted: password]."),
        ("Le mot de passe est Soleil77x.", "Le mot de passe est [redacted: password]."),
        ("La contraseña es Luna2025x", "La contraseña es [redacted: password]"),
        ("La senha é verao2025", "La senha é [redacted: password]"),
        ("Het wachtwoord is Fiets123", "Het wachtwoord is [redacted: password]"),
        ("Hasło to jest Zima2025", "Hasło to jest [redacted: password]"),
        ("Пароль: Zima2025x", "Пароль: [redacted: password]"),
        ("パスワードはsakura2025です", "パスワードは[redacted: password]です"),
        ("密码是 panda2025", "密码是 [redacted: password]"),
        ("비밀번호는 hangang2025", "비밀번호는 [redacted: password]"),
        ("The door code is 4417.", "The door code is [redacted: PIN]."),
        ("Türcode 99120", "Türcode [redacted: PIN]"),
        ("The pw for the NAS is hunter!2024x", "The pw for the NAS is [redacted: password]"),
        ("password for jira -> Xk9#mPq2vL", "password for jira -> [redacted: password]"),
        ("my pass: blueFish77!", "my pass: [redacted: password]!"),
        ("user: mira, pass: blueFish77", "user: mira, pass: [redacted: password]"),
        ("Zugangsdaten Portal: anna / Winter88schnee", "Zugangsdaten Portal: anna / [redacted: password]"),
        (
            "Mein Login ist anna mit dem Passwort Regen_2026x",
            "Mein Login ist anna mit dem Passwort [redacted: password]",
        ),
        ("Log in as root with the password Zebra-99-Kilo.", "Log in as root with the password [redacted: password]."),
        ("I use Sunflower$2019 as the password for mail.", "I use [redacted: password] as the password for mail."),
        ("login: bob@acme.io / R0cket!Ship", "login: bob@acme.io / [redacted: password]"),
        ("The DB creds are postgres / Elephant_77x", "The DB creds are postgres / [redacted: password]"),
        ("Das Passwort heißt Sonnenblume99!", "Das Passwort heißt [redacted: password]!"),
        ("PGPASSWORD=oP3nS3same psql -h db", "PGPASSWORD=[redacted: password] psql -h db"),
        ("mysql -u root -pTulpe_2031 shop", "mysql -u root -p[redacted: password] shop"),
        ("Amazon: mail ada@web.de, pass Kirschbaum_88", "Amazon: mail ada@web.de, pass [redacted: password]"),
        ("The recovery codes are 8f3k-92md and 77qz-p01x.", "The recovery codes are " + TWO),
        ("Mes codes: the backup codes are 8f3k92md, 77qzp01x", "Mes codes: the backup codes are " + TWO_LISTED),
        ("Mon code de carte bancaire est 5521.", "Mon code de carte bancaire est [redacted: PIN]."),
        ("La clave de mi tarjeta es 5521", "La clave de mi tarjeta es [redacted: PIN]"),
    ],
)
def test_a_secret_beside_a_word_that_says_so_is_replaced(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "text",
    [
        "The password is required, and the token was rejected.",
        "Her secret is patience.",
        "The key to the talk is on page 12.",
        "Order 4471-2291 shipped on 2024-05-03; call 555-123-4567.",
        "sha256 of the release: 9f86d081884c7d659a2feaa0c55ad015",
        "See https://example.com/a/b?c=d for the login page.",
        "The card ending in 4242 was declined.",
        "Pull request #1234 pins click to 8.1.7.",
        "session 8f14e45f-ceea-467f-9b5c-2f1b3d4e5a6b",
        "Call it with `Authorization: Bearer YOUR_TOKEN_HERE`.",
        "Set OPENAI_API_KEY=sk-... before the start.",
        "API_KEY=<your-key-1>",
        "password: ${DB_PASSWORD_1}",
        "token = os.environ['TOKEN_2']",
        "password=your_password_123",
        "api_key: {{ secrets.KEY_1 }}",
        "Le mot de passe est obligatoire.",
        "Das Passwort ist abgelaufen.",
        "curl -u <user>:<password> https://api.example.com",
        "postgresql://user:<password>@db/users",
        "パスワードは毎年変えます。",
        'curl -H "Authorization: Bearer $TOKEN" https://api.internal/v1/health',
        "The login page was moved to /auth/v2/login on 12 May.",
        "S3 key is reports/2026/q3/summary_final_v2.csv in bucket acme-fin.",
        "The password argon2id hash and the password 12-character minimum are set.",
        "Sandbox.create(api_key=self.api_key, base_url=self.base_url, timeout=timeout_2)",
        "The bus pass: 30 days.",
        "mysql -u root -p shop, or psql -p 5432; on Sunday, pass the 12 cones.",
        "We took Argon2id as the password hash.",
    ],
)
def test_ordinary_facts_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


@given(
    st.lists(
        st.sampled_from([*SECRETS.values(), "plain words", "\n", "password: abc123xyz", "[redacted: "]), max_size=8
    )
)
def test_redacting_twice_changes_nothing_more(parts: list[str]) -> None:
    once = redact(" ".join(parts))
    assert redact(once) == once
    assert not any(secret in once for secret in SECRETS.values())


@given(st.text(st.characters(codec=None, categories=None) | st.sampled_from("sk-=:/@0123456789AKIA "), max_size=120))
def test_found_secrets_are_in_order_and_apart(text: str) -> None:
    end = 0
    for secret in find(text):
        assert end <= secret.start < secret.end <= len(text)
        end = secret.end
