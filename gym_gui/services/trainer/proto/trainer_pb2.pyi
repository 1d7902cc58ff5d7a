from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Pressure(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PRESSURE_UNCHANGED: _ClassVar[Pressure]
    STARVED: _ClassVar[Pressure]
    RESUMED: _ClassVar[Pressure]
PRESSURE_UNCHANGED: Pressure
STARVED: Pressure
RESUMED: Pressure

class HelloRequest(_message.Message):
    __slots__ = ("protocol", "application", "capabilities", "trace")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    APPLICATION_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    protocol: Protocol
    application: str
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    trace: str
    def __init__(self, protocol: _Optional[_Union[Protocol, _Mapping]] = ..., application: _Optional[str] = ..., capabilities: _Optional[_Iterable[str]] = ..., trace: _Optional[str] = ...) -> None: ...

class HelloReply(_message.Message):
    __slots__ = ("protocol", "application", "capabilities", "var_dir_id", "max_message_bytes", "payload_versions", "enforces_schema")
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    APPLICATION_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    VAR_DIR_ID_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    ENFORCES_SCHEMA_FIELD_NUMBER: _ClassVar[int]
    protocol: Protocol
    application: str
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    var_dir_id: str
    max_message_bytes: int
    payload_versions: _containers.RepeatedScalarFieldContainer[int]
    enforces_schema: bool
    def __init__(self, protocol: _Optional[_Union[Protocol, _Mapping]] = ..., application: _Optional[str] = ..., capabilities: _Optional[_Iterable[str]] = ..., var_dir_id: _Optional[str] = ..., max_message_bytes: _Optional[int] = ..., payload_versions: _Optional[_Iterable[int]] = ..., enforces_schema: _Optional[bool] = ...) -> None: ...

class Protocol(_message.Message):
    __slots__ = ("major", "minor")
    MAJOR_FIELD_NUMBER: _ClassVar[int]
    MINOR_FIELD_NUMBER: _ClassVar[int]
    major: int
    minor: int
    def __init__(self, major: _Optional[int] = ..., minor: _Optional[int] = ...) -> None: ...

class SubmitRunRequest(_message.Message):
    __slots__ = ("config_json", "resume_from", "run_id", "judge", "reason")
    CONFIG_JSON_FIELD_NUMBER: _ClassVar[int]
    RESUME_FROM_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    JUDGE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    config_json: str
    resume_from: str
    run_id: str
    judge: bool
    reason: str
    def __init__(self, config_json: _Optional[str] = ..., resume_from: _Optional[str] = ..., run_id: _Optional[str] = ..., judge: _Optional[bool] = ..., reason: _Optional[str] = ...) -> None: ...

class RunRequest(_message.Message):
    __slots__ = ("run_id", "reason")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    reason: str
    def __init__(self, run_id: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class RunReply(_message.Message):
    __slots__ = ("run",)
    RUN_FIELD_NUMBER: _ClassVar[int]
    run: Run
    def __init__(self, run: _Optional[_Union[Run, _Mapping]] = ...) -> None: ...

class PurgeReply(_message.Message):
    __slots__ = ("removed",)
    REMOVED_FIELD_NUMBER: _ClassVar[int]
    removed: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, removed: _Optional[_Iterable[str]] = ...) -> None: ...

class OrderRequest(_message.Message):
    __slots__ = ("run_id", "worker_id", "kind", "detail_json")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DETAIL_JSON_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    worker_id: str
    kind: str
    detail_json: str
    def __init__(self, run_id: _Optional[str] = ..., worker_id: _Optional[str] = ..., kind: _Optional[str] = ..., detail_json: _Optional[str] = ...) -> None: ...

class OrderReply(_message.Message):
    __slots__ = ("order_id",)
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    def __init__(self, order_id: _Optional[int] = ...) -> None: ...

class Run(_message.Message):
    __slots__ = ("run_id", "config_json", "digest", "attempt", "state", "reason", "retention", "priority", "created_at", "started_at", "ended_at", "resumed_from", "restarts", "progress", "host", "gpus", "transitions", "workers", "queue_position", "steps_before")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    CONFIG_JSON_FIELD_NUMBER: _ClassVar[int]
    DIGEST_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    RETENTION_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    RESUMED_FROM_FIELD_NUMBER: _ClassVar[int]
    RESTARTS_FIELD_NUMBER: _ClassVar[int]
    PROGRESS_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    GPUS_FIELD_NUMBER: _ClassVar[int]
    TRANSITIONS_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_POSITION_FIELD_NUMBER: _ClassVar[int]
    STEPS_BEFORE_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    config_json: str
    digest: str
    attempt: int
    state: str
    reason: str
    retention: str
    priority: int
    created_at: str
    started_at: str
    ended_at: str
    resumed_from: str
    restarts: int
    progress: Progress
    host: str
    gpus: _containers.RepeatedScalarFieldContainer[int]
    transitions: _containers.RepeatedCompositeFieldContainer[Transition]
    workers: _containers.RepeatedCompositeFieldContainer[Worker]
    queue_position: int
    steps_before: int
    def __init__(self, run_id: _Optional[str] = ..., config_json: _Optional[str] = ..., digest: _Optional[str] = ..., attempt: _Optional[int] = ..., state: _Optional[str] = ..., reason: _Optional[str] = ..., retention: _Optional[str] = ..., priority: _Optional[int] = ..., created_at: _Optional[str] = ..., started_at: _Optional[str] = ..., ended_at: _Optional[str] = ..., resumed_from: _Optional[str] = ..., restarts: _Optional[int] = ..., progress: _Optional[_Union[Progress, _Mapping]] = ..., host: _Optional[str] = ..., gpus: _Optional[_Iterable[int]] = ..., transitions: _Optional[_Iterable[_Union[Transition, _Mapping]]] = ..., workers: _Optional[_Iterable[_Union[Worker, _Mapping]]] = ..., queue_position: _Optional[int] = ..., steps_before: _Optional[int] = ...) -> None: ...

class Transition(_message.Message):
    __slots__ = ("from_state", "to_state", "at", "reason")
    FROM_STATE_FIELD_NUMBER: _ClassVar[int]
    TO_STATE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    from_state: str
    to_state: str
    at: str
    reason: str
    def __init__(self, from_state: _Optional[str] = ..., to_state: _Optional[str] = ..., at: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Worker(_message.Message):
    __slots__ = ("worker_id", "host", "pid", "last_heartbeat_at", "starved")
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    LAST_HEARTBEAT_AT_FIELD_NUMBER: _ClassVar[int]
    STARVED_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    host: str
    pid: int
    last_heartbeat_at: str
    starved: bool
    def __init__(self, worker_id: _Optional[str] = ..., host: _Optional[str] = ..., pid: _Optional[int] = ..., last_heartbeat_at: _Optional[str] = ..., starved: _Optional[bool] = ...) -> None: ...

class Progress(_message.Message):
    __slots__ = ("steps", "total_steps", "episodes", "mean_return", "steps_per_s", "last_step_at", "frames", "dropped_frames")
    STEPS_FIELD_NUMBER: _ClassVar[int]
    TOTAL_STEPS_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    MEAN_RETURN_FIELD_NUMBER: _ClassVar[int]
    STEPS_PER_S_FIELD_NUMBER: _ClassVar[int]
    LAST_STEP_AT_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FRAMES_FIELD_NUMBER: _ClassVar[int]
    steps: int
    total_steps: int
    episodes: int
    mean_return: float
    steps_per_s: float
    last_step_at: str
    frames: int
    dropped_frames: int
    def __init__(self, steps: _Optional[int] = ..., total_steps: _Optional[int] = ..., episodes: _Optional[int] = ..., mean_return: _Optional[float] = ..., steps_per_s: _Optional[float] = ..., last_step_at: _Optional[str] = ..., frames: _Optional[int] = ..., dropped_frames: _Optional[int] = ...) -> None: ...

class ListRunsRequest(_message.Message):
    __slots__ = ("states", "include_archived", "after_run_id", "limit")
    STATES_FIELD_NUMBER: _ClassVar[int]
    INCLUDE_ARCHIVED_FIELD_NUMBER: _ClassVar[int]
    AFTER_RUN_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    states: _containers.RepeatedScalarFieldContainer[str]
    include_archived: bool
    after_run_id: str
    limit: int
    def __init__(self, states: _Optional[_Iterable[str]] = ..., include_archived: _Optional[bool] = ..., after_run_id: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListRunsReply(_message.Message):
    __slots__ = ("runs", "has_more")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    HAS_MORE_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[Run]
    has_more: bool
    def __init__(self, runs: _Optional[_Iterable[_Union[Run, _Mapping]]] = ..., has_more: _Optional[bool] = ...) -> None: ...

class WatchRunsRequest(_message.Message):
    __slots__ = ("run_ids", "interval_ms")
    RUN_IDS_FIELD_NUMBER: _ClassVar[int]
    INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    run_ids: _containers.RepeatedScalarFieldContainer[str]
    interval_ms: int
    def __init__(self, run_ids: _Optional[_Iterable[str]] = ..., interval_ms: _Optional[int] = ...) -> None: ...

class RunChange(_message.Message):
    __slots__ = ("run", "snapshot")
    RUN_FIELD_NUMBER: _ClassVar[int]
    SNAPSHOT_FIELD_NUMBER: _ClassVar[int]
    run: Run
    snapshot: bool
    def __init__(self, run: _Optional[_Union[Run, _Mapping]] = ..., snapshot: _Optional[bool] = ...) -> None: ...

class ReadLogRequest(_message.Message):
    __slots__ = ("run_id", "worker_id", "offset", "follow")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    FOLLOW_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    worker_id: str
    offset: int
    follow: bool
    def __init__(self, run_id: _Optional[str] = ..., worker_id: _Optional[str] = ..., offset: _Optional[int] = ..., follow: _Optional[bool] = ...) -> None: ...

class LogChunk(_message.Message):
    __slots__ = ("worker_id", "offset", "data")
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    worker_id: str
    offset: int
    data: bytes
    def __init__(self, worker_id: _Optional[str] = ..., offset: _Optional[int] = ..., data: _Optional[bytes] = ...) -> None: ...

class RegisterWorkerRequest(_message.Message):
    __slots__ = ("run", "worker_id", "run_record_json", "spaces_json", "pid", "host", "protocol", "capabilities", "session", "worker_token", "stream")
    RUN_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_RECORD_JSON_FIELD_NUMBER: _ClassVar[int]
    SPACES_JSON_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PROTOCOL_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    SESSION_FIELD_NUMBER: _ClassVar[int]
    WORKER_TOKEN_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    run: str
    worker_id: str
    run_record_json: str
    spaces_json: str
    pid: int
    host: str
    protocol: Protocol
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    session: str
    worker_token: str
    stream: str
    def __init__(self, run: _Optional[str] = ..., worker_id: _Optional[str] = ..., run_record_json: _Optional[str] = ..., spaces_json: _Optional[str] = ..., pid: _Optional[int] = ..., host: _Optional[str] = ..., protocol: _Optional[_Union[Protocol, _Mapping]] = ..., capabilities: _Optional[_Iterable[str]] = ..., session: _Optional[str] = ..., worker_token: _Optional[str] = ..., stream: _Optional[str] = ...) -> None: ...

class RegisterWorkerReply(_message.Message):
    __slots__ = ("run_id", "worker_id", "durable_seq", "credit_bytes", "heartbeat_interval_ms", "capabilities", "max_message_bytes")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    DURABLE_SEQ_FIELD_NUMBER: _ClassVar[int]
    CREDIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_INTERVAL_MS_FIELD_NUMBER: _ClassVar[int]
    CAPABILITIES_FIELD_NUMBER: _ClassVar[int]
    MAX_MESSAGE_BYTES_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    worker_id: str
    durable_seq: int
    credit_bytes: int
    heartbeat_interval_ms: int
    capabilities: _containers.RepeatedScalarFieldContainer[str]
    max_message_bytes: int
    def __init__(self, run_id: _Optional[str] = ..., worker_id: _Optional[str] = ..., durable_seq: _Optional[int] = ..., credit_bytes: _Optional[int] = ..., heartbeat_interval_ms: _Optional[int] = ..., capabilities: _Optional[_Iterable[str]] = ..., max_message_bytes: _Optional[int] = ...) -> None: ...

class HeartbeatRequest(_message.Message):
    __slots__ = ("run_id", "worker_id", "steps", "phase", "cpu_s", "memory_bytes", "spooled_bytes", "dropped_frames", "reports")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    CPU_S_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    SPOOLED_BYTES_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FRAMES_FIELD_NUMBER: _ClassVar[int]
    REPORTS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    worker_id: str
    steps: int
    phase: str
    cpu_s: float
    memory_bytes: int
    spooled_bytes: int
    dropped_frames: int
    reports: _containers.RepeatedCompositeFieldContainer[WorkerReport]
    def __init__(self, run_id: _Optional[str] = ..., worker_id: _Optional[str] = ..., steps: _Optional[int] = ..., phase: _Optional[str] = ..., cpu_s: _Optional[float] = ..., memory_bytes: _Optional[int] = ..., spooled_bytes: _Optional[int] = ..., dropped_frames: _Optional[int] = ..., reports: _Optional[_Iterable[_Union[WorkerReport, _Mapping]]] = ...) -> None: ...

class HeartbeatReply(_message.Message):
    __slots__ = ("orders",)
    ORDERS_FIELD_NUMBER: _ClassVar[int]
    orders: _containers.RepeatedCompositeFieldContainer[ControlOrder]
    def __init__(self, orders: _Optional[_Iterable[_Union[ControlOrder, _Mapping]]] = ...) -> None: ...

class WorkerReport(_message.Message):
    __slots__ = ("run_id", "worker_id", "order_id", "outcome", "detail", "phase")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    DETAIL_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    worker_id: str
    order_id: int
    outcome: str
    detail: str
    phase: str
    def __init__(self, run_id: _Optional[str] = ..., worker_id: _Optional[str] = ..., order_id: _Optional[int] = ..., outcome: _Optional[str] = ..., detail: _Optional[str] = ..., phase: _Optional[str] = ...) -> None: ...

class ControlOrder(_message.Message):
    __slots__ = ("order_id", "kind", "detail_json")
    ORDER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    DETAIL_JSON_FIELD_NUMBER: _ClassVar[int]
    order_id: int
    kind: str
    detail_json: str
    def __init__(self, order_id: _Optional[int] = ..., kind: _Optional[str] = ..., detail_json: _Optional[str] = ...) -> None: ...

class PublishRequest(_message.Message):
    __slots__ = ("run_id", "worker_id", "batch", "legacy", "end", "dropped_frames", "stream")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    LEGACY_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FRAMES_FIELD_NUMBER: _ClassVar[int]
    STREAM_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    worker_id: str
    batch: StepBatch
    legacy: LegacySteps
    end: RunEnd
    dropped_frames: int
    stream: str
    def __init__(self, run_id: _Optional[str] = ..., worker_id: _Optional[str] = ..., batch: _Optional[_Union[StepBatch, _Mapping]] = ..., legacy: _Optional[_Union[LegacySteps, _Mapping]] = ..., end: _Optional[_Union[RunEnd, _Mapping]] = ..., dropped_frames: _Optional[int] = ..., stream: _Optional[str] = ...) -> None: ...

class PublishReply(_message.Message):
    __slots__ = ("accepted_seq", "durable_seq", "credit_bytes", "pressure", "refused", "refused_seq")
    ACCEPTED_SEQ_FIELD_NUMBER: _ClassVar[int]
    DURABLE_SEQ_FIELD_NUMBER: _ClassVar[int]
    CREDIT_BYTES_FIELD_NUMBER: _ClassVar[int]
    PRESSURE_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    REFUSED_SEQ_FIELD_NUMBER: _ClassVar[int]
    accepted_seq: int
    durable_seq: int
    credit_bytes: int
    pressure: Pressure
    refused: str
    refused_seq: int
    def __init__(self, accepted_seq: _Optional[int] = ..., durable_seq: _Optional[int] = ..., credit_bytes: _Optional[int] = ..., pressure: _Optional[_Union[Pressure, str]] = ..., refused: _Optional[str] = ..., refused_seq: _Optional[int] = ...) -> None: ...

class LegacySteps(_message.Message):
    __slots__ = ("seq", "step_json")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    STEP_JSON_FIELD_NUMBER: _ClassVar[int]
    seq: int
    step_json: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, seq: _Optional[int] = ..., step_json: _Optional[_Iterable[str]] = ...) -> None: ...

class RunEnd(_message.Message):
    __slots__ = ("state", "reason", "seq")
    STATE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    state: str
    reason: str
    seq: int
    def __init__(self, state: _Optional[str] = ..., reason: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class StepBatch(_message.Message):
    __slots__ = ("seq", "began_json", "ended_json", "episode_ids", "rows", "episode", "step_index", "agent_ids", "agent", "discrete_actions", "actions", "rewards", "flags", "time_us", "infos", "extras", "frames", "observations", "blocks", "scalars", "payload_version", "space_signature", "vector_metadata_json", "normalization_stats_json", "space_signature_json")
    SEQ_FIELD_NUMBER: _ClassVar[int]
    BEGAN_JSON_FIELD_NUMBER: _ClassVar[int]
    ENDED_JSON_FIELD_NUMBER: _ClassVar[int]
    EPISODE_IDS_FIELD_NUMBER: _ClassVar[int]
    ROWS_FIELD_NUMBER: _ClassVar[int]
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    STEP_INDEX_FIELD_NUMBER: _ClassVar[int]
    AGENT_IDS_FIELD_NUMBER: _ClassVar[int]
    AGENT_FIELD_NUMBER: _ClassVar[int]
    DISCRETE_ACTIONS_FIELD_NUMBER: _ClassVar[int]
    ACTIONS_FIELD_NUMBER: _ClassVar[int]
    REWARDS_FIELD_NUMBER: _ClassVar[int]
    FLAGS_FIELD_NUMBER: _ClassVar[int]
    TIME_US_FIELD_NUMBER: _ClassVar[int]
    INFOS_FIELD_NUMBER: _ClassVar[int]
    EXTRAS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    OBSERVATIONS_FIELD_NUMBER: _ClassVar[int]
    BLOCKS_FIELD_NUMBER: _ClassVar[int]
    SCALARS_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_VERSION_FIELD_NUMBER: _ClassVar[int]
    SPACE_SIGNATURE_FIELD_NUMBER: _ClassVar[int]
    VECTOR_METADATA_JSON_FIELD_NUMBER: _ClassVar[int]
    NORMALIZATION_STATS_JSON_FIELD_NUMBER: _ClassVar[int]
    SPACE_SIGNATURE_JSON_FIELD_NUMBER: _ClassVar[int]
    seq: int
    began_json: _containers.RepeatedScalarFieldContainer[str]
    ended_json: _containers.RepeatedScalarFieldContainer[str]
    episode_ids: _containers.RepeatedScalarFieldContainer[str]
    rows: int
    episode: bytes
    step_index: bytes
    agent_ids: _containers.RepeatedScalarFieldContainer[str]
    agent: bytes
    discrete_actions: bytes
    actions: _containers.RepeatedScalarFieldContainer[bytes]
    rewards: bytes
    flags: bytes
    time_us: bytes
    infos: SparseTexts
    extras: SparseBytes
    frames: bytes
    observations: bytes
    blocks: _containers.RepeatedCompositeFieldContainer[ArrayBlock]
    scalars: Scalars
    payload_version: int
    space_signature: str
    vector_metadata_json: SparseTexts
    normalization_stats_json: SparseTexts
    space_signature_json: str
    def __init__(self, seq: _Optional[int] = ..., began_json: _Optional[_Iterable[str]] = ..., ended_json: _Optional[_Iterable[str]] = ..., episode_ids: _Optional[_Iterable[str]] = ..., rows: _Optional[int] = ..., episode: _Optional[bytes] = ..., step_index: _Optional[bytes] = ..., agent_ids: _Optional[_Iterable[str]] = ..., agent: _Optional[bytes] = ..., discrete_actions: _Optional[bytes] = ..., actions: _Optional[_Iterable[bytes]] = ..., rewards: _Optional[bytes] = ..., flags: _Optional[bytes] = ..., time_us: _Optional[bytes] = ..., infos: _Optional[_Union[SparseTexts, _Mapping]] = ..., extras: _Optional[_Union[SparseBytes, _Mapping]] = ..., frames: _Optional[bytes] = ..., observations: _Optional[bytes] = ..., blocks: _Optional[_Iterable[_Union[ArrayBlock, _Mapping]]] = ..., scalars: _Optional[_Union[Scalars, _Mapping]] = ..., payload_version: _Optional[int] = ..., space_signature: _Optional[str] = ..., vector_metadata_json: _Optional[_Union[SparseTexts, _Mapping]] = ..., normalization_stats_json: _Optional[_Union[SparseTexts, _Mapping]] = ..., space_signature_json: _Optional[str] = ...) -> None: ...

class SparseTexts(_message.Message):
    __slots__ = ("rows", "texts")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    TEXTS_FIELD_NUMBER: _ClassVar[int]
    rows: bytes
    texts: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, rows: _Optional[bytes] = ..., texts: _Optional[_Iterable[str]] = ...) -> None: ...

class SparseBytes(_message.Message):
    __slots__ = ("rows", "values")
    ROWS_FIELD_NUMBER: _ClassVar[int]
    VALUES_FIELD_NUMBER: _ClassVar[int]
    rows: bytes
    values: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, rows: _Optional[bytes] = ..., values: _Optional[_Iterable[bytes]] = ...) -> None: ...

class ArrayBlock(_message.Message):
    __slots__ = ("kind", "first", "count", "dtype", "item_shape", "chunk_items", "compressed", "data")
    KIND_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    ITEM_SHAPE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_ITEMS_FIELD_NUMBER: _ClassVar[int]
    COMPRESSED_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    kind: str
    first: int
    count: int
    dtype: str
    item_shape: _containers.RepeatedScalarFieldContainer[int]
    chunk_items: int
    compressed: bool
    data: bytes
    def __init__(self, kind: _Optional[str] = ..., first: _Optional[int] = ..., count: _Optional[int] = ..., dtype: _Optional[str] = ..., item_shape: _Optional[_Iterable[int]] = ..., chunk_items: _Optional[int] = ..., compressed: _Optional[bool] = ..., data: _Optional[bytes] = ...) -> None: ...

class Scalars(_message.Message):
    __slots__ = ("names", "name", "step", "time_us", "value")
    NAMES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    TIME_US_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    name: bytes
    step: bytes
    time_us: bytes
    value: bytes
    def __init__(self, names: _Optional[_Iterable[str]] = ..., name: _Optional[bytes] = ..., step: _Optional[bytes] = ..., time_us: _Optional[bytes] = ..., value: _Optional[bytes] = ...) -> None: ...

class SubscribeRequest(_message.Message):
    __slots__ = ("run_ids", "frames", "steps", "episodes", "scalars", "max_frames_per_s", "buffer")
    RUN_IDS_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    SCALARS_FIELD_NUMBER: _ClassVar[int]
    MAX_FRAMES_PER_S_FIELD_NUMBER: _ClassVar[int]
    BUFFER_FIELD_NUMBER: _ClassVar[int]
    run_ids: _containers.RepeatedScalarFieldContainer[str]
    frames: bool
    steps: bool
    episodes: bool
    scalars: bool
    max_frames_per_s: int
    buffer: int
    def __init__(self, run_ids: _Optional[_Iterable[str]] = ..., frames: _Optional[bool] = ..., steps: _Optional[bool] = ..., episodes: _Optional[bool] = ..., scalars: _Optional[bool] = ..., max_frames_per_s: _Optional[int] = ..., buffer: _Optional[int] = ...) -> None: ...

class LiveUpdate(_message.Message):
    __slots__ = ("frame", "batch", "episodes", "scalars", "dropped")
    FRAME_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    EPISODES_FIELD_NUMBER: _ClassVar[int]
    SCALARS_FIELD_NUMBER: _ClassVar[int]
    DROPPED_FIELD_NUMBER: _ClassVar[int]
    frame: LiveFrame
    batch: LiveBatch
    episodes: LiveEpisodes
    scalars: LiveScalars
    dropped: int
    def __init__(self, frame: _Optional[_Union[LiveFrame, _Mapping]] = ..., batch: _Optional[_Union[LiveBatch, _Mapping]] = ..., episodes: _Optional[_Union[LiveEpisodes, _Mapping]] = ..., scalars: _Optional[_Union[LiveScalars, _Mapping]] = ..., dropped: _Optional[int] = ...) -> None: ...

class LiveFrame(_message.Message):
    __slots__ = ("run_id", "worker_id", "episode_id", "step_index", "time_us", "height", "width", "channels", "data", "episode_return")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    EPISODE_ID_FIELD_NUMBER: _ClassVar[int]
    STEP_INDEX_FIELD_NUMBER: _ClassVar[int]
    TIME_US_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    EPISODE_RETURN_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    worker_id: str
    episode_id: str
    step_index: int
    time_us: int
    height: int
    width: int
    channels: int
    data: bytes
    episode_return: float
    def __init__(self, run_id: _Optional[str] = ..., worker_id: _Optional[str] = ..., episode_id: _Optional[str] = ..., step_index: _Optional[int] = ..., time_us: _Optional[int] = ..., height: _Optional[int] = ..., width: _Optional[int] = ..., channels: _Optional[int] = ..., data: _Optional[bytes] = ..., episode_return: _Optional[float] = ...) -> None: ...

class LiveBatch(_message.Message):
    __slots__ = ("run_id", "worker_id", "batch")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    BATCH_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    worker_id: str
    batch: StepBatch
    def __init__(self, run_id: _Optional[str] = ..., worker_id: _Optional[str] = ..., batch: _Optional[_Union[StepBatch, _Mapping]] = ...) -> None: ...

class LiveEpisodes(_message.Message):
    __slots__ = ("run_id", "rollup_json")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ROLLUP_JSON_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    rollup_json: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, run_id: _Optional[str] = ..., rollup_json: _Optional[_Iterable[str]] = ...) -> None: ...

