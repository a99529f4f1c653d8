"""Settings are read as a whole: either all of them hold, or every fault is told."""

import os
import re
from collections.abc import Iterator
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from agents.settings.model import PREFIX, SECRETS_DIR, Settings
from schemas import topics
from schemas.faults import Fault, Faults, fix_of, message_of

SECRET = ("sasl_password", "tls_key_password")
PLACE = "environment"


class SettingsFaults(Faults):
    """Settings that cannot be used; the key of a fault is the variable's name."""


def load_settings(**given: Any) -> Settings:
    """The settings of this process; raises :class:`SettingsFaults` with every fault. What is given by name wins."""
    errors: list[ErrorDetails] = []
    try:
        settings = Settings(**given)
    except ValidationError as faulty:
        errors = faulty.errors()
        settings = Settings(**given | {name: Settings.model_fields[name].default for name in _names(errors)})
    faults = (
        *(_fault(error) for error in errors),
        *(fault for fault, reads in _conflicts(settings) if not reads & _names(errors)),
        *_misspelt(),
        *_secrets_dir(),
    )
    if faults:
        raise SettingsFaults(faults)
    return settings


def variable(name: str) -> str:
    """The environment variable of a setting.

    >>> variable("redis_url")
    'CHURN_REDIS_URL'
    """
    return PREFIX + name.upper()


def _names(errors: list[ErrorDetails]) -> set[str]:
    return {str(error["loc"][0]) for error in errors}


def _fault(error: ErrorDetails) -> Fault:
    name = str(error["loc"][0])
    value = "***" if name in SECRET else _without_password(error["input"])
    return Fault(PLACE, variable(name), value, message_of(error), fix_of(error, Settings))


def _without_password(value: object) -> object:
    return re.sub(r"//[^@/]*@", "//***@", value) if isinstance(value, str) else value


def _conflicts(settings: Settings) -> Iterator[tuple[Fault, set[str]]]:
    """What does not agree between settings, and which of them were read to know it."""

    def conflict(name: str, message: str, fix: str, *also: str) -> tuple[Fault, set[str]]:
        value = getattr(settings, name)
        shown = None if value is None else "***" if name in SECRET else str(value)
        return Fault(PLACE, variable(name), shown, message, fix), {name, *also}

    protocol = settings.security_protocol
    for name in ("sasl_username", "sasl_password"):
        if protocol.sasl and getattr(settings, name) is None:
            fix = f"set {variable(name)}, or another {variable('security_protocol')}"
            yield conflict(name, f"is missing for {protocol.value}", fix, "security_protocol")
    for name, other in (("tls_cert_file", "tls_key_file"), ("tls_key_file", "tls_cert_file")):
        if getattr(settings, name) is None and getattr(settings, other) is not None:
            yield conflict(name, f"is missing beside {variable(other)}", f"set {variable(name)}, too", other)
    for name in ("tls_ca_file", "tls_cert_file", "tls_key_file"):
        if getattr(settings, name) is not None and not protocol.tls:
            fix = f"set {variable('security_protocol')}=SSL or SASL_SSL"
            yield conflict(name, f"is not used with {protocol.value}", fix, "security_protocol")
    for topic in settings.event_topics:
        if topic in _OURS:
            yield conflict("event_topics", f"has {topic}, which is not an event topic", "name the apps' topics only")
    for name in ("event_topics", "roles"):
        if len(set(values := getattr(settings, name))) < len(values):
            yield conflict(name, "names one twice", "name each once")
    if settings.store == "rocksdb" and find_spec("rocksdict") is None:
        yield conflict("store", "needs a package that is not installed", "pip install 'churn-alerts[rocksdb]'")


_OURS = {value for name, value in vars(topics).items() if name.isupper() and isinstance(value, str)} - {topics.EVENTS}


def _misspelt() -> Iterator[Fault]:
    """Variables that look like one of ours; quite different ones may belong to others (Kubernetes makes some up)."""
    known = {variable(name).removeprefix(PREFIX): variable(name) for name in Settings.model_fields}
    for name in os.environ:
        if name.startswith(PREFIX) and name not in (*known.values(), SECRETS_DIR):
            close = get_close_matches(name.removeprefix(PREFIX), known, n=1, cutoff=0.8)
            if close:
                # Its value may be a secret under a misspelt name: it is not shown.
                yield Fault(PLACE, name, None, "is not a setting", f"did you mean {known[close[0]]}?")


def _secrets_dir() -> Iterator[Fault]:
    directory = os.environ.get(SECRETS_DIR)
    if directory and not Path(directory).is_dir():
        yield Fault(PLACE, SECRETS_DIR, directory, "is not a directory", "mount the secrets there, or unset it")
