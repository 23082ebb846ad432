"""What was asked of an anonymisation, what is guaranteed and what it cost."""

from collections.abc import Mapping

import numpy as np

from anonymize.classes import Codes
from anonymize.coding import Recoding
from anonymize.evaluation import Evaluator


def report(
    evaluator: Evaluator,
    recoding: Recoding,
    *,
    loss: float,
    levels: Mapping[str, int],
    suppression_limit: float,
    search: Mapping[str, object],
) -> dict[str, object]:
    """Describe a recoding as JSON-able values, none of them from the table."""
    table = evaluator.table
    before = evaluator.classes([0] * len(table.columns))
    sizes = released_sizes(recoding)
    return {
        "asked": {
            "models": [model.describe() for model in evaluator.models],
            "suppression_limit": suppression_limit,
        },
        "rows": table.row_count,
        "suppressed": recoding.suppressed_rows,
        "suppressed_block": _block(evaluator, recoding),
        "levels": dict(levels),
        "loss": {"total": loss, "columns": evaluator.column_losses(recoding)},
        "classes": {
            "count": len(sizes),
            "smallest": int(sizes.min()),
            "largest": int(sizes.max()),
            "average": float(sizes.mean()),
        },
        "prosecutor_risk": {
            "before": {
                "highest": float(1 / before.sizes.min()),
                "average": len(before.sizes) / table.row_count,
            },
            "after": {"highest": float(1 / sizes.min()), "average": len(sizes) / table.row_count},
        },
        "search": dict(search),
    }


def released_sizes(recoding: Recoding) -> Codes:
    """The rows of each published class, the block of suppressed rows last if there is one."""
    kept = recoding.sizes[~recoding.suppressed]
    return np.append(kept, recoding.suppressed_rows) if recoding.suppressed_rows else kept


def _block(evaluator: Evaluator, recoding: Recoding) -> list[dict[str, object]]:
    if not recoding.suppressed_rows:
        return []
    verdicts = zip(evaluator.models, evaluator.block_verdicts(recoding), strict=True)
    return [{**model.describe(), "satisfied": passes} for model, passes in verdicts]
