"""Servers that misbehave on purpose, on the loopback interface, and what the program makes of each.

``behaviours`` is the one list: a few lines and a sentence each. ``peer`` is a server's end of a connection and knows
every protocol's plaintext conversation; ``by_hand`` is TLS from octets, for what no library would send; ``chains`` are
certificates. ``runner`` starts the program as its users do, and measures. ``python -m tests.hostile --help``.
"""
