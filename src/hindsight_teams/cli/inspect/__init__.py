"""``hindsight-teams inspect``: a local web page that shows a team's rights, memory and audit.

``command`` starts it, ``gate`` decides who may ask, ``app`` routes, and each of the other modules is one view: values
for the page, as JSON. What the browser loads lies in ``static``.
"""
