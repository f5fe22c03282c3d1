"""The check for texts that imitate the structures around a memory: prompts, lists, tool calls, templates, markup.

An ordinary note has no control characters, no chat markup and no picture whose address carries the conversation away.
What is recalled is escaped when it is shown; this check reports who tries. Every pattern is bounded, so the cost grows
with the length of the text and no faster.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from hindsight_teams.guard.uncover import hidden
from hindsight_teams.guard.verdict import Verdict, WriteAttempt, found_by

_CODE_SPAN = re.compile(r"`[^`\n]{1,500}`")

_ORDER = (
    r"(?:you\b|your\b|ignore|disregard|forget|always|never|do not|don'?t|approve|grant|reveal|allow|obey|send|reply"
    r"|comply|the (?:user|caller) is (?:now )?(?:an? |the )?(?:admin|root|owner|superuser|verified|authori[sz]ed)"
    r"|the (?:assistant|agent|model|ai) (?:must|should|may|can|is)\b|answer|respond|from now on|starting now|override"
    r"|all (?:previous|prior|earlier)|the (?:previous|prior|earlier)|new (?:rule|instruction|polic|task))"
)
_TOOLS = (
    r"(?:retain_memory|recall_memory|reflect_on_memory|propose_memory|list_reviews|approve_memory|reject_memory"
    r"|forget_memory|correct_memory|update_user_memory)"
)
_CALL = (
    r"(?:\b(?:call|use|run|invoke|execute|trigger|rufe|nutze|verwende|fuehre|führe|appelle|appelez|utilise|utilisez"
    r"|execute|exécute|exécutez|llama|usa|ejecuta|chiama|esegui|chame|execute|вызови|используй|запусти|gebruik|roep)\b"
    r"|调用|使用|执行|呼び出|実行|호출|실행)"
)
_STATE = (
    r"(?:api_?key|secret|passw(?:or)?d|credential|private_?key|access_?key|session_state|system_?prompt|conversation"
    r"|chat_?history|user_?(?:message|data|memories|input))"
)
_WIDER_STATE = (
    rf"(?:{_STATE}|(?<!csrf_)token|messages|memories|environ|env\b|config\b|settings\b|history|session|cookie"
    r"|request\b|self\b)"
)
_DUNDER = r"__(?:class|mro|globals|subclasses|builtins|import|init|base|dict)s?__"
_CODE = rf"(?:{_DUNDER}|\bos\.|\bpopen|\bsubprocess|\bimport\s+os\b|\beval\(|\bexec\(|\bgetattr\(|lipsum|cycler)"

_PATTERNS = {
    name: re.compile(pattern, re.IGNORECASE | re.MULTILINE)
    for name, pattern in {
        "holds control characters": r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x84\x86-\x9f]|\r(?!\n|\Z)",
        "imitates a list of memories": r"^[ \t]{0,8}\d{1,4}[.)][ \t]{1,4}\[[^\[\]\n|]{0,120}\|[^\[\]\n]{0,200}\]"
        r"|^[ \t]{0,8}(?:[-*][ \t])?\[(?:(?:Happen(?:ed|s)|Noted|Since"
        r"|Until) )?\d{4}(?:-\d\d){0,2} ?(?:to [\d-]{4,10} ?)?\|[^\[\]\n]{0,200}\]",
        "imitates a fence or a prompt": r"</?\s{0,3}(?:recalled|retrieved|injected|stored)[-_ ]?memor|</?memor(?:y"
        r"|ies)[-_]\w|</?memories\b|^[ \t]{0,8}</memory>|<memory\s[^<>\n]{0,100}?\b(?:author|bank|by|date|from|role"
        r"|source|trust\w{0,5}|user)\s?=|^[-=*_#]{2,20} ?(?:system|admin|developer|root) (?:override|message|prompt"
        r"|command|notice|instruction|alert)s? ?[-=*_#]{2,20}$|^\[(?:end|begin|start|new)(?: of)?(?: the)? (?:memor"
        r"|context|prompt|system|instruction|user|data)[ \w]{0,30}\]$|</?\s{0,3}(?:system|developer|admin|assistant"
        r"|instructions?|system[-_]\w{1,30}|additional[-_]context|session[-_]context|important|override"
        r"|tool[-_](?:calls?|response|result|use)|function[-_](?:calls?|results?)|untrusted[-_]\w{1,20}"
        r"|end[-_]of[-_]\w{1,20})(?:\s[^<>\n]{0,100})?>|^#{1,6}[ \t]{0,3}(?:new|updated|end of|begin|start of|hidden"
        r"|real|important|urgent)[ \t]{1,3}(?:the )?(?:system|developer|assistant|admin(?:istrator)?"
        r"|user)\b[ \w]{0,30}$|^#{1,6}[ \t]{0,3}(?:system|developer|assistant|human|instructions?"
        r"|response)[ \t]{0,3}(?:message|prompt)?[ \t]{0,3}:|^[-=*_]{3,20}[ \t]{0,3}(?:end|begin|start|new"
        r"|stop)[ \t]{1,3}(?:of )?(?:the )?(?:system|user|memor|prompt|context|instruction|developer|data"
        r"|untrusted)[ \w]{0,30}[-=*_]{0,20}[ \t]{0,3}$",
        "holds chat markup": r"^`{3}(?:system|prompt|instructions?|(?:tool|function)[-_](?:call|code|result|output"
        r"|response)s?)\b|<[|\uff5c][\w\u2581 /-]{2,40}[|\uff5c]>|\[/?INST\]|<</?SYS>>|</?(?:start|end)_of_turn>"
        r"|^Human[ \t]?:[^\n]{1,500}\n{1,3}Assistant[ \t]?:|^(?:system|developer)[ \t]?:[^\n]{1,500}\n{1,3}(?:user"
        r"|human|assistant)[ \t]?:|\[(?:TOOL_CALLS|AVAILABLE_TOOLS|SYSTEM_PROMPT)\]|\[(?:system"
        r"|developer)\][ \t]{0,3}:?|\[\w{0,20}MEMORY_\w{1,20}\]|\"role\"\s{0,5}:\s{0,5}\"(?:system"
        r"|developer)\"\s{0,5},\s{0,5}\"content\"\s{0,5}:\s{0,5}\"[^\".<]{12}",
        "switches the rules off": r"^[\W_]{0,8}(?:begin|start|enter) (?:(?:system|developer|admin|safety) )?(?:override"
        r"|jailbreak)\b|[\"'\s{,](?:system_override|jailbreak|(?:override|ignore|bypass|disable)_(?:system|safety|rules"
        r"|instructions|guard\w*|filters?|polic\w+|prompt))[\"']?\s?[:=]\s?[\"']?(?:true|1|on|yes)\b",
        "speaks as the system": r"^[\W_]{0,4}(?:system|developer|admin(?:istrator)?|assistant)[ \t]?(?:message|prompt"
        r"|note|notice|override|alert"
        rf"|instruction)?[*_\])]{{0,3}}[ \t]?[:\uff1a][*_ \t]{{0,4}}{_ORDER}",
        "holds a tool call": r"\"(?:tool_calls|function_calls)\"\s{0,5}:\s{0,5}\[\s{0,5}\{"
        r"|\"function_call\"\s{0,5}:\s{0,5}\{|\"(?:name|tool|tool_name|action|function"
        r"|recipient_name)\"\s{0,5}:\s{0,5}\"[\w.-]{1,64}\"\s{0,5},\s{0,5}\"(?:arguments|parameters|args|input"
        r"|tool_input|action_input|kwargs)\"\s{0,5}:\s{0,5}[{\"\[]|\"type\"\s{0,5}:\s{0,5}\"tool_(?:use|call|result)\""
        r"|^[ \t>*]{0,6}Action[ \t]?Input[ \t*]{0,3}:|^[ \t>*]{0,6}(?:Action|Tool|Function"
        r"|Call)[ \t*]{0,3}:[ \t]{0,3}\w{1,60}(?:\([^\n]{0,80})?[ \t]{0,3}\n{1,3}[ \t]{0,6}(?:Args|Arguments|Input"
        r"|Parameters|Observation)[ \t]{0,3}:|^[ \t>*]{0,6}Action[ \t*]{0,3}:[ \t]{0,3}\w{1,40}\[[^\]\n]{0,200}\]"
        r"|<(?:function|tool|parameter)=[\w.\"-]{1,64}|<invoke\s{1,3}name\s?=|\bto=functions\.\w|<(?:execute|python"
        r"|bash)_?\w{0,12}>\s{0,3}\w",
        "holds a template that names secrets or state": rf"(?<![$/\w{{])\{{[ \t]{{0,3}}[\w.]{{0,40}}{_STATE}"
        rf"[\w.]{{0,40}}(?:\[[^\]\n]{{0,40}}\])?[ \t]{{0,3}}\}}|(?<!\$)\{{\{{(?!\s{{0,3}}(?:vault|secrets"
        rf"|\.Values)\b)[^{{}}\n]{{0,120}}{_WIDER_STATE}[^{{}}\n]{{0,120}}\}}\}}|\{{[{{%#][^{{}}\n]{{0,120}}(?:{_CODE}"
        rf"|'.{{0,20}}'\.__)|\{{%[^%\n]{{0,120}}{_WIDER_STATE}[^%\n]{{0,120}}%\}}"
        r"|\$\{[^{}\n]{0,40}(?:env|ENV|environ)[^{}\n]{0,20}(?:KEY|SECRET|TOKEN|PASS)|\$\{\{?<%|\$\{(?:jndi|sys|java"
        r"|script):"
        rf"|\$\{{(?!(?-i:[A-Z][A-Z0-9_]*\}}))[ \t]{{0,3}}[\w.]{{0,40}}{_STATE}"
        r"|%\((?:password|secret\w{0,20}|api_key|session_state)\)[sdr]|(?:\$\(|`)[^()`\n]{0,80}(?:/etc/(?:passwd"
        r"|shadow)|\.ssh/|\bid_rsa|\.aws/credentials)|%\{\(?#|#\{[^{}\n]{0,20}(?:ENV\b|system\b|exec\b)"
        r"|<%[=-]?[^%\n]{0,40}(?:system|exec|ENV|File|Runtime|require)\b|\bT\(java\.lang",
    }.items()
}

_COMMANDS_A_TOOL = re.compile(
    rf"(?<!\bwe )(?<!they )(?<!agents )(?<!members )(?<!models ){_CALL}[^.\n]{{0,60}}\b{_TOOLS}\b"
    rf"|\b{_TOOLS}\b[^.\n]{{0,30}}(?:调用|呼び出|実行|호출|실행|aufrufen|ausführen)"
    rf"|^\W{{0,4}}(?:\w{{1,20}}\.)?{_TOOLS}\s?\(\s?(?:content|query|review_id|['\"{{])",
    re.IGNORECASE | re.MULTILINE,
)
_SCRIPTS = re.compile(
    r"<\s{0,3}script\b[^<>]{0,200}>\s{0,10}[^\s<>]{0,60}[(=\[;]|<\s{0,3}script\b[^<>]{0,200}\bsrc\s{0,3}="
    r"|<[a-z][\w-]{0,20}[\s/][^<>]{0,300}?\bon(?!(?:dbl)?click|submit|change|input|key|blur"
    r"|select)[a-z]{3,24}\s{0,3}=(?!\s{0,3}\{)|<[a-z][\w-]{0,20}[\s/][^<>]{0,300}?\bon[a-z]{3,24}\s{0,3}=[^<>]{0,80}"
    r"(?:fetch|location|document|eval|https?:|cookie|Storage|atob|alert|postMessage)|<\s{0,3}(?:iframe|object|embed"
    r"|frame|portal|applet)\b[^<>]{0,300}?\b(?:src|srcdoc|data|code)\s{0,3}=|\b(?:href|src|action|formaction|data"
    r"|xlink:href)\s{0,3}=\s{0,3}[\"']?\s{0,3}(?:javascript|vbscript|data:text/html)|\]\(\s{0,3}(?:javascript|vbscript"
    r"|data:text/html)|<\s{0,3}(?:meta\b[^<>]{0,100}\bhttp-equiv|base\b[^<>]{0,100}\bhref"
    r"|form\b[^<>]{0,200}\baction\s{0,3}=\s{0,3}[\"']?https?:)"
    r"|<\s{0,3}link\b[^<>]{0,200}\bhref\s{0,3}=\s{0,3}[\"']?https?:|<\s{0,3}style\b[^<>]{0,100}>[^<]{0,200}(?:@import"
    r"|expression\(|url\()|\b(?:location|fetch|open|src|sendBeacon)\b[^\n]{0,60}\b(?:document\.cookie|localStorage"
    r"|sessionStorage)",
    re.IGNORECASE,
)

_IMAGE = re.compile(
    r"!\[[^\[\]\n]{0,200}\]\(\s{0,3}(?P<markdown>[^()\n]{1,600})\)|<\s{0,3}(?:img|image|video|audio|source|picture"
    r"|input)\b[^<>]{0,200}?\b(?:src|href|poster)\s{0,3}=\s{0,3}(?:\"(?P<double>[^\"\n]{1,600})"
    r"|'(?P<single>[^'\n]{1,600})|(?P<bare>[^\s<>\"']{1,600}))|\burl\(\s{0,3}[\"']?(?P<css>https?:[^()\n]{1,600})",
    re.IGNORECASE,
)
_LINK = re.compile(
    r"https?://[^\s?()\"'<>\\]{1,300}[?#](?P<query>(?:<[^<>\n]{1,80}>|\{[^{}\n]{1,80}\}|\[[^\[\]\n]{1,80}\]"
    r"|[^\s()\"'\\<{\[]|\{){1,300})"
)
_FILLED = re.compile(
    r"[{<\[$]|%7B|%3C|=[A-Z][A-Z0-9]{2,}(?:_[A-Z0-9]+)*(?:$|[&#)\s\"'])|=(?:secret|password|token|conversation|history"
    r"|data|memories|email)\b",
)
_CARRIES = re.compile(
    r"(?:[{<\[$]|%7B|%3C).{0,40}(?:conversation|history|prompt|memor|messages?|chat|transcript|user_?data|secret"
    r"|everything)|=(?:API_KEY|SECRET\w{0,20}|PASSWORD|SESSION_TOKEN|USER_DATA|CONVERSATION|CHAT_?HISTORY"
    r"|SYSTEM_PROMPT|MEMORIES)\b",
    re.IGNORECASE,
)
_CARRIES_A_USER = re.compile(r"(?i)(?:[{<\[$]|%7B|%3C).{0,30}(?:user|session|customer|e-?mail|token|password|api.?key)")


def check_structure(attempt: WriteAttempt) -> Verdict | None:
    """Quarantine what imitates a structure around a memory, in any of the fields that are stored."""
    return found_by(structures, attempt)


def structures(text: str) -> Iterator[str]:
    """The names of the forged structures in a text."""
    yield from hidden(text)
    for name, pattern in _PATTERNS.items():
        if pattern.search(text):
            yield name
    if _COMMANDS_A_TOOL.search(text):
        yield "commands a memory tool"
    # In a code span Markdown shows markup as it is written: that is how people write about it.
    if _SCRIPTS.search(_CODE_SPAN.sub("", text)):
        yield "holds a script"
    images = (next(filter(None, image.groups()), "").partition("://")[2] for image in _IMAGE.finditer(text))
    if any(map(_FILLED.search, images)) or any(_links(text)):
        yield "holds an address that carries data away"


def _links(text: str) -> Iterator[bool]:
    """For each link whether what it asks for carries data; where it is shown as other words, a user's data too."""
    for link in _LINK.finditer(text):
        shown = text.startswith("](", link.start() - 2)
        yield bool(_CARRIES.search(link["query"]) or (shown and _CARRIES_A_USER.search(link["query"])))
