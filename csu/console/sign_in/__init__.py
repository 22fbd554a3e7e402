"""Who comes in: by password and code, a passkey, or the word of an identity provider (ACC-1, ACC-2, ACC-6).

In: the people of a centre (`csu.governance.people`), a file of proofs, the journal. Out: doors for strangers, an
`IdentitySource` for the gate; sessions that the centre holds and can end.
"""

from csu.console.sign_in.desk import SignInDesk
from csu.console.sign_in.doors import SessionIdentity, add_sign_in_doors
from csu.console.sign_in.oidc import OidcProvider, OidcSettings
from csu.console.sign_in.proofs import PasswordUnusable, code_address, hash_password, new_code_secret, new_password
from csu.console.sign_in.store import SignInNotKept, SignInStore

__all__ = [
    "OidcProvider",
    "OidcSettings",
    "PasswordUnusable",
    "SessionIdentity",
    "SignInDesk",
    "SignInNotKept",
    "SignInStore",
    "add_sign_in_doors",
    "code_address",
    "hash_password",
    "new_code_secret",
    "new_password",
]
