//! Closed sets of the field.
macro_rules! words { ($($n:ident { $($v:ident $t:literal),* })*) => {$(
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all="snake_case")]
pub enum $n { $($v),* }
impl std::str::FromStr for $n { type Err = (); fn from_str(s: &str) -> Result<Self, ()> { match s { $($t => Ok(Self::$v),)* _ => Err(()) } } }
)*} }
words! { AccountStatus { None "none", Held "held", Used "used" }
Phase { Application "application", Selection "selection", Nomination "nomination", Approval "approval", Placement "placement", Stay "stay", Recognition "recognition", Closed "closed" }
StateKind { Open "open", Success "success", Failure "failure" }
Duty { Coordinator "coordinator", Head "head", Academic "academic", Grants "grants", Safety "safety", Employer "employer", Admin "admin", Secretariat "secretariat" }
DocumentClass { Ordinary "ordinary", Academic "academic", Identity "identity", Health "health" } }
