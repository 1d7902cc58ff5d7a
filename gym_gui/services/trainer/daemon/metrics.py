"""The daemon's numbers for Prometheus: queues, steps, drops, workers, the schema's adoption, process and machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from gym_gui.core.closing import Closing
from gym_gui.core.errors import ConfigError
from gym_gui.core.typing_compat import override

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from gym_gui.services.trainer.daemon.core import TrainerCore


class TrainerMetrics:
    """Collects when Prometheus asks, on the endpoint's thread: counts are read, nothing waits for them.

    Args:
        core: The daemon's parts.
    """

    def __init__(self, core: TrainerCore) -> None:
        self._core = core

    def collect(self) -> Iterator[Any]:
        """Every metric, as it is now."""
        yield from self._of_runs()
        yield from self._of_workers()
        yield from self._of_recording()
        yield from self._of_schema()
        yield from self._of_machine()

    def _of_runs(self) -> Iterable[Any]:
        depth = GaugeMetricFamily("gym_gui_queue_batches", "Batches taken over and not yet on disk.", labels=["run"])
        size = GaugeMetricFamily("gym_gui_queue_bytes", "Bytes taken over and not yet on disk.", labels=["run"])
        lag = GaugeMetricFamily("gym_gui_queue_lag_seconds", "Age of the oldest of them.", labels=["run"])
        steps = CounterMetricFamily("gym_gui_run_steps", "Steps of a run that is recorded now.", labels=["run"])
        episodes = CounterMetricFamily("gym_gui_run_episodes", "Episodes of it that ended.", labels=["run"])
        frames = CounterMetricFamily("gym_gui_run_frames", "Pictures of it.", labels=["run"])
        returns = GaugeMetricFamily(
            "gym_gui_run_mean_return", "Mean return of its newest 100 episodes.", labels=["run"]
        )
        speed = GaugeMetricFamily("gym_gui_run_steps_per_second", "Over the newest seconds.", labels=["run"])
        queues = self._core.ingest.queues()
        for run_id, progress in self._core.book.all().items():
            queue = queues.get(run_id)
            label = [run_id]
            steps.add_metric(label, progress.steps)
            episodes.add_metric(label, progress.episodes)
            frames.add_metric(label, progress.frames)
            returns.add_metric(label, progress.mean_return)
            speed.add_metric(label, progress.steps_per_s)
            depth.add_metric(label, 0 if queue is None else queue.depth)
            size.add_metric(label, 0 if queue is None else queue.size_bytes)
            lag.add_metric(label, 0.0 if queue is None else queue.lag_s)
        return depth, size, lag, steps, episodes, frames, returns, speed

    def _of_workers(self) -> Iterable[Any]:
        known = GaugeMetricFamily("gym_gui_workers", "Workers that are connected.", labels=["run"])
        late = GaugeMetricFamily("gym_gui_workers_late", "Workers whose heartbeat is late.", labels=["run"])
        silent = GaugeMetricFamily(
            "gym_gui_worker_silent_seconds", "Since a worker was heard of.", labels=["run", "worker"]
        )
        starved = CounterMetricFamily(
            "gym_gui_stream_starvations", "How often a worker was told to wait.", labels=["run", "worker"]
        )
        spooled = GaugeMetricFamily(
            "gym_gui_worker_spooled_bytes", "What waits in a worker's file.", labels=["run", "worker"]
        )
        counts: dict[str, list[int]] = {}
        for worker in self._core.enrolment.workers():
            if worker.ended is not None:
                continue
            label = [worker.run_id, worker.worker_id]
            count = counts.setdefault(worker.run_id, [0, 0])
            count[0] += 1
            count[1] += worker.is_late
            silent.add_metric(label, worker.silent_s)
            spooled.add_metric(label, worker.spooled_bytes)
        for run_id, (all_of_them, late_ones) in counts.items():
            known.add_metric([run_id], all_of_them)
            late.add_metric([run_id], late_ones)
        for stream in self._core.ingest.streams():
            starved.add_metric([stream.run_id, stream.worker_id], stream.starvations)
        return known, late, silent, starved, spooled

    def _of_recording(self) -> Iterable[Any]:
        sink = self._core.services.sink.status()
        drops = CounterMetricFamily("gym_gui_drops", "What was let go, by cause.", labels=["cause"])
        for cause, count in self._core.drops().items():
            drops.add_metric([cause], count)
        status = self._core.runs.dispatcher.status()
        yield drops
        yield CounterMetricFamily("gym_gui_saved_steps", "Rows that are on disk.", value=sink.saved_steps)
        yield CounterMetricFamily("gym_gui_saved_frames", "Pictures that are on disk.", value=sink.saved_frames)
        yield GaugeMetricFamily("gym_gui_sink_queue_events", "Events that wait for the disk.", value=sink.queue_depth)
        yield GaugeMetricFamily("gym_gui_sink_fault", "1 where recording stands still.", value=bool(sink.fault))
        yield GaugeMetricFamily("gym_gui_runs_active", "Runs that hold a slot.", value=status.running)
        yield GaugeMetricFamily("gym_gui_runs_waiting", "Runs that wait for one.", value=status.waiting)
        yield GaugeMetricFamily("gym_gui_viewers", "Who looks.", value=len(self._core.board.viewers))

    def _of_schema(self) -> Iterable[Any]:
        for name, metric in self._core.services.telemetry.metrics().items():
            family = CounterMetricFamily(name.removesuffix("_total"), metric["help"], labels=metric["labels"])
            for labels, count in metric["samples"]:
                family.add_metric(labels, count)
            yield family

    def _of_machine(self) -> Iterable[Any]:
        machine = self._core.machine.look()
        yield CounterMetricFamily("process_cpu_seconds", "Of the daemon.", value=machine.process_cpu_s)
        yield GaugeMetricFamily("process_resident_memory_bytes", "Of the daemon.", value=machine.memory_bytes)
        yield GaugeMetricFamily("gym_gui_machine_cpu_percent", "Of all cores.", value=machine.cpu_percent)
        yield GaugeMetricFamily("gym_gui_machine_memory_free_bytes", "Free memory.", value=machine.memory_free_bytes)
        yield GaugeMetricFamily("gym_gui_disk_free_bytes", "Where it records.", value=machine.disk_free_bytes)


class MetricsEndpoint(Closing):
    """Answers Prometheus on a port.

    Args:
        core: The daemon's parts.
        host: Where to listen.
        port: 0 for any that is free.

    Raises:
        ConfigError: the port cannot be had.
    """

    def __init__(self, core: TrainerCore, host: str, port: int) -> None:
        registry = CollectorRegistry()
        registry.register(TrainerMetrics(core))
        try:
            self._server, self._thread = start_http_server(port, host, registry)
        except OSError as error:
            raise ConfigError(
                f"Prometheus cannot be answered at port {port}: {error.strerror or error}.",
                hint="Choose another one with --metrics-port.",
            ) from error

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.server_port)

    @override
    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
