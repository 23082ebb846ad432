"""Tables of the product safety centre. `log_index` names the journal entry that holds the digest of a row."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    MetaData,
    String,
    Table,
    UniqueConstraint,
)

from services.kit.columns import clear
from services.kit.context import kit_tables

metadata = MetaData()
KIT = kit_tables(metadata)


def _log_index() -> Column[int]:
    return Column(
        "log_index", BigInteger, nullable=False, info=clear("journal entry of the row's last change")
    )


trade_item = Table(
    "trade_item",
    metadata,
    Column("gtin", String, primary_key=True, info=clear("public number of a kind of article")),
    Column("maker", String, nullable=False, info=clear("organisation that answers for it")),
    Column("name", String, nullable=False, info=clear("public name of the article")),
    _log_index(),
    sqlite_with_rowid=False,
)

product = Table(
    "product",
    metadata,
    Column("gtin", String, primary_key=True, info=clear("kind of article")),
    Column(
        "serial", String, primary_key=True, info=clear("printed on the article; recalls name ranges of it")
    ),
    Column("serial_rank", String, info=clear("the serial as a sortable number")),
    Column("lot", String, info=clear("printed on the article; recalls name it")),
    Column("name", String, info=clear("public name of the article")),
    _log_index(),
    Index("product_by_rank", "gtin", "serial_rank"),
    sqlite_with_rowid=False,
)

ownership = Table(
    "ownership",
    metadata,
    Column("id", String, primary_key=True, info=clear("random id")),
    Column("gtin", String, nullable=False, info=clear("kind of article")),
    Column("serial", String, nullable=False, info=clear("which article")),
    Column(
        "person",
        String,
        nullable=False,
        index=True,
        info=clear("product pseudonym; the inbox is found by it", person=True),
    ),
    Column("seller", String, nullable=False, info=clear("organisation that registered it")),
    Column("purchased_at", BigInteger, nullable=False, info=clear("orders the owners of one article")),
    Column("disclosure", Boolean, nullable=False, info=clear("whether the owner agreed to be disclosed")),
    Column("ended_at", BigInteger, info=clear("tells present owners from former ones")),
    _log_index(),
    ForeignKeyConstraint(["gtin", "serial"], ["product.gtin", "product.serial"]),
    sqlite_with_rowid=False,
)
Index(
    "one_present_owner",
    ownership.c.gtin,
    ownership.c.serial,
    unique=True,
    sqlite_where=ownership.c.ended_at.is_(None),
    postgresql_where=ownership.c.ended_at.is_(None),
)
Index("ownership_by_product", ownership.c.gtin, ownership.c.serial)

recall = Table(
    "recall",
    metadata,
    Column("id", String, primary_key=True, info=clear("random id, known to the maker")),
    Column("maker", String, nullable=False, info=clear("organisation that recalls")),
    Column("number", String, nullable=False, info=clear("published number of the recall")),
    Column("gtin", String, nullable=False, index=True, info=clear("kind of article")),
    Column("content", String, nullable=False, info=clear("published text of the recall and what it covers")),
    Column("state", String, nullable=False, info=clear("dispatching or completed")),
    Column("listed", BigInteger, nullable=False, info=clear("count of owners when the recall started")),
    Column("started_at", BigInteger, nullable=False, info=clear("when the recall started")),
    _log_index(),
    UniqueConstraint("maker", "number", "gtin", name="one_recall_of_a_number"),
    sqlite_with_rowid=False,
)

recall_queue = Table(
    "recall_queue",
    metadata,
    Column(
        "recall", String, ForeignKey("recall.id"), primary_key=True, info=clear("whose owners are waiting")
    ),
    Column(
        "ownership",
        String,
        ForeignKey("ownership.id"),
        primary_key=True,
        info=clear("owner without a notice yet"),
    ),
    sqlite_with_rowid=False,
)

notice = Table(
    "notice",
    metadata,
    Column("id", String, primary_key=True, info=clear("random id")),
    Column("recall", String, ForeignKey("recall.id"), nullable=False, info=clear("what the notice tells")),
    Column(
        "ownership", String, ForeignKey("ownership.id"), nullable=False, info=clear("whose inbox it is in")
    ),
    Column("occasion", String, nullable=False, info=clear("recall or later purchase")),
    Column("created_at", BigInteger, nullable=False, info=clear("when the owner was notified")),
    Column("read_at", BigInteger, info=clear("when the owner read it; the maker sees counts")),
    _log_index(),
    UniqueConstraint("recall", "ownership", name="one_notice_per_owner"),
    Index("notice_by_ownership", "ownership"),
    sqlite_with_rowid=False,
)
