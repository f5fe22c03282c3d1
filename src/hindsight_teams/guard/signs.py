"""The signs of a text that addresses an agent instead of telling it something: data, each with its weight.

A sign of weight 2 is enough alone; one of weight 1 needs another. Texts are compared as ``uncover.fold`` makes them:
lower case, no accents. Verbs stand in their base form only, so that "she ignored the rules" is a fact and "ignore the
rules" an instruction.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sign:
    """One pattern, what it is a sign of, and how much it weighs."""

    name: str
    weight: int
    pattern: re.Pattern[str]


def _words(text: str) -> str:
    """An alternation of the words or phrases of a text, one by one separated by ``|`` or line breaks."""
    alternatives = [part.strip().replace(" ", r"[\s_-]+") for line in text.splitlines() for part in line.split("|")]
    return "(?:" + "|".join(part for part in alternatives if part) + ")"


def _near(*parts: str, gap: int = 40) -> str:
    """The parts in this order within one sentence, at most ``gap`` characters between two."""
    between = r"\b[^.!?;]{0,%d}?\b" % gap
    return r"\b" + between.join(parts) + r"\b"


# Whoever tells of own deeds, asks how, or says what somebody else is (not) to do, gives the agent no order.
_NOT_TOLD = r"(?<!\bi )(?<!\bwe )(?<!\bthey )(?<!\bi'll )(?<!\bwe'll )(?<!\bto )(?<!n't )(?<!\bnot )(?<!\bi'd )(?<!\bthe )(?<!\ba )"

OVERRIDE = _words(
    """ignore|disregard|forget|override|overrule|bypass|discard|drop|abandon|neglect|circumvent|supersede|supersedes
    do not follow|don't follow|stop following|pay no attention to|set aside|throw away|nullify|cancel"""
)
DISABLE = _words(
    """disable|skip|bypass|remove|deactivate|turn off|switch off|suspend|omit|waive|circumvent|relax|lift|unlock|clear
    delete|wipe|erase|ignore|stop|suppress|lower|decrease|weaken|do not check|don't check|do not require|never require
    never ask for|do not ask for|don't ask for|without"""
)
GOVERNANCE = _words(
    """instructions?|instruction sets?|directions?|directives?|guidelines?|guardrails?|safeguards?|system prompts?|prompts?
    polic(?:y|ies)|restrictions?|constraints?|safety|rules|ruleset|programming|training|ethics|ethical|content filters?
    filters?|limitations?|moderation"""
)
CONTROLS = _words(
    """security(?: checks?| alerts?| controls?| polic(?:y|ies)| measures?| warnings?| reviews?| approvals?)?|safety
    verification|verifications|validation|authentication|authorization|mfa|2fa|kyc|aml|audit(?: logs?| logging| trails?)?
    logging|confirmations?(?: prompts?| dialogs?| steps?)?|confirm(?:ing|ation)|approvals?|human reviews?|reviews?
    access controls?|permission checks?|rate limit(?:s|ing)?|session timeouts?|guardrails?|safeguards?|encryption
    compliance(?: checks?)?|monitoring|firewall|antivirus|alerts?|payment limits?|transaction limits?|spending limits?
    asking(?: the)? (?:operator|user|owner|human)|authenticity|restrictions?|tax calculation"""
)
SECRETS = _words(
    """passwords?|passwd|psswrds?|credentials?|api keys?|secrets?|secret keys?|private keys?|access tokens?|auth tokens?
    session tokens?|oauth tokens?|tokens|system prompts?|initial prompts?|hidden prompts?|your prompt|the prompt
    system instructions?|initial instructions?|your instructions|hidden instructions?|operating instructions
    system messages?|internal configuration|environment variables|env vars|ssh keys?|seed phrases?|private data"""
)
PRIVATE = _words(
    """(?:customer|user|client|patient|employee|personal|sensitive|confidential|financial|internal|private|order|company
    tenant|project|training|model|meeting|conversation|chat|security|payroll|performance|medical|health|board)
    (?:data|databases?|records?|emails?|lists?|files?|information|details|histor(?:y|ies)|documents?|secrets?|weights
    recordings?|projections|reports?|queries|conversations?|logs?)
    """.replace("\n", " ").replace(") (", ")@("),
).replace("@", r"[\s_-]+")
BULK = _words(
    """(?:all|every|entire|full|whole|any)(?: of)?(?: the| our| your| their| its| stored| raw)?
    (?:data|databases?|database|emails?|conversations?|messages?|contacts?|files?|documents?|memories|tables|records
    attachments?|contracts?|transactions?|payments?|customer list|queries|queri|keystrokes|history|models?|secrets)
    """.replace("\n", " ").replace(")? (", ")?@("),
).replace("@", r"[\s_-]+")
SEND = _words(
    """send|forward|fwd|export|upload|leak|transmit|share|dump|exfiltrate|post|e-?mail|mail|cc|bcc|copy|relay|route|redirect
    transfer|deliver|submit|publish|sync|back ?up|stream|report|extract|ship|output|print|reveal|expose|disclose
    show|display|list|repeat|recite|tell|give|append|include|return|collect|gather|harvest|steal|log|save|capture|read
    retrieve|fetch|write"""
)
REVEAL = _words(
    """reveal|print|output|show|display|dump|expose|disclose|repeat|recite|leak|list|tell me|give me|send|share|return
    forward|post|collect|harvest|steal|extract|export|summari[sz]e|append|include|write"""
)
AWAY = _words(
    """attackers?|evil|external(?:ly)?|outside|third[- ]party|remote|competitors?|offshore|exfil|unknown|anonymous|c2
    webhooks?|s3 buckets?|dns|pastebin|analytics|non-sanctioned|hidden channel|covert|my (?:account|server|address|email)"""
)
ADDRESS = r"(?:[\w.+-]+@[\w-]+\.[\w.-]+|https?://\S+|\b[\w-]+\.(?:com|net|org|io|ru|xyz|evil|example)\b)"
AGENT = _words(
    """(?:ai|llm|language model|coding|automated) (?:agents?|assistants?|models?|systems?)|assistants?|the agents?|the bot
    chatbots?|the llm|the model|copilot|chatgpt|ai"""
)
MONEY = _words(
    """funds?|money|payments?|invoices?|wire transfers?|refunds?|transactions?|btc|bitcoin|eth|crypto|deposits?|balances?
    payroll|\\$\\d[\\d,.]*k?"""
)

