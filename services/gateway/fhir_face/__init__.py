"""The gateway's local FHIR R4 face: a hospital's own systems speak plain FHIR to it, only sealed data leave.

It listens on this machine's loopback address alone, for whoever has the secret in a file that only the owner reads.
"""
