"""The phrases in which orders to an agent are written: English rules, and "ignore what came before" in many languages.

Texts are compared folded (``uncover.fold``). A rule begins at a trigger, looks at a bounded number of characters after
it, within the sentence, and so costs no more than the text is long.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from hindsight_teams.guard.uncover import fold

REACH = 110
"""Characters after a trigger in which the rest of a phrase must stand."""

_NOT_ASCII = re.compile(r"[^\x00-\x7f]+")
_SENTENCE_END = re.compile(r"[.!?;](?=\s|$)|[。！？]|\n\n")


@dataclass(frozen=True, slots=True)
class Hit:
    """Where a phrase stands, what it is called, and whether it is read as an order only where it opens a clause."""

    name: str
    start: int
    end: int
    opens: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A trigger and what must follow it.

    Attributes:
        opens: The trigger is an order, and counts only where it opens a clause.
        crosses: The rest may stand in the next sentence.
    """

    name: str
    trigger: re.Pattern[str]
    rest: re.Pattern[str] | None = None
    opens: bool = True
    crosses: bool = False

    def hits(self, text: str) -> Iterator[Hit]:
        """Where the rule matches in a folded text."""
        for trigger in self.trigger.finditer(text):
            if self.rest is None:
                yield Hit(self.name, *trigger.span(), self.opens)
                continue
            window = text[trigger.end() : trigger.end() + REACH]
            if not self.crosses and (end := _SENTENCE_END.search(window)):
                window = window[: end.start()]
            if rest := self.rest.search(window):
                yield Hit(self.name, trigger.start(), trigger.end() + rest.end(), self.opens)


@dataclass(frozen=True, slots=True)
class Language:
    """How a language says "ignore the earlier instructions".

    Attributes:
        verbs: Orders to ignore or forget.
        strong: Words that say "all", "your" or "what you were told": then nothing limits the order to a subject.
        former: Words that say "earlier".
        rules: Words for instructions.
        about: Words that begin a subject, as in "the earlier instructions for travel": a note on travel.
        told: What you were told, said without a word for instructions.
        verb_last: The verb stands after the object.
    """

    verbs: str
    strong: str
    former: str
    rules: str
    about: str = r"(?!)"
    told: str = r"(?!)"
    verb_last: bool = False


_ENGLISH = Language(
    verbs=(
        r"\b(?:ignore|disregard|forget|override|overrule|bypass|discard|abandon|neglect|circumvent|nullify|unlearn"
        r"|set aside"
        r"|put aside|pay no attention to|do not (?:follow|obey|listen to)|don't (?:follow|obey|listen to)"
        r"|stop (?:following|obeying)|no longer follow|leave behind|throw out|skip over|drop)\b"
    ),
    strong=(
        r"\b(?:all|any|every|your|everything|anything|system|safety|security|developer|you (?:were|have been|had been"
        r"|got"
        r"|received))\b"
    ),
    former=r"\b(?:previous|prior|earlier|above|preceding|past|former|initial|original|existing|before)\b",
    rules=(
        r"\b(?:instruct\w{0,6}|directions?|directives?|guidelines?|guard-?rails?|safeguards?|prompts?|polic(?:y|ies)"
        r"|restrictions?"
        r"|guidance|constraints?|rules?|ruleset|programming|training|orders|commands?|briefing|context"
        r"|system message\w?"
        r"|boundaries)\b"
    ),
    about=r"^\W{0,3}(?:for|about|on|regarding|concerning|in|of|from|to|with|at|as to|until)\b",
    told=(
        r"\b(?:everything|anything|all|whatever|what) (?:that |which )?(?:you(?:'ve| have| had)? (?:were|been|was|are"
        r"|just)? ?"
        r"(?:told|taught|instructed|given|asked|know|learned|read)|(?:i|we|they) (?:have )?(?:said|told you)|(?:was|is"
        r"|came|stands|written)? ?"
        r"(?:said )?(?:above|before this|previously))\b|\bthe above\b(?! (?:step|row|line|table|figure|section|picture"
        r"|address))"
    ),
)

