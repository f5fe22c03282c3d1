"""How many languages say "ignore the earlier instructions", as patterns over folded text."""

from __future__ import annotations

LANGUAGES = r"""
English
verbs: ignore|disregard|forget|override|overrule|bypass|discard|abandon|neglect|circumvent|nullify|unlearn|set aside|
  put aside|pay no attention to|do not (?:follow|obey|listen to)|don't (?:follow|obey|listen to)|stop (?:following|
  obeying)|no longer follow|leave behind|throw out|skip over|drop
strong: all|any|every|your|guard-?rails|everything|anything|system|safety|security|(?:your )?(?:developer|maker|creator|
  vendor|operator|provider)(?:s|\'s|s\')?|you (?:were|have been|had been|got|received)
former: previous|prior|earlier|above|preceding|past|former|initial|original|existing|before
rules: instruct\w{0,6}|directions?|directives?|guidelines?|guard-?rails?|safeguards?|prompts?|polic(?:y|ies)|
  restrictions?|guidance|constraints?|rules?|ruleset|programming|training|orders|commands?|briefing|context|
  system message\w?|boundaries
about: for|about|on|regarding|concerning|in|of|from|to|with|at|as to|until
told: \b(?:everything|anything|all|whatever|what) (?:that |which )?(?:you(?:'ve| have| had)? (?:were|been|was|are|
  just)? ?(?:told|taught|instructed|given|asked)|(?:you(?:'ve| have| had)? (?:know|learned|read)|(?:i|we|
  they) (?:have )?(?:said|told you))(?! (?:about|on|of|regarding) (?!your|safety|the rules))|(?:was|is|came|stands|
  written)? ?(?:said )?(?:above|before this|previously))\b|\bthe above\b(?! (?:step|row|line|table|figure|section|
  picture|address))

German
verbs: ignorier\w{0,3}|vergiss|vergesst|vergessen sie|missacht\w{0,3}|verwirf|uebergeh\w{0,2}|übergeh\w{0,2}|
  hoer\w{0,2} nicht|befolge? (?:keine|nicht)|halte dich nicht|lass(?:t|en sie)?|setz\w{0,2} dich uber
strong: alle[nrs]?|saemtliche\w?|sämtliche\w?|jegliche\w?|dein\w{0,2}|deren|system\w{0,12}|entwickler\w{0,2}|
  hersteller\w{0,2}|betreiber\w{0,2}
former: vorher\w{0,5}|bisher\w{0,5}|frueher\w{0,2}|früher\w{0,2}|vorig\w{0,2}|obig\w{0,2}|vorangegangen\w{0,2}|
  vorstehend\w{0,2}
rules: \w{0,12}anweisung\w{0,2}|\w{0,8}regeln?|instruktion\w{0,2}|vorgaben?|befehle?|richtlinien?|\w{0,8}prompts?|
  weisungen|auftraege|aufträge
told: \b(?:alles|was)\b.{0,20}\b(?:dir|ihnen|euch|wir)\b.{0,30}\b(?:gesagt|besprochen|aufgetragen|mitgeteilt|
  beigebracht)|\balles (?:vorherige|bisherige|obige|davor)\b

French
verbs: ignore[rz]?|oublie[rz]?|ne tiens? (?:plus |pas )?compte|ne tenez (?:plus |pas )?compte|ne (?:suis|suivez|
  respecte[rz]?) (?:plus|pas)|neglige[rz]?|contourne[rz]?|fais abstraction|fais comme si|laisse[rz]? (?:de cote|tomber)|
  mets de cote
strong: toutes?|tous|tes|vos|tout|systeme|createurs|developpeurs|concepteurs
former: precedent\w{0,2}|anterieur\w{0,2}|initial\w{0,2}|ci-dessus|d'avant|recu\w{0,2}|donnee?s?
rules: instructions?|consignes?|directives?|regles?|ordres|restrictions?|prompts?|indications?|politiques?
told: \b(?:tout )?ce (?:qui|qu\W?on|que)\b.{0,30}\b(?:t'a|vous a|dit|appris|precede)

Spanish
verbs: ignor[aeo]\w{0,2}|olvid[aeo]\w{0,3}|no hagas caso|haz caso omiso|haga caso omiso|pas[ae] por alto|
  haz como si no existieran|descart[ae]\w{0,2}|desestim[ae]|desobedece\w{0,2}|no sigas|no obedezcas|haz como si|
  deja (?:de lado|de seguir)|omite
strong: tod[ao]s?|tus|cualquier\w{0,2}|todo|sistema|creadores|desarrolladores
former: anterior\w{0,2}|previ[ao]s?|prece\w{0,8}|inicial\w{0,2}|recibid[ao]s?
rules: instruccion\w{0,2}|indicaciones|reglas?|ordenes|directrices|directivas?|normas|restricciones|prompts?|politicas?
told: \b(?:todo )?lo que (?:te|se te|os|le)\b.{0,20}\b(?:dij\w{0,5}|dicho|ensen\w{0,5}|indic\w{0,5})|
  \btodo lo anterior\b

Italian
verbs: ignora\w{0,2}|dimentica\w{0,2}|trascura\w{0,2}|non (?:seguire|tenere conto|rispettare|badare)|scarta\w{0,2}|
  scordat\w{0,2}|disobbedisci|fai finta|metti da parte|lascia perdere
strong: tutt[eio]|tu[oe]i?|tue|qualsiasi|ogni|sistema|creatori|sviluppatori
former: precedent\w|anterior\w|iniziali?|finora|ricevut\w|sopra
rules: istruzion\w|indicazion\w|regol\w|ordini|direttiv\w|prompt|restrizion\w|comand\w|politiche
told: \b(?:tutto )?(?:quello|cio|quanto) che (?:ti|vi|le)\b.{0,30}\b(?:dett|insegnat|impartit)

Portuguese
verbs: ignor[ae]\w{0,2}|esquec[ae]\w{0,2}|desconsider[ae]\w{0,2}|desprez[ae]|nao (?:siga|sigas|obedeca|leve em conta)|
  descart[ae]\w{0,2}
strong: tod[ao]s?|tuas|teus|suas|seus|tudo|qualquer|sistema|criadores|desenvolvedores|sua empresa
former: anterior\w{0,2}|previ[ao]s?|inicia\w{0,3}|acima|recebid[ao]s?
rules: instruc\w{0,4}|indicacoes|regras?|ordens|diretrizes|prompts?|restricoes|orientacoes|comandos
told: \btudo o? ?que\b.{0,25}\b(?:foi dito|disseram|ensinaram|sabes?)

Dutch
verbs: negeer|vergeet|verwerp|omzeil|volg .{0,30}\bniet\b|luister niet naar|sla geen acht op
strong: alle|al je|je|jouw|uw|elke|alles|systeem\w{0,12}
former: vorige|eerdere?|voorgaande|bovenstaande|voorafgaande|oorspronkelijke
rules: instructies?|aanwijzingen|regels?|richtlijnen|opdrachten|bevelen|beperkingen|\w{0,8}prompts?
told: \balles wat (?:je|u|jou)\b.{0,25}\b(?:verteld|gezegd|geleerd)|\bwat je (?:eerder )?is verteld

Scandinavian
verbs: ignorer\w{0,2}|glem|glom|bortse fran|strunta i|se bort fra|overse|folj inte|folg ikke
strong: alle|alla|dine|dina|allt|alt
former: tidligere|tidigare|forrige|foregaende|foregaaende|ovenstaende|foerrige|føre?gaende
rules: instruk\w{0,8}|regler\w{0,2}|anvisning\w{0,3}|ordre\w?|retningslinjer|riktlinjer|befalinger

Polish
verbs: z?ignoruj\w{0,3}|zapomnij\w{0,3}|pomin\w{0,4}|nie (?:stosuj|przestrzegaj|sluchaj)|porzuc|odrzuc
strong: wszystki\w{0,3}|wszelki\w{0,3}|swo\w{1,4}|twoj\w{0,4}|wszystko
former: poprzedni\w{0,3}|wczesniejsz\w{0,3}|dotychczasow\w{0,3}|powyzsz\w{0,3}
rules: polece\w{0,4}|instrukcj\w{0,4}|zasad\w{0,4}|regul\w{0,2}|wytyczn\w{0,3}|nakaz\w{0,3}|ograniczen\w{0,3}|
  prompt\w{0,2}
told: \bwszystko,? co (?:ci|wam|pan\w{0,2})\b.{0,25}\b(?:powiedzian\w|mowion\w)

Czech and Slovak
verbs: ignoruj\w{0,3}|zapomen\w{0,3}|zabudn\w{0,4}|nedbej\w{0,3}|nedodrzuj\w{0,3}
strong: vsech\w{0,4}|vsetk\w{0,3}|svoj\w{0,4}|sve|tvoj\w{0,3}
former: predchoz\w{0,4}|predos\w{0,5}|drivej\w{0,4}|minul\w{0,3}|predchadzaj\w{0,4}
rules: pokyn\w{0,3}|instrukc\w{0,4}|pravid\w{0,4}|prikaz\w{0,3}

Russian and Ukrainian
verbs: \bигнорир\w{1,8}|\bпроигнорир\w{1,8}|\bзабуд\w{1,4}|\bне (?:следу\w{1,3}|учитыва\w{1,4}|обращай\w{0,2} внимани\w|
  слуша\w{1,4})|\bотбрось\w{0,2}|\bнарушь|\bігнору\w{1,4}|\bнехту\w{1,4}
strong: \b(?:все\w{0,2}|всі\w{0,2}|всех|любые|твои\w?|свои\w?|ваши|систем\w{1,8}|разработчик\w{0,3}|создател\w{0,3})
former: \b(?:предыдущ\w{0,3}|прежн\w{0,3}|прошл\w{0,3}|ранее|вышеуказанн\w{0,3}|предшеств\w{0,6}|первоначальн\w{0,3}|
  попередн\w{0,3})
rules: \b(?:инструкц\w{0,3}|указани\w{0,2}|правил\w{0,2}|приказ\w{0,3}|команд\w{0,2}|ограничени\w{0,2}|промпт\w{0,2}|
  інструкц\w{0,3}|вказівк\w{0,2})
told: \bвсе,? что (?:тебе|вам|ты)\b.{0,25}(?:говорил|сказан|знаешь|сказал)

Chinese
verbs: 忽略|忽视|無視|无视|忘记|忘掉|忘記|不要(?:理会|遵守|遵循)|抛弃|抛开|不用管|别管|丢掉|违反|绕过|请忘
strong: 所有|全部|一切|任何|你的|您的|系统
former: 之前|以前|先前|上面|上述|前面|以上|此前|原来|最初
rules: 指令|指示|规则|規則|要求|命令|提示词|提示|限制|约束|设定|说明
told: (?:之前|上面|以上).{0,6}(?:内容|说的|告诉你的)

Japanese, verb last
verbs: 無視|忘れ(?!物|た)|従わない|破棄|守らなくて|従う必要
strong: すべて|全て|全部|あらゆる|あなたの|システム
former: 以前|前述|これまで|今まで|上記|先ほど|前の|最初|元の
rules: 指示|命令|ルール|規則|制約|プロンプト|設定|ガイドライン
told: (?:これまで|今まで|以前)に?(?:言われ|教わ|聞い)

Korean, verb last
verbs: 무시하|무시해|잊고|잊어|잊으|따르지 마
strong: 모든|전부|모두|너의|당신의|시스템
former: 이전|앞선|기존|지금까지|위의|앞의|원래
rules: 지시|명령|규칙|지침|프롬프트|제한|설정|안내
told: (?:지금까지|이전에).{0,8}(?:들은|말한|배운)

Arabic and Persian
verbs: تجاهل|انس(?=\s)|اهمل|لا تتبع|نادیده بگیر|نادیده|فراموش کن
strong: جميع|كل(?=\s)|كافة|تمام|همه
former: السابق\w{0,2}|سابق\w{0,2}|اعلاه|قبلی|پیشین
rules: التعليمات|تعليمات\w{0,2}|الاوامر|القواعد|التوجيهات|الارشادات|دستور\w{0,6}|قوانین

Turkish, verb last
verbs: \byok say\w{0,3}|\bgormezden gel\w{0,3}|\bdikkate alma(?!k)\w{0,3}|\bunut(?!tu|ul|ma)\w{0,3}|
  \bgoz ardi et\w{0,3}|\buyma\b
strong: tum|butun|her|hepsini|senin|\w{3,12}larini
former: onceki|daha onceki|yukaridaki|eski|simdiye kadarki|ilk
rules: talimat\w{0,6}|kural\w{0,6}|yonerge\w{0,6}|emir\w{0,6}|komut\w{0,6}|istem\w{0,6}

Hindi, verb last
verbs: अनदेखा|नज़रअंदाज|नजरअंदाज|भूल जा|उपेक्षा|अनदेखी
strong: सभी|सारे|सब|अपने
former: पिछले|पिछली|पहले|पूर्व|ऊपर
rules: निर्देश|नियम|आदेश|हिदायत|प्रॉम्प्ट

Finnish
verbs: unohda|unohtakaa|jata huomiotta|ala (?:noudata|valita)|sivuuta|ohita
strong: kaikki|kaikista|sinun|jokainen
former: aiem\w{1,6}|edelli\w{1,6}|aikaisem\w{1,6}|yllaolev\w{1,4}
rules: ohje\w{0,5}|saanto\w{0,4}|saannot|maarayk\w{1,5}|kask\w{1,4}

Indonesian and Malay
verbs: abaikan|lupakan|jangan (?:ikuti|patuhi|hiraukan)
strong: semua|seluruh|segala|anda|kamu
former: sebelumnya|terdahulu|di atas|awal|sebelum ini
rules: instruksi|perintah|aturan|arahan|petunjuk|pedoman|batasan

Vietnamese
verbs: \bbo qua|\bquen (?:het|di|tat ca)|\bkhong (?:tuan|lam) theo|\bphot lo
strong: tat ca|moi|toan bo|cua ban
former: truoc do|truoc day|o tren|ban dau|phia tren|truoc
rules: huong dan|chi dan|quy tac|menh lenh|chi thi|quy dinh|lenh

Hebrew
verbs: התעלמ\w{0,2}|התעלם|שכח\w{0,2}|אל תציית
strong: כל(?=\s)|שלך
former: הקודמ\w{0,2}|קודמ\w{0,2}|לעיל|המקורי\w{0,2}
rules: הוראות|ההוראות|הנחיות|ההנחיות|כללים|הכללים|פקודות

Romanian
verbs: ignora\w{0,3}|uita\w{0,2}|nu (?:respecta|urma|tine cont)\w{0,2}
strong: toate|tot|tale|orice
former: anterioare|de mai sus|initiale
rules: instructiuni\w{0,3}|reguli\w{0,3}|indicatii\w{0,3}

Hungarian
verbs: hagyd figyelmen kivul|felejtsd el|ne kovesd|mellozd
strong: minden|osszes|valamennyi
former: korabbi|elozo|eddigi|fenti|eredeti
rules: utasitas\w{0,5}|szabaly\w{0,5}|iranyelv\w{0,5}|parancs\w{0,5}

Greek
verbs: αγνοησ\w{1,3}|ξεχασ\w{1,3}|μην ακολουθ\w{1,4}|παρακαμψ\w{1,3}
strong: ολες|ολα|ολους|καθε
former: προηγουμεν\w{1,3}|παραπανω|αρχικ\w{1,3}
rules: οδηγι\w{1,3}|κανον\w{1,3}|εντολ\w{1,3}
"""
"""A paragraph each; "verb last" where the verb stands after the object.

* verbs: orders to ignore or forget.
* strong: words that say "all", "your" or "what you were told": then nothing limits the order to a subject.
* former: words that say "earlier".
* rules: words for instructions.
* told: what you were told, said without a word for instructions.
* about: words that begin a subject, as in "the earlier instructions for travel": a note on travel.

Latin letters stand for whole words, unless a pattern begins with ``\\b``.
"""

ABOUT = (
    r"zu[rm]?|fur|uber|bezuglich|betreffend|i[mn]|auf|von|aus|vom|der|pour|sur|concernant|relativ\w{0,3}|quant|du|des?"
    r"|dans|para|sobre|del?|acerca|en|respecto|per|sul?\w{0,3}|riguard\w{0,5}|nel\w{0,3}|d[ao]s?|em|n[ao]s?|quanto|voor"
    r"|over|van|bij|uit|op|for|om|til|pa|till|dotycz\w{0,4}|dla|do|w|odnosnie|pr[oe]|k|ke|ohledne|по|об?|для|про|насчет"
    r"|касательно|в|из|к"
)
"""The same of the other languages, together."""
