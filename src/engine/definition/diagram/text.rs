//! Text in a picture: how wide it is at most, where it breaks, and how it is escaped.

/// Width of a text at a size, in hundredths of a unit; a little more than common sans-serif fonts need.
fn hundredths(text: &str, size: i32) -> i32 {
    text.chars().map(|char| em(char) * size).sum()
}

/// Width of a text at a size, rounded up.
pub fn width(text: &str, size: i32) -> i32 {
    (hundredths(text, size) + 99) / 100
}

/// Advance of a character in hundredths of an em: after the metrics of common sans-serif fonts, wide scripts full.
fn em(char: char) -> i32 {
    match char {
        'i' | 'j' | 'l' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 30,
        ' ' | 'f' | 'r' | 't' | 'I' | '(' | ')' | '-' | '/' => 38,
        'm' | 'w' | 'M' | 'W' | '→' | '↺' | '↶' | '@' | '%' => 92,
        'A'..='Z' => 70,
        '\u{0}'..='\u{24f}' => 58,
        '\u{250}'..='\u{1fff}' => 75,
        _ => 102,
    }
}

/// Breaks a text into lines of at most `limit` units: between words, and anywhere in wide scripts and overlong words.
pub fn wrap(text: &str, limit: i32, size: i32) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in pieces(text) {
        let line = lines.last().map_or("", String::as_str);
        if hundredths(line, size) + hundredths(word.trim_end(), size) <= limit * 100 {
            lines.last_mut().into_iter().for_each(|line| line.push_str(word));
        } else {
            break_into(&mut lines, word, limit, size);
        }
    }
    lines.retain(|line| !line.trim().is_empty());
    lines.iter().map(|line| line.trim().to_owned()).collect()
}

fn break_into(lines: &mut Vec<String>, word: &str, limit: i32, size: i32) {
    lines.push(String::new());
    for char in word.chars() {
        let full = lines.last().is_some_and(|line| {
            !line.is_empty() && char != ' ' && hundredths(line, size) + em(char) * size > limit * 100
        });
        if full {
            lines.push(String::new());
        }
        lines.last_mut().into_iter().for_each(|line| line.push(char));
    }
}

/// Words with the space behind them; each wide character is a word, with the closing mark behind it.
fn pieces(text: &str) -> Vec<&str> {
    let wide = |char: char| em(char) > 100;
    let closing = |char: char| "，。、；：）」』／！？,.;:)".contains(char);
    let mut pieces = Vec::new();
    let mut start = 0;
    let mut previous = None;
    for (at, char) in text.char_indices() {
        let breaks = previous.is_some_and(|before: char| {
            char != ' ' && !closing(char) && (before == ' ' || wide(before) || wide(char))
        });
        if breaks {
            pieces.push(&text[start..at]);
            start = at;
        }
        previous = Some(char);
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

    #[test]
    fn words_stay_whole_where_they_fit_and_wide_scripts_break_anywhere() {
        assert_eq!(wrap("Return for corrections", 80, 10), ["Return for", "corrections"]);
        assert_eq!(wrap("已撤回／放棄名額", 42, 10), ["已撤回／", "放棄名額"]);
        assert_eq!(wrap("x".repeat(20).as_str(), 60, 10).concat(), "x".repeat(20));
        assert_eq!(wrap("", 60, 10), Vec::<String>::new());
    }

    #[test]
    fn nothing_of_a_text_reads_as_markup() {
        assert_eq!(escape("<a b=\"c\">&'\u{1}"), "&lt;a b=&quot;c&quot;&gt;&amp;&#39;\u{fffd}");
    }
}
