"""Telling the errors of `anonymize`, a library that only the commands for tables load."""

from anonymize import AnonymizeError
from services.commands.failures import Telling

told = Telling(AnonymizeError)
