//! Names of files as they are kept and as they are told in a header.

use std::fmt::Write as _;

use unicode_normalization::UnicodeNormalization;

/// The longest name of a file that is kept, in characters.
const LONGEST_NAME: usize = 200;

/// `Content-Disposition` with the name in UTF-8 (RFC 6266 §5, RFC 8187 §3.2).
pub fn attachment(name: &str) -> String {
    let mut value = "attachment; filename*=UTF-8''".to_owned();
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            value.push(char::from(byte));
        } else {
            let _ = write!(value, "%{byte:02X}");
        }
    }
    value
}

/// A file's name, composed (NFC), without folders and without anything that is no visible character.
pub(super) fn plain(name: &str) -> String {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let visible: String = last
        .nfc()
        .filter(|letter| !is_unseen(*letter))
        .map(|letter| if letter.is_control() || "\"<>:|?*".contains(letter) { '_' } else { letter })
        .take(LONGEST_NAME)
        .collect();
    let trimmed = visible.trim_matches(|letter: char| letter.is_whitespace() || letter == '.');
    if trimmed.is_empty() { "document".to_owned() } else { trimmed.to_owned() }
}

/// Letters without a shape, some of which turn the direction of reading: `scan[U+202E]fdp.exe` reads as `scanexe.pdf`.
fn is_unseen(letter: char) -> bool {
    matches!(letter, '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_in_any_script_fits_into_a_header() {
        assert_eq!(attachment("成 1.pdf"), "attachment; filename*=UTF-8''%E6%88%90%201.pdf");
    }

    #[test]
    fn a_name_keeps_its_letters_and_loses_its_folders_and_what_a_system_takes_for_orders() {
        for (given, kept) in [
            ("成績單 2026.pdf", "成績單 2026.pdf"),
            ("../../etc/passwd", "passwd"),
            ("C:\\Users\\Mei\\scan.png", "scan.png"),
            ("a\r\nSet-Cookie: x\".pdf", "a__Set-Cookie_ x_.pdf"),
            ("scan\u{202e}fdp.exe", "scanfdp.exe"),
            ("...", "document"),
            ("", "document"),
            ("re\u{301}sume\u{301}.pdf", "résumé.pdf"),
            ("\u{2067}\u{feff}a\u{0}b\u{85}c.pdf", "a_b_c.pdf"),
        ] {
            assert_eq!(plain(given), kept);
        }
        assert_eq!(plain(&"x".repeat(500)).len(), LONGEST_NAME);
    }
}
