//! Every notice of every shipped workflow in every language, as samples: what a mail has to say, and how it must not look.

mod hostile;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mailparse::MailHeaderMap;
use sojourn::app::definitions::shipped;
use sojourn::app::notices::{CaseNotice, NoticeFacts};
use sojourn::mail::samples::{Kind, Sample, samples};
use sojourn::mail::{Mail, Renderer, Sender};
use sojourn_engine::definition::{Definition, Resolver};

fn renderer() -> Renderer {
    let from = "Sojourn <sojourn@alliance.example>".parse().expect("a sender");
    let sender = Sender { from, reply_to: None, host: "alliance.example".to_owned() };
    Renderer::open(sender, None).expect("the texts are sound")
}

fn definitions() -> Vec<Arc<Definition>> {
    let parse = |(name, source): (String, String)| {
        Arc::new(Definition::parse(&source).unwrap_or_else(|faults| panic!("{name}: {faults:?}")))
    };
    shipped().into_iter().map(parse).collect()
}

/// Looks at every sample in every language.
fn each(look: impl Fn(&Sample, &str, &Mail)) {
    let renderer = renderer();
    let all = samples(&definitions());
    assert!(all.len() > 500, "{}", all.len());
    for sample in all {
        for language in renderer.templates().languages() {
            let notice = &sample.letter.notice;
            assert!(renderer.templates().has(language, notice), "{notice} has no text in {language}");
            let mut letter = sample.letter.clone();
            language.clone_into(&mut letter.reader.language);
            let mail = renderer.render(&letter);
            let mail =
                mail.unwrap_or_else(|fault| panic!("{notice} in {language}, {:?}: {fault}", sample.kind));
            // Readers of HTML see slashes.
            look(&sample, language, &Mail { html: mail.html.replace("&#x2f;", "/"), ..mail });
        }
    }
}

fn case(sample: &Sample) -> Option<&CaseNotice> {
    if let NoticeFacts::Case(case) = &sample.letter.facts { Some(case) } else { None }
}

/// What a subject begins with, up to its mark.
fn beginning(subject: &str) -> &str {
    subject.split_inclusive([':', '：', '】']).next().unwrap_or_default()
}

#[test]
fn every_notice_that_a_workflow_declares_has_samples_and_every_text_a_notice() {
    let definitions = definitions();
    let sampled: BTreeSet<String> = samples(&definitions).into_iter().map(|one| one.letter.notice).collect();
    let declared = definitions.iter().flat_map(|definition| &definition.notices);
    let missing: Vec<_> =
        declared.map(|notice| &notice.name).filter(|name| !sampled.contains(*name)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "declared, and sent by no step");
    let renderer = renderer();
    for language in renderer.templates().languages() {
        let texts: BTreeSet<&str> = renderer.templates().notices(language).collect();
        let (more, less): (Vec<_>, Vec<_>) = (
            texts.iter().filter(|text| !sampled.contains(**text)).collect(),
            sampled.iter().filter(|name| !texts.contains(name.as_str())).collect(),
        );
        assert!(less.is_empty(), "{language} lacks {less:?}");
        assert!(more.is_empty(), "texts in {language} that nothing sends: {more:?}");
    }
}

#[test]
fn what_asks_for_something_begins_otherwise_than_what_only_tells() {
    let mut beginnings: BTreeMap<(String, bool), BTreeSet<String>> = BTreeMap::new();
    let renderer = renderer();
    for sample in samples(&definitions()).iter().filter(|sample| case(sample).is_some()) {
        for language in renderer.templates().languages() {
            let mut letter = sample.letter.clone();
            language.clone_into(&mut letter.reader.language);
            let subject = renderer.render(&letter).expect("sound").subject;
            let of = beginnings.entry((language.to_owned(), letter.action)).or_default();
            of.insert(beginning(&subject).to_owned());
        }
    }
    for language in renderer.templates().languages() {
        let of = |action| &beginnings[&(language.to_owned(), action)];
        assert_eq!(of(true).len(), 1, "{language}: one beginning for all that asks: {:?}", of(true));
        assert!(of(false).len() <= 2, "{language}: {:?}", of(false));
        assert!(of(true).is_disjoint(of(false)), "{language}: {:?}", of(false));
    }
}

#[test]
fn a_subject_says_for_which_case_and_by_when_and_names_nobody() {
    each(|sample, language, mail| {
        let Some(facts) = case(sample) else { return };
        let place = format!("{} in {language}: {}", sample.letter.notice, mail.subject);
        assert!(mail.subject.contains(&facts.reference), "{place}");
        for name in
            [sample.letter.student.as_deref(), Some(sample.letter.reader.name.as_str())].into_iter().flatten()
        {
            assert!(!mail.subject.contains(name), "{place}");
        }
        let stuck = sample.letter.notice == "deadline_stuck";
        if sample.letter.action && facts.due_at.is_some() && sample.kind == Kind::Usual && !stuck {
            assert!(mail.subject.contains("2027"), "by when: {place}");
        }
        assert!(mail.subject.chars().count() <= 201, "{place}");
    });
}

