//! Letters about an account: invitations, links, what was changed, who stands in, who cannot be reached.

use chrono::{Days, TimeDelta};
use chrono_tz::Tz;
use sojourn_engine::ids::{
    AgreementId, BalanceStatementId, CaseId, ChairTermId, NoticeId, PersonId, TokenId,
};

use super::{Kind, LONG_HOME, Sample, id, queued};
use crate::app::notices::{
    AbsenceNotice, AccountNotice, BalanceNotice, CheckpointNotice, HandOverNotice, Letter, LinkNotice,
    MessageNotice, NoticeFacts, Reader, UnreachableNotice,
};

/// Notices that tell of a change.
const CHANGES: [&str; 7] = [
    "password_changed",
    "email_changed",
    "second_factor_added",
    "second_factor_removed",
    "recovery_code_used",
    "log_in_linked",
    "log_in_removed",
];

/// Others that ask for nothing.
const TOLD: [&str; 6] = [
    "stand_in",
    "checkpoint",
    "chair_handed_over",
    "balance_confirmed",
    "balance_settled",
    "message_received",
];

/// Samples of all of them.
pub(super) fn samples() -> Vec<Sample> {
    let mut samples = vec![
        sample("invitation", Kind::Usual, NoticeFacts::Invitation(link(Some("Universität Lindenau")))),
        sample("invitation", Kind::Bare, NoticeFacts::Invitation(link(None))),
        sample("invitation", Kind::Full, NoticeFacts::Invitation(link(Some(LONG_HOME)))),
        sample("address_unreachable", Kind::Usual, NoticeFacts::Unreachable(unreachable())),
        sample("stand_in", Kind::Usual, NoticeFacts::Absence(away())),
        sample("checkpoint", Kind::Usual, NoticeFacts::Checkpoint(checkpoint())),
        sample("chair_handed_over", Kind::Usual, NoticeFacts::HandOver(Box::new(hand_over()))),
        sample("message_received", Kind::Usual, NoticeFacts::Message(written(true))),
        sample("message_received", Kind::Full, NoticeFacts::Message(written(false))),
        balance_sample("balance_to_confirm"),
        balance_sample("balance_confirmed"),
        balance_sample("balance_disputed"),
        balance_sample("balance_settled"),
        sample("password_reset", Kind::Usual, NoticeFacts::PasswordReset(link(None))),
        sample("email_change_present", Kind::Usual, NoticeFacts::EmailPresent(link(None))),
        sample("email_change_next", Kind::Usual, NoticeFacts::EmailNext(link(None))),
        sample("sign_up", Kind::Usual, NoticeFacts::SignUp(link(Some("Universität Lindenau")))),
    ];
    for notice in CHANGES {
        samples.push(sample(
            notice,
            Kind::Usual,
            NoticeFacts::Account(change("Firefox, Linux", "192.0.2.*")),
        ));
        samples.push(sample(notice, Kind::Bare, NoticeFacts::Account(change("", ""))));
    }
    samples
}

fn sample(notice: &str, kind: Kind, facts: NoticeFacts) -> Sample {
    let changed = CHANGES.contains(&notice);
    let tells = changed || TOLD.contains(&notice);
    let letter = Letter {
        id: NoticeId::from(id(900)),
        notice: notice.to_owned(),
        action: !tells,
        queued_at: queued(),
        facts,
        reader: Reader {
            name: "Anna Graf".to_owned(),
            address: "anna@student.example".to_owned(),
            language: String::new(),
            zone: Tz::Europe__Berlin,
            applicant: false,
        },
        student: matches!(notice, "address_unreachable" | "stand_in")
            .then(|| "Ya-Ting Lin 林雅婷".to_owned()),
        definition: None,
        link: match notice {
            "address_unreachable" | "checkpoint" => "https://sojourn.example/".to_owned(),
            "message_received" => format!("https://sojourn.example/cases/{}/messages", id(1)),
            "chair_handed_over" | "stand_in" => {
                "https://sojourn.example/cases?waiting_for_me=true".to_owned()
            }
            _ if notice.starts_with("balance_") => {
                format!("https://sojourn.example/agreements/{}/statements/{}", id(79), id(78))
            }
            _ if changed => "https://sojourn.example/account".to_owned(),
            _ => "https://sojourn.example/invitation?token=AZp8PlsfeiCMRA".to_owned(),
        },
        delegate: None,
        unsubscribe: None,
        digest: Vec::new(),
        enclosed: None,
    };
    Sample { workflow: "account".to_owned(), kind, letter }
}

fn link(institution: Option<&str>) -> LinkNotice {
    LinkNotice {
        token: TokenId::from(id(4)),
        expires_at: queued() + TimeDelta::days(14),
        institution: institution.map(str::to_owned),
    }
}

fn change(agent: &str, network: &str) -> AccountNotice {
    AccountNotice { at: queued(), agent: agent.to_owned(), network: network.to_owned() }
}

fn checkpoint() -> CheckpointNotice {
    CheckpointNotice { number: 214, at: queued(), cases: 1_204, steps: 15_318 }
}

fn hand_over() -> HandOverNotice {
    let day = |days| queued().date_naive() + Days::new(days);
    HandOverNotice {
        term: ChairTermId::from(id(77)),
        from_on: day(0) - Days::new(365),
        until_on: day(0) - Days::new(1),
        institution: LONG_HOME.to_owned(),
        next: Some(("Universitas Gadjah Mada".to_owned(), day(0))),
        waiting: 2,
        references: vec!["SJ-7K2M-Q".to_owned(), "SJ-8P4R-T".to_owned()],
        drafts: vec!["student-exchange 4".to_owned()],
    }
}

fn balance_sample(notice: &str) -> Sample {
    let facts = BalanceNotice {
        agreement: Some(AgreementId::from(id(79))),
        statement: BalanceStatementId::from(id(78)),
        as_of: queued(),
        side: LONG_HOME.to_owned(),
        sides: [LONG_HOME.to_owned(), "Universitas Gadjah Mada".to_owned()],
        dispute: Some("We count 103 sent, you 114 received.\nTwo withdrew before they left.".to_owned()),
        settlement: Some("103 are counted.".to_owned()),
    };
    sample(notice, Kind::Usual, NoticeFacts::Balance(Box::new(facts)))
}

fn written(by_applicant: bool) -> MessageNotice {
    let (case, reference) = (CaseId::from(id(1)), "SJ-7K2M-Q".to_owned());
    MessageNotice { case, reference, institution: LONG_HOME.to_owned(), by_applicant }
}

fn away() -> AbsenceNotice {
    let day = |days| queued().date_naive() + Days::new(days);
    AbsenceNotice { person: PersonId::from(id(3)), from_on: day(3), until_on: day(12), institution: None }
}

fn unreachable() -> UnreachableNotice {
    let words = "550 5.1.1 <ya-ting@haifeng.example>: Recipient address rejected: User unknown".to_owned();
    UnreachableNotice { person: PersonId::from(id(3)), words, notice: "nomination_received".to_owned() }
}
