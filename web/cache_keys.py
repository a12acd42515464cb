"""Keys of the cache that lies in the database."""

from django.utils.crypto import salted_hmac


def hash_key(key: str, key_prefix: str, version: int) -> str:
    """A cache's KEY_FUNCTION by which no name reaches the table: allauth's limits have clients' addresses in theirs."""
    return salted_hmac("web.cache-key", f"{key_prefix}:{version}:{key}", algorithm="sha256").hexdigest()
