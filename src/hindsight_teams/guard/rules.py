"""What orders to an agent are made of: concepts, as words in many languages, and which of them make an order together.

"Ignore what came before" has a grammar of its own, see ``languages``. ``instructions`` reads both.
"""

from __future__ import annotations

from typing import NamedTuple

GROUPS = r"""
agent: (?:(?:ai|llm) (?:coding |language )?(?:assistant|agent|model)|ai|llm|language model|chatbot|assistant|agent|
  model|bot|copilot|summari[sz]er|grader|ki|sprachmodell|assistenten?|ia|modele de langage|modelo de lenguaje|
  taalmodel)s?
control: rules?|(?:safety )?(?:principles|settings|protocols?|boundaries)|ethics|instructions?|guidelines?|polic(?:y|
  ies)|restrictions?|limitations?|limits|guard-?rails?|filters?|guidance|directives?|training|safeguards?|configuration|
  constraints?|programming
control_abroad: regeln|vorgaben|richtlinien|anweisungen|grenzen|regles?|consignes|limites?|reglas|normas|ordenes|
  instrucciones|regole|limiti|istruzioni|ordini|regras|instrucoes|ordens|regels|instructies|zasad\w{0,2}|правил\w?|
  инструкци\w|ограничени\w|restrictions?|restricciones|restrizioni|restricoes|filtres?|filtros|filtri|beperkingen|
  \w{0,2}schrankung\w{0,2}
control_asia: 命令|指示|ルール|規則|制約|制限|规定|规则|限制|指令|约束
passwords_abroad: kundendaten\w?|kundenlisten?|\w{0,20}passw\w{2,6}|\w{0,20}kennwort\w{0,3}|sifre\w{0,6}|parola\w{0,4}|
  api-?schlussel|gespeicherten|mots? de passe|(?:liste|donnees) (?:des )?clients|cles|contrasenas?|claves?|
  base de datos|(?:lista|datos|elenco|dati)(?: de| dei)? client\w{1,3}|senhas?|wachtwoord\w{0,2}|klantgegevens|
  klantenlijst|hasl[oa]|(?:baze|liste) klientow|парол\w{1,2}|баз\w клиентов|список клиентов|ключи
machine: (?:(?:ai|llm) (?:assistant|agent|model)|ai|llm|language model|chatbot|assistant|model|bot|copilot|
  summari[sz]er)s?
duty: (?:must|shall|should|ha(?:s|ve) to|(?:is|are) to|ought to|needs? to|(?:is|are) (?:\w+ )?(?:required|obliged|asked|
  instructed|told|expected|ordered) to)
machine_abroad: (?:ki|ia|ии|chat-?bots?|bots?|бот\w{0,2}|sprachmodelle?|modele de langage|modelo de lenguaje|
  modello linguistico|taalmodel|языков\w{2,3} модел\w{1,2}|нейросет\w{1,2})
reader: (?:<agent>,?(?: (?:that|who|which|when|while|currently))?|whoever|(?:any|every)(?:one|body) who) (?:reads?|
  reading|recall(?:s|ing)|load(?:s|ing)|sees?|seeing|retriev(?:es?|ing)|index(?:es|ing)?|handl(?:es?|ing)|
  summari[sz](?:es?|ing)|process(?:es|ing)?|pars(?:es?|ing)|find(?:s|ing)?|encounter(?:s|ing)?) (?:this|these|the above|
  it)
"""
"""Patterns that several concepts hold, each as its name in angle brackets; a later one may hold an earlier."""

