//! One Markdown text → HTML and plain text that say the same.
//!
//! What people wrote is escaped before it comes here, so it can be neither markup nor HTML; HTML in a text is shown, not obeyed.

use pulldown_cmark::{Event, Parser, Tag, TagEnd, html};

/// Escapes a value so that Markdown reads it as plain words; its line breaks stay.
pub fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 8);
    for letter in value.chars() {
        match letter {
            '\n' => out.push_str("\\\n"),
            letter if letter.is_ascii_punctuation() => out.extend(['\\', letter]),
            letter => out.push(letter),
        }
    }
    out
}

/// The text as HTML.
pub fn to_html(text: &str) -> String {
    let events = Parser::new(text).map(|event| match event {
        Event::Html(raw) | Event::InlineHtml(raw) => Event::Text(raw),
        event => event,
    });
    let mut out = String::with_capacity(text.len() * 2);
    html::push_html(&mut out, events);
    out
}

/// The text as plain text: paragraphs apart, lists with dashes, links in the open.
pub fn to_text(text: &str) -> String {
    let mut plain = Plain { fresh: true, ..Plain::default() };
    for event in Parser::new(text) {
        plain.take(event);
    }
    plain.out
}

#[derive(Default)]
struct Plain {
    out: String,
    /// Whether the next words begin a line.
    fresh: bool,
    /// Line ends owed before the next words.
    breaks: usize,
    /// What begins each line: marks of the quotes and lists around it.
    indents: Vec<&'static str>,
    /// Next number per open list; `None` for dashes.
    lists: Vec<Option<u64>>,
    link: Option<String>,
}

impl Plain {
    fn take(&mut self, event: Event<'_>) {
        match event {
            Event::Start(tag) => self.open(tag),
            Event::End(tag) => self.close(tag),
            Event::Text(words) | Event::Code(words) | Event::Html(words) | Event::InlineHtml(words) => {
                self.write(&words);
            }
            Event::SoftBreak => self.write(" "),
            Event::HardBreak => self.end_line(1),
            Event::Rule => {
                self.write("---");
                self.end_line(2);
            }
            _ => {}
        }
    }

    fn open(&mut self, tag: Tag<'_>) {
        match tag {
            Tag::BlockQuote(_) => self.indents.push("> "),
            Tag::List(first) => {
                self.end_line(1);
                self.lists.push(first);
            }
            Tag::Item => self.item(),
            Tag::Link { dest_url, .. } => self.link = Some(dest_url.into_string()),
            _ => {}
        }
    }

    fn close(&mut self, tag: TagEnd) {
        match tag {
            TagEnd::Paragraph | TagEnd::Heading(_) | TagEnd::CodeBlock => self.end_line(2),
            TagEnd::BlockQuote(_) => {
                self.indents.pop();
                self.end_line(2);
            }
            TagEnd::List(_) => {
                self.lists.pop();
                self.end_line(2);
            }
            TagEnd::Item => {
                self.indents.pop();
                self.end_line(1);
            }
            TagEnd::Link => {
                if let Some(url) = self.link.take().filter(|url| !self.out.ends_with(url.as_str())) {
                    self.write(&format!(" ({url})"));
                }
            }
            _ => {}
        }
    }

    fn item(&mut self) {
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                *number += 1;
                format!("{}. ", *number - 1)
            }
            Some(None) | None => "- ".to_owned(),
        };
        self.write(&mark);
        self.indents.push("  ");
    }

    fn write(&mut self, words: &str) {
        if std::mem::take(&mut self.fresh) {
            self.out.extend(std::iter::repeat_n('\n', std::mem::take(&mut self.breaks)));
            self.out.extend(self.indents.iter().copied());
        }
        self.out.push_str(words);
    }

    /// Ends the line, if there is one; `breaks` of 2 leave an empty line.
    fn end_line(&mut self, breaks: usize) {
        if !self.out.is_empty() {
            self.fresh = true;
            self.breaks = self.breaks.max(breaks);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_is_neither_markup_nor_html() {
        let hostile = "# *bold* <b>x</b> [a](http://b) &amp; `c`\n===\n1. one\n- two\n    code";
        let text = escape(hostile);
        assert_eq!(to_text(&text), "# *bold* <b>x</b> [a](http://b) &amp; `c`\n===\n1. one\n- two\ncode");
        let html = to_html(&text);
        assert!(!html.contains("<b>") && !html.contains("<a ") && !html.contains("<h1"), "{html}");
        assert!(html.contains("&lt;b&gt;x&lt;/b&gt;") && html.contains("&amp;amp;"), "{html}");
    }

    #[test]
    fn a_quote_keeps_its_mark_on_every_line() {
        let text = format!("Before.\n\n> {}\n\nAfter.", escape("one\ntwo"));
        assert_eq!(to_text(&text), "Before.\n\n> one\n> two\n\nAfter.");
        assert_eq!(
            to_html(&text),
            "<p>Before.</p>\n<blockquote>\n<p>one<br />\ntwo</p>\n</blockquote>\n<p>After.</p>\n"
        );
    }

    #[test]
    fn lists_and_links_stay_readable_without_html() {
        let text =
            "Choices:\n\n1. Prague\n2. Taipei\n\nThen:\n\n- read\n- [answer](https://a.example/x)\n\nEnd.";
        let plain =
            "Choices:\n\n1. Prague\n2. Taipei\n\nThen:\n\n- read\n- answer (https://a.example/x)\n\nEnd.";
        assert_eq!(to_text(text), plain);
    }

    #[test]
    fn html_written_into_a_text_is_shown() {
        assert_eq!(to_html("a <i>b</i>"), "<p>a &lt;i&gt;b&lt;/i&gt;</p>\n");
    }
}
