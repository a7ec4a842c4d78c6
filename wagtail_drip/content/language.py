"""
The language of our texts: Liquid, with few tags, few filters and hard limits. Pure.

A template sees plain values only (``plain``): nothing of ours can be called or reached into from a text.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import lru_cache
from typing import Any, TextIO

import liquid
from liquid import BoundTemplate, RenderContext
from liquid.ast import Node
from liquid.builtin import content, illegal, output
from liquid.builtin.expressions import FilteredExpression, KeywordArgument, Path
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.tags import case_tag, comment_tag, for_tag, if_tag, inline_comment_tag, unless_tag
from liquid.exceptions import (
    FilterArgumentError,
    LiquidError,
    LoopIterationLimitError,
    OutputStreamLimitError,
    UnknownFilterError,
)
from liquid.expression import Expression
from liquid.output import LimitedStringIO
from liquid.stringify import to_liquid_string
from liquid.token import Token
from liquid.undefined import is_undefined

from wagtail_drip.content import quick
from wagtail_drip.content.filters import FILTERS, BadArgument
from wagtail_drip.core.values import value
from wagtail_drip.exceptions import WagtailDripError

LONGEST_SOURCE = 5000  # characters
LONGEST_TEXT = 6400  # bytes: 1600 characters of any script, what gateways take at most
MOST_MEMBERS = 50  # of a list or of all nested loops together
_LONGEST_VALUE = 2000
# Unclosed braces cost the library's lexer, and brackets inside brackets its analysis, the square of their
# number: thousands took seconds.
_MOST_OPENINGS = {"{{": 100, "{%": 100, "[": 100}
_DEEPEST_VALUE = 6
# A price as shops send it: as a number it can be compared and reckoned with, and it prints as it stood.
_DECIMAL = re.compile(r"-?(?:0|[1-9]\d{0,11})\.\d{1,4}")
_OPENING = re.compile(r"\{%-?\s*(\w+)")
# The words after "| default:", in either quotes.
_DEFAULT = re.compile(r"""\|\s*default\s*:\s*(?:"([^"]*)"|'([^']*)')""")
_PLACEHOLDER = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
# What the library might still let through of a value or a source that it did not expect: one text must not
# stop the batch that it is in.
_SURPRISES = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)
_CURLY_QUOTES = "“”„‘’‚«»"


def fixed_words(source: str) -> str:
    """
    Return what a text says whoever reads it: all its branches and the words to use instead, without its commands.

    A NUL stands where something was taken out, so that what stood around it does not become one word.
    """
    return _PLACEHOLDER.sub(lambda found: "\0".join(("", *_defaults(found[0]), "")), source)


def _defaults(placeholder: str) -> list[str]:
    return [one or other for one, other in _DEFAULT.findall(placeholder)]


def gettext_noop(words: str) -> str:
    """Mark words for the translators; ``problems`` translates them, for this file knows no Django."""
    return words


PROBLEMS = {
    "gone": gettext_noop("The text is gone."),
    "too_long": gettext_noop("The text is too long."),
    "unknown_tag": gettext_noop("There is no command “{name}”."),
    "stray_tag": gettext_noop("“{name}” belongs to nothing that was begun before it."),
    "unknown_filter": gettext_noop("There is no filter “{name}”."),
    "wrong_arguments": gettext_noop("The filter “{name}” is not given what it needs."),
    "unclosed": gettext_noop("A “{name}” is opened and not closed."),
    "never_ended": gettext_noop("“{name}” is begun and has no “end{name}”."),
    "empty": gettext_noop("Between the braces there is nothing."),
    "curly_quotes": gettext_noop("Use straight quotes (\" or ') between the braces, not “{name}”."),
    "unexpected": gettext_noop("“{name}” is not understood here."),
    "ranges": gettext_noop("Counting from one number to another is not possible here."),
    "not_understood": gettext_noop("What stands between the braces is not understood."),
    "too_many": gettext_noop("There are too many variables and commands in the text."),
    "too_deep": gettext_noop("There are too many commands inside each other."),
    "too_many_rounds": gettext_noop("A loop has too many rounds."),
    "text_too_long": gettext_noop("With these values the text becomes too long."),
    "cannot_render": gettext_noop("With these values the text cannot be made."),
}


class TemplateError(WagtailDripError):
    """
    A text is not written as our language asks, or cannot be made with these values.

    :ivar code: which of ``PROBLEMS`` it is; ``name`` the word that it is about; ``line`` counts from 1.
    """

    def __init__(self, code: str, *, line: int = 1, name: str = "") -> None:
        self.code, self.line, self.name = code, line, name
        self.message = PROBLEMS[code].format(name=name)
        super().__init__(f"Line {line}: {self.message}")


@value
class Rendered:
    """A text, and the variables that it shows, in their order, for which there was no value and no default."""

    text: str
    missing: tuple[str, ...] = ()


class _Context(RenderContext):
    __slots__ = ("missing",)

    def __init__(self, template: BoundTemplate, *, globals: Mapping[str, object]) -> None:
        super().__init__(template, globals=globals)
        self.missing: dict[str, None] = {}


