"""What the mask sets, their register and its file refuse."""

from __future__ import annotations

from csu.hal.errors import BadInput, CsuError


class MaskSetUnusable(BadInput):
    """A mask set holds a number that is not finite, or a text that is no mask set: it cannot be proposed."""


class MaskProposalRefused(BadInput):
    """There is no such camera or version, or nothing that could be proposed."""


class SignatureRefused(CsuError):
    """This signature does not count: outdated proposal, the same person twice, the same role twice."""


class LifecycleRefused(CsuError):
    """A camera does not go from its state to that one."""


class MaskRegisterBroken(CsuError):
    """The register's file is not what was written: no mask of it is believed, every picture is wholly masked."""


class MaskRegisterNotKept(CsuError):
    """The register's file could not be read or written now; nothing of what was asked holds."""


class SpanUnusable(BadInput):
    """An interval ends before it begins, or holds nothing."""


class AuthorisationUnusable(BadInput):
    """A prefectural authorisation, a convention or their file says what none can say."""


class OrdersBroken(CsuError):
    """The file of orders and papers is not what was written: none of it is believed, nothing may record."""


class OrdersNotKept(CsuError):
    """The file of orders and papers could not be read or written now; nothing of what was asked holds."""


class PeopleUnusable(BadInput):
    """A list of people says what none can say, or nobody answers for it."""


class PeopleBroken(CsuError):
    """The list of people is not what was written: none of it is believed, nobody comes in."""


class PeopleNotKept(CsuError):
    """The list of people could not be read or written now; nothing of what was asked holds."""


class RegimeUnusable(BadInput):
    """A legal regime of real-time analysis without end, reference or reason, or one that no Journal has published."""


class RegimeBroken(CsuError):
    """The file of legal regimes is not what was written: none of it is believed, all analysis is off."""


class RegimeNotKept(CsuError):
    """The file of legal regimes could not be read or written now; nothing of what was asked holds."""


class SignRefused(BadInput):
    """A public sign that says what none can say, or a change of one that there is not."""


class SignsBroken(CsuError):
    """The register of public signs is not what was written: none of it is believed."""


class SignsNotKept(CsuError):
    """The register of public signs could not be read or written now; nothing of what was asked holds."""


class AccessRequestRefused(BadInput):
    """A step of an access request that may not follow: no such request, no identity, no motive, no case."""


class AccessRequestsBroken(CsuError):
    """The register of access requests is not what was written: none of it is believed."""


class AccessRequestsNotKept(CsuError):
    """The register of access requests could not be read or written now; nothing of what was asked holds."""


class AnalysisOrderRefused(BadInput):
    """An order for real-time analysis that says what none can say, or a step that may not follow."""


class AnalysisOrdersBroken(CsuError):
    """The register of orders for analysis is not what was written: none of it is believed, all analysis is off."""


class AnalysisOrdersNotKept(CsuError):
    """The register of orders for analysis could not be read or written now; nothing of what was asked holds."""


class ModelRefused(BadInput):
    """A model without weights, figures or attestation, or one that the register does not know."""


class ModelsBroken(CsuError):
    """The register of models is not what was written: none of it is believed, all analysis is off."""


class ModelsNotKept(CsuError):
    """The register of models could not be read or written now; nothing of what was asked holds."""


class AnalysisSwitchRefused(BadInput):
    """Nobody answers for it, or this role may not let analysis go on."""


class AnalysisSwitchBroken(CsuError):
    """The file of the kill switch is not what was written: analysis is stopped."""


class AnalysisSwitchNotKept(CsuError):
    """The kill switch could not be read or written now: whoever was to stop, is stopped all the same."""
