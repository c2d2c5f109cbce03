//! How a person is called.

/// A whole name: given name first, but as Chinese writes it where both parts are in Han characters. Either may be empty.
pub fn full_name(given: &str, family: &str) -> String {
    if is_han(given) && is_han(family) {
        return format!("{family}{given}");
    }
    format!("{given} {family}").trim().to_owned()
}

fn is_han(text: &str) -> bool {
    let han = |letter| matches!(letter, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}' | '\u{20000}'..='\u{323af}');
    !text.is_empty() && text.chars().all(han)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_as_its_script_has_it() {
        assert_eq!(full_name("Anna", "Walker"), "Anna Walker");
        assert_eq!(full_name("雅婷", "林"), "林雅婷");
        assert_eq!(full_name("Mei", "林"), "Mei 林");
        assert_eq!(full_name("", "林"), "林");
        assert_eq!(full_name("Anna", ""), "Anna");
    }
}
