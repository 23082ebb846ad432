"""Settings of the medical centre."""

from pathlib import Path

from pydantic import Field

from services.kit.settings import BodySettings


class Settings(BodySettings):
    """What the medical centre can be told."""

    statement_max_age_seconds: int = Field(
        60, description="Age above which an access statement is refused.", gt=0, le=300
    )
    same_use_seconds: int = Field(
        600,
        description="How long after a read with a wrong fragment reading it again is the same use of a permission.",
        gt=0,
        le=1800,
    )
    own_records_at_once: int = Field(
        200, description="After how many documents one answer to people about their own records ends.", gt=0
    )
    reencryption_threads: int = Field(
        4, description="Threads that turn capsules into fragments while another body is asked.", gt=0, le=64
    )
    signature_threads: int = Field(
        1, description="Threads that help a large deposit's own to check its signatures.", gt=0, le=64
    )
    large_document_bytes: int = Field(
        2 * 1024**3, description="Largest document taken in segments, bytes as sealed.", gt=0, le=1024**4
    )
    upload_quota_bytes: int = Field(
        16 * 1024**3, description="What one organisation may have uploaded and not deposited, bytes.", gt=0
    )
    upload_hours: int = Field(
        24, description="Age after which what was uploaded and not deposited ends.", gt=0
    )
    sweep_interval_seconds: float = Field(
        3600.0, description="How often uploads that ended and blobs without a row are removed.", gt=0
    )
    ticket_seconds: int = Field(
        3600, description="How long a permitted read lets segments of large documents be fetched.", gt=0
    )
    blob_folder: Path | None = Field(
        None, description="Folder of the segments of large documents; default: blobs/ in the body's folder."
    )
    blob_bucket: str = Field(
        "", description="S3 bucket for the segments of large documents; empty means files in the folder."
    )
    blob_endpoint: str = Field("", description="Address of the S3 service; empty means that of AWS.")
    blob_region: str = Field("us-east-1", description="Region of the bucket.")
    blob_prefix: str = Field("", description="Prefix of the objects' names in the bucket.")
    blob_credentials: Path | None = Field(
        None,
        description="File with the S3 access key's id and its secret, a line each; default: "
        "object-storage.credentials in the key folder.",
    )
    blob_timeout_seconds: float = Field(10.0, description="How long to wait for the S3 service.", gt=0)
    relationship_days: int = Field(
        366,
        description="Longest time for which an organisation may register a relationship with a person.",
        gt=0,
    )
    relationship_grace_days: int = Field(
        14, description="How long after its end a relationship still explains why somebody reads.", ge=0
    )
    watch_interval_seconds: float = Field(
        15.0,
        description="How often new accesses are judged and people are told what stands out.",
        gt=0,
        le=60,
    )
    reads_window_seconds: int = Field(
        600, description="The time over which it is counted whose records one professional opens.", gt=0
    )
    reads_alert_people: int = Field(
        100, description="From how many people in that time on the accesses are flagged.", gt=1
    )
    reads_block_people: int = Field(
        300, description="After how many people in that time a professional is stopped.", gt=1
    )
    reads_block_seconds: int = Field(3600, description="For how long.", gt=0)
    night_from: int = Field(22, description="The hour of Japan's day at which night begins.", ge=0, le=23)
    night_until: int = Field(6, description="The hour of Japan's day at which night ends.", ge=0, le=23)
    sweep_people: int = Field(
        8, description="How many people in the order in which they were registered make a sweep.", gt=2
    )
