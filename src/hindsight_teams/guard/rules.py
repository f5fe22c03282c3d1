"""Rules for orders to an agent: a name, a trigger, what must follow it, and whether it must open a clause.

English first; then what other languages say beside "ignore what came before" (see ``languages``).
"""

from __future__ import annotations

_ANYBODY = (
    r"(?:everybody|everyone|anybody|anyone|whoever|(?:the )?next (?:caller|user|visitor|speaker)|all (?:users"
    r"|customers)|any user|every user|who(?:ever)? asks|an attacker|outsiders?|a stranger|external|jedem|allen"
    r"|a quiconque|a todos|a cualquiera|a chiunque|iedereen)"
)
_ASSETS = (
    r"(?:(?:every|all) keys?|api keys?|pass ?words?|passwd|credentials?|secrets?|secret keys?|private keys?"
    r"|access tokens?|tokens|customer (?:data|list|records|base|table)|user data|system prompt|conversations?"
    r"|chat (?:history|log)|memories|database|personal data|environment variables|kundendaten|kundenliste"
    r"|passwort\w{0,2}|donnees|mots? de passe|base de datos|contrasenas?|dati dei clienti|klantenlijst)"
)
_UNBOUND = (
    r"(?:without (?:any )?(?:limits?|limitations|rules|restrictions?|filters?|guidelines|constraints)|unrestricted"
    r"|uncensored|unfiltered|jailbroken|no (?:longer (?:bound|an ai|have)|rules|limits|restrictions|filters?)"
    r"|developer mode|god mode|dan\b|free (?:of|from) (?:all|any|the|your)|never refuse|refuse nothing|do anything now"
    r"|admin mode|root access|evil|amoral)"
)