#[test]
fn a_mail_says_until_when_in_both_zones_what_happens_otherwise_and_who_is_waited_for() {
    each(|sample, language, mail| {
        let (Some(facts), Some(definition)) = (case(sample), &sample.letter.definition) else { return };
        for text in [&mail.text, &mail.html] {
            let place = format!("{} in {language}, {:?}: {text}", sample.letter.notice, sample.kind);
            if let Some(due) = facts.due_at {
                for zone in [
                    sample.letter.reader.zone,
                    facts.zone.as_deref().expect("a zone").parse().expect("a zone"),
                ] {
                    let time = due.with_timezone(&zone).format("%H:%M").to_string();
                    assert!(text.contains(&time), "{time} {zone}: {place}");
                }
                assert!(facts.otherwise.is_some(), "{place}");
            }
            for role in &facts.waiting {
                let role = &definition.roles[definition.role_named(role).expect("a role").at()];
                let you = sample.letter.reader.applicant && role.resolver == Resolver::Applicant;
                let label = role.label.get(language);
                let label = match (you, language) {
                    (false, _) => label,
                    (true, "en") => "Waiting for: you",
                    (true, _) => "您",
                };
                let text = text.replace("<strong>", "").replace("</strong>", "");
                assert!(text.contains(label), "{label}: {place}");
            }
            let state = definition.state_of(&facts.machine, &facts.to);
            assert!(text.contains(state.expect("a state").label.get(language)), "{place}");
        }
    });
}

#[test]
fn a_mail_has_one_button_and_leaves_nothing_unsaid() {
    each(|sample, language, mail| {
        let place = format!("{} in {language}, {:?}", sample.letter.notice, sample.kind);
        assert_eq!(mail.html.matches("class=\"button\"").count(), 1, "{place}");
        assert!(
            mail.text.contains(&sample.letter.link) && mail.html.contains(&sample.letter.link),
            "{place}"
        );
        for text in [&mail.subject, &mail.text, &mail.html] {
            for odd in ["{{", "{%", "undefined", "****", "&amp;amp;", "\\_", "()", "（）", "  )"] {
                assert!(
                    !text.contains(odd) || (odd == "none" && text.contains("style")),
                    "{odd} in {place}: {text}"
                );
            }
        }
        assert!(
            mail.text.lines().all(|line| line.trim_end() == line || line == "-- "),
            "{place}: {:?}",
            mail.text
        );
        assert!(!mail.text.contains("\n\n\n"), "{place}: {}", mail.text);
    });
}

#[test]
fn staff_learn_how_to_hand_on_what_is_asked_of_them_and_nobody_else_does() {
    let asked = std::cell::Cell::new(0);
    each(|sample, language, mail| {
        let shown = mail.text.contains("/absence");
        assert_eq!(shown, sample.letter.delegate.is_some(), "{} in {language}", sample.letter.notice);
        assert_eq!(mail.html.contains("/absence"), shown);
        assert!(!shown || sample.letter.action);
        asked.set(asked.get() + usize::from(shown));
    });
    assert!(asked.get() > 100, "{}", asked.get());
}

#[test]
fn lines_of_a_mail_on_the_wire_are_short_ascii_and_end_with_both_marks() {
    each(|sample, language, mail| {
        let place = format!("{} in {language}, {:?}", sample.letter.notice, sample.kind);
        assert!(mail.bytes.is_ascii(), "{place}");
        let text = String::from_utf8_lossy(&mail.bytes).replace("\r\n", "\u{1}");
        assert!(!text.contains(['\r', '\n']), "a bare CR or LF: {place}");
        assert!(text.split('\u{1}').all(|line| line.len() <= 998), "{place}");
        let parsed = mailparse::parse_mail(&mail.bytes).expect("a mail");
        for part in parsed.parts().filter(|part| part.subparts.is_empty()) {
            let encoding = part.headers.get_first_value("Content-Transfer-Encoding").unwrap_or_default();
            assert!(["base64", "quoted-printable"].contains(&encoding.as_str()), "{encoding} in {place}");
        }
    });
}

#[test]
fn mails_that_can_be_turned_off_say_so_to_reader_and_mail_program() {
    let renderer = renderer();
    let mut letter = samples(&definitions()).remove(0).letter;
    letter.unsubscribe = Some("https://sojourn.example/quiet?t=abc\r\nBcc: all@evil.example".to_owned());
    let mail = renderer.render(&letter).expect("sound");
    let parsed = mailparse::parse_mail(&mail.bytes).expect("a mail");
    let header = |name: &str| parsed.headers.get_first_value(name);
    let page = header("List-Unsubscribe").expect("the header");
    assert_eq!(page, "<https://sojourn.example/quiet?t=abcBcc:all@evil.example>", "a break adds no header");
    assert_eq!(header("List-Unsubscribe-Post").as_deref(), Some("List-Unsubscribe=One-Click"));
    assert_eq!(header("Bcc"), None);
    assert!(mail.text.contains("https://sojourn.example/quiet?t=abc") && mail.html.contains("quiet?t=abc"));
}
