//! Deadlines → iCalendar (RFC 5545): the same deadlines give the same bytes.

use chrono::{DateTime, TimeDelta, Utc};
use icalendar::parser::unfold;
use icalendar::{Alarm, Calendar, Component, Event, EventLike, Property};

/// Longest line, in octets.
const LINE: usize = 75;
/// Longest text of one property, in characters.
const LONGEST: usize = 1_000;

/// A deadline as an entry of somebody's own calendar.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The same for the same deadline, whenever it is written; unique everywhere.
    pub uid: String,
    /// When it ends.
    pub at: DateTime<Utc>,
    /// When what it says became so.
    pub stamp: DateTime<Utc>,
    /// One line that names no person but its reader.
    pub summary: String,
    /// More about it, of several lines.
    pub description: String,
    /// The page of the case.
    pub url: String,
}

impl Entry {
    fn event(&self) -> Event {
        let (summary, description) = (clean(&self.summary), clean(&self.description));
        let mut alarm = Alarm::display(&summary, -TimeDelta::days(1));
        // The library would write the instant of writing and a random id, and a day as 86,400 seconds.
        alarm.add_property("TRIGGER", "-P1D").timestamp(self.stamp).uid(&format!("alarm-{}", self.uid));
        let mut event = Event::new();
        event.uid(&self.uid).timestamp(self.stamp).starts(self.at);
        event.summary(&summary).description(&description).url(&self.url);
        // Nobody is busy at a deadline.
        event.append_property(Property::new("TRANSP", "TRANSPARENT"));
        event.alarm(alarm);
        event.done()
    }
}

/// A calendar that others subscribe to, by its name.
pub fn feed(name: &str, entries: &[Entry]) -> String {
    let mut calendar = head();
    // No list of texts is expected here, so that the library leaves the separators of one as they are.
    let name = clean(name).replace(['\\', ',', ';'], " ");
    calendar.append_property(Property::new("X-WR-CALNAME", name));
    calendar.append_property(Property::new("X-PUBLISHED-TTL", "PT1H"));
    calendar
        .append_property(Property::new("REFRESH-INTERVAL", "PT1H").add_parameter("VALUE", "DURATION").done());
    calendar.extend(entries.iter().map(Entry::event));
    written(&calendar)
}

/// One deadline to be put into a calendar by hand; nobody is asked for an answer (RFC 5546 §3.2.1).
pub fn published(entry: &Entry) -> String {
    let mut calendar = head();
    calendar.append_property(Property::new("METHOD", "PUBLISH"));
    calendar.push(entry.event());
    written(&calendar)
}

fn head() -> Calendar {
    let mut calendar = Calendar::empty();
    for (name, value) in
        [("VERSION", "2.0"), ("PRODID", "-//Sojourn//Sojourn//EN"), ("CALSCALE", "GREGORIAN")]
    {
        calendar.append_property(Property::new(name, value));
    }
    calendar
}

/// The calendar in lines of at most 75 octets (RFC 5545 §3.1); the library makes some of 76.
fn written(calendar: &Calendar) -> String {
    let mut text = String::new();
    for line in unfold(&calendar.to_string()).split("\r\n").filter(|line| !line.is_empty()) {
        let mut octets = 0;
        for letter in line.chars() {
            if octets + letter.len_utf8() > LINE {
                text.push_str("\r\n ");
                octets = 1;
            }
            text.push(letter);
            octets += letter.len_utf8();
        }
        text.push_str("\r\n");
    }
    text
}

/// A text in which nothing ends a line but its own line breaks, and nothing turns the reading direction.
fn clean(text: &str) -> String {
    let turns = |letter: char| matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}');
    let shown = |letter: char| match letter {
        '\n' => '\n',
        '\u{2028}' | '\u{2029}' => ' ',
        letter if letter.is_control() => ' ',
        letter => letter,
    };
    text.chars().filter(|letter| !turns(*letter)).map(shown).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> Entry {
        Entry {
            uid: "019a7c3e-main-student@sojourn.example".to_owned(),
            at: "2026-09-08T21:59:59Z".parse().unwrap(),
            stamp: "2026-09-01T08:00:00Z".parse().unwrap(),
            summary: "ABC234: Accept, or decline\r\nBEGIN:VEVENT\u{202e}".to_owned(),
            description: "招收學校須於期限內回覆；".repeat(20),
            url: "https://sojourn.example/cases/019a7c3e".to_owned(),
        }
    }

    #[test]
    fn lines_are_folded_texts_are_escaped_and_nothing_else_is_an_entry() {
        let text = feed("Alliance, all", &[entry()]);
        assert!(text.split("\r\n").all(|line| line.len() <= 75 && !line.contains(['\r', '\n'])), "{text}");
        let read: Calendar = text.parse().unwrap();
        let events: Vec<&Event> = read.events().collect();
        assert_eq!(events.len(), 1);
        assert_eq!(events[0].get_summary(), Some("ABC234: Accept, or decline \nBEGIN:VEVENT"));
        assert_eq!(events[0].get_description(), Some(entry().description.as_str()));
        assert!(text.contains("\r\nSUMMARY:ABC234: Accept\\, or decline \\nBEGIN:VEVENT\r\n"), "{text}");
        assert!(text.contains("\r\nDTSTART:20260908T215959Z\r\n"), "{text}");
        assert!(text.contains("\r\nTRIGGER:-P1D\r\n"), "{text}");
    }

    #[test]
    fn a_line_of_any_length_is_folded_where_it_must_be() {
        for length in 0..300 {
            let summary = "a word, ü 期".chars().cycle().take(length).collect::<String>();
            let text = published(&Entry { summary: summary.clone(), ..entry() });
            assert!(text.split("\r\n").all(|line| line.len() <= 75), "{length}: {text}");
            let read: Calendar = text.parse().unwrap();
            let read: Vec<&Event> = read.events().collect();
            assert_eq!(read[0].get_summary(), Some(summary.as_str()), "{length}");
        }
    }

    #[test]
    fn the_same_deadline_gives_the_same_bytes() {
        assert_eq!(published(&entry()), published(&entry()));
        assert!(published(&entry()).contains("\r\nMETHOD:PUBLISH\r\n"));
    }
}
