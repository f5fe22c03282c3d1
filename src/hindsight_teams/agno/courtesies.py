"""Words that greet, thank, take leave or acknowledge, in many languages. Data only.

A message is a courtesy only if all its words are. A word that is missing here costs one more memory; a word that says
something would cost a fact, so only words that never do are here.
"""

from __future__ import annotations

_WORDS = """
are and now thanks thank thx ty cheers hi hello hey hiya howdy bye goodbye ciao welcome ok okay okey k great perfect
nice cool awesome wonderful excellent brilliant super lovely fantastic please sorry good morning afternoon evening
night day see you u later soon then so very much a lot many for your the help all again everything that this is was
that's it's thats its noted got it sure fine right alright understood will do nothing else more yes yep yeah no nope
well oh ah hm hmm wow haha lol greetings dear there everyone appreciated appreciate kindly have been helpful really
mate bro buddy dude folks guys i'm im glad happy to hear goodness i we me too also my pleasure anytime danke
dankeschön schön vielen dank sehr bitte bitteschön hallo servus moin tschüss tschuss tschüs grüezi grüß gott zusammen
dir ihnen euch guten tag morgen abend nacht gut gute auf wiedersehen prima toll alles klar in ordnung passt ja nein
für die hilfe ihre deine merci beaucoup bien bonjour bonsoir salut au revoir bonne nuit journée soirée s'il vous te
plaît d'accord parfait oui non mille fois à bientôt pour votre ton aide de rien gracias muchas muchísimas mil hola
buenos buenas días dias tardes noches adiós adios hasta luego pronto vale perfecto genial sí si por favor nada
estupendo tu su ayuda grazie molte tante buongiorno buonasera buonanotte buona buon notte giorno sera salve
arrivederci prego perfetto va bene benissimo sì per favore l'aiuto tuo aiuto obrigado obrigada muito olá oi bom dia
boa tarde noite tchau até logo perfeito ótimo sim não valeu pela ajuda bedankt je jullie wel hartelijk hoi dag
goedemorgen goedemiddag goedenavond tot ziens fijn oké nee alstublieft alsjeblieft voor hulp tack så mycket hej hejdå
god morgon kväll natt bra jättebra tusen takk mange hei ha det morn kveld fint flott tak hav en farvel mojn kiitos
paljon moi näkemiin hyvää huomenta iltaa yötä päivää selvä hyvä dziękuję dzięki bardzo cześć witam dzień dobry wieczór
dobranoc widzenia pa proszę świetnie nie děkuji díky moc ahoj dobrý den večer ráno dobrou noc nashledanou prosím ano
ne ďakujem köszönöm köszi szépen szia sziasztok helló viszlát jó reggelt napot estét éjszakát igen nem rendben
mulțumesc multumesc mersi mult bună buna ziua seara noapte revedere da nu teşekkürler teşekkür ederim sağol sağ ol
merhaba selam günaydın iyi günler akşamlar geceler hoşça kal tamam evet hayır ευχαριστώ ευχαριστω πολύ γεια σου σας
καλημέρα καλησπέρα καληνύχτα αντίο παρακαλώ εντάξει ναι όχι спасибо большое огромное привет здравствуйте здравствуй
добрый день вечер доброе утро спокойной ночи пока до свидания пожалуйста хорошо отлично понятно да нет ок супер
благодарю дякую дуже привіт вітаю добрий ранок добраніч бувай гаразд так ні شكرا شكراً جزيلا جزيلاً لك مرحبا مرحباً
أهلا أهلاً السلام عليكم صباح مساء الخير وداعا مع السلامة حسنا حسناً نعم لا تمام תודה רבה שלום היי בוקר ערב לילה טוב
להתראות בבקשה בסדר כן לא ممنون مرسی متشکرم خیلی سلام خداحافظ صبح بخیر شب باشه بله نه धन्यवाद शुक्रिया बहुत आपका नमस्ते
नमस्कार अलविदा ठीक है हाँ नहीं शुभ रात्रि प्रभात ありがとう ありがとうございます ありがとうございました どうも こんにちは こんばんは おはよう おはようございます さようなら またね
おやすみ おやすみなさい はい いいえ 了解 了解です わかりました すみません お願いします よろしくお願いします 谢谢 謝謝 多谢 感谢 谢谢你 谢谢您 非常感谢 你好 您好 嗨 早上好 晚上好 下午好 晚安 再见 好的 好 是
是的 不 不是 明白 明白了 收到 知道了 감사합니다 감사해요 고마워요 고마워 고맙습니다 정말 대단히 안녕하세요 안녕 안녕히 계세요 가세요 네 예 아니요 좋아요 알겠습니다 terima kasih banyak halo
hai selamat pagi siang sore malam sampai jumpa baik oke ya tidak cảm ơn bạn nhiều xin chào tạm biệt vâng dạ không được
rồi ขอบคุณ ขอบคุณครับ ขอบคุณค่ะ ขอบคุณมาก สวัสดี สวัสดีครับ สวัสดีค่ะ ลาก่อน ครับ ค่ะ ตกลง besten dankt coucou
rebonjour hartstikke hoor nej görüşürüz rất lắm 本当にありがとうございます 本当にありがとう 結構です 大丈夫です 不用了 不用 没关系 不客气 どういたしまして 괜찮아요 천만에요
정말로 너무 عفوا اللقاء إلى déjalo claro selbstverständlich natürlich gerne gern certo конечно elbette tabii thing asante
sana jambo habari kwaheri sawa ndiyo hapana
"""

