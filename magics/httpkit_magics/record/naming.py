"""Which names say that their value is a secret. Names are judged word by word, so that `monkey` is not a key.

Two vocabularies: what a request carries (headers, query, forms, cookies) is masked on suspicion; a response's JSON, which
is what people came to read, only where the name says token, secret or password.
"""

from __future__ import annotations

import itertools
import re
from functools import lru_cache

MAX_NAME = 200
"""Characters; a longer name is taken to be telling, and is masked."""

# apiKey, APIKey, api_key, X-Api-Key, api.key and key2 all hold the word "key".
_WORD = re.compile(r"[A-Z]+(?=[A-Z][a-z])|[A-Z]?[a-z]+|[A-Z]+")


def _vocabulary(words: str) -> frozenset[str]:
    return frozenset(words.split())


_PASSWORDS = _vocabulary(
    "password passwords passwd passwort passphrase passcode pwd secret secrets token tokens jwt otp totp credential "
    "credentials creds authorization"
)
_SUSPECTS = _PASSWORDS | _vocabulary(
    "key keys pass session sessions sid auth authorization bearer signature signatures sig sas csrf xsrf assertion "
    "verifier"
)
# Words that are telling with other words glued to them: authtoken, clientsecret, PHPSESSID, mypassword.
_ENDINGS = (
    "password", "passwd", "secret", "token", "apikey", "accesskey", "privatekey", "secretkey", "sessid", "sessionid",
)  # fmt: skip
# The word before takes the suspicion away: primary_key, Idempotency-Key, nextPageToken, max_tokens, eos_token.
_HARMLESS_BEFORE = {
    "key": _vocabulary(
        "primary foreign public sort partition unique cache index object natural composite surrogate idempotency "
        "routing row group translation i18n map socket"
    ),
    "token": _vocabulary("next page previous prev continuation sync delta skip per eos bos pad unk mask sep cls"),
    "tokens": _vocabulary("max min total prompt completion input output cached reasoning audio num used text"),
    "credentials": frozenset(("allow",)),
}
# The word at the end says that this is about a secret and not the secret: token_type, password_policy, auth_url.
_HARMLESS_LAST = _vocabulary(
    "type types count counts limit limits expires expiry expiration expired length size policy algorithm alg url uri "
    "endpoint endpoints method methods ttl age required enabled supported hint format version scheme"
)


def is_telling(name: str) -> bool:
    """Return whether what a request names so is masked: key, token, secret, password, session, auth and the like."""
    return len(name) > MAX_NAME or _is_telling(name)


def is_password(name: str) -> bool:
    """Return whether a member of a response's JSON is masked: token, secret, password, credential, API key."""
    return len(name) > MAX_NAME or _is_password(name)


# Names come again with every response. Only short ones are kept: 2048 of them are at most half a megabyte.
@lru_cache(maxsize=2048)
def _is_telling(name: str) -> bool:
    return _says(_words(name), _SUSPECTS)


@lru_cache(maxsize=2048)
def _is_password(name: str) -> bool:
    words = _words(name)
    return _says(words, _PASSWORDS) or any(
        after == "key" and before in {"api", "access", "private", "secret"}
        for before, after in itertools.pairwise(words)
    )


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _says(words: list[str], vocabulary: frozenset[str]) -> bool:
    if not words or (len(words) > 1 and words[-1] in _HARMLESS_LAST):
        return False
    return any(
        (word in vocabulary or word.endswith(_ENDINGS))
        and not (place and words[place - 1] in _HARMLESS_BEFORE.get(word, ()))
        for place, word in enumerate(words)
    )
