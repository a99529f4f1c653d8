"""The page about policy files: every key of every table, its default, its meaning."""

from pydantic import BaseModel

from agents.contracts.table import NOTE, default_of, table
from schemas.policy import (
    Blast,
    BreakerPolicy,
    Budgets,
    Cap,
    ChannelPolicy,
    Collapse,
    Decline,
    Dispatch,
    Intake,
    Lapse,
    Life,
    Lives,
    PersonalSilence,
    Playbook,
    Policy,
    Product,
    QuietHours,
    Rejects,
    Role,
    Shock,
    Silence,
    Source,
    Volume,
    VolumeCap,
    Warnings,
    Weights,
)

TABLES: tuple[tuple[str, type[BaseModel]], ...] = (
    ("[sources.NAME]", Source),
    ("[products.NAME]", Product),
    ("[products.NAME.life]", Lives),
    ("[products.NAME.life.STAGE]", Life),
    ("[products.NAME.life.STAGE.weights]", Weights),
    ("[intake]", Intake),
    ("[intake.rejects]", Rejects),
    ("[warnings]", Warnings),
    ("[warnings.decline]", Decline),
    ("[warnings.silence]", PersonalSilence),
    ("[warnings.lapse]", Lapse),
    ("[warnings.shock]", Shock),
    ("[warnings.collapse]", Collapse),
    ("[channels.NAME]", ChannelPolicy),
    ("[[caps]]", Cap),
    ("[[quiet_hours]]", QuietHours),
    ("[silence]", Silence),
    ("[breaker]", BreakerPolicy),
    ("[budgets]", Budgets),
    ("[volume]", Volume),
    ("[volume.channels.NAME]", VolumeCap),
    ("[blast]", Blast),
    ("[dispatch]", Dispatch),
    ("[[playbooks]]", Playbook),
)

HEAD = """# Policy files

A policy is one TOML file that holds everything the business decides. `churn-alerts policy check FILE` tells every
fault of a file at once; a worker refuses to start with a faulty one. Every warning, decision and message carries the
policy's hash; comments, order, white space and defaults that are spelled out do not change the hash.
Complete examples, each with its page: [shop](policies/shop.md), [content](policies/content.md).
"""

EVENTS = f"""## `[events]`

The app's own event names, each with the role it plays for us: {", ".join(f"`{role}`" for role in Role)}.
"""

RULES = """## What must agree

- `[products.default]` is there: it stands for every product that is not listed.
- Each product's `activity` has at least one role that some event in `[events]` or of a source maps to.
- `warnings.critical` is under `warnings.risk`; `ratio` of `[warnings.collapse]` is under its
  `rearm_ratio`; each `_clear` of `[breaker]` is under its `_warn`, each `_warn` under its
  `_open`, and `open_minutes` is at most `open_minutes_max`;
  `clear` of `[intake.rejects]` is under its `limit`.
- `min_records` of `[intake.rejects]` is at most half of its `window_records`.
- Budgets of `[budgets]` are for playbooks that are there, caps of `[volume.channels]` for configured channels.
- A `[[caps]]` has a `count`, `gap_hours` or both; with a count of 1 or more one of `hours` and `days`, else neither.
- Caps have names of their own, and so have playbooks; these use configured channels, and name listed products or `"*"`.
- Nothing stands twice in a list.
"""


def page() -> str:
    """The text of docs/policy.md."""
    sections = [f"## `{name}`\n\n{_doc(model)}\n\n{_keys(model)}\n" for name, model in TABLES]
    top = f"## Top level\n\n{_keys(Policy)}\n"
    return "\n".join([NOTE, "", HEAD, top, EVENTS, *sections, RULES])


def _doc(model: type[BaseModel]) -> str:
    return (model.__doc__ or "").split("\n\n")[0].replace("``", "`")


def _keys(model: type[BaseModel]) -> str:
    rows = [
        (
            f"`{field.alias or name}`",
            "a table" if _is_table(field.default) else default_of(field),
            field.description or "",
        )
        for name, field in model.model_fields.items()
    ]
    return table(("key", "default", "meaning"), rows)


def _is_table(default: object) -> bool:
    """Tables with tables of their own are described below, not as a default."""
    return isinstance(default, BaseModel | dict) and type(default).__name__ != "Cap" and bool(default)
