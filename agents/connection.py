"""How a client of aiokafka reaches the brokers: address, name and password, certificates."""

import ssl
from typing import Any

from pydantic import SecretStr

from agents.settings.model import Settings


def kafka_options(settings: Settings) -> dict[str, Any]:
    """Keyword arguments for any client of aiokafka (producer, consumer, admin).

    Raises ``ssl.SSLError`` for a file that holds no certificate or key, or a key that the password does not open.
    """
    return {
        "bootstrap_servers": settings.bootstrap_servers,
        "security_protocol": settings.security_protocol.value,
        "ssl_context": _tls(settings) if settings.security_protocol.tls else None,
        **(_sasl(settings) if settings.security_protocol.sasl else {}),
    }


def _sasl(settings: Settings) -> dict[str, Any]:
    return {
        "sasl_mechanism": settings.sasl_mechanism.value,
        "sasl_plain_username": settings.sasl_username,
        "sasl_plain_password": _open(settings.sasl_password),
    }


def _tls(settings: Settings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.tls_ca_file)
    if settings.tls_cert_file:
        context.load_cert_chain(settings.tls_cert_file, settings.tls_key_file, _open(settings.tls_key_password))
    return context


def _open(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
