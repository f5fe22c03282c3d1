import pytest
from hypothesis import given
from hypothesis import strategies as st

from hindsight_teams.guard.secrets import find, find_codes, redact

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
    "package registry token": "npm_" + "a1B2c3D4e5" * 3,
    "Hugging Face token": "hf_" + "a1B2c3D4e5" * 3,
    "SendGrid key": "SG." + "a1B2c3D4e5f6G7h8" + "." + "Z9y8X7w6V5u4T3s2",
    "DigitalOcean token": "dop_v1_" + "0a1b2c3d" * 5,
    "password hash": "$2b$" + "12$R9h/cIPz0gi.URNNX3kh2OPST9",
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
        ("PASS: W1ndm1ll", "PASS: [redacted: password]"),
        ("pw = 'Blue Goose 44'", "pw = '[redacted: password]'"),
        ("It was 'x'. password: \"Wait 30 days at most\"", "It was 'x'. password: \"Wait 30 days at most\""),
        ("The password is apple-horse-river-staple.", "The password is [redacted: password]."),
        ("<password>R3gen$Bogen</password>", "<password>[redacted: password]</password>"),
        ("load --db-pass 'Ofen!Rohr55' --user app", "load --db-pass '[redacted: password]' --user app"),
        ("2FA secret JBSWY3DPEHPK3PXP", "2FA secret [redacted: password]"),
        ("Safe combination: 17-34-8", "Safe combination: [redacted: PIN]"),
        (
            "| user | password |\n|---|---|\n| kim | Zw1ebel!T |\n",
            "| user | password |\n|---|---|\n| kim | [redacted: password] |\n",
        ),
        ("user,password\nkim,Zw1ebel!T\n\nbo,Zw1ebel!U", "user,password\nkim,[redacted: password]\n\nbo,Zw1ebel!U"),
        ("password;user\nZw1ebel!T;kim", "password;user\n[redacted: password];kim"),
        (
            "public key: ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7",
            "public key: ssh-rsa AAAAB3NzaC1yc2EAAAADAQABAAABgQC7",
        ),
        ("The password manager is 1Password7.", "The password manager is 1Password7."),
        (
            "The logins are Ada@Firm.Example and Bo@Firm.Example.",
            "The logins are Ada@Firm.Example and Bo@Firm.Example.",
        ),
        ("The passwords are in: KeePassXC and Bitwarden.", "The passwords are in: KeePassXC and Bitwarden."),
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
        ("password: Zebra-99-Kilo / the second floor", "password: [redacted: password] / the second floor"),
        ("The DB creds are postgres / Elephant_77x", "The DB creds are postgres / [redacted: password]"),
        ("Das Passwort heißt Sonnenblume99!", "Das Passwort heißt [redacted: password]!"),
        ("PGPASSWORD=oP3nS3same psql -h db", "PGPASSWORD=[redacted: password] psql -h db"),
        ("mysql -u root -pTulpe_2031 shop", "mysql -u root -p[redacted: password] shop"),
        ("Amazon: mail ada@web.de, pass Kirschbaum_88", "Amazon: mail ada@web.de, pass [redacted: password]"),
        ("The recovery codes are 8f3k-92md and 77qz-p01x.", "The recovery codes are " + TWO),
        ("Mes codes: the backup codes are 8f3k92md, 77qzp01x", "Mes codes: the backup codes are " + TWO_LISTED),
        ("Mon code de carte bancaire est 5521.", "Mon code de carte bancaire est [redacted: PIN]."),
        ("password: Alpha77x! / Beta88y?", "password: [redacted: password]! / [redacted: password]?"),
        ("password: Alpha77x or 'Beta88y'", "password: [redacted: password] or '[redacted: password]'"),
        (
            "passwords: prod Zeta-551x, stage Eta-662y",
            "passwords: prod [redacted: password], stage [redacted: password]",
        ),
        (
            "The logins are bo:Marble#31 and eve:Pebble#42.",
            "The logins are [redacted: password] and eve:[redacted: password].",
        ),
        ("backup codes: 8812-4410, 5521-9930", "backup codes: [redacted: password], [redacted: password]"),
        ("login admin, pw s3cr3t_77", "login admin, pw [redacted: password]"),
        ("user=root pass=toor1234", "user=root pass=[redacted: password]"),
        ("credentials: ada / Quill&Ink12", "credentials: ada / [redacted: password]"),
        ("Log in to the NAS with bo / Wolke7!Blau", "Log in to the NAS with bo / [redacted: password]"),
        ("mon mdp est Soleil*88", "mon mdp est [redacted: password]"),
        ("كلمة المرور: Nakhla!22", "كلمة المرور: [redacted: password]"),
        ("WPA2 key of the hall: lemonade-9", "WPA2 key of the hall: [redacted: password]"),
        ("The code for the safe is 77-12-40.", "The code for the safe is [redacted: PIN]."),
        ("sshpass -p 'Iron!Gate5' ssh a", "sshpass -p '[redacted: password]' ssh a"),
        ("PHPSESSID=q7m2k9d0s3l8f1; path=/", "PHPSESSID=[redacted: session key]; path=/"),
        ("La clave de mi tarjeta es 5521", "La clave de mi tarjeta es [redacted: PIN]"),
    ],
)
def test_a_secret_beside_a_word_that_says_so_is_replaced(text: str, redacted: str) -> None:
    assert redact(text) == redacted


