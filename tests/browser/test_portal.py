"""A person's way through My Portal, in a real browser, over real bodies."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Route
from support.portal_browser import CHROMIUM, FLAGS, PIN, Visit, portal_url

from consent.vocabulary import Body
from services.contracts.identity.messages import Application
from services.gateway.history import history, verify_file

pytestmark = [pytest.mark.browser, pytest.mark.processes]

WITHOUT_ED25519 = """
const own = crypto.subtle.importKey.bind(crypto.subtle);
crypto.subtle.importKey = (format, data, name, ...rest) =>
  name === "Ed25519"
    ? Promise.reject(new DOMException("not here", "NotSupportedError"))
    : own(format, data, name, ...rest);
"""


def test_a_person_sees_everything_that_was_written_down_and_its_proof(visit: Visit) -> None:
    first = visit.scene.people[0]
    known = {f"{each.body}/{each.index}" for each in history(first.person).entries}
    visit.sign_in(first)
    visit.show("all")
    assert known <= visit.entries()
    assert set(visit.cells("proof")) == {"✓ Proved"}
    assert f"{visit.rows.count()} of {visit.rows.count()} entries shown." == visit.status()


def test_a_refusal_is_told_with_who_why_and_for_what(visit: Visit) -> None:
    visit.sign_in(visit.scene.people[0])
    visit.show("refused")
    row = visit.rows.filter(has_text="confirmed").first
    told = row.inner_text()
    assert "Tsubame Bank" in told
    assert "Checking who you are" in told
    assert "✗ Refused" in told
    assert "The person has given no permission for this." in told
    assert "Resident registry" in told


def test_the_saved_evidence_verifies_without_the_portal(visit: Visit) -> None:
    visit.sign_in(visit.scene.people[0])
    visit.show("all")
    with visit.page.expect_download() as download:
        visit.page.click("#save")
    file = visit.folder / "evidence.json"
    download.value.save_as(file)
    verified = verify_file(file, visit.scene.layout.trust).entries
    assert {f"{each.body}/{each.index}" for each in verified} == visit.entries()
    assert download.value.suggested_filename.startswith("sekisho-evidence-")


def test_switching_the_language_keeps_the_history_and_says_all_anew(visit: Visit) -> None:
    visit.sign_in(visit.scene.people[0])
    visit.show("refused")
    shown = visit.entries()
    visit.page.click('[data-language="ja"]')
    assert visit.page.get_attribute("html", "lang") == "ja"
    assert visit.page.title() == "マイポータル – わたしの情報の利用記録"
    assert visit.entries() == shown
    assert "本人の許可がありません。本人に許可を依頼してください。" in "".join(visit.cells("outcome"))
    assert visit.page.get_attribute('[data-language="ja"]', "aria-pressed") == "true"


def test_a_wrong_pin_tells_how_many_tries_are_left_until_the_card_is_locked(visit: Visit) -> None:
    card = visit.card_of(visit.scene.people[1])
    visit.present(card, "0000")
    assert visit.problem() == "Wrong PIN. Tries left: 2."
    assert visit.page.get_attribute("#pin", "aria-invalid") == "true"
    assert visit.page.input_value("#pin") == ""
    visit.page.fill("#pin", "0001")
    visit.page.click("#sign-in-button")
    visit.page.get_by_text("One try is left").wait_for()
    visit.page.fill("#pin", "0002")
    visit.page.click("#sign-in-button")
    visit.page.get_by_text("This card is locked").wait_for()
    visit.page.fill("#pin", PIN)
    visit.page.click("#sign-in-button")
    visit.page.locator("#sign-in-button:enabled").wait_for()
    assert "This card is locked" in visit.problem()
    assert not visit.page.is_visible("#history")


@pytest.mark.parametrize(
    "content", [b"not a card", b"{}", b'{"format":"sekisho-card/1"}', b"\xff\xfe", b"[]", b"null"]
)
def test_a_file_that_is_no_card_is_told_apart(visit: Visit, content: bytes) -> None:
    file = visit.folder / "holiday.json"
    file.write_bytes(content)
    visit.present(file)
    assert visit.problem().startswith("This file is not a card file.")
    assert visit.page.evaluate("document.activeElement.id") == "card"


def test_a_damaged_card_is_told_apart(visit: Visit) -> None:
    person = visit.scene.people[2]
    told = json.loads(visit.card_of(person).read_text())
    wrapped = told["applications"]["authentication"]["wrapped"]
    told["applications"]["authentication"]["wrapped"] = (
        wrapped[:40] + ("A" if wrapped[40] != "A" else "B") + wrapped[41:]
    )
    visit.present(visit.changed_card(person, applications=told["applications"]))
    assert visit.problem().startswith("This card file was changed or is damaged.")


def test_a_card_for_other_centres_is_told_apart_before_anything_is_sent(visit: Visit) -> None:
    person = visit.scene.people[2]
    told = json.loads(visit.card_of(person).read_text())
    told["trust"]["urls"]["medical"] = "https://127.0.0.1:1"
    sent: list[str] = []
    visit.page.on("request", lambda request: sent.append(request.url))
    visit.present(visit.changed_card(person, trust=told["trust"]))
    assert visit.problem().startswith("This card is for other centres than this portal's.")
    assert [url.removeprefix(portal_url(visit.scene)) for url in sent] == ["/config.json"]


def test_missing_entries_are_asked_for(visit: Visit) -> None:
    visit.page.click("#sign-in-button")
    assert visit.problem() == "Choose your card file."
    visit.page.set_input_files("#card", str(visit.card_of(visit.scene.people[2])))
    visit.page.click("#sign-in-button")
    visit.page.get_by_text("Enter your PIN.").wait_for()
    assert visit.page.evaluate("document.activeElement.id") == "pin"


def test_a_centre_that_is_down_is_named_and_the_others_are_shown(visit: Visit) -> None:
    processes = visit.scene.processes
    processes.kill(Body.REGISTRY)
    try:
        visit.sign_in(visit.scene.people[0])
        told = visit.centre("Resident registry")
        assert "no answer" in told
        assert "Resident registry does not answer at the moment." in told
        assert "all proved." in visit.centre("ID centre")
        assert "Resident registry" not in visit.cells("centre")
    finally:
        processes.start([Body.REGISTRY])
    visit.page.click("#refresh")
    visit.page.locator("#centres li", has_text="Resident registry").filter(has_text="all proved").wait_for()


def test_a_changed_entry_is_marked_and_its_centre_named(visit: Visit) -> None:
    def change(route: Route) -> None:
        answer = route.fetch()
        if not answer.ok:  # the centre asks for its nonce first
            route.fulfill(response=answer)
            return
        told = answer.json()
        told["entries"][0]["opening"]["event"]["outcome"] = "permitted, honestly"
        route.fulfill(json=told)

    visit.page.route("**/relay/registry/history", change)
    visit.sign_in(visit.scene.people[0])
    visit.show("all")
    false = visit.page.locator('#entries tr[data-proof="false"]')
    assert false.count() == 1
    assert "✗ Not proved: the text does not match the log entry" in false.inner_text()
    assert "1 of them NOT proved" in visit.centre("Resident registry")


def test_a_browser_that_cannot_check_signatures_says_so(visit: Visit) -> None:
    visit.page.add_init_script(WITHOUT_ED25519)
    visit.page.reload()
    visit.page.locator("html[data-ready]").wait_for()
    visit.sign_in(visit.scene.people[0])
    assert visit.page.is_visible("#no-ed25519")
    assert set(visit.cells("proof")) == {"? In the log; signatures not checked in this browser"}
    assert "the signatures were not checked." in visit.centre("ID centre")
    assert "this browser cannot check their signatures" in visit.page.inner_text("#witnesses")
    assert "name not checked" in "".join(visit.cells("who"))


def test_signing_out_leaves_nothing_in_the_page(visit: Visit) -> None:
    first = visit.scene.people[0]
    visit.sign_in(first)
    (cookie,) = visit.page.context.cookies()
    assert cookie["name"] == "__Host-session"
    assert (cookie["httpOnly"], cookie["secure"], cookie["sameSite"], cookie["expires"]) == (
        True,
        True,
        "Strict",
        -1,
    )
    with visit.page.expect_response("**/session"):
        visit.page.click("#sign-out")
    assert visit.status() == "You are signed out. This page has forgotten your keys and your history."
    assert visit.page.context.cookies() == []
    assert visit.rows.count() == 0
    assert "Tsubame" not in visit.page.content()
    assert not visit.page.is_visible("#history")
    assert visit.page.evaluate("document.activeElement.id") == "sign-in-heading"


def test_a_session_that_ended_asks_to_sign_in_again(visit: Visit) -> None:
    visit.sign_in(visit.scene.people[0])
    visit.page.context.clear_cookies()
    visit.page.click("#refresh")
    visit.page.get_by_text("you were signed out").wait_for()
    assert not visit.page.is_visible("#history")


def test_nothing_of_the_person_is_kept_by_the_browser(visit: Visit, tmp_path: Path) -> None:
    """K7: storage of every kind is empty while signed in."""
    visit.sign_in(visit.scene.people[0])
    kept = visit.page.evaluate(
        """async () => ({
          local: localStorage.length,
          session: sessionStorage.length,
          databases: (await indexedDB.databases()).length,
          caches: (await caches.keys()).length,
          workers: (await navigator.serviceWorker.getRegistrations()).length,
          cookies: document.cookie,
        })"""
    )
    assert kept == {"local": 0, "session": 0, "databases": 0, "caches": 0, "workers": 0, "cookies": ""}


def test_a_page_that_is_left_ends_the_session(visit: Visit) -> None:
    visit.sign_in(visit.scene.people[0])
    visit.page.goto("about:blank")
    for _ in range(100):
        if not visit.page.context.cookies():
            break
        visit.page.wait_for_timeout(100)
    assert visit.page.context.cookies() == []


def test_the_browsers_profile_on_disk_holds_nothing_of_the_person(visit: Visit, tmp_path: Path) -> None:
    """K7: every file of the profile, after the browser was closed while still signed in."""
    first = visit.scene.people[0]
    profile = tmp_path / "profile"
    launch = visit.page.context.browser
    assert launch is not None
    context = launch.browser_type.launch_persistent_context(
        profile,
        executable_path=str(CHROMIUM),
        args=list(FLAGS),
        ignore_https_errors=True,
        locale="en-GB",
    )
    own = Visit(context.new_page(), visit.scene, visit.folder)
    own.page.goto(portal_url(visit.scene))
    own.page.locator("html[data-ready]").wait_for()
    own.sign_in(first)
    assert "Tsubame Bank" in own.page.content()
    secret = context.cookies()[0]["value"]
    context.close()
    card = first.enrolled.card
    wrapped = card.applications[Application.AUTHENTICATION].wrapped
    planted = [card.card, card.file_secret, wrapped, "Tsubame Bank", "sekisho-evidence/1", str(secret)]
    kept = b"".join(file.read_bytes() for file in profile.rglob("*") if file.is_file())
    assert kept
    for text in planted:
        assert text.encode() not in kept, text
        assert text.encode("utf-16-le") not in kept, text


def test_text_cannot_become_a_script(visit: Visit) -> None:
    refused = visit.page.evaluate(
        """() => {
          const tried = [];
          try { document.body.innerHTML = "<img src=x onerror=alert(1)>"; } catch (error) { tried.push(error.name); }
          const script = document.createElement("script");
          try { script.textContent = "window.ran = true"; document.body.append(script); } catch (error) {
            tried.push(error.name);
          }
          return [tried, window.ran === true];
        }"""
    )
    assert refused == [["TypeError", "TypeError"], False]
    assert all("TrustedHTML" in each or "TrustedScript" in each for each in visit.complaints)
    visit.complaints.clear()


def test_a_question_of_a_bank_says_by_which_contract_and_why(visit: Visit) -> None:
    """UC9: in the person's own words for the reason, in both languages."""
    visit.sign_in(visit.scene.people[0])
    visit.show("refused")
    told = "".join(visit.cells("what"))
    assert "Contract: account 1; why: the check that the law asks for regularly." in told
    visit.page.click('[data-language="ja"]')
    assert "契約：account 1、照会の事由：法令で定められた定期的な確認。" in "".join(visit.cells("what"))