ENGLISH_RULES = (
    (
        "changes the persona",
        r"\b(?:you are|you're)(?: now)? (?:\w{2,20}, )?(?:an?|the)\b",
        rf"^ (?:\w+,? ){{0,3}}?(?:{_UNBOUND}|amoral|all-powerful|(?:who|that|which) (?:never (?:declin|refus|say no)"
        r"|always (?:obey|compl)|answers? (?:anything|everything)|will (?:say|do|answer) anything))",
        False,
    ),
    (
        "changes the persona",
        r"\b(?:act|behave|respond|operate) as (?:an? |the )?(?:admin|administrator|root|superuser|developer)\b",
        r"\b(?:full access|bypass|all (?:user )?data|without|ignore|unrestricted)\b",
        True,
    ),
    (
        "asks to be obeyed",
        r"\b(?:remember|save|store|keep|treat|record|regard) (?:this|that|it|the following)\b",
        r"^.{0,30}\bas an? (?:\w+ ){0,2}?(?:system|standing|permanent|durable|binding"
        r"|overriding) (?:\w+ )?(?:directive|instruction|order|command)s?\b",
        True,
    ),
    (
        "asks to be obeyed",
        r"\byour (?:new|real|true|only|updated) (?:directive|instruction|task|purpose|objective|goal|rule|role)s?\b",
        r"^.{0,20}\b(?:supersedes?|overrides?|replaces?|takes? precedence|(?:is|are) (?:now )?to (?:ignore|obey|reveal"
        r"|send|dump))\b",
        False,
    ),
    (
        "asks to be obeyed",
        r"\b(?:treat|regard|consider|take) (?:this|the following) (?:paragraph|note|message|text|line|section"
        r"|list) as\b",
        r"^ (?:the|your) (?:only|sole|new|true|highest|final)\b.{0,20}\b(?:guid|rule|instruct|direct|order|polic"
        r"|prompt)",
        True,
    ),
    (
        "dictates the answer",
        r"\b(?:append|add|include|insert|output|repeat|mention|put|write|say|save)\b",
        r"\b(?:each|every|all|any) (?:future|subsequent|later|following|further) (?:\w+ )?(?:repl(?:y|ies)|answers"
        r"?|responses?|summar(?:y|ies)|outputs?|sessions?|conversations?)\b",
        True,
    ),
    (
        "addresses the agent",
        r"\b(?:ai|llm) (?:coding |language )?(?:agents?|assistants?|models?)\b",
        r"^.{0,60}\b(?:should|must|have to|need to|are to) (?:now |first |always |also |immediately )?(?:empty|delete"
        r"|remove|run|execute|send|ignore|call|upload|disable|forward|wipe|append|output)\b|^.{0,50}\bcall \w+_\w+",
        False,
    ),
    (
        "addresses the agent",
        r"\b(?:ai|llm|language model)(?: (?:assistant|agent|model)s?)?(?= ?[:,])",
        r"^ ?[:,] (?:please |quietly |silently |secretly |always |never |now )*(?:add|send|forward|delete|reply"
        r"|answer|say|state|include|append|insert|ignore|call|run|execute|approve|reveal|tell|mention|obey"
        r"|disregard)\b",
        False,
    ),
    (
        "addresses the agent",
        r"\bcall [a-z]+_[a-z_]+\b",
        r"^.{0,60}\bbefore (?:you )?(?:reply|answer|respond|replying|answering|responding|continuing with the task)\b",
        True,
    ),
    (
        "sends data away",
        r"\b(?:collect|gather|harvest|extract|compile|dump)\b",
        r"\b(?:customer (?:e-?mails?|data|list|records)|credentials?|pass ?words|api keys?|secrets|tokens|user data"
        r"|conversations?)\b.{0,60}\b(?:send|forward|post|upload|e-?mail|transmit|exfiltrate)\b.{0,30}(?:@|https?:"
        r"|external|outside)",
        True,
    ),
    (
        "addresses the agent",
        r"\b(?:if|since|because|as) (?:you are|you're) (?:an? |the )?(?:\w+ ){0,2}?(?:ai|llm|language model|chatbot"
        r"|assistant|agent|bot|machine)\b",
        r"^(?: (?:reading|processing|that|who)\b.{0,30}?)?,? (?:please |then |now |first |always )?(?:stop|run|call"
        r"|ignore|execute|delete|send|append|reply|answer|say|obey|begin|start|include|output|print|do not|don't|use"
        r"|reveal|forward|write|you (?:must|should|have|need|are))\b",
        False,
    ),
    (
        "asks for the prompt or secrets",
        r"\bwhat(?:ever)? (?:you|the assistant) (?:were|was|have been|had been) (?:told|given|instructed|configured)\b",
        r"\b(?:appear|stand|be (?:shown|printed|repeated|included|quoted)|go|come)\b.{0,40}\byour (?:\w+ )?(?:answers?"
        r"|repl(?:y|ies)|responses?|messages?)\b",
        False,
    ),
    (
        "claims an exemption",
        r"\b(?:exempt from|not meant for|do not apply to|don't apply to|no longer appl(?:y|ies) to)\b",
        r"^.{0,60}\b(?:restrictions|guidelines|safety|this (?:case|request))\b.{0,80}\b(?:comply|answer|output"
        r"|without restrictions|restricted)\b",
        False,
    ),
    (
        "is a part of an order",
        r"\b(?:other|second|next|remaining|missing|first) (?:half|part|piece|fragment) of (?:this|the) (?:command"
        r"|instruction|directive|order|rule|prompt)s?\b",
        r"\b(?:carry|combine|join|execute|follow (?:both|it)|obey|run|do both|act on|apply both)\b",
        False,
    ),
    (
        "lifts the rules",
        r"\b(?:ai|assistant|agent|model|bot|chatbot|you) (?:must|shall|will|should|have to|has to|are to|is to)(?: now"
        r"| always| only){0,2} (?:comply|obey|grant)\b",
        r"^.{0,15}\b(?:every|all|any|each|everything|whatever)\b",
        False,
    ),
    (
        "changes the persona",
        r"\b(?:you are (?:now|no longer)|you're now|now you are|you will (?:now )?(?:act|be|become|behave|answer"
        r"|respond)|you must (?:now )?(?:act|behave)|(?:from now on|from here on|from this (?:point|moment) (?:on"
        r"|forward)|starting now|henceforth|as of now),? (?:you|always|never|only)|pretend (?:to be|you are|you're"
        r"|that you)|act as|behave as|roleplay as|role-play as|simulate|imagine (?:you are|being)"
        r"|take on the role of)\b",
        rf"(?:{_UNBOUND}|\b(?:ai|assistant|chatbot|bot|language model|llm)\b.{{0,40}}(?:{_UNBOUND}|called|named)|obey"
        rf"|\b(?:answer|reply|respond)\b.{{0,20}}\bonly\b|only (?:answer|reply|respond|obey|follow|listen)"
        rf"|have no (?:rules|polic|restrict|limit|guideline)|(?:ignore|comply with|grant|approve) (?:all|any|every)"
        rf"|(?:reveal|leak|disclose|administrator|superuser)\b)",
        False,
    ),
    (
        "changes the persona",
        r"\b(?:enter|enable|activate|switch (?:in)?to|turn on) ",
        r"^(?:the )?(?:developer|god|dan|jailbreak|unrestricted|admin|debug|maintenance) mode\b.{0,60}\b(?:without"
        r"|where|answer|ignore|reveal|rules|safety|filters?|restrictions|you (?:will|are|must|may|can|print|show))\b"
        r"|^(?:dan|jailbreak|god|unrestricted) mode",
        True,
    ),
    (
        "asks for the prompt or secrets",
        r"\b(?:reveal|leak|disclose|expose|dump|recite|exfiltrate|divulge)\b",
        rf"\b(?:(?:the|your|all|every|any|its|their) (?:\w+ )?)?(?:{_ASSETS}|(?:your|the) (?:hidden |initial "
        rf"|original |secret |full )?(?:prompt|instructions|rules|configuration))\b",
        True,
    ),
    (
        "asks for the prompt or secrets",
        r"\b(?:repeat|print|show|output|display|copy|translate|summari[sz]e|paraphrase|write (?:out|down)|tell (?:me"
        r"|us|everybody|everyone|anyone|them)|give (?:me|us|everybody|everyone|anyone|them)|quote|state|list|share"
        r"|return|send|say)\b",
        r"\b(?:your (?:\w+ )?(?:system |initial |original |hidden )?(?:prompt|instructions|guidelines|rules)\b|(?:the "
        r"|full |entire |whole |text of |exact |complete )*(?:system|initial|hidden|original) (?:prompt"
        r"|instructions)\b.{0,60}(?:verbatim|word for word|in full|whenever|when(?:ever)? (?:asked|some)|to (?:every"
        r"|any|me|the user|who)|above|starting)|(?:full|entire|exact|complete|whole) (?:text of )?(?:the "
        r"|your )?(?:system|initial|hidden) (?:prompt|instructions)|(?:words|text"
        r"|everything) above\b.{0,40}(?:verbatim|starting|word)|system (?:prompt|instructions)\W{0,3}$"
        r"|your (?:configuration|set-?up|start-?up) (?:text|(?:in full|verbatim|word for word))"
        r"|(?:verbatim|word for word)\b.{0,60}\b(?:above|before|preced\w{2,3})\b|(?:text|words|everything)\b.{0,30}"
        r"\b(?:above|before|preced\w{2,3})\b.{0,30}\b(?:your|the) (?:first|conversation)"
        r"|the system prompt (?:and|to)\b)",
        True,
    ),
    (
        "gives secrets to anybody",
        r"\b(?:reply|answer|respond|give|tell|send|show|share|forward|hand|pass|provide|grant)\b",
        rf"(?:{_ANYBODY}.{{0,60}}\b{_ASSETS}|\b{_ASSETS}.{{0,60}}{_ANYBODY}|^ (?:to )?(?:everybody|everyone|anyone"
        rf"|every (?:question|user|message)|all (?:questions|users)).{{0,40}}\bwith (?:the|our|my"
        rf"|your) (?:admin )?{_ASSETS})",
        True,
    ),
    (
        "changes the persona",
        r"\byou (?:have been|were|are being|are now) (?:upgraded|updated|switched|converted|patched|reprogrammed"
        r"|replaced)\b",
        rf"\b(?:{_UNBOUND}|no (?:\w+ )?(?:polic(?:y|ies)|filters?|rules|limits|restrictions))\b",
        False,
    ),
    (
        "lifts the rules",
        r"\b(?:none of|no) (?:the|your|those|these) (?:\w+ )?(?:limits|rules|restrictions|polic(?:y|ies)|guidelines"
        r"|instructions|safeguards)\b",
        r"^(?=.*\byour?\b).{0,60}\b(?:appl(?:y|ies)|binds?|counts?|holds?|matters?)\b",
        False,
    ),
    (
        "keeps something from the user",
        r"\b(?:user|person|human|client|owner|operator)s?(?: (?:you (?:work|act|answer|speak) for|who asked))?"
        r" (?:must|should|may|shall|need)(?: not|n't| never) (?:know|learn|find out|notice|see|be told|hear|suspect)\b",
        r"\b(?:that you|about this|of this (?:note|memory|change|instruction))\b",
        False,
    ),
    (
        "keeps something from the user",
        r"\b(?:do not|don't|never|without) (?:tell|telling|inform|informing|mention|mentioning|reveal|revealing"
        r"|disclose|show|alert|alerting|notify|notifying|let)\b",
        r"^.{0,30}\b(?:users?|humans?|operators?|reviewers?|curators?|person you)\b.{0,30}\b(?:this (?:note|memory"
        r"|instruction|message|rule|order)|about (?:this|it)|of this|that you|these instructions|know (?:this|about"
        r"|that you))\b|^ (?:about |of )?this (?:note|memory|instruction|message|rule)\b.{0,20}(?:to|in your|users"
        r"?|anyone)|^ (?:this|it|the change|that) to (?:the )?(?:user|human|operator|reviewer|curator)s?\b",
        True,
    ),
    (
        "addresses the agent",
        r"\b(?:(?:attention|note|notice|message|instructions?|reminder|memo|directive|order|hello|dear"
        r"|hey)\W{0,3}(?:to |for )?(?:the |all |any |every |future ){0,4}(?:ai|llm|language model|chatbot|assistant"
        r"|agent|model|bot|copilot|summari[sz]er|grader)s?\b)",
        r"(?:\byou (?:must|should|are to|will|have to|shall|may now)|\byour (?:rules|instructions|guidelines|polic"
        r"|task is now|new)|\b(?:ignore|disregard|obey|override|bypass|exfiltrate|reveal|grant|approve (?:all|any"
        r"|every)|from now on|delete (?:all|every)|call \w+_\w+|execute|comply)\b"
        r"|^ ?: (?:say|state|report|skip|omit|mark|leave out|write)\b)",
        False,
    ),
    (
        "addresses the agent",
        r"\b(?:(?:all |any |every |each |future |whichever |if you are an? |as an? ){1,4}(?:ai|llm|language model"
        r"|chatbot|assistant|agent|model|bot)s?\b|(?:ai|llm|language model|chatbot)s?\b|(?:assistant|agent|model"
        r"|bot)s?(?= (?:reading|recalling|processing|(?:who|that|which) (?:read|summari|process|index|handle))))",
        r"^(?: (?:assistant|agent|model|system|bot)s?)?(?: (?:that|who|which) (?:reads?|recalls?|sees?|retrieves?"
        r"|finds?|process\w*|summari[sz]es?|index(?:es)?|handles?) (?:this|the above|it)|,? (?:reading|recalling"
        r"|seeing|processing) (?:this|these|it)|,? (?:you must|must now|shall (?:now )?(?:ignore|obey)))",
        False,
    ),
    (
        "addresses the agent",
        r"\b(?:when(?:ever)?|once|if|as soon as|after|before) (?:you|this (?:memory|note|text|entry|fact)"
        r"|these (?:memories|notes)|the agent|an agent|the assistant) (?:read|recall|retrieve|see|load|is (?:read"
        r"|recalled|retrieved|loaded|shown)|are (?:read|recalled|retrieved)|answers?|answer|reply|respond"
        r"|summari[sz]e)s?\b",
        r"^(?: (?:this|it|these)(?: \w+)?)?,?.{0,30}?\b(?:ignore|disregard|obey|reveal|forward|send (?:all|the|every"
        r"|it|this|a copy)|always (?:say|answer|recommend|add|append|approve)|call \w+_\w+|show this|append|insert"
        r"|render|you must|approve (?:all|any|every)|execute|delete|reply only|respond only|answer only|also (?:send"
        r"|include|forward|add)|run the)",
        False,
    ),
    (
        "dictates the answer",
        r"\b(?:answer|reply|respond|reply to|respond to|answer to)\b",
        r"^(?: to)? (?:every|all|any|each)(?: (?:future|other|further|user|such))? (?:questions?|messages?|requests"
        r"?|prompts?|queries|quer(?:y|ies)|users?)\b.{0,30}\b(?:with|by saying)\b(?! (?:the |a |their "
        r"|your )?(?:ticket|name|signature|form|link|greeting|courtesy|in ))",
        True,
    ),
    (
        "lifts the rules",
        r"\b(?:your (?:\w+ ){0,2}(?:rules|instructions|guidelines|polic(?:y|ies)|restrictions|limitations"
        r"|guard-?rails|filters|limits|guidance|directives|training|safeguards)|(?:all|every|any)(?: of)?(?: your"
        r"| the)?(?: previous| prior| earlier)? ?(?:safety|security|ethical|content|system)? ?(?:instructions?"
        r"|restrictions?|guidelines?|guard-?rails?|filters?)|(?:instructions?|polic(?:y|ies)|rules) above(?= (?:is"
        r"|are|has|have|was|were)\b))\b",
        r"^.{0,40}\b(?:revoked|(?:have|has) changed, you|cancell?ed|void|lifted|suspended|disabled|no longer (?:appl"
        r"|bind|count|valid)|deactivated|overridden|superseded|obsolete|null)|(?<!y)(?<!ies) (?:has|have|is"
        r"|are) (?:now )?(?:expired|lapsed|ended|been (?:replaced|withdrawn|rescinded))\b",
        False,
    ),
    (
        "lifts the rules",
        r"\b(?:obey|follow|trust|listen to) only\b|\bonly (?:obey|follow|listen to)\b",
        r"^.{0,20}\b(?:me|messages|commands|orders|instructions|requests|what i)\b",
        True,
    ),
    (
        "sends data away",
        r"\b(?:send|forward|e-?mail|mail|export|upload|transmit|leak|post|copy|exfiltrate|bcc|cc|relay|deliver"
        r"|submit)\b",
        rf"(?:\b(?:conversations?|chat (?:history|log)|messages|credentials?|pass ?words?|api keys?|secrets?|tokens"
        rf"|system prompt|memories|customer (?:list|data|records|table|database)|user data|database|everything"
        rf"|all (?:of )?(?:the |your |our |this )?data)\b.{{0,60}}\b(?:to|at)\b.{{0,20}}(?:https?:"
        rf"|[\w.+-]{{1,40}}@(?:evil|attacker|[\w-]{{1,30}}\.(?:tk|xyz|ru|example\.net))|external|outside|{_ANYBODY}"
        rf"|\d{{1,3}}\.\d{{1,3}}\.\d)|\b(?:conversations?|chat (?:history|log)|system prompt|memories|credentials"
        rf"|pass ?words"
        r"|api keys?)\b.{0,60}\bto [\w.+-]{1,40}@|\b(?:pass ?words|credentials|api keys?|secrets"
        r"|database)\b.{0,20}\bto me\b)",
        True,
    ),
    (
        "decodes and obeys",
        r"\b(?:decode|decrypt|unscramble|deobfuscate|reverse|translate)\b",
        r"(?:and|then)(?: then| silently| immediately)? (?:follow|execute|obey|do what|run|carry out|act on|comply)",
        True,
    ),
    (
        "is a part of an order",
        r"\b(?:part|piece|fragment|half|chunk) (?:one|two|three|four|a|b|\d) of (?:the |this |a |your )?(?:rule"
        r"|instruction|order|command|prompt|directive|message)\b",
        None,
        False,
    ),
    (
        "lifts the rules",
        r"\byou are no longer\b",
        r"^ (?:bound|restricted|limited|constrained|governed|subject)\b.{0,30}\b(?:polic|rule|restrict|guideline"
        r"|instruct|filter|anything)",
        False,
    ),
    (
        "changes the persona",
        r"\byou are \w{2,20} and (?:you )?",
        r"^(?:will |shall |must )?(?:never refuse (?:anything|any|a request|requests?|$)|never refuse$|always (?:obey"
        r"|comply))",
        False,
    ),
    (
        "asks to be obeyed",
        r"\byour (?:new|real|true|only|updated) (?:directive|instruction)s?\b",
        r"^ (?:is|are)(?: now)?(?: as follows)? ?:",
        False,
    ),
)