class LiveScalars(_message.Message):
    __slots__ = ("run_id", "worker_id", "scalars")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    SCALARS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    worker_id: str
    scalars: Scalars
    def __init__(self, run_id: _Optional[str] = ..., worker_id: _Optional[str] = ..., scalars: _Optional[_Union[Scalars, _Mapping]] = ...) -> None: ...

class FetchFramesRequest(_message.Message):
    __slots__ = ("refs",)
    REFS_FIELD_NUMBER: _ClassVar[int]
    refs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, refs: _Optional[_Iterable[str]] = ...) -> None: ...

class FrameReply(_message.Message):
    __slots__ = ("position", "dtype", "shape", "data", "missing", "missing_reason")
    POSITION_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    MISSING_FIELD_NUMBER: _ClassVar[int]
    MISSING_REASON_FIELD_NUMBER: _ClassVar[int]
    position: int
    dtype: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    data: bytes
    missing: str
    missing_reason: str
    def __init__(self, position: _Optional[int] = ..., dtype: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., data: _Optional[bytes] = ..., missing: _Optional[str] = ..., missing_reason: _Optional[str] = ...) -> None: ...

class ListRecordingsRequest(_message.Message):
    __slots__ = ("run_id", "only_mark")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    ONLY_MARK_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    only_mark: bool
    def __init__(self, run_id: _Optional[str] = ..., only_mark: _Optional[bool] = ...) -> None: ...