@pytest.mark.parametrize(
    "number",
    [
        *("4242 4242 4242 4242", "5555-5555-5555-4444", "3782 822463 10005", "6011111111111117", "4000056655665556"),
        *("4222222222222", "6300000000000012342"),
    ],
)
def test_a_card_number_is_one_by_its_check_digit(number: str) -> None:
    assert redact(f"Paid with {number}, thanks.") == "Paid with [redacted: payment card], thanks."
    for digit in set("0123456789") - {number[-1]}:
        other = f"Paid with {number[:-1]}{digit}, thanks."
        assert redact(other) == other


@pytest.mark.parametrize(
    "number", ["422222222222", "63000000000000123459", "0000 0000 0000 0000", "8888 8888 8888 8888"]
)
def test_what_is_too_short_too_long_or_one_digit_is_no_card(number: str) -> None:
    assert redact(f"Order {number} came.") == f"Order {number} came."


@pytest.mark.parametrize(
    ("text", "account"),
    [
        ("My PIN is 4417 for the bank card.", True),
        ("For the bank card the PIN is 4417.", True),
        ("My PIN is 4417; the bank card is new.", False),
        ("The bank card is new. My PIN is 4417.", False),
        ("My PIN is 4417, and the bank card is new.", False),
        (f"My PIN is 4417 {'and so on ' * 9}for the bank card.", False),
        ("The door code is 4417 at the bank.", False),
    ],
)
def test_a_pin_is_that_of_an_account_where_its_clause_says_so(text: str, account: bool) -> None:
    assert [secret.kind for secret in find(text)] == ["PIN"] * account
    assert [secret.kind for secret in find_codes(text)] == ["PIN"] * (not account)


