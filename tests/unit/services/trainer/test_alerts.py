"""Alerts are raised once, cleared once, and posted to where the user said."""

from __future__ import annotations

import json
import logging
import math
import threading
import time
from dataclasses import replace
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from dispatching import LIMITS, SLEEP, House, until

from gym_gui.core.clock import utc_now
from gym_gui.core.errors import ConfigError
from gym_gui.services.trainer.dispatch import alerts
from gym_gui.services.trainer.dispatch.dispatch_facts import Alert
from gym_gui.services.trainer.dispatch.webhook import Webhook
from gym_gui.services.trainer.run_store import RunProgress
from gym_gui.services.trainer.states import TrainingState

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from conftest import LogExpectations

pytestmark = pytest.mark.waits

ALERT = Alert(kind=alerts.NAN, run_id="run", sentence="It is not a number.", since=datetime(2026, 1, 1, tzinfo=UTC))


def kinds(house: House, *, active: bool) -> list[str]:
    """Kinds of the alerts that were raised, or cleared, in order."""
    return [alert.kind for alert in house.alerts if alert.active == active]


def tell_return(house: House, run_id: str, episodes: int, mean: float) -> None:
    """Say how a run's mean return is, and let the rules look."""
    house.dispatcher.progressed(run_id, RunProgress(steps=1, episodes=episodes, mean_return=mean))
    with house.dispatcher._loop.lock:
        house.dispatcher._alerts.look(list(house.dispatcher._loop.active.values()))


def test_that_a_run_that_stands_still_is_told_once_and_cleared_by_a_step(var_dir: Path) -> None:
    with House(var_dir, limits=replace(LIMITS, no_progress_s=0.3)) as house:
        run_id = house.submit(SLEEP)
        house.register(run_id)
        house.dispatcher.progressed(run_id, RunProgress(steps=5))
        until(lambda: kinds(house, active=True))
        assert kinds(house, active=True) == [alerts.NO_PROGRESS]
        assert house.dispatcher.status().alerts[0].active
        house.dispatcher.progressed(run_id, RunProgress(steps=6))
        until(lambda: kinds(house, active=False))
        assert house.dispatcher.status().alerts[-1].run_id == run_id


def test_that_a_return_that_collapses_is_told_and_one_that_wavers_is_not(var_dir: Path) -> None:
    with House(var_dir) as house:
        run_id = house.submit(SLEEP)
        house.register(run_id)

        episodes, mean = 100, 20.0

        def go_to(*wanted: float) -> None:
            """From where it is to each of these, 20 episodes a look."""
            nonlocal episodes, mean
            for target in wanted:
                for part in np.linspace(mean, target, 20):
                    episodes += 20
                    tell_return(house, run_id, episodes, float(part))
                mean = target

        go_to(150.0, 400.0, 250.0)
        assert not house.alerts
        go_to(90.0, 80.0)
        assert kinds(house, active=True) == [alerts.RETURN_COLLAPSED]
        go_to(200.0)
        assert not kinds(house, active=False)
        go_to(380.0)
        assert kinds(house, active=False) == [alerts.RETURN_COLLAPSED]
        tell_return(house, run_id, episodes, math.nan)
        assert kinds(house, active=True)[1:] == [alerts.NAN]
        tell_return(house, run_id, 0, math.nan)  # nobody has said yet
        assert kinds(house, active=False)[1:] == [alerts.NAN]


@pytest.mark.parametrize("fresh", [7, 150])
def test_that_returns_that_go_up_and_down_by_chance_have_not_collapsed(var_dir: Path, fresh: int) -> None:
    with House(var_dir) as house:
        run_id = house.submit(SLEEP)
        house.register(run_id)
        # As a random policy balances CartPole: 9 steps, and a long tail.
        returns = 9 + np.random.default_rng(7).exponential(13.0, 60_000)
        means = [returns[end - 100 : end].mean() for end in range(100, len(returns), fresh)]
        assert max(means) - min(means) > 0.2 * max(means)
        for place, mean in enumerate(means[:2_000]):
            tell_return(house, run_id, 100 + place * fresh, float(mean))
        assert not house.alerts


def test_that_a_policy_that_never_learns_has_nothing_to_lose(var_dir: Path) -> None:
    with House(var_dir) as house:
        run_id = house.submit(SLEEP, worker="random")
        house.register(run_id)
        for place, mean in enumerate([*np.linspace(0.0, 400.0, 60), *np.linspace(400.0, 0.0, 60)]):
            tell_return(house, run_id, 100 + place * 20, float(mean))
        assert not house.alerts


def test_that_a_scalar_that_is_no_number_is_told_until_it_is_one(var_dir: Path) -> None:
    with House(var_dir) as house:
        run_id = house.submit(SLEEP)
        house.register(run_id)
        for finite in (True, False, False, True, True, False):
            house.dispatcher.scalar_seen(run_id, "loss", finite=finite)
        assert [alert.active for alert in house.alerts] == [True, False, True]
        assert "loss" in house.alerts[0].sentence
        house.dispatcher.cancel(run_id, "enough")
        until(lambda: [alert.active for alert in house.alerts] == [True, False, True, False])


