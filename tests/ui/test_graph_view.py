"""The graph: nodes where it says, the wheel and the drag, places that stay from step to step, late answers dropped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from payloads import graph
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QImage, QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from unit.controllers.replay_desk import HeldRunner

from gym_gui.core.schema.render_payload import GraphPayload, render_from_document
from gym_gui.ui.theme import Theme
from gym_gui.ui.widgets.graph_shape import MOST_NODES, shape_of
from gym_gui.ui.widgets.graph_view import GraphView

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytestqt.qtbot import QtBot

Left = Qt.MouseButton.LeftButton


@pytest.fixture
def theme(qapp: QApplication) -> Iterator[Theme]:
    made = Theme(qapp, "dark")
    yield made
    made.deleteLater()


@pytest.fixture
def runner() -> HeldRunner:
    return HeldRunner()


@pytest.fixture
def view(qtbot: QtBot, theme: Theme, runner: HeldRunner) -> GraphView:
    made = GraphView(theme, runner)
    qtbot.addWidget(made)
    made.resize(640, 480)
    made.show()
    return made


def payload(document: dict[str, Any]) -> GraphPayload:
    read = render_from_document(document)
    assert isinstance(read, GraphPayload)
    return read


def shown(view: GraphView, runner: HeldRunner, document: dict[str, Any]) -> GraphView:
    view.show_graph(payload(document))
    runner.run_all()
    return view


def spot(view: GraphView, node: int | str) -> QPointF:
    found = view.spot(node)
    assert found is not None
    return found


def turn_wheel(view: GraphView, place: QPointF, turned: int) -> None:
    event = QWheelEvent(
        place,
        view.mapToGlobal(place),
        QPoint(),
        QPoint(0, turned),
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(view, event)


def test_that_every_node_is_painted_where_it_is_said_to_be(view: GraphView, runner: HeldRunner) -> None:
    shown(view, runner, graph())
    image, ratio = view.grab().toImage(), view.devicePixelRatioF()
    ground = view._theme.color("surface")
    for node in range(6):
        place = spot(view, node)
        assert view.rect().contains(place.toPoint())
        assert image.pixelColor(int((place.x() - 8) * ratio), int(place.y() * ratio)) != ground


def test_that_places_stay_from_step_to_step_and_values_change(view: GraphView, runner: HeldRunner) -> None:
    shown(view, runner, graph(0))
    places = [spot(view, node) for node in range(6)]
    before: QImage = view.grab().toImage()
    view.show_graph(payload(graph(1)))
    assert not runner.waiting
    assert [spot(view, node) for node in range(6)] == places
    assert view.grab().toImage() != before
    view.show_graph(payload(graph(0)))
    assert view.grab().toImage() == before


def test_that_nodes_stay_when_another_comes(view: GraphView, runner: HeldRunner) -> None:
    shown(view, runner, graph())
    before = view._finder.last
    document = graph()
    document["nodes"].append({"id": 6, "label": "new"})
    document["edges"].append({"source": 0, "target": 6})
    shown(view, runner, document)
    assert {node: view._finder.last[node] for node in before} == before


def test_that_given_places_are_kept(view: GraphView, runner: HeldRunner) -> None:
    document = graph()
    for node in document["nodes"]:
        node["x"], node["y"] = float(node["id"]), float(node["id"] % 2)
    view.show_graph(payload(document))
    assert not runner.waiting
    xs = [spot(view, node).x() for node in range(6)]
    assert xs == sorted(xs)
    assert spot(view, 1).y() > spot(view, 0).y()


def test_that_an_answer_for_a_graph_that_is_gone_shows_nothing_of_it(view: GraphView, runner: HeldRunner) -> None:
    view.show_graph(payload(graph()))
    other = {"kind": "graph", "nodes": [{"id": "x"}, {"id": "y"}], "edges": [{"source": "x", "target": "y"}]}
    view.show_graph(payload(other))
    runner.run_one()
    assert view.spot(0) is None
    runner.run_all()
    assert view.spot(0) is None
    assert view.spot("x") is not None


def test_that_nothing_comes_back_after_it_was_forgotten(view: GraphView, runner: HeldRunner) -> None:
    view.show_graph(payload(graph()))
    view.forget()
    runner.run_all()
    assert view.spot(0) is None
    assert view.readout == ""


def test_that_the_wheel_zooms_and_what_is_under_the_pointer_stays(view: GraphView, runner: HeldRunner) -> None:
    shown(view, runner, graph())
    place, other = spot(view, 2), spot(view, 5)
    turn_wheel(view, place, 240)
    assert view.zoom > 1.3
    assert (spot(view, 2) - place).manhattanLength() < 1e-6
    assert (spot(view, 5) - place).manhattanLength() > (other - place).manhattanLength()
    turn_wheel(view, place, -20_000)
    assert view.zoom == pytest.approx(0.25)


def test_that_a_drag_moves_the_graph_and_is_no_click(view: GraphView, runner: HeldRunner) -> None:
    shown(view, runner, graph())
    clicks: list[bool] = []
    view.clicked.connect(lambda: clicks.append(True))
    before, start = spot(view, 0), QPoint(320, 200)
    QTest.mousePress(view, Left, pos=start)
    for way in range(0, 81, 10):
        QTest.mouseMove(view, start + QPoint(way, way // 2))
    QTest.mouseRelease(view, Left, pos=start + QPoint(80, 40))
    assert (spot(view, 0) - before - QPointF(80, 40)).manhattanLength() < 1e-6
    assert clicks == []
    QTest.mouseClick(view, Left, pos=start)
    assert clicks == [True]


def test_that_a_double_click_shows_all_again(view: GraphView, runner: HeldRunner) -> None:
    shown(view, runner, graph())
    before = [spot(view, node) for node in range(6)]
    turn_wheel(view, QPointF(100, 100), 480)
    QTest.mouseDClick(view, Left, pos=QPoint(300, 200))
    assert [spot(view, node) for node in range(6)] == before


def test_that_a_node_under_the_pointer_is_read_out(view: GraphView, runner: HeldRunner) -> None:
    shown(view, runner, graph())
    assert view.readout.startswith("6 nodes, 8 edges")
    QTest.mouseMove(view, QPoint(1, 1))
    QTest.mouseMove(view, spot(view, 4).toPoint())
    assert view.readout == "Node 4: market  ·  value 4  ·  1 out, 1 in"


def test_that_odd_graphs_are_painted(view: GraphView, runner: HeldRunner) -> None:
    for document in (
        {"kind": "graph", "nodes": [], "edges": []},
        {"kind": "graph", "nodes": [{"id": 1, "value": float("nan"), "x": float("inf"), "y": 0}]},
        {"kind": "graph", "nodes": [{"id": 1, "x": 2, "y": 2}, {"id": 2, "x": 2, "y": 2}], "edges": []},
        {"kind": "graph", "nodes": [{"id": node} for node in range(5_000)], "edges": []},
    ):
        shown(view, runner, document)
        assert not view.grab().isNull()
    assert view.note == f"{MOST_NODES:,} of 5,000 nodes and 0 of 0 edges are drawn."


def test_that_two_hundred_nodes_are_shown_once_their_places_are_found(view: GraphView, runner: HeldRunner) -> None:
    document = {
        "kind": "graph",
        "nodes": [{"id": node} for node in range(200)],
        "edges": [{"source": node, "target": node // 3} for node in range(1, 200)],
    }
    view.show_graph(payload(document))
    assert view.readout == "Laying the graph out…"
    runner.run_all()
    inside = [view.rect().contains(spot(view, node).toPoint()) for node in range(200)]
    assert all(inside)


def test_that_a_shape_tells_the_range_of_its_values() -> None:
    assert shape_of(payload(graph())).range == (0, 5)
    assert shape_of(payload({"kind": "graph", "nodes": [{"id": 1}]})).range is None
