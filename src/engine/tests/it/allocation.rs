//! Allocation of places: the promises of its rules, held against random instances, real years and a plain reading of the rules.

mod faults;
mod grounds;
mod instances;
mod promises;
mod reference;
mod served;
mod years;
