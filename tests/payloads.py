"""Payloads of every kind for tests: worlds small enough to be checked by eye."""

from __future__ import annotations

from typing import Any

LAKE = ("SFFF", "FHFH", "FFFH", "HFFG")
ICE: dict[str, dict[str, str]] = {
    "S": {"label": "start", "role": "start"},
    "F": {"label": "ice", "role": "floor"},
    "H": {"label": "hole", "role": "hole"},
    "G": {"label": "goal", "role": "goal"},
}
CITIES = ("depot", "A", "B", "C", "market", "D")
ROADS = ((0, 1), (1, 2), (2, 1), (2, 4), (4, 5), (5, 0), (3, 3), (0, 3))


def grid(row: int, column: int, lines: tuple[str, ...] = LAKE) -> dict[str, Any]:
    """A frozen lake with an elf on it."""
    return {
        "kind": "grid",
        "rows": len(lines),
        "columns": len(lines[0]),
        "cells": [list(line) for line in lines],
        "legend": ICE,
        "agents": [{"row": row, "column": column, "label": "elf"}],
    }


def graph(step: int = 0) -> dict[str, Any]:
    """Six cities and the roads between them; the values change with the step."""
    return {
        "kind": "graph",
        "directed": True,
        "nodes": [{"id": place, "label": name, "value": (place + step) % 6} for place, name in enumerate(CITIES)],
        "edges": [{"source": source, "target": target} for source, target in ROADS],
    }


def text(step: int = 0) -> dict[str, Any]:
    """A hand of cards."""
    return {"kind": "text", "text": f"You: 10, {step}\nDealer: A, hidden card"}
