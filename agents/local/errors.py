"""What can stand between this machine and a running server, each with what to do about it."""


class CannotRunHere(Exception):
    """A server cannot run on this machine; the message says what, why and how to mend it.

    >>> print(CannotRunHere("Redis", "no server binary was found", "pip install 'churn-alerts[local]'"))
    Redis cannot run here: no server binary was found. To mend it: pip install 'churn-alerts[local]'.
    """

    def __init__(self, what: str, why: str, fix: str) -> None:
        super().__init__(f"{what} cannot run here: {why}. To mend it: {fix}.")


class NotFetched(CannotRunHere):
    """The one-time download did not succeed; nothing half-fetched is kept."""


class DidNotStart(CannotRunHere):
    """The server ended or fell silent before it was ready; the message carries the tail of its log."""

    def __init__(self, what: str, why: str, log_tail: str) -> None:
        super().__init__(what, why, "read the end of its log below")
        self.add_note(log_tail)
        self.log_tail = log_tail

    def __str__(self) -> str:
        return f"{super().__str__()}\n{self.log_tail}"


class Ended(DidNotStart):
    """The server is gone though nobody ended it; the message carries the tail of its log."""
