"""Hospital stays: tables of labs, vital signs, fluids, orders and notes made from one patient.

`course` moves the illness through the hours of the stay, `tables` writes what was charted (errors
included), `papers` the orders, notes and earlier admissions, `scores` what follows from rows, and
`questions` what a task asks of them. All of it is a pure function of the patient.
"""
