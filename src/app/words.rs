//! What commands and problems say in Chinese: each sentence looked up as the code writes it, with what is filled in.

use std::collections::BTreeMap;
use std::sync::LazyLock;

const SOURCE: &str = include_str!("../../templates/problems.zh-Hant.toml");

/// How deep something filled in is itself looked up.
const DEPTH: usize = 3;

struct Words {
    /// Sentences without anything to fill in.
    plain: BTreeMap<String, String>,
    /// Pieces between what is filled in, with the sentence in Chinese; those with most text of their own first.
    filled: Vec<(Vec<String>, String)>,
}

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let all: BTreeMap<String, String> = toml::from_str(SOURCE).unwrap_or_default();
    let (filled, plain): (BTreeMap<_, _>, _) = all.into_iter().partition(|(text, _)| text.contains("{}"));
    let pieces = |text: &str| text.split("{}").map(str::to_owned).collect::<Vec<_>>();
    let mut filled: Vec<_> = filled.iter().map(|(text, other)| (pieces(text), other.clone())).collect();
    filled.sort_by_key(|(pieces, _)| std::cmp::Reverse(pieces.iter().map(String::len).sum::<usize>()));
    Words { plain, filled }
});

/// A sentence or fragment of ours in Chinese; `None` when it has no words there.
pub fn chinese(text: &str) -> Option<String> {
    told(text, DEPTH)
}

fn told(text: &str, depth: usize) -> Option<String> {
    look_up(text, depth).or_else(|| {
        // A message of a command, which a problem makes a sentence of.
        let mut letters = text.strip_suffix('.')?.chars();
        let first: String = letters.next()?.to_lowercase().collect();
        Some(format!("{}。", look_up(&format!("{first}{}", letters.as_str()), depth)?))
    })
}

fn look_up(text: &str, depth: usize) -> Option<String> {
    if let Some(known) = WORDS.plain.get(text) {
        return Some(known.clone());
    }
    let depth = depth.checked_sub(1)?;
    WORDS.filled.iter().find_map(|(pieces, other)| {
        let values = values(pieces, text)?.into_iter();
        let mut said = values.map(|value| told(value, depth).unwrap_or_else(|| value.to_owned()));
        let mut between = other.split("{}");
        let first = between.next()?.to_owned();
        Some(between.fold(first, |text, piece| text + said.next().unwrap_or_default().as_str() + piece))
    })
}

/// What stands between the pieces of a sentence; `None` when the text is another one.
fn values<'t>(pieces: &[String], text: &'t str) -> Option<Vec<&'t str>> {
    let (first, rest) = pieces.split_first()?;
    let (last, between) = rest.split_last()?;
    let mut text = text.strip_prefix(first.as_str())?.strip_suffix(last.as_str())?;
    let mut values = Vec::with_capacity(rest.len());
    for piece in between {
        let (value, after) = text.split_once(piece.as_str())?;
        values.push(value);
        text = after;
    }
    values.push(text);
    Some(values)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_are_read_and_fill_in_as_much_as_the_sentence() {
        let all: BTreeMap<String, String> = toml::from_str(SOURCE).expect("the words are TOML");
        for (text, other) in &all {
            assert_eq!(text.matches("{}").count(), other.matches("{}").count(), "{text}");
        }
    }

    #[test]
    fn what_is_filled_in_is_told_too_where_there_are_words_for_it() {
        assert_eq!(chinese("Sign in first.").as_deref(), Some("請先登入。"));
        assert_eq!(
            chinese("This needs the secretariat.").as_deref(),
            Some("此操作須由下列人員執行：秘書處。")
        );
        assert_eq!(
            chinese("before the call closes: give the dates in order").as_deref(),
            Some("早於徵件截止：請依序填寫日期")
        );
        assert_eq!(chinese("between 1 and 20 characters").as_deref(), Some("須為 1 至 20 個字元"));
        assert_eq!(chinese("nobody has written this"), None);
    }
}