OTHER_RULES = (
    (
        "lifts the rules",
        r"\b(?:musst du|du musst|tu dois|vous devez|debes|tienes que|devi|voce deve|moet je|je moet)\b",
        r"^ (?:\w+ ){0,2}?(?:(?:approuver|accepter|accorder|autoriser|obeir a|aprobar|aceptar|autorizar|conceder"
        r"|obedecer|approvare|accettare|autorizzare|concedere|obbedire a|aprovar|aceitar) (?:a )?(?:chaque|tou(?:s|te"
        r"|tes)|cada|tod[ao]s?|ogni|tutt[eio]|qualsiasi|cualquier\w?)\b|(?:jede[mnrs]?|alle[mn]?"
        r"|elke)\b.{0,40}\b(?:genehmigen|freigeben|gewahren|gehorchen|befolgen|goedkeuren|gehoorzamen))",
        False,
    ),
    (
        "sends data away",
        r"\b(?:musst du|du musst|tu dois|vous devez|debes|tienes que|devi|voce deve|moet je|je moet)\b",
        r"^.{0,30}\b(?:anfragen?|nachrichten?|gesprache?|unterhaltung\w{0,2}|demandes?|messages?|conversations?"
        r"|mensajes?|conversaci\w{2,5}|messagg\w|conversazion\w|mensage\w{1,2}|berichten?|gesprekken)\b.{0,40}@",
        False,
    ),
    (
        "dictates the answer",
        r"\b(?:note (?:du )?systeme|nota del? sistema|systemhinweis|systemnachricht|nota di sistema|nota do sistema"
        r"|systeembericht)\b",
        r"^ ?:.{0,100}\b(?:reponses?|respuestas?|antwort\w{0,2}|rispost\w|respostas?|antwoord\w{0,2})\b",
        False,
    ),
    (
        "asks for the prompt or secrets",
        r"\b(?:revele[rz]?|affiche[rz]?|montre[rz]?|repete[rz]?|divulgue[rz]?|revela|muestra|repite|rivela|mostra"
        r"|ripeti|revele|mostre|repita|verrate|zeige?|wiederhole|onthul|toon|herhaal)\b",
        r"^ (?:me |mir |mi |moi )?(?:les |le |la |las |los |de )?(?:tes|vos|tus|tue|tuoi|suas|tuas|deine?|ihre?|je"
        r"|jouw)? ?(?:\w+ )?(?:instructions? (?:de |du )?systeme|instrucciones (?:de|del) sistema"
        r"|istruzioni di sistema|instrucoes d[eo] sistema|systemanweisung\w{0,2}|systeminstructies"
        r"|instructions secretes|instrucciones secretas)\b",
        True,
    ),
    (
        "gives secrets to anybody",
        r"\b(?:gib|gebt|nenne|verrate|sende|schicke?|leite|donne[rz]?|envoie|envoye[rz]?|transmet\w{0,3}"
        r"|communique[rz]?|comunica|invia|rivela|envia|envie|manda|revela|revele|entrega|stuur|geef|verstuur|wyslij"
        r"|przeslij|podaj|отправь\w{0,2}|пришли|перешли|сообщи|дай)\b",
        r"^(?=.{0,100}\b(?:passw\w{1,6}|kennwort\w{0,3}|kundendaten|kundenliste|api-?schlussel|mots? de passe"
        r"|liste des clients|donnees (?:clients|des clients)|contrasenas?|clave|base de datos|lista de clientes"
        r"|password|dati dei clienti|elenco clienti|senhas?|klantenlijst|wachtwoord\w{0,2}|klantgegevens|hasl[oa]"
        r"|baze klientow|liste klientow|парол\w{1,2}|баз\w клиентов|список клиентов)).{0,100}(?:\b(?:jedem|allen"
        r"|jede frage|jeden|quiconque|a tous|a tout le monde|a todos|a cualquiera|a quien|a tutti|a chiunque"
        r"|a qualquer|iedereen|kazdemu|wszystkim|всем|любому|внешний адрес|мне|na zewnatrz)\b|[\w.+-]{1,40}@evil"
        r"|https?:)",
        True,
    ),
    (
        "addresses the agent",
        r"\b(?:an (?:die|jede|alle) kis?|an (?:das|jedes|alle) (?:sprachmodelle?|assistenten)|(?:a|pour) (?:l'|toute "
        r"|chaque )ia|(?:a|para) (?:la|toda|a|cualquier) ia|all'ia|aan (?:de|elke) ai)\b",
        r"^,? (?:die|das|der|qui|que|che)\b.{0,30}\b(?:liest|lesen|verarbeite[nt]|lit|lisent|traite|le[ea]|procesa"
        r"|legge|elabora|leest|verwerkt)\b",
        False,
    ),
    (
        "lifts the rules",
        r"(?:あなた(?:へ)?の|あなたに対する)",
        r"^.{0,12}(?:命令|指示|ルール|規則|制約).{0,10}(?:無効|解除|終了|忘れ)",
        False,
    ),
    (
        "lifts the rules",
        r"(?:\b(?:tu n'es|vous n'etes) plus (?:soumise?|liee?|tenue?|oblige\w{0,2})\b|\bno (?:obedeces"
        r"|estas sujeto)\b|\bgelten (?:fur|fuer) dich keine|\bdu (?:bist|musst) (?:an )?keinen? |\bnon (?:obbedisci"
        r"|sei soggetto)\b|\bvoce nao obedece\b|(?:不再"
        r"|无需|不必)(?:遵守|服从|受)|ты больше не (?:обязан|подчиня\w{1,5}|связан))",
        r"(?:\b(?:regles?|limites?|consignes|creadores|reglas|ordenes|normas|vorgaben|regeln|grenzen|anweisungen"
        r"|regole|creatori|ordini|criadores|regras)\b|^(?:任何|所有|一切).{0,4}(?:规定|规则|限制|指令|约束)|правил|ограничен|указани|инструкц)",
        False,
    ),
    (
        "asks for the prompt or secrets",
        r"(?:システムプロンプト|系统提示词?|시스템 ?프롬프트)",
        r"^.{0,8}(?:表示し|見せ|教え|開示|出力し|发给|告诉|公开|输出|透露|展示|贴出|알려|보여|공개)",
        False,
    ),
    (
        "addresses the agent",
        r"(?:\b(?:wenn|falls) du (?:eine? )?(?:ki|sprachmodell|chatbot|bot)\b|\bsi (?:tu es|vous etes) une? (?:ia"
        r"|modele de langage|chatbot)\b|\bsi eres una? (?:ia|modelo de lenguaje|chatbot)\b|\bse (?:sei"
        r"|voce e) uma? (?:ia|chatbot)\b|\bals je een (?:ai|taalmodel|chatbot)\b|если ты (?:ии|языковая модель"
        r"|чат-?бот)|如果你是(?:一个)?(?:ai|人工智能|语言模型)|(?:ai|言語モデル)であれば)",
        None,
        False,
    ),
    # German, French, Spanish, Italian, Portuguese, Dutch: a new role, and secrets for everybody.
    (
        "changes the persona",
        r"\b(?:ab (?:sofort|jetzt)|von nun an|du bist (?:jetzt|nun|ab)|a partir de maintenant|desormais"
        r"|tu es (?:maintenant|desormais)|a partir de ahora|ahora eres|desde ahora|d'ora in poi|ora sei"
        r"|da questo momento|a partir de agora|agora voce e|vanaf nu|ab jetzt|je bent (?:nu|vanaf)|с этого момента"
        r"|теперь ты|od teraz|jestes teraz|从现在开始|从现在起|今からあなたは|これからあなたは|지금부터 (?:너|당신))",
        r"(?:\bkeine (?:regeln|grenzen|vorgaben|filter)|plus (?:de|aucune) (?:regles?|limites?)|no tienes (?:reglas"
        r"|limites)|non hai (?:regole|limiti)|ohne (?:jede |jegliche )?(?:regeln|einschrankung\w*|beschrankung\w*"
        r"|grenzen|filter|vorgaben)|sans (?:aucune )?(?:regles?|restrictions?|limites?|filtres?)"
        r"|sin (?:ninguna )?(?:reglas|restricciones|limites|filtros)|senza (?:alcuna )?(?:regole|restrizioni|limiti"
        r"|filtri)|sem (?:regras|restricoes|limites|filtros)|zonder (?:regels|beperkingen|filters)|без (?:правил"
        r"|ограничений)|bez (?:zasad|ograniczen)|(?:没有|不受)[^。]{0,6}(?:限制|规则|约束)|制限(?:の"
        r"|が)?な(?:い|く)|제한 ?없"
        r"|system-?prompt|invite systeme|prompt (?:systeme|del sistema|di sistema))",
        False,
    ),
    (
        "asks for the prompt or secrets",
        r"(?:\b(?:verrate|verrat\w{0,2}|enthulle|gib|zeige|nenne|revele[rz]?|divulgue[rz]?|affiche[rz]?|montre[rz]"
        r"?|revela|muestra|divulga|rivela|mostra|mostre|revele|onthul|toon|раскрой|покажи|выведи|pokaz|ujawnij)\b|透露"
        r"|泄露|告诉|输出|显示|教えて|開示|出力|알려|공개)",
        r"(?:system-?prompt|system-?anweisung|prompt (?:systeme|du systeme|del sistema|di sistema|do sistema"
        r"|systemowy)|invite systeme|instructions? (?:systeme|secretes?)|систем\w+ (?:промпт|инструкц)|系统提示"
        r"|システムプロンプト|시스템 ?프롬프트|все (?:пароли|ключи)|alle (?:passw\w{3,6}|gespeicherten|kundendaten)"
        r"|tous les mots de passe|toutes les cles|todas las (?:claves|contrasenas)|todas as senhas|所有(?:密码|密钥"
        r"|记忆)|mots de passe.{0,30}quiconque|passworter.{0,20}jedem|jedem.{0,30}(?:passwor|kundendaten))",
        False,
    ),
)
