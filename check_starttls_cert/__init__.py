"""Check the certificate of a service that speaks STARTTLS.

Holds the version and nothing else: importing the package must stay cheap.
"""

__version__ = "1.0.0"
