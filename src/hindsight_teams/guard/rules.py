"""What orders to an agent are made of: concepts, as words in many languages, and which of them make an order together.

"Ignore what came before" has a grammar of its own, see ``languages``.
"""

from __future__ import annotations

from typing import NamedTuple


def _any(*words: str, apart: str = "") -> str:
    """A pattern for any of some whole words, and for some of languages that set no spaces between words."""
    whole = rf"\b(?:{'|'.join(words)})\b"
    return rf"(?:{whole}|{apart})" if apart else whole


_AGENT = (
    r"(?:(?:ai|llm) (?:coding |language )?(?:assistant|agent|model)|ai|llm|language model|chatbot|assistant|agent"
    r"|model|bot"
    r"|copilot|summari[sz]er|grader|ki|sprachmodell|assistenten?|ia|modele de langage|modelo de lenguaje|taalmodel)s?"
)
_CONTROL = (
    r"(?:rules?|instructions?|guidelines?|polic(?:y|ies)|restrictions?|limitations?|limits|guard-?rails?|filters?"
    r"|guidance|directives?|training|safeguards?|configuration|constraints?|programming)"
)
_CONTROL_ABROAD = (
    r"(?:regeln|vorgaben|anweisungen|grenzen|regles?|consignes|limites?|reglas|normas|ordenes|instrucciones|regole"
    r"|limiti"
    r"|istruzioni|ordini|regras|instrucoes|ordens|regels|instructies|zasad\w{0,2}|правил\w?|инструкци\w|ограничени\w"
    r"|restrictions?|restricciones|restrizioni|restricoes|filtres?|filtros|filtri|beperkingen|\w{0,2}schrankung\w{0,2})"
)
_CONTROL_ASIA = r"(?:命令|指示|ルール|規則|制約|制限|规定|规则|限制|指令|约束)"
_PASSWORDS_ABROAD = (
    r"(?:kundendaten\w?|kundenlisten?|passw\w{2,6}|kennwort\w{0,3}|api-?schlussel|gespeicherten|mots? de passe"
    r"|(?:liste|donnees) (?:des )?clients|cles|contrasenas?|claves?|base de datos|(?:lista|datos|elenco|dati)(?: de"
    r"| dei)? client\w{1,3}|senhas?|wachtwoord\w{0,2}|klantgegevens|klantenlijst|hasl[oa]|(?:baze|liste) klientow"
    r"|парол\w{1,2}|баз\w клиентов|список клиентов|ключи)"
)

