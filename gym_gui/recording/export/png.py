"""PNG: one picture as a file, or many as a folder; each says in its text fields which step it is."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from gym_gui.core.errors import ExportError
from gym_gui.recording.export.canvas import make_canvas
from gym_gui.recording.export.pictures import count_steps, pictures
from gym_gui.recording.export.selection import stems

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.recording.export.job import ExportJob
    from gym_gui.recording.export.pictures import Picture


def write_png(job: ExportJob, path: Path) -> None:
    """Write the selection's pictures to *path*: a file where it ends in ``.png``, a folder otherwise.

    Raises:
        ExportError: there are no pictures, or several for one file.
    """
    from PIL import Image  # noqa: PLC0415 - only where pictures are made

    count = count_steps(job)
    single = path.suffix.lower() == ".png"
    if single and count != 1:
        raise ExportError(
            f"{count:,} pictures do not go into one PNG file.",
            hint="Give the name of a folder, or one step with --episodes E --from N --to N+1.",
        )
    canvas = make_canvas(job)
    job.progress.begin(count)
    if not single:
        path.mkdir()
    named = stems(job.selection, 4)
    with closing(pictures(job)) as shown:
        for picture in shown:
            name = f"{named[picture.episode.episode_id]}-step-{picture.step:06d}.png"
            image = Image.fromarray(canvas.draw(picture))
            image.save(path if single else path / name, pnginfo=_facts(job, picture))
            job.frames += 1


def _facts(job: ExportJob, picture: Picture) -> object:
    from PIL.PngImagePlugin import PngInfo  # noqa: PLC0415 - as above

    facts = PngInfo()
    facts.add_text("Title", f"{job.selection.run.env_id}, episode {picture.episode.episode_index}, step {picture.step}")
    facts.add_text("Source", picture.ref or "")
    facts.add_text("Software", "gym_gui")
    return facts
