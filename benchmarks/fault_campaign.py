"""Fault campaign: rounds of real training at a real trainer, in which something is killed -9 at a random instant.

``python benchmarks/fault_campaign.py --rounds 100 --lanes 3``. Each round starts a trainer of its own on a folder of
its own, three workers of it (``random``, ``script``, ``sb3``), a script that publishes by itself, a bare publisher and
a window that records a game; kills one of the workers and often the trainer, which is started again, the window or a
publisher, too; waits for the end; and looks whether all promises were kept. Each time, all rows that another process
sees at that instant are counted, and must be there at the end. Prints JSON: rounds, kills by victim, what was checked,
every promise that was broken.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

import fault_checks  # noqa: E402 - beside this file; it needs the paths that were just added
from trainer_rig import TrainerProcess, until  # noqa: E402 - likewise

from gym_gui.core.errors import EnvironmentFault  # noqa: E402 - likewise
from gym_gui.services.trainer.config import (  # noqa: E402 - likewise
    CheckpointConfig,
    EvaluationConfig,
    ResourceConfig,
    TrainingConfig,
)
from gym_gui.services.trainer.states import TrainingState  # noqa: E402 - likewise

if TYPE_CHECKING:
    from collections.abc import Mapping

WORKERS = ("random", "script", "sb3")
# What else is killed in a round, and how often.
OTHERS = {"trainer": 0.85, "window": 0.5, "stranger": 0.2, "publisher": 0.2}
CHILD = Path(__file__).with_name("fault_child.py")
# So that all of them run at once on two cores.
HALF = ResourceConfig(cpus=0.5)
# An instant may fall anywhere: while workers start, while they work, when they have just ended.
LATEST_KILL_S = 7.0
LATEST_WORKED_S = 3.0
PATIENCE_S = 240.0


class Trainer(TrainerProcess):
    """A trainer whose words are kept, and that is back after `kill` and `again`."""

    said = ""

    def kill(self) -> None:
        """Kill -9."""
        if self.process is not None:
            self.process.kill()
            self.said += self.process.communicate()[0]

    def stop(self) -> int:
        """SIGTERM; its exit code."""
        if self.process is None:
            return 0
        self.process.send_signal(signal.SIGTERM)
        self.said += self.process.communicate(timeout=PATIENCE_S)[0]
        return self.process.returncode


class Round:
    """One round.

    Args:
        number: Which; also its seed.
        folder: Its own.
        others: What is killed beside one of the workers, and how often.
    """

    def __init__(self, number: int, folder: Path, others: Mapping[str, float]) -> None:
        self.number = number
        self.folder = folder
        self.others = others
        self.chance = random.Random(number)
        self.trainer = Trainer(folder / "var", "--max-runs", "4")
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.submitted: list[str] = []
        self.killed: list[str] = []
        self.pids: set[int] = set()
        self.seen: Counter[str] = Counter()

    def run(self) -> dict[str, Any]:
        """Do it all; what came of it."""
        started_s = time.monotonic()
        self.trainer.start()
        try:
            self._begin()
            self._kill()
            broken = self._settle()
        except (EnvironmentFault, AssertionError) as fault:
            broken = [f"{type(fault).__name__}: {fault}", f"its cause: {fault.__cause__!r} {fault.__context__!r}"]
        finally:
            for child in self.children.values():
                child.kill()
                child.wait()
            self.trainer.kill()
        found = fault_checks.Folder(self.folder, self.killed, self.submitted, self.seen).check()
        broken += found.broken
        broken += [f"process {pid} is left" for pid in self.pids if fault_checks.lives(pid)]
        said = self.trainer.said
        if broken and said.strip():
            broken.append(f"the trainer said: {said[-1500:]}")
        if "Traceback" in said or "fault of ours" in said:
            broken.append(f"the trainer said: {said[-2000:]}")
        return {
            "round": self.number,
            "killed": self.killed,
            "rows": found.rows,
            "frames": found.frames,
            "acknowledged_episodes": found.acknowledged,
            "committed_rows": sum(self.seen.values()),
            "seconds": round(time.monotonic() - started_s, 1),
            "broken": broken,
        }

    def _begin(self) -> None:
        script = self.folder / "script.py"
        script.write_text(CHILD.read_text(encoding="utf-8"), encoding="utf-8")
        script.chmod(0o600)
        vectorization = "async" if self.number % 2 else "sync"
        configs = {
            "random": TrainingConfig(
                worker="random", env_id="CartPole-v1", total_steps=fault_checks.RANDOM_STEPS,
                num_envs=fault_checks.RANDOM_ENVS,
                vectorization=vectorization, frames="every:10", seed=self.number, resources=HALF,
            ),
            "script": TrainingConfig(
                worker="script", script=str(script), total_steps=0,
                arguments=(str(ROOT), "script", str(self.folder / "script.journal")), resources=HALF,
            ),
            "sb3": TrainingConfig(
                worker="sb3", env_id="CartPole-v1", total_steps=fault_checks.SB3_STEPS, algorithm="PPO",
                policy="MlpPolicy", hyperparameters={"n_steps": 64, "batch_size": 64, "n_epochs": 2, "device": "cpu"},
                num_envs=2, vectorization=vectorization, frames="every:10", seed=self.number, resources=HALF,
                evaluation=EvaluationConfig(every_steps=640, episodes=2),
                checkpoint=CheckpointConfig(every_steps=640),
            ),
        }  # fmt: skip
        with self.trainer.client() as client:
            for run_id, config in configs.items():
                client.submit(config, run_id=run_id)
                self.submitted.append(run_id)
        commands = {
            name: [str(CHILD), str(ROOT), name, str(self.folder / f"{name}.journal")]
            for name in ("stranger", "publisher")
        }
        game = ("play", "CartPole-v1", "--seed", str(self.number), "--var-dir", str(self.folder / "var"))
        commands["window"] = ["-m", "gym_gui", *game]
        for name, command in commands.items():
            self.children[name] = self._child(name, command)
            self.pids.add(self.children[name].pid)

    def _child(self, name: str, command: list[str]) -> subprocess.Popen[bytes]:
        variables = {key: value for key, value in os.environ.items() if not key.startswith("GYM_GUI_")}
        variables |= {
            "GYM_GUI_TRAINER": self.trainer.address,
            "GYM_GUI_VAR_DIR": str(self.folder / "var"),
            "PYTHONPATH": str(ROOT),
            "QT_QPA_PLATFORM": "offscreen",
        }
        with (self.folder / f"{name}.log").open("wb") as log:
            return subprocess.Popen(
                [sys.executable, *command], env=variables, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def _kill(self) -> None:
        began_s = time.monotonic()
        victims = [WORKERS[self.number % len(WORKERS)]]
        victims += [other for other, share in self.others.items() if self.chance.random() < share]
        instants = {victim: self.chance.random() * LATEST_KILL_S for victim in victims}
        for victim in sorted(victims, key=instants.__getitem__):
            time.sleep(max(0.0, began_s + instants[victim] - time.monotonic()))
            if victim == "trainer":
                self.seen |= fault_checks.committed(self.trainer.paths)
                self.trainer.kill()
                time.sleep(self.chance.random() * 1.5)
                self.trainer.again()
            elif victim in self.children:
                self.seen |= fault_checks.committed(self.trainer.paths)
                self.children[victim].kill()
            elif not self._kill_worker(victim):
                continue
            self.killed.append(victim)

    def _kill_worker(self, run_id: str) -> bool:
        """Kill a run's worker, once there is one; whether there was."""
        with self.trainer.client() as client:
            until(lambda: (run := client.get(run_id)).workers or not run.state.is_active, run_id, PATIENCE_S)
            time.sleep(self.chance.random() * LATEST_WORKED_S)
            self.seen |= fault_checks.committed(self.trainer.paths)
            workers = client.get(run_id).workers
        for worker in workers:
            self.pids.add(worker.pid)
            try:
                os.kill(worker.pid, signal.SIGKILL)
            except OSError:
                return False  # it had just ended
        return bool(workers)

    def _settle(self) -> list[str]:
        """Wait for the end of everything; what did not end."""
        try:
            window = self.children.pop("window")
            for name, child in self.children.items():
                self._await_end(name, child)
            with self.trainer.client() as client:
                until(lambda: self._is_over(client), "the end of every run", PATIENCE_S)
                status = client.status()
            broken = [f"slots are held: {status}"] if status.running or status.waiting else []
            window.terminate()
            said = window.wait(PATIENCE_S)
            if "window" not in self.killed and said != 0:
                broken.append(f"the window ended with {said}")
            if "window" in self.killed or list((self.folder / "var" / "spool").glob("*.spool")):
                # What a dead process left is seen to by the next start.
                self.trainer.stop()
                self.trainer.again()
                spool = self.folder / "var" / "spool"
                until(lambda: not list(spool.glob("*.spool")), "the spool taken in", PATIENCE_S)
            if self.trainer.stop() != 0:
                broken.append(f"the trainer ended with {self.trainer.process}")
        except (AssertionError, EnvironmentFault, subprocess.TimeoutExpired) as fault:
            return [f"{fault}"]
        return broken

    def _await_end(self, name: str, child: subprocess.Popen[bytes]) -> None:
        try:
            child.wait(PATIENCE_S)
        except subprocess.TimeoutExpired as fault:
            child.send_signal(signal.SIGUSR1)
            time.sleep(1.0)
            said = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
            raise AssertionError(f"{name} did not end; it is at: {said[-3000:]}") from fault

    def _is_over(self, client: Any) -> bool:
        runs = client.list_runs()
        for run in runs:
            self.pids.update(worker.pid for worker in run.workers)
        active = (TrainingState.PENDING, TrainingState.DISPATCHING, TrainingState.RUNNING, TrainingState.PAUSED)
        return not any(run.state in active for run in runs)


