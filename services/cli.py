"""`sekisho`: run the story, start the bodies, and do by hand what the story does."""

import click

from services.commands import (
    anonymise,
    auditing,
    bank,
    cards,
    checking,
    links,
    look_up_watch,
    look_ups,
    numbers,
    officials,
    organisation,
    person,
    policies,
    reception,
    running,
    sectors,
    supervisors,
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="sekisho")
def main() -> None:
    """A checkpoint for personal data: shared by permission, sealed end to end, provable by the person."""


for command in (
    running.demo,
    running.up,
    auditing.verify,
    auditing.audit,
    person.history,
    person.inbox,
    person.grant,
    person.permissions,
    person.withdraw,
    organisation.enrol,
    organisation.link,
    organisation.deposit,
    organisation.open_,
    organisation.trade_item,
    organisation.purchase,
    organisation.recall,
    organisation.progress,
    sectors.sector_keys,
    numbers.number,
    numbers.change_number,
    bank.offer,
    bank.agree_account,
    bank.open_,
    bank.verify_confirmation,
    bank.confirm,
    bank.confirm_batch,
    look_ups.look_up,
    look_ups.look_up_batch,
    reception.reception,
    reception.insure,
    look_up_watch.stops,
    look_up_watch.look_up_report,
    look_up_watch.who_looked_me_up,
    look_up_watch.erase_history,
    look_up_watch.erasure_proof,
    links.undo_link,
    links.set_apart,
    links.own_links,
    links.disown_link,
    officials.renew_key,
    cards.card_status,
    cards.change_pin,
    cards.suspension_code,
    cards.suspend_card,
    cards.resume_card,
    cards.revoke_card,
    cards.unlock_card,
    cards.renew_card,
    officials.accredit_operator,
    officials.register,
    policies.policies,
    officials.hand_in,
    officials.report,
    supervisors.new_operator,
    supervisors.present_operator,
    supervisors.propose,
    supervisors.proposals,
    supervisors.approve,
    supervisors.reject,
    cards.recovery_code,
    cards.reissue_card,
    anonymise.suggest,
    anonymise.anonymize,
    anonymise.measure,
    checking.check,
):
    main.add_command(command)

if __name__ == "__main__":
    main()
