"""Tables of My Portal: sessions, besides what every body has. Nothing here stands for a person."""

from sqlalchemy import BigInteger, Column, LargeBinary, MetaData, Table

from services.kit.columns import clear
from services.kit.context import kit_tables

metadata = MetaData()
KIT = kit_tables(metadata)

session = Table(
    "session",
    metadata,
    Column("id", LargeBinary, primary_key=True, info=clear("hash of a random id; stands for nobody")),
    Column("expires", BigInteger, nullable=False, index=True, info=clear("when the session ends")),
    sqlite_with_rowid=False,
)
