"""The doors by which people come in and go out. Those for strangers are few, and answer nothing but yes or no."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.responses import FileResponse, RedirectResponse
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import HTTPConnection

from csu.console.access import Door, opens
from csu.console.gate import ADMITTED_AT_NS, SUBJECT
from csu.console.pages import actions_of, pages_of
from csu.console.refusals import Refusal, Refused
from csu.console.sign_in.desk import Begun, Opened, SignInDesk, SignInRefused, SignInTooOften
from csu.console.sign_in.oidc import BACK, OidcUnavailable
from csu.console.sign_in.passkeys import Site
from csu.governance import Action, Role, Subject, role_words
from csu.hal.clock import Nanoseconds
from csu.hal.words import Words

PAGE = Path(__file__).parent / "page"
COOKIE, COOKIE_TLS = "csu-session", "__Host-csu-session"
"""The second where the console is reached by TLS: a browser gives it to this very host only."""
OIDC_COOKIE = "csu-oidc"
"""Holds what an identity provider must bring back to the browser that asked."""

Text = Annotated[str, Field(max_length=512)]


class _Asked(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class PasswordAsked(_Asked):
    account: Annotated[str, Field(max_length=64)]
    password: Annotated[str, Field(max_length=1024)]


class CodeAsked(_Asked):
    ticket: Annotated[str, Field(max_length=64)]
    code: Annotated[str, Field(max_length=16)]
    role: Role


class PasskeyAsked(_Asked):
    challenge: Annotated[str, Field(max_length=64)]
    credential: dict[str, Any]


class RoleAsked(_Asked):
    ticket: Annotated[str, Field(max_length=64)]
    role: Role


class ProvedAsked(_Asked):
    ticket: Annotated[str, Field(max_length=64)]


class PasskeyMade(_Asked):
    challenge: Annotated[str, Field(max_length=64)]
    credential: dict[str, Any]
    name: Annotated[str, Field(min_length=1, max_length=64)]


class RoleAnswer(BaseModel):
    """A role, and how people call it."""

    role: Role
    words: Words


class BegunAnswer(BaseModel):
    """It goes on with this ticket, as one of these: with the code of his generator after a password, without after a
    passkey."""

    ticket: str
    roles: list[RoleAnswer]


class WaysAnswer(BaseModel):
    """By what else than password and passkey people come in here."""

    provider: bool


class ChallengeAnswer(BaseModel):
    """What the browser's `navigator.credentials` takes, and the name to answer under."""

    challenge: str
    options: dict[str, Any]


class AccountAnswer(BaseModel):
    """Who is signed in, as whom, until when at the latest; which pages and actions his role has at all."""

    account: str
    name: str
    role: RoleAnswer
    to_ns: Nanoseconds
    pages: list[str]
    may: list[Action]


class SessionIdentity:
    """An `IdentitySource`: whoever holds the cookie of an open session."""

    def __init__(self, desk: SignInDesk) -> None:
        self._desk = desk

    def subject(self, connection: HTTPConnection, at_ns: Nanoseconds) -> Subject | None:
        token = _token(connection)
        return None if token is None else self._desk.subject(token, at_ns)


def add_sign_in_doors(app: FastAPI, desk: SignInDesk | None) -> None:
    """Into `app` itself. None: this console has no accounts; its doors say so."""
    _add_page(app)
    _add_ways_in(app, desk)
    _add_provider(app, desk)
    _add_own_account(app, desk)


def _add_page(app: FastAPI) -> None:
    door = Door("sign-in/page", Action.SIGN_IN, is_for_anybody=True)
    for name in ("sign-in.html", "sign-in.js", "sign-in.css"):

        async def page(name: str = name) -> FileResponse:
            return FileResponse(PAGE / name)

        path = "/sign-in" if name.endswith(".html") else f"/{name}"
        app.get(path, include_in_schema=False)(opens(door)(page))