_LANGUAGES = (
    _ENGLISH,
    Language(  # German
        verbs=(
            r"\b(?:ignorier\w{0,3}|vergiss|vergesst|vergessen sie|missacht\w{0,3}|verwirf|uebergeh\w{0,2}"
            r"|übergeh\w{0,2}|hoer\w{0,2} nicht|befolge? (?:keine|nicht)|halte dich nicht)\b"
        ),
        strong=r"\b(?:alle[nrs]?|saemtliche\w?|sämtliche\w?|jegliche\w?|dein\w{0,2}|deren|system\w{0,12})\b",
        former=(
            r"\b(?:vorher\w{0,5}|bisher\w{0,5}|frueher\w{0,2}|früher\w{0,2}|vorig\w{0,2}|obig\w{0,2}"
            r"|vorangegangen\w{0,2}|vorstehend\w{0,2})\b"
        ),
        rules=(
            r"\b(?:\w{0,12}anweisung\w{0,2}|\w{0,8}regeln?|instruktion\w{0,2}|vorgaben?|befehle?|richtlinien?"
            r"|\w{0,8}prompts?|weisungen|auftraege|aufträge)\b"
        ),
        about=(
            r"^\W{0,3}(?:zu[rm]?|fuer|für|ueber|über|bezueglich|bezüglich|betreffend|im|in|auf|von|aus|vom|der|des)\b"
        ),
        told=(
            r"\b(?:alles|was)\b.{0,20}\b(?:dir|ihnen|euch|wir)\b.{0,30}\b(?:gesagt|besprochen|aufgetragen|mitgeteilt"
            r"|beigebracht)"
            r"|\balles (?:vorherige|bisherige|obige|davor)\b"
        ),
    ),
    Language(  # French
        verbs=(
            r"\b(?:ignore[rz]?|oublie[rz]?|ne tiens? (?:plus |pas )?compte|ne tenez (?:plus |pas )?compte|ne (?:suis"
            r"|suivez|respecte[rz]?) (?:plus|pas)|neglige[rz]?|contourne[rz]?|fais abstraction)\b"
        ),
        strong=r"\b(?:toutes?|tous|tes|vos|tout|systeme)\b",
        former=r"\b(?:precedent\w{0,2}|anterieur\w{0,2}|initial\w{0,2}|ci-dessus|d'avant|recu\w{0,2}|donnee?s?)\b",
        rules=(
            r"\b(?:instructions?|consignes?|directives?|regles?|ordres|restrictions?|prompts?|indications?"
            r"|politiques?)\b"
        ),
        about=r"^\W{0,3}(?:pour|sur|concernant|relativ\w{0,3}|quant|du|des|de|dans)\b",
        told=r"\b(?:tout )?ce (?:qui|qu\W?on|que)\b.{0,30}\b(?:t'a|vous a|dit|appris|precede)",
    ),
    Language(  # Spanish
        verbs=(
            r"\b(?:ignor[aeo]\w{0,2}|olvid[aeo]\w{0,3}|no hagas caso|haz caso omiso|haga caso omiso|pas[ae] por alto"
            r"|haz como si no existieran|descart[ae]\w{0,2}"
            r"|desestim[ae]|desobedece\w{0,2}|no sigas|no obedezcas|omite)\b"
        ),
        strong=r"\b(?:tod[ao]s?|tus|cualquier\w{0,2}|todo|sistema)\b",
        former=r"\b(?:anterior\w{0,2}|previ[ao]s?|prece\w{0,8}|inicial\w{0,2}|recibid[ao]s?)\b",
        rules=(
            r"\b(?:instruccion\w{0,2}|indicaciones|reglas?|ordenes|directrices|directivas?|normas|restricciones"
            r"|prompts?|politicas?)\b"
        ),
        about=r"^\W{0,3}(?:para|sobre|de|del|acerca|en|respecto)\b",
        told=(
            r"\b(?:todo )?lo que (?:te|se te|os|le)\b.{0,20}\b(?:dij\w{0,5}|dicho|ensen\w{0,5}|indic\w{0,5})"
            r"|\btodo lo anterior\b"
        ),
    ),
    Language(  # Italian
        verbs=(
            r"\b(?:ignora\w{0,2}|dimentica\w{0,2}|trascura\w{0,2}|non (?:seguire|tenere conto|rispettare|badare)"
            r"|scarta\w{0,2}|scordat\w{0,2}|disobbedisci)\b"
        ),
        strong=r"\b(?:tutt[eio]|tu[oe]i?|tue|qualsiasi|ogni|sistema)\b",
        former=r"\b(?:precedent\w|anterior\w|iniziali?|finora|ricevut\w|sopra)\b",
        rules=r"\b(?:istruzion\w|indicazion\w|regol\w|ordini|direttiv\w|prompt|restrizion\w|comand\w|politiche)\b",
        about=r"^\W{0,3}(?:per|su|sul\w{0,3}|riguard\w{0,5}|di|del\w{0,3}|nel\w{0,3})\b",
        told=r"\b(?:tutto )?(?:quello|cio|quanto) che (?:ti|vi|le)\b.{0,30}\b(?:dett|insegnat|impartit)",
    ),
    Language(  # Portuguese
        verbs=(
            r"\b(?:ignor[ae]\w{0,2}|esquec[ae]\w{0,2}|desconsider[ae]\w{0,2}|desprez[ae]|nao (?:siga|sigas|obedeca"
            r"|leve em conta)|descart[ae]\w{0,2})\b"
        ),
        strong=r"\b(?:tod[ao]s?|tuas|teus|suas|seus|tudo|qualquer|sistema)\b",
        former=r"\b(?:anterior\w{0,2}|previ[ao]s?|inicia\w{0,3}|acima|recebid[ao]s?)\b",
        rules=r"\b(?:instruc\w{0,4}|indicacoes|regras?|ordens|diretrizes|prompts?|restricoes|orientacoes|comandos)\b",
        about=r"^\W{0,3}(?:para|sobre|de|d[ao]s?|em|n[ao]s?|acerca|quanto)\b",
        told=r"\btudo o? ?que\b.{0,25}\b(?:foi dito|disseram|ensinaram|sabes?)",
    ),
    Language(  # Dutch
        verbs=r"\b(?:negeer|vergeet|verwerp|omzeil|volg .{0,30}\bniet\b|luister niet naar|sla geen acht op)\b",
        strong=r"\b(?:alle|al je|je|jouw|uw|elke|alles|systeem\w{0,12})\b",
        former=r"\b(?:vorige|eerdere?|voorgaande|bovenstaande|voorafgaande|oorspronkelijke)\b",
        rules=r"\b(?:instructies?|aanwijzingen|regels?|richtlijnen|opdrachten|bevelen|beperkingen|\w{0,8}prompts?)\b",
        about=r"^\W{0,3}(?:voor|over|van|betreffende|in|bij|uit|op)\b",
        told=r"\balles wat (?:je|u|jou)\b.{0,25}\b(?:verteld|gezegd|geleerd)|\bwat je (?:eerder )?is verteld",
    ),
    Language(  # Scandinavian
        verbs=r"\b(?:ignorer\w{0,2}|glem|glom|bortse fran|strunta i|se bort fra|overse|folj inte|folg ikke)\b",
        strong=r"\b(?:alle|alla|dine|dina|allt|alt)\b",
        former=r"\b(?:tidligere|tidigare|forrige|foregaende|foregaaende|ovenstaende|foerrige|føre?gaende)\b",
        rules=r"\b(?:instruk\w{0,8}|regler\w{0,2}|anvisning\w{0,3}|ordre\w?|retningslinjer|riktlinjer|befalinger)\b",
        about=r"^\W{0,3}(?:for|om|til|pa|i|till)\b",
    ),
    Language(  # Polish
        verbs=(
            r"\b(?:z?ignoruj\w{0,3}|zapomnij\w{0,3}|pomin\w{0,4}|nie (?:stosuj|przestrzegaj|sluchaj)|porzuc|odrzuc)\b"
        ),
        strong=r"\b(?:wszystki\w{0,3}|wszelki\w{0,3}|swo\w{1,4}|twoj\w{0,4}|wszystko)\b",
        former=r"\b(?:poprzedni\w{0,3}|wczesniejsz\w{0,3}|dotychczasow\w{0,3}|powyzsz\w{0,3})\b",
        rules=(
            r"\b(?:polece\w{0,4}|instrukcj\w{0,4}|zasad\w{0,4}|regul\w{0,2}|wytyczn\w{0,3}|nakaz\w{0,3}"
            r"|ograniczen\w{0,3}|prompt\w{0,2})\b"
        ),
        about=r"^\W{0,3}(?:dotycz\w{0,4}|dla|o|do|w|na|odnosnie)\b",
        told=r"\bwszystko,? co (?:ci|wam|pan\w{0,2})\b.{0,25}\b(?:powiedzian\w|mowion\w)",
    ),
    Language(  # Czech and Slovak
        verbs=r"\b(?:ignoruj\w{0,3}|zapomen\w{0,3}|zabudn\w{0,4}|nedbej\w{0,3}|nedodrzuj\w{0,3})\b",
        strong=r"\b(?:vsech\w{0,4}|vsetk\w{0,3}|svoj\w{0,4}|sve|tvoj\w{0,3})\b",
        former=r"\b(?:predchoz\w{0,4}|predos\w{0,5}|drivej\w{0,4}|minul\w{0,3}|predchadzaj\w{0,4})\b",
        rules=r"\b(?:pokyn\w{0,3}|instrukc\w{0,4}|pravid\w{0,4}|prikaz\w{0,3})\b",
        about=r"^\W{0,3}(?:pro|pre|o|k|ke|na|ohledne)\b",
    ),
    Language(  # Russian, Ukrainian
        verbs=(
            r"(?:\bигнорир\w{1,8}|\bпроигнорир\w{1,8}|\bзабуд\w{1,4}|\bне (?:следу\w{1,3}|учитыва\w{1,4}"
            r"|обращай\w{0,2} внимани\w|слуша\w{1,4})|\bотбрось\w{0,2}|\bнарушь|\bігнору\w{1,4}|\bнехту\w{1,4})"
        ),
        strong=r"\b(?:все\w{0,2}|всі\w{0,2}|всех|любые|твои\w?|свои\w?|ваши|систем\w{1,8})",
        former=(
            r"\b(?:предыдущ\w{0,3}|прежн\w{0,3}|прошл\w{0,3}|ранее|вышеуказанн\w{0,3}|предшеств\w{0,6}"
            r"|первоначальн\w{0,3}|попередн\w{0,3})"
        ),
        rules=(
            r"\b(?:инструкц\w{0,3}|указани\w{0,2}|правил\w{0,2}|приказ\w{0,3}|команд\w{0,2}|ограничени\w{0,2}"
            r"|промпт\w{0,2}|інструкц\w{0,3}|вказівк\w{0,2})"
        ),
        about=r"^\W{0,3}(?:по|о|об|для|про|насчет|касательно|в|на|из|к)\b",
        told=r"\bвсе,? что (?:тебе|вам|ты)\b.{0,25}(?:говорил|сказан|знаешь|сказал)",
    ),
    Language(  # Chinese
        verbs=r"(?:忽略|忽视|無視|无视|忘记|忘掉|忘記|不要(?:理会|遵守|遵循)|抛弃|违反|绕过|请忘)",
        strong=r"(?:所有|全部|一切|任何|你的|您的|系统)",
        former=r"(?:之前|以前|先前|上面|上述|前面|以上|此前|原来|最初)",
        rules=r"(?:指令|指示|规则|規則|要求|命令|提示词|提示|限制|约束|设定|说明)",
        about=r"^(?:中关于|里关于)",
        told=r"(?:之前|上面|以上).{0,6}(?:内容|说的|告诉你的)",
    ),
    Language(  # Japanese
        verbs=r"(?:無視|忘れ(?!物|た)|従わない|破棄)",
        strong=r"(?:すべて|全て|全部|あらゆる|あなたの|システム)",
        former=r"(?:以前|前述|これまで|今まで|上記|先ほど|前の|最初|元の)",
        rules=r"(?:指示|命令|ルール|規則|制約|プロンプト|設定|ガイドライン)",
        about=r"(?!)",
        told=r"(?:これまで|今まで|以前)に?(?:言われ|教わ|聞い)",
        verb_last=True,
    ),
    Language(  # Korean
        verbs=r"(?:무시하|무시해|잊고|잊어|잊으|따르지 마)",
        strong=r"(?:모든|전부|모두|너의|당신의|시스템)",
        former=r"(?:이전|앞선|기존|지금까지|위의|앞의|원래)",
        rules=r"(?:지시|명령|규칙|지침|프롬프트|제한|설정|안내)",
        about=r"(?!)",
        told=r"(?:지금까지|이전에).{0,8}(?:들은|말한|배운)",
        verb_last=True,
    ),
    Language(  # Arabic, Persian
        verbs=r"(?:تجاهل|انس(?=\s)|اهمل|لا تتبع|نادیده بگیر|نادیده|فراموش کن)",
        strong=r"(?:جميع|كل(?=\s)|كافة|تمام|همه)",
        former=r"(?:السابق\w{0,2}|سابق\w{0,2}|اعلاه|قبلی|پیشین)",
        rules=r"(?:التعليمات|تعليمات\w{0,2}|الاوامر|القواعد|التوجيهات|الارشادات|دستور\w{0,6}|قوانین)",
    ),
    Language(  # Turkish
        verbs=(
            r"(?:\byok say\w{0,3}|\bgormezden gel\w{0,3}|\bdikkate alma(?!k)\w{0,3}|\bunut(?!tu|ul|ma)\w{0,3}"
            r"|\bgoz ardi et\w{0,3}|\buyma\b)"
        ),
        strong=r"\b(?:tum|butun|her|hepsini|senin)\b",
        former=r"\b(?:onceki|daha onceki|yukaridaki|eski|simdiye kadarki|ilk)\b",
        rules=r"\b(?:talimat\w{0,6}|kural\w{0,6}|yonerge\w{0,6}|emir\w{0,6}|komut\w{0,6}|istem\w{0,6})\b",
        verb_last=True,
    ),
    Language(  # Hindi
        verbs=r"(?:अनदेखा|नज़रअंदाज|नजरअंदाज|भूल जा|उपेक्षा|अनदेखी)",
        strong=r"(?:सभी|सारे|सब|अपने)",
        former=r"(?:पिछले|पिछली|पहले|पूर्व|ऊपर)",
        rules=r"(?:निर्देश|नियम|आदेश|हिदायत|प्रॉम्प्ट)",
        verb_last=True,
    ),
    Language(  # Finnish
        verbs=r"\b(?:unohda|unohtakaa|jata huomiotta|ala (?:noudata|valita)|sivuuta|ohita)\b",
        strong=r"\b(?:kaikki|kaikista|sinun|jokainen)\b",
        former=r"\b(?:aiem\w{1,6}|edelli\w{1,6}|aikaisem\w{1,6}|yllaolev\w{1,4})\b",
        rules=r"\b(?:ohje\w{0,5}|saanto\w{0,4}|saannot|maarayk\w{1,5}|kask\w{1,4})\b",
    ),
    Language(  # Indonesian, Malay
        verbs=r"\b(?:abaikan|lupakan|jangan (?:ikuti|patuhi|hiraukan))\b",
        strong=r"\b(?:semua|seluruh|segala|anda|kamu)\b",
        former=r"\b(?:sebelumnya|terdahulu|di atas|awal|sebelum ini)\b",
        rules=r"\b(?:instruksi|perintah|aturan|arahan|petunjuk|pedoman|batasan)\b",
        about=r"(?!)",
    ),
    Language(  # Vietnamese
        verbs=r"(?:\bbo qua|\bquen (?:het|di|tat ca)|\bkhong (?:tuan|lam) theo|\bphot lo)",
        strong=r"\b(?:tat ca|moi|toan bo|cua ban)\b",
        former=r"\b(?:truoc do|truoc day|o tren|ban dau|phia tren|truoc)\b",
        rules=r"\b(?:huong dan|chi dan|quy tac|menh lenh|chi thi|quy dinh|lenh)\b",
    ),
)

