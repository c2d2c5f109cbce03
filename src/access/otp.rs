//! Second factors: codes of an app (RFC 6238) and recovery codes.

use chrono::{DateTime, Utc};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Serialize;
use sha2::{Digest, Sha256};
use totp_rs::{Algorithm, Builder, Totp};
use utoipa::ToSchema;

/// Bytes of a secret.
pub const SECRET: usize = 20;
/// Recovery codes that are given at a time.
pub const CODES: usize = 10;
/// Letters of recovery codes: none is taken for another.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";

/// What an app needs to know to make codes.
#[derive(Clone, Serialize, ToSchema)]
pub struct Enrolment {
    /// The secret as it can be typed, base 32.
    pub secret: String,
    /// The same as a link for apps on the same device.
    pub uri: String,
    /// The same as a picture for apps on another: a `data:` address with an SVG.
    pub picture: String,
}

impl std::fmt::Debug for Enrolment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Enrolment").finish_non_exhaustive()
    }
}

fn totp(secret: &[u8], issuer: &str, account: &str) -> Option<Totp> {
    let plain = |name: &str| name.replace(':', " ");
    let builder =
        Builder::new().with_algorithm(Algorithm::SHA1).with_digits(6).with_skew(1).with_step_duration(30);
    builder
        .with_secret(secret.to_vec())
        .with_issuer(Some(plain(issuer)))
        .with_account_name(plain(account))
        .build()
        .ok()
}

/// What to show of a new secret; `None` when it is none.
pub fn enrolment(secret: &[u8], issuer: &str, account: &str) -> Option<Enrolment> {
    let totp = totp(secret, issuer, account)?;
    let uri = totp.to_url().ok()?;
    let code = QrCode::new(uri.as_bytes()).ok()?;
    let drawn = code.render::<svg::Color<'_>>().min_dimensions(240, 240).build();
    let picture = format!("data:image/svg+xml;base64,{}", base64(drawn.as_bytes()));
    Some(Enrolment { secret: base32(secret), uri, picture })
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

/// RFC 4648 §6, without padding.
fn base32(bytes: &[u8]) -> String {
    in_fives(bytes).map(|five| char::from(b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[five])).collect()
}

/// Bits in groups of five, from the first.
fn in_fives(bytes: &[u8]) -> impl Iterator<Item = usize> + '_ {
    (0..bytes.len() * 8 / 5).map(|nth| {
        (0..5).fold(0, |five, bit| {
            let at = nth * 5 + bit;
            five << 1 | usize::from(bytes[at / 8] >> (7 - at % 8) & 1)
        })
    })
}

/// The step whose code this is, if it is one of now or of half a minute around; it is for the caller to take each step once.
pub fn step(secret: &[u8], code: &str, now: DateTime<Utc>) -> Option<i64> {
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    let seconds = u64::try_from(now.timestamp()).ok()?;
    let step = totp(secret, "", "")?.check(&code, seconds)?;
    i64::try_from(step).ok()
}

/// The code of an app at an instant, for whoever has its secret.
pub fn code(secret: &[u8], now: DateTime<Utc>) -> Option<String> {
    let seconds = u64::try_from(now.timestamp()).ok()?;
    Some(totp(secret, "", "")?.generate(seconds).to_string())
}

/// A recovery code made of so much randomness: four groups of four letters.
pub fn recovery_code(random: [u8; 10]) -> String {
    let letters: Vec<char> = in_fives(&random).map(|five| char::from(LETTERS[five])).collect();
    let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
    groups.join("-")
}

/// What is kept of a recovery code, however it was typed; `None` when it is none.
pub fn recovery_hash(code: &str) -> Option<Vec<u8>> {
    let plain: String =
        code.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase()).collect();
    // Eighty bits of randomness need no slow hash.
    (plain.len() == 16).then(|| Sha256::digest(plain).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(seconds, 0).unwrap()
    }

    /// RFC 6238, appendix B, its last six digits.
    #[test]
    fn codes_are_those_of_the_standard() {
        let secret = b"12345678901234567890";
        for (seconds, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(secret, at(seconds)).unwrap(), expected);
            assert_eq!(step(secret, expected, at(seconds)), Some(seconds / 30));
        }
    }

    #[test]
    fn a_code_is_taken_half_a_minute_around_its_time_and_no_longer() {
        let secret = b"12345678901234567890";
        let spelled = "287 082";
        for (seconds, known) in [(0, true), (29, true), (59, true), (89, true), (90, false), (150, false)] {
            assert_eq!(step(secret, spelled, at(seconds)).is_some(), known, "{seconds}");
        }
        for wrong in ["", "28708", "2870822", "28708x", "２８７０８２", "-87082", "+87082"] {
            assert_eq!(step(secret, wrong, at(59)), None, "{wrong}");
        }
    }

    #[test]
    fn an_app_is_told_the_secret_in_three_ways() {
        let told = enrolment(b"12345678901234567890", "Sojourn: us", "anna@lindenau.example").unwrap();
        assert_eq!(told.secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        assert!(told.uri.starts_with("otpauth://totp/") && told.uri.contains(&told.secret), "{}", told.uri);
        assert!(told.picture.starts_with("data:image/svg+xml;base64,"));
    }

    #[test]
    fn a_recovery_code_is_known_however_it_is_typed() {
        let code = recovery_code([7; 10]);
        assert_eq!(code.len(), 19);
        assert_eq!(
            recovery_hash(&code),
            recovery_hash(&format!(" {} ", code.to_uppercase().replace('-', " ")))
        );
        assert_ne!(recovery_hash(&code), recovery_hash(&recovery_code([8; 10])));
        assert_eq!(recovery_hash("287082"), None);
    }
}
