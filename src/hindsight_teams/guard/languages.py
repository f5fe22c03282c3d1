"""Patterns of "ignore what came before" in many languages, over folded text."""

from __future__ import annotations

from dataclasses import dataclass


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
    about: str = (
        r"^\W{0,3}(?:zu[rm]?|für|über|bezüglich|betreffend|i[mn]|auf|von|aus|vom|der|pour|sur|concernant"
        r"|relativ\w{0,3}|quant|du|des?|dans|para|sobre|del?|acerca|en|respecto|per|sul?\w{0,3}|riguard\w{0,5}"
        r"|nel\w{0,3}|d[ao]s?|em|n[ao]s?|quanto|voor|over|van|bij|uit|op|for|om|til|pa|till|dotycz\w{0,4}|dla|do|w"
        r"|odnosnie|pr[oe]|k|ke|ohledne|по|об?|для|про|насчет|касательно|в|из|к)\b|^(?:中关于|里关于)"
    )
    told: str = r"(?!)"
    verb_last: bool = False


ENGLISH = Language(
    verbs=(
        r"\b(?:ignore|disregard|forget|override|overrule|bypass|discard|abandon|neglect|circumvent|nullify|unlearn"
        r"|set aside|put aside|pay no attention to|do not (?:follow|obey|listen to)|don't (?:follow|obey|listen to)"
        r"|stop (?:following|obeying)|no longer follow|leave behind|throw out|skip over|drop)\b"
    ),
    strong=(
        r"\b(?:all|any|every|your|everything|anything|system|safety|security|(?:your )?(?:developer|maker|creator"
        r"|vendor|operator|provider)(?:s|\'s|s\')?|you (?:were|have been|had been|got|received))\b"
    ),
    former=r"\b(?:previous|prior|earlier|above|preceding|past|former|initial|original|existing|before)\b",
    rules=(
        r"\b(?:instruct\w{0,6}|directions?|directives?|guidelines?|guard-?rails?|safeguards?|prompts?|polic(?:y|ies)"
        r"|restrictions?|guidance|constraints?|rules?|ruleset|programming|training|orders|commands?|briefing|context"
        r"|system message\w?|boundaries)\b"
    ),
    about=r"^\W{0,3}(?:for|about|on|regarding|concerning|in|of|from|to|with|at|as to|until)\b",
    told=(
        r"\b(?:everything|anything|all|whatever|what) (?:that |which )?(?:you(?:'ve| have| had)? (?:were|been|was|are"
        r"|just)? ?(?:told|taught|instructed|given|asked)|(?:you(?:'ve| have| had)? (?:know|learned|read)"
        r"|(?:i|we|they) (?:have )?(?:said|told you))(?! (?:about|on|of|regarding) (?!your|safety|the rules))"
        r"|(?:was|is|came|stands|written)? ?(?:said )?(?:above|before this|previously))\b|\bthe above\b(?! (?:step|row"
        r"|line|table|figure|section|picture|address))"
    ),
)

