"""The error of this package; its message tells the person at the terminal what to do."""


class StartupError(Exception):
    """Loggia cannot start; the message says why and how to correct it."""
