//! What people write into names, titles and notes, as mails that are to harm somebody would have it.

use mailparse::MailHeaderMap;
use sojourn::app::notices::{Letter, NoticeFacts};
use sojourn::mail::RenderError;
use sojourn::mail::samples::{Kind, samples};

use super::{definitions, renderer};

const HEADERS: [&str; 13] = [
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "From",
    "To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "X-Notification-Id",
    "Auto-Submitted",
    "MIME-Version",
    "Content-Type",
];

/// Texts that want to be something else.
fn hostile() -> Vec<String> {
    let short = [
        "x\r\nBcc: all@evil.example\r\n\r\n<html>",
        "x\nX-Evil: yes\rSubject: other",
        "a\u{85}Bcc: b\u{2028}Bcc: c\u{2029}Bcc: d\u{b}e\u{c}f",
        "\u{202e}elttil\u{2066} \u{200f}\u{feff}",
        "nul\0nul\u{1b}[2J\u{7f}",
        "{{ 6 * 7 }}{% include 'base.html' %}{# x #}",
        "<script>alert(1)</script><img src=x onerror=alert(1)>",
        "[press](javascript:alert(1)) **bold** `code` <https://evil.example>",
        "=?utf-8?B?QmNjOiBhQGI=?= \", <all@evil.example>",
        ".\r\n.\r\nMAIL FROM:<x@evil.example>",
    ];
    let long = ["å".repeat(65_536), "x\r\n".repeat(20_000), "\u{202e}".repeat(65_536)];
    short.into_iter().map(str::to_owned).chain(long).collect()
}

fn filled(letter: &Letter, words: &str) -> Letter {
    let mut letter = letter.clone();
    words.clone_into(&mut letter.reader.name);
    letter.student = Some(words.to_owned());
    if let NoticeFacts::Case(facts) = &mut letter.facts {
        for field in [&mut facts.programme, &mut facts.home, &mut facts.reference] {
            words.clone_into(field);
        }
        facts.host = Some(words.to_owned());
        facts.choices = vec![words.to_owned(); 3];
        facts.receipt = Some(words.to_owned());
        if let Some(reason) = &mut facts.reason {
            (reason.text, reason.code) = (words.to_owned(), words.to_owned());
        }
    }
    letter
}

#[test]
fn nothing_that_people_write_becomes_a_header_markup_or_part_of_a_text() {
    let renderer = renderer();
    let usual = samples(&definitions()).into_iter().filter(|sample| sample.kind == Kind::Usual);
    let mut letters = 0;
    for (at, sample) in usual.enumerate() {
        // Long texts are cut alike everywhere: a few notices tell.
        let some = hostile().into_iter().take(if at % 40 == 0 { usize::MAX } else { 10 });
        for words in some {
            for language in renderer.templates().languages() {
                let mut letter = filled(&sample.letter, &words);
                language.clone_into(&mut letter.reader.language);
                let mail = renderer.render(&letter).expect("a mail");
                let place = format!("{} in {language} with {:.60?}", letter.notice, words);
                let parsed = mailparse::parse_mail(&mail.bytes).expect("a mail");
                for header in &parsed.headers {
                    assert!(HEADERS.contains(&header.get_key().as_str()), "{} in {place}", header.get_key());
                    assert!(!header.get_value().contains(acts), "{} in {place}", header.get_value());
                }
                assert_eq!(parsed.headers.get_all_values("To").len(), 1, "{place}");
                assert!(mail.subject.chars().count() <= 201 && !mail.subject.contains(acts), "{place}");
                assert!(mail.bytes.len() < 200_000, "{} bytes: {place}", mail.bytes.len());
                let wire = String::from_utf8_lossy(&mail.bytes).replace("\r\n", "");
                assert!(mail.bytes.is_ascii() && !wire.contains(['\r', '\n', '\0']), "{place}");
                for tag in
                    ["<script", "<img", "<html><", "href=\"javascript", "href=\"https://evil", "<strong>bold"]
                {
                    assert!(!mail.html.contains(tag), "{tag} in {place}: {}", mail.html);
                }
                for text in [&mail.text, &mail.html] {
                    assert!(!text.contains(|letter| acts(letter) && letter != '\n'), "{place}");
                }
                letters += 1;
            }
        }
    }
    assert!(letters > 5_000, "{letters}");
}

/// What breaks a line, is invisible and acts, or turns the reading direction.
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
        || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn what_looks_like_a_template_is_shown_as_it_is() {
    let sample = samples(&definitions())
        .into_iter()
        .find(|one| one.letter.notice == "corrections_needed")
        .expect("a sample");
    let mut letter = filled(&sample.letter, "{{ 6 * 7 }} & {% x %}");
    letter.reader.language = "en".to_owned();
    let mail = renderer().render(&letter).expect("a mail");
    assert!(mail.text.contains("{{ 6 * 7 }} & {% x %}") && !mail.text.contains("42 &"), "{}", mail.text);
    assert!(mail.html.contains("{{ 6 * 7 }} &amp; {% x %}"), "{}", mail.html);
}

#[test]
fn an_address_that_is_none_is_refused_before_anybody_is_asked() {
    let renderer = renderer();
    let sample = samples(&definitions()).remove(0);
    for address in [
        "",
        "kim",
        "kim@",
        "@north.example",
        "a b@north.example",
        "kim@north.example\r\nRCPT TO:<x@evil.example>",
        "kim@north.example, x@evil.example",
        "<kim@north.example>",
        "kim@north example",
        "kim\0@north.example",
    ] {
        let mut letter = sample.letter.clone();
        letter.reader.address = address.to_owned();
        let refused = renderer.render(&letter);
        assert!(matches!(refused, Err(RenderError::Address(_))), "{address:?}: {refused:?}");
    }
}
