"""Recall: `recalling.py` asks each strategy in turn, and `fusion.py` adds up what they say.

A new strategy is a module of its own, a call in `recalling.recall`, and a part of `fusion.Scored`.

================  =====================================================================
`words.py`        find memories by their words; `spelling.py` where a bank lacks one
`counting.py`     score them by how often and where they hold the words
`candidates.py`   neighbours in a document, a session, an order of dates or of arrival
`moments.py`      times that a query names
`meaning.py`      vectors, of `embedders.py`
`fusion.py`       one score, its parts explained, how sure it is, and how many lines
`updates.py`      newer above older ones that say nearly the same
`kinds.py`        what kind of answer a question asks for: a time, a number, a place
================  =====================================================================
"""
