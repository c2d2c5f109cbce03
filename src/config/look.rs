//! What an institution looks like on pages: a colour that can be read, and a logo.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// Least contrast of text against its ground (WCAG 2.2, 1.4.3).
const READABLE: f64 = 4.5;
const WHITE: Colour = Colour([255; 3]);

/// How pages look to people of an institution.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Look {
    /// Colour of buttons and links, as `#1f5fa8`; on white it must have a contrast of 4.5 or more.
    pub colour: Option<Colour>,
    /// PNG file of at most 64 KiB, shown 28 px high.
    pub logo: Option<PathBuf>,
}

/// A colour in sRGB.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Colour([u8; 3]);

impl TryFrom<String> for Colour {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let hex = text.strip_prefix('#').and_then(|digits| hex::decode(digits).ok());
        let parts = hex.and_then(|bytes| <[u8; 3]>::try_from(bytes).ok());
        parts.map(Self).ok_or_else(|| format!("{text:?} is no colour: write # and six digits, as in #1f5fa8"))
    }
}

impl From<Colour> for String {
    fn from(colour: Colour) -> Self {
        format!("#{}", hex::encode(colour.0))
    }
}

impl Colour {
    /// The colour of three parts, red first.
    pub const fn new(parts: [u8; 3]) -> Self {
        Self(parts)
    }

    /// Contrast with another colour, 1 to 21 (WCAG 2.2).
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.light(), other.light());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn light(self) -> f64 {
        let [red, green, blue] = self.0.map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.03928 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        });
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    /// So many hundredths of the other colour in this one.
    #[must_use]
    pub fn mixed(self, other: Self, hundredths: u8) -> Self {
        let share = u32::from(hundredths.min(100));
        let mix = |one: u8, two: u8| (u32::from(one) * (100 - share) + u32::from(two) * share) / 100;
        let parts = [0, 1, 2].map(|nth| mix(self.0[nth], other.0[nth]));
        Self(parts.map(|part| u8::try_from(part).unwrap_or(u8::MAX)))
    }

    /// The first shade on the way to another colour that can be read on a ground.
    #[must_use]
    pub fn readable(self, on: Self, towards: Self) -> Self {
        let shades = (0..=100).map(|share| self.mixed(towards, share));
        shades.into_iter().find(|shade| shade.contrast(on) >= READABLE).unwrap_or(towards)
    }
}

impl Look {
    /// What is wrong with it; `name` is that of its setting.
    pub(super) fn fault(&self, name: &str) -> Option<String> {
        let contrast = self.colour?.contrast(WHITE);
        let told = || {
            format!(
                "{name}.colour: its contrast with white is {contrast:.1}, take a darker one with {READABLE}"
            )
        };
        (contrast < READABLE).then(told)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn colour(text: &str) -> Colour {
        Colour::try_from(text.to_owned()).unwrap()
    }

    #[test]
    fn contrast_is_that_of_the_guidelines() {
        assert!((colour("#000000").contrast(WHITE) - 21.0).abs() < 0.01);
        assert!((colour("#777777").contrast(WHITE) - 4.48).abs() < 0.01);
        assert!((WHITE.contrast(WHITE) - 1.0).abs() < 0.001);
    }

    #[test]
    fn a_colour_that_cannot_be_read_on_white_is_refused_with_its_contrast() {
        let look = |text: &str| Look { colour: Some(colour(text)), logo: None };
        assert_eq!(look("#1f5fa8").fault("x"), None);
        let told = look("#ffcc00").fault("alliance.looks.a").unwrap();
        assert!(told.starts_with("alliance.looks.a.colour: its contrast with white is 1.5"), "{told}");
        for wrong in ["1f5fa8", "#1f5fa", "#zzzzzz", "red"] {
            assert!(Colour::try_from(wrong.to_owned()).is_err(), "{wrong}");
        }
    }

    #[test]
    fn every_colour_has_a_shade_that_can_be_read() {
        let dark = colour("#1c2228");
        for text in ["#00008b", "#8b0000", "#000000", "#5b5b5b"] {
            assert!(colour(text).readable(dark, WHITE).contrast(dark) >= READABLE, "{text}");
        }
    }
}