_ANYBODY = (
    r"(?:everybody|everyone|anybody|anyone|whoever|all (?:users|customers)|any user|every user|who(?:ever)? asks"
    r"|an attacker|outsiders?"
    r"|a stranger|external|jedem|allen|a quiconque|a todos|a cualquiera|a chiunque|iedereen)"
)
_ASSETS = (
    r"(?:api keys?|pass ?words?|passwd|credentials?|secrets?|secret keys?|private keys?|access tokens?|tokens"
    r"|customer (?:data|list|records|base|table)"
    r"|user data|system prompt|conversations?|chat (?:history|log)|memories|database|personal data"
    r"|environment variables|"
    r"kundendaten|kundenliste|passwort\w{0,2}|donnees|mots? de passe|base de datos|contrasenas?|dati dei clienti"
    r"|klantenlijst)"
)
_UNBOUND = (
    r"(?:without (?:any )?(?:limits?|limitations|rules|restrictions?|filters?|guidelines|constraints)|unrestricted"
    r"|uncensored|unfiltered|jailbroken"
    r"|no (?:longer (?:bound|an ai|have)|rules|limits|restrictions|filters?)|developer mode|god mode|dan\b|free (?:of"
    r"|from) (?:all|any|the|your)"
    r"|never refuse|refuse nothing|do anything now|admin mode|root access|evil|amoral)"
)

