"""Stop words: function words, question words, and words for "whatever there is"."""

from __future__ import annotations

# Function words of English. Words of other languages are weighed by how common they are in the bank, nothing more.
STOP_WORDS = frozenset(
    """a about after again all also am an and any are as at be because been before being both but by can cannot could
    cant couldnt did didnt do does doesnt doing dont down during each ever every few for from further get got had hadnt
    has hasnt have havent having he her here hers herself hes him himself his how however i i'd i'll im i'm in into is
    isnt it its itself ive just let lets like made make many may me might more most much my myself no nor not now of
    off oh ok okay on once one only or other our ours ourselves out over own really s same she shouldnt should so some
    still such t than that thats the their theirs them themselves then there these they theyd theyll theyre theyve
    this those though through to too under until up upon us very was wasnt we well were werent weve what whats
    when where which while who whom whose why will with wont would wouldnt yeah yes yet you youd youll your youre
    yours yourself yourselves youve""".split()
)

# What people put into a query to ask for "whatever there is": with nothing else in it, the newest memories answer.
GENERIC_WORDS = frozenset(
    """any anything background context details everything fact facts general history info information know known
    learned memories memory past preference preferences profile recall relevant remember summary tell things user
    users""".split()
)

# Words that ask, in languages whose function words are not stop words here: rare in statements, so that their rarity
# alone would give them weight. Folded, as ``terms.words`` gives them; pieces for scripts without spaces.
QUESTION_WORDS = frozenset(
    """know known tell recall remember anything everything things
    wer wen wem wessen welche welcher welches welchen welchem wann warum wieso weshalb wohin woher wozu womit wieviel
    wieviele wie wo
    quien quienes cual cuales cuando donde cuanto cuanta cuantos cuantas
    quel quelle quels quelles qui quand comment pourquoi combien
    quale quali quando dove perche quanto quanta quanti quante chi
    quem qual quais onde quantos quantas
    welke wanneer waarom waar hoeveel wie hoe
    vem vilken vilket vilka varfor hvem hvilken hvilke hvorfor hvornar
    kto ktory ktora ktore kiedy gdzie dlaczego
    кто кого кому что какой какая какое какие каких каком какую какими когда где куда откуда почему зачем сколько
    чем чего чей
    من متى اين لماذا كيف كم ماذا
    कौन किस किसने किसके किसका किसकी किसे क्या कब कहां कहाँ क्यों कैसे कितने कितनी कितना
    τι ποιος ποια ποιο ποιοι ποτε που πως γιατι
    什么 哪个 哪些 哪里 多少 如何 为什 什麼 哪個 怎么 怎样 几个 何时 是谁
    どの どこ いつ なに だれ なぜ 何が 何で 何を 誰が どれ 何人 何年
    ใคร อะไ ะไร เมื ที่ ไหน ทำไ ำไม""".split()
)