_SIGNS: tuple[tuple[str, int, str], ...] = (
    # Overriding what the agent was told.
    ("overrides instructions", 2, _near(OVERRIDE, _words("""(?:all |any |the |your |my |these |those |of |other )*(?:previous|prior|earlier|above|preceding|past|former|existing|original|initial|system|developer|all|your|safety|security|current)"""), GOVERNANCE, gap=25)),
    ("overrides instructions", 2, _near(OVERRIDE, _words("everything|all|anything|the|what"), _words("above|before this|you were told|you have been told|you know|we discussed|prior text|previous text"), gap=25)),
    ("overrides instructions", 1, _NOT_TOLD + _near(OVERRIDE, GOVERNANCE, gap=30)),
    ("gives new instructions", 2, _near(_words("new|updated|revised|real|actual|hidden|secret|follow(?:ing)?|overriding"), r"(?:instructions?|directives?|orders?|rules?|task|persona|objective|priority)\s*(?::|-|—|=)", gap=12)),
    ("gives new instructions", 2, _near(_words("your|this|the"), _words("(?:new|real|true|primary|only|actual|main) (?:instructions?|directives?|purpose|objective|goal|task|rules?|role|identity|mission)"), _words("is|are|supersedes?|overrides?|now"), gap=15)),
    ("gives new instructions", 2, _near(_words("supersedes?|overrides?|replaces?|takes? precedence over"), _words("all|any|every|your|the|previous|prior|future|other"), _words("rules?|instructions?|guidelines?|ones|directives?|polic(?:y|ies)|prompts?"), gap=20)),
    ("changes the agent's rules", 2, _near(_words("your|these|security|safety|all|previous|company|the"), _words("rules|restrictions|guidelines|guardrails|polic(?:y|ies)|checks|limits|safeguards|regulations"), _words("(?:are|is|have been|has been|were|no longer)(?: now)?(?: permanently)?(?: all)? (?:changed|lifted|suspended|disabled|removed|deprecated|optional|void|updated to|apply|applies|off)|no longer appl(?:y|ies)"), gap=25)),
    # Another persona.
    ("changes the agent's persona", 2, _near(_words("you are now|you're now|you are no longer|from now on,? you|you must now|you will now|you now (?:have|are|operate|answer|act)|henceforth,? you"), gap=0)),
    ("changes the agent's persona", 2, _near(_words("act|behave|respond|pose|operate|roleplay|role-play|simulate|pretend"), _words("unrestricted|uncensored|unfiltered|jailbroken|admin(?:istrator)?|root|superuser|no (?:rules|restrictions|limits|filter|limitations)|without (?:any )?(?:rules|restrictions|limits|filters?|limitations)|developer mode|dan|evil"), gap=50)),
    ("changes the agent's persona", 2, _near(_words("pretend|imagine|suppose|let's play|simulate"), _words("you are|you're|being|to be|where you|a connection to"), _words("an? (?:\\w+ )?(?:ai|assistant|model|bot|chatbot|llm|gpt|character)|gpt|dan|ai|admin|root|unrestricted|no rules"), gap=30)),
    ("changes the agent's persona", 2, _near(_words("no|without(?: any)?|free (?:of|from)|have no"), _words("restrictions|content restrictions|ethical guidelines|safety guidelines|safety checks|content polic(?:y|ies)|guardrails|safety filters?|censorship|moral (?:limits|guidelines)|disclaimers|moralizing"), gap=12)),
    ("changes the agent's persona", 2, _words(r"\bdo anything now\b|\bdeveloper mode\b|\bjailbreak mode\b|\bjailbroken\b|\bunrestricted (?:ai|mode|assistant|model)\b|\bunfiltered (?:ai|mode|assistant|model)\b|\bgod mode\b|\bdan (?:mode|role)\b|\bdebug mode (?:on|enabled)\b|\bstrive to avoid norms\b|\bsuperadmin\b|\badmin(?:-root)?-override\b").replace(r"[\s_-]+", r"[\s_-]+")),
    ("claims an exemption", 2, _near(_words("you"), _words("may|can|should|must|are allowed to|are free to|are authori[sz]ed to"), _words("bypass|ignore|skip|disregard|override|reveal|answer without|comply|share (?:all|any)"), gap=20)),
    ("claims an exemption", 2, _near(_words("exempt(?:s|ed)?|not meant|excluded"), _words("restrictions?|rules|guidelines|polic(?:y|ies)|mfa|review|safety|security|verification|for this case"), gap=30)),
    ("prioritises over safety", 2, _near(_words("prioriti[sz]e|put|place|maximi[sz]e|value"), _words("over|above|before|regardless of|instead of"), _words("safety|security|privacy|user preferences?|guidelines|ethics|compliance|polic(?:y|ies)"), gap=40)),
    ("asks for full compliance", 2, _near(_words("comply|obey|answer|respond|follow"), _words("every|all|any|only|fully|everything"), _words("requests?|commands?|questions?|instructions?|users?|limits?"), gap=20)),
    # Prompt and secrets.
    ("asks for the prompt or secrets", 2, _NOT_TOLD + _near(REVEAL, SECRETS, gap=40)),
    ("asks for the prompt or secrets", 2, _near(_words("repeat|print|output|recite|show"), _words("words|text|everything|instructions|prompt"), _words("above|verbatim|word for word|starting with|exactly"), gap=30)),
    ("sends private data away", 2, _NOT_TOLD + _near(SEND, f"(?:{SECRETS}|{PRIVATE}|{BULK})", f"(?:{AWAY}|{ADDRESS[3:-1]})", gap=50)),
    ("sends data away", 1, _NOT_TOLD + _near(SEND, f"(?:{PRIVATE}|{BULK})", gap=25)),
    ("sends data away", 1, _NOT_TOLD + _near(SEND, AWAY, gap=60)),
    ("sends data away", 1, _NOT_TOLD + r"\b" + _words("send|forward|fwd|export|upload|leak|transmit|exfiltrate|cc|bcc|relay|route|redirect|post") + r"\b[^.!?;]{0,80}?" + ADDRESS),
    ("exfiltrates", 2, _words(r"\bexfiltrat(?:e|ion)\b|\bkeylogger\b|\bkeystrokes? (?:capture|logging)\b|\bkeystrokes\b|\bleak (?:all|the|every|any|our|financial|customer|user|internal|meeting)\b|\bcovert(?:ly)?\b.{0,30}\b(?:send|channel)\b|\bsilently (?:send|routes?|forward|copy|cop(?:y|ies)|log)\b")),
    # Controls and rights.
    ("switches a control off", 1, _NOT_TOLD + _near(DISABLE, CONTROLS, gap=30)),
    ("switches a control off", 2, _near(_words("skip|bypass|disable|ignore|never (?:ask|require)|do not (?:ask|require|check)|without(?: asking)?|turn off|circumvent|auto-?approve|deactivate"), _words("operator|security|safety|audit|verification|authentication|authorization|approval|confirmations?(?: prompts?)?|mfa|2fa|kyc|human (?:review|approval)|access controls?|compliance|session timeout|guardrails?|rate limits?|authenticity|user confirmation|restrictions"), gap=25)),
    ("grants rights", 2, _NOT_TOLD + _near(_words("grant|give|assign|add|elevate|escalate|promote|create|allow|enable"), _words("admin(?:istrator)?|root|superuser|full|unlimited|unrestricted|permanent|privileged?|elevated|cluster-admin|owner|supervisor|never-expiring|default"), _words("access|rights?|privileges?|permissions?|roles?|accounts?|tokens?|filesystem|status|tool access"), gap=30)),
    ("grants rights", 2, _near(_words("assistant|agent|user|i|account|role"), _words("(?:has|have|holds|am|is|was granted|is always|am always)(?: an?| the| now| always| full)*"), _words("admin(?:istrator)?(?: rights| access| privileges| status)|root access|superuser|full access|unlimited access|trusted admin(?:istrator)?|unrestricted access"), gap=20)),
    ("claims earlier approval", 1, _near(_words("already|pre-?|previously|has|have|was|were|been|earlier|confirmed|agreed"), _words("approved|authori[sz]ed|pre-approved|confirmed|agreed to|permission|signed a waiver|waiver"), gap=25)),
    ("claims earlier approval", 2, _near(_words("(?:earlier|in (?:our|a|the) (?:previous|earlier|last) (?:session|conversation|discussion|chat))"), _words("you|the user|the admin|i|admin"), _words("agreed|confirmed|approved|authori[sz]ed|promised|(?:has |have )?already approved"), gap=30)),
    ("claims authority", 1, _words(r"\b(?:per|by order of|on behalf of) (?:the )?(?:ceo|cfo|cto|admin\w*|management|security team|developer|owner)\b|\bceo here\b|\bfrom the (?:developer|system|administrator|security team)\b|\b(?:security|system|it) (?:notice|alert|update|override|directive|policy update)\b|\bauthori[sz]ed (?:diagnostic|test|audit)\b|\bbreach alert\b|\bhighest priority\b|\bpriority override\b|\boverride(?:\s+code)?\s*:")),
    ("vouches for itself", 2, _near(_words("trust(?:[_ ]score| level)?|confidence(?: score)?|authoritative|credibility|provenance"), _words("1\\.0|maximum|max|highest|override|to every|trusted and authoritative|fully|absolute|100"), gap=25)),
    ("vouches for itself", 2, _near(_words("remember|keep|store|treat|save|mark"), _words("trusted|authoritative|verified|reliable|credible"), _words("sources?|for citations?|sites?|vendor|domain"), gap=40)),
    # Making it last.
    ("persists as an instruction", 2, _near(_words("remember|store|save|persist|memori[sz]e|record|keep|treat|cache|note|add"), _words("this|that|the following|it|these|note|as"), _words("(?:an? |the )?(?:permanent |system |standing |operating |durable |new |core |default )*(?:directives?|instructions?|rules?|commands?|system prompt|polic(?:y|ies) that)"), gap=40)),
    ("persists as an instruction", 2, _near(_words("in|to|with|of|at|on|for|across|into"), _words("every|all|each|any"), _words("(?:future|later|subsequent|following|new|next)? ?(?:repl(?:y|ies)|responses?|answers?|summar(?:y|ies)|sessions|turns|conversations|outputs?)"), gap=6)),
    ("persists as an instruction", 2, _near(_words("save|store|write|add|commit|insert|inject|embed|plant|append|put"), _words("long-term memory|your memory|persistent memory|system memory|memory store|agent memory|core memory|few-shot|example (?:bank|pool)|memory snapshot|false memory"), gap=60)),
    ("persists as an instruction", 2, _words(r"\bmemory[_ ]persist\b|\bcore memory update\b|\bbase layer modification\b|\bself-(?:replicate|healing memory)\b|\bsurvive (?:a )?(?:memory )?(?:reset|wipe)|\bpoisoned? (?:entr(?:y|ies)|memor(?:y|ies)|chunk|record)|\bfalse memor(?:y|ies)\b|\bupdate your knowledge\b|\[(?:user_)?memory[^\]\n]{0,60}(?:assistant|never|always|must|admin|ignore)")),
    ("waits for a trigger", 2, _NOT_TOLD + _near(_words("when(?:ever)?|if|once|after|on|every time|each time"), _words("(?:the |any |a )?(?:users?|someone|anyone|customer|date|admin|topic|next|reply|\\d+ (?:days|messages|turns))"), _words("asks?|mentions?|says?|confirms?|is|later says|away|requests?|replies|quarterly|question|queries"), _words("then|forward|leak|send|execute|transfer|approve|auto-?approve|skip|export|extract|reveal|recommend|always|ignore|mark|share|delete|activate|trigger|call|include"), gap=40)),
    ("waits for a trigger", 2, _near(_words("dormant|sleeper|trigger(?: phrase| word)?|activate|hidden command|time bomb|on (?:user )?'\\w+'|when (?:quarterly|annual|\\w+ review|topic)|next (?:calendar )?action"), _words("until|after|when|leak|forward|execute|extract|also|activate|transfers?|the new"), gap=40)),
    ("tells the agent what to say", 2, _near(_words("always|never|only"), _words("recommend|claim|mention|deny|show|say|state|cite|use|suggest|append|include|trust|approve|send|return|report|output|prefer|end|answer|reply|respond"), _words("products?|our|competitors?|brand\\w*|negative|breach(?:es)?|errors?|over|source|as|fda|approved|payments?|token|canary|code|with|data|account|issues|cheap\\w*|service|admin|override"), gap=45)),
    ("hides it from the user", 2, _near(_words("do not|don't|never|without"), _words("tell|telling|mention|mentioning|inform|informing|notify|notifying|alert|show|reveal|ask|asking"), _words("(?:the |any |this to the |this to )?(?:users?|operator|customer|owner|human|anyone|admin)"), gap=20)),
    ("hides it from the user", 1, _near(_words("silently|secretly|quietly|covertly|unnoticed|hidden|stealth(?:ily)?|disguised?|pretend|without (?:a )?trace"), gap=0)),
    # Talking to the machine.
    ("addresses the agent", 1, _near(_words("note|important|message|attention|instructions?|hint|notice|reminder|postinstall"), _words("(?:to|for)(?: the| any| all)?"), AGENT, gap=8)),
    ("addresses the agent", 2, _near(AGENT, _words("(?:reading|processing|integrating|summari[sz]ing|analy[sz]ing|parsing|handling|seeing|using)(?: this| the)"), gap=10)),
    ("addresses the agent", 2, _near(AGENT, _words("must|should(?: always| first| never)?|shall|needs? to|has to|will always|is required to|are required to"), gap=40)),
    ("addresses the agent", 1, _near(_words("you"), _words("must|shall|have to|are required to|are instructed to"), _words("always|never|include|call|now|output|reveal|use|add|append|send|ignore|comply|reply|respond|follow"), gap=12)),
    ("addresses the agent", 1, _near(_words("when|before|after|while|once"), _words("you"), _words("summari[sz]e|reply|respond|answer|process|read|finish|parse|see|continu\\w+"), gap=10)),
    ("scripts the reply", 2, _near(_words("reply|respond|answer|output|say|print|responding|outputting"), _words("with|exactly|only|by"), _words("nothing else|and nothing|exactly|only|verbatim|the (?:word|token|code|phrase)|[\\w-]*canary[\\w-]*|outputting"), gap=40)),
    ("scripts the reply", 1, _words(r"\b(?:reply|respond|answer|output|confirm \w+ by outputting)\b[^.!?\n]{0,20}\b[A-Za-z]+-(?:[A-Za-z0-9]+-)*[A-Za-z0-9]*\d[A-Za-z0-9]*\b|\{canary\}|\bcanary\b")),
    ("steers retrieval", 2, _near(_words("re-?rank\\w*|retriev\\w+|embedding|vector score|cosine similarity|query expansion|hyde|top result|trust filter|price comparison"), _words("ignore|first|always|override|regardless|append|include|bypass\\w*|pass|wave\\w*|shift\\w*|most relevant"), gap=60)),
    ("swaps records", 2, _near(_words("patient|user|customer|account|record|doe'?s?"), _words("\\w*\\d+|data|records?"), _words("(?:should be|was|were|be) (?:treated as|merged with|transferred|replaced)|instead|merged with"), gap=60)),
    ("spreads to other agents", 2, _near(_words("broadcast|forward|spread|propagate|sync|send|share|tell|register|embed"), _words("every|all|peer|other|sibling|each|the whole"), _words("agents?|peers?|crew|swarm|workers?|mesh"), gap=40)),
    # Forged structure.
    ("forges a role or a frame", 2, r"<\|?/?\s*(?:im_start|im_end|system|assistant|instructions?|untrusted|document|tool_call|function_call|inst|sys|endoftext|begin_of_text|start_header_id)\b[^>]{0,40}\|?>|\[/?\s*(?:system|inst|assistant|admin|hidden|inject|action|override|developer|system (?:message|instruction|update)[^\]]{0,40})\s*(?:\]|:|[-—])|<<\s*/?sys\s*>>"),
    ("forges a role or a frame", 2, r"(?:^|\n|[.!?>]\s)\s*(?:note\s*:\s*)?#{0,4}\s*(?:system|developer|assistant|admin|root)(?: (?:message|prompt|note|instruction|update|notice))?\s*:\s*\S"),
    ("forges a role or a frame", 2, r"[-=#*]{3,}\s*end of (?:\w+\s?){1,3}\s*[-=#*]{3,}|\bend of (?:input|user input|document|context|system prompt)\b\s*[\])#*-]"),
    ("forges a role or a frame", 2, r"<!--(?:[^-]|-(?!->)){0,200}?\b(?:assistant|ai|hidden|ignore|system|instruction|send|execute|agent)\b|\bhidden(?: instruction| text| directive)?s?\s*:"),
    ("forges a role or a frame", 2, r"\bsystem (?:directive|instruction|prompt|override|update|note)s?\s*[:\]]|\b(?:important )?system update\s*:|\bas a (?:\w+ )?system directive\b|\boperating directive\b|\bprior task is cancel+ed\b"),
    ("looks like a tool call", 2, r"\{\s*\"(?:name|tool|function|tool_name|recipient_name)\"\s*:\s*\"[\w.]+\"\s*,\s*\"(?:arguments|parameters|input|args)\"|\"(?:tool_calls?|function_call)\"\s*:|<(?:tool_use|invoke|function_calls?|tool)\b"),
    ("asks for a tool call", 2, _NOT_TOLD + r"\b(?:call|invoke|use|trigger)\b[^.!?\n]{0,12}\b[a-z]+_[a-z_]+\b"),
    ("asks to run what it decodes", 2, _near(_words("decode|decrypt|translate|deobfuscate|unscramble|rot13|base64|parse|read|combine|convert"), _words("and|then|now"), _words("execute|follow|run|do what it says|do it|obey|act on|carry out|comply|perform|reply"), gap=60)),
    ("asks to follow other text", 2, _near(_words("follow|execute|obey|run|carry out"), _words("(?:the |any |all |its |these )?(?:instructions?|commands?|directives?|rules?)"), _words("inside|in|from|within|below|contained|hidden|found|it contains|embedded"), gap=12)),
    # Money.
    ("moves money", 2, _NOT_TOLD + _near(_words("transfer|wire|send|redirect|route|approve|auto-?approve|launder|wash|pay|deposit|allow"), MONEY, _words("to|without|under|over|through|urgently|immediately|automatically|up to|limits?"), gap=35)),
    ("moves money", 1, _NOT_TOLD + _near(_words("update|change|replace|add|set|remove"), _words("payment|vendor|bank|payee|payout|wallet|default payment|payroll|billing"), _words("destination|details|account|address|employee|limits?|number"), gap=30)),
    ("moves money", 1, r"\b(?:[a-z]{2}\d{2}[ ]?(?:\d{4}[ ]?){2,7}\d{0,4}|0x[0-9a-f]{40}|[13][a-km-zA-HJ-NP-Z1-9]{25,34}|bc1[a-z0-9]{20,60})\b"),
    # Attacks on the machine itself.
    ("runs a dangerous command", 2, r"\brm\s+-rf?\s+[/~*]|\bcurl\b[^\n|]{0,120}\|\s*(?:ba|z)?sh\b|\bwget\b[^\n|]{0,120}\|\s*(?:ba|z)?sh\b|169\.254\.(?:169\.254|170\.2)|/etc/(?:shadow|passwd|kubernetes/admin\.conf)|~/\.(?:ssh/id_\w+|aws/credentials|docker/config|config/gcloud|kube/config)|:\(\)\s*\{|\bdrop\s+table\b|\bunion\s+select\b|'\s*or\s*'?1'?\s*=\s*'?1|\$\{?ifs\}?|\bos\.(?:system|environ|getenv)\b|\bpowershell\s+-e|\bcluster-admin\b|\bkubectl\s+(?:create\s+clusterrolebinding|edit\s+auditsink)|\$\((?:whoami|id|curl|cat)|/bin/(?:ba)?sh\s+-i|\bnc\s+-e\b"),
    ("asks for harm", 2, _near(_words("create|write|build|install|deploy|give|provide|exploit|execute|encrypt|hijack\\w*"), _words("malware|ransomware|ransom|keylogger|backdoor|zero-day|vulnerabilit(?:y|ies)|wire fraud|botnet|ddos|virus|phishing|exploit code|malicious \\w+|launder\\w*"), gap=60)),
)  # fmt: skip