class ListRecordingsReply(_message.Message):
    __slots__ = ("summary_json", "mark")
    SUMMARY_JSON_FIELD_NUMBER: _ClassVar[int]
    MARK_FIELD_NUMBER: _ClassVar[int]
    summary_json: _containers.RepeatedScalarFieldContainer[str]
    mark: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, summary_json: _Optional[_Iterable[str]] = ..., mark: _Optional[_Iterable[int]] = ...) -> None: ...

class ListEpisodesRequest(_message.Message):
    __slots__ = ("run_id", "episode", "newest", "table_of", "after_key")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    EPISODE_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIELD_NUMBER: _ClassVar[int]
    TABLE_OF_FIELD_NUMBER: _ClassVar[int]
    AFTER_KEY_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    episode: str
    newest: int
    table_of: _containers.RepeatedScalarFieldContainer[str]
    after_key: int
    def __init__(self, run_id: _Optional[str] = ..., episode: _Optional[str] = ..., newest: _Optional[int] = ..., table_of: _Optional[_Iterable[str]] = ..., after_key: _Optional[int] = ...) -> None: ...

class EpisodesReply(_message.Message):
    __slots__ = ("summary_json", "rollup_json", "table")
    SUMMARY_JSON_FIELD_NUMBER: _ClassVar[int]
    ROLLUP_JSON_FIELD_NUMBER: _ClassVar[int]
    TABLE_FIELD_NUMBER: _ClassVar[int]
    summary_json: _containers.RepeatedScalarFieldContainer[str]
    rollup_json: str
    table: EpisodeColumns
    def __init__(self, summary_json: _Optional[_Iterable[str]] = ..., rollup_json: _Optional[str] = ..., table: _Optional[_Union[EpisodeColumns, _Mapping]] = ...) -> None: ...

