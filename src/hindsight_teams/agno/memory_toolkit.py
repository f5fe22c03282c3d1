"""The base class of the package's toolkits: copies share the memory, and a model's arguments are converted."""

from __future__ import annotations

import inspect
import json
import re
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from types import MethodType
from typing import TYPE_CHECKING, Any, Literal, Self, TypedDict, get_args, get_origin

from agno.exceptions import AgentRunException
from agno.run.base import RunContext
from agno.tools.function import Function, FunctionCall
from agno.tools.toolkit import Toolkit

from hindsight_teams.errors import HindsightTeamsError, InvalidInput
from hindsight_teams.memory.member import caller_of
from hindsight_teams.models import check_choice
from hindsight_teams.text import one_line

if TYPE_CHECKING:
    from hindsight_teams.memory.curation import Reviews
    from hindsight_teams.memory.member import MemberMemory


class NotDone(str):
    """An answer that says why a call did nothing, for who must tell it from others; a model reads it as any."""

    __slots__ = ()


class ToolkitOptions(TypedDict, total=False):
    """The options of Agno's own Toolkit, which each toolkit here takes too."""

    name: str
    id: str | None
    instructions: str | None
    add_instructions: bool
    include_tools: list[str] | None
    exclude_tools: list[str] | None
    requires_confirmation_tools: list[str] | None
    external_execution_required_tools: list[str] | None
    stop_after_tool_call_tools: list[str] | None
    show_result_tools: list[str] | None
    cache_results: bool
    cache_ttl: int
    cache_dir: str | None
    timeout: int | None
    auto_register: bool


class MemoryToolkit(Toolkit):
    """A toolkit over somebody's memory: a copy of it shares the memory, and keeps all else.

    AgentOS copies an agent's toolkits for each request. A copy keeps every option that Agno's Toolkit takes, what a
    subclass added, and what was registered later; its functions are bound to the copy.

    Agno's cache of results is refused: it knows a call by its arguments alone, keeps it in a file that all processes of
    the machine share, and would give one user what another one asked for, also after it was forgotten.

    Raises:
        InvalidInput: ``cache_results`` was asked for.
    """

    def __init__(self, **kwargs: Any) -> None:
        if kwargs.get("cache_results"):
            raise InvalidInput(
                "cache_results=True would show one user's memories to another: Agno keeps results by their arguments"
                " alone; leave it out"
            )
        super().__init__(**kwargs)

    def register(self, function: Callable[..., Any] | Function, name: str | None = None) -> None:
        """Register a tool without flags that say no.

        Agno describes a tool to the model with each of its flags that is not None. One that says no costs a tenth of
        the description's tokens, and small models write it into their answers.
        """
        super().register(function, name=name)
        for registered in (*self.functions.values(), *self.async_functions.values()):
            registered.requires_confirmation = registered.requires_confirmation or None
            registered.external_execution = registered.external_execution or None

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        copied = object.__new__(type(self))
        memo[id(self)] = copied
        for name, value in self.__dict__.items():
            setattr(copied, name, list(value) if isinstance(value, list) else value)
        copied.tools = [self._rebound(tool, copied) for tool in self.tools]
        copied.functions = self._functions_for(copied, self.functions)
        copied.async_functions = self._functions_for(copied, self.async_functions)
        return copied

    @property
    def _service(self) -> MemberMemory | Reviews:
        """What the tools call, and what records each call."""
        raise NotImplementedError

    def recording_failure(self, verb: str, run_context: Any) -> AbstractContextManager[None]:
        """Record a call whose arguments can't be read, so that it never reaches the service."""
        return self._service.recording_failure(verb, caller_of(self._service, run_context))

    def told(self, call: FunctionCall | None, tool: str, values: Mapping[str, Any], answer: str) -> str:
        """What the model reads of a tool's answer; a toolkit may shorten it.

        Args:
            call: Agno's, where Agno makes it.
            tool: The tool's name.
            values: Its arguments.
            answer: What it answered.
        """
        return answer

    def _functions_for(self, copied: Toolkit, functions: Mapping[str, Function]) -> OrderedDict[str, Function]:
        made: OrderedDict[str, Function] = OrderedDict()
        for name, function in functions.items():
            made[name] = function.model_copy(deep=True)
            made[name].entrypoint = self._rebound(function.entrypoint, copied)
        return made

    def _rebound(self, tool: Any, copied: Toolkit) -> Any:
        """The tool with the copy in place of this toolkit, if it is one of its methods, dressed or bare."""
        method = getattr(tool, "method", tool)
        if getattr(method, "__self__", None) is not self:
            return tool
        moved = MethodType(method.__func__, copied)
        if method is tool:
            return moved
        types = {name: kind for name, kind in tool.__annotations__.items() if name not in ("fc", "return")}
        return dressed(moved, tool.__name__, types, tool.__doc__)


