//! What a case can be like under a definition: the explored space, kept for looking up.

use std::collections::HashSet;

use super::super::{Definition, Finding, StateIx};
use super::space::once;
use super::spot::chain;
use super::walked::Walked;
use super::{MOST_NODES, main_slices};
use crate::machine::Case;
use crate::vocabulary::AccountStatus;

/// State, origins that can still be read, status per account, events that happened and may not happen again.
type Combination = (StateIx, Box<[(StateIx, StateIx)]>, Box<[AccountStatus]>, u64);

/// Every combination that some order of events reaches, with each optional account on and off.
#[derive(Debug)]
pub struct Combinations {
    known: HashSet<Combination>,
    once: Vec<u64>,
}

impl Definition {
    /// Explores every combination a case can be in.
    ///
    /// # Errors
    /// The finding W00 of a definition that is too large to prove.
    pub fn combinations(&self) -> Result<Combinations, Finding> {
        let mut known = HashSet::new();
        let mut walked = Walked::new(self, MOST_NODES);
        for slice in main_slices(&self.provable()?) {
            let space = walked.explore(&slice)?;
            known.extend((0..space.len()).map(|node| {
                let accounts = space.standings(node).iter().map(|standing| standing.status()).collect();
                let spot = space.spot(node);
                (spot.state, spot.registers.clone(), accounts, space.spent(node))
            }));
        }
        Ok(Combinations { known, once: once(self) })
    }
}

impl Combinations {
    /// Whether some order of events leads to where this case stands.
    pub fn hold(&self, case: &Case) -> bool {
        let spent = case.acts.iter().fold(0, |spent, (event, _)| spent | self.once[event.at()]);
        let registers = chain(case.state, &case.registers);
        self.known.contains(&(case.state, registers, case.accounts.clone().into(), spent))
    }
}
