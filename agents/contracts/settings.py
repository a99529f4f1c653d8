"""The page about settings: every variable, its default, its meaning."""

from pydantic.fields import FieldInfo

from agents.contracts.table import NOTE, table
from agents.settings import Settings
from agents.settings.load import variable
from agents.settings.model import SECRETS_DIR

HEAD = f"""# Settings

Addresses, credentials and sizes of a worker. Each is read from its environment variable, or from the file of the same
name in lower case in the directory that `{SECRETS_DIR}` names (mounted secrets); the variable wins, an empty one counts
as not set. Lists are separated by commas. All faults are told at once, with the variable's name; a variable that looks
like a misspelt one of these is a fault, too.
"""


def page() -> str:
    """The text of docs/settings.md."""
    fields = Settings.model_fields.items()
    rows = [(f"`{variable(name)}`", _default(field), field.description or "") for name, field in fields]
    return "\n".join([NOTE, "", HEAD, table(("variable", "default", "meaning"), rows), ""])


def _default(field: FieldInfo) -> str:
    """As it would be written in the environment."""
    if field.default in (None, ""):
        return "none"
    written = ",".join(field.default) if isinstance(field.default, tuple) else str(field.default)
    return f"`{written}`"
