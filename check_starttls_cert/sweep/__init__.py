"""A sweep: all targets of an inventory in one process, with the questions and verdicts of the single check.

::

    inventory ─► jobs ─► lanes ─► workers: probe, questions, Report ─► outcomes ─► tally, output, deliveries
"""
