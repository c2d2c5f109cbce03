//! Text in a picture: how wide it is, where it breaks, and how it is escaped.

/// Advances of the printable ASCII characters in Arial and the fonts made to its measure, in hundredths of an em.
const PLAIN: [u8; 95] = [
    28, 28, 35, 56, 56, 89, 67, 19, 33, 33, 39, 58, 28, 33, 28, 28, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56,
    28, 28, 58, 58, 58, 56, 102, 67, 67, 72, 72, 67, 61, 78, 72, 28, 50, 67, 56, 83, 72, 78, 67, 78, 72, 67,
    61, 72, 67, 94, 67, 67, 61, 28, 28, 28, 47, 56, 33, 56, 56, 50, 56, 56, 28, 56, 56, 22, 22, 50, 22, 83,
    56, 56, 56, 56, 33, 50, 28, 56, 50, 72, 50, 50, 50, 33, 26, 33, 58,
];
/// The same in bold.
const BOLD: [u8; 95] = [
    28, 33, 47, 56, 56, 89, 72, 24, 33, 33, 39, 58, 28, 33, 28, 28, 56, 56, 56, 56, 56, 56, 56, 56, 56, 56,
    33, 33, 58, 58, 58, 61, 98, 72, 72, 72, 72, 67, 61, 78, 72, 28, 56, 72, 61, 83, 72, 78, 67, 78, 72, 67,
    61, 72, 67, 94, 67, 67, 61, 33, 28, 33, 58, 56, 33, 56, 61, 56, 61, 56, 33, 61, 61, 28, 28, 56, 28, 89,
    61, 61, 61, 61, 39, 56, 33, 61, 56, 78, 56, 56, 50, 39, 28, 39, 58,
];

/// Size and weight of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Face {
    pub size: i32,
    pub bold: bool,
}

/// Width of a text in hundredths of a unit.
fn hundredths(text: &str, face: Face) -> i32 {
    text.chars().map(|char| em(char, face.bold) * face.size).sum()
}

/// Width of a text, rounded up.
pub fn width(text: &str, face: Face) -> i32 {
    (hundredths(text, face) + 99) / 100
}

/// Whether the width of a text is that of its characters one by one, and known for each of them.
pub fn is_measured(text: &str) -> bool {
    text.chars().all(|char| {
        matches!(char, ' '..='~' | '\u{a0}'..='\u{24f}' | '–' | '…' | '→' | '↺' | '↶') || is_wide(char)
    })
}

/// Whether a character is as wide as high.
fn is_wide(char: char) -> bool {
    matches!(char, '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}' | '\u{f900}'..='\u{faff}' | '\u{ff01}'..='\u{ff60}')
}

/// Advance of a character in hundredths of an em.
fn em(char: char, bold: bool) -> i32 {
    let table = if bold { &BOLD } else { &PLAIN };
    let ascii = u32::from(char).checked_sub(32).and_then(|at| table.get(usize::try_from(at).ok()?));
    match char {
        _ if ascii.is_some() => ascii.copied().map_or(0, i32::from),
        '\u{0}'..='\u{24f}' => 62,
        '\u{250}'..='\u{1fff}' => 75,
        _ => 100,
    }
}

/// Breaks a text into lines of at most `limit` units: between words, and anywhere in wide scripts and overlong words.
///
/// A short last line is filled from the ones before.
pub fn wrap(text: &str, limit: i32, face: Face) -> Vec<String> {
    let lines = filled(text, limit, face);
    let short =
        |lines: &[String]| lines.len() > 1 && lines.last().is_some_and(|last| width(last, face) * 3 < limit);
    let narrower = (1..=8).map(|step| filled(text, limit - limit * step / 20, face));
    let even = narrower.take_while(|even| even.len() == lines.len()).find(|even| !short(even));
    even.filter(|_| short(&lines)).unwrap_or(lines)
}

fn filled(text: &str, limit: i32, face: Face) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in pieces(text) {
        let line = lines.last().map_or("", String::as_str);
        if hundredths(line, face) + hundredths(word.trim_end(), face) <= limit * 100 {
            lines.last_mut().into_iter().for_each(|line| line.push_str(word));
        } else {
            break_into(&mut lines, word, limit, face);
        }
    }
    lines.retain(|line| !line.trim().is_empty());
    lines.iter().map(|line| line.trim().to_owned()).collect()
}

fn break_into(lines: &mut Vec<String>, word: &str, limit: i32, face: Face) {
    lines.push(String::new());
    for char in word.chars() {
        let full = lines.last().is_some_and(|line| {
            !line.is_empty()
                && char != ' '
                && hundredths(line, face) + em(char, face.bold) * face.size > limit * 100
        });
        if full {
            lines.push(String::new());
        }
        lines.last_mut().into_iter().for_each(|line| line.push(char));
    }
}

/// Words with the space behind them, an arrow with what it leads to; each wide character is a word, with the closing mark
/// behind it, and what stands in wide brackets.
fn pieces(text: &str) -> Vec<&str> {
    let wide = |char: char| em(char, false) >= 100 && !char.is_ascii();
    let closing = |char: char| "，。、；：）」』／！？,.;:)".contains(char);
    let mut pieces = Vec::new();
    let mut start = 0;
    let (mut earlier, mut previous) = (None, None);
    let mut within = false;
    for (at, char) in text.char_indices() {
        let breaks = previous.is_some_and(|before: char| {
            let led = before == ' ' && earlier == Some('→');
            char != ' ' && !within && !closing(char) && !led && (before == ' ' || wide(before) || wide(char))
        });
        if breaks {
            pieces.push(&text[start..at]);
            start = at;
        }
        within = char == '（' || within && char != '）';
        (earlier, previous) = (previous, Some(char));
    }
    pieces.push(&text[start..]);
    pieces
}

/// A text as content or attribute of XML 1.0; characters it cannot hold become U+FFFD.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for char in text.chars() {
        match char {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            other => escaped.push(other),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    const FACE: Face = Face { size: 10, bold: false };

    #[test]
    fn words_stay_whole_where_they_fit_and_wide_scripts_break_anywhere() {
        assert_eq!(wrap("Return for corrections", 80, FACE), ["Return for", "corrections"]);
        assert_eq!(wrap("已撤回／放棄名額", 42, FACE), ["已撤回／", "放棄名額"]);
        assert_eq!(wrap("x".repeat(20).as_str(), 60, FACE).concat(), "x".repeat(20));
        assert_eq!(wrap("已分發（待回覆）", 72, FACE), ["已分發", "（待回覆）"]);
        assert_eq!(wrap("Decline → Not placed", 52, FACE), ["Decline", "→ Not", "placed"]);
        assert_eq!(
            wrap("one two three four", 75, FACE),
            ["one two", "three four"],
            "no last line of one short word"
        );
        assert_eq!(wrap("", 60, FACE), Vec::<String>::new());
    }

    #[test]
    fn nothing_of_a_text_reads_as_markup() {
        assert_eq!(escape("<a b=\"c\">&'\u{1}"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\u{fffd}");
    }
}
