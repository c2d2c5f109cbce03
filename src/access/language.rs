//! Which of our languages somebody asks for (RFC 4647 §3.4, lookup).

/// Languages that every text exists in; the first is taken when none fits.
pub const LANGUAGES: &[&str] = &["en", "zh-Hant"];

/// The language of ours that a value of `Accept-Language` likes best; `None` when it likes none.
pub fn liked(accepted: &str) -> Option<&'static str> {
    let mut ranges: Vec<(f32, &str)> = accepted.split(',').filter_map(range).collect();
    ranges.sort_by(|one, other| other.0.total_cmp(&one.0));
    ranges.into_iter().find_map(|(_, tag)| lookup(tag))
}

/// The same, with the first of ours when none is liked.
pub fn of(accepted: &str) -> &'static str {
    liked(accepted).unwrap_or(LANGUAGES[0])
}

fn range(text: &str) -> Option<(f32, &str)> {
    let mut parts = text.split(';').map(str::trim);
    let tag = parts.next().filter(|tag| !tag.is_empty())?;
    let quality = parts.find_map(|part| part.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse().ok())?;
    (quality > 0.0).then_some((quality, tag))
}

fn lookup(tag: &str) -> Option<&'static str> {
    let wanted = tag.to_ascii_lowercase();
    // Chinese is written here in one script, whichever was asked for.
    let primary = wanted.split('-').next()?;
    LANGUAGES.iter().find(|known| known.to_ascii_lowercase().split('-').next() == Some(primary)).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_liked_best_of_those_we_have_is_taken() {
        assert_eq!(of("zh-TW,zh;q=0.9,en;q=0.8"), "zh-Hant");
        assert_eq!(of("fr, en-GB;q=0.7, zh;q=0.2"), "en");
        assert_eq!(of("zh;q=0, en;q=0.1"), "en");
        assert_eq!(of(";;;,q=x"), "en");
        assert_eq!(liked("fr, de;q=0.5"), None);
    }
}
