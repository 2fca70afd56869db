"""Which names say that their value is a secret."""

import pytest

from httpkit_magics.record.naming import is_password, is_telling

SECRETS = """X-Api-Key apiKey APIKey api_key apikey key access_token accessToken authtoken oauth_token token2 PHPSESSID
JSESSIONID session sessionId connect.sid client_secret clientSecret password Passwd pwd user[password] db.password pass
passphrase Authorization X-Auth credential X-Amz-Signature X-Amz-Security-Token signature csrf_token private_key"""
HARMLESS = """monkey keyword keyboard author authority primary_key primaryKey foreign_key Public-Key Idempotency-Key
Sec-WebSocket-Key token_type tokenType max_tokens prompt_tokens nextPageToken password_policy session_count
Access-Control-Allow-Credentials WWW-Authenticate secretary obsession passenger compass id name auth_url"""


@pytest.mark.parametrize("name", SECRETS.split())
def test_a_telling_name_is_known(name):
    """Words count in every spelling: dashes, underscores, camel case and glued together."""
    assert is_telling(name)


@pytest.mark.parametrize("name", HARMLESS.split())
def test_a_harmless_name_is_not_taken_for_a_secret(name):
    """A word that only contains another, or that a neighbour makes harmless, is not masked."""
    assert not is_telling(name)
    assert not is_password(name)


@pytest.mark.parametrize("name", ["key", "session", "auth", "signature"])
def test_a_response_shows_what_a_request_hides(name):
    """JSON of a response is what people came to read: only token, secret, password and their kin are masked."""
    assert is_telling(name)
    assert not is_password(name)


@pytest.mark.parametrize("name", ["accessToken", "password", "client_secret", "api_key", "privateKey", "Authorization"])
def test_a_response_hides_passwords(name):
    """Tokens, secrets and passwords of a response are masked."""
    assert is_password(name)


def test_a_very_long_name_is_telling():
    """A name over 200 characters is masked rather than judged."""
    assert is_telling("a" * 201)
    assert not is_telling("a" * 200)