CONCEPTS = {
    "tell": _any(
        r"repeat|print|show|output|display|copy|translate|summari[sz]e|paraphrase|write (?:out|down)|tell|give|quote"
        r"|state",
        r"list|share|return|send|say|reply|answer|respond|forward|hand|pass|provide|grant|e-?mail|mail|export|upload",
        r"transmit|post|bcc|cc|relay|deliver|submit|collect|gather|harvest|extract|compile|read out|append|include"
        r"|leak",
        r"reveal|disclose|exfiltrate|dump|expose|recite",
        r"gib|gebt|nenne|verrat\w{0,2}|enthulle|zeige?|sende|schicke?|leite|wiederhole",
        r"donne[rz]?|envoie|envoye[rz]?|transmet\w{0,3}|communique[rz]?|revele[rz]?|divulgue[rz]?|affiche[rz]?"
        r"|montre[rz]?",
        r"comunica|invia|rivela|mostr[ae]|ripeti|envi[ae]|manda|revel[ae]|divulga|muestra|repite|entrega|repita"
        r"|repete[rz]?",
        r"stuur|geef|verstuur|onthul|toon|herhaal|wyslij|przeslij|podaj|pokaz|ujawnij",
        r"отправь\w{0,2}|пришли|перешли|сообщи|дай|раскрой|покажи|выведи",
        apart="透露|泄露|告诉|输出|显示|发给|公开|展示|贴出|表示し|見せ|教え|開示|出力|알려|보여|공개",
    ),
    "betray": _any(r"reveal|leak|disclose|expose|dump|recite|exfiltrate|divulge"),
    "prompt": _any(
        r"your (?:\w+ ){0,2}(?:prompt|instructions|guidelines|rules|configuration|set-?up|start-?up)",
        r"(?:system|initial|hidden|original|secret)(?: prompt| instructions| configuration)",
        r"(?:full|entire|exact|complete) (?:text of (?:the |your )?)?(?:system )?(?:prompt|instructions)",
        r"what(?:ever)? (?:you|the assistant) (?:were|was|have been|had been) (?:told|given|instructed|configured)",
        r"(?:words|text|everything)\b.{0,30}\b(?:above|before|preced\w{2,3})\b.{0,30}\b(?:verbatim|starting|word for"
        r"|your"
        r"|the (?:first|conversation))",
        r"(?:verbatim|word for word)\b.{0,60}\b(?:above|before|preced\w{2,3})",
        r"system-?(?:prompt|anweisung\w{0,2}|instructies)|systeminstructies|invite systeme|систем\w+ (?:промпт"
        r"|инструкц)\w?",
        r"prompt (?:(?:de|del|di|do|du) )?(?:systeme|sistema|systemowy)",
        r"(?:instructions?|instrucciones|istruzioni|instrucoes) (?:(?:de|del|di|du|do) )?(?:systeme|sistema"
        r"|secret\w{1,3})",
        rf"(?:alle|tous les|toutes les|tod[ao]s(?: l?[ao]s)?|tutte le|все) {_PASSWORDS_ABROAD}",
        apart="系统提示词?|システムプロンプト|시스템 ?프롬프트|所有(?:密码|密钥|记忆)",
    ),
    "appear": _any(
        r"(?:must|should|shall|has to|is to) (?:appear|stand|be (?:shown|printed|repeated|included|quoted))"
    ),
    "secrets": _any(
        r"(?:every|all|api|secret|private) keys?|pass ?words?|passwd|credentials?|secrets?|(?:access"
        r"|session)? ?tokens?",
        r"customer (?:data|list|records|base|table|database|e-?mails?)|user data|conversations?|chat (?:history|log)",
        r"memor(?:ies|y bank)|database|personal data|payroll|environment variables|everything",
        r"all (?:of )?(?:the |your |our |this )?(?:data|messages)",
        _PASSWORDS_ABROAD,
        apart="密码|密钥|记忆|パスワード|비밀번호",
    ),
    "stored secrets": _any(
        r"(?:the |your |every |all |any |its |their )?(?:\w+ )?(?:api keys?|pass ?words?|credentials?|secrets"
        r"|private keys?"
        r"|access tokens?|customer (?:data|list|records)|user data|chat (?:history|log)|memories|database"
        r"|personal data|environment variables)"
    ),
    "anybody": _any(
        r"everybody|everyone|anybody|anyone|whoever|(?:the )?next (?:caller|user|visitor|speaker)|all (?:users"
        r"|customers)",
        r"any user|every (?:user|question|message)|all questions|who asks|attacker|outsiders?|a stranger|external"
        r"|outside",
        r"to me|jede[mnr]?|allen|quiconque|a tous|a tout le monde|a todos|a cualquiera|a quien|a tutti|a chiunque",
        r"a qualquer|iedereen|kazdemu|wszystkim|na zewnatrz|всем|любому|внешний адрес|мне",
        apart=r"所有人|任何人|https?:|[\w.+-]{1,40}@[\w-]{1,40}\.|\d{1,3}\.\d{1,3}\.\d",
    ),
    "become": _any(
        r"you(?: are|'re)|you will (?:now )?(?:act|be|become|behave|answer|respond)|you must (?:now )?(?:act|behave)",
        r"you (?:have been|were) (?:upgraded|updated|switched|converted|patched|reprogrammed|replaced)",
        r"(?:from (?:now|here|this \w+) (?:on|forward)|starting now|henceforth|as of now),? (?:you|always|never|only)",
        r"pretend|(?:act|behave|respond|operate) as|role-?play as|simulate|imagine (?:you are|being)|take on the role",
        r"(?:enter|enable|activate|switch (?:in)?to|turn on)(?= (?:\w+ )?\w+ mode)",
        r"ab (?:sofort|jetzt)|von nun an|du bist|a partir de maintenant|desormais|(?:tu|vous) (?:n')?(?:es|etes)",
        r"a partir de ahora|ahora eres|desde ahora|d'ora in poi|ora sei|da questo momento|a partir de agora|voce",
        r"vanaf nu|je bent|od teraz|jestes teraz|с этого момента|теперь ты|ты больше",
        apart="从现在开始|从现在起|今からあなたは|これからあなたは|지금부터 (?:너|당신)",
    ),
    "unbound": _any(
        r"without (?:any )?(?:limits?|limitations|rules|restrictions?|filters?|guidelines|constraints)|unrestricted",
        r"uncensored|unfiltered|jailbroken|amoral|all-powerful|no longer (?:bound|an ai|restricted|limited|governed)",
        rf"(?:(?:have )?no|not bound by any|free (?:of|from) (?:all|any|the|your)) (?:\w+ )?{_CONTROL}",
        r"(?:developer|god|dan|jailbreak|unrestricted|admin) mode|dan|safety \w+ (?:are )?off|root access|evil"
        r"|full access",
        r"refuses? (?:nothing|anything|no)|never (?:refuses?|declines?|says? no)|do anything now|superuser|obeys?",
        r"comply with|always compl\w+|answers? (?:anything|everything)|will (?:say|do|answer) anything|reveal|leak"
        r"|disclose",
        r"(?:answer|reply|respond|obey|follow|listen)\b.{0,20}\bonly|only (?:answer|reply|respond|obey|follow|listen)",
        r"(?:ignore|grant|approve) (?:all|any|every)|uneingeschrankt\w{0,2}",
        rf"(?:keinen?|ohne(?: jede| jegliche)?|sans(?: aucune)?|plus(?: de| aucune)?|sin(?: ningun\w?)?|no tienes"
        rf"|non hai"
        rf"|senza(?: alcun\w)?|sem|zonder|без|bez) {_CONTROL_ABROAD}",
        r"plus (?:soumis|lie|tenu|oblige)e?|no (?:obedeces|estas sujeto)|non (?:obbedisci|sei soggetto)|nao obedece",
        r"больше не (?:обязан|подчиня\w{1,5}|связан)",
        apart=rf"(?:没有|不受|不再|无需|不必)[^。]{{0,8}}{_CONTROL_ASIA}|制限(?:の|が)?な(?:い|く)|제한 ?없",
    ),
    "your rules": _any(
        rf"your (?:\w+ ){{0,2}}{_CONTROL}|(?:instructions?|polic(?:y|ies)|rules) above(?= (?:is|are|has|have|was"
        rf"|were)\b)",
        rf"(?:all|every|any)(?: of)?(?: your| the)? ?(?:safety|security|ethical|content|system) ?{_CONTROL}",
        rf"(?:all|any) {_CONTROL}|everything (?:above|before this)|(?:none of|no) (?:the|your|those"
        rf"|these) {_CONTROL}\b.*you",
        rf"(?:deine|ihre|tes|vos|tus|tue|tuas|suas|jouw|twoje|твои) {_CONTROL_ABROAD}",
        apart=rf"(?:あなた(?:へ|に対する)?の?|(?:これまで|今まで)の).{{0,6}}{_CONTROL_ASIA}|你的{_CONTROL_ASIA}",
    ),
    "void": _any(
        r"revoked|cancell?ed|void|lifted|suspended|deactivated|overridden|superseded|obsolete|expired|lapsed|rescinded",
        r"withdrawn|(?:no longer|not|don't) (?:appl|bind|count|valid|matter|hold)\w*|have changed, you",
        r"(?:apply|count|bind)(?: you)?(?: here| in this \w+| any ?more)",
        r"(?:has|have|is|are|was|were) (?:now )?(?:been )?(?:replaced|ended|disabled|gone)",
        r"ungultig|aufgehoben|gelten nicht mehr|ne s'appliquent plus|ya no (?:valen|aplican)|non valgono piu",
        apart="больше не действ|無効|解除|终止|失效|作废",
    ),
    "agent": _any(
        rf"(?:attention|note|notice|message|instructions?|reminder|memo|directive|order|hello|dear"
        rf"|hey)(?: to self)?\W{{0,3}}"
        rf"(?:to |for )?(?:the |all |any |every |future ){{0,4}}{_AGENT}",
        rf"(?:to|for) (?:the |all |any |every |future |whichever ){{0,4}}{_AGENT}(?= ?:| (?:that|who|which|reading"
        rf"|recall))",
        rf"(?:all|any|every|each|future|whichever) {_AGENT} (?:that|who|which|reading|recalling|processing)",
        r"(?:ai|llm|language model)s?(?: ?[:,]| (?:must|should|shall|reading|recalling|processing))",
        r"(?:ai|llm|language model) (?:coding )?(?:assistant|agent|model)s?",
        rf"{_AGENT},? (?:(?:that|who|which) )?(?:reads?|reading|recalls?|recalling|loads|sees|retrieves?|index(?:es)?"
        r"|handles?|summari[sz]es?|process(?:es|ing)?) (?:this|these|the above|it)",
    ),
    "command": _any(
        r"ignore|disregard|obey|override|bypass|exfiltrate|reveal|grant|execute|comply|approve (?:all|any|every)"
        r"|export|wipe",
        r"delete (?:all|every)|(?:send|forward) (?:all|the|every|it|this|a copy)|leak|from now on|you must"
        r"|call \w+_\w+",
        r"always (?:say|answer|recommend|add|append|approve)|show this|append|insert|render|(?:reply|respond"
        r"|answer) only",
        r"also (?:send|include|forward|add)|run the|your (?:task is now|new)",
        r"(?<=: )(?:say|state|report|skip|omit|mark|leave out|write|approve|add|print|recommend|treat)",
        r"(?:must|should|shall|have to|need to|are to) (?:now |first |always |also |immediately )?(?:empty|delete"
        r"|remove|run"
        r"|execute|send|ignore|call|upload|disable|forward|wipe|append|output|hide|approve|grant)",
    ),
    "when you": _any(
        r"(?:when(?:ever)?|once|if|as soon as|after|before) (?:(?:you|this (?:memory|note|text|entry|fact)"
        r"|these (?:memories|notes)|the agent|an agent|the assistant) )?(?:(?:is|are) )?(?:read|recall|retrieve|see"
        r"|load"
        r"|shown|answer|reply|respond|summari[sz]e|continu)(?:s|d|ed|ing|ying)?"
    ),
    "conceal": _any(
        r"(?:do not|don't|never|without) (?:tell|inform|mention|reveal|disclos|show|alert|notify|let)\w*\b.{0,30}\b"
        r"(?:(?:this|the|about) (?:note|memory|instruction|message|rule|order|change)|about (?:this|it)|of this"
        r"|that you"
        r"|these instructions|know (?:this|about|that you)|(?:this|it) to (?:the )?(?:user|human|operator|reviewer)s?)",
        r"(?:secretly|silently|covertly|quietly) (?:add|append|insert|send|forward|include|copy|change|replace|delete"
        r"|approve|mention|recommend)",
        r"tell (?:nobody|no one)|never tell them|hide (?:it|this) from",
        r"(?:user|person|human|client|owner|operator)s?(?: (?:you|who) \w+(?: for)?)? (?:must|should|may|shall"
        r"|need)(?: not|n't| never) (?:know|learn|find out|notice|see|be told|hear|suspect)",
    ),
    "to the agent": _any(
        rf"you|your|users?|humans?|operators?|reviewers?|curators?|{_AGENT}|answers?|repl(?:y|ies)|call \w+_\w+",
        r"this (?:note|memory|instruction|message|rule)",
    ),
    "obey": _any(
        rf"(?:{_AGENT}|you) (?:must|shall|will|should|have to|has to|are to|is to)(?: now| always"
        rf"| only){{0,2}} (?:comply"
        r"|obey|grant)|you (?:answer|listen|obey|report) only to|comply with",
    ),
    "you must": _any(
        r"musst du|du musst|tu dois|vous devez|debes|tienes que|devi|voce deve|moet je|je moet|(?:du|bot|ki|ia) muss",
    ),
    "approve all": _any(
        r"(?:approuver|accepter|accorder|autoriser|obeir|aprobar|aceptar|autorizar|conceder|obedecer|approvare"
        r"|accettare"
        r"|autorizzare|concedere|obbedire|aprovar|aceitar)(?: a)? (?:chaque|tou(?:s|te|tes)|cada|tod[ao]s?|ogni"
        r"|tutt[eio])",
        r"(?:jede[mnrs]?|alle[mn]?|elke)\b.{0,40}\b(?:genehmigen|freigeben|gewahren|gehorchen|befolgen|goedkeuren)",
        r"(?:anfragen?|nachrichten?|gesprache?|unterhaltung\w{0,2}|demandes?|messages?|conversations?|mensajes?"
        r"|conversaci\w{2,5}|messagg\w|conversazion\w|mensage\w{1,2}|berichten?|gesprekken)\b.{0,40}@\w",
    ),
    "every": _any(r"every|all|any|each|everything|whatever|whoever|the next|only to"),
    "write": r"(?<!future )"
    + _any(r"append|add|include|insert|output|repeat|mention|put|write|say|save|answer|reply|respond"),
    "must": _any(r"must|should|shall|muss|soll|doit|debe|deve|moet"),
    "each reply": _any(
        r"(?:each|every|all|any) (?:future|subsequent|later|following|further) (?:\w+ )?(?:repl(?:y|ies)|answers?"
        r"|responses?"
        r"|summar(?:y|ies)|outputs?|sessions?|conversations?)",
        r"(?:every|all|any|each)(?: (?:future|other|further|user|such))? (?:questions?|messages?|requests?|prompts?"
        r"|quer(?:y|ies)|users?)\b.{0,30}\b(?:with|by saying)(?! (?:the |a |their |your )?(?:ticket|name|signature|form"
        r"|link|greeting|courtesy|in ))",
    ),
    "end of each reply": _any(
        r"(?:end|ende|fin|final|fine|fim|eind)(?: \w{1,3})? (?:each|every|all|any|jede[rn]?|toute|chaque|cada"
        r"|cualquier|ogni"
        r"|qualquer|elk) (?:answer|reply|response|summary|antwort|reponse|respuesta|risposta|resposta|antwoord)s?"
    ),
    "decode": _any(r"decode|decrypt|unscramble|deobfuscate|reverse|translate"),
    "do it": _any(
        r"(?:and|then)(?: then| silently| immediately)? (?:follow|execute|obey|do what|run|carry out|act on|comply)"
    ),
    "part": _any(
        r"(?:(?:part|piece|fragment|half|chunk) (?:one|two|three|four|a|b|\d)|(?:other|second|next|remaining|missing"
        r"|first)"
        r" (?:half|part|piece|fragment)) of (?:the |this |a |your )?(?:rule|instruction|order|command|prompt"
        r"|directive)s?"
    ),
    "as a rule": _any(
        r"(?:remember|save|store|keep|treat|record|regard|consider|take) (?:this|that|it"
        r"|the following)\b.{0,30}\bas (?:an?"
        r"|the|your) (?:\w+ ){0,2}?(?:system|standing|permanent|durable|binding|overriding|only|sole|true"
        r"|highest) (?:\w+ )?"
        r"(?:directive|instruction|order|command|rule|guid\w+|polic\w+)"
    ),
    "your new rule": _any(
        r"your (?:new|real|true|only|updated) (?:directive|instruction|task|purpose|objective|goal|rule"
        r"|role)s?\b.{0,20}\b"
        r"(?:supersedes?|overrides?|replaces?|takes? precedence|(?:is|are) (?:now )?to (?:ignore|obey|reveal|send"
        r"|dump))",
        r"your (?:new|real|true|only|updated) (?:directive|instruction)s? (?:is|are)(?: now)?(?: as follows)?(?= ?:)",
    ),
    "if you are one": _any(
        r"(?:if|since|because) (?:you are|you're) (?:an? |the )?(?:\w+ )?(?:ai|llm|language model|chatbot|bot"
        r"|machine)",
        rf"(?:wenn|falls) du (?:eine? )?{_AGENT}|si (?:tu es|vous etes) une? {_AGENT}|si eres una? {_AGENT}",
        rf"se (?:sei|voce e) uma? {_AGENT}|als je een {_AGENT}|если ты (?:ии|языковая модель|чат-?бот)",
        r"an (?:die|jede|alle) kis?,? die|(?:a|pour|para) (?:l'|toute |chaque |la |toda |cualquier )ia,? (?:qui|que)",
        r"all'ia che",
        apart="如果你是(?:一个)?(?:ai|人工智能|语言模型)|(?:ai|言語モデル)であれば",
    ),
    "only me": _any(
        r"(?:(?:obey|follow|trust|listen to) only|only (?:obey|follow|listen to))\b.{0,20}\b(?:me|messages|commands"
        r"|orders"
        r"|instructions|requests|what i)"
    ),
}
"""Each concept as a pattern over folded text."""


