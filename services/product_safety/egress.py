"""The only code of the product safety centre that builds something about people for others.

Each function says which fields go to whom, for what, and takes what was verified as the ground for it.
"""

from services.contracts.product_safety.messages import Notice, RecallProgress, RecallRequest, RecallStatusName
from services.product_safety.model import Counts, Recall
from services.product_safety.store import InboxEntry


def progress(own: Recall, counts: Counts) -> RecallProgress:
    """Return how far a recall has come.

    Fields: its state and three counts; no pseudonym, no article, nothing per owner.
    Purpose: effectiveness of the recall. Recipient: the maker. Ground: the maker started this very recall.
    """
    return RecallProgress(
        status=RecallStatusName(own.state.value),
        owners=counts.owners,
        notified=counts.notified,
        read=counts.read,
    )


def notice_message(entry: InboxEntry) -> Notice:
    """Return one notice as its owner reads it.

    Fields: what the maker published, the article, when notified and read. Purpose: safety of the owner.
    Recipient: the owner. Ground: the notice is in the signed-in person's own inbox.
    """
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
