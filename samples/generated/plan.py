"""Writes a pipeline with a step for each text in data/, and one that adds up what they counted."""

import json
import pathlib
import sys

names = sorted(path.stem for path in pathlib.Path("data").glob("*.txt"))
steps = {
    f"count-{name}": {
        "command": ["sh", "-c", f"mkdir -p build; wc -w < data/{name}.txt > build/{name}.count"],
        "inputs": [f"data/{name}.txt"],
        "outputs": [f"build/{name}.count"],
    }
    for name in names
}
steps["total"] = {
    "run": "echo total: $(cat build/*.count | awk '{ sum += $1 } END { print sum }') words",
    "needs": list(steps),
}
json.dump({"version": 1, "steps": steps}, sys.stdout, indent=2)
print()
