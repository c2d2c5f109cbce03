//! Kleene's three-valued logic: what can be said when not everything is known.

use std::ops::Not;

use serde::Serialize;

/// Whether a guard holds (Kleene 1952, strong logic). Only `True` lets a transition pass.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// A fact it depends on is absent, or a calculation has no result.
    Unknown,
}

impl Verdict {
    /// Says whether it certainly holds.
    pub fn is_true(self) -> bool {
        self == Self::True
    }

    /// Holds when both hold; one `False` decides.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            (Self::Unknown, _) | (_, Self::Unknown) => Self::Unknown,
        }
    }

    /// Holds when one holds; one `True` decides.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        !(!self).and(!other)
    }

    /// Joins any number by [`Verdict::and`], and stops at the first `False`; `True` for none.
    pub fn all(verdicts: impl IntoIterator<Item = Self>) -> Self {
        let mut joined = Self::True;
        for verdict in verdicts {
            joined = joined.and(verdict);
            if joined == Self::False {
                break;
            }
        }
        joined
    }

    /// Joins any number by [`Verdict::or`], and stops at the first `True`; `False` for none.
    pub fn any(verdicts: impl IntoIterator<Item = Self>) -> Self {
        !Self::all(verdicts.into_iter().map(Not::not))
    }

    /// Gives the truth where it is known.
    pub fn known(self) -> Option<bool> {
        match self {
            Self::True => Some(true),
            Self::False => Some(false),
            Self::Unknown => None,
        }
    }
}

impl Not for Verdict {
    type Output = Self;

    fn not(self) -> Self {
        match self {
            Self::True => Self::False,
            Self::False => Self::True,
            Self::Unknown => Self::Unknown,
        }
    }
}

impl From<bool> for Verdict {
    fn from(truth: bool) -> Self {
        if truth { Self::True } else { Self::False }
    }
}

impl From<Option<bool>> for Verdict {
    fn from(truth: Option<bool>) -> Self {
        truth.map_or(Self::Unknown, Self::from)
    }
}

#[cfg(test)]
mod tests {
    use super::Verdict::{self, False, True, Unknown};

    const ALL: [Verdict; 3] = [True, False, Unknown];

    #[test]
    fn one_false_decides_a_conjunction_and_one_true_a_disjunction() {
        for other in ALL {
            assert_eq!((other.and(False), False.and(other)), (False, False));
            assert_eq!((other.or(True), True.or(other)), (True, True));
        }
        assert_eq!((Unknown.and(True), Unknown.or(False), !Unknown), (Unknown, Unknown, Unknown));
    }

    #[test]
    fn the_laws_of_kleene_hold() {
        for a in ALL {
            assert_eq!(!!a, a);
            assert_eq!((a.and(a), a.or(a)), (a, a));
            for b in ALL {
                assert_eq!((a.and(b), a.or(b)), (b.and(a), b.or(a)));
                assert_eq!(!(a.and(b)), (!a).or(!b));
                assert_eq!(a.or(a.and(b)), a);
                for c in ALL {
                    assert_eq!(a.and(b).and(c), a.and(b.and(c)));
                    assert_eq!(a.and(b.or(c)), a.and(b).or(a.and(c)));
                    assert_eq!(
                        (Verdict::all([a, b, c]), Verdict::any([a, b, c])),
                        (a.and(b).and(c), a.or(b).or(c))
                    );
                }
            }
        }
    }
}