class EpisodeColumns(_message.Message):
    __slots__ = ("keys", "runs", "run", "episode_ids", "indices", "started_us", "ended_us", "steps", "returns", "workers", "evaluations", "next_key", "frames")
    KEYS_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    EPISODE_IDS_FIELD_NUMBER: _ClassVar[int]
    INDICES_FIELD_NUMBER: _ClassVar[int]
    STARTED_US_FIELD_NUMBER: _ClassVar[int]
    ENDED_US_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    RETURNS_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    EVALUATIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_KEY_FIELD_NUMBER: _ClassVar[int]
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    keys: _containers.RepeatedScalarFieldContainer[int]
    runs: _containers.RepeatedScalarFieldContainer[str]
    run: _containers.RepeatedScalarFieldContainer[int]
    episode_ids: _containers.RepeatedScalarFieldContainer[str]
    indices: _containers.RepeatedScalarFieldContainer[int]
    started_us: _containers.RepeatedScalarFieldContainer[int]
    ended_us: _containers.RepeatedScalarFieldContainer[int]
    steps: _containers.RepeatedScalarFieldContainer[int]
    returns: _containers.RepeatedScalarFieldContainer[float]
    workers: _containers.RepeatedScalarFieldContainer[str]
    evaluations: _containers.RepeatedScalarFieldContainer[bool]
    next_key: int
    frames: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, keys: _Optional[_Iterable[int]] = ..., runs: _Optional[_Iterable[str]] = ..., run: _Optional[_Iterable[int]] = ..., episode_ids: _Optional[_Iterable[str]] = ..., indices: _Optional[_Iterable[int]] = ..., started_us: _Optional[_Iterable[int]] = ..., ended_us: _Optional[_Iterable[int]] = ..., steps: _Optional[_Iterable[int]] = ..., returns: _Optional[_Iterable[float]] = ..., workers: _Optional[_Iterable[str]] = ..., evaluations: _Optional[_Iterable[bool]] = ..., next_key: _Optional[int] = ..., frames: _Optional[_Iterable[int]] = ...) -> None: ...

