"""Secrets in a change do not leave this machine, and ordinary code does."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.analysis.redaction import without_secrets

#: Looks made by chance, and is of nobody.
RANDOM = "q7Zp0Wm3Xv9Kd2Ls8Tn4Rb6Yc1Hf5Jg"
HEX = "0f9a3c7e1b5d8264" * 3

SECRETS = [
    pytest.param("ghp_" + RANDOM, id="GitHub, classic"),
    pytest.param("ghs_" + RANDOM * 16, id="GitHub, app of 516 characters"),
    pytest.param("github_pat_" + RANDOM, id="GitHub, fine-grained"),
    pytest.param("glpat-" + RANDOM[:20], id="GitLab"),
    pytest.param("sk-proj-" + RANDOM, id="OpenAI"),
    pytest.param("sk-ant-api03-" + RANDOM, id="Anthropic"),
    pytest.param("sk_live_" + RANDOM, id="Stripe"),
    pytest.param("AKIA" + "Q7ZP0WM3XV9KD2LS", id="AWS"),
    pytest.param("AIza" + (RANDOM + RANDOM)[:35], id="Google"),
    pytest.param("xoxb-" + "1234567890-" + RANDOM, id="Slack"),
    pytest.param("https://hooks.slack.com/services/T0A1B2C3D/B0A1B2C3D/" + RANDOM[:24], id="a Slack hook"),
    pytest.param("hf_" + RANDOM, id="Hugging Face"),
    pytest.param("npm_" + RANDOM + RANDOM[:5], id="npm"),
    pytest.param("pypi-" + "AgEIcHlwaS5vcmc" + RANDOM, id="PyPI"),
    pytest.param(f"SG.{RANDOM[:22]}.{RANDOM}", id="SendGrid"),
    pytest.param("dop_v1_" + HEX, id="DigitalOcean"),
    pytest.param("shpat_" + HEX[:32], id="Shopify"),
    pytest.param("123456789:AA" + RANDOM + "abc", id="Telegram"),
    pytest.param("hvs." + RANDOM, id="Vault"),
    pytest.param(f"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.{RANDOM}", id="a JSON Web Token"),
]


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("around", ["{}", "+token = '{}'", "key: {}\n", "see {}, and more", '"{}"'])
def test_a_key_is_known_by_its_shape(secret: str, around: str) -> None:
    cleaned = without_secrets(around.format(secret))
    assert secret[-16:] not in cleaned
    assert "[secret]" in cleaned


@pytest.mark.parametrize(
    ("line", "secret"),
    [
        (f'api_key = "{RANDOM}"', RANDOM),
        (f'"apiKey": "{RANDOM}",', RANDOM),
        (f"+export API_KEY={RANDOM}", RANDOM),
        (f"aws_secret_access_key = {RANDOM}/{RANDOM[:7]}", RANDOM),
        (f"client-secret: '{RANDOM}'", RANDOM),
        (f"  SECRET_KEY: {HEX}", HEX),
        ('password = "hunter2-and-more"', "hunter2"),
        ('DB_PASSWORD="Tr0ub4dor&3"', "Tr0ub4dor"),
        (f"curl -H 'Authorization: Bearer {RANDOM}'", RANDOM),
        (f"run --token {RANDOM}", RANDOM),
        ("DATABASE_URL=postgresql://app:s3cr3t@db.internal/app", "s3cr3t"),
        ("git clone https://ada:pa55word@git.example.org/x", "pa55word"),
        (f"DefaultEndpointsProtocol=https;AccountKey={RANDOM}{RANDOM}==", RANDOM),
        (f'authToken := "{RANDOM}"', RANDOM),
        (f"'private_key' => '{RANDOM}'", RANDOM),
    ],
)
def test_a_value_is_known_by_the_name_it_is_assigned_to(line: str, secret: str) -> None:
    cleaned = without_secrets(f" context\n{line}\n context")
    assert secret not in cleaned
    assert "[secret]" in cleaned
    assert cleaned.startswith(" context\n")


KEY = "\n".join("+" + (RANDOM + RANDOM).replace("_", "a") for _ in range(4))


@pytest.mark.parametrize("name", ["RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""])
def test_a_private_key_in_a_diff_is_taken_out(name: str) -> None:
    patch = f"@@ -0,0 +1 @@\n+-----BEGIN {name}PRIVATE KEY-----\n{KEY}\n+-----END {name}PRIVATE KEY-----\n+after"
    cleaned = without_secrets(patch)
    assert RANDOM not in cleaned
    assert cleaned.startswith("@@ -0,0 +1 @@\n")
    assert cleaned.endswith("+after")


def test_a_private_key_without_its_end_or_its_beginning_is_taken_out() -> None:
    assert RANDOM not in without_secrets(f"-----BEGIN PRIVATE KEY-----\n{KEY}")
    assert RANDOM not in without_secrets(f"@@ -3 +3 @@\n{KEY}\n+-----END PRIVATE KEY-----")


@pytest.mark.parametrize(
    "line",
    [
        "token = os.environ['TOKEN']",
        "password: str | None = None",
        "self.secret = settings.secret_key.get_secret_value()",
        'api_key = "your-api-key-here"',
        'password = "changeme"',
        "secret: ${{ secrets.DEPLOY_TOKEN }}",
        'raise ValueError("the token is missing or has expired")',
        "def tokenise(token: str, *, password: str = '') -> None:",
        "tokens_per_minute = 120000",
        "max_tokens=2000, temperature=0.7",
        "if token.startswith('Bearer '):",
        "https://example.org/path?page=2#secret-things",
        "risk-assessment-of-everything-we-know",
        "the secret of the benchmark",
        "- secret_name: database-credentials",
        "index 0f9a3c7..1b5d826 100644",
        "import { createToken, verifyToken } from './auth'",
        "PASSWORD_HASHERS = ['django.contrib.auth.hashers.Argon2PasswordHasher']",
    ],
)
def test_ordinary_code_stays_as_it_is(line: str) -> None:
    assert without_secrets(line) == line


@given(st.text())
def test_any_text_comes_through_and_twice_is_as_good_as_once(text: str) -> None:
    once = without_secrets(text)
    assert without_secrets(once) == once


@pytest.mark.parametrize(
    "unit",
    ["-----BEGIN PRIVATE KEY-----", "password", "token=", "://a:", "secret ", "api_key = '", "Bearer ", "eyJa.", "A1/"],
)
def test_the_time_is_linear_in_the_text(unit: str) -> None:
    begin = time.process_time()
    without_secrets(unit * (200_000 // len(unit)))
    assert time.process_time() - begin < 2
