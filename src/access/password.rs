//! Passwords: what is allowed (NIST SP 800-63B-4 §3.1.1) and how they are kept (Argon2id, OWASP's second set of parameters).
//!
//! Both functions on hashes take tens of milliseconds of one core and 19 MiB: callers bound how many run at a time.

use std::sync::LazyLock;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// Fewest characters of a password that stands alone.
pub const SHORTEST: usize = 15;
/// Fewest characters of a password beside a second factor.
pub const SHORTEST_BESIDE: usize = 8;
/// Most characters of a password.
pub const LONGEST: usize = 256;

/// Memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Passwords that many people choose, of eight characters and more, in lower case and sorted; `LICENCES.txt` beside it says whence.
const COMMON: &str = include_str!("password/common.txt");

/// Fewest characters that must be left of a password without its owner's names.
const OWN: usize = 6;

/// Why a password is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Fewer characters than allowed.
    #[error("use at least {0} characters: a sentence is good")]
    Short(usize),
    /// More characters than [`LONGEST`].
    #[error("use at most {LONGEST} characters")]
    Long,
    /// On the list of common ones, or one short piece repeated.
    #[error("many people use this one: choose another")]
    Common,
    /// Little else than one's own name or address.
    #[error("this is little else than your own name or address: choose another")]
    Own,
}

/// Whose password is to be chosen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owner {
    /// Names and address, which a stranger guesses first.
    pub names: Vec<String>,
    /// Whether a second factor stands beside it.
    pub second_factor: bool,
}

impl Owner {
    /// Fewest characters of their password.
    pub const fn shortest(&self) -> usize {
        if self.second_factor { SHORTEST_BESIDE } else { SHORTEST }
    }

    /// Pieces of names and address in lower case, the longest first, so that each is taken out whole.
    fn words(&self) -> Vec<String> {
        let whole = self.names.iter().map(|name| name.to_lowercase());
        let mut words: Vec<String> = whole
            .flat_map(|name| {
                let pieces = name.split(|letter: char| !letter.is_alphanumeric());
                pieces.map(str::to_owned).chain([name.clone()]).collect::<Vec<_>>()
            })
            .filter(|word| word.chars().count() >= 3)
            .collect();
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        words
    }
}

/// Whether a password may be chosen; there are no rules about which characters.
pub fn check(password: &str, owner: &Owner) -> Result<(), Weak> {
    let letters: Vec<char> = password.to_lowercase().chars().collect();
    if letters.len() < owner.shortest() {
        return Err(Weak::Short(owner.shortest()));
    }
    if letters.len() > LONGEST {
        return Err(Weak::Long);
    }
    let repeated =
        (1..=4).any(|period| letters.iter().zip(&letters[period..]).all(|(one, next)| one == next));
    let lower: String = letters.into_iter().filter(|letter| !letter.is_whitespace()).collect();
    if repeated || is_common(&lower) {
        return Err(Weak::Common);
    }
    let rest = owner.words().iter().fold(lower.clone(), |rest, word| rest.replace(word.as_str(), ""));
    let left = rest.chars().filter(|letter| letter.is_alphanumeric()).count();
    if rest == lower || (left >= OWN && !is_common(&rest)) { Ok(()) } else { Err(Weak::Own) }
}

fn is_common(lower: &str) -> bool {
    static SORTED: LazyLock<Vec<&str>> = LazyLock::new(|| COMMON.lines().collect());
    SORTED.binary_search(&lower).is_ok()
}

fn argon2() -> Argon2<'static> {
    let params = Params::new(COST.0, COST.1, COST.2, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// The hash to keep of a password, in PHC form with its parameters.
pub fn hash(password: &str, salt: [u8; 16]) -> Result<String, argon2::password_hash::Error> {
    Ok(argon2().hash_password_with_salt(password.as_bytes(), &salt)?.to_string())
}

/// Whether a password fits a kept hash; without one it takes as long and is never right.
pub fn verify(password: &str, kept: Option<&str>) -> bool {
    let Some(kept) = kept else {
        let _ = hash(password, [0; 16]);
        return false;
    };
    PasswordHash::new(kept).is_ok_and(|kept| argon2().verify_password(password.as_bytes(), &kept).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_names_its_parameters_and_fits_its_password_alone() {
        let kept = hash("correct horse battery", [3; 16]).unwrap();
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(verify("correct horse battery", Some(&kept)));
        assert!(!verify("correct horse batterz", Some(&kept)));
        assert!(!verify("correct horse battery", None));
    }

    fn alone(password: &str) -> Result<(), Weak> {
        check(password, &Owner::default())
    }

    #[test]
    fn length_counts_characters_and_nothing_else_is_asked_of_them() {
        assert_eq!(alone("fourteen chars"), Err(Weak::Short(15)));
        assert_eq!(alone("提名提名一二三四五六七八九十天"), Ok(()));
        assert_eq!(alone(&"ab cde fgh ".repeat(6)), Ok(()));
        assert_eq!(alone(&"abcdefgh ".repeat(40)), Err(Weak::Long));
        let beside = Owner { second_factor: true, ..Owner::default() };
        assert_eq!(check("tq7 vxlo", &beside), Ok(()));
        assert_eq!(check("tq7 vxl", &beside), Err(Weak::Short(8)));
    }

    #[test]
    fn common_and_repeated_passwords_are_refused() {
        let beside = Owner { second_factor: true, ..Owner::default() };
        for common in
            ["PasswordPassword", "123456789012345", "aaaaaaaaaaaaaaaa", "correct horse battery staple"]
        {
            assert_eq!(alone(common), Err(Weak::Common), "{common}");
        }
        for common in ["Password1", "iloveyou1", "qwertyuiop", "LiverPool1"] {
            assert_eq!(check(common, &beside), Err(Weak::Common), "{common}");
        }
        assert!(COMMON.lines().is_sorted() && COMMON.lines().count() > 20_000);
    }

    #[test]
    fn ones_own_name_and_address_are_no_password() {
        let names = ["Anna-Lena", "Graf", "anna.graf@lindenau.example"].map(str::to_owned).to_vec();
        let anna = Owner { names, second_factor: false };
        for own in [
            "anna.graf@lindenau.example",
            "AnnaLena Graf 2027",
            "graf graf graf graf 1",
            "Lindenau password1",
        ] {
            assert_eq!(check(own, &anna), Err(Weak::Own), "{own}");
        }
        assert_eq!(check("Anna walks to the quiet harbour", &anna), Ok(()));
    }
}
