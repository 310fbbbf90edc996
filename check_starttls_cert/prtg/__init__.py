"""PRTG's front doors and its sensor API; the documents themselves are rendered in ``outputs``."""