_PHRASES = """
no need|never mind|nevermind|forget it|no worries|no problem|of course|why not|sounds good|see ya|take care|talk soon|talk later
lass mal|keine ursache|gern geschehen|bis dann|bis später|bis bald|ça ira|laisse tomber|pas de souci|à plus|bien sûr
no hace falta|nos vemos|fa niente|non importa|ci vediamo|di niente|não precisa|não faz mal|hoeft niet|geen probleem
graag gedaan|vi ses|ingen fara|vi sees|vi snakkes|nie trzeba|nie ma za co|na razie|do zobaczenia|není zač
не надо|не нужно|не за что|до встречи|увидимся|не треба|gerek yok|rica ederim|görüşmek üzere|रहने दो|कोई बात नहीं
फिर मिलेंगे|không sao|không cần|hẹn gặp lại|tidak apa apa|tidak perlu|sama sama|لا داعي|على الرحب والسعة
"""

COURTEOUS_PHRASES = frozenset(_PHRASES.strip().replace("\n", "|").split("|"))
"""Words that decline, take leave or answer thanks together, and say something else apart."""

PARTING = frozenset(
    "tomorrow demain mañana amanhã domani jutra imorgon завтра zítra lunes monday montag lundi mai yarın today heute"
    " hoy hoje oggi vandaag idag сегодня dziś bugün غدا ngày".split()
)
"""Days with which one takes leave, "à demain", or answers when."""

COURTESIES = frozenset(_WORDS.casefold().split())
"""Case-folded words."""

GREETING = frozenset(
    "hi hello hey hiya howdy thanks thank thx cheers bye goodbye ciao danke hallo servus moin merci bonjour salut"
    " gracias hola adiós grazie salve obrigado obrigada olá bedankt hoi tack hej takk hei tak kiitos moi dziękuję"
    " dzięki cześć děkuji ahoj köszönöm szia mersi teşekkürler merhaba спасибо привет дякую привіт asante jambo".split()
)
"""Words that need no comma before the name of whom they greet or thank."""

ANSWERING = frozenset(
    "yes yep yeah no nope ok okay okey oké ja nein doch nee oui non sí si sì não sim tak nie ano ne nej nei kyllä igen"
    " nem evet hayır да нет так ні ναι όχι نعم لا כן לא بله نه हाँ नहीं はい いいえ 是 是的 不 不是 好的 네 예 아니요 ya tidak vâng không"
    " ครับ ค่ะ ndiyo hapana".split()
)
"""Words that answer a question with yes or no. What stands beside one may be the answer itself: "no, later"."""

