"""The one error of this package: a sentence for the person at the terminal that says how to mend it."""


class StartupError(Exception):
    """Something outside the program is wrong; the message says what, and what to do."""