class _OutputNode(output.OutputNode):
    """Notes a value that is missing when it is about to be shown, so that an "if" around it counts."""

    __slots__ = ("_is_bare", "_needed")

    def __init__(self, token: Token, expression: Expression) -> None:
        super().__init__(token, expression)
        self._needed = tuple(_paths_without_default(expression))
        self._is_bare = bool(self._needed) and not getattr(expression, "filters", None)

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        if not isinstance(context, _Context):
            return super().render_to_output(context, buffer)
        value: object = None
        for path in self._needed:
            value = path.evaluate(context)
            if _is_missing(value):
                context.missing[str(path)] = None
        if not self._is_bare:
            value = self.expression.evaluate(context)
        return buffer.write(to_liquid_string(value, False))


class _Output(output.Output):
    node_class = _OutputNode


def _paths_without_default(expression: Expression) -> Iterator[Path]:
    if not isinstance(expression, FilteredExpression):
        return
    filters = expression.filters or []
    if any(each.name == "default" for each in filters):
        return
    for child in expression.children():
        if isinstance(child, Path):
            yield child


def _is_missing(value: object) -> bool:
    if value is None or is_undefined(value):
        return True
    return isinstance(value, str | list | dict) and (
        not value or (isinstance(value, str) and value.isspace())
    )


class _Environment(liquid.Environment):
    block_nesting_limit = 8
    context_depth_limit = 16
    loop_iteration_limit = MOST_MEMBERS
    local_namespace_limit = _LONGEST_VALUE
    output_stream_limit = LONGEST_TEXT

    def setup_tags_and_filters(self, *, extra: bool = False) -> None:
        for tag in (
            content.Literal,
            _Output,
            illegal.Illegal,
            if_tag.IfTag,
            unless_tag.UnlessTag,
            case_tag.CaseTag,
            for_tag.ForTag,
            for_tag.BreakTag,
            for_tag.ContinueTag,
            comment_tag.CommentTag,
            inline_comment_tag.InlineCommentTag,
        ):
            self.add_tag(tag)
        for name, work in FILTERS.items():
            self.add_filter(name, work)


_environment = _Environment(strict_filters=True)


class Template:
    """
    A text that has been read and understood; rendering it may go on in many threads at once.

    :ivar variables: the names it may show or test, dotted: ``contact.first_name``.
    :ivar roots: what stands before the first dot of each.
    """

    def __init__(self, source: str, parsed: BoundTemplate) -> None:
        self.source = source
        self._parsed = parsed
        analysis = parsed.analyze()
        self.variables = frozenset(str(path) for paths in analysis.globals.values() for path in paths)
        self.roots = frozenset(analysis.globals)
        self._quick = quick.compiled(parsed.nodes, longest_value=_LONGEST_VALUE, longest_text=LONGEST_TEXT)

    def render(self, variables: Mapping[str, Any]) -> Rendered:
        """
        Return the text with these values; what has none is left blank and named in ``missing``.

        :raises TemplateError: if the values make it too long, loop too often, or divide by zero.
        """
        made = self._quick(variables) if self._quick is not None else None
        return Rendered(text=made) if made is not None else self.interpret(variables)

    def interpret(self, variables: Mapping[str, Any]) -> Rendered:
        """Return the same as ``render``, by the interpreter whatever the text is."""
        values = {name: plain(variables[name]) for name in self.roots if name in variables}
        context = _Context(self._parsed, globals=values)
        buffer = LimitedStringIO(limit=LONGEST_TEXT)
        try:
            self._parsed.render_with_context(context, buffer)
        except LiquidError as error:
            raise _explained(error, self.source, when_rendering=True) from None
        except (BadArgument, *_SURPRISES):
            raise TemplateError("cannot_render") from None
        return Rendered(text=buffer.getvalue(), missing=tuple(context.missing))


@lru_cache(maxsize=1024)
def parse(source: str) -> Template:
    """
    Return *source* as a template; the same one for the same source.

    :raises TemplateError: naming the line and what is wrong in it.
    """
    if len(source) > LONGEST_SOURCE:
        raise TemplateError("too_long")
    if any(source.count(opening) > most for opening, most in _MOST_OPENINGS.items()):
        raise TemplateError("too_many")
    try:
        parsed = _environment.from_string(source)
        _check(parsed, source)
        return Template(source, parsed)
    except LiquidError as error:
        raise _explained(error, source) from None
    except RecursionError:
        raise TemplateError("too_deep") from None
    except _SURPRISES:
        raise TemplateError("not_understood") from None


