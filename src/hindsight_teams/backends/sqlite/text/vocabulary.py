"""Words that retrieval treats apart: stop words, question words, and English forms that a stemmer does not join."""

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
    zaman nerede nereye nereden kac nasil neden hangi
    kapan mana dimana siapa apa berapa bagaimana mengapa kenapa
    кто кого кому что как какои какая какое какие каких каком какую какими когда где куда откуда почему зачем сколько
    чем чего чеи чья
    ما هل أي من متى أين لماذا كيف كم ماذا
    कौन किस किसने किसके किसका किसकी किसे क्या कब कहां कहाँ क्यों कैसे कितने कितनी कितना
    কে কাকে কখন কবে কোথায় কত কতটা কেন কী কি কার কোন কীভাবে
    کون کسے کب کہاں کیوں کیا کتنا کتنی کتنے کیسے
    τι ποιος ποια ποιο ποιοι ποτε που πως γιατι
    什么 哪个 哪些 哪里 多少 如何 为什 什麼 哪個 怎么 怎样 几个 何时 是谁
    どの どこ いつ なに だれ なぜ 何が 何で 何を 誰が どれ 何人 何年
    ใคร อะไ ะไร เมื ที่ ไหน ทำไ ำไม""".split()
)

# Function words that tell a language from English; none of them is a frequent English word.
FOREIGN_WORDS = frozenset(
    """der die das und ist nicht ein eine einen einem mit fur auf im den dem von zu sich auch wird wurde sind haben hat
    el la los las un una que es en y por con para del se lo al su como mas fue son esta
    le les des du et est une dans pour sur pas qui avec ce sont au aux nous vous
    il gli di che e per non sono della del nel alla piu
    o os as da dos das em um uma nao com foi
    het een van niet op te dat met voor zijn
    och att det som en pa av inte ar jag men har til og ikke er jeg
    w na nie sie jest z do ze""".split()
)

# Words that a question needs and its answer leaves out: that a bank lacks them says nothing about what it knows.
LEFT_OUT_OF_ANSWERS = FOREIGN_WORDS.union(
    """amount call called color colour come comes date day do get gets give given go goes going happen happened happens
    have kind like list long look make many mean much name named names ne need number often place sort take takes
    thing time type use used work works way year
    farbe couleur cor renk warna цвет цвета لون রং रंग
    в во на с со и не по из у о за к от до для это""".split()  # noqa: RUF001
)

# "bought" is indexed as "buy", "children" as "child", "death" as "die".
_FORMS = """
arise arose arisen; awake awoke awoken; bear bore borne; beat beaten; become became; begin began begun; bend bent;
bet betted; bind bound; bite bit bitten; bleed bled; blow blew blown; break broke broken; breed bred; bring brought;
build built; burn burnt; burst bursted; buy bought; catch caught; choose chose chosen; cling clung; come came;
creep crept; deal dealt; dig dug; draw drew drawn; dream dreamt; drink drank drunk; drive drove driven; eat ate eaten;
fall fell fallen; feed fed; feel felt; fight fought; find found; flee fled; fly flew flown; forbid forbade forbidden;
forget forgot forgotten; forgive forgave forgiven; freeze froze frozen; give gave given; go went gone goes; grow grew
grown; hang hung; hear heard; hide hid hidden; hold held; keep kept; kneel knelt; know knew known; lay laid; lead led;
lean leant; leap leapt; learn learnt; leave left; lend lent; lie lay lain; light lit; lose lost; make made; mean meant;
meet met; mistake mistook mistaken; overcome overcame; pay paid; prove proven; quit quitted; ride rode ridden;
ring rang rung; rise rose risen; run ran; say said; see saw seen; seek sought; sell sold; send sent; sew sewn;
shake shook shaken; shine shone; shoot shot; show shown; shrink shrank shrunk; sing sang sung; sink sank sunk;
sit sat; sleep slept; slide slid; speak spoke spoken; spell spelt; spend spent; spin spun; split splitted; spring sprang
sprung; stand stood; steal stole stolen; stick stuck; sting stung; strike struck stricken; strive strove; swear swore
sworn; sweep swept; swell swollen; swim swam swum; swing swung; take took taken; teach taught; tear tore torn;
tell told; think thought; throw threw thrown; understand understood; undertake undertook undertaken; wake woke woken;
wear wore worn; weave wove woven; weep wept; win won; wind wound; withdraw withdrew withdrawn; write wrote written;
child children; foot feet; goose geese; man men; mouse mice; person people; tooth teeth; woman women;
wife wives; knife knives; half halves; shelf shelves; wolf wolves; loaf loaves; thief thieves;
good better best; bad worse worst; far further furthest
"""

BASE = {form: forms[0] for line in _FORMS.split(";") if (forms := line.split()) for form in forms[1:] if form != "lay"}
"""Base form by irregular form; "left", "lit" and the like lose a second meaning, which retrieval can bear. "Lives" and
"leaves" are left out: they are forms of the verbs "live" and "leave" more often than plurals."""

_PREFIXES = ("re", "over", "out", "mis")
BASE |= {p + form: p + base for p in _PREFIXES for form, base in tuple(BASE.items()) if p + form != "resent"}

_NOUNS = """
die death deaths dead; born birth births; sell sale sales; lose loss losses; choose choice choices; grow growth;
marry marriage marriages; speak speech speeches; decide decision decisions; explain explanation explanations;
describe description descriptions; destroy destruction; complain complaint complaints; believe belief beliefs;
prove proof proofs; succeed success successes; fail failure failures; analyse analysis analyses; deep depth depths;
wide width widths; long length lengths; high height heights; strong strength strengths
"""

ROOT = BASE | {form: forms[0] for line in _NOUNS.split(";") for forms in [line.split()] for form in forms[1:]}
"""The same, with the nouns of verbs and of measures: "How deep is it?" asks for its depth."""