def one_round(number: int, folder: Path | None, last_s: float, others: Mapping[str, float]) -> dict[str, Any] | None:
    """A round in a folder of its own, kept where a promise was broken; None where it is too late for one."""
    if time.monotonic() > last_s:
        return None
    place = tempfile.mkdtemp(prefix=f"round-{number}-", dir=folder)
    try:
        found = Round(number, Path(place), others).run()
    except Exception as fault:  # noqa: BLE001 - a round that fails is a result
        found = {"round": number, "killed": [], "broken": [f"{type(fault).__name__}: {fault}"]}
    if found["broken"]:
        print(json.dumps(found | {"folder": place}), file=sys.stderr, flush=True)
    else:
        subprocess.run(["rm", "-rf", place], check=False)
    return found


def main() -> None:
    """Run the rounds, and print what came of them as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--first", type=int, default=1, help="The first round's number, which is its seed.")
    parser.add_argument("--lanes", type=int, default=3, help="Rounds at once.")
    parser.add_argument("--minutes", type=float, default=1e9, help="No round begins later.")
    parser.add_argument("--each", action="store_true", help="Trainer and window are killed in every round.")
    parser.add_argument("--var-dir", type=Path)
    options = parser.parse_args()
    others = OTHERS | {"trainer": 1.0, "window": 1.0} if options.each else OTHERS
    numbers = range(options.first, options.first + options.rounds)
    last_s = time.monotonic() + options.minutes * 60
    with ThreadPoolExecutor(options.lanes) as lanes:
        found = lanes.map(lambda number: one_round(number, options.var_dir, last_s, others), numbers)
        rounds = [one for one in found if one is not None]
    told = {
        "rounds": len(rounds),
        "kills": dict(Counter(victim for one in rounds for victim in one["killed"])),
        "rows_read": sum(one.get("rows", 0) for one in rounds),
        "frames_read": sum(one.get("frames", 0) for one in rounds),
        "committed_rows": sum(one.get("committed_rows", 0) for one in rounds),
        "acknowledged_episodes": sum(one.get("acknowledged_episodes", 0) for one in rounds),
        "seconds": round(sum(one.get("seconds", 0) for one in rounds)),
        "broken": [one for one in rounds if one["broken"]],
        "cores": os.cpu_count(),
    }
    print(json.dumps(told, indent=2))


if __name__ == "__main__":
    main()
