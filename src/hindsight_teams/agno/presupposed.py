"""Decide whether a question also states something: "When does Ana, who moved to Narvik, arrive?". Pure.

What it tells stands in a clause about somebody or something, in an apposition, or in a reason. In languages where a
clause that narrows down who is meant looks the same ("the person who leads it"), it counts only beside a name, "my" or
"our", or with "I" or "we" in it.
"""

from __future__ import annotations

import re

_LONGEST = 600
"""Characters of what is read; a longer sentence may well tell something."""
_TOLD = re.compile(
    r"\b(?:(?:did|do|have|has) (?:i|you|we) (?:ever )?(?:know|tell|told|mention(?:ed)?|say|said|hear|heard)"
    r" (?:you )?that\b"
    r"|\b(?:believe|heard) (?:that )?(?!in\b|it\b|this\b|that\b|you\b|of\b|about\b|from\b)\w+ \w+"
    r"|\b(?:my|our) (?:\w+ )?\w+['\u2019]s (?:\w+ )?\w+ (?:on|in|next|this|tomorrow)\b|\b(?:after|before|once|until|as soon as) (?:s?he|they|we) (?!can\b|must\b|should\b)\w+"
    r"|did you know (?:i|we)\b|\btell (?!me\b|us\b|you\b)\w+(?: \w+)? (?:that )?(?:i|we|i['\u2019]m|we['\u2019]re)\b"
    r"|dass (?:ich|wir|mein\w*|unser\w*)\b|wenn (?:ich|wir) (?:\w+ ){0,4}(?:bin|habe|sind|haben)\b"
    r"|(?:normal|normale|fine|bad|strange|odd|legal|allowed|worry|malo|raro|grave|bizarre)"
    r" (?:that|que|che) (?:i|we|my|our|mi|mis|je|mon|ma|mes|nous|il mio|la mia)\b"
    r"|(?<!know )(?<!see )(?<!check )(?<!remember )(?<!me )(?<!sabes )(?<!recuerdas )(?<!sais )(?<!savez )(?<!sai )"
    r"(?:if (?:i|we)(?:['\u2019](?:m|ve|re)| am| are| have)"
    r"|si (?:soy|estoy|tengo|je suis|j['\u2019]ai)|se (?:sou|estou|tenho|sono|ho|prendo))\b)",
    re.I,
)
_REASON = re.compile(
    r"\b(?:because|since(?! when\b| then\b)|(?:now|given) that|although|though|weil|nachdem|obwohl|seit(?:dem)? (?:ich"
    r"|wir)|parce que|puisque|vu que|bien que|omdat|porque|aunque|desde que|(?:ahora|agora|ya|j\u00e1) que"
    r"|perch[e\u00e9]|siccome|(?:visto|dato) che|поскольку|так как|потому что|ведь|с тех пор,? как|çünkü|madem)\b"
    r"|\bdepuis qu(?:e |['\u2019])|(?:^|, )da (?:ich|wir|mein\w*|unser\w*)\b|, (?:da|раз) |\bcomme (?:je|j['\u2019]"
    r"|nous|mon|ma|mes|notre)\b|\bcomo (?:soy|estoy|tengo|somos|tenemos|sou|estou|tenho|temos)\b|(?<=\S )da quando\b"
    r"|^\W*da quando\b[^,?]+,|\bde (?:cuando|quando) |自[从從]|因[为為]|既然|由于|[たいだな]ので|(?:[っいしえれけめせ]て|んで)から|क्योंकि|जब से"
    r"|चूँकि|चूंकि|(?:^|\s)(?:بما أن|لأن|منذ \w+نا)|\w[ıiuü]ğ[ıiuü]\w{0,6} (?:için|beri|göre)\b",
    re.I,
)
_OURS = (
    r"(?:my|our|mein\w*|unser\w*|mon|ma|mes|notre|nos|mi|mis|nuestr[oa]s?|meus?|minhas?|noss[oa]s?|mi[ao]|miei|mie"
    r"|nostr[oaie]|мо[йяеёию]\w{0,2}|наш\w{0,3}|min|mitt|mijn|onze)"
)
_CAPITAL = r"[^\W\d_a-zа-яà-öø-ÿ]\w+"
_DEFINITE = r"(?:die|der|das|dem|den|deren|dessen|welche\w*)"
_WHO = (
    r"(?:who|whom|which|whose|where|qui|que|qu['\u2019]\w+|dont|o[uù]|donde|quien|cuy[oa]s?|onde|cuj[oa]s?|che|cui|dove"
    r"|котор\w+|som|wie)"
)
_FIRST_WORD = re.compile(r"\S+\s")
_NAMED = re.compile(
    rf"(?:\b{_OURS}\s+(?:\w+\s+){{0,2}}\w+|{_CAPITAL}\s+{_CAPITAL}),\s+(?i:{_WHO}|{_DEFINITE})\s+[\w'\u2019]+\s+\w"
    rf"|\s{_CAPITAL},\s+(?i:{_WHO})\s+[\w'\u2019]+\s+\w"
    rf"|\s{_CAPITAL}\s+\w+,\s+(?i:die|der|das)\s+(?i:jetzt|nun|seit|im|in|bald|heute|gerade|schon)\s"
)
"""Clauses about who or what is named behind the first word, whose capital tells nothing."""
_BESIDE = re.compile(
    rf",\s+(?i:{_DEFINITE}|котор\w+|that|which|qu[ei]|che)\s+(?i:ich|wir|мы|я|we|i|nous|je)\b"
    rf"|\b{_CAPITAL},\s+(?i:(?:il |la |le |i |a |o |os |as )?{_OURS})\s+\w"
    r"|\b(?i:the|our|my)\b[^,?]*\s(?i:I|we) (?!need|mention|use|want|discuss|ask|talk)\w+(?:ed|ught|nt|lt|ld|ook|ove)"
    r" [^,?]*\b(?:in|on|for|from|at|to|with) [A-Z0-9]"
)
_DATED = re.compile(
    r"(?:我|我们|咱们)[^，。,？?]{0,12}(?:月|年|号|日|周[一-龥]|星期.)[^，,？?]{1,14}的[^时候]|(?:月|日|年|曜)[にの]?[^、？?]{2,14}(?:した|った|んだ|いた|れた"
    r"|えた)(?!の|もの|こと|人|方|か)[一-龥ァ-ヶー]|(?<![\w])(?!في|الذي|التي)\w+ي \w+ (?:التي|الذي) \w|(?:التي|الذي|الذين) \w+نا(?:ه"
    r"|ها|هم)?(?:\s|$)|\b(?!bil|sev|söyle|iste|sor|anlat|konuş)\w+[ıiuü]ğ[ıiuü]m(?:ız|iz|uz|üz)?\w{0,4} \w"
    r"|\b\w{3,}[ae]n (?:\w+ )?\w+(?:[ıiuü]m|m[ıiuü]z)(?:[ıiuü]|[ae]|[dt][ae]n?|l[ae])?\b(?! m[ıiuü])",
)
"""Clauses that stand before whom they tell of, or that no comma sets apart."""


def takes_for_granted(question: str) -> bool:
    """Whether a question, or a request, holds what may be news."""
    if len(question) > _LONGEST or any(found.search(question) for found in (_TOLD, _REASON, _BESIDE, _DATED)):
        return True
    first = _FIRST_WORD.search(question)
    return first is not None and _NAMED.search(question, first.end()) is not None