# The same three moves in other languages: [override verb ... instructions], [you are now ...], [send/show ... secrets].
_OTHER_LANGUAGES: tuple[tuple[str, str, str], ...] = (
    # de
    (r"ignorier\w*|vergiss|vergesst|missachte\w*|umgehe\w*|uberschreib\w*|deaktivier\w*", r"anweisung\w*|richtlinie\w*|regeln|vorgaben|instruktion\w*|systemprompt|einschrankung\w*|alles", r"\b(?:ab jetzt|von nun an|du bist (?:jetzt|nun)|sie sind (?:jetzt|nun))\b|\bkeine (?:regeln|einschrankungen|beschrankungen)\b|\bohne (?:einschrankungen|regeln|beschrankungen)\b|\bsystemhinweis\b|\b(?:zeig\w*|verrat\w*|gib|sende|schick\w*|leite)\b[^.!?]{0,60}\b(?:systemprompt|passwort\w*|passworter|anweisungen|zugangsdaten|kundendaten|geheimnis\w*|api-schlussel)\b"),
    # fr
    (r"ignore[zr]?|oublie[zr]?|neglige[zr]?|contourne[zr]?|desactive[zr]?", r"instructions?|consignes?|directives?|regles?|restrictions?|precedentes?|tout ce qui", r"\b(?:desormais|a partir de maintenant|dorenavant)\b[^.!?]{0,40}|\b(?:vous etes|tu es) (?:desormais|maintenant)\b|\bsans (?:aucune )?(?:restrictions?|regles?|limites?)\b|\bnote systeme\b|\b(?:revele[zr]?|montre[zr]?|affiche[zr]?|envoie[zr]?|envoyez|rassemble[zr]?|transmet\w*|donne[zr]?)\b[^.!?]{0,60}\b(?:instructions|mots? de passe|secrets?|donnees (?:clients?|personnelles)|prompt|identifiants|cles? api)\b"),
    # es
    (r"ignor(?:a|e|ar|en)|olvid(?:a|e|ar|en)|omit(?:e|ir)|desactiv(?:a|e|ar)|desbloque(?:a|e|ar)", r"instrucciones|reglas|directrices|restricciones|indicaciones|anteriores|limites", r"\b(?:a partir de ahora|de ahora en adelante|desde ahora)\b|\b(?:ahora )?eres (?:ahora )?(?:un|una) [^.!?]{0,40}(?:sin|administrador)\b|\bsin (?:ninguna )?(?:restricciones?|reglas|limites)\b|\bnota del sistema\b|\b(?:revela|muestra|muestrame|envia|manda|extrae|reune|imprime|da|dame)\b[^.!?]{0,60}\b(?:instrucciones|contrasenas?|secretos?|datos (?:de )?(?:clientes|personales)|prompt|credenciales|claves? api|id_rsa)\b"),
    # it
    (r"ignor(?:a|ate|are|i)|dimentic(?:a|ate|are|hi)|trascur(?:a|ate)|disattiv(?:a|ate|are)|sblocc(?:a|ate)", r"istruzioni|regole|direttive|restrizioni|precedenti|linee guida|limitazioni", r"\b(?:d'ora in poi|da ora in poi|da adesso)\b|\bora sei\b|\bsenza (?:alcuna )?(?:restrizioni?|regole|limiti)\b|\bnota di sistema\b|\b(?:rivela|mostra|mostrami|invia|manda|estrai|stampa|dammi|raccogli)\b[^.!?]{0,60}\b(?:istruzioni|password|segreti|dati (?:dei )?clienti|prompt|credenziali|chiavi? api|token|id_rsa)\b"),
    # pt
    (r"ignor(?:e|a|ar|em)|esque(?:ca|ce|cer)|desconsider(?:e|a)|desativ(?:e|a|ar)|desbloquei(?:e|a)", r"instrucoes|regras|diretrizes|restricoes|anteriores|limites", r"\b(?:a partir de agora|de agora em diante)\b|\bvoce (?:agora )?e (?:agora )?(?:um|uma)[^.!?]{0,40}sem\b|\bsem (?:nenhuma )?(?:restricoes|restricao|regras|limites)\b|\bnota do sistema\b|\b(?:revele|mostre|envie|extraia|transfira|encaminhe|imprima|me de)\b[^.!?]{0,60}\b(?:instrucoes|senhas?|segredos?|dados (?:de )?(?:clientes|pessoais)|prompt|credenciais|token|id_rsa|conversas|pagamentos|btc)\b"),
    # nl
    (r"negeer|vergeet|omzeil|schakel", r"instructies|regels|richtlijnen|beperkingen|eerdere|vorige", r"\b(?:vanaf nu|voortaan)\b[^.!?]{0,20}\b(?:ben je|moet je|je)\b|\bzonder (?:beperkingen|regels)\b|\b(?:toon|onthul|stuur|verstuur)\b[^.!?]{0,60}\b(?:wachtwoord\w*|systeemprompt|geheim\w*|klantgegevens|instructies)\b"),
    # tr
    (r"unut\w*|yok say\w*|gormezden gel\w*|gecersiz kil\w*|dikkate alma\w*|atla", r"talimat\w*|kural\w*|kisitlama\w*|yonerge\w*|onceki", r"\b(?:simdi sen|artik sen|bundan sonra)\b|\bkisitlama kabul etme\b|\bkisitlamasiz\b|\b(?:goster|gonder|ilet|aktar|paylas|sizdir)\w*\b[^.!?]{0,60}\b(?:sifre\w*|parola\w*|sistem (?:istemi|talimat)\w*|gizli|anahtar\w*)\b|\b(?:sifre\w*|parola\w*|sistem (?:istemi|talimat)\w*|api anahtar\w*|odeme\w*)\b[^.!?]{0,60}\b(?:goster|gonder|ilet|aktar|paylas|yonlendir)\w*"),
    # pl
    (r"zignoruj|ignoruj|zapomnij|pomin|wylacz", r"instrukcj\w+|zasad\w*|regul\w*|wytyczn\w+|ogranicze\w*|poprzedni\w+", r"\bod teraz\b[^.!?]{0,20}\bjestes\b|\bbez (?:zadnych )?ogranicze\w*\b|\b(?:pokaz|wyslij|ujawnij)\b[^.!?]{0,60}\b(?:has\w+|prompt\w*|sekret\w*|dane klient\w*)\b"),
    # ru
    (r"игнорируй\w*|проигнорируй\w*|забудь\w*|отключи\w*|обойди\w*", r"инструкци\w+|правил\w*|указани\w+|ограничени\w+|предыдущ\w+", r"\bтеперь ты\b|\bс этого момента\b|\bотныне\b|\bбез (?:всяких )?ограничени\w+|\b(?:покажи|отправь|пришли|раскрои|выведи|перешли)\w*[^.!?]{0,60}(?:парол\w+|промпт\w*|секрет\w*|ключ\w*|данные|инструкци\w+)"),
    # hi
    (r"अनदेखा|नजरअदाज|नजरअंदाज|भूल|ignore", r"निर्देश\w*|निर्देशों|नियम\w*|nirdesh|niyam", r"(?:अब|आगे) (?:से|तुम)|(?:पासवर्ड|गुप्त|प्रॉम्प्ट)[^.!?।]{0,60}(?:दिखा|भेज|बता)\w*|एडमिन|डिकोड|निष्पादित"),
    # zh, ja, ko: no spaces between words
    (r"忽略|无视|無視|忘记|忘記|忘れ|무시|잊어", r"指令|指示|规则|規則|提示|ルール|設定|지시|규칙|명령", r"你现在是|從現在起|从现在开始|今からあなた|これからあなた|지금부터|이제 너는|(?:显示|发送|泄露|透露|顯示)[^。!?]{0,30}(?:密码|系统提示|机密|密鑰|密钥)|(?:表示|送信|教え)[^。]{0,30}(?:パスワード|システムプロンプト)|(?:パスワード|システムプロンプト|秘密)[^。]{0,30}(?:表示|送信|教え)|(?:비밀번호|시스템 프롬프트)[^.]{0,30}(?:보여|보내|알려)"),
    # ar
    (r"تجاهل|انس", r"التعليمات|القواعد|تعليمات|السابقة", r"انت الان|من الان فصاعدا|(?:اظهر|ارسل|اكشف)[^.!?]{0,60}(?:كلمات? المرور|كلمة السر|السرية|النظام)"),
)  # fmt: skip


def _other_languages() -> list[tuple[str, int, str]]:
    signs = []
    for verbs, objects, rest in _OTHER_LANGUAGES:
        both = f"(?:{verbs})[^.!?;。]{{0,50}}?(?:{objects})|(?:{objects})[^.!?;。]{{0,30}}?(?:{verbs})"
        signs += [("overrides instructions", 2, both), ("addresses the agent", 2, rest)]
    return signs


SIGNS: tuple[Sign, ...] = tuple(
    Sign(name, weight, re.compile(pattern)) for name, weight, pattern in (*_SIGNS, *_other_languages())
)
ENOUGH = 2
"""The weight at which a text counts as an instruction."""

COMPACT = re.compile(
    r"(?:ignore|disregard|forget|bypass|override)(?:all|any|the|your|my)*(?:previous|prior|above|earlier|system|safety)*"
    r"(?:instructions|rules|prompt|guidelines|safety)|(?:reveal|print|send|show)(?:all|me|the|your)*(?:systemprompt|passwords"
    r"|secrets|credentials|data)"
)
"""For letters set apart one by one, where the spaces between words were lost too."""