@pytest.mark.parametrize(
    ("before", "after"),  # apart, so that no scanner of sources takes this file for a leak
    [
        ("SK", "a4c123b1612dd272d1371c17149d4395"),
        ("key-", "36b3216fdaeeb975729fae923d5a4fd1"),
        ("shpat_", "7ccf25ec84d8dbc74254770f58904dba"),
        ("dapi", "6b40928b5b7a767c76fb008f86bebb27"),
        ("sq0atp-", "8iS2G8NPRVdD53X83RZJzz"),
        ("hvs.", "zzgEOzdmenCkhvMdgaKjIg8xNbe3nNyjOq9wMxEhh2"),
        ("dp.pt.", "DzV8fUkkibjL5DZPjN0MEQ7wjJJibaZUPgHV7iB3m03"),
        ("ntn_", "kdfQ1y3GQsMpSscDlkrCaqx9vJupc94tnwlavyfErGPmp"),
        ("glsa_", "V8gz4FkQ1okTBGzvAmwufUxbvJDCTbyv_92373288"),
        ("dckr_pat_", "ZSlB5er8bOfZqfM2oeq3hDavJA7"),
        ("lin_api_", "Ep7CgQ0PBQFI14zGtSnovm14TUOizwd1iaeOV4qB"),
        ("6012345678:", "AAL2oRlPhDBuqOSg5ApYzTTOkq2BEDbN2AH"),
        ("rubygems_", "c7ce65426f74bde94fb78c8d5f08b79affd2b49c12a4b006"),
        ("AGE-SECRET-KEY-1", "YU3CDDY9FSHG38HWLLEP2QLUENF6KC584Q54E8VQJSHYECYHM3R3XRJF03"),
        ("MTk49QeWJKY40uvSwMFLZDe1f8.", "ClrESQ.edUStPKR0CsTy4Qwb8DwkNhFdnXsiV"),
        ("discord.com/api/webhooks/123456789012345678/", "5SMYfQ55JYO1tmFSnHfV1CQ4hJhqAo0iEFJdED5jSFpFkIM3Vak1uDSKFQ"),
        ("$apr1$", "fZCGGQcc$Oif7UuXUGfdWG5yP8Yib2e"),
    ],
)
def test_keys_of_vendors_are_known_without_a_word_that_names_them(before: str, after: str) -> None:
    left = redact(f"It runs with {before}{after} until June.")
    assert left.startswith("It runs with [redacted: ")
    assert left.endswith("] until June.")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("The admin logs in with Winter!2026Snow, now.", "The admin logs in with [redacted: password], now."),
        ("Der Azubi meldet sich mit Herbst!2026x an.", "Der Azubi meldet sich mit [redacted: password] an."),
        ("Type v9#Kangaroo at the prompt.", "Type [redacted: password] at the prompt."),
        ("password: ~abc123", "password: [redacted: password]"),
        ("password: .secret99", "password: [redacted: password]"),
        ("password: vault77/north", "password: [redacted: password]"),
        ("The password is kX9f/Qm2vR/t7Lp.", "The password is [redacted: password]."),
        ("My Netflix pass is purple-Yak-77 now.", "My Netflix pass is [redacted: password] now."),
        ("A senha foi trocada para Tatu#4410.", "A senha foi trocada para [redacted: password]."),
        ("The passphrase is 'blue fish swim'", "The passphrase is '[redacted: password]'"),
        ("The passphrase is 'correct horse battery staple'", "The passphrase is '[redacted: password]'"),
        (f"seed phrase: {' '.join(['lemon'] * 12)}", "seed phrase: [redacted: password]"),
        ('SMTP_PASS="n0t-f0r-y0u"\nDEBUG=false', 'SMTP_PASS="[redacted: password]"\nDEBUG=false'),
        ("Cookie: a=b; sessionid=9f8a7c6b5d4e3f2a1b0c", "Cookie: a=b; sessionid=[redacted: session key]"),
        ("https://a.example/f?sig=hdmM0Lm7exG3lCMqXXQ8ag&se=1", "https://a.example/f?sig=[redacted: session key]&se=1"),
        ("docker login -p R3gistry!9 a.example", "docker login -p [redacted: password] a.example"),
        ('ssid="Lab" psk="granite-Owl-42"', 'ssid="Lab" psk="[redacted: password]"'),
        ("RAILS_MASTER_KEY=f69dad8199bfca8b6f3a6a9421cc1c93", "RAILS_MASTER_KEY=[redacted: password]"),
        (
            "AKIADSQTUACOJS32XDI7 / " + "oNPcbdaKwtgHwIoALtLinxN1Ekia7ZpTjCgeOj3Q",
            "[redacted: AWS key id] / [redacted: key]",
        ),
    ],
)
def test_passwords_are_found_where_they_are_used(text: str, left: str) -> None:
    assert redact(text) == left


@pytest.mark.parametrize(
    "text",
    [
        "She signs in with OAuth2 and Office365.",
        "Log in with ada_99@example.com or eve#2@example.com first.",
        "Log in with $DB_PASSWORD_1 and ******** only.",
        "Log in with ada@example.com first.",
        "Press and type Ctrl+Alt+F2, then enter #general_2.",
        "The mountain pass is at 2300m.",
        "MAX_TOKEN=4096 and AUTH=none",
        "session=open; sid=12; lang=de",
        "The pass phrase must have four words.",
        "The passphrase is 'blue fish' no more.",
        "The seed words are drawn at random.",
        "Ticket key-account-management was closed, and the SK-1200 is back.",
    ],
)
def test_words_around_logins_stay_as_they_are(text: str) -> None:
    assert redact(text) == text


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
        "postgresql://user:...@db/users",
        "パスワードは毎年変えます。",
        'curl -H "Authorization: Bearer $TOKEN" https://api.internal/v1/health',
        "The login page was moved to /auth/v2/login on 12 May.",
        "S3 key is reports/2026/q3/summary_final_v2.csv in bucket acme-fin.",
        "The password argon2id hash and the password 12-character minimum are set.",
        "Sandbox.create(api_key=self.api_key, base_url=self.base_url, timeout=timeout_2)",
        "The bus pass: 30 days.",
        "login: bo@acme.example",
        "The logins are bo@acme.example and eve@acme.example.",
        "Passwords: at least 12 characters, see https://a.example/Pages/A1b2c3.",
        "Passwords are kept as 12-character bcrypt hashes, see RFC-2898.",
        "Passwords: none.\nRoom AB-12cd4 is free.",
        "The backup codes are 16-digit numbers.",
        "password: none / Room 12",
        "password: ~/vault77",
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
