"""English forms that a stemmer does not join: "bought" is indexed as "buy", "children" as "child", "death" as "die"."""

from __future__ import annotations

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
