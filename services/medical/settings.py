"""Settings of the medical centre."""

from pathlib import Path

from pydantic import Field

from services.kit.settings import BodySettings


class Settings(BodySettings):
    """What the medical centre can be told."""

    statement_max_age_seconds: int = Field(
        60, description="Age above which an access statement is refused.", gt=0, le=300
    )
    own_records_at_once: int = Field(
        200, description="After how many documents one answer to people about their own records ends.", gt=0
    )
    reencryption_threads: int = Field(
        4, description="Threads that turn capsules into fragments while another body is asked.", gt=0, le=64
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
