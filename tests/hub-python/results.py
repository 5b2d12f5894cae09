"""What the programs whose layouts pairbench writes make of its files.

    results.py eval-results FILE   prints the entries that the hub's client finds, as JSON
    results.py same-json FILE      says whether json.dumps, as reward-bench calls it, writes the file
                                   as it is
"""

import dataclasses
import json
import sys

import yaml
from huggingface_hub import parse_eval_result_entries

mode, file = sys.argv[1:]
with open(file, encoding="utf-8") as opened:
    text = opened.read()
if mode == "eval-results":
    for entry in parse_eval_result_entries(yaml.safe_load(text)):
        print(json.dumps(dataclasses.asdict(entry)))
elif mode == "same-json":
    written = json.dumps(json.loads(text), indent=4, sort_keys=True)
    print("the same" if written == text else "another")
