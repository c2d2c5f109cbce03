//! A table of different values, each with a small number.

use std::collections::HashMap;
use std::hash::Hash;

/// Values by number, and numbers by value.
#[derive(Debug)]
pub(super) struct Table<T> {
    known: HashMap<T, u32>,
    all: Vec<T>,
}

impl<T> Default for Table<T> {
    fn default() -> Self {
        Self { known: HashMap::new(), all: Vec::new() }
    }
}

impl<T: Clone + Eq + Hash> Table<T> {
    /// The number of a value, a new one if it was not known.
    pub fn number(&mut self, value: T) -> u32 {
        let next = u32::try_from(self.all.len()).unwrap_or(u32::MAX);
        let Self { known, all } = self;
        *known.entry(value).or_insert_with_key(|value| {
            all.push(value.clone());
            next
        })
    }

    /// The value of a number that [`number`](Self::number) gave.
    pub fn value(&self, number: u32) -> &T {
        &self.all[number as usize]
    }
}
