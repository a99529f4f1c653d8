"""Settings: from where they come, and that every fault is told at once without telling a secret."""

import os
import ssl
from pathlib import Path

import pytest

from agents.connection import kafka_options
from agents.settings import RoleName, SettingsFaults, load_settings


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> None:
    """No setting comes from the environment that the tests run in."""
    for name in [name for name in os.environ if name.startswith("CHURN_")]:
        monkeypatch.delenv(name)


def faults(monkeypatch: pytest.MonkeyPatch, **variables: str) -> dict[str, str]:
    """The faults of an environment: variable -> text."""
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(SettingsFaults) as caught:
        load_settings()
    return {fault.key: str(fault) for fault in caught.value.faults}


def test_every_setting_has_a_default() -> None:
    assert load_settings().bootstrap_servers == "localhost:9092"


def test_the_environment_sets_and_what_is_given_by_name_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHURN_ROLES", "health, governor")
    monkeypatch.setenv("CHURN_EVENT_TOPICS", "a.events,b.events")
    monkeypatch.setenv("CHURN_PARTITIONS", "12")
    monkeypatch.setenv("CHURN_STORE", "")
    settings = load_settings(partitions=3)
    assert settings.roles == (RoleName.HEALTH, RoleName.GOVERNOR)
    assert settings.event_topics == ("a.events", "b.events")
    assert (settings.partitions, settings.store) == (3, "memory")


def test_secrets_come_from_files_and_are_never_shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "churn_sasl_password").write_text("hunter2\n")
    (tmp_path / "churn_redis_url").write_text("redis://me:hunter3@board:6379/0\n")
    monkeypatch.setenv("CHURN_SECRETS_DIR", str(tmp_path))
    settings = load_settings(security_protocol="SASL_PLAINTEXT", sasl_username="me")
    assert kafka_options(settings)["sasl_plain_password"] == "hunter2"
    assert settings.redis_url == "redis://me:hunter3@board:6379/0"
    assert "hunter" not in repr(settings)


def test_every_fault_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    told = faults(
        monkeypatch,
        CHURN_BOOTSTRAP_SERVERS="kafka",
        CHURN_PARTITIONS="0",
        CHURN_ROLES="health,helth",
        CHURN_WEB_PORT="http",
        CHURN_STORE="disk",
        CHURN_SECURITY_PROTOCOL="SASL_PLAINTEXT",
        CHURN_TLS_CA_FILE="/nowhere.pem",
        CHURN_REDIS_ULR="redis://me:hunter2@board",
        CHURN_SECRETS_DIR="/nowhere",
        CHURN_EVENT_TOPICS="churn.counts",
    )
    assert sorted(told) == [
        "CHURN_BOOTSTRAP_SERVERS",
        "CHURN_EVENT_TOPICS",
        "CHURN_PARTITIONS",
        "CHURN_REDIS_ULR",
        "CHURN_ROLES",
        "CHURN_SASL_PASSWORD",
        "CHURN_SASL_USERNAME",
        "CHURN_SECRETS_DIR",
        "CHURN_STORE",
        "CHURN_TLS_CA_FILE",
        "CHURN_WEB_PORT",
    ]
    assert told["CHURN_PARTITIONS"] == (
        'environment: CHURN_PARTITIONS = "0" is under 1; expected: partitions of every topic keyed by user, when '
        "created (a worker asks the brokers), 1 to 10000"
    )
    assert "did you mean 'health'?" in told["CHURN_ROLES"]
    assert "did you mean CHURN_REDIS_URL?" in told["CHURN_REDIS_ULR"]


def test_no_fault_shows_a_password(monkeypatch: pytest.MonkeyPatch) -> None:
    told = faults(
        monkeypatch,
        CHURN_REDIS_URL="http://me:hunter2@board",
        CHURN_REDIS_ULR="redis://me:hunter2@board",
        CHURN_SASL_PASWORD="hunter2",
    )
    assert len(told) == 3
    assert "hunter2" not in "".join(told.values())


@pytest.mark.parametrize("name", ["CHURN_ALERTS_PORT", "CHURN_ALERTS_SERVICE_HOST", "CHURN_ALERTS_PORT_6066_TCP_ADDR"])
def test_variables_that_kubernetes_makes_up_are_no_faults(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A service named churn-alerts puts these into every pod."""
    monkeypatch.setenv(name, "tcp://10.0.0.1:6066")
    load_settings()


def test_certificates_go_together_and_need_tls(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "client.pem"
    file.touch()
    assert sorted(faults(monkeypatch, CHURN_TLS_CERT_FILE=str(file))) == ["CHURN_TLS_CERT_FILE", "CHURN_TLS_KEY_FILE"]


def test_what_cannot_be_read_is_not_compared(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A protocol that is none says nothing about whether the certificates are of use."""
    file = tmp_path / "ca.pem"
    file.touch()
    told = faults(monkeypatch, CHURN_SECURITY_PROTOCOL="TLS", CHURN_TLS_CA_FILE=str(file))
    assert list(told) == ["CHURN_SECURITY_PROTOCOL"]


@pytest.mark.parametrize("variable", ["CHURN_EVENT_TOPICS", "CHURN_ROLES"])
def test_nothing_is_named_twice(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    assert list(faults(monkeypatch, **{variable: "health,health"})) == [variable]


def test_plain_connections_carry_no_credentials() -> None:
    assert kafka_options(load_settings()) == {
        "bootstrap_servers": "localhost:9092",
        "security_protocol": "PLAINTEXT",
        "ssl_context": None,
    }


def test_tls_connections_check_the_broker() -> None:
    context = kafka_options(load_settings(security_protocol="SSL"))["ssl_context"]
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.check_hostname


def test_installations_with_different_prefixes_share_nothing() -> None:
    """Topics, groups and changelogs all begin with the prefix."""
    settings = load_settings(topic_prefix="staging.")
    names = [settings.topic("churn.counts"), settings.group(RoleName.HEALTH), settings.changelog(RoleName.HEALTH)]
    assert all(name.startswith("staging.") for name in names)


def test_each_role_has_a_port_of_its_own() -> None:
    settings = load_settings(web_port=7000, roles="governor")
    assert [settings.port(role) for role in RoleName] == [7000, 7001, 7002]
