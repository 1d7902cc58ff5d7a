"""Other people's text on one line, as every file and terminal takes it."""

from __future__ import annotations


def printable(text: str) -> str:
    """*text* on one line; control characters and halves of surrogate pairs are spelt out, as Python writes them."""
    joined = " ".join(text.split())
    if joined.isprintable():
        return joined
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in joined)
