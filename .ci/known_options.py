#!/usr/bin/env python3
"""Checks an engine block's options against the help text of the real program.

usage: known_options.py ENGINE.scn HELP.txt

Every option's flag must stand in the help; so must its choices, where the help lists any, and the
spelling for false where the block has one.
"""

import pathlib
import re
import sys

block, text = (pathlib.Path(name).read_text() for name in sys.argv[1:])
has_no = re.search(r'flags\s*\{[^}]*\bno\s*=', block)
options = re.findall(r"^  option (\w+)\s*\{(.*?)\}", block, re.M | re.S)
wrong = [] if options else ["the block has no options"]
for name, body in options:
    flag = name.replace("_", "-")
    # the flag as a word, at the head of its entry, and what follows it
    entry = re.search(rf"^ *(?:-\S+,? +)*--{flag}(?![\w-]).*(?:\n.*){{0,3}}", text, re.M)
    if not entry:
        wrong.append(f"--{flag} is unknown")
        continue
    words = set(re.findall(r"[\w.-]+", entry.group()))
    choices = re.search(r"choices\s*=\s*\[(.*?)\]", body, re.S)
    # some take any text as far as their help goes, and look at it as they start
    listed = choices and re.search(rf"--{flag}[ =,]*\{{", entry.group())
    for choice in re.findall(r'"([^"]*)"', choices.group(1)) if listed else []:
        if choice not in words:
            wrong.append(f"--{flag} takes no {choice}")
    fixed = "value = true" in body
    if has_no and '"bool"' in body and not fixed and f"no-{flag}" not in entry.group():
        wrong.append(f"there is no --no-{flag}")
print(f"{len(options)} options")
print(*wrong, sep="\n")
sys.exit(bool(wrong))
