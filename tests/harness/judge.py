#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Evaluates expressions on JSON for tests in shell.

usage: judge.py DIR

Starting Python takes longer than most of what it is asked, so one process
answers all: it reads from the fifo DIR/ask the name of a JSON file, then an
expression of d, its content, up to the end of file, and writes the value of it,
or what went wrong, to the fifo DIR/answer.
"""

import json
import sys

DIR = sys.argv[1]


def answer(request):
    name, expression = request.split("\n", 1)
    try:
        with open(name, encoding="utf-8") as file:
            content = json.load(file)
        return str(eval(f"({expression})", {"d": content}))
    except Exception as error:  # whatever it is, the test shows it
        return f"{type(error).__name__}: {error}"


while True:
    with open(f"{DIR}/ask", encoding="utf-8", errors="replace") as ask:
        request = ask.read()
    with open(f"{DIR}/answer", "w", encoding="utf-8", errors="replace") as to:
        to.write(answer(request))
