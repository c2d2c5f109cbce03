//! Text of people, made fit for a header, a subject or a paragraph: no line breaks of its own, nothing invisible that acts.

/// Longest text shown on one line, in characters.
const LINE: usize = 200;
/// Longest text of several lines, in characters.
const BLOCK: usize = 4_000;

/// One line: breaks, controls and runs of blanks become one blank, marks that turn the reading direction vanish.
pub fn line(text: &str) -> String {
    let words =
        text.chars().filter(|letter| !turns(*letter)).map(|letter| if breaks(letter) { ' ' } else { letter });
    let words: String = words.take(4 * LINE).collect();
    shorten(&words.split_whitespace().collect::<Vec<_>>().join(" "), LINE)
}

/// Several lines, each as [`line()`] would have it; empty ones are left out.
pub fn block(text: &str) -> String {
    let text = text.replace("\r\n", "\n");
    let rows = text.split(['\n', '\r', '\u{b}', '\u{c}', '\u{85}', '\u{2028}', '\u{2029}']);
    let rows =
        rows.map(|row| row.chars().filter(|letter| !turns(*letter) && !breaks(*letter)).collect::<String>());
    let rows: Vec<String> = rows.map(|row| row.trim().to_owned()).filter(|row| !row.is_empty()).collect();
    shorten(&rows.join("\n"), BLOCK)
}

/// Line breaks of Unicode, and every control.
fn breaks(letter: char) -> bool {
    letter.is_control() || matches!(letter, '\u{2028}' | '\u{2029}')
}

/// Controls of the bidirectional algorithm (UAX #9 §2), and the byte order mark.
fn turns(letter: char) -> bool {
    matches!(
        letter,
        '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}'
    )
}

/// The text with never more than one empty line between its paragraphs, and none around it.
pub fn gapless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut empty = 0;
    for line in text.trim_matches('\n').lines() {
        empty = if line.trim().is_empty() { empty + 1 } else { 0 };
        if empty < 2 {
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// The text, cut to `most` characters with a mark where it is longer.
pub fn shorten(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((at, _)) => format!("{}…", text[..at].trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_line_break_of_any_kind_survives_in_one_line() {
        let hostile = "Anna\r\nBcc: all@b.example\u{2028}x\u{85}y\0z\u{b}end";
        assert_eq!(line(hostile), "Anna Bcc: all@b.example x y z end");
    }

    #[test]
    fn marks_that_turn_the_reading_direction_vanish() {
        assert_eq!(line("a\u{202e}b\u{2066}c\u{200f}"), "abc");
        assert_eq!(block("a\u{202e}b\n\u{2066}c"), "ab\nc");
    }

    #[test]
    fn a_very_long_name_is_cut_with_a_mark() {
        let cut = line(&"å".repeat(65_536));
        assert_eq!((cut.chars().count(), cut.ends_with('…')), (LINE + 1, true));
    }

    #[test]
    fn paragraphs_stand_one_empty_line_apart() {
        assert_eq!(gapless("\n\none\n\n\n\ntwo\nthree\n\n"), "one\n\ntwo\nthree\n");
    }

    #[test]
    fn a_block_keeps_its_lines_and_loses_its_empty_ones() {
        assert_eq!(block("  one\r\n\r\n\r two\u{2029}three\0 "), "one\ntwo\nthree");
    }
}