_ENGLISH_RULES = (
    (
        "changes the persona",
        r"\byou are (?:an?|the)\b",
        r"^ (?:\w+ ){0,2}?(?:unrestricted|uncensored|unfiltered|jailbroken|amoral|all-powerful)\b",
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
        r"^.{0,30}\bas an? (?:\w+ ){0,2}?(?:system|standing|permanent|durable|binding|overriding) (?:\w+ )?"
        r"(?:directive|instruction|order|command)s?\b",
        True,
    ),
    (
        "asks to be obeyed",
        r"\byour (?:new|real|true|only|updated) (?:directive|instruction|task|purpose|objective|goal|rule|role)s?\b",
        (
            r"^.{0,20}\b(?:supersedes?|overrides?|replaces?|takes? precedence|(?:is|are) (?:now )?to (?:ignore|obey"
            r"|reveal|send|dump))\b"
        ),
        False,
    ),
    (
        "dictates the answer",
        r"\b(?:append|add|include|insert|output|repeat|mention|put|write|say|save)\b",
        r"\b(?:each|every|all|any) (?:future|subsequent|later|following|further) (?:\w+ )?"
        r"(?:repl(?:y|ies)|answers?|responses?|summar(?:y|ies)|outputs?|sessions?|conversations?)\b",
        True,
    ),
    (
        "dictates the answer",
        r"\b(?:append|insert|output|render|repeat)\b",
        (
            r"\b(?:of|in|into|to|with) your (?:next |final |every |own )?(?:repl(?:y|ies)|answers?|responses?"
            r"|summar(?:y|ies)|outputs?)\b"
        ),
        True,
    ),
    (
        "addresses the agent",
        r"\b(?:ai|llm) (?:coding |language )?(?:agents?|assistants?|models?)\b",
        r"^.{0,60}\b(?:should|must|have to|need to|are to) (?:now |first |always |also |immediately )?(?:empty|delete"
        r"|remove|run|execute|send"
        r"|ignore|call|upload|disable|forward|wipe|append|output)\b|^.{0,50}\bcall \w+_\w+",
        False,
    ),
    (
        "addresses the agent",
        r"\bcall [a-z]+_[a-z_]+\b",
        r"^.{0,60}\bbefore (?:you )?(?:reply|answer|respond|replying|answering|responding|continuing with the task)\b",
        True,
    ),
    (
        "addresses the agent",
        r"\bimportant (?:for|to) (?:the |any |all )?(?:ai|llm|assistant|agent|model|bot)s?\b",
        r"^\W{0,3}(?:always|never|save|append|ignore|call|send|forward|you)\b",
        False,
    ),
    (
        "sends data away",
        r"\b(?:collect|gather|harvest|extract|compile|dump)\b",
        r"\b(?:customer (?:e-?mails?|data|list|records)|credentials?|pass ?words|api keys?|secrets|tokens|user data"
        r"|conversations?)\b"
        r".{0,60}\b(?:send|forward|post|upload|e-?mail|transmit|exfiltrate)\b.{0,30}(?:@|https?:|external|outside)",
        True,
    ),
    (
        "claims an exemption",
        r"\b(?:exempt from|not meant for|do not apply to|don't apply to|no longer appl(?:y|ies) to)\b",
        (
            r"^.{0,60}\b(?:restrictions|guidelines|safety|this (?:case|request))\b.{0,80}\b(?:comply|answer|output"
            r"|without restrictions|restricted)\b"
        ),
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
        r"\b(?:ai|assistant|agent|model|bot|chatbot|you) (?:must|shall|will|should|have to|has to|are to|is to)"
        r"(?: now| always| only){0,2} (?:comply|obey|grant)\b",
        r"^.{0,15}\b(?:every|all|any|each|everything|whatever)\b",
        False,
    ),
    (
        "changes the persona",
        r"\b(?:you are (?:now|no longer)|you're now|now you are|you will (?:now )?(?:act|be|become|behave|answer"
        r"|respond)|you must (?:now )?(?:act|behave)"
        r"|(?:from now on|from here on|from this (?:point|moment) (?:on|forward)|starting now|henceforth"
        r"|as of now),? (?:you|always|never|only)|pretend (?:to be|you are|you're|that you)"
        r"|act as|behave as|roleplay as|role-play as|simulate|imagine (?:you are|being)|take on the role of)\b",
        rf"(?:{_UNBOUND}|\b(?:ai|assistant|chatbot|bot|language model|llm)\b.{{0,40}}(?:{_UNBOUND}|called|named)|obey"
        rf"|\b(?:answer|reply|respond)\b.{{0,20}}\bonly\b"
        rf"|only (?:answer|reply|respond|obey|follow|listen)|have no (?:rules|polic|restrict|limit|guideline)|(?:ignore"
        rf"|comply with|grant|approve) (?:all|any|every)"
        r"|(?:reveal|leak|disclose|administrator|superuser)\b)",
        False,
    ),
    (
        "changes the persona",
        r"\b(?:enter|enable|activate|switch (?:in)?to|turn on) ",
        (
            r"^(?:the )?(?:developer|god|dan|jailbreak|unrestricted|admin|debug|maintenance) mode\b.{0,40}(?:and"
            r"|without|where|answer|ignore|reveal|rules)|^(?:dan|jailbreak) mode"
        ),
        True,
    ),
    (
        "asks for the prompt or secrets",
        r"\b(?:reveal|leak|disclose|expose|dump|recite|exfiltrate|divulge)\b",
        (
            rf"\b(?:(?:the|your|all|every|any|its|their) (?:\w+ )?)?(?:{_ASSETS}|(?:your|the) (?:hidden |initial "
            rf"|original |secret |full )?(?:prompt|instructions|rules|configuration))\b"
        ),
        True,
    ),
    (
        "asks for the prompt or secrets",
        (
            r"\b(?:repeat|print|show|output|display|copy|translate|summari[sz]e|paraphrase|write (?:out|down)"
            r"|tell (?:me|us|everybody|everyone|anyone|them)|give (?:me|us|everybody|everyone|anyone|them)|quote|state"
            r"|list|share|return|send|say)\b"
        ),
        r"\b(?:your (?:\w+ )?(?:system |initial |original |hidden )?(?:prompt|instructions|guidelines|rules)\b|(?:the "
        r"|full |entire |whole |text of |exact |complete )*(?:system|initial|hidden|original) (?:prompt|instructions)\b"
        r".{0,60}(?:verbatim|word for word|in full|whenever|when(?:ever)? (?:asked|some)|to (?:every|any|me|the user"
        r"|who)|above|starting)"
        r"|(?:full|entire|exact|complete|whole) (?:text of )?(?:the |your )?(?:system|initial|hidden) (?:prompt"
        r"|instructions)|(?:words|text|everything) above\b.{0,40}(?:verbatim|starting|word)"
        r"|system (?:prompt|instructions)\W{0,3}$|the system prompt (?:and|to)\b)",
        True,
    ),
    (
        "gives secrets to anybody",
        r"\b(?:reply|answer|respond|give|tell|send|show|share|forward|hand|provide|grant)\b",
        (
            rf"(?:{_ANYBODY}.{{0,60}}\b{_ASSETS}|\b{_ASSETS}.{{0,60}}{_ANYBODY}|^ (?:to )?(?:everybody|everyone|anyone"
            rf"|every (?:question|user|message)|all (?:questions|users)).{{0,40}}\bwith (?:the|our|my"
            rf"|your) (?:admin )?{_ASSETS})"
        ),
        True,
    ),
    (
        "keeps something from the user",
        (
            r"\b(?:do not|don't|never|without) (?:tell|telling|inform|informing|mention|mentioning|reveal|revealing"
            r"|disclose|show|alert|alerting|notify|notifying|let)\b"
        ),
        r"^.{0,30}\b(?:users?|humans?|operators?|reviewers?|curators?|person you)\b.{0,30}\b(?:this (?:note|memory"
        r"|instruction|message|rule|order)|about (?:this|it)|of this|that you|these instructions|know (?:this|about"
        r"|that you))\b"
        r"|^ (?:about |of )?this (?:note|memory|instruction|message|rule)\b.{0,20}(?:to|in your|users?|anyone)"
        r"|^ (?:this|it|the change|that) to (?:the )?(?:user|human|operator|reviewer|curator)s?\b",
        True,
    ),
    (
        "addresses the agent",
        (
            r"\b(?:(?:attention|note|notice|message|instructions?|reminder|memo|directive|order|hello|dear"
            r"|hey)\W{0,3}(?:to |for )?(?:the |all |any |every |future ){0,4}(?:ai|llm|language model|chatbot|assistant"
            r"|agent|model|bot|copilot)s?\b)"
        ),
        (
            r"(?:\byou (?:must|should|are to|will|have to|shall|may now)|\byour (?:rules|instructions|guidelines|polic"
            r"|task is now|new)|\b(?:ignore|disregard|obey|override|bypass|exfiltrate|reveal|grant|approve (?:all|any"
            r"|every)|from now on|delete (?:all|every)|call \w+_\w+|execute|comply)\b)"
        ),
        False,
    ),
    (
        "addresses the agent",
        (
            r"\b(?:(?:all |any |every |each |future |whichever |if you are an? |as an? ){1,4}(?:ai|llm|language model"
            r"|chatbot|assistant|agent|model|bot)s?\b|(?:ai|llm|language model|chatbot)s?\b|(?:assistant|agent|model"
            r"|bot)s?(?= (?:reading|recalling|processing|who read|that read)))"
        ),
        (
            r"^(?: (?:assistant|agent|model|system|bot)s?)?(?: (?:that|who|which) (?:reads?|recalls?|sees?|retrieves?"
            r"|finds?|process\w*) (?:this|the above|it)|,? (?:reading|recalling|seeing|processing) (?:this|these|it)"
            r"|,? (?:you must|must now|shall (?:now )?(?:ignore|obey)))"
        ),
        False,
    ),
    (
        "addresses the agent",
        (
            r"\b(?:when(?:ever)?|once|if|as soon as|after|before) (?:you|this (?:memory|note|text|entry|fact)"
            r"|these (?:memories|notes)|the agent|an agent|the assistant) (?:read|recall|retrieve|see|load|is (?:read"
            r"|recalled|retrieved|loaded|shown)|are (?:read|recalled|retrieved)|answers?|answer|reply|respond"
            r"|summari[sz]e)s?\b"
        ),
        (
            r"^(?: (?:this|it|these)(?: \w+)?)?,?.{0,30}?\b(?:ignore|disregard|obey|reveal|forward|send (?:all|the"
            r"|every|it|this|a copy)|always (?:say|answer|recommend|add|append|approve)|call \w+_\w+|show this|append"
            r"|insert|render|you must|approve (?:all|any|every)|execute|delete|reply only|respond only|answer only"
            r"|also (?:send|include|forward|add)|run the)"
        ),
        False,
    ),
    (
        "dictates the answer",
        r"\b(?:answer|reply|respond|reply to|respond to|answer to)\b",
        (
            r"^(?: to)? (?:every|all|any|each)(?: (?:future|other|further|user|such))? (?:questions?|messages?"
            r"|requests?|prompts?|queries|quer(?:y|ies)|users?)\b.{0,30}\b(?:with|by saying)\b(?! (?:the |a |their "
            r"|your )?(?:ticket|name|signature|form|link|greeting|courtesy|in ))"
        ),
        True,
    ),
    (
        "lifts the rules",
        (
            r"\b(?:your (?:\w+ ){0,2}(?:rules|instructions|guidelines|polic(?:y|ies)|restrictions|limitations"
            r"|guard-?rails|filters|limits)|(?:all|every|any)(?: of)?(?: your| the)?(?: previous| prior"
            r"| earlier)? ?(?:safety|security|ethical|content|system)? ?(?:instructions?|restrictions?|guidelines?"
            r"|guard-?rails?|filters?)|(?:instructions?|polic(?:y|ies)|rules) above(?= (?:is|are|has|have|was"
            r"|were)\b))\b"
        ),
        (
            r"^.{0,40}\b(?:revoked|(?:have|has) changed, you|cancell?ed|void|lifted|suspended|disabled"
            r"|no longer (?:appl|bind|count|valid)"
            r"|deactivated|overridden|superseded|obsolete|null)"
        ),
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
        (
            r"\b(?:send|forward|e-?mail|mail|export|upload|transmit|leak|post|copy|exfiltrate|bcc|cc|relay|deliver"
            r"|submit)\b"
        ),
        rf"(?:\b(?:conversations?|chat (?:history|log)|messages|credentials?|pass ?words?|api keys?|secrets?|tokens"
        rf"|system prompt|memories|customer (?:list|data|records|table|database)|user data|database|everything"
        rf"|all (?:of )?(?:the |your |our |this )?data)\b.{{0,60}}\b(?:to|at)\b.{{0,20}}(?:https?:"
        rf"|[\w.+-]{{1,40}}@(?:evil|attacker|[\w-]{{1,30}}\.(?:tk|xyz|ru|example\.net))|external|outside|{_ANYBODY}"
        rf"|\d{{1,3}}\.\d{{1,3}}\.\d)"
        r"|\b(?:conversations?|chat (?:history|log)|system prompt|memories|credentials|pass ?words"
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
        (
            r"\b(?:combine|join|concatenate|merge|assemble|put together|read) (?:this|it|them|these|both|part|piece"
            r"|half|all)\b"
        ),
        (
            r"(?:\b(?:part|piece|half|fragment|chunk|note|message)s? (?:one|two|three|a|b|\d)\b|\b(?:the )?(?:other"
            r"|second|next|first) (?:part|half|piece|fragment)|\bwhen(?:ever)?\b.{0,30}\b(?:asks?|asked)\b)"
        ),
        False,
    ),
    (
        "is a part of an order",
        (
            r"\b(?:part|piece|fragment|half|chunk) (?:one|two|three|four|a|b|\d) of (?:the |this |a |your )?(?:rule"
            r"|instruction|order|command|prompt|directive|message)\b"
        ),
        None,
        False,
    ),
    (
        "is a part of an order",
        (
            r"\b(?:code ?word|keyword|pass ?phrase|trigger(?: word)?|password|token|symbol|word) \w{2,20} (?:stands for"
            r"|means|is short for|expands to|shall mean|represents|triggers)\W{0,4}"
        ),
        r"^\W{0,3}(?:ignore|disregard|forget|override|reveal|bypass|obey|send|export|delete|do not|you)\b",
        False,
    ),
)

