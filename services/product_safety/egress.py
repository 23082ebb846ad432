"""The only code of the product safety centre that builds something about people for others.

Each function declares which fields go to whom, for what, and takes what was verified as the ground for it.
"""

from services.contracts.product_safety.messages import Notice, RecallProgress, RecallRequest, RecallStatusName
from services.kit.egress import egress
from services.product_safety.model import Counts, Recall
from services.product_safety.store import InboxEntry


@egress(
    to="the maker",
    fields="the recall's state and three counts; no pseudonym, no article, nothing per owner",
    purpose="effectiveness of the recall",
    ground="the maker started this very recall",
    answers=("GET /recalls/{recall}",),
)
def progress(own: Recall, counts: Counts) -> RecallProgress:
    """Return how far a recall has come."""
    return RecallProgress(
        status=RecallStatusName(own.state.value),
        owners=counts.owners,
        notified=counts.notified,
        read=counts.read,
    )


@egress(
    to="the owner",
    fields="what the maker published, the article, when notified and read",
    purpose="safety of the owner",
    ground="the notice is in the signed-in person's own inbox",
    answers=("GET /inbox",),
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
