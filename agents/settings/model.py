"""Where a worker runs and how it is tuned: addresses, credentials, sizes. What the business decides is policy.

A setting is read from the variable ``CHURN_<NAME>``, or from the file ``churn_<name>`` in the directory that
``CHURN_SECRETS_DIR`` names (mounted secrets); the variable wins. An empty variable counts as not set.
"""

import os
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, FilePath, SecretStr, StringConstraints
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from schemas import topics
from streams.partitioner import Partitioner, Placement

PREFIX = "CHURN_"
SECRETS_DIR = PREFIX + "SECRETS_DIR"


class RoleName(StrEnum):
    """The roles that a worker can run, in the order of their web ports; also the values of the ``role`` label."""

    HEALTH = "health"
    DISPATCHER = "dispatcher"
    GOVERNOR = "governor"


class SecurityProtocol(StrEnum):
    """How a connection to Kafka is protected (Kafka's own names)."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_PLAINTEXT = "SASL_PLAINTEXT"
    SASL_SSL = "SASL_SSL"

    @property
    def sasl(self) -> bool:
        """Whether the client gives a name and a password."""
        return self.startswith("SASL_")

    @property
    def tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.endswith("SSL")


class SaslMechanism(StrEnum):
    """How the password is shown to Kafka."""

    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


def _listed(value: object) -> object:
    """A list from ``a, b`` (environment), or the list as it is (Python)."""
    return tuple(part for part in map(str.strip, value.split(",")) if part) if isinstance(value, str) else value


TopicName = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9._-]+$", max_length=200)]
Servers = Annotated[str, StringConstraints(pattern=r"^[^\s:,]+:\d+(,[^\s:,]+:\d+)*$")]
RedisUrl = Annotated[str, StringConstraints(pattern=r"^(rediss?|unix)://\S+$")]


class Settings(BaseSettings):
    """Every setting with its default; get one by ``load_settings``, which tells all faults."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_ignore_empty=True, frozen=True, extra="ignore")

    bootstrap_servers: Servers = Field(
        default="localhost:9092", description="Kafka brokers to begin with, host:port, separated by commas"
    )
    redis_url: RedisUrl = Field(
        default="redis://localhost:6379/0",
        repr=False,
        description="the board, redis://, rediss:// (TLS) or unix:// address; may carry user and password",
    )
    policy_path: Path = Field(default=Path("deploy/policies/shop.toml"), description="the policy, a TOML file")
    topic_prefix: Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9._-]*$", max_length=100)] = Field(
        default="", description="put before the name of every topic of ours, letters, digits, '.', '_', '-'"
    )
    event_topics: Annotated[tuple[TopicName, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=(topics.EVENTS,),
        min_length=1,
        description="input topics without the prefix, separated by commas",
    )
    partitions: int = Field(
        default=8,
        ge=1,
        le=10_000,
        description="partitions of every topic keyed by user, when created (a worker asks the brokers), 1 to 10000",
    )
    app_id: TopicName = Field(
        default="churn-alerts", description="consumer groups, changelogs and transactional ids begin with it"
    )
    roles: Annotated[tuple[RoleName, ...], NoDecode, BeforeValidator(_listed)] = Field(
        default=tuple(RoleName),
        min_length=1,
        description="roles of this worker, separated by commas: health, dispatcher, governor",
    )
    web_host: str = Field(
        default="127.0.0.1", description="address for /metrics, /healthz and /readyz; 0.0.0.0 in a container"
    )
    web_port: int = Field(
        default=6066, ge=1, le=65_000, description="port of the first role, the next roles follow, 1 to 65000"
    )
    data_dir: Path = Field(default=Path("churn-data"), description="directory for local state")
    store: Literal["memory", "rocksdb"] = Field(
        default="memory", description="where a partition's state is kept: memory, or rocksdb for more than fits"
    )
    session_timeout_seconds: float = Field(
        default=10.0, ge=1, le=300, description="silence after which a worker's partitions go to others, 1 to 300"
    )
    partitioner: Partitioner = Field(
        default=Partitioner.MURMUR2,
        description="how the apps' producers choose partitions: murmur2 (Java), crc32 (librdkafka)",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="least level that is logged: debug, info, warning or error"
    )
    max_records: int = Field(
        default=16_000, ge=1, le=1_000_000, description="records that a transaction absorbs at most, 1 to 1000000"
    )
    commit_timeout_seconds: float = Field(
        default=30.0, ge=1, le=600, description="time after which a commit is given up, seconds, 1 to 600"
    )
    security_protocol: SecurityProtocol = Field(
        default=SecurityProtocol.PLAINTEXT, description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
    )
    sasl_mechanism: SaslMechanism = Field(
        default=SaslMechanism.SCRAM_SHA_512, description="PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512"
    )
    sasl_username: str | None = Field(default=None, description="name for SASL")
    sasl_password: SecretStr | None = Field(default=None, description="password for SASL, better as a secret file")
    tls_ca_file: FilePath | None = Field(
        default=None, description="existing PEM file with the certificate authorities; the system's if not set"
    )
    tls_cert_file: FilePath | None = Field(default=None, description="existing PEM file with the client's certificate")
    tls_key_file: FilePath | None = Field(default=None, description="existing PEM file with the client's key")
    tls_key_password: SecretStr | None = Field(default=None, description="password of the client's key")

    def topic(self, name: str) -> str:
        """A topic's full name in this installation."""
        return self.topic_prefix + name

    @property
    def placement(self) -> Placement:
        """How keys are spread; holds where ``partitions`` is what the topics have (a worker sees to that)."""
        return Placement(self.partitions, self.partitioner)

    def group(self, role: RoleName) -> str:
        """A role's consumer group; its transactional ids begin with it."""
        return f"{self.topic_prefix}{self.app_id}-{role.value}"

    def changelog(self, role: RoleName) -> str:
        """The topic that holds a role's state."""
        return f"{self.group(role)}-state-changelog"

    def port(self, role: RoleName) -> int:
        """The web port of a role's process."""
        return self.web_port + tuple(RoleName).index(role)

    def __init__(self, **given: Any) -> None:
        """Read environment and secret files; what is given by name wins over both."""
        directory = os.environ.get(SECRETS_DIR)
        super().__init__(_secrets_dir=directory if directory and Path(directory).is_dir() else None, **given)
