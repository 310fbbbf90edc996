"""Write the golden files anew: each command in them, and what it prints now. Read the difference before a commit."""

from __future__ import annotations

import os
import sys

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

from observations import GOLDEN, golden, printed

texts: dict[str, str] = {}
for situation, command, _ in golden():
    texts[situation] = texts.get(situation, "") + f"$ {command}\n{printed(situation, command)}\n"
for situation, text in texts.items():
    with open(os.path.join(GOLDEN, f"{situation}.txt"), "w", encoding="utf-8", newline="\n") as file:
        file.write(text[:-1])