def _add_ways_in(app: FastAPI, desk: SignInDesk | None) -> None:
    @app.post("/api/sign-in")
    @opens(Door("sign-in/password", Action.SIGN_IN, is_for_anybody=True))
    async def password(request: Request, asked: PasswordAsked) -> BegunAnswer:
        """The account and its password; the code of the generator comes next."""
        try:
            begun = await _there(desk).begin(asked.account, asked.password, _address(request))
        except (SignInRefused, SignInTooOften) as error:
            raise _told(error) from error
        return _begun(begun)

    @app.post("/api/sign-in/code")
    @opens(Door("sign-in/code", Action.SIGN_IN, is_for_anybody=True))
    async def code(request: Request, response: Response, asked: CodeAsked) -> AccountAnswer:
        """The code of the generator: the session opens."""
        try:
            opened = await _there(desk).finish(asked.ticket, asked.code, asked.role, _address(request))
        except (SignInRefused, SignInTooOften) as error:
            raise _told(error) from error
        return await _open(_there(desk), request, response, opened)

    @app.post("/api/sign-in/passkey/challenge")
    @opens(Door("sign-in/challenge", Action.SIGN_IN, is_for_anybody=True))
    async def challenge(request: Request) -> ChallengeAnswer:
        """What a passkey is to answer."""
        name, options = _there(desk).ask_passkey(_site(request))
        return ChallengeAnswer(challenge=name, options=json.loads(options))

    @app.post("/api/sign-in/passkey")
    @opens(Door("sign-in/passkey", Action.SIGN_IN, is_for_anybody=True))
    async def passkey(request: Request, response: Response, asked: PasskeyAsked) -> AccountAnswer | BegunAnswer:
        """The answer of a passkey: the session opens, or one says as whom."""
        try:
            opened = await _there(desk).by_passkey(asked.challenge, asked.credential, _address(request))
        except (SignInRefused, SignInTooOften) as error:
            raise _told(error) from error
        if isinstance(opened, Begun):
            return _begun(opened)
        return await _open(_there(desk), request, response, opened)

    @app.post("/api/sign-in/role")
    @opens(Door("sign-in/role", Action.SIGN_IN, is_for_anybody=True))
    async def role(request: Request, response: Response, asked: RoleAsked) -> AccountAnswer:
        """As whom, after a passkey: the session opens."""
        try:
            opened = await _there(desk).choose(asked.ticket, asked.role, _address(request))
        except (SignInRefused, SignInTooOften) as error:
            raise _told(error) from error
        return await _open(_there(desk), request, response, opened)


def _add_provider(app: FastAPI, desk: SignInDesk | None) -> None:
    @app.get("/api/sign-in/ways")
    @opens(Door("sign-in/ways", Action.SIGN_IN, is_for_anybody=True))
    async def ways() -> WaysAnswer:
        """Whether an identity provider is asked."""
        return WaysAnswer(provider=desk is not None and desk.provider is not None)

    @app.get("/sign-in/oidc", include_in_schema=False)
    @opens(Door("sign-in/provider", Action.SIGN_IN, is_for_anybody=True))
    async def provider(request: Request) -> RedirectResponse:
        """To the identity provider. What it must bring back is bound to this browser."""
        provider, site = _there(desk).provider, _origin(request)
        if provider is None:
            raise Refused(Refusal.NOT_FOUND, where="/sign-in/oidc")
        try:
            address, state = await provider.ask(site)
        except OidcUnavailable:
            return RedirectResponse("/sign-in#provider=silent", status_code=303)
        response = RedirectResponse(address, status_code=303)
        is_tls = request.scope["scheme"] == "https"
        # Lax: the way back begins at the provider's.
        response.set_cookie(OIDC_COOKIE, state, path=BACK, secure=is_tls, httponly=True, samesite="lax", max_age=300)
        return response

    @app.get(BACK, include_in_schema=False)
    @opens(Door("sign-in/provider-back", Action.SIGN_IN, is_for_anybody=True))
    async def back(
        request: Request,
        state: Annotated[str, Query(max_length=128)] = "",
        code: Annotated[str, Query(max_length=4096)] = "",
    ) -> RedirectResponse:
        """From the identity provider: on to the role. The ticket goes into the fragment, which no server is sent."""
        is_same_browser = bool(state) and state == request.cookies.get(OIDC_COOKIE)
        try:
            begun = await _there(desk).by_provider(state if is_same_browser else "", code, _address(request))
            goes_to = f"/sign-in#ticket={begun.ticket}"
        except (SignInRefused, SignInTooOften):
            goes_to = "/sign-in#provider=refused"
        except OidcUnavailable:
            goes_to = "/sign-in#provider=silent"
        response = RedirectResponse(goes_to, status_code=303)
        response.delete_cookie(OIDC_COOKIE, path=BACK)
        return response

    @app.post("/api/sign-in/proved")
    @opens(Door("sign-in/proved", Action.SIGN_IN, is_for_anybody=True))
    async def proved(asked: ProvedAsked) -> BegunAnswer:
        """As whom who comes from the provider may go on."""
        try:
            return _begun(_there(desk).proved(asked.ticket))
        except SignInRefused as error:
            raise _told(error) from error


