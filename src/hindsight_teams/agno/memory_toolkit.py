"""The base class of the package's toolkits: copies share the memory, and arguments are converted."""

from __future__ import annotations

import inspect
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from types import MethodType
from typing import TYPE_CHECKING, Any, Self, TypedDict

from agno.run.base import RunContext
from agno.tools.function import Function, FunctionCall
from agno.tools.toolkit import Toolkit

from hindsight_teams.agno import arguments
from hindsight_teams.errors import InvalidInput
from hindsight_teams.memory.member import caller_of

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
        copied._async_tools = [(self._rebound(tool, copied), name) for tool, name in self._async_tools]
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

    Agno makes a tool's schema from exactly these. The function reads its arguments itself (see ``arguments``), and what
    a model gave that can't be used is answered, not raised: Agno logs the arguments of a tool that raises.

    Args:
        method: Of a ``MemoryToolkit``, sync or async.
        name: The tool's name.
        types: Type by parameter; they are the parameters.
        doc: The docstring; the method's own when None.
    """
    described = doc or method.__doc__ or ""
    toolkit: MemoryToolkit = method.__self__  # type: ignore[attr-defined]  # a bound method has it

    def read(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> arguments.Arguments:
        given = {**dict(zip(types, args, strict=False)), **kwargs}
        with toolkit.recording_failure(name.partition("_")[0], given.get("run_context")):
            return arguments.read(name, types, given, doc=described)

    def call(*args: Any, fc: Any = None, **kwargs: Any) -> str:
        try:
            given = read(args, kwargs)
            return toolkit.told(fc, name, given.values, method(**given.values)) + given.note
        except InvalidInput as error:
            return NotDone(error.message)

    async def acall(*args: Any, fc: Any = None, **kwargs: Any) -> str:
        try:
            given = read(args, kwargs)
            return toolkit.told(fc, name, given.values, await method(**given.values)) + given.note
        except InvalidInput as error:
            return NotDone(error.message)

    kind = inspect.Parameter.POSITIONAL_OR_KEYWORD
    parameters = [inspect.Parameter(n, kind, annotation=annotation) for n, annotation in types.items()]
    # Agno fills in its own call by this name, and hides from the schema what has this type.
    parameters.append(inspect.Parameter("fc", inspect.Parameter.KEYWORD_ONLY, annotation=RunContext, default=None))
    function: Any = acall if inspect.iscoroutinefunction(method) else call
    function.__name__ = function.__qualname__ = name
    function.__doc__ = described
    function.__annotations__ = {**types, "fc": RunContext, "return": str}
    function.__signature__ = inspect.Signature(parameters, return_annotation=str)
    function._wrapped_for_validation = True  # Agno's mark: it would refuse what can be read
    function.method = method
    function.toolkit = toolkit  # known again when Agno gives the function alone back
    return function  # type: ignore[no-any-return]  # a function, dressed up
