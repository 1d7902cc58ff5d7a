"""Spaces as data: descriptions, signatures, and values as columns. Gymnasium is loaded by who has a space."""

from gym_gui.core.spaces.column_plan import Column
from gym_gui.core.spaces.columns import SpaceColumns, columns_of, from_columns, items_of_batch, to_columns
from gym_gui.core.spaces.description import SpaceDescription
from gym_gui.core.spaces.serializer import SpaceSerializer, signature_of_forms
from gym_gui.core.spaces.writing import space_text

__all__ = [
    "Column",
    "SpaceColumns",
    "SpaceDescription",
    "SpaceSerializer",
    "columns_of",
    "from_columns",
    "items_of_batch",
    "signature_of_forms",
    "space_text",
    "to_columns",
]