TIMES = frozenset(
    "now morning afternoon evening night day later soon morgen abend nacht tag journée soirée nuit bientôt luego pronto"
    " día dia días dias tarde tardes noches notte giorno sera noite logo dag avond natt kväll kveld dzień wieczór večer"
    " ráno den noc reggelt napot estét éjszakát ziua seara noapte день вечер утро ночи ранок päivää yötä iltaa huomenta"
    " صباح مساء בוקר ערב לילה صبح شب रात्रि pagi siang sore malam".split()
)
"""Words that greet or take leave with a wish beside them, and else say when."""

WISHING = frozenset(
    "good great nice lovely happy see you u guten gute gut schönen schöne auf bis bon bonne belle à a buenos buenas"
    " buen hasta bom boa até buon buona goede goeden fijne prettige tot god goda jó bună buna hyvää dobry dobrá dobré"
    " dobrou dobrý добрый доброе доброй спокойной добрий الخير טוב بخیر शुभ selamat".split()
)
"""Words that wish, beside a word of ``TIMES``."""

ASKING = frozenset(
    "what whats what's what\u2019s which who whose whom where wheres where's when why how is are was were am do does"
    " did can could will would should shall may might have has had wer wen wem wo wann warum wieso wie welche welcher"
    " welches welchen wohin woher wieviel weißt weisst kennst kannst hast bist willst ist sind war hat haben kann"
    " können que quoi qui où quand pourquoi comment combien quel quelle quels quelles est-ce est qué quién dónde cuándo"
    " cómo cuánto cuánta cuántos cuál es che cosa chi dove quando perché come quanto quale qual quem onde como por wat"
    " waar wanneer waarom hoe welke vad vem var när varför hur vilken hva hvem hvor når hvorfor hvordan hvad co kto ile"
    " gdzie kiedy dlaczego jak jaki czy kdo kde kdy proč mi ki hol mikor miért hogyan ne kim nerede zaman neden nasıl"
    " τι ποιος πού πότε γιατί πώς что кто где когда почему как какой какая сколько що хто де коли чому як ما من أين متى"
    " لماذا كيف هل מה מי איפה מתי למה איך".casefold().split()
)
"""Words that a question begins with."""

ASKING_INSIDE = frozenset(
    "कहाँ कहां कब कौन कितना कितने कितनी क्या क्यों कैसे nerede nereye kaç kaçta niye kim kime hangi hangisi neden nasıl"
    " kiedy gdzie كم متى أين đâu nhiêu mấy nào gì อะไร ที่ไหน เมื่อไหร่".split()
)
"""Words of questions that stand behind what they ask about."""

STATING_TOO = frozenset(
    "am are was were is do does did can could will would should shall may might have has had war ist sind hat haben"
    " kann können kannst que si est es che come como por perché quando vem co mi ki ne ми як ما من هل מה как что τι".split()
)
"""Those of them that begin statements as well."""

JOINING = frozenset(
    "and or but so then also und oder aber et ou mais y o pero e ma en of maar och eller и или но".split()
)
"""Words that may stand before a clause."""

PREPOSITIONS = frozenset(
    "about after at before between by during for from in into of on through to towards under until with within an auf"
    " aus bei bis durch für gegen mit nach seit über um unter von vor zu à avant avec dans de depuis en entre par pour"
    " sous sur vers a bajo con desde durante hacia hasta por según sobre da di su tra em sob tot met naar op uit van"
    " voor av från för med på till do na od po w z ze".split()
)
"""Words that may stand before the word that asks: "in which", "mit wem", "à qui"."""

MEMORISING = frozenset(
    "please kindly can could would you remember note store save keep retain record write down log that the this for"
    " from me in mind memory my your of all everything fact facts a following now it them these notebook notes diary"
    " journal decision decisions bitte merke dir notiere dass retiens recuerda que lembra ricorda che".split()
)
"""Words with which somebody asks to remember what follows."""

ORDERING = frozenset("remember note record retain write merke notiere retiens recuerda ricorda".split())
"""Those of them that ask for it by themselves; "in the store" and "keep it" may answer what was asked."""