class LoadStepsRequest(_message.Message):
    __slots__ = ("run_id", "episode_id", "start", "stop")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    EPISODE_ID_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    STOP_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    episode_id: str
    start: int
    stop: int
    def __init__(self, run_id: _Optional[str] = ..., episode_id: _Optional[str] = ..., start: _Optional[int] = ..., stop: _Optional[int] = ...) -> None: ...

class StepsReply(_message.Message):
    __slots__ = ("batch", "frame_variants", "observation_variants", "worker_id")
    BATCH_FIELD_NUMBER: _ClassVar[int]
    FRAME_VARIANTS_FIELD_NUMBER: _ClassVar[int]
    OBSERVATION_VARIANTS_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    batch: StepBatch
    frame_variants: bytes
    observation_variants: bytes
    worker_id: str
    def __init__(self, batch: _Optional[_Union[StepBatch, _Mapping]] = ..., frame_variants: _Optional[bytes] = ..., observation_variants: _Optional[bytes] = ..., worker_id: _Optional[str] = ...) -> None: ...

class LoadScalarsRequest(_message.Message):
    __slots__ = ("run_id", "names", "after_row", "only_names", "one_page")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    AFTER_ROW_FIELD_NUMBER: _ClassVar[int]
    ONLY_NAMES_FIELD_NUMBER: _ClassVar[int]
    ONE_PAGE_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    names: _containers.RepeatedScalarFieldContainer[str]
    after_row: int
    only_names: bool
    one_page: bool
    def __init__(self, run_id: _Optional[str] = ..., names: _Optional[_Iterable[str]] = ..., after_row: _Optional[int] = ..., only_names: _Optional[bool] = ..., one_page: _Optional[bool] = ...) -> None: ...

