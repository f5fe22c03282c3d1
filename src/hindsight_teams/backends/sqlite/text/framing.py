"""The frame of a request, which only asks: "Summarise what the room knows of", "Erzähl mir etwas über".

Most are polite words, a verb that demands, and words for anything, up to a preposition; others say whose knowledge is
asked for ("what does the team know about").
"""

from __future__ import annotations

import re

_DEMANDS = frozenset(
    """summarise summarize describe explain outline recap list show give tell remind find report brief share
    present recall remember know
    fasse fass beschreibe beschreib erkläre erklär erzähl erzähle sag sage zeig zeige gib nenne
    resume resúmeme resumen describe explica explícame cuéntame cuenta dime muéstrame muestra dame
    résume résumez résumer décris décrivez explique expliquez raconte racontez dis-moi dites-moi montre montrez donne
    donne-moi donnez-moi parle-moi parlez-moi
    riassumi descrivi spiega spiegami raccontami dimmi mostrami dammi parlami
    resuma resumir descreva explique conte diga mostre dê fale
    vat beschrijf vertel toon geef zeg
    расскажи расскажите опиши опишите объясни объясните суммируй подведи перечисли покажи скажи""".split()
)
_POLITE = _DEMANDS | frozenset(
    """please kindly can could would will you we i me us just now ok hello hi hey want would like need to let and
    bitte kannst könnten können könntest du sie ihr ich möchte mal uns mir
    por favor puedes podrías puede quiero nos me
    s'il te vous plaît peux-tu pouvez-vous pourrais-tu je veux voudrais nous moi
    per favore puoi potresti vorrei ci mi
    você pode poderia quero
    alsjeblieft kun je kunt u ik wil mij ons me
    пожалуйста можешь можете мне нам""".split()
)
_THINGS = frozenset(
    """a an the short brief quick full complete detailed all everything anything something whatever what how
    much is are there any summary overview recap account information info details facts known said noted do does
    did we you
    eine einen ein kurze kurzen zusammen zusammenfassung überblick alles etwas was wissen ist bekannt
    un una breve resumen panorama todo algo lo que qué se sabe
    un une bref résumé aperçu tout quelque chose ce que qu'est-ce sait on
    un una breve riassunto panoramica tutto qualcosa cosa quello che si sa
    um uma resumo visão geral tudo algo o que sabe se
    een kort overzicht samenvatting alles iets wat
    кратко всё все что известно краткий обзор""".split()
)
_ABOUT = frozenset(
    """about of on regarding concerning for über von zu sobre de acerca del su sul sulla sur à du des da do di
    over van о об про""".split()  # noqa: RUF001
)
_KNOWS_FIRST = frozenset(
    """weiß weiss weißt weisst wissen wisst saben sabe sabes sabemos sait sais savons savez sa sai sappiamo
    sanno sabem weet weten знает знаешь знаем знаете помнит""".split()
)
"""Words for knowing in languages whose subject may stand between the verb and the preposition."""
_KNOWS = _KNOWS_FIRST | frozenset(
    """know knows knew known remember remembers recall recalls learned recorded noted stored heard""".split()
)
_HAVING = frozenset(("have", "has"))

