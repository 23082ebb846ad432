"""The habits of one human who reads with several accounts: none of them hides what was done with another."""

from collections.abc import Sequence
from dataclasses import replace

from services.medical.use_model import Habits, Seen


def united(own: Habits, here: Sequence[Habits], elsewhere: Sequence[Habits]) -> Habits:
    """Return what an access with one account is judged by; `here` are accounts of its organisation, too.

    What is usual by night, and in which order people were registered, is said of one organisation.
    """
    if not here and not elsewhere:
        return own
    newest: dict[str, Seen] = {}
    for each in sorted(
        (seen for habits in (own, *here, *elsewhere) for seen in habits.recent), key=_position
    ):
        newest[each.person] = each
    return Habits(
        nights=sum(each.nights for each in (own, *here)),
        days=sum(each.days for each in (own, *here)),
        recent=tuple(sorted(newest.values(), key=_position)),
        run=max((each.run for each in (own, *here)), key=lambda run: run[-1].position if run else -1),
    )


def own_part(judged: Habits, before: Habits, own: Habits) -> Habits:
    """Return what is kept of an access with one account, which was judged by the habits `before` of all."""
    return replace(
        judged, nights=own.nights + judged.nights - before.nights, days=own.days + judged.days - before.days
    )


def _position(seen: Seen) -> int:
    return seen.position
