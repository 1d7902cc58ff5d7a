"""What runs on a cluster's node, without a cluster: the worker there, its files, and its end with its actor's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dispatching import RUN_ARGUMENT, until

from gym_gui.services.trainer.config import TrainingConfig
from gym_gui.services.trainer.dispatch import processes
from gym_gui.services.trainer.dispatch.launchers.ray_node import NODE_MARK, NodeJob, NodeWorker

if TYPE_CHECKING:
    from pathlib import Path


def node_of(code: str, run_dir: Path, **files: tuple[str, bytes]) -> NodeWorker:
    """A node whose worker does *code*; *run_dir* is on the driver's machine."""
    job = NodeJob(
        command=("a python that is not here", "-S", "-u", "-c", RUN_ARGUMENT),
        python="a python that is not here",
        variables={"GYM_GUI_RUN_DIR": str(run_dir), "GYM_GUI_RUN_ID": "run"},
        run_dir=str(run_dir),
        proof="proof",
        config=TrainingConfig(worker="script", arguments=(code,)).to_json().encode(),
        files=files,
    )
    return NodeWorker(job)


def read_all(node: NodeWorker) -> tuple[bytes, int]:
    """All that it prints, and its exit code."""
    said = b""
    while True:
        data, code = node.read(5.0)
        said += data
        if code is not None and not data:
            return said, code


def first_words(node: NodeWorker) -> str:
    """What it prints first, up to a blank."""
    said: bytes = until(lambda: node.read(1.0)[0])
    return said.split()[0].decode()


def wait_for_none(mark: str) -> None:
    """Until no process carries *mark*."""
    until(lambda: not processes.marked([mark], NODE_MARK)[mark])


def test_that_a_node_that_shares_no_disk_gets_files_and_gives_results(tmp_path: Path) -> None:
    code = (
        "import os; print(os.path.basename(os.environ['GYM_GUI_RESUME_FROM']))\n"
        "print(open(os.environ['GYM_GUI_RESUME_FROM']).read(), os.environ['GYM_GUI_RUN_DIR'] == os.getcwd())\n"
        "open('checkpoints/step-1.zip', 'w').write('new'); open('outcome.json', 'w').write('{}'); raise SystemExit(7)"
    )
    node = node_of(code, tmp_path / "not-here", GYM_GUI_RESUME_FROM=("step-0.zip", b"old"))
    assert node.start()
    assert read_all(node) == (b"step-0.zip\nold True\n", 7)
    assert node.results() == {"checkpoints/step-1.zip": b"new", "outcome.json": b"{}"}
    node.stop()


def test_that_a_node_that_shares_the_disk_uses_it(tmp_path: Path) -> None:
    (tmp_path / "proof").touch()
    config = TrainingConfig(worker="script", arguments=("open('here', 'w')",))
    (tmp_path / "config.json").write_text(config.to_json())
    node = node_of("", tmp_path)
    node.start()
    assert read_all(node)[1] == 0
    assert (tmp_path / "here").is_file()
    assert node.results() == {}


def test_that_a_worker_ends_when_it_is_asked_or_its_actor_dies(tmp_path: Path) -> None:
    code = "import os, time; print(os.environ['GYM_GUI_NODE_MARK']); os.fork() or os.setsid(); time.sleep(600)"
    for end in ("stop", "death"):
        node = node_of(code, tmp_path / end)
        node.start()
        mark = first_words(node)
        if end == "stop":
            node.stop()
        else:  # the kernel closes the pipe
            assert node._guard is not None
            assert node._guard.stdin is not None
            node._guard.stdin.close()
        assert read_all(node)[1] == 128 + 15
        wait_for_none(mark)
        node.results()
