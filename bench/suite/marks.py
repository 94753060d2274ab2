# SPDX-License-Identifier: MIT
"""Generated parts of a document: the text between two comments each."""

import re

_MARKED = "<!-- %s: by bench/publish -->\n%s\n<!-- end -->\n"


def rewrite(text, parts, path):
    """The text of the document at path with its marked parts replaced. parts:
    {name: text}. Raises ValueError if a mark is missing or there twice."""
    for name, part in parts.items():
        marked = re.compile(re.escape(_MARKED % (name, "\0"))
                            .replace("\0", ".*?"), re.DOTALL)
        new = _MARKED % (name, part)
        text, n = marked.subn(lambda _, new=new: new, text)
        if n != 1:
            raise ValueError("%s: %d parts are marked '%s', not one" %
                             (path, n, name))
    return text


def rows(head, body):
    """A table in Markdown."""
    lines = ["| %s |" % " | ".join(head), "|%s" % ("---|" * len(head))]
    return "\n".join(lines + ["| %s |" % " | ".join(row) for row in body])