def dressed(method: Callable[..., Any], name: str, types: dict[str, Any], doc: str | None = None) -> Callable[..., Any]:
    """A function that calls a bound method, under a name, signature and description of its own.

    Agno makes a tool's schema from exactly these. The function reads its arguments itself, and what
    a model gave that can't be used is answered, not raised. Any other error of the package reaches a call by Agno as an
    ``AgentRunException``: the model reads its sentence, the call counts as failed, and Agno logs neither a traceback
    nor the arguments.

    Args:
        method: Of a ``MemoryToolkit``, sync or async.
        name: The tool's name.
        types: Type by parameter; they are the parameters.
        doc: The docstring; the method's own when None.
    """
    described = doc or method.__doc__ or ""
    toolkit: MemoryToolkit = method.__self__  # type: ignore[attr-defined]  # a bound method has it

    def read(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> Arguments:
        given = {**dict(zip(types, args, strict=False)), **kwargs}
        with toolkit.recording_failure(name.partition("_")[0], given.get("run_context")):
            try:
                return read_arguments(name, types, given, doc=described)
            except RecursionError:
                raise InvalidInput(f"what {name} was given is nested too deeply; give a plain text") from None

    def answered(error: HindsightTeamsError, fc: Any) -> NotDone:
        if isinstance(error, InvalidInput):
            return NotDone(error.message)
        raise error if fc is None else AgentRunException(error.message) from error

    def call(*args: Any, fc: Any = None, **kwargs: Any) -> str:
        try:
            given = read(args, kwargs)
            return toolkit.told(fc, name, given.values, method(**given.values)) + given.note
        except HindsightTeamsError as error:
            return answered(error, fc)

    async def acall(*args: Any, fc: Any = None, **kwargs: Any) -> str:
        try:
            given = read(args, kwargs)
            return toolkit.told(fc, name, given.values, await method(**given.values)) + given.note
        except HindsightTeamsError as error:
            return answered(error, fc)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(n, kind, annotation=annotation) for n, annotation in types.items()]
    # Agno fills in its own call by this name, and hides from the schema what has this type.
    parameters.append(inspect.Parameter("fc", inspect.Parameter.KEYWORD_ONLY, annotation=RunContext, default=None))
    function: Any = acall if inspect.iscoroutinefunction(method) else call
    function.__name__ = function.__qualname__ = name
    function.__doc__ = described
    # Of this type a parameter is the framework's own, and in no schema.
    function.__annotations__ = {**types, "fc": RunContext, "return": str}
    function.__signature__ = inspect.Signature(parameters, return_annotation=str)
    function._wrapped_for_validation = True  # Agno's mark: it would refuse what can be read
    function.method = method
    function.toolkit = toolkit  # known again when Agno gives the function alone back
    return function  # type: ignore[no-any-return]  # a function, dressed up


_SHOWN = 80
_PHRASE = 4
"""From how many words on a description with one word changed says nothing of its own."""
_OTHER_NAMES = frozenset(
    "content contents text fact facts memory memories message statement information info input data value note query"
    " question search keywords topic".split()
)
"""What models call the one text that a tool takes."""


