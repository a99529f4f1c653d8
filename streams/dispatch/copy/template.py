"""The language of templates: Jinja2's, with nothing in it that computes.

Names, ``if``, comparison, ``~`` and a few filters are all there is; loops, calls, attributes, arithmetic and
assignments are refused. So a rendering always ends, is never much longer than the template and what is put into it,
and hangs on nothing but those: no clock, no chance.
"""

from collections.abc import Mapping
from typing import Final

from jinja2 import StrictUndefined, TemplateError, nodes
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

FILTERS: Final = ("capitalize", "lower", "title", "trim", "truncate", "upper", "urlencode")
MAX_CHARACTERS: Final = 100_000
"""Characters of the longest text."""

_ALLOWED: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.If, nodes.CondExpr),
    *(nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not, nodes.Concat, nodes.Filter),
)


class Unusable(Exception):
    """A template that is no template of ours, or cannot be filled; the text says why."""


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined, autoescape=False, trim_blocks=True, lstrip_blocks=True
    )
    environment.globals.clear()
    environment.tests.clear()
    environment.filters = {name: environment.filters[name] for name in FILTERS}
    return environment


ENVIRONMENT: Final = _environment()


class TextTemplate:
    """A compiled template; ``names`` are what it must be given. Raises :class:`Unusable` where it cannot be compiled.

    >>> TextTemplate("Hi{% if vip == 'yes' %}, dear {{ name|title }}{% endif %}!").render({"vip": "yes", "name": "li"})
    'Hi, dear Li!'
    >>> TextTemplate("{% for n in range(9) %}x{% endfor %}")
    Traceback (most recent call last):
        ...
    streams.dispatch.copy.template.Unusable: line 1: 'for' is not part of the language of templates
    """

    def __init__(self, source: str) -> None:
        try:
            tree = ENVIRONMENT.parse(source)
            _refuse(tree)
            self.names = frozenset(find_undeclared_variables(tree))
            self._template = ENVIRONMENT.from_string(tree)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            raise Unusable(f"line {line}: {error.message}" if line else str(error.message)) from error
        except (SyntaxError, RecursionError, MemoryError, ValueError, OverflowError) as error:
            raise Unusable("it is nested too deep, or holds a number that is too long") from error

    def render(self, values: Mapping[str, str]) -> str:
        """The text; raises :class:`Unusable` where any name has no value or a filter cannot take what it is given."""
        if missing := self.names - values.keys():
            raise Unusable(f"there is no value for {', '.join(map(repr, sorted(missing)))}")
        try:
            text = self._template.render(values)
        except (TemplateError, TypeError, ValueError, ArithmeticError, LookupError, RecursionError) as error:
            raise Unusable(str(error)) from error
        if len(text) > MAX_CHARACTERS:
            raise Unusable(f"its text has {len(text)} characters, at most {MAX_CHARACTERS} are taken")
        return text


def _refuse(tree: nodes.Template) -> None:
    for node in tree.find_all(nodes.Node):
        if not isinstance(node, _ALLOWED):
            name = type(node).__name__.lower()
            raise Unusable(f"line {node.lineno}: {name!r} is not part of the language of templates")
        if isinstance(node, nodes.Filter) and node.name not in FILTERS:
            raise Unusable(f"line {node.lineno}: filter {node.name!r} is not known; there are {', '.join(FILTERS)}")
