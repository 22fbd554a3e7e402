"""Police and other services: a call as a signed CloudEvent over mTLS, taken when a person there says so.

In: a settings file (whom to tell, of which service, for which communes), secrets as bytes of the vault, the closed list
of what a call may say. Out: `csu.hal.dispatch.Dispatch`. What goes over the line is in `message`, what comes back in
`answer`, who may be reached in `settings`; `webhook` sends (docs/decisions/0057).
"""

from hardware.dispatch.settings import ContactSettings, DispatchFile, DispatchSecrets
from hardware.dispatch.webhook import WebhookDispatch, open_dispatch

__all__ = ["ContactSettings", "DispatchFile", "DispatchSecrets", "WebhookDispatch", "open_dispatch"]
