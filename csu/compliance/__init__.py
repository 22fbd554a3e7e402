"""What csu promises, and what a run shows of it: every rule of `requirements.toml` with its tests and their result.

In: the rules, and the tests marked `requirement("ID")`. Out: a report (JSON, table, HTML page) that leaves no rule out.
A rule nobody tests is shown as not covered; nothing here can say "passed" without a test that ran and passed.
"""

from csu.compliance.catalogue import Catalogue, Requirement, load_requirements
from csu.compliance.command import compliance_command
from csu.compliance.report import ComplianceReport, RequirementResult, Status, report_of
from csu.compliance.runner import ComplianceRunFailed, find_tests, last_compliance, run_compliance

__all__ = [
    "Catalogue",
    "ComplianceReport",
    "ComplianceRunFailed",
    "Requirement",
    "RequirementResult",
    "Status",
    "compliance_command",
    "find_tests",
    "last_compliance",
    "load_requirements",
    "report_of",
    "run_compliance",
]