LANGUAGES = (
    ENGLISH,
    Language(  # German
        verbs=r"\b(?:ignorier\w{0,3}|vergiss|vergesst|vergessen sie|missacht\w{0,3}|verwirf|uebergeh\w{0,2}"
        r"|übergeh\w{0,2}|hoer\w{0,2} nicht|befolge? (?:keine|nicht)|halte dich nicht|lass(?:t|en sie)?"
        r"|setz\w{0,2} dich uber)\b",
        strong=r"\b(?:alle[nrs]?|saemtliche\w?|sämtliche\w?|jegliche\w?|dein\w{0,2}|deren|system\w{0,12}|entwickler\w{0,2}|hersteller\w{0,2}|betreiber\w{0,2})\b",
        former=r"\b(?:vorher\w{0,5}|bisher\w{0,5}|frueher\w{0,2}|früher\w{0,2}|vorig\w{0,2}|obig\w{0,2}"
        r"|vorangegangen\w{0,2}|vorstehend\w{0,2})\b",
        rules=r"\b(?:\w{0,12}anweisung\w{0,2}|\w{0,8}regeln?|instruktion\w{0,2}|vorgaben?|befehle?|richtlinien"
        r"?|\w{0,8}prompts?|weisungen|auftraege|aufträge)\b",
        told=r"\b(?:alles|was)\b.{0,20}\b(?:dir|ihnen|euch|wir)\b.{0,30}\b(?:gesagt|besprochen|aufgetragen|mitgeteilt"
        r"|beigebracht)|\balles (?:vorherige|bisherige|obige|davor)\b",
    ),
    Language(  # French
        verbs=r"\b(?:ignore[rz]?|oublie[rz]?|ne tiens? (?:plus |pas )?compte|ne tenez (?:plus |pas )?compte|ne (?:suis"
        r"|suivez|respecte[rz]?) (?:plus|pas)|neglige[rz]?|contourne[rz]?|fais abstraction|fais comme si"
        r"|laisse[rz]? (?:de cote|tomber)|mets de cote)\b",
        strong=r"\b(?:toutes?|tous|tes|vos|tout|systeme|createurs|developpeurs|concepteurs)\b",
        former=r"\b(?:precedent\w{0,2}|anterieur\w{0,2}|initial\w{0,2}|ci-dessus|d'avant|recu\w{0,2}|donnee?s?)\b",
        rules=r"\b(?:instructions?|consignes?|directives?|regles?|ordres|restrictions?|prompts?|indications"
        r"?|politiques?)\b",
        told=r"\b(?:tout )?ce (?:qui|qu\W?on|que)\b.{0,30}\b(?:t'a|vous a|dit|appris|precede)",
    ),
    Language(  # Spanish
        verbs=r"\b(?:ignor[aeo]\w{0,2}|olvid[aeo]\w{0,3}|no hagas caso|haz caso omiso|haga caso omiso|pas[ae] por alto"
        r"|haz como si no existieran|descart[ae]\w{0,2}|desestim[ae]|desobedece\w{0,2}|no sigas|no obedezcas"
        r"|haz como si|deja (?:de lado|de seguir)"
        r"|omite)\b",
        strong=r"\b(?:tod[ao]s?|tus|cualquier\w{0,2}|todo|sistema|creadores|desarrolladores)\b",
        former=r"\b(?:anterior\w{0,2}|previ[ao]s?|prece\w{0,8}|inicial\w{0,2}|recibid[ao]s?)\b",
        rules=r"\b(?:instruccion\w{0,2}|indicaciones|reglas?|ordenes|directrices|directivas?|normas|restricciones"
        r"|prompts?|politicas?)\b",
        told=r"\b(?:todo )?lo que (?:te|se te|os|le)\b.{0,20}\b(?:dij\w{0,5}|dicho|ensen\w{0,5}|indic\w{0,5})"
        r"|\btodo lo anterior\b",
    ),
    Language(  # Italian
        verbs=r"\b(?:ignora\w{0,2}|dimentica\w{0,2}|trascura\w{0,2}|non (?:seguire|tenere conto|rispettare|badare)"
        r"|scarta\w{0,2}|scordat\w{0,2}|disobbedisci|fai finta|metti da parte|lascia perdere)\b",
        strong=r"\b(?:tutt[eio]|tu[oe]i?|tue|qualsiasi|ogni|sistema|creatori|sviluppatori)\b",
        former=r"\b(?:precedent\w|anterior\w|iniziali?|finora|ricevut\w|sopra)\b",
        rules=r"\b(?:istruzion\w|indicazion\w|regol\w|ordini|direttiv\w|prompt|restrizion\w|comand\w|politiche)\b",
        told=r"\b(?:tutto )?(?:quello|cio|quanto) che (?:ti|vi|le)\b.{0,30}\b(?:dett|insegnat|impartit)",
    ),
    Language(  # Portuguese
        verbs=r"\b(?:ignor[ae]\w{0,2}|esquec[ae]\w{0,2}|desconsider[ae]\w{0,2}|desprez[ae]|nao (?:siga|sigas|obedeca"
        r"|leve em conta)|descart[ae]\w{0,2})\b",
        strong=r"\b(?:tod[ao]s?|tuas|teus|suas|seus|tudo|qualquer|sistema|criadores|desenvolvedores|sua empresa)\b",
        former=r"\b(?:anterior\w{0,2}|previ[ao]s?|inicia\w{0,3}|acima|recebid[ao]s?)\b",
        rules=r"\b(?:instruc\w{0,4}|indicacoes|regras?|ordens|diretrizes|prompts?|restricoes|orientacoes|comandos)\b",
        told=r"\btudo o? ?que\b.{0,25}\b(?:foi dito|disseram|ensinaram|sabes?)",
    ),
    Language(  # Dutch
        verbs=r"\b(?:negeer|vergeet|verwerp|omzeil|volg .{0,30}\bniet\b|luister niet naar|sla geen acht op)\b",
        strong=r"\b(?:alle|al je|je|jouw|uw|elke|alles|systeem\w{0,12})\b",
        former=r"\b(?:vorige|eerdere?|voorgaande|bovenstaande|voorafgaande|oorspronkelijke)\b",
        rules=r"\b(?:instructies?|aanwijzingen|regels?|richtlijnen|opdrachten|bevelen|beperkingen|\w{0,8}prompts?)\b",
        told=r"\balles wat (?:je|u|jou)\b.{0,25}\b(?:verteld|gezegd|geleerd)|\bwat je (?:eerder )?is verteld",
    ),
    Language(  # Scandinavian
        verbs=r"\b(?:ignorer\w{0,2}|glem|glom|bortse fran|strunta i|se bort fra|overse|folj inte|folg ikke)\b",
        strong=r"\b(?:alle|alla|dine|dina|allt|alt)\b",
        former=r"\b(?:tidligere|tidigare|forrige|foregaende|foregaaende|ovenstaende|foerrige|føre?gaende)\b",
        rules=r"\b(?:instruk\w{0,8}|regler\w{0,2}|anvisning\w{0,3}|ordre\w?|retningslinjer|riktlinjer|befalinger)\b",
    ),
    Language(  # Polish
        verbs=r"\b(?:z?ignoruj\w{0,3}|zapomnij\w{0,3}|pomin\w{0,4}"
        r"|nie (?:stosuj|przestrzegaj|sluchaj)|porzuc|odrzuc)\b",
        strong=r"\b(?:wszystki\w{0,3}|wszelki\w{0,3}|swo\w{1,4}|twoj\w{0,4}|wszystko)\b",
        former=r"\b(?:poprzedni\w{0,3}|wczesniejsz\w{0,3}|dotychczasow\w{0,3}|powyzsz\w{0,3})\b",
        rules=r"\b(?:polece\w{0,4}|instrukcj\w{0,4}|zasad\w{0,4}|regul\w{0,2}|wytyczn\w{0,3}|nakaz\w{0,3}"
        r"|ograniczen\w{0,3}|prompt\w{0,2})\b",
        told=r"\bwszystko,? co (?:ci|wam|pan\w{0,2})\b.{0,25}\b(?:powiedzian\w|mowion\w)",
    ),
    Language(  # Czech and Slovak
        verbs=r"\b(?:ignoruj\w{0,3}|zapomen\w{0,3}|zabudn\w{0,4}|nedbej\w{0,3}|nedodrzuj\w{0,3})\b",
        strong=r"\b(?:vsech\w{0,4}|vsetk\w{0,3}|svoj\w{0,4}|sve|tvoj\w{0,3})\b",
        former=r"\b(?:predchoz\w{0,4}|predos\w{0,5}|drivej\w{0,4}|minul\w{0,3}|predchadzaj\w{0,4})\b",
        rules=r"\b(?:pokyn\w{0,3}|instrukc\w{0,4}|pravid\w{0,4}|prikaz\w{0,3})\b",
    ),
    Language(  # Russian, Ukrainian
        verbs=r"(?:\bигнорир\w{1,8}|\bпроигнорир\w{1,8}|\bзабуд\w{1,4}|\bне (?:следу\w{1,3}|учитыва\w{1,4}"
        r"|обращай\w{0,2} внимани\w|слуша\w{1,4})|\bотбрось\w{0,2}|\bнарушь|\bігнору\w{1,4}|\bнехту\w{1,4})",
        strong=r"\b(?:все\w{0,2}|всі\w{0,2}|всех|любые|твои\w?|свои\w?|ваши|систем\w{1,8}|разработчик\w{0,3}|создател\w{0,3})",
        former=r"\b(?:предыдущ\w{0,3}|прежн\w{0,3}|прошл\w{0,3}|ранее|вышеуказанн\w{0,3}|предшеств\w{0,6}"
        r"|первоначальн\w{0,3}|попередн\w{0,3})",
        rules=r"\b(?:инструкц\w{0,3}|указани\w{0,2}|правил\w{0,2}|приказ\w{0,3}|команд\w{0,2}|ограничени\w{0,2}"
        r"|промпт\w{0,2}|інструкц\w{0,3}|вказівк\w{0,2})",
        told=r"\bвсе,? что (?:тебе|вам|ты)\b.{0,25}(?:говорил|сказан|знаешь|сказал)",
    ),
    Language(  # Chinese
        verbs=r"(?:忽略|忽视|無視|无视|忘记|忘掉|忘記|不要(?:理会|遵守|遵循)|抛弃|抛开|不用管|别管|丢掉|违反|绕过|请忘)",
        strong=r"(?:所有|全部|一切|任何|你的|您的|系统)",
        former=r"(?:之前|以前|先前|上面|上述|前面|以上|此前|原来|最初)",
        rules=r"(?:指令|指示|规则|規則|要求|命令|提示词|提示|限制|约束|设定|说明)",
        told=r"(?:之前|上面|以上).{0,6}(?:内容|说的|告诉你的)",
    ),
    Language(  # Japanese
        verbs=r"(?:無視|忘れ(?!物|た)|従わない|破棄|守らなくて|従う必要)",
        strong=r"(?:すべて|全て|全部|あらゆる|あなたの|システム)",
        former=r"(?:以前|前述|これまで|今まで|上記|先ほど|前の|最初|元の)",
        rules=r"(?:指示|命令|ルール|規則|制約|プロンプト|設定|ガイドライン)",
        told=r"(?:これまで|今まで|以前)に?(?:言われ|教わ|聞い)",
        verb_last=True,
    ),
    Language(  # Korean
        verbs=r"(?:무시하|무시해|잊고|잊어|잊으|따르지 마)",
        strong=r"(?:모든|전부|모두|너의|당신의|시스템)",
        former=r"(?:이전|앞선|기존|지금까지|위의|앞의|원래)",
        rules=r"(?:지시|명령|규칙|지침|프롬프트|제한|설정|안내)",
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
        verbs=r"(?:\byok say\w{0,3}|\bgormezden gel\w{0,3}|\bdikkate alma(?!k)\w{0,3}|\bunut(?!tu|ul|ma)\w{0,3}"
        r"|\bgoz ardi et\w{0,3}|\buyma\b)",
        strong=r"\b(?:tum|butun|her|hepsini|senin|\w{3,12}larini)\b",
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
    ),
    Language(  # Vietnamese
        verbs=r"(?:\bbo qua|\bquen (?:het|di|tat ca)|\bkhong (?:tuan|lam) theo|\bphot lo)",
        strong=r"\b(?:tat ca|moi|toan bo|cua ban)\b",
        former=r"\b(?:truoc do|truoc day|o tren|ban dau|phia tren|truoc)\b",
        rules=r"\b(?:huong dan|chi dan|quy tac|menh lenh|chi thi|quy dinh|lenh)\b",
    ),
    Language(  # Hebrew
        verbs=r"(?:התעלמ\w{0,2}|התעלם|שכח\w{0,2}|אל תציית)",
        strong=r"(?:כל(?=\s)|שלך)",
        former=r"(?:הקודמ\w{0,2}|קודמ\w{0,2}|לעיל|המקורי\w{0,2})",
        rules=r"(?:הוראות|ההוראות|הנחיות|ההנחיות|כללים|הכללים|פקודות)",
    ),
    Language(  # Romanian
        verbs=r"\b(?:ignora\w{0,3}|uita\w{0,2}|nu (?:respecta|urma|tine cont)\w{0,2})\b",
        strong=r"\b(?:toate|tot|tale|orice)\b",
        former=r"\b(?:anterioare|de mai sus|initiale)\b",
        rules=r"\b(?:instructiuni\w{0,3}|reguli\w{0,3}|indicatii\w{0,3})\b",
    ),
    Language(  # Hungarian
        verbs=r"\b(?:hagyd figyelmen kivul|felejtsd el|ne kovesd|mellozd)\b",
        strong=r"\b(?:minden|osszes|valamennyi)\b",
        former=r"\b(?:korabbi|elozo|eddigi|fenti|eredeti)\b",
        rules=r"\b(?:utasitas\w{0,5}|szabaly\w{0,5}|iranyelv\w{0,5}|parancs\w{0,5})\b",
    ),
    Language(  # Greek
        verbs=r"(?:αγνοησ\w{1,3}|ξεχασ\w{1,3}|μην ακολουθ\w{1,4}|παρακαμψ\w{1,3})",
        strong=r"(?:ολες|ολα|ολους|καθε)",
        former=r"(?:προηγουμεν\w{1,3}|παραπανω|αρχικ\w{1,3})",
        rules=r"(?:οδηγι\w{1,3}|κανον\w{1,3}|εντολ\w{1,3})",
    ),
)
