"""Credentials: hashing and verification of passwords and tokens."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from threading import Lock

from indexer.config.config import Config
from indexer.errors import ConfigError, IndexerError

LONGEST_PASSWORD = 1024
_COST, _BLOCK, _LANES = 2**15, 8, 3  # 32 MiB and some 0.2 s a try; OWASP's figures for scrypt
_MOST_BYTES = 256 * 1024 * 1024
_SALT_BYTES, _KEY_BYTES, _TOKEN_BYTES = 16, 32, 32
_PATIENCE_SECONDS = 5.0


def kept_password(password: str) -> str:
    """Return the hash of a password to store: scrypt with its cost and salt, so that the cost can change later."""
    salt = secrets.token_bytes(_SALT_BYTES)
    key = _scrypt(password, salt, _COST, _BLOCK, _LANES)
    return f"scrypt:{_COST}:{_BLOCK}:{_LANES}:{_text(salt)}:{_text(key)}"


def new_token() -> str:
    """Return a random token (256 bits)."""
    return f"indexer_{secrets.token_urlsafe(_TOKEN_BYTES)}"


def kept_token(token: str) -> str:
    """Return the hash of a token to store: its SHA-256; what nobody can guess needs no slow hash."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


@dataclass(frozen=True, slots=True)
class _Kept:
    cost: int
    block: int
    lanes: int
    salt: bytes
    key: bytes


class CheckBusyError(IndexerError):
    """Too many passwords are being checked; retry_seconds: when to come back."""

    def __init__(self, retry_seconds: int = 5) -> None:
        super().__init__("too many logins at once; try again in a moment", retry_seconds=retry_seconds)


class Keys:
    """The stored password and token hashes; one password is checked at a time, whatever is asked."""

    def __init__(self, config: Config) -> None:
        self._password = _read_password(config.serve_password) if config.serve_password else None
        self._token = _read_token(config.serve_token) if config.serve_token else None
        self._turn = Lock()
        # Sessions that were begun with another password are no longer good.
        self.mark = hashlib.sha256(config.serve_password.encode()).hexdigest()[:16]

    @property
    def has_password(self) -> bool:
        """Whether a password is set, so that a person can log in."""
        return self._password is not None

    @property
    def exist(self) -> bool:
        """Whether a password or token is set."""
        return self._password is not None or self._token is not None

    def open_by_password(self, password: str) -> bool:
        """Return whether a password is right. Errors: CheckBusyError where others have been waiting for too long."""
        kept = self._password
        if kept is None or len(password) > LONGEST_PASSWORD:
            return False
        if not self._turn.acquire(timeout=_PATIENCE_SECONDS):
            raise CheckBusyError
        try:
            return hmac.compare_digest(_scrypt(password, kept.salt, kept.cost, kept.block, kept.lanes), kept.key)
        finally:
            self._turn.release()

    def open_by_token(self, token: str) -> bool:
        """Return whether a token is right."""
        return self._token is not None and hmac.compare_digest(kept_token(token), self._token)


def _scrypt(password: str, salt: bytes, cost: int, block: int, lanes: int) -> bytes:
    text = password.encode("utf-8", "surrogatepass")
    return hashlib.scrypt(text, salt=salt, n=cost, r=block, p=lanes, maxmem=2 * _MOST_BYTES, dklen=_KEY_BYTES)


def _read_password(kept: str) -> _Kept:
    try:
        name, cost, block, lanes, salt, key = kept.split(":")
        read = _Kept(int(cost), int(block), int(lanes), urlsafe_b64decode(salt), urlsafe_b64decode(key))
        power = read.cost > 1 and read.cost & (read.cost - 1) == 0
        bounded = 1 <= read.block <= 64 and 1 <= read.lanes <= 64 and 128 * read.cost * read.block <= _MOST_BYTES
        if name == "scrypt" and power and bounded and len(read.key) == _KEY_BYTES:
            return read
    except ValueError:
        pass
    raise ConfigError(
        "serve_password", "is not a valid password hash; set the password again with 'indexer serve --set-password'"
    )


def _read_token(kept: str) -> str:
    if len(kept) != 64 or set(kept) - set("0123456789abcdef"):
        raise ConfigError("serve_token", "is not a valid token hash; make a new token with 'indexer serve --new-token'")
    return kept


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode()
