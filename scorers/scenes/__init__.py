"""Safety rules on a scene: what is true of a person, and what was done, in order.

A scene is written as JSON (`healthgym safety check`) or taken from an episode; the same rules judge
both.
"""