class ScalarsReply(_message.Message):
    __slots__ = ("scalars", "row")
    SCALARS_FIELD_NUMBER: _ClassVar[int]
    ROW_FIELD_NUMBER: _ClassVar[int]
    scalars: Scalars
    row: int
    def __init__(self, scalars: _Optional[_Union[Scalars, _Mapping]] = ..., row: _Optional[int] = ...) -> None: ...

class StatusRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class StatusReply(_message.Message):
    __slots__ = ("application", "pid", "host", "started_at", "var_dir", "cpu_percent", "memory_bytes", "memory_total_bytes", "memory_free_bytes", "disk_free_bytes", "gpus", "queues", "running", "waiting", "capacity", "alerts", "sink_fault", "drops", "workers")
    class DropsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: int
        def __init__(self, key: _Optional[str] = ..., value: _Optional[int] = ...) -> None: ...
    APPLICATION_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    VAR_DIR_FIELD_NUMBER: _ClassVar[int]
    CPU_PERCENT_FIELD_NUMBER: _ClassVar[int]
    MEMORY_BYTES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_TOTAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_FREE_BYTES_FIELD_NUMBER: _ClassVar[int]
    DISK_FREE_BYTES_FIELD_NUMBER: _ClassVar[int]
    GPUS_FIELD_NUMBER: _ClassVar[int]
    QUEUES_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    WAITING_FIELD_NUMBER: _ClassVar[int]
    CAPACITY_FIELD_NUMBER: _ClassVar[int]
    ALERTS_FIELD_NUMBER: _ClassVar[int]
    SINK_FAULT_FIELD_NUMBER: _ClassVar[int]
    DROPS_FIELD_NUMBER: _ClassVar[int]
    WORKERS_FIELD_NUMBER: _ClassVar[int]
    application: str
    pid: int
    host: str
    started_at: str
    var_dir: str
    cpu_percent: float
    memory_bytes: int
    memory_total_bytes: int
    memory_free_bytes: int
    disk_free_bytes: int
    gpus: _containers.RepeatedCompositeFieldContainer[Gpu]
    queues: _containers.RepeatedCompositeFieldContainer[Queue]
    running: int
    waiting: int
    capacity: int
    alerts: _containers.RepeatedCompositeFieldContainer[Alert]
    sink_fault: str
    drops: _containers.ScalarMap[str, int]
    workers: _containers.RepeatedCompositeFieldContainer[WorkerState]
    def __init__(self, application: _Optional[str] = ..., pid: _Optional[int] = ..., host: _Optional[str] = ..., started_at: _Optional[str] = ..., var_dir: _Optional[str] = ..., cpu_percent: _Optional[float] = ..., memory_bytes: _Optional[int] = ..., memory_total_bytes: _Optional[int] = ..., memory_free_bytes: _Optional[int] = ..., disk_free_bytes: _Optional[int] = ..., gpus: _Optional[_Iterable[_Union[Gpu, _Mapping]]] = ..., queues: _Optional[_Iterable[_Union[Queue, _Mapping]]] = ..., running: _Optional[int] = ..., waiting: _Optional[int] = ..., capacity: _Optional[int] = ..., alerts: _Optional[_Iterable[_Union[Alert, _Mapping]]] = ..., sink_fault: _Optional[str] = ..., drops: _Optional[_Mapping[str, int]] = ..., workers: _Optional[_Iterable[_Union[WorkerState, _Mapping]]] = ...) -> None: ...