@dataclass(frozen=True, slots=True)
class Arguments:
    """The arguments of a call.

    Attributes:
        values: By parameter.
        left_out: The names of those that the tool does not take.
    """

    values: dict[str, Any]
    left_out: tuple[str, ...] = ()

    @property
    def note(self) -> str:
        """What to tell the model of what was left out; empty where nothing was."""
        names = ", ".join(one_line(name)[:_SHOWN] for name in self.left_out)
        return f" (Left out, since this tool does not take it: {names}.)" if names else ""


def read_arguments(tool: str, types: Mapping[str, Any], given: Mapping[str, Any], *, doc: str = "") -> Arguments:
    """The arguments of a call, converted into the types that the tool takes.

    Small models give a list where a text is asked for, wrap a text once more, rename an argument or make one up. What
    can be read is read, and what is left out is told to the model, which may put it into the text.

    Args:
        tool: The tool's name.
        types: Type by parameter: ``str``, a ``Literal`` of strings, or what Agno puts in itself.
        given: What the model, and Agno, gave.
        doc: The tool's docstring: a parameter's description is not an argument for it.

    Raises:
        InvalidInput: A text is missing, or a choice is none of those offered; it says how to call again.
    """
    texts = [name for name, kind in types.items() if kind is str]
    values = {name: given[name] for name in types if name in given}
    more = {name: value for name, value in given.items() if name not in types}
    for name in texts:
        values[name] = _text(values.get(name), name)
    missing = [name for name in texts if not values[name] or _is_description(name, values[name], doc)]
    if len(missing) == 1 and missing[0] not in given:
        for alias in [name for name in more if name in _OTHER_NAMES and _text(more[name], name)][:1]:
            values[missing.pop()] = _text(more.pop(alias), alias)
    if missing and any(values[name] or not isinstance(given.get(name), str) for name in missing):
        raise InvalidInput(f"{missing[0]} is missing; call {tool} again with {missing[0]} as a text")
    for name, kind in types.items():
        if get_origin(kind) is Literal and name in values:
            values[name] = _choice(name, values[name], get_args(kind))
    return Arguments(values, tuple(more))


def _is_description(name: str, text: str, doc: str) -> bool:
    """Whether a text is what the docstring says of the parameter, or that with one word of several put in.

    A small model that was given nothing to store gives "The observation to remember." for "The fact to remember."
    """
    found = re.search(rf"^\s*{re.escape(name)}: (.+)$", doc, re.M)
    described, own = (re.findall(r"\w+", words.casefold()) for words in (found[1] if found else "", text))
    others = sum(theirs != mine for theirs, mine in zip(described, own, strict=False))
    return len(own) == len(described) and others <= (len(own) >= _PHRASE) and bool(own)


def _text(given: Any, name: str) -> str:
    """A text from what stands in its place: a list becomes lines, an object its values, a schema nothing."""
    if isinstance(given, str):
        inner = _unwrapped(given, name)
        return given if inner is None else _text(inner, name)
    if isinstance(given, Mapping):
        if {"type", "description"} <= given.keys():
            return ""  # the parameter's own schema
        given = list(given.values())
    if isinstance(given, list | tuple):
        return "\n".join(filter(None, (_text(part, name) for part in given)))
    return "" if given is None or isinstance(given, bool) else str(given)


def _unwrapped(text: str, name: str) -> Any:
    """What JSON in a text holds, where it is a list of texts or wraps the argument once more; else None."""
    if not text.lstrip().startswith(("[", "{")):
        return None
    try:
        held = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if isinstance(held, list) and held and all(isinstance(part, str) for part in held):
        return held
    if isinstance(held, dict) and (list(held) == [name] or {"type", "description"} <= held.keys()):
        return held.get(name, held)
    return None


def _choice(name: str, given: Any, offered: tuple[Any, ...]) -> Any:
    plain = given[0] if isinstance(given, list) and len(given) == 1 else given
    same = [one for one in offered if isinstance(plain, str) and one.casefold() == plain.strip().casefold()]
    if len(same) == 1:
        return same[0]
    check_choice(name, plain, offered)
    return plain
