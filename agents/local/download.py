"""Kafka's jars, fetched from Maven Central once and kept in the user's cache folder."""

import fcntl
import os
import shutil
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from agents.local.errors import CannotRunHere, NotFetched

KAFKA_VERSION = "4.1.2"
MAVEN_CENTRAL = "https://repo.maven.apache.org/maven2"
# Kafka logs through slf4j and its own pom names no place to log to; without one, its errors are not heard.
COORDINATES = (f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}", "org.slf4j:slf4j-simple:1.7.36")


def cache() -> Path:
    """Return the folder that keeps what was fetched: ``churn-alerts`` below $XDG_CACHE_HOME or ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "churn-alerts"


def kafka_jars(repository: str = MAVEN_CENTRAL) -> Path:
    """Return a folder that holds Kafka's jars, complete; the first call fetches about 43 MB and shows its progress.

    A download that is interrupted leaves nothing that a later call could take for whole, and of two calls at the same
    time one waits for the other.

    Raises:
        NotFetched: the repository cannot be reached, or does not hold what it should.
    """
    jars = cache() / f"kafka-{KAFKA_VERSION}"
    if not jars.exists():
        jars.parent.mkdir(parents=True, exist_ok=True)
        with _alone(jars.with_name(f"{jars.name}.lock")):
            if not jars.exists():
                _fetch(jars, repository)
    return jars


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _fetch(jars: Path, repository: str) -> None:
    partial = jars.with_name(f"{jars.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)  # of a download that was killed
    try:
        (partial / "jars").mkdir(parents=True)
        for jar in _shown(_artifacts(partial / "maven", repository)):
            shutil.move(_whole(jar), partial / "jars")
        (partial / "jars").rename(jars)
    except (OSError, RuntimeError, ParseError) as fault:  # ParseError: a login page where a POM should be
        raise NotFetched(
            f"Kafka {KAFKA_VERSION}",
            f"its jars could not be fetched from {repository} ({fault})",
            f"check the network (HTTPS_PROXY and REQUESTS_CA_BUNDLE are honoured) and try again, or copy {jars} from a "
            "machine that has it",
        ) from fault
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _artifacts(maven: Path, repository: str) -> list[Any]:
    try:
        from jgo.maven import MavenContext
    except ImportError as missing:
        raise CannotRunHere("Kafka", "the package jgo is missing", "pip install 'churn-alerts[local]'") from missing
    context = MavenContext(repo_cache=maven, remote_repos={"maven": repository})
    with Console(stderr=True).status(f"Fetching Kafka {KAFKA_VERSION}, once: looking up what belongs to it"):
        named, needed = context.resolver.resolve([context.create_dependency(each) for each in COORDINATES])
    return [each.artifact for each in [*named, *needed] if each.scope not in ("test", "provided")]


def _shown(artifacts: list[Any]) -> Iterable[Path]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True)) as progress:
        for artifact in progress.track(artifacts, description=f"Fetching Kafka {KAFKA_VERSION}, once"):
            yield Path(artifact.resolve())


def _whole(jar: Path) -> Path:
    if not zipfile.is_zipfile(jar):
        raise RuntimeError(f"{jar.name} arrived damaged")
    return jar
