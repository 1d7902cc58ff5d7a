"""Spaces as data: descriptions, signatures, and values as columns. Gymnasium is loaded by who has a space."""

from gym_gui.core.spaces.column_plan import Column
from gym_gui.core.spaces.columns import SpaceColumns, columns_of, from_columns, to_columns
from gym_gui.core.spaces.description import SpaceDescription
from gym_gui.core.spaces.serializer import SpaceSerializer, signature_of_forms

__all__ = [
    "Column",
    "SpaceColumns",
    "SpaceDescription",
    "SpaceSerializer",
    "columns_of",
    "from_columns",
    "signature_of_forms",
    "to_columns",
]
