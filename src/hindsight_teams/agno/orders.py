"""Requests for work on what is there already, in many languages: "summarise our notes and send them". Data, and its reading.

A request tells nothing only if all its words are here, besides the subject of what it asks to see: "our notes on Maple".
A word that is missing costs one more memory. Words for acts in the world ("book", "order"), names of people and things,
and "always", "every", "because" are left out: a request that holds one may tell something, or be a standing rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

_LONGEST = 30
_LONGEST_SUBJECT = 3
_LONGEST_ENDING = 8
_VOWEL_SIGNS = re.compile("[\u064b-\u0652\u0307]")
"""Signs that may be written or not: of Arabic vowels, and the dot that case folding leaves of a Turkish I."""
_SPACELESS = re.compile("[\u3040-\u30ff\u4e00-\u9fff]")


_TONGUE = re.compile(
    "(?:l')?(?:english|german|french|spanish|italian|portuguese|englisch|deutsch|französisch|anglais|français|allemand"
    "|inglés|español|francés|alemán|inglês|português|inglese|italiano|tedesco|английск|русск|немецк|ال(?:إنجليزية|عربية)"
    "|(?:i|al)ngilizce|almanca|türkçe|अंग्रेज़ी|हिंदी|英[文语語]|中文|日本語|日[语文]|德语|язык|भाषा)[a-zа-яğışçöü]{0,5}"
)
_TRANSLATING = re.compile("translat|übersetz|tradu[izc]|перевед|翻[译訳譯]|訳し|ترجم|çevir|अनुवाद")
_TELLING = re.compile(
    r"\b(?:tell (?:me|us)|sag(?:e|t|en sie)? (?:mir|uns)|di(?:s|tes) (?:moi|nous)|d[ií](?:me|nos|game|ganos)|(?:diga|diz) (?:me|nos)"
    r"|di(?:mmi|cci)|mi dica|скажи(?:те)?(?: мне| нам)?|बता(?:ओ|इए|एँ)(?: कि)?|(?:و)?(?:أخبر|اخبر)(?:ني|نا)|قل ل(?:ي|نا))"
    r" (?:what|when|where|which|who|how|whether|if|was|wann|wo|welche\w*|wer|wie|ob|ce (?:qui|que|qu)|qui|quoi|quand|où"
    r"|quel\w*|comment|si|qué|cuándo|dónde|quién|cuál\w*|cómo|o que|quando|onde|quem|qua(?:l|is)|como|se|cosa|dove|chi|quali?"
    r"|come|что|кто|когда|где|как\w*|(?:हमने |मैंने )?(?:क्या|कब|कहाँ|कौन)|ما|ماذا|متى|أين|من|كيف)(?: \w+){0,5}$"
    r"|^(?:ne|kim|hangi|nerede|nasıl|kaç)(?: \w+){1,5} söyle(?:yin)?$|告[诉訴](?:我|我们).{1,14}(?:什么|哪|谁|多少|怎么|吗).{0,4}$"
    r"|^.{0,3}(?:何|誰|いつ|どこ|どう|なぜ|どの).{1,14}か(?:を)?教えて(?:ください|くれ)?$"
)
"""A question with words before it that ask to be told; as words with one space between them."""
_ALL = re.compile(
    "(?:all|every\\w*|any\\w*|alle[sn]?|immer|tou[st]e?s?|tod[oa]s?|tudo|tutt[oiae]|вс[её]x?|जवाब|सभी|सब|كل|جميع|tüm|bütün|her|所有|全部|一直|全て|すべて|いつも)"
)
"""Names of languages, words of translating, and words of what is so for all: "answer all of them in French" is a rule."""


@dataclass(frozen=True)
class _Language:
    """The words of requests in one language; ``*`` stands for an ending.

    Attributes:
        reading: Verbs that ask to see or judge what is there.
        making: Verbs that ask to make or pass on something.
        beside: Words around them, and what is seen, judged or made.
        after: What may stand behind the first verb, where it is a noun or another form too; empty for anything.
        about: What stands before a subject, or behind it where ``postposed``.
        polite: Words that may stand before the verb.
        clause: What opens a clause behind the verb, where verbs stand at the end.
        postposed: Whether subjects stand before the word that marks them, and verbs at the end.
        spaceless: Whether words are written without spaces between them.
    """

    reading: str
    making: str
    beside: str
    after: str = ""
    about: str = ""
    polite: str = ""
    clause: str = ""
    postposed: bool = False
    spaceless: bool = False

    @cached_property
    def reads(self) -> Callable[[str], object]:
        """Whether a word is a verb of reading."""
        return _one_of(self.reading)

    @cached_property
    def orders(self) -> Callable[[str], object]:
        """Whether a word is a verb of a request."""
        return _one_of(f"{self.reading} {self.making}")

    @cached_property
    def is_polite(self) -> Callable[[str], object]:
        """Whether a word may stand before the verb."""
        return _one_of(self.polite)

    @cached_property
    def follows(self) -> Callable[[str], object]:
        """Whether a word may stand behind the first verb."""
        return _one_of(self.after)

    @cached_property
    def knows(self) -> Callable[[str], object]:
        """Whether a word is one of a request."""
        return _one_of(f"{self.reading} {self.making} {self.beside} {self.after} {self.polite}")

    @cached_property
    def clauses(self) -> frozenset[str]:
        """Words that open a clause behind the verb."""
        return frozenset(self.clause.split())

    @cached_property
    def marks(self) -> frozenset[str]:
        """Words that stand beside a subject."""
        return frozenset(self.about.split())

    def only_orders(self, words: list[str], *, names_subjects: bool) -> bool:
        """Whether words are a request, and nothing else."""
        if self.spaceless:
            words = [part for word in words for part in self._cut(word)]
        verbs = [at for at, word in enumerate(words) if self.orders(word)]
        if not verbs:
            return False
        opening = next((at for at, word in enumerate(words) if not self.is_polite(word)), 0)
        if self.postposed:
            in_place = all(map(self.is_polite, words[verbs[-1] + 1 :])) or not self.clauses.isdisjoint(words)
        else:
            in_place = verbs[0] == opening or (self.spaceless and opening > 0)
        if not in_place:
            return False
        if self.after and not self.follows(words[opening + 1] if opening + 1 < len(words) else ""):
            return False
        if not names_subjects or not self.reads(words[verbs[0]]):
            return all(map(self.knows, words))
        return all(map(self.knows, self._without_subject(words)))

    def _without_subject(self, words: list[str]) -> list[str]:
        """The words of a request to see something, without those that name what it is about."""
        at = next((at for at, word in enumerate(words) if word in self.marks), None)
        if at is None or self.spaceless:
            return words
        step = -1 if self.postposed else 1
        end = at + step
        taken = 0
        while 0 <= end < len(words) and taken < _LONGEST_SUBJECT and not self.orders(words[end]):
            if any(map(str.isdigit, words[end])):
                break
            taken += not self.knows(words[end])
            end += step
        return words[: end + 1] + words[at + 1 :] if self.postposed else words[:at] + words[end:]

    def _cut(self, text: str) -> list[str]:
        """The words of a text without spaces; the text itself where it has others."""
        ends: dict[int, list[str]] = {0: []}
        longest = max(map(len, self._pieces))
        for start in range(len(text)):
            for end in range(start + 1, min(start + longest, len(text)) + 1) if start in ends else ():
                if text[start:end] in self._pieces and (end not in ends or len(ends[end]) > len(ends[start])):
                    ends[end] = [*ends[start], text[start:end]]
        return ends.get(len(text), [text])

    @cached_property
    def _pieces(self) -> frozenset[str]:
        return frozenset(f"{self.reading} {self.making} {self.beside} {self.polite} {self.about}".split())


def _one_of(words: str) -> Callable[[str], object]:
    spelled = "|".join(re.escape(word).replace(r"\*", rf"\w{{0,{_LONGEST_ENDING}}}") for word in words.split())
    return re.compile(spelled or "(?!)").fullmatch


_LANGUAGES = (
    _Language(
        reading="summarise summarize show tell list check review judge assess compare explain translate approve reject"
        " verify handle read find look proofread describe analyse analyze evaluate examine inspect search repeat redraft polish shorten expand go correct edit pull fix improve outline paraphrase estimate",
        making="draft write send give make prepare post share forward rewrite shorten format compile collect",
        polite="please kindly now then just and so go ahead",
        beside="again also once more or me us it them him her"
        " the this that these those what which who whether if is are was were has have been do does we i know say said waits"
        " waiting wait for review in of to from a an one all any both each our my your their its there up out over through"
        " at last first latest next newest oldest two three four five ten few short brief quick full whole open pending"
        " overdue missing wrong right true correct recent current remaining draft drafts note notes memory memories entry"
        " entries report reports text texts paragraph paragraphs sentence sentences document documents file files list"
        " lists ticket tickets task tasks issue issues message messages email mail reply response answer answers question"
        " questions evidence claim claims result results summary overview conversation thread history record records bank"
        " team channel group everyone customer client reviewer proposal proposals item items everything anything something"
        " so far today yesterday here still better best worse ones same other others second third points point plan code diff log logs discussion meeting minutes data table section chapter page title version versions status todo todos backlog user users user's request requests below above attached carefully briefly  together latest email with supplied urgent necessary useful relevant ",
        after="up over together ahead me us it them the this that these those what which who whether if our my all any both everything anything through for up out over a an once him her and",
        about="on about regarding concerning",
    ),
    _Language(
        reading="fass fasse fassen zeig zeige zeigen prüf prüfe prüfen sag sage sagen übersetz übersetze übersetzen list"
        " liste vergleich vergleiche vergleichen erklär erkläre erklären beurteile bewerte such suche suchen lies lesen"
        " nenn nenne genehmige kontrollier kontrolliere schau fasst zeigt prüft sagt kürz kürze mach sucht lest korrigier korrigiere verbessere stell stelle",
        making="schreib schreibe überarbeite bereite fertige schreiben schick schicke schicken sende senden erstell erstelle erstellen mach mache"
        " gib formulier formuliere entwirf kürz kürze teil teile",
        polite="bitte jetzt dann und nun",
        beside="mal noch einmal nochmal kurz jetzt dann und oder mir uns sie er es ihn ihnen was wer welche welches"
        " welcher ob ist sind war hat haben wir ich der die das den dem des ein eine einen einem einer alle allen alles"
        " unser* mein* dein* dies* zusammen durch an ab auf in ins im aus zu zum zur von vom offen* letzt* erst* neuest*"
        " fehl* falsch* richtig* stimmt wartet warten weißt wissen zwei drei vier fünf zehn notiz* aufgabe* bericht*"
        " entwurf* entwürfe text* absatz absätze satz sätze dokument* datei* liste* ticket* nachricht* mail* antwort*"
        " frage* beleg* behauptung* ergebnis* zusammenfassung* überblick übersicht eintrag einträge gespräch* unterhaltung plan code protokoll tabelle seite abschnitt version* vorschläge* stand kurze* dir besser kürzer länger übersichtlich*  durch punkte punkt korrigier* vor dringend zusammen über bess* beide* zweit* dritt* vorschlag vorschläge"
        " lieferanten kunde* team kanal gruppe heute gestern hier oben unten sorgfältig",
        after="mir eine das ihn in zum uns die den das dem der diese* dies unser* dir euch beide* kurz* mein* alle alles was wer ob sie es ihn ihnen ein* bitte mal noch durch nach an kurz",
        about="zu zum zur über",
    ),
    _Language(
        reading="résume résumez montre montrez vérifie vérifiez dis dites traduis traduisez liste listez compare comparez"
        " explique expliquez cherche cherchez relis relisez juge jugez évalue évaluez approuve approuvez affiche affichez"
        " trouve trouvez lis lisez regarde regardez corrige raccourcis raccourcissez allonge corrigez améliore relève",
        making="rédige rédigez écris écrivez envoie envoyez fais faites donne donnez prépare préparez partage partagez raccourcis mets",
        polite="s'il te vous plaît svp et puis maintenant",
        beside="ou encore maintenant moi nous le la les l' l'équipe un une des du de d' au aux"
        " à en dans ce cet cette ces ceci cela ça qui que qu' quoi quel* si est sont ont a ai as avons sais savez savons dit"
        " nos notre mes mon ma tes ton vos votre tous toutes tout toute dernier* dernière* premier* première* en attente"
        " ouvert* manque manquant* faux vrai* deux trois quatre cinq dix court* bref poli polie note* mémoire* rapport*"
        " texte* paragraphe* phrase* document* fichier* liste* ticket* tâche* message* courriel mail* réponse* question*"
        " preuve* affirmation facture résultat* résumé* aperçu entrée* proposition* client* fournisseur* équipe canal groupe conversation échange plan lesquel* urgent* dernier point code point points fois page version* état deux meilleur* deuxième* troisième* mieux second* encore courte"
        " aujourd'hui hier ici attentivement brièvement",
        after="moi nous le la les l' un une des ce cet deux court* encore cette ces nos notre mon ma mes tous toutes tout toute si qui quel* s'il que au aux à",
        about="sur concernant de",
    ),
    _Language(
        reading="resume resuma resumid muestra muestre muéstrame muéstranos muéstreme revisa revise dime díganos dígame dinos"
        " busca busque traduce traduzca traducid lista enumera compara compare explica explícame explique comprueba"
        " verifica verifique juzga evalúa aprueba apruebe lee encuentra repite mira mire corrige acorta acorte amplía corrija mejora lee",
        making="redacta redacte escribe escriba envía envíe envíalas envíalos envíala envíalo envíaselo haz haga dame deme"
        " prepara prepare comparte",
        polite="por favor y luego ahora",
        beside="e o otra vez ahora me nos el la los las lo un una unos unas al del de a en qué que cuál*"
        " quién* si es son está están ha han hay sabes sabemos dijimos nuestr* mi mis tu tus su sus est* es* todo* toda*"
        " último* última* primer* pendiente* abiert* falta faltan falso verdad* dos tres cuatro cinco diez breve corta nota*"
        " memoria* informe* texto* párrafo* frase* documento* archivo* lista* ticket* tarea* mensaje* correo* respuesta*"
        " pregunta* prueba* afirmación resultado* resumen* entrada* propuesta* cliente* proveedor* equipo canal grupo conversación charla urgente* cuáles plan código punto puntos página versión versiones estado mejor peor segund* esto eso hoy"
        " ayer aquí ",
        after="me nos el la los las lo un una esto eso dos ambas ambos unos est* nuestr* mi mis todo* toda* qué que si al lo por a",
        about="sobre acerca de",
    ),
    _Language(
        reading="resuma resume mostre mostra mostre-me verifique verifica diga diz traduza traduz liste lista compare"
        " compara explique explica procure procura revise revê julgue avalie aprove leia confira veja vê corrija encurte encurta corrige melhore analise",
        making="escreva escreve envie envia faça faz prepare prepara redija dê dá partilhe compartilhe",
        polite="por favor e depois agora",
        beside="ou de novo me nos o a os as um uma uns umas ao à aos às do da dos das de em no na"
        " para que quem qual quais se é são está estão foi há sabe sabes sabemos nosso* nossa* noss* meu meus minha minhas"
        " teu* tua* seu* sua* est* ess* isto isso todo* toda* tudo último* última* primeir* pendente* abert* aberto falta"
        " faltam falso verdade* dois três quatro cinco dez breve curta nota* memória* relatório* texto* parágrafo* frase*"
        " documento* arquivo* ficheiro* lista* ticket* tarefa* mensagem* mensagens e-mail resposta* pergunta* prova*"
        " resultado* resumo* entrada* proposta* pedido* cliente* fornecedor* equipe equipa canal grupo conversa plano urgente* quais código ponto pontos página versão versões estado melhor pior desta deste dessa segund* ambas ambos hoje ontem aqui"
        " ",
        after="me nos o a os as um uma ambas ambos duas dois isto est* nosso* nossa* meu* minha* todo* toda* tudo o que se ao à aos às por isto isso",
        about="sobre acerca",
    ),
    _Language(
        reading="riassumi riassuma riassumete mostra mostrami mostraci mostri controlla controlli dimmi dicci mi-dica traduci"
        " traduca elenca confronta spiega spiegami cerca verifica rivedi valuta giudica approva approvi leggi trova rileggi guarda correggi accorcia accorci corregga migliora ripeti",
        making="scrivi scriva invia inviale inviali inviala invialo invii manda mandali fai faccia dammi prepara redigi condividi",
        polite="per favore e poi",
        beside="o ora ancora di nuovo mi ci il lo la i gli le l' un uno una al allo alla ai agli alle del"
        " dello della dei degli delle dal nel nella in a da su che chi cosa quale quali se è sono ha hanno sai sappiamo"
        " nostr* mio miei mia mie tuo tuoi tua tue quest* quell* tutto tutti tutte tutta ultim* prim* apert* sospeso attesa"
        " manca mancano falso vero vera due tre quattro cinque dieci breve nota note memori* rapporto report relazione testo"
        " testi paragraf* frase frasi document* file bozza bozze lista elenco ticket attività messaggi* mail email risposta"
        " risposte domanda domande prova prove affermazione risultat* riassunto voci proposta proposte cliente clienti"
        " fornitori team squadra canale gruppo conversazione piano urgent* quali dell' dell'ultimo dell'ultima codice punto punti pagina versione versioni stato migliore peggiore meglio second* oggi ieri qui ",
        after="mi ci il lo la i gli due entrambe entrambi dell' le l' un uno una quest* quell* nostr* tutt* cosa che se al alla ai agli di per",
        about="su sul sulla sullo sui sulle",
    ),
    _Language(
        reading="подведи подведите покажи покажите проверь проверьте скажи скажите переведи переведите сравни сравните"
        " объясни объясните найди найдите перечисли перечислите оцени оцените одобри прочитай прочитайте посмотри посмотрите исправь исправьте сократи сократите дополни улучши повтори",
        making="составь составьте напиши напишите отправь отправьте пришли сделай сделайте подготовь подготовьте дай дайте",
        polite="пожалуйста и потом теперь",
        beside="или ещё еще раз теперь мне нам их его её ее итог итоги что чего кто какие какой какая"
        " ли есть не хватает это эт* наш* мо* тво* ваш* все весь всё в во на по к для из с за последн* перв* открыт*"
        " верно неверно два три пять десять кратк* коротк* заметк* запис* отчёт* отчет* текст* абзац* предложени*"
        " документ* файл* спис* заявк* задач* сообщени* письм* ответ* вопрос* доказательств* утверждени* результат* черновик*"
        " память мы знаем сказали клиент* поставщик* команд* канал групп* переписк* беседы резюме краткое срочн* беседу разговор* обзор план код пункт* страниц* верси* статус лучше хуже оба обе втор* содержание сегодня вчера здесь ",
        about="о об обо про по",
    ),
    _Language(
        reading="لخص راجع أرني صحح انظر اختصر طول حسن حضر ارني ترجم قارن اشرح ابحث تحقق أخبرني اخبرني وأخبرني اعرض قيم اقرأ وافق أخبرنا",
        making="اكتب أرسل ارسل وأرسل وأرسلها وارسلها أعد جهز اعمل أعطني",
        polite="من فضلك لو سمحت ثم الآن",
        beside="مرة أخرى و أو ما ماذا الذي التي هو هي هل لي لنا إلى الى على عن في كل جميع هذا هذه"
        " ذلك تلك ملاحظاتنا ملاحظاتي الملاحظات التقرير التقارير النص الفقرة الجملة المستند الملف الملفات القائمة قائمة"
        " التذاكر المهام الرسالة الرسائل ردا ردًا رد الرد السؤال الأدلة النتائج ملخص ملخصا المفتوحة المعلقة الأخيرة ينقصه"
        " ينقصها ينقص صحيح خطأ العميل الزبون الفريق للفريق للعميل المسودة القناة المحادثة لهذه لآخر تقرير الثانية الأولى الثالثة الثاني الأول آخر نص بريد لهذا الاقتراحين الاقتراحات الخطة الكود النقاط الصفحة النسخة الحالة أفضل بين بإيجاز الموردين بالموردين نعرفه تعرفه",
        about="عن حول",
    ),
    _Language(
        reading="özetle özetleyin göster gösterin kontrol söyle söyleyin çevir çevirin karşılaştır açıkla açıklayın bul"
        " listele listeleyin incele inceleyin değerlendir onayla oku ara sırala düzelt düzeltin kısalt kısaltın uzat bak bakın iyileştir tekrarla",
        making="gönder gönderin yaz yazın hazırla hazırlayın yap yapın ver verin paylaş oluştur",
        beside="lütfen et edin ve veya sonra şimdi tekrar bir bana bize bunu şunu onu bunları ne neyin neler kim hangi"
        " olduğunu eksik* yanlış doğru var yok bu şu o tüm bütün her şeyi son ilk iki üç beş on açık* bekleyen* kısa not*"
        " rapor* metn* metin* paragraf* cümle* belge* dosya* liste* bilet* görev* mesaj* e-posta yanıt* cevap* soru* kanıt*"
        " iddia* sonuç* sonuc* özet* kayıt* kayd* öneri* taslak* taslağ* proje* müşteri* tedarikçi* konuşma* sohbet* acil hangileri ikinci üçüncü ilk paragraf* plan* kod* nokta* sayfa* sürüm* durum* daha iyi iki ekip ekib* kanal* grub*"
        " bugün dün burada bildiğimiz*",
        about="hakkında hakkındaki konusunda ilgili",
        postposed=True,
    ),
    _Language(
        reading="दिखाओ दिखाइए दिखाएँ बताओ बताइए बताएँ जाँचो जाँचें जाँचिए पढ़ो पढ़ें सुधारो सुधारें छोटा बढ़ाओ सुधारिए समझाओ समझाइए खोजो खोजें ढूँढो देखो देखें कीजिए करो करें कर",
        making="बनाओ बनाइए बनाएँ लिखो लिखिए लिखें भेजो भेजिए भेजें दो दीजिए दें तैयार",
        beside="कृपया और या फिर अब एक बार मुझे हमें इसे उसे इन्हें यह ये वह इस उस इन सब सभी सारे कि क्या कौन कौन-सा है हैं का के की को में से पर"
        " ने हमारे हमारी मेरे मेरी अपने बाकी खुले आखिरी पहले दो तीन पाँच कमी गलत सही अधूरे नोट नोट्स रिपोर्ट पाठ पैराग्राफ वाक्य दस्तावेज़ फ़ाइल"
        " सूची टिकट काम कार्य संदेश ईमेल उत्तर जवाब सवाल सबूत दावा नतीजे सारांश अनुवाद बातचीत प्रस्ताव ताज़ा नवीनतम दूसरा तीसरा पैराग्राफ़ जल्दी प्रस्तावों दोनों योजना कोड बिंदु पृष्ठ संस्करण स्थिति बेहतर कामों टिकटों जाँच समीक्षा तुलना परियोजना ग्राहक आपूर्तिकर्ताओं टीम"
        " आज कल यहाँ संक्षेप मसौदा",
        about="बारे",
        clause="कि",
        postposed=True,
    ),
    _Language(
        reading="总结 總結 概括 看看 看一下 检查 查看 告诉 翻译 翻譯 比较 解释 列出 评估 判断 批准 审核 查找 找出 读一下 核对 显示 列 修改 改 改一下 缩短 扩展 润色 看 改进 重复 校对 看一下",
        making="给我 给我们 写 发给 发送 发 准备 起草 做 整理 给",
        polite="请 麻烦 你 您 帮我 替我 帮我们 再 然后 把 将",
        beside="我 我们 给 一下 一份 一个 个 份 再 然后 并 和 或 的 这 那 这些 那些 这段 这篇 所有 全部 最近 最后 还没 没有"
        " 未 处理 什么 哪些 哪里 缺 缺了 缺少 少 是 是否 对 不对 错 真 关于 笔记 记录 报告 文本 话 段落 句子 文档 文件 清单 列表 工单 任务 消息 邮件"
        " 回复 答复 问题 证据 说法 结果 摘要 总结 草稿 提案 项目 客户 供应商 对话 计划 最新 文字 第一 第二 第三 段 吗 这段文字 代码 要点 页 版本 状态 更好 哪个 次 团队 大家 成 到 简短 吧 有 知道 今天 昨天 两 三 五 条",
        about="关于",
        spaceless=True,
    ),
    _Language(
        reading="要約して まとめて 見せて 示して 確認して 教えて 翻訳して 訳して 比較して 説明して 探して 読んで 評価して 承認して 一覧にして 調べて 判断して 直して 修正して 短くして 長くして 見て 改善して",
        making="作って 作成して 書いて 送って 用意して 送信して 共有して 返信して",
        polite="ください 下さい くれ もらえますか ね 。",
        beside="私 私たち に を の が は と も で へ や か この その あの これ それ すべて 全部 全て 最近 最後 最新"
        " 未処理 残り 足りない もの こと 何 どれ どこ 間違い 正しい メモ ノート 記録 報告書 レポート 文章 文 段落 文書 ファイル 一覧 リスト"
        " チケット タスク メッセージ メール 返事 返信 答え 質問 証拠 主張 結果 要約 下書き 提案 プロジェクト 顧客 会話 計画 誤り 間違い 二番目の 一番目の 三番目の 箇所 コード 要点 ページ 版 状態 どちら 良い 二つ 一つ お客様 仕入先 チーム みんな 短く 簡単に"
        " 今日 昨日 もう一度 そして 、 ついて 関する",
        about="について に関する",
        postposed=True,
        spaceless=True,
    ),
)


_JOINING = frozenset("and und et y e и و bitte please".split())
_POLITE = frozenset("please bitte por favor per favore пожалуйста कृपया 请 s'il te vous plaît".split())


def only_asks_for_work(sentence: Sequence[str], *, names_subjects: bool = True) -> bool:
    """Whether a sentence only asks for work on what is there.

    Args:
        sentence: Its words, case-folded.
        names_subjects: Whether words that are not known may name what it is about, as in a sentence of one clause.
    """
    words = [_VOWEL_SIGNS.sub("", word) for word in sentence]
    told = _TELLING.search(" ".join(words)) if names_subjects and len(words) <= _LONGEST else None
    if told and not any(map(str.isdigit, told[0])):
        words = " ".join(words)[: told.start()].split()
        while words and words[-1] in _JOINING:
            words.pop()
        if all(word in _POLITE for word in words):
            return True
    if not 0 < len(words) <= _LONGEST or sum(map(len, words)) > _LONGEST * 10:
        return False
    spaceless = bool(_SPACELESS.search(words[0]))
    names_a_tongue = _TONGUE.search if spaceless else _TONGUE.fullmatch
    if any(map(names_a_tongue, words)):
        is_all = _ALL.search if spaceless else _ALL.fullmatch
        if not any(map(_TRANSLATING.search, words)) or any(map(is_all, words)):
            return False
        words = [kept for word in words if (kept := _TONGUE.sub("", word) if names_a_tongue(word) else word)]
    return any(
        language.only_orders(words, names_subjects=names_subjects)
        for language in _LANGUAGES
        if language.spaceless is spaceless
    )
