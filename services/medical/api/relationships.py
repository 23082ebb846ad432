"""Routes of relationships, of staff, and of a person's wish to be watched over."""

from typing import Annotated

from fastapi import APIRouter, Depends

from services.contracts.medical.relationships import (
    DescribeStaff,
    EndRelationship,
    FindRelationships,
    RegisteredRelationship,
    RegisterRelationship,
    RelationshipRegistered,
    Relationships,
    StaffDescribed,
    Watched,
    WatchedUse,
)
from services.kit.access import operator, person
from services.kit.credentials.callers import OperatorCaller, PersonCaller
from services.medical.relating import Relating

Person = Annotated[PersonCaller, Depends(person())]
Keeper = Annotated[OperatorCaller, Depends(operator("keep-relationships"))]


def relationship_routes(relating: Relating) -> APIRouter:
    """Return the router."""
    routes = APIRouter()

    @routes.post("/relationships")
    def register(caller: Keeper, message: RegisterRelationship) -> RelationshipRegistered:
        """Register a relationship with a linked person."""
        return relating.register(caller, message)

    @routes.post("/relationships/search")
    def find(caller: Keeper, message: FindRelationships) -> Relationships:
        """Return the organisation's relationships with a linked person."""
        return relating.find(caller, message)

    @routes.post("/relationships/{name}/end")
    def end(caller: Keeper, name: str, _message: EndRelationship) -> RegisteredRelationship:
        """End a relationship now."""
        return relating.end(caller, name)

    @routes.put("/staff")
    def describe(caller: Keeper, message: DescribeStaff) -> StaffDescribed:
        """Say who belongs to which team."""
        return relating.describe(caller, message)

    @routes.put("/watch")
    def watch(caller: Person, message: Watched) -> Watched:
        """Choose how closely use of the own records is watched."""
        return relating.watch(caller, message)

    @routes.get("/watch")
    def watched(caller: Person) -> WatchedUse:
        """Return what was chosen."""
        return relating.watched(caller)

    return routes