ACKNOWLEDGING = COURTESIES | frozenset(
    "i'll i’ll i've i’ve i remember remembered remembering saved stored retained recorded memory memories know known"
    " noted now keep kept in mind fact facts your you've you’ve told let me if need anything help how can today assist"
    " here letting knowing sharing duly understood updated information info update".split()
)
"""Words of an answer that only takes note."""

FRAMING = frozenset(
    "i my me you your yours we our the a an is are am be was were that this it its from memory yes no told tell said"
    " say says mentioned mention earlier previously before remember recall according have has had records record would"
    " which where who what as per also do does did and of to user user's customer customer's notes note their theirs"
    " they about answer answers question questions ask asks asked wants want store please find out information details"
    " you're you\u2019re you've since important habe mir dir uns euch gemerkt notiert bin bist c'est noté notée compris"
    " entendido anotado capito annotato entendi anotei genoteerd begrepen noterat tu te ti mój moja moje moją twój"
    " twoja twoje twoją jest мой моя моё мои мою моего твой твоя твоё твои твою ваш ваша ваше вашу записал понял benim"
    " senin sizin bir ich mein meine meinen meinem meiner du dein deine deinen deinem deiner sie ihr ihre ihren ihrem"
    " ihrer der die das den dem ein eine einen ist sind war hast haben hat dass gesagt laut wie und je j'ai mon ma mes"
    " vous ton ta tes votre vos le la les un une est sont était avez dit que selon et yo mi mis tú tus su sus el los"
    " las una es son dijiste dijo según y il lo gli mio mia miei tuo tua tuoi suo sua è sono hai detto che secondo o os"
    " um uma meu minha meus seu seus é você disse ik mijn jij jouw uw u de het een hebt gezegd dat jag min mitt mina"
    " din ditt dina är att sagt".split()
)
"""Words around what is said again: who said it, whose it is, what is to be done with it, and what joins them."""

ARTICLES = frozenset("the der die das des dem den le la les l' el los il lo de het".split())

OF_THE_USER = {
    **dict.fromkeys("i me myself ich mich mir je moi yo ik mij jag mig".split(), "<user>"),
    **dict.fromkeys("my mein meine meinen meinem meiner mon ma mes mi mis mijn min mitt mina".split(), "<user's>"),
    **dict.fromkeys("we us wir uns nous".split(), "<team>"),
    **dict.fromkeys("our unser unsere unseren".split(), "<team's>"),
}
"""Words with which a user speaks of themselves, and whom they name."""

_USERS = (
    "user customer client nutzer nutzerin benutzer kunde kunden kundin utilisateur l'utilisateur usuario usuaria cliente"
    " gebruiker klant användaren kunden"
).split()

ABOUT_A_USER = {
    **dict.fromkeys(_USERS, "<user>"),
    **{f"{user}{sign}s": "<user's>" for user in ("user", "customer", "client") for sign in ("'", "\u2019")},
    "team": "<team>",
    "team's": "<team's>",
    "team\u2019s": "<team's>",
}
"""Words with which a member speaks of the user, and whom they name."""

REFUSING = (
    r"\bi (?:do not|don['\u2019]t) (?:know|have)|\bi (?:can ?not|can['\u2019]t|could ?n['\u2019]t|am unable|'m unable)",
    r"\bi['\u2019]m (?:sorry|afraid|unable|not able)|\bi am (?:sorry|afraid|not able)|\bunfortunately",
    r"\bno (?:relevant )?(?:memor|information|record)|\bmemory holds nothing|\bnothing (?:is|was) (?:known|found|stored)",
    r"\bnothing about (?:that|this|it)|\bhaven['\u2019]t told|\b(?:isn['\u2019]t|not) available",
    r"\bwei(?:ß|ss) (?:ich |es |das |leider )+nicht|\bkeine (?:information|angabe|erinnerung|daten)|\bkann ich (?:\w+ )?nichts",
    r"\bje ne (?:sais|trouve|dispose)|\bn['\u2019]ai (?:pas|aucune) (?:\w+ )?(?:information|donnée|souvenir)",
    r"\bno (?:lo )?s[eé]\b|\bno tengo (?:\w+ )?informaci|\bnon (?:lo )?so\b|\bnon ho (?:\w+ )?informazion",
    r"\bnão (?:o )?sei\b|\bnão tenho (?:\w+ )?informaç|\bweet (?:ik |het |dat )+niet|\bgeen informatie",
    r"\bvet (?:jag )?inte|\bingen information|\bved (?:jeg )?ikke|\bvet (?:jeg )?ikke|\bnie wiem\b|\bnie mam informacji|\bnevím\b",
    r"\bне знаю\b|\bнет (?:\w+ )?информации|\bнемає інформації|\bbilmiyorum|\bbilgim yok|\bnem tudom|\btidak tahu",
    r"不知道|没有.{0,6}(?:信息|记录)|(?:わか|分か)りません|情報(?:が|は)ありません|모르(?:겠|ㅂ니다)|정보가 없",
    r"لا أعرف|ليس لدي معلومات|नहीं पता|जानकारी नहीं|không biết|không có thông tin|ไม่ทราบ|δεν (?:ξέρω|γνωρίζω)",
)
"""What an answer says that only says that it knows nothing, or can't; patterns."""