def test_that_a_disk_that_fills_up_is_told(var_dir: Path) -> None:
    with House(var_dir, limits=replace(LIMITS, disk_low_mb=10**9)) as house:
        until(lambda: house.alerts)
        assert kinds(house, active=True) == [alerts.DISK_LOW]


def test_that_a_late_heartbeat_is_told_before_the_run_fails(var_dir: Path) -> None:
    with House(var_dir, limits=replace(LIMITS, heartbeat_timeout_s=4.0)) as house:
        run_id = house.submit(SLEEP)
        house.register(run_id)
        until(lambda: kinds(house, active=True))
        assert kinds(house, active=True) == [alerts.HEARTBEAT_LATE]
        assert house.store.get(run_id).state.is_active


class _Listener(BaseHTTPRequestHandler):
    """Refuses the first try, takes the second."""

    bodies: list[Any]
    answers: list[int]

    def do_POST(self) -> None:
        self.bodies.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(self.answers.pop(0))
        self.send_header("Location", "/elsewhere")
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Nothing is printed."""


@pytest.fixture
def listener() -> Iterator[tuple[str, type[_Listener]]]:
    class Listener(_Listener):
        bodies: list[Any] = []  # noqa: RUF012 - one class a test
        answers: list[int] = [500, 200]  # noqa: RUF012 - same

    server = HTTPServer(("127.0.0.1", 0), Listener)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", Listener
    server.shutdown()
    thread.join()
    server.server_close()


def test_that_the_webhook_gets_an_alert_though_its_first_try_failed(listener: tuple[str, type[_Listener]]) -> None:
    url, heard = listener
    with Webhook(url, delay_s=0.01) as webhook:
        webhook.post(ALERT)
        until(lambda: not heard.answers)
    assert heard.bodies[1] == heard.bodies[0]
    assert heard.bodies[1] == {
        "kind": "nan",
        "run_id": "run",
        "sentence": "It is not a number.",
        "text": "It is not a number.",
        "since": "2026-01-01T00:00:00.000000+00:00",
        "active": True,
    }
    assert webhook.lost == 0


@pytest.mark.parametrize("answer", [302, 500])
def test_that_a_webhook_that_sends_elsewhere_or_fails_is_said_once(
    listener: tuple[str, type[_Listener]], expect_log: LogExpectations, answer: int
) -> None:
    expect_log(logging.WARNING, "could not be posted")
    url, heard = listener
    heard.answers[:] = [answer] * 2
    with Webhook(url, tries=2, delay_s=0.01) as webhook:
        webhook.post(ALERT)
        until(lambda: webhook.lost)
    assert len(heard.bodies) == 2


def test_that_a_host_that_no_host_is_called_ends_no_webhook(expect_log: LogExpectations) -> None:
    expect_log(logging.WARNING, "could not be posted")
    with Webhook(f"http://{'a' * 64}.example/größe", tries=1) as webhook:
        webhook.post(ALERT)
        until(lambda: webhook.lost == 1)
        webhook.post(ALERT)
        until(lambda: webhook.lost == 2)


def test_that_closing_a_webhook_waits_for_nobody(expect_log: LogExpectations) -> None:
    del expect_log
    with Webhook("http://127.0.0.1:9/", delay_s=600) as webhook:
        for _ in range(300):
            webhook.post(ALERT)
    assert webhook.lost > 0


@pytest.mark.parametrize("url", ["file:/etc/passwd", "ftp://x/y", "no address", "http://"])
def test_that_only_the_web_is_a_webhook(url: str) -> None:
    with pytest.raises(ConfigError, match="webhook_url"):
        Webhook(url)


def test_that_a_run_that_failed_is_told_once_with_its_name_and_reason(var_dir: Path) -> None:
    with House(var_dir) as house:
        failed = house.submit("print('oh no'); raise SystemExit(7)", name="mine")
        until(lambda: house.alerts)
        cancelled = house.submit(SLEEP, seed=1)
        house.register(cancelled)
        house.dispatcher.cancel(cancelled, "enough")
        house.wait(cancelled, TrainingState.CANCELLED)
        house.dispatcher.archive(failed, "")
    (alert,) = house.alerts
    assert (alert.kind, alert.run_id, alert.active) == (alerts.FAILED, failed, True)
    reason = "The worker ended with exit code 7. Its last lines: oh no"
    assert alert.sentence == f"Run mine ({failed}) failed: {reason}"
    with House(var_dir) as after:
        after.wait(after.submit("raise SystemExit(0)", seed=2), TrainingState.COMPLETED)
    assert not after.alerts


def test_that_steps_of_an_evaluation_are_steps(var_dir: Path) -> None:
    with House(var_dir, limits=replace(LIMITS, no_progress_s=1.5)) as house:
        run_id = house.submit(SLEEP)
        house.register(run_id)
        begun_s = time.monotonic()
        while time.monotonic() - begun_s < 4.0:
            house.dispatcher.progressed(run_id, RunProgress(steps=5, last_step_at=utc_now()))
            threading.Event().wait(0.1)
        assert not house.alerts
        until(lambda: house.alerts)
        assert kinds(house, active=True) == [alerts.NO_PROGRESS]
