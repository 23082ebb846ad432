"""Public keys of compartments at the fake medical centre; see `fake`."""

from consent.errors import ConsentError
from consent.publication import verify_publication
from services.contracts.medical.fake_rules import FakePerson, refusal
from services.contracts.medical.messages import CompartmentKeys, CompartmentSearch, Publication, Publications


def publish(message: Publication, person: FakePerson) -> Publications:
    """See `Medical`."""
    try:
        published = verify_publication(message.publication, person.wallet, person.subject)
    except ConsentError:
        raise refusal(403, "publication_not_verified") from None
    newest = {place: each.version for place, each in person.newest().items()}
    for each in sorted(published.keys):
        place = (each.category.value, each.year)
        if each.version != newest.get(place, 0) + 1:
            raise refusal(409, "label_taken")
        newest[place] = each.version
    person.tokens.append(message.publication)
    person.publications.append(published)
    return Publications(publications=list(person.tokens))


def search(message: CompartmentSearch, person: FakePerson) -> CompartmentKeys:
    """See `Medical`."""
    newest = person.newest()
    if message.compartments is not None:
        asked = {(each.category.value, each.year) for each in message.compartments}
        newest = {place: label for place, label in newest.items() if place in asked}
    labels = set(newest.values())
    tokens = [
        text
        for text, told in zip(person.tokens, person.publications, strict=True)
        if labels & told.keys.keys()
    ]
    opened = {f"{category}/{year}": each.label for (category, year), each in newest.items()}
    return CompartmentKeys(publications=tokens, open=opened)