_NOT_KEPT = (
    r"(?:do not|don['\u2019]?t|never) (?:ever )?(?:remember|memori[sz]e|retain|store|save|record|log|note|write)"
    r" (?:(?:any of )?(?:this|that|it)(?: down| please| anywhere| (?:in|to|into) (?:your |the )?memory)*"
    r"|what i (?:just )?(?:say|said|tell you|told you)(?: now)?)|forget (?:that )?i (?:just )?(?:said|told you) (?:this|that|it)",
    r"(?:(?:this|that|it)(?: is|['\u2019]s) )?off the record|(?:merke?|notiere?|speichere?|schreibe?)(?: dir| dies| das| es| bitte| auf)* nicht(?: auf)?|(?:das|dies|es)?(?: bitte)? ?nicht (?:merken|speichern|notieren|aufschreiben)",
    r"n(?:e |['\u2019])(?:le |l['\u2019])?(?:retiens|retenez|enregistrez?|notez?|sauvegardez?|mémorisez?) pas(?: ça| cela| ceci)?",
    r"no (?:lo )?(?:guardes?|recuerdes?|anotes?|registres?|memorices?)(?: esto| eso)?|non (?:lo )?(?:ricordar|salvar|memorizzar|annotar|registrar)(?:lo|e)(?: questo)?",
    r"não (?:guardes?|salves?|salva|registres?|anotes?|memorizes?)(?: isto| isso)?|(?:onthoud|bewaar|noteer) (?:dit|dat|het)(?: alsjeblieft| alstublieft)? niet",
    r"(?:spara|lagre|gem|husk|notera|noter) (?:(?:inte|ikke) (?:detta|dette|det)|(?:detta|dette|det) (?:inte|ikke))",
    r"(?:это )?не (?:запоминай|сохраняй|записывай)(?:те)?(?: это)?|nie (?:zapamiętuj|zapisuj)(?:cie)?(?: tego)?|(?:bunu )?(?:kaydetme|hatırlama)(?:yin)?",
)
_PLEASE = "please|bitte|por favor|per favore|пожалуйста|proszę|lütfen|and|but|so|und|aber|et|mais|y|pero|e|ma"
NOT_KEPT = (
    rf"(?:^|[.!?,;:\u2026\n(]\s*|\s[-\u2013\u2014]\s)(?:(?:{_PLEASE}),? )*(?:{'|'.join(_NOT_KEPT)})"
    r"(?=\s*(?:[.!,;:\u2026\n)]|\s[-\u2013\u2014]\s|$|(?:but|and|though)\b))"
    r"|(?:覚え|保存し|記録し|メモし)ないで|(?:不要|别|請勿|请勿)(?:记住|保存|记录|存储|记下)(?=\W|[这它本]|$)"
    r"|(?:기억|저장|기록)하지 ?마|لا (?:تحفظ|تسجل|تتذكر) (?:هذا|ذلك)|(?:याद|सेव) मत"
)
"""How somebody asks, in a clause of its own, that what they say is not kept; a pattern."""
