"""MP4 and MKV: a small video (H.264, 4:2:0), or a lossless one (H.264 in RGB, or FFV1), frame by frame in process.

Where sound was recorded, it comes along, in time with the pictures.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any, Final

from gym_gui.core.errors import ExportError
from gym_gui.recording.export.canvas import frames_a_second, make_canvas
from gym_gui.recording.export.pictures import count_steps, pictures
from gym_gui.recording.export.request import DEFAULT_CRF
from gym_gui.recording.export.soundtrack import make_soundtrack

if TYPE_CHECKING:
    from pathlib import Path

    from gym_gui.recording.export.job import ExportJob

_SMPTE170M: Final = 6  # ITU-T H.273: what players take for small pictures, said in the file
_LIMITED_RANGE: Final = 1


def write_video(job: ExportJob, path: Path) -> None:
    """Write the selection's pictures, one episode after the other, to *path*.

    Raises:
        ExportError: there are no pictures, or the encoder refused them.
    """
    import av  # noqa: PLC0415 - 0.1 s, only where a video is made
    from av.video.reformatter import Colorspace, VideoReformatter  # noqa: PLC0415 - the same

    canvas = make_canvas(job, even=not job.options.lossless)
    job.progress.begin(count_steps(job))
    try:
        # The index goes to the front, so that a browser plays while it loads.
        suffix = ".mkv" if path.suffix.lower() == ".mkv" else ".mp4"  # whatever else the file is called
        flags, kind = ({}, "matroska") if suffix == ".mkv" else ({"movflags": "faststart"}, "mp4")
        with av.open(str(path), "w", format=kind, options=flags) as container:
            container.metadata["title"] = f"{job.selection.run.env_id} {job.selection.run.run_id}"
            stream = _stream(job, container, suffix)
            stream.width, stream.height = canvas.width, canvas.height
            target = stream.pix_fmt
            colours = Colorspace.ITU601 if target == "yuv420p" else None
            # One for all frames: a frame's own `reformat` builds its tables anew, which costs as much as encoding it.
            reformatter = VideoReformatter()
            track = make_soundtrack(job, container, suffix)
            with closing(pictures(job, sound=track is not None)) as shown:
                for picture in shown:
                    frame = av.VideoFrame.from_ndarray(canvas.draw(picture), format="rgb24")
                    if target != "rgb24":
                        frame = reformatter.reformat(frame, format=target, dst_colorspace=colours)
                    container.mux(stream.encode(frame))
                    if track is not None:
                        track.add(picture.sound)
                    job.frames += 1
            container.mux(stream.encode(None))
            if track is not None:
                track.end()
    except av.FFmpegError as error:
        if isinstance(error, OSError) and error.errno:
            raise OSError(error.errno, error.strerror) from error
        raise ExportError(f"The video could not be encoded: {error}.") from error


def _stream(job: ExportJob, container: Any, suffix: str) -> Any:
    rate = frames_a_second(job)
    if not job.options.lossless:
        crf = DEFAULT_CRF if job.options.crf is None else job.options.crf
        stream = container.add_stream("libx264", rate=rate, options={"crf": str(crf), "preset": "veryfast"})
        stream.pix_fmt = "yuv420p"
        stream.codec_context.colorspace = _SMPTE170M
        stream.codec_context.color_range = _LIMITED_RANGE
    elif suffix == ".mkv":
        stream = container.add_stream("ffv1", rate=rate, options={"level": "3", "slicecrc": "1"})
        stream.pix_fmt = "bgr0"
    else:
        stream = container.add_stream("libx264rgb", rate=rate, options={"qp": "0", "preset": "veryfast"})
        stream.pix_fmt = "rgb24"
    stream.codec_context.time_base = 1 / rate
    # By itself it cuts each small picture into slices, which is slower and makes larger files.
    stream.codec_context.thread_type = "AUTO"
    return stream
