"""The only code that builds what leaves the product safety centre about people.

| to | what | fields | purpose | ground |
|---|---|---|---|---|
| the maker | `progress` | state and three counts | effectiveness of the maker's own recall | the maker started it |
| the owner | `notice_message` | recall text, article, times | safety of the owner | it is their own inbox |
"""

from services.contracts.product_safety.messages import (
    Notice,
    RecallProgress,
    RecallRequest,
    RecallStatusName,
)
from services.product_safety.model import Counts, RecallState
from services.product_safety.store import InboxEntry


def progress(state: RecallState, counts: Counts) -> RecallProgress:
    """Return what a maker learns of its recall: no pseudonym, no article, nothing per owner."""
    return RecallProgress(
        status=RecallStatusName(state.value),
        owners=counts.owners,
        notified=counts.notified,
        read=counts.read,
    )


def notice_message(entry: InboxEntry) -> Notice:
    """Return one notice as its owner reads it."""
    told = RecallRequest.model_validate_json(entry.content).recall
    name = entry.product_name or told.products[0].name
    return Notice(
        id=entry.notice.id,
        recall=entry.notice.recall,
        title=told.title,
        hazard="\n".join(each.name for each in told.hazards),
        remedy="\n".join(each.name for each in told.remedies),
        product=f"{name} (GTIN {entry.gtin}, serial {entry.serial})",
        contact=told.consumer_contact or "",
        url=told.url,
        created_at=entry.notice.created_at,
        read_at=entry.notice.read_at,
    )
