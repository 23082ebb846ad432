"""Distinct names for strings that must never be taken for one another."""

from typing import NewType

Pseudonym = NewType("Pseudonym", str)
"""A body's own name for a person; no two bodies share one."""

OrganisationId = NewType("OrganisationId", str)
OperatorId = NewType("OperatorId", str)
TerminalId = NewType("TerminalId", str)

DirectiveId = NewType("DirectiveId", str)
"""One body's copy of a directive; the copies at other bodies have other ids."""

BundleId = NewType("BundleId", str)
DocumentId = NewType("DocumentId", str)

SubjectKeyId = NewType("SubjectKeyId", str)
"""RFC 7638 thumbprint (base64url, SHA-256) of the wallet's signing key for one body."""
