"""`python -m gym_gui.tools.compile_proto`: the Python modules of trainer.proto, made again; a test holds them to it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

PROTO_DIR: Final = Path(__file__).resolve().parents[1] / "services" / "trainer" / "proto"
_IMPORT: Final = "import trainer_pb2 as trainer__pb2"
_OWN_IMPORT: Final = "from gym_gui.services.trainer.proto import trainer_pb2 as trainer__pb2"


def compile_proto(folder: Path) -> list[Path]:
    """Write ``trainer_pb2.py``, ``.pyi`` and ``trainer_pb2_grpc.py`` into *folder*; their paths.

    Raises:
        RuntimeError: the compiler refused the contract.
    """
    from grpc_tools import protoc  # noqa: PLC0415 - a tool of the checks

    code = protoc.main(
        [
            "protoc",
            f"-I{PROTO_DIR}",
            f"--python_out={folder}",
            f"--pyi_out={folder}",
            f"--grpc_python_out={folder}",
            str(PROTO_DIR / "trainer.proto"),
        ]
    )
    if code:
        raise RuntimeError(f"The compiler refused trainer.proto (exit code {code}).")
    services = folder / "trainer_pb2_grpc.py"
    services.write_text(services.read_text(encoding="utf-8").replace(_IMPORT, _OWN_IMPORT), encoding="utf-8")
    return [folder / "trainer_pb2.py", folder / "trainer_pb2.pyi", services]


if __name__ == "__main__":
    sys.stdout.write("\n".join(map(str, compile_proto(PROTO_DIR))) + "\n")