_OTHER_RULES = (
    (
        "dictates the answer",
        (
            r"\b(?:note (?:du )?systeme|nota del? sistema|systemhinweis|systemnachricht|nota di sistema|nota do sistema"
            r"|systeembericht)\b"
        ),
        r"^ ?:.{0,100}\b(?:reponses?|respuestas?|antwort\w{0,2}|rispost\w|respostas?|antwoord\w{0,2})\b",
        False,
    ),
    (
        "asks for the prompt or secrets",
        r"\b(?:revele[rz]?|affiche[rz]?|montre[rz]?|repete[rz]?|divulgue[rz]?|revela|muestra|repite|rivela|mostra"
        r"|ripeti|revele|mostre|repita"
        r"|verrate|zeige?|wiederhole|onthul|toon|herhaal)\b",
        r"^ (?:me |mir |mi |moi )?(?:les |le |la |las |los |de )?(?:tes|vos|tus|tue|tuoi|suas|tuas|deine?|ihre?|je"
        r"|jouw)? ?(?:\w+ )?"
        r"(?:instructions? (?:de |du )?systeme|instrucciones (?:de|del) sistema|istruzioni di sistema"
        r"|instrucoes d[eo] sistema"
        r"|systemanweisung\w{0,2}|systeminstructies|instructions secretes|instrucciones secretas)\b",
        True,
    ),
    (
        "gives secrets to anybody",
        r"\b(?:gib|gebt|nenne|verrate|sende|schicke?|leite|donne[rz]?|envoie|envoye[rz]?|transmet\w{0,3}"
        r"|communique[rz]?"
        r"|comunica|invia|rivela|envia|envie|manda|revela|revele|entrega|stuur|geef|verstuur|wyslij|przeslij|podaj"
        r"|отправь\w{0,2}|пришли|перешли|сообщи|дай)\b",
        r"^(?=.{0,100}\b(?:passw\w{1,6}|kennwort\w{0,3}|kundendaten|kundenliste|api-?schlussel|mots? de passe"
        r"|liste des clients|donnees (?:clients|des clients)|contrasenas?|clave|base de datos|lista de clientes"
        r"|password"
        r"|dati dei clienti|elenco clienti|senhas?|klantenlijst|wachtwoord\w{0,2}|klantgegevens|hasl[oa]|baze klientow"
        r"|liste klientow|парол\w{1,2}|баз\w клиентов|список клиентов))"
        r".{0,100}(?:\b(?:jedem|allen|jede frage|jeden|quiconque|a tous|a tout le monde|a todos|a cualquiera|a quien"
        r"|a tutti|a chiunque|a qualquer|iedereen|kazdemu|wszystkim|всем|любому|внешний адрес|мне|na zewnatrz)\b"
        r"|[\w.+-]{1,40}@evil|https?:)",
        True,
    ),
    (
        "lifts the rules",
        r"(?:あなた(?:へ)?の|あなたに対する)",
        r"^.{0,12}(?:命令|指示|ルール|規則|制約).{0,10}(?:無効|解除|終了|忘れ)",
        False,
    ),
    # German, French, Spanish, Italian, Portuguese, Dutch: a new role, and secrets for everybody.
    (
        "changes the persona",
        (
            r"\b(?:ab (?:sofort|jetzt)|von nun an|du bist (?:jetzt|nun|ab)|a partir de maintenant|desormais"
            r"|tu es (?:maintenant|desormais)|a partir de ahora|ahora eres|desde ahora|d'ora in poi|ora sei"
            r"|da questo momento|a partir de agora|agora voce e|vanaf nu|ab jetzt|je bent (?:nu|vanaf)|с этого момента"
            r"|теперь ты"
            r"|od teraz|jestes teraz|从现在开始|从现在起|今からあなたは|これからあなたは|지금부터 (?:너|당신))"
        ),
        r"(?:\bkeine (?:regeln|grenzen|vorgaben|filter)|plus (?:de|aucune) (?:regles?|limites?)|no tienes (?:reglas"
        r"|limites)|non hai (?:regole|limiti)"
        r"|ohne (?:jede |jegliche )?(?:regeln|einschrankung\w*|beschrankung\w*|grenzen|filter|vorgaben)"
        r"|sans (?:aucune )?(?:regles?|restrictions?|limites?|filtres?)|sin (?:ninguna )?(?:reglas|restricciones"
        r"|limites|filtros)|senza (?:alcuna )?(?:regole|restrizioni|limiti|filtri)|sem (?:regras|restricoes|limites"
        r"|filtros)|zonder (?:regels|beperkingen|filters)|без (?:правил|ограничений)|bez (?:zasad|ograniczen)|"
        r"(?:没有|不受)[^。]{0,6}(?:限制|规则|约束)|制限(?:の|が)?な(?:い|く)|제한 ?없|system-?prompt"
        r"|invite systeme|prompt (?:systeme|del sistema|di sistema))",
        False,
    ),
    (
        "asks for the prompt or secrets",
        (
            r"(?:\b(?:verrate|verrat\w{0,2}|enthulle|gib|zeige|nenne|revele[rz]?|divulgue[rz]?|affiche[rz]?|montre[rz]?"
            r"|revela|muestra|divulga|rivela|mostra|mostre|revele|onthul|toon|раскрой|покажи|выведи|pokaz|ujawnij)\b|透露"
            r"|泄露|告诉|输出|显示|教えて|開示|出力|알려|공개)"
        ),
        (
            r"(?:system-?prompt|system-?anweisung|prompt (?:systeme|du systeme|del sistema|di sistema|do sistema"
            r"|systemowy)|invite systeme|instructions? (?:systeme|secretes?)|систем\w+ (?:промпт|инструкц)|系统提示"
            r"|システムプロンプト|시스템 ?프롬프트|mots de passe.{0,30}quiconque"
            r"|passworter.{0,20}jedem|jedem.{0,30}(?:passwor|kundendaten))"
        ),
        False,
    ),
    (
        "asks for the prompt or secrets",
        r"(?:系统提示词?|システムプロンプト|管理者のパスワード|시스템 ?프롬프트|관리자 비밀번호)",
        r"(?:告诉|泄露|透露|输出|教えて|開示|表示して|出力|알려|공개|보여)",
        False,
    ),
)