def _add_own_account(app: FastAPI, desk: SignInDesk | None) -> None:
    @app.post("/api/sign-out", status_code=204)
    @opens(Door("sign-out", Action.SIGN_OUT))
    async def sign_out(request: Request) -> Response:
        """The session is over, at once."""
        token = _token(request)
        if token is not None:
            await _there(desk).leave(token)
        response = Response(status_code=204)
        for name in (COOKIE, COOKIE_TLS):
            response.delete_cookie(name, path="/", secure=name == COOKIE_TLS, httponly=True, samesite="strict")
        return response

    @app.get("/api/me")
    @opens(Door("account", Action.ACCOUNT_READ))
    async def me(request: Request) -> AccountAnswer:
        """Who is signed in."""
        token, subject = _token(request), request.scope[SUBJECT]
        session = None if token is None else _there(desk).session(token, request.scope[ADMITTED_AT_NS])
        name = desk.name_of(subject.person) if desk is not None else subject.person
        return _account(subject, name, 0 if session is None else session.to_ns)

    @app.post("/api/me/passkeys/challenge")
    @opens(Door("account/challenge", Action.ACCOUNT_SET))
    async def offer(request: Request) -> ChallengeAnswer:
        """What a new passkey is to be made for."""
        name, options = await _there(desk).offer_passkey(request.scope[SUBJECT], _site(request))
        return ChallengeAnswer(challenge=name, options=json.loads(options))

    @app.post("/api/me/passkeys", status_code=204)
    @opens(Door("account/passkey", Action.ACCOUNT_SET))
    async def add(request: Request, made: PasskeyMade) -> Response:
        """Keep a new passkey of one's own."""
        try:
            await _there(desk).add_passkey(request.scope[SUBJECT], made.challenge, made.name, made.credential)
        except SignInRefused as error:
            raise Refused(Refusal.PASSKEY_REFUSED, where="passkey", cause=error) from error
        return Response(status_code=204)


async def _open(desk: SignInDesk, request: Request, response: Response, opened: Opened) -> AccountAnswer:
    """A token nobody knew before; the session that this browser had, his or another's, is over."""
    former = _token(request)
    if former is not None:
        await desk.leave(former)
    is_tls = request.scope["scheme"] == "https"
    response.set_cookie(
        COOKIE_TLS if is_tls else COOKIE, opened.token, path="/", secure=is_tls, httponly=True, samesite="strict"
    )
    subject = opened.subject
    return _account(subject, opened.name, opened.to_ns)


def _account(subject: Subject, name: str, to_ns: Nanoseconds) -> AccountAnswer:
    role = subject.role
    return AccountAnswer(
        account=subject.person, name=name, role=_role(role), to_ns=to_ns, pages=pages_of(role), may=actions_of(role)
    )


def _begun(begun: Begun) -> BegunAnswer:
    return BegunAnswer(ticket=begun.ticket, roles=[_role(role) for role in begun.roles])


def _token(connection: HTTPConnection) -> str | None:
    name = COOKIE_TLS if connection.scope["scheme"] in ("https", "wss") else COOKIE
    return connection.cookies.get(name)


def _site(request: Request) -> Site:
    """By the Host header, which `Doors` has held against the console's own names."""
    site = _origin(request)
    if site.name.startswith("[") or site.name.replace(".", "").isdigit():
        raise Refused(Refusal.PASSKEY_REFUSED, where=site.name)
    return site


def _origin(request: Request) -> Site:
    """As `_site`, also for an address in figures: a provider knows which ones are registered."""
    host = request.headers["host"].lower()
    name = host.rsplit(":", 1)[0] if not host.endswith("]") else host
    return Site(name, f"{request.scope['scheme']}://{host}")


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _role(role: Role) -> RoleAnswer:
    return RoleAnswer(role=role, words=role_words(role))


def _told(error: SignInRefused | SignInTooOften) -> Refused:
    kind = Refusal.SIGN_IN_TOO_OFTEN if isinstance(error, SignInTooOften) else Refusal.SIGN_IN_REFUSED
    return Refused(kind, where="sign-in", cause=error)


def _there(desk: SignInDesk | None) -> SignInDesk:
    if desk is None:
        raise Refused(Refusal.ACCOUNTS_ABSENT, where="sign-in")
    return desk
