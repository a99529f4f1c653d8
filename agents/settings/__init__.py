"""Addresses, credentials and sizes of a worker, from the environment and from secret files."""

from agents.settings.load import SettingsFaults, load_settings
from agents.settings.model import RoleName, SaslMechanism, SecurityProtocol, Settings

__all__ = ["RoleName", "SaslMechanism", "SecurityProtocol", "Settings", "SettingsFaults", "load_settings"]
