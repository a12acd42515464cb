"""Keys of the cache in the database."""

from django.utils.crypto import salted_hmac


def hash_key(key: str, key_prefix: str, version: int) -> str:
    """Return a keyed hash of a cache key, as a cache's KEY_FUNCTION.

    No key is stored in plain text, because the keys of allauth's rate limits contain clients' IP addresses.
    """
    return salted_hmac("web.cache-key", f"{key_prefix}:{version}:{key}", algorithm="sha256").hexdigest()
