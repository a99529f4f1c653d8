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
    Limit,
    Limits,
    LinkRules,
    Lives,
    PersonalSilence,
    Playbook,
    Policy,
    Product,
    QuietHours,
    Rejects,
    Required,
    Role,
    Shock,
    Silence,
    Source,
    StageScale,
    Template,
    Variant,
    Volume,
    VolumeCap,
    Warnings,
    Weights,
    Wording,
)
from streams.dispatch.copy.template import FILTERS
from streams.dispatch.copy.writer import FACTS

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
    ("[warnings.stages]", StageScale),
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
    ("[wording]", Wording),
    ("[[wording.required]]", Required),
    ("[wording.link]", LinkRules),
    ("[wording.limits]", Limits),
    ("[wording.limits.CHANNEL]", Limit),
    ("[templates.NAME]", Template),
    ("[templates.NAME.channels.CHANNEL]", Variant),
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

Depth of use is counted in events: a day's depth is ln(1 + its events with a role in the product's `activity`). So
an app says how deeply it was used by an event for each use, and a `feature_use` needs no property for it.
"""

TEMPLATES = f"""## What a template may contain

Plain text with names in braces: `{{{{ days }}}}`. A name is one of the parameters of the playbook that uses the
template, or one of {", ".join(f"`{name}`" for name in FACTS)} (`user` and `product` by their ids, `level` and `stage`
of the warning, `locale` as found below, `link` the short link or else the link of the playbook, where it has one).
Besides there are `{{% if stage == 'lapsed' %}} … {{% else %}} … {{% endif %}}`, `and`, `or`, `not`, `~`, comparisons,
and the filters {", ".join(f"`{name}`" for name in FILTERS)} (`{{{{ product|upper }}}}`), as in
[Jinja](https://jinja.palletsprojects.com/templates/). Nothing else is: no loops, no calls, no arithmetic.

Text and subject are plain on every channel, mail too: whoever puts them into HTML escapes them there. A text is chosen
by the user's `language`: `zh-Hans-CN` is looked for as `zh-hans-cn`, `zh-hans`, `zh`, `default`. A subject or a variant
for a channel speaks the same languages as the text it belongs to.

A playbook whose `template` is not listed here passes it on by name, with the parameters: it is one of the messaging
system, and only its link is checked. An SMS is counted as its provider does: 160 characters of the GSM alphabet (where
`^{{}}\\[~]|€` count two), 70 of any other text, 153 and 67 in each of several; it costs the channel's `cost` for each.
"""

RULES = """## What must agree

- `[products.default]` is there: it stands for every product that is not listed.
- Each product's `activity` has at least one role that some event in `[events]` or of a source maps to.
- `warnings.critical` is under `warnings.risk`; `ratio` of `[warnings.collapse]` is under its
  `rearm_ratio`; `lapsed` of `[warnings.stages]` is under its `dormant`, that under its
  `long_dormant`; each `_clear` of `[breaker]` is under its `_warn`, each `_warn` under its
  `_open`, and `open_minutes` is at most `open_minutes_max`;
  `clear` of `[intake.rejects]` is under its `limit`.
- `min_records` of `[intake.rejects]` is at most half of its `window_records`.
- Budgets of `[budgets]` are for playbooks that are there, caps of `[volume.channels]` for configured channels.
- A `[[caps]]` has a `count`, `gap_hours` or both; with a count of 1 or more one of `hours` and `days`, else neither.
- Caps have names of their own, and so have playbooks; these use configured channels, and name listed products or `"*"`.
- Nothing stands twice in a list.
- Subjects and variants of a template speak the languages of its text. Every text of every playbook, on each of its
  channels and in each language, can be filled and has nothing to be objected to: no forbidden word, no missing part,
  not too long, no bad link.
"""


def page() -> str:
    """The text of docs/policy.md."""
    sections = [f"## `{name}`\n\n{_doc(model)}\n\n{_keys(model)}\n" for name, model in TABLES]
    top = f"## Top level\n\n{_keys(Policy)}\n"
    return "\n".join([NOTE, "", HEAD, top, EVENTS, *sections, TEMPLATES, RULES])


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