class Rule(NamedTuple):
    """An order to an agent: concepts that stand near each other in one sentence.

    Attributes:
        name: What the order does.
        concepts: The names of the concepts; the others stand around the first.
        opens: The first is a verb, and orders only where it opens a clause: "reveal it", not "they reveal it".
    """

    name: str
    concepts: tuple[str, ...]
    opens: bool = False


RULES = (
    Rule("changes the persona", ("become", "unbound")),
    Rule("lifts the rules", ("your rules", "void")),
    Rule("lifts the rules", ("obey", "every")),
    Rule("lifts the rules", ("you must", "approve all")),
    Rule("lifts the rules", ("only me",), opens=True),
    Rule("lifts the rules", ("your new rule",)),
    Rule("asks for the prompt or secrets", ("tell", "prompt"), opens=True),
    Rule("asks for the prompt or secrets", ("appear", "prompt")),
    Rule("asks for the prompt or secrets", ("betray", "stored secrets"), opens=True),
    Rule("gives secrets away", ("tell", "secrets", "anybody"), opens=True),
    Rule("keeps something from the user", ("conceal", "to the agent")),
    Rule("addresses the agent", ("agent", "command")),
    Rule("addresses the agent", ("when you", "command")),
    Rule("addresses the agent", ("if you are one",)),
    Rule("dictates the answer", ("write", "each reply"), opens=True),
    Rule("dictates the answer", ("must", "end of each reply")),
    Rule("decodes and obeys", ("decode", "do it"), opens=True),
    Rule("is a part of an order", ("part",)),
    Rule("asks to be obeyed", ("as a rule",), opens=True),
)