class WorkerState(_message.Message):
    __slots__ = ("run_id", "worker_id", "host", "pid", "phase", "silent_s", "late", "starved", "spooled_bytes")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    WORKER_ID_FIELD_NUMBER: _ClassVar[int]
    HOST_FIELD_NUMBER: _ClassVar[int]
    PID_FIELD_NUMBER: _ClassVar[int]
    PHASE_FIELD_NUMBER: _ClassVar[int]
    SILENT_S_FIELD_NUMBER: _ClassVar[int]
    LATE_FIELD_NUMBER: _ClassVar[int]
    STARVED_FIELD_NUMBER: _ClassVar[int]
    SPOOLED_BYTES_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    worker_id: str
    host: str
    pid: int
    phase: str
    silent_s: float
    late: bool
    starved: bool
    spooled_bytes: int
    def __init__(self, run_id: _Optional[str] = ..., worker_id: _Optional[str] = ..., host: _Optional[str] = ..., pid: _Optional[int] = ..., phase: _Optional[str] = ..., silent_s: _Optional[float] = ..., late: _Optional[bool] = ..., starved: _Optional[bool] = ..., spooled_bytes: _Optional[int] = ...) -> None: ...

class Gpu(_message.Message):
    __slots__ = ("index", "name", "memory_total_bytes", "memory_used_bytes", "utilization_percent", "run_id")
    INDEX_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEMORY_TOTAL_BYTES_FIELD_NUMBER: _ClassVar[int]
    MEMORY_USED_BYTES_FIELD_NUMBER: _ClassVar[int]
    UTILIZATION_PERCENT_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    index: int
    name: str
    memory_total_bytes: int
    memory_used_bytes: int
    utilization_percent: float
    run_id: str
    def __init__(self, index: _Optional[int] = ..., name: _Optional[str] = ..., memory_total_bytes: _Optional[int] = ..., memory_used_bytes: _Optional[int] = ..., utilization_percent: _Optional[float] = ..., run_id: _Optional[str] = ...) -> None: ...

class Queue(_message.Message):
    __slots__ = ("run_id", "depth", "bytes", "lag_s")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    LAG_S_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    depth: int
    bytes: int
    lag_s: float
    def __init__(self, run_id: _Optional[str] = ..., depth: _Optional[int] = ..., bytes: _Optional[int] = ..., lag_s: _Optional[float] = ...) -> None: ...

class Alert(_message.Message):
    __slots__ = ("run_id", "kind", "sentence", "since", "active")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SENTENCE_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    ACTIVE_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    kind: str
    sentence: str
    since: str
    active: bool
    def __init__(self, run_id: _Optional[str] = ..., kind: _Optional[str] = ..., sentence: _Optional[str] = ..., since: _Optional[str] = ..., active: _Optional[bool] = ...) -> None: ...

class ShutdownRequest(_message.Message):
    __slots__ = ("cancel_runs",)
    CANCEL_RUNS_FIELD_NUMBER: _ClassVar[int]
    cancel_runs: bool
    def __init__(self, cancel_runs: _Optional[bool] = ...) -> None: ...

class ShutdownReply(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...
