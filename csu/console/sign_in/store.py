"""Where proofs of identity and open sessions are kept: one SQLite file, readable by the centre's user alone.

A password is kept as its Argon2id hash, the secret of a code generator sealed under a key in a file beside, a passkey
as its public key, a session as the SHA-256 of what the browser holds: who copies the file cannot come in with it.
Calls block.
"""

from __future__ import annotations

import hashlib
import os
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from csu.governance import Role
from csu.hal.clock import Nanoseconds
from csu.hal.errors import CsuError
from csu.hal.words import Words

_metadata = sa.MetaData()
_password = sa.Table(
    "password",
    _metadata,
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("hash", sa.String, nullable=False),
    sa.Column("set_at_ns", sa.BigInteger, nullable=False),
)
_code = sa.Table(
    "code_generator",
    _metadata,
    sa.Column("account", sa.String, primary_key=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
    sa.Column("last_step", sa.BigInteger, nullable=False),
)
_passkey = sa.Table(
    "passkey",
    _metadata,
    sa.Column("credential", sa.String, primary_key=True),
    sa.Column("account", sa.String, nullable=False, index=True),
    sa.Column("public_key", sa.LargeBinary, nullable=False),
    sa.Column("uses", sa.BigInteger, nullable=False),
    sa.Column("name", sa.String, nullable=False),
    sa.Column("added_at_ns", sa.BigInteger, nullable=False),
)
_provider = sa.Table(
    "provider_subject",
    _metadata,
    sa.Column("issuer", sa.String, primary_key=True),
    sa.Column("subject", sa.String, primary_key=True),
    sa.Column("account", sa.String, nullable=False, index=True),
)
_session = sa.Table(
    "session",
    _metadata,
    sa.Column("digest", sa.String, primary_key=True),
    sa.Column("account", sa.String, nullable=False, index=True),
    sa.Column("role", sa.String, nullable=False),
    sa.Column("from_ns", sa.BigInteger, nullable=False),
    sa.Column("to_ns", sa.BigInteger, nullable=False),
    sa.Column("address", sa.String, nullable=False),
)

TOKEN_BYTES = 32
_NONCE_BYTES = 12


class SignInNotKept(CsuError):
    """What proves who somebody is cannot be read or written now: nobody comes in."""


@dataclass(frozen=True, slots=True)
class Passkey:
    """One authenticator of a person. `uses`: its own counter, as last told."""

    credential: str
    account: str
    public_key: bytes
    uses: int
    name: str
    added_at_ns: Nanoseconds


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody came in, as whom, from where, until when at the latest."""

    digest: str
    """SHA-256 of the browser's token, hexadecimal."""
    account: str
    role: Role
    from_ns: Nanoseconds
    to_ns: Nanoseconds
    address: str


class SignInStore:
    """One file and its key. Several processes may share it."""

    def __init__(self, directory: Path) -> None:
        """`sign-in.sqlite` and `sign-in.key` in that directory, made when they are not there. Raises SignInNotKept."""
        try:
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._aead = AESGCM(_key(directory / "sign-in.key"))
            path = directory / "sign-in.sqlite"
            path.touch(mode=0o600, exist_ok=True)
        except (OSError, ValueError) as error:
            raise _not_kept(error) from error
        self._engine = sa.create_engine(f"sqlite:///{path}")
        with self._told() as connection:
            _metadata.create_all(connection)

    def close(self) -> None:
        """Release the file."""
        self._engine.dispose()

    # -- proofs -------------------------------------------------------------------------------------------------------

    def password_hash(self, account: str) -> str | None:
        """As Argon2 writes it; None: that account has no password."""
        with self._told() as connection:
            found = connection.execute(sa.select(_password.c.hash).where(_password.c.account == account)).scalar()
        return None if found is None else str(found)

    def set_password(self, account: str, hashed: str, now_ns: Nanoseconds) -> None:
        """Another password: every session of the account ends."""
        with self._told() as connection:
            connection.execute(sa.delete(_password).where(_password.c.account == account))
            connection.execute(sa.insert(_password).values(account=account, hash=hashed, set_at_ns=now_ns))
            connection.execute(sa.delete(_session).where(_session.c.account == account))

    def code_secret(self, account: str) -> str | None:
        """The secret of its code generator (base32); None: it has none. Raises SignInNotKept."""
        with self._told() as connection:
            sealed = connection.execute(sa.select(_code.c.sealed).where(_code.c.account == account)).scalar()
        if sealed is None:
            return None
        try:
            plain = self._aead.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], account.encode())
        except InvalidTag as error:  # another key, or somebody's row under another name
            raise _not_kept(error) from error
        return plain.decode()

    def set_code_secret(self, account: str, secret: str) -> None:
        """Another code generator; the former one is worth nothing any more."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = nonce + self._aead.encrypt(nonce, secret.encode(), account.encode())
        with self._told() as connection:
            connection.execute(sa.delete(_code).where(_code.c.account == account))
            connection.execute(sa.insert(_code).values(account=account, sealed=sealed, last_step=0))

    def use_code(self, account: str, step: int) -> bool:
        """Take the code of that step; False when it, or a later one, was taken before."""
        with self._told() as connection:
            is_new = (_code.c.account == account) & (_code.c.last_step < step)
            return connection.execute(sa.update(_code).where(is_new).values(last_step=step)).rowcount == 1

    def passkeys(self, account: str) -> Sequence[Passkey]:
        """Of that account, the oldest first."""
        query = sa.select(_passkey).where(_passkey.c.account == account).order_by(_passkey.c.added_at_ns)
        with self._told() as connection:
            return [Passkey(*row) for row in connection.execute(query)]

    def passkey(self, credential: str) -> Passkey | None:
        """By what the authenticator calls it."""
        with self._told() as connection:
            row = connection.execute(sa.select(_passkey).where(_passkey.c.credential == credential)).first()
        return None if row is None else Passkey(*row)

    def add_passkey(self, passkey: Passkey) -> None:
        """Raises SignInNotKept, also for one that is there already."""
        row = {name: getattr(passkey, name) for name in Passkey.__slots__}
        with self._told() as connection:
            connection.execute(sa.insert(_passkey).values(**row))

    def use_passkey(self, credential: str, uses: int) -> None:
        """It was used; its counter stands there now."""
        with self._told() as connection:
            connection.execute(sa.update(_passkey).where(_passkey.c.credential == credential).values(uses=uses))

    def provider_account(self, issuer: str, subject: str) -> str | None:
        """Whose account an identity provider means by that subject; None: nobody's."""
        query = sa.select(_provider.c.account).where(_provider.c.issuer == issuer, _provider.c.subject == subject)
        with self._told() as connection:
            found = connection.execute(query).scalar()
        return None if found is None else str(found)

    def provider_subjects(self, account: str) -> Sequence[tuple[str, str]]:
        """By which (issuer, subject) that account may come in."""
        query = sa.select(_provider.c.issuer, _provider.c.subject).where(_provider.c.account == account)
        with self._told() as connection:
            return [(str(issuer), str(subject)) for issuer, subject in connection.execute(query)]

    def bind_provider(self, issuer: str, subject: str, account: str) -> None:
        """From now on that subject is this account, and no other one's; the account has no other there."""
        former = (_provider.c.issuer == issuer) & ((_provider.c.subject == subject) | (_provider.c.account == account))
        with self._told() as connection:
            connection.execute(sa.delete(_provider).where(former))
            connection.execute(sa.insert(_provider).values(issuer=issuer, subject=subject, account=account))

    # -- sessions -----------------------------------------------------------------------------------------------------

    def open_session(self, account: str, role: Role, *, from_ns: Nanoseconds, to_ns: Nanoseconds, address: str) -> str:
        """A new session; what its browser is to hold. Only its digest is kept."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        row = {"account": account, "role": role.value, "from_ns": from_ns, "to_ns": to_ns, "address": address}
        with self._told() as connection:
            connection.execute(sa.delete(_session).where(_session.c.to_ns <= from_ns))
            connection.execute(sa.insert(_session).values(digest=digest_of(token), **row))
        return token

    def session(self, digest: str, now_ns: Nanoseconds) -> Session | None:
        """The open session of that digest; None: there is none, or it is over."""
        with self._told() as connection:
            row = connection.execute(sa.select(_session).where(_session.c.digest == digest)).first()
        if row is None or row.to_ns <= now_ns:
            return None
        return Session(row.digest, row.account, Role(row.role), row.from_ns, row.to_ns, row.address)

    def sessions(self, account: str, now_ns: Nanoseconds) -> Sequence[Session]:
        """Those of an account that are open, the oldest first."""
        is_open = (_session.c.account == account) & (_session.c.to_ns > now_ns)
        with self._told() as connection:
            rows = connection.execute(sa.select(_session).where(is_open).order_by(_session.c.from_ns)).all()
        return [Session(row.digest, row.account, Role(row.role), row.from_ns, row.to_ns, row.address) for row in rows]

    def end_session(self, digest: str) -> None:
        """It is over; it may be already."""
        with self._told() as connection:
            connection.execute(sa.delete(_session).where(_session.c.digest == digest))

    def end_sessions(self, account: str) -> int:
        """All of an account's; how many."""
        with self._told() as connection:
            return int(connection.execute(sa.delete(_session).where(_session.c.account == account)).rowcount)

    @contextmanager
    def _told(self) -> Iterator[sa.Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except sa.exc.SQLAlchemyError as error:
            raise _not_kept(error) from error


def digest_of(token: str) -> str:
    """SHA-256 of a token, hexadecimal: it holds 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(token.encode()).hexdigest()


def _key(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        file.write(key := AESGCM.generate_key(256))
        file.flush()
        os.fsync(file.fileno())
    return key


def _not_kept(error: Exception) -> SignInNotKept:
    why = type(error).__name__
    return SignInNotKept(
        Words(f"les comptes ne peuvent être lus ou écrits ({why})", f"the accounts cannot be read or written ({why})"),
        where="sign-in",
        what_to_do=Words("Vérifiez le volume et ses droits", "Check the volume and its permissions"),
    )
