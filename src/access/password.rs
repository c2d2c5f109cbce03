//! Passwords: what is allowed (NIST SP 800-63B-4 §3.1.1) and how they are kept (Argon2id, OWASP's second set of parameters).
//!
//! Both functions on hashes take tens of milliseconds of one core and 19 MiB: callers bound how many run at a time.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};

/// Fewest characters of a password that stands alone.
pub const SHORTEST: usize = 15;
/// Most characters of a password.
pub const LONGEST: usize = 256;

/// Memory in KiB, passes, lanes.
const COST: (u32, u32, u32) = (19 * 1024, 2, 1);

/// Long passwords that many people choose.
const COMMON: &str = include_str!("password/common.txt");

/// Why a password is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Weak {
    /// Fewer characters than [`SHORTEST`].
    #[error("use at least {SHORTEST} characters: a sentence is good")]
    Short,
    /// More characters than [`LONGEST`].
    #[error("use at most {LONGEST} characters")]
    Long,
    /// On the list of common ones, or one short piece repeated.
    #[error("many people use this one: choose another")]
    Common,
}

/// Whether a password may be chosen; there are no rules about which characters.
pub fn check(password: &str) -> Result<(), Weak> {
    let letters: Vec<char> = password.to_lowercase().chars().collect();
    if letters.len() < SHORTEST {
        return Err(Weak::Short);
    }
    if letters.len() > LONGEST {
        return Err(Weak::Long);
    }
    let repeated =
        (1..=4).any(|period| letters.iter().zip(&letters[period..]).all(|(one, next)| one == next));
    let lower: String = letters.into_iter().filter(|letter| !letter.is_whitespace()).collect();
    if repeated || COMMON.lines().any(|common| common == lower) { Err(Weak::Common) } else { Ok(()) }
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

    #[test]
    fn length_counts_characters_and_nothing_else_is_asked_of_them() {
        assert_eq!(check("fourteen chars"), Err(Weak::Short));
        assert_eq!(check("提名提名一二三四五六七八九十天"), Ok(()));
        assert_eq!(check(&"ab cde fgh ".repeat(6)), Ok(()));
        assert_eq!(check(&"abcdefgh ".repeat(40)), Err(Weak::Long));
    }

    #[test]
    fn common_and_repeated_passwords_are_refused() {
        for common in
            ["PasswordPassword", "123456789012345", "aaaaaaaaaaaaaaaa", "correct horse battery staple"]
        {
            assert_eq!(check(common), Err(Weak::Common), "{common}");
        }
    }
}