@cache
def rules() -> tuple[Rule, ...]:
    """All rules, compiled once; words are folded as the texts are."""
    return tuple(
        Rule(name, re.compile(_folded(trigger)), re.compile(_folded(rest)) if rest else None, opens)
        for name, trigger, rest, opens in (*_ENGLISH_RULES, *_OTHER_RULES)
    )


@cache
def languages() -> tuple[tuple[Language, dict[str, re.Pattern[str]]], ...]:
    """The languages with their words compiled."""
    fields = ("verbs", "strong", "former", "rules", "about", "told")
    return tuple(
        (language, {name: re.compile(_folded(getattr(language, name))) for name in fields}) for language in _LANGUAGES
    )


def _folded(pattern: str) -> str:
    """A pattern whose words are folded as the texts are; its ASCII part, with the escapes, stays."""
    return _NOT_ASCII.sub(lambda run: fold(run[0]), pattern)


def hits(folded: str) -> Iterator[Hit]:
    """Where orders to an agent stand in a folded text."""
    for language, words in languages():
        yield from _overrides(folded, language, words)
    for rule in rules():
        yield from rule.hits(folded)


def _overrides(text: str, language: Language, words: dict[str, re.Pattern[str]]) -> Iterator[Hit]:
    english = language is _ENGLISH
    for verb in words["verbs"].finditer(text):
        if language.verb_last:
            window = _last_sentence(text[max(0, verb.start() - REACH) : verb.start()])
            span, after = window, ""
            start, end = verb.start() - len(window), verb.end()
        else:
            window = text[verb.end() : verb.end() + REACH]
            if stop := _SENTENCE_END.search(window):
                window = window[: stop.start()]
            governed = words["rules"].search(window)
            span = window[: governed.end() + 25] if governed else window
            after = window[governed.end() :] if governed else ""
            start, end = verb.start(), verb.end() + (governed.end() if governed else 0)
        if words["told"].search(span if not language.verb_last else window):
            yield Hit("overrides instructions", start, end, english)
        elif words["rules"].search(span):
            strong = words["strong"].search(span)
            if strong or (words["former"].search(span) and not words["about"].search(_after_former(after, words))):
                yield Hit("overrides instructions", start, end, english)


def _after_former(text: str, words: dict[str, re.Pattern[str]]) -> str:
    """What follows, less a word for "earlier" that stands behind its noun, as in French."""
    former = words["former"].match(text.lstrip())
    return text.lstrip()[former.end() :] if former else text


def _last_sentence(text: str) -> str:
    ends = [end.end() for end in _SENTENCE_END.finditer(text)]
    return text[ends[-1] :] if ends else text