def _check(parsed: BoundTemplate, source: str) -> None:
    """Find now what python-liquid would only find when it comes to render it."""
    for expression in _expressions(parsed.nodes, RenderContext(parsed)):
        if isinstance(expression, RangeLiteral):
            raise TemplateError("ranges", line=_line_of(source, expression.token.start_index))
        for each in getattr(expression, "filters", None) or ():
            line = _line_of(source, each.token.start_index)
            if each.name not in FILTERS:
                raise TemplateError("unknown_filter", line=line, name=each.name)
            given = [argument for argument in each.args if not isinstance(argument, KeywordArgument)]
            if len(given) < len(each.args) or not _takes(each.name, len(given)):
                raise TemplateError("wrong_arguments", line=line, name=each.name)


def _takes(name: str, count: int) -> bool:
    try:
        inspect.signature(FILTERS[name], follow_wrapped=False).bind(*[None] * (count + 1))
    except TypeError:
        return False
    return True


def _expressions(nodes: Iterable[Node], context: RenderContext) -> Iterator[Expression]:
    for node in nodes:
        waiting = list(node.expressions())
        while waiting:
            expression = waiting.pop()
            yield expression
            waiting.extend(expression.children())
        yield from _expressions(node.children(context), context)


def plain(value: Any, *, depth: int = 0) -> Any:
    """
    Return *value* as plain data, cut to what a text can use; what is no data is None.

    A text that holds a price becomes a Decimal, which prints the same and can be compared.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, str):
        # The class's own method: a subclass must not be asked for anything.
        text = str.__str__(value)[:_LONGEST_VALUE]
        return Decimal(text) if "." in text and _DECIMAL.fullmatch(text) else text
    if isinstance(value, int):
        number = int.__int__(value)
        return number if abs(number) < 10**18 else None
    if isinstance(value, float):
        return Decimal(float.__repr__(value)) if abs(value) < 1e15 else None
    if type(value) is Decimal:
        return value if value.is_finite() and -15 < value.adjusted() < 15 else None
    if isinstance(value, date) and type(value).__module__ == "datetime":
        return value
    if depth >= _DEEPEST_VALUE:
        return None
    if isinstance(value, list | tuple):
        members = list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
        return [plain(each, depth=depth + 1) for _, each in zip(range(MOST_MEMBERS), members, strict=False)]
    if isinstance(value, dict):
        return {
            str.__str__(name): plain(each, depth=depth + 1)
            for name, each in dict.items(value)
            if isinstance(name, str)
        }
    return None


def _line_of(source: str, index: int) -> int:
    return source.count("\n", 0, max(index, 0)) + 1


def _explained(error: LiquidError, source: str, *, when_rendering: bool = False) -> TemplateError:
    """Return the library's error in a marketer's words."""
    token = error.token
    known = token is not None and token.start_index >= 0
    line = _line_of(source, token.start_index) if token is not None and known else 1
    if isinstance(error, LoopIterationLimitError):
        return TemplateError("too_many_rounds", line=line)
    if isinstance(error, OutputStreamLimitError):
        return TemplateError("text_too_long", line=line)
    if isinstance(error, UnknownFilterError | FilterArgumentError) and token is not None:
        code = "unknown_filter" if isinstance(error, UnknownFilterError) else "wrong_arguments"
        return TemplateError(code, line=line, name=token.value)
    if when_rendering:
        return TemplateError("cannot_render", line=line)
    message = str(error.message)
    if "nested" in message or "nesting" in message:
        return TemplateError("too_deep", line=line)
    if message.startswith("unexpected tag"):
        name = token.value if token is not None else ""
        code = "stray_tag" if name.startswith("end") or name in ("else", "elsif", "when") else "unknown_tag"
        return TemplateError(code, line=line, name=name)
    if message.startswith("expected tag"):
        return _never_ended(source)
    if token is not None and known and message.startswith(("expected '", "missing tag")):
        return TemplateError("unclosed", line=line, name=token.value[:2])
    if token is not None and known:
        if any(quote in token.value for quote in _CURLY_QUOTES):
            return TemplateError("curly_quotes", line=line, name=token.value[:1])
        if message.startswith("missing"):
            return TemplateError("empty", line=line)
        return TemplateError("unexpected", line=line, name=token.value[:40])
    return _first_broken(source)


def _never_ended(source: str) -> TemplateError:
    """Find the command that has no end, from the inside out."""
    open_: list[tuple[str, int]] = []
    for found in _OPENING.finditer(source):
        name = found[1]
        if name in ("if", "unless", "case", "for", "comment"):
            open_.append((name, found.start()))
        elif name.startswith("end") and open_ and open_[-1][0] == name[3:]:
            open_.pop()
    if not open_:
        return TemplateError("not_understood")
    name, start = open_[-1]
    return TemplateError("never_ended", line=_line_of(source, start), name=name)


def _first_broken(source: str) -> TemplateError:
    """Find the placeholder that cannot be read, where the library does not say which one it is."""
    for found in _PLACEHOLDER.finditer(source):
        line = _line_of(source, found.start())
        if not found[0][2:-2].strip(" \t\r\n-"):
            return TemplateError("empty", line=line)
        if found[0].startswith("{{"):
            try:
                _environment.from_string(found[0])
            except LiquidError:
                return TemplateError("not_understood", line=line)
    return TemplateError("not_understood")
