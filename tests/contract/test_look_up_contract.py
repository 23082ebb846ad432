"""What officials rely on of look-ups: the same on the honest fakes and on the real ID centre and registry."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from pathlib import Path

import pytest
from support.identity_fakes import FakeWorld, running_fakes
from support.identity_people import REGISTRY, some_items
from support.identity_wire import refused
from support.identity_world import World, running
from support.look_ups import ADDRESS, BORN, CASE, TASK, Official, appoint, items_of, query

from consent.vocabulary import Body
from services.contracts.oversight.register import Kind, Role
from services.contracts.registry.look_ups import LookUp, LookUpBatch, Query
from services.contracts.registry.messages import RegisterResident

LIMIT, BATCH_LIMIT = 60, 120
UNUSED = "123456789018"


@pytest.fixture(params=["fake", "real"])
def official(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Official]:
    with started(request.param, tmp_path) as world:
        if isinstance(world, FakeWorld):
            world.fake_registry.look_ups.limit = LIMIT
            world.fake_registry.look_ups.batch_limit = BATCH_LIMIT
        city = world.accredit("city", Kind.MUNICIPALITY, Role.REGISTRAR, Role.INQUIRER)
        yield Official(world, city)


def started(kind: str, folder: Path) -> AbstractContextManager[World]:
    limits = {"inquirer_look_ups": LIMIT, "inquirer_batch_rows": BATCH_LIMIT}
    return running_fakes(folder) if kind == "fake" else running(folder, registry_settings=limits)


def test_somebody_is_found_by_number_and_a_number_of_nobody_finds_nobody(official: Official) -> None:
    enrolled = official.enters(items_of("山田 花子"))
    assert official.asks_for_number(enrolled.personal_number) == ["山田 花子"]
    assert official.asks_for_number(UNUSED) == []


def test_tokens_of_numbers_look_alike_and_never_repeat(official: Official) -> None:
    """OL2: nothing tells the organisation whether somebody has a number."""
    enrolled = official.enters(items_of("山田 花子"))
    tokens = official.numbered(enrolled.personal_number, UNUSED, UNUSED)
    tokens += official.numbered(enrolled.personal_number)
    assert len(set(tokens)) == 4
    assert len({len(each) for each in tokens}) == 1


def test_somebody_is_found_by_each_form(official: Official) -> None:
    official.enters(items_of("渡邉 花子"))
    official.enters(items_of("山田 花子"))
    for asked in (
        query("渡辺花子", ADDRESS),
        query("ﾜﾀ*", born=BORN),
        query("渡辺　花子", born=BORN),
        query("渡*", ADDRESS),
        query("渡*", born=BORN),
        query("渡辺*", born=BORN),
        query("渡辺花子", "東京都千代田区一*"),
        query("渡辺花子", "東京都千代田区一番町*"),
    ):
        assert official.asks(asked) == ([] if asked.name and asked.name.text == "ﾜﾀ" else ["渡邉 花子"])


def test_who_moved_is_found_where_they_are_and_not_where_they_were(official: Official) -> None:
    enrolled = official.enters(items_of("山田 花子"))
    token = official.world.name(enrolled.reference, Body.REGISTRY, to=official.at)
    message = RegisterResident(token=token, items=items_of("山田 花子", "東京都港区芝公園4-2-8"))
    official.world.registry(official.at).change(
        message, token=official.world.operator_token(official.at, REGISTRY)
    )
    assert official.asks(query("山*", ADDRESS)) == []
    assert official.asks(query("山*", "東京都港区芝公園四丁目2番8号")) == ["山田 花子"]
    assert official.asks(query("山田花子", born=BORN)) == ["山田 花子"]


def test_anything_less_is_refused(official: Official) -> None:
    for asked, code in (
        (query("山田 花子"), "look_up_name_alone"),
        (query("山*", "東京都千代田区一*"), "look_up_two_prefixes"),
        (query("山田 花子", "東京都千代田区*"), "look_up_behind_municipality"),
        (query("山田 花子", born="1984"), "look_up_birth_date_incomplete"),
    ):
        with refused(code, 403):
            official.asks(asked)


def test_fifty_are_told_and_fifty_one_are_refused(official: Official) -> None:
    """J2"""
    names = [f"佐藤{number}" for number in range(50)]
    for name in names:
        official.enters(items_of(name))
    assert sorted(official.asks(query("佐*", born=BORN))) == sorted(names)
    official.enters(items_of("佐藤50"))
    with refused("too_many_hits", 403):
        official.asks(query("佐*", born=BORN))
    with refused("too_many_hits", 403):
        official.asks(query("佐藤*", ADDRESS))
    assert official.asks(query("佐藤7*", born=BORN)) == ["佐藤7"]


def test_only_an_inquirer_looks_up_and_only_for_a_listed_task(official: Official) -> None:
    world = official.world
    counter = Official(world, world.accredit("counter", Kind.MUNICIPALITY, Role.REGISTRAR))
    for ask in (
        lambda: counter.asks(query("山*", born=BORN)),
        lambda: counter.asks_all(query("山*", born=BORN)),
        lambda: counter.numbered(UNUSED),
    ):
        with refused("role_missing", 403):
            ask()
    with refused("task_not_listed", 403):
        official.asks(query("山*", born=BORN), task="curiosity")


def test_card_that_asks_too_often_is_stopped_for_every_question(official: Official) -> None:
    """J3"""
    official.enters(items_of("山田 花子"))
    for _ in range(LIMIT):
        assert official.asks(query("山*", born=BORN)) == ["山田 花子"]
    for _ in range(2):
        with refused("look_ups_stopped", 403):
            official.asks(query("山*", born=BORN))
    with refused("look_ups_stopped", 403):
        official.asks_all(query("山*", born=BORN))
    colleague = official.world.accredit("colleague", Kind.MUNICIPALITY, Role.INQUIRER)
    assert Official(official.world, colleague).asks(query("山*", born=BORN)) == ["山田 花子"]


def test_two_cards_of_one_human_have_one_limit_and_are_stopped_as_one(official: Official) -> None:
    """J3: an inquirer of two municipalities, and a stop of either card."""
    town = official.world.accredit("town", Kind.MUNICIPALITY, Role.REGISTRAR, Role.INQUIRER)
    pair = [
        replace(official, at=appoint(official.world, at, "one human", Role.INQUIRER))
        for at in (official.at, town)
    ]
    for turn in range(4):
        assert [each.refused for each in pair[turn % 2].asks_all(*[query("山*", born=BORN)] * 30)] == [
            None
        ] * 30
    for each in pair:
        with refused("look_ups_stopped", 403):
            each.asks_all(query("山*", born=BORN))
    assert official.asks(query("山*", born=BORN)) == []


def test_rows_of_a_batch_are_answered_like_single_questions(official: Official) -> None:
    """J11"""
    enrolled = official.enters(items_of("山田 花子"))
    official.enters(items_of("山本 太郎"))
    tokens = official.numbered(enrolled.personal_number, UNUSED)
    told = official.asks_all(
        query("山*", born=BORN),
        query("山田 花子"),
        query("田中*", born=BORN),
        *(Query(token=token) for token in tokens),
    )
    assert [(each.refused, [some.name for some in each.residents]) for each in told] == [
        (None, ["山本 太郎", "山田 花子"]),
        ("look_up_name_alone", []),
        (None, []),
        (None, ["山田 花子"]),
        (None, []),
    ]


def test_batches_have_a_limit_of_their_own(official: Official) -> None:
    asked = [query("山*", born=BORN)] * 100
    assert len(official.asks_all(*asked)) == 100
    assert official.asks(query("山*", born=BORN)) == []
    with refused("look_ups_stopped", 403):
        official.asks_all(*asked)


def test_token_for_a_number_counts_once_for_one_organisation_and_for_nothing_but_look_ups(
    official: Official,
) -> None:
    """Who has a number of somebody cannot act as if they had presented their card, and the other way round."""
    world, enrolled = official.world, official.enters(items_of("山田 花子"))
    first, second = official.numbered(enrolled.personal_number, enrolled.personal_number)
    assert official.asks(Query(token=first)) == ["山田 花子"]
    with refused("replayed", 409):
        official.asks(Query(token=first))
    other = Official(world, world.accredit("other", Kind.MUNICIPALITY, Role.INQUIRER))
    with refused("pseudonym_token_refused", 403):
        other.asks(Query(token=second))
    with refused("pseudonym_token_refused", 403):
        world.registry(official.at).change(
            RegisterResident(token=second, items=some_items()),
            token=world.operator_token(official.at, REGISTRY),
        )
    with refused("pseudonym_token_refused", 403):
        official.asks(Query(token=world.name(enrolled.reference, Body.REGISTRY, to=official.at)))


def test_messages_carry_no_control_characters() -> None:
    """OL7"""
    for text in ("山田\0花子", "山田\n花子", ""):
        with pytest.raises(ValueError, match="1 validation error"):
            query(text, born=BORN)
    with pytest.raises(ValueError, match="1 validation error"):
        LookUpBatch(queries=[], task=TASK, case=CASE, batch="b")
    with pytest.raises(ValueError, match="1 validation error"):
        LookUp(query=query("山*", born=BORN), task=TASK, case="c\0")