_MOST_BETWEEN = 4
"""Words between "what" and "knows", or between "weiß" and "über": whose knowledge is asked for."""
_WORD = re.compile(r"[\w'\u2019-]+")
_UNSPACED = re.compile(
    r"^(?:请|請)?(?:你|您)?(?:能|可以)?(?:总结|總結|概括|告诉我|告訴我|介绍|介紹|描述|解释|解釋|说说|說說)(?:一下)?(?:我们|我們|大家|团队)?(?:对|對|知道|了解)?(?:的)?(?:关于|關於|有关)?"
    r"|^(?:我们|我們|你|您)(?:知道|了解|记得)(?:关于|關於)?(?:什么|什麼)?"
    r"|的(?:信息|情况|資訊|情況|一切|事情)(?:是什么|有哪些)?[?\uff1f。]?$"
    r"|(?:に(?:ついて|関して)|を)(?:何を|なに|私に|みんなが|チームが)?(?:知っている|知って|教えて|まとめて|要約|説明|話して|聞かせて).*$"
    r"|(?:에 ?대해|에 ?대하여|을|를) ?(?:무엇을|우리가|팀이)? ?(?:알고|알려|요약|설명|말해|정리).*$"
)
_ASKING = re.compile(
    "是?(?:什么时候|什麼時候|什么时间|为什么|為什麼|什么|什麼|多少|哪里|哪裡|哪儿|哪个|哪個|哪些|谁|誰|怎么样|怎么|怎麼|如何|何时|吗|嗎)"
    "|いつ|どこ|だれ|なぜ|どの|どれ|どう|何ですか|なんですか|ですか|ますか"
    "|(?<![十百千好])第?[几幾][楼樓层層点點号號个個天月年岁歲次位人张張本块塊台辆輛家级級页頁]"
    "|何(?:[階時分人個月日年歳番回枚本号円台冊匹杯]|曜日|メートル|キロ)|몇 ?(?:[층시분명개월일년살번호대권]|마리)"
    "|언제|어디서|어디|누가|누구|무엇|왜|어떻게"
)
"""Words that ask, in scripts whose words are indexed in pairs: with their neighbours they make pairs of no meaning.
"How many" takes what it counts along, which stands in another pair of the answer."""


def subject(query: str) -> str:
    """What a query is about: without the words that only ask; nothing where it has no others.

    A frame stands at the beginning of a query, in Chinese, Japanese and Korean also at its end. Taking too much costs
    rank, never a memory: what a query has beside its frame is searched, and a query that is nothing else is searched
    whole.
    """
    if not query.isascii():
        query = _ASKING.sub(" ", _UNSPACED.sub(" ", query))
    found = list(_WORD.finditer(query))
    words = [match[0].lower().replace("\u2019", "'") for match in found]
    at = _frame(words)
    if found and at == len(found):
        return ""
    return query[found[at].start() :] if at else query.strip()


def _frame(words: list[str]) -> int:
    """How many words at the beginning only ask."""
    at = _while(words, 0, _POLITE)
    demanded = not _DEMANDS.isdisjoint(words[:at])
    begins = at
    at = _while(words, at, _THINGS | _ABOUT if demanded else _THINGS)
    knows = _knowing(words, max(begins, at - 1)) if at > begins else None
    if knows is not None and (about := _about(words, knows)) is not None:
        return _while(words, about, _ABOUT)
    if demanded and words[-1] in _KNOWS:  # "was das Team über den Umzug weiß"
        about = _first(words, at, _MOST_BETWEEN, _ABOUT)
        return at if about is None else about + 1
    return at if demanded else 0


def _knowing(words: list[str], start: int) -> int | None:
    """Where a word for knowing stands, or for having right after a pronoun."""
    found = _first(words, start, _MOST_BETWEEN, _KNOWS)
    if found is None:
        having = _while(words, start, _POLITE | _THINGS)
        found = having if words[having : having + 1] and words[having] in _HAVING else None
    return found


def _about(words: list[str], knows: int) -> int | None:
    """Where the preposition before the subject stands."""
    if words[knows] in _KNOWS_FIRST:
        return _first(words, knows + 1, _MOST_BETWEEN, _ABOUT)
    after = _while(words, knows + 1, _KNOWS)
    return after if words[after : after + 1] and words[after] in _ABOUT else None


def _while(words: list[str], start: int, among: frozenset[str]) -> int:
    return next((i for i in range(start, len(words)) if words[i] not in among), len(words))


def _first(words: list[str], start: int, most: int, among: frozenset[str]) -> int | None:
    return next((i for i in range(start, min(len(words), start + most)) if words[i] in among), None)
