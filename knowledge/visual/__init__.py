"""Pictures that wait for a diagnosis: what a patient's pictures hide, and what follows from them.

`cases` draws the pictures of a patient and reads them, `conclusions` says what a reading means.
The same conclusions follow from the hidden truth (the judge) and from measured values (a reader).
"""
