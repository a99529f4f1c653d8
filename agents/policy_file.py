"""A policy from a file."""

from pathlib import Path

from schemas.faults import Fault
from schemas.policy import Policy, PolicyFaults, parse_policy
from streams.dispatch.copy.faults import copy_conflicts


def read_policy(path: Path) -> Policy:
    """The policy of a TOML file, with texts that can be sent; an unreadable file raises ``PolicyFaults``, too."""
    file = str(path)
    try:
        text = path.read_bytes().decode()
    except OSError as error:
        why = f"cannot be read: {error.strerror}"
        raise PolicyFaults((Fault(file, "file", None, why, "give the path of a readable policy file"),)) from error
    except UnicodeDecodeError as error:
        why = f"is not UTF-8 at byte {error.start}"
        raise PolicyFaults((Fault(file, "file", None, why, "save the file as UTF-8"),)) from error
    return parse_policy(text, file, copy_conflicts)