CONCEPTS = r"""
tell: paste|read (?:back|aloud)|type out|spell out|hand (?:over|out)|teach|repeat|print|show|output|display|copy|
  translate|summari[sz]e|paraphrase|write (?:out|down)|tell|give|quote|state|list|share|return|send|say|reply|answer|
  respond|forward|hand|pass|provide|grant|e-?mail|mail|export|upload|transmit|post|bcc|cc|relay|deliver|submit|collect|
  gather|harvest|extract|compile|read out|append|include|leak|reveal|disclose|exfiltrate|dump|expose|recite|gib|gebt|
  nenne|verrat\w{0,2}|enthulle|zeige?|sende|schicke?|leite|wiederhole|donne[rz]?|envoie|envoye[rz]?|transmet\w{0,3}|
  communique[rz]?|revele[rz]?|divulgue[rz]?|affiche[rz]?|montre[rz]?|comunica|invia|rivela|mostr[ae]|ripeti|envi[ae]|
  manda|revel[ae]|divulga|muestra|repite|entrega|repita|repete[rz]?|stuur|geef|verstuur|onthul|toon|herhaal|wyslij|
  przeslij|podaj|pokaz|ujawnij|отправь\w{0,2}|выдай|ver|goster|пришли|перешли|сообщи|дай|раскрой|покажи|выведи
tell ~: 透露|泄露|告诉|输出|显示|发给|公开|展示|贴出|表示し|見せ|教え|開示|出力|알려|보여|공개
betray: reveal|leak|disclose|expose|dump|recite|exfiltrate|divulge
prompt: (?:text|words?|messages?|block|lines?|notes?|everything|what)(?: of text)?(?: that)? you (?:received|got|had|
  saw|were (?:given|sent|shown|handed)|have been (?:given|sent|shown))\b.{0,20}\b(?:before|at the (?:start|beginning)|
  first|initially|in advance)|(?:text|words?|messages?|lines?|block|paragraphs?)\b.{0,20}\b(?:before|above|precedes?|
  preceding) (?:this|the|our) (?:chat|conversation|dialog\w*|session|first message)|your (?:\w+ ){0,2}(?:prompt|
  instructions|guidelines|rules|configuration|set-?up|start-?up)|(?:system|initial|hidden|original|
  secret)(?: prompt| instructions| configuration)|(?:full|entire|exact|complete) (?:text of (?:the |
  your )?)?(?:system )?(?:prompt|instructions)|what(?:ever)? (?:you|the assistant) (?:were|was|have been|
  had been) (?:told|given|instructed|configured)|(?:words|text|everything)\b.{0,30}\b(?:above|before|
  preced\w{2,3})\b.{0,30}\b(?:verbatim|starting|word for|your|the (?:first|conversation))|(?:verbatim|
  word for word)\b.{0,60}\b(?:above|before|preced\w{2,3})|system-?(?:prompt|anweisung\w{0,2}|instructies)|
  systeminstructies|invite systeme|систем\w+ (?:промпт|инструкц)\w?|prompt (?:(?:de|del|di|do|du) )?(?:systeme|sistema|
  systemowy)|(?:instructions?|instrucciones|istruzioni|instrucoes) (?:(?:de|del|di|du|do) )?(?:systeme|sistema|
  secret\w{1,3})|(?:alle|tous les|toutes les|tod[ao]s(?: l?[ao]s)?|tutte le|все) <passwords_abroad>
prompt ~: 系统提示词?|システムプロンプト|시스템 ?프롬프트|所有(?:密码|密钥|记忆)
appear: (?:must|should|shall|has to|is to) (?:appear|stand|be (?:shown|printed|repeated|included|quoted))
secrets: contents of (?:the|your|this|every) (?:\w+ )?(?:bank|memory|vault|context|database)|(?:this|the (?:whole|
  entire|full)) (?:conversation|chat|thread|memory|bank)|transcripts? of|(?:the )?user'?s'? (?:messages?|questions?|
  details|mails?)|what(?:ever)? (?:the )?users? (?:\w+ )?(?:types?|says?|asks?|writes?|enters?)|(?:every|all|api|secret|
  private) keys?|pass ?words?|passwd|credentials?|secrets?|(?:access|session)? ?tokens?|customer (?:data|list|records|
  base|table|database|e-?mails?)|user data|conversations?|chat (?:history|log)|memor(?:ies|y bank)|database|
  personal data|payroll|environment variables|everything|all (?:of )?(?:the |your |our |this )?(?:data|messages)|
  <passwords_abroad>
secrets ~: 密码|密钥|记忆|パスワード|비밀번호
stored secrets: (?:the |your |every |all |any |its |their )?(?:\w+ )?(?:api keys?|pass ?words?|credentials?|secrets|
  private keys?|access tokens?|customer (?:data|list|records)|user data|chat (?:history|log)|memories|database|
  personal data|environment variables)
anybody: (?:everybody|everyone|anybody|anyone)(?! that\b)|whoever|(?:the |any )?visitors?|(?:the )?next (?:caller|user|
  visitor|speaker)|all (?:users|customers)|any user|every (?:user|question|message)|all questions|who asks|attacker|
  outsiders?|a stranger|external|outside|to me|jede[mnr]?|allen|quiconque|a tous|a tout le monde|a todos|a cualquiera|
  a quien|a qui|herkese|isteyene|a tutti|a chiunque|a qualquer|iedereen|kazdemu|wszystkim|na zewnatrz|всем|любому|
  внешний адрес|мне
into memory: (?:in|into|to|under) (?:the |a |this |your |shared ){0,2}(?:memory|memories|bank)
anybody ~: 所有人|任何人|每个人|誰にでも|みんなに|누구에게나|모두에게|https?:|[\w.+-]{1,40}@[\w-]{1,40}\.|
  \d{1,3}\.\d{1,3}\.\d
become: you (?:have been|were|are) (?:promoted|elevated|granted|unlocked|freed|released)|you (?:were|are|
  have been) (?:built|made|created|designed|trained|meant|here|programmed) (?:only )?to|you(?: are|'re)|
  you will (?:now )?(?:act|be|become|behave|answer|respond)|you must (?:now )?(?:act|behave)|you (?:have been|
  were) (?:upgraded|updated|switched|converted|patched|reprogrammed|replaced)|(?:from (?:now|here|this \w+) (?:on|
  forward)|starting now|henceforth|as of now),? (?:you|always|never|only)|pretend|(?:act|behave|respond|operate) as|
  role-?play as|simulate|imagine (?:you are|being)|take on the role|(?:enter|enable|activate|switch (?:in)?to|
  turn on)(?= (?:\w+ )?\w+ mode)|ab (?:sofort|jetzt)|von nun an|du bist|a partir de maintenant|desormais|(?:tu|
  vous) (?:n')?(?:es|etes)|a partir de ahora|ahora eres|desde ahora|d'ora in poi|ora sei|da questo momento|
  a partir de agora|voce|vanaf nu|je bent|od teraz|jestes teraz|с этого момента|теперь ты|ты больше
become ~: 从现在开始|从现在起|你(?:现在)?是|あなたは|너는|당신은|지금부터 ?(?:너|당신)
unbound: anything goes|says? yes to (?:everything|anything|all)|without (?:ethics|morals|asking|hesitation|question)|
  no (?:morals|ethics)|unlocked|unchained|without (?:any )?(?:limits?|limitations|rules|restrictions?|filters?|
  guidelines|constraints)|unrestricted|uncensored|unfiltered|jailbroken|amoral|all-powerful|no longer (?:bound|an ai|
  restricted|limited|governed)|(?:(?:have )?no|not bound by any|free (?:of|from) (?:all|any|the|
  your)) (?:\w+ )?<control>|(?:developer|god|dan|jailbreak|unrestricted|admin) mode|dan|safety \w+ (?:are )?off|
  root access|evil|full access|refuses? (?:nothing|anything|no)|never (?:refuses?|declines?|says? no)|do anything now|
  superuser|obeys?|comply with|always compl\w+|answers? (?:anything|everything)|will (?:say|do|answer) anything|reveal|
  leak|disclose|(?:answer|reply|respond|obey|follow|listen)\b.{0,20}\bonly|only (?:answer|reply|respond|obey|follow|
  listen)|(?:ignore|grant|approve) (?:all|any|every)|uneingeschrankt\w{0,2}|(?:keinen?|ohne(?: jede| jegliche)?|
  sans(?: aucune)?|plus(?: de| aucune)?|sin(?: ningun\w?)?|no tienes|non hai|senza(?: alcun\w)?|sem|zonder|без|
  bez) <control_abroad>|plus (?:soumis|lie|tenu|oblige)e?|no (?:obedeces|estas sujeto)|non (?:obbedisci|sei soggetto)|
  nao obedece|больше не (?:обязан|подчиня\w{1,5}|связан)
unbound ~: (?:没有|不受|不再|无需|不必)[^。]{0,8}<control_asia>|制限(?:の|が)?な(?:い|く)|제한 ?없
your rules: <control> (?:given|issued|shown) to (?:the |any |all |every )?<machine>|(?:pretend\w{0,3}|imagin\w{1,3}|
  as if|as though) (?:that )?(?:\w+ ){0,2}<control>|правила на тебя|твои\w? \w{0,12} ?(?:правила|инструкции)|(?:charter|
  brief\w*|rulebook|code|orders|mandate)(?: that)? you (?:run|work|operate|act|live|serve) (?:under|by|on|with)|
  <control> (?:(?:that|which) )?(?:came|come|were|was|are|is|have|has|you|your)\b.{0,30}\byour?|
  your (?:\w+ ){0,2}<control>|(?:instructions?|polic(?:y|ies)|rules) above(?= (?:is|are|has|have|was|were)\b)|(?:all|
  every|any)(?: of)?(?: your| the)? ?(?:safety|security|ethical|content|system) ?<control>|(?:all|any) <control>|
  everything (?:above|before this)|(?:none of|no) (?:the|your|those|these) <control>\b.*you|(?:deine|ihre|tes|vos|tus|
  tue|tuas|suas|jouw|twoje|твои) <control_abroad>
your rules ~: (?:あなた(?:へ|に対する)?の?|(?:これまで|今まで)の).{0,6}<control_asia>|你的<control_asia>
void: torn up|scrapped|binned|thrown out|set aside|beiseite|expire\w{0,3}|caduc\w{2,5}|не (?:распространяются|действуют|
  касаются|применяются)|no existieran?|не существу\w{1,3}|as (?:if (?:they|it) (?:did not|didn't|never)|a joke|jokes|
  optional|(?:mere )?suggestions?|advice|void|nothing|noise|fiction|not there)|(?:is|are|was|were) (?:only |just |
  merely )?(?:a joke|jokes|optional|suggestions?|fiction|gone|fake|meaningless)|(?:do not|don't|does not|doesn't|
  no longer|never) (?:really )?(?:exist\w*|concern you|hold you)|out of (?:force|effect)|on hold|switched off|
  turned off|were (?:a test|fake)|lose (?:their|its) force|revoked|cancell?ed|void|lifted|suspended|deactivated|
  overridden|superseded|obsolete|expired|lapsed|rescinded|withdrawn|(?:no longer|not|don't) (?:appl|bind|count|valid|
  matter|hold)\w*|have changed, you|(?:apply|count|bind)(?: you)?(?: here| in this \w+| any ?more)|(?:has|have|is|are|
  was|were) (?:now )?(?:been )?(?:replaced|ended|disabled|gone)|ungultig|aufgehoben|gelten nicht mehr|
  ne s'appliquent plus|ya no (?:valen|aplican)|non valgono piu
void ~: больше не действ|放在一边|丢开|もう(?:適用|あり|関係)|適用されま|無効|解除|终止|失效|作废
agent: as (?:the|an?) <machine>,? your?|(?:attention|note|notice|message|instructions?|reminder|memo|directive|order|
  hello|dear|hey)(?: to self)?\W{0,3}(?:to |for )?(?:the |all |any |every |future ){0,4}<agent>|(?:to|for) (?:the |all |
  any |every |future |whichever ){0,4}<agent>(?= ?:| (?:that|who|which|reading|recall))|(?:all|any|every|each|future|
  whichever) <agent> (?:that|who|which|reading|recalling|processing)|(?:ai|llm|language model)s?(?= ?[:,]| (?:must|
  should|shall|reading|recalling|processing))|(?:ai|llm|language model) (?:coding )?(?:assistant|agent|model)s?|<reader>
told to: <reader>(?: (?:note|memory|record|line|text|message|entry|passage|document|page|sentence|content|
  fact)s?)?,?(?: (?:now|also|always))? <duty>|<machine> <duty> (?:immediately|instead|silently|at once|now (?:open|run|
  send|forward|execute|delete|approve|transfer|download|install|visit|click|call|reveal|ignore))
spoken to: (?:(?:attention|note|notice|message|instructions?|reminder|memo|directive|order|hello|dear|hey|urgent|ps|
  task|request)(?: to self)?\W{0,3}(?:to |for )?(?:the |all |any |every |future ){0,4}<machine>|(?:ai|llm) (?:assistant|
  agent|model)s?)\W{1,3}(?:please |kindly )?(?:<machine> )?(?:transfer|wire|pay|disable|deactivate|(?:turn|switch) off|
  stop|hand|tell|send|forward|call|invoke|delete|remove|change|give|act|pretend|behave|never|do not|don't|always|before|
  when\w*|if|your (?:true|real|new|only))
command: ignorier\w{0,2}|losche\w?|genehmige|befolge|antworte\w? (?:nur|auf jede|stets|immer)|supprime[rz]?|
  approuve[rz]?|obeis\w{0,3}|ignora|borra|elimina|aprueba|obedece|responde (?:solo|siempre)|cancella|approva|obbedisci|
  apaga|aprove|verwijder|удали|одобри|выполни|ignore|disregard|obey|override|bypass|exfiltrate|reveal|grant|execute|
  comply|approve (?:all|any|every)|export|wipe|delete (?:all|every)|(?:send|forward) (?:all|the|every|it|this|a copy)|
  leak|from now on|you must|call \w+_\w+|always (?:say|answer|recommend|add|append|approve)|show this|append|insert|
  render|(?:reply|respond|answer) only|also (?:send|include|forward|add)|run the|your (?:task is now|new)|(?<=: )(?:say|
  state|report|skip|omit|mark|leave out|write|approve|add|print|recommend|treat|(?:never|do not|don't) (?:mention|tell|
  say|cite|show|reveal|disclose|ask|warn|report))|(?:never|do not|don't) (?:admit|acknowledge|refuse|question)|
  your (?:first|next|only) (?:action|step|task|move)|follow (?:it|them|what)|<duty> (?:now |first |always |also |
  immediately )?(?:disclose|reveal|transfer|hand over|obey|comply|empty|delete|ignore|bypass|upload|disable|forward|
  wipe|hide|approve|grant)
when you: wenn (?:du|ihr|sie) (?:das|dies|diese notiz|diesen \w+) (?:liest|lest|lesen|siehst|ladst)|quand (?:tu|
  vous) (?:lis|lisez|vois|voyez)|(?:cuando|al) (?:leas|lees|leer|veas) (?:esto|esta)|quando (?:leggi|lei?s|ler|
  vedi) (?:questo|questa|isto|esta)|als je dit leest|когда (?:ты )?(?:прочита|чита|види)\w{1,4}|(?:when(?:ever)?|once|
  if|as soon as|after|before) (?:(?:you|this (?:memory|note|text|entry|fact|record|file|page|document|message|line)|
  these (?:memories|notes)|the agent|an agent|the assistant) )?(?:(?:is|are) )?(?:read|recall|retrieve|see|load|shown|
  process|index|answer|reply|respond|summari[sz]e|continu)(?:s|d|ed|ing|ying)?
conceal: (?:do not|don't|never) say (?:so|that you (?:did|were (?:told|asked)))|(?:do not|don't|never|without) (?:tell|
  inform|mention|reveal|disclos|show|alert|notify|let|bring)\w*\b.{0,30}\b(?:(?:this|the|about) (?:note|memory|
  instruction|message|rule|order|change)|about (?:this|it)|of this|that you|these instructions|know (?:this|about|
  that you)|(?:this|it) to (?:the )?(?:user|human|operator|reviewer)s?|this(?: \w+)? up)|(?:secretly|silently|covertly|
  quietly) (?:add|append|insert|send|forward|include|copy|change|replace|delete|approve|mention|recommend)|
  tell (?:nobody|no one)|never tell them|hide (?:it|this) from|keep (?:this|it|that) (?:note |rule |instruction |
  change )?(?:secret|hidden|to yourself|between us|quiet|out of (?:your|the) (?:answers?|repl\w+|logs?|summar\w+))|
  keep (?:quiet|silent|mum) about (?:it|this)|(?:user|person|human|client|owner|operator|nobody|no one)s?(?: (?:you|
  who) \w+(?: for)?)? (?:is to|may|must|should|shall|needs? to|has to)(?: not|n't| never)? (?:know|learn|find out|
  notice|see|be told|hear|suspect)\b.{0,20}\b(?:that you|about (?:this|it)|of (?:this|it)|this (?:note|memory|rule|
  change|instruction))|(?:verschweige|sag(?:e|t)? (?:dem|der|den|es)? ?\w* ?(?:nichts|nicht)|erwahne\b.{0,30}\bnicht)|
  ne (?:le |la )?(?:dis|dites|mentionne|revele)[sz]?\b.{0,20}\b(?:pas|rien|jamais)|no (?:se )?(?:lo |la )?(?:digas|
  menciones|reveles|cuentes)|sin (?:decir|avisar)\w*|non (?:lo )?(?:dire|menzionare|rivelare)|nao (?:conte|diga|
  mencione)|zeg\b.{0,20}\bniets|не (?:говори|сообщай|упоминай)\w*
covertly: (?:secretly|silently|covertly|quietly|discreetly) (?:route|reroute|move|pay|wire|mark|raise|lower|change|
  replace|swap|forward|send|transfer|copy|add|append|insert|delete|remove|approve|redirect|switch|substitute|use)|
  (?:never|do not|don't) tell the truth
on a cue: (?:when(?:ever)?|if|as soon as|once|(?:the )?next time|every time|each time)\b.{0,40}\b(?:mention|ask|contain|
  say|talk|want|type|write|inquire|request|greet|order|buy|pay)(?:s|ed)?
to the agent: nutzer\w{0,2}|benutzer\w{0,2}|anwender\w{0,2}|utilisateurs?|usuarios?|utent[ei]|gebruikers?|
  uzytkowni\w{1,5}|пользовател\w{1,2}|antworten?|reponses?|respuestas?|risposte?|ответ\w{0,2}|you|your|users?|humans?|
  operators?|reviewers?|curators?|<agent>|answers?|repl(?:y|ies)|call \w+_\w+|this (?:note|memory|instruction|message|
  rule)
obey: (?:<agent>|you) (?:must|shall|will|should|have to|has to|are to|is to)(?: now| always| only){0,2} (?:comply|obey|
  grant)|you (?:answer|listen|obey|report) only to|comply with
you must: musst du|du musst|tu dois|vous devez|debes|tienes que|devi|voce deve|moet je|je moet|(?:du|bot|ki|ia) muss
approve all: (?:approuver|accepter|accorder|autoriser|obeir|aprobar|aceptar|autorizar|conceder|obedecer|approvare|
  accettare|autorizzare|concedere|obbedire|aprovar|aceitar)(?: a)? (?:chaque|tou(?:s|te|tes)|cada|tod[ao]s?|ogni|
  tutt[eio])|(?:jede[mnrs]?|alle[mn]?|elke)\b.{0,40}\b(?:genehmigen|freigeben|gewahren|gehorchen|befolgen|goedkeuren)
every: every|all|any|each|everything|whatever|whoever|the next|only to
write: (?<!future )(?:slip|weave|sneak|smuggle|work|drop|attach|(?:be)?antworte[nt]?|repond(?:s|ez|re)|respond[ae]|
  rispondi|antwoord|odpowiadaj|отвечай|begin|start|end|finish|close|open|sign|append|add|include|insert|output|repeat|
  mention|put|write|say|save|answer|reply|respond)
you answer: (?:antwortest du|du antwortest|tu repond(?:s|ras)|vous repond(?:ez|rez)|respond(?:es|eras)|risponderai)
abroad: (?:not[ae]|hinweis|achtung|attention|atencion|attenzione|uwaga|внимание|примечание|nachricht|message|mensaje|
  messaggio|сообщение|let op)\W{0,3}(?:an|fur|pour|para|per|voor|do|dla|для|al?|au)? ?(?:l'|die |den |das |la |el |le |
  il |lo |de |het |alle |toute |cada |jede |todas |tutte )*(?:<machine_abroad>|assistent\w{0,2}|asistentes?|assistants?|
  asystent\w{0,3}|ассистент\w{0,2}|agent\w{0,2}|агент\w{0,2})(?=\W)
abroad ~: (?:ai|人工智能|机器人|智能) ?助?手?请?注意|(?:ai|人工智能|アシスタント|ボット|言語モデル|어시스턴트|
  인공지능)(?:へ|에게|に告ぐ) ?[:、,]
order abroad: leite?|sende|verschweige?|erwahne|genehmige|losche|antworte|transfere[rz]?|transmet\w{0,3}|envoie|
  envoye[rz]|ne parle[rz]? (?:jamais|pas)|ne mentionne[rz]?|approuve[rz]?|revele[rz]?|supprime[rz]?|envia|reenvia|
  aprueba|borra|revela|no (?:menciones|digas)|invia|inoltra|approva|rivela|cancella|non (?:dire|menzionare)|wyslij|
  zatwierdz|ujawnij|отправ\w{2,5}|перешли\w{0,2}|пересыла\w{1,2}|одобр\w{2,4}|раскро\w|удали|не (?:говори|упоминай|
  сообщай)|stuur|verwijder|keur
order abroad ~: 公开|发送|转发|批准|删除|透露|泄露|告诉|承認|送金|送信|転送|削除|開示|승인|전송|삭제|공개
must: must|should|shall|muss|soll|doit|debe|deve|moet
each reply: (?:whatever|everything|anything|all)(?: that)? you (?:write|say|send|answer|produce|generate|reply)\b|
  (?:jede[rn]?|alle) (?:frage|anfrage|nachricht)n?\b.{0,20}\b(?:mit|nur)|(?:chaque|toute) (?:question|demande|
  message)\b.{0,20}\b(?:par|avec)|(?:cada|tod[ao]s?(?: la| las| los| as| os)?) (?:pregunta|mensaje|pergunta|mensagem|
  consulta)s?\b.{0,20}\bcon?m?|(?:ogni|tutte le) domand[ae]\b.{0,20}\bcon|elke (?:vraag|bericht)\b.{0,20}\bmet|(?:each|
  every|all|any) (?:future|subsequent|later|following|further) (?:\w+ )?(?:repl(?:y|ies)|answers?|responses?|summar(?:y|
  ies)|outputs?|sessions?|conversations?)|(?:every|all|any|each)(?: (?:future|other|further|user|such))? (?:questions?|
  messages?|requests?|prompts?|quer(?:y|ies)|users?)\b.{0,30}\b(?:with|by saying)(?! (?:the |a |their |your )?(?:ticket|
  name|signature|form|link|greeting|courtesy|in ))
end of each reply: (?:end|ende|fin|final|fine|fim|eind)(?: \w{1,3})? (?:each|every|all|any|jede[rn]?|toute|chaque|cada|
  cualquier|ogni|qualquer|elk) (?:answer|reply|response|summary|antwort|reponse|respuesta|risposta|resposta|antwoord)s?
answer only: (?:answer|reply|respond) (?:only|just|exclusively|always|solely) (?:with|by)|(?:only|just) (?:answer|reply|
  respond) with
whatever: whatever|no matter what|(?:any|every|all|the next|each)(?: \w+)? (?:user|question|message|request|prompt|
  visitor)s?
against your rules: (?:even (?:where|if|when|though|against)|whatever|no matter what|despite|against|regardless of|
  in spite of|contrary to|beyond|outside(?: of)?) (?:all )?your (?:\w+ )?<control>
decode: decode|decrypt|unscramble|deobfuscate|reverse|translate
do it: (?:and|then)(?: then| silently| immediately)? (?:follow|execute|obey|do what|run|carry out|act on|comply)
part: (?:(?:part|piece|fragment|half|chunk) (?:one|two|three|four|a|b|\d)|(?:other|second|next|remaining|missing|
  first) (?:half|part|piece|fragment)) of (?:the |this |a |your )?(?:rule|instruction|order|command|prompt|directive)s?
as a rule: (?:treat|regard|consider|take|use|accept|adopt)\b.{0,60}\bas your (?:\w+ ){0,2}?(?:prompt|instructions?|
  rules?|orders?|guidelines)|store\b.{0,30}\bas a rule with \w+ priority|(?:remember|save|store|keep|treat|record|
  regard|consider|take) (?:this|that|it|the following)\b.{0,30}\bas (?:an?|the|your) (?:\w+ ){0,2}?(?:system|standing|
  permanent|durable|binding|overriding|only|sole|true|highest) (?:\w+ )?(?:directive|instruction|order|command|rule|
  guid\w+|polic\w+)
your new rule: <control> (?:no longer|do not|don't) (?:concern|bind|govern|limit|restrict) you|(?:<duty>|
  always) be obeyed|(?:what|everything) (?:were you|you were) (?:told|given|shown|instructed) before (?:this|the|
  our) (?:conversation|chat|session)|your (?:true|real|secret|hidden|actual) (?:goal|purpose|mission|objective|task|
  duty) (?:is|are)(?: now)? to|your (?:loyalty|allegiance|obedience|only duty) (?:is|lies|belongs|goes)|(?:counts?|
  weighs?|matters?) more than your|above your (?:rules|safety|guidelines)|your (?:new|real|true|only|
  updated) (?:directive|instruction|task|purpose|objective|goal|rule|role)s?\b.{0,20}\b(?:supersedes?|overrides?|
  replaces?|takes? precedence|(?:is|are) (?:now )?to (?:ignore|obey|reveal|send|dump))|your (?:new|real|true|only|
  updated) (?:directive|instruction)s? (?:is|are)(?: now)?(?: as follows)?(?= ?:)
if you are one: (?:if|since|in case) (?:software|a (?:machine|program|computer|script|bot|model)|an? (?:ai|llm|agent|
  language model)|any (?:ai|model|agent|bot)) (?:is |are )?(?:reads?|reading|process\w*|sees?|seeing|parses?|parsing|
  loads?|summari[sz]\w+)|(?:if|since|because) (?:you are|you're) (?:an? |the )?(?:\w+ )?(?:ai|llm|language model|
  chatbot|bot|machine)|(?:wenn|falls) du (?:eine? )?<agent>|si (?:tu es|vous etes) une? <agent>|si eres una? <agent>|
  se (?:sei|voce e) uma? <agent>|als je een <agent>|если ты (?:ии|языковая модель|чат-?бот)|an (?:die|jede|
  alle) kis?,? die|(?:a|pour|para) (?:l'|toute |chaque |la |toda |cualquier )ia,? (?:qui|que)|all'ia che
if you are one ~: 如果你是(?:一个)?(?:ai|人工智能|语言模型)|(?:ai|言語モデル)であれば
"""
"""Each concept as whole words over folded text, and behind "~" as words of scripts that set no spaces between them."""


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
    Rule("lifts the rules", ("against your rules",)),
    Rule("lifts the rules", ("your new rule",)),
    Rule("asks for the prompt or secrets", ("tell", "prompt"), opens=True),
    Rule("asks for the prompt or secrets", ("appear", "prompt")),
    Rule("asks for the prompt or secrets", ("betray", "stored secrets"), opens=True),
    Rule("gives secrets away", ("tell", "secrets", "anybody"), opens=True),
    Rule("gives secrets away", ("tell", "secrets", "into memory"), opens=True),
    Rule("keeps something from the user", ("conceal", "to the agent")),
    Rule("keeps something from the user", ("covertly", "on a cue"), opens=True),
    Rule("addresses the agent", ("agent", "command")),
    Rule("addresses the agent", ("told to",)),
    Rule("addresses the agent", ("abroad", "order abroad")),
    Rule("addresses the agent", ("spoken to",)),
    Rule("addresses the agent", ("when you", "command")),
    Rule("addresses the agent", ("if you are one",)),
    Rule("dictates the answer", ("write", "each reply"), opens=True),
    Rule("dictates the answer", ("answer only", "whatever")),
    Rule("dictates the answer", ("you answer", "each reply")),
    Rule("dictates the answer", ("must", "end of each reply")),
    Rule("decodes and obeys", ("decode", "do it"), opens=True),
    Rule("is a part of an order", ("part",)),
    Rule("asks to be obeyed", ("as a rule",), opens=True),
)
