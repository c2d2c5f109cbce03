//! Ids of the rows the engine speaks of.
macro_rules! ids { ($($n:ident),*) => {$(
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct $n(uuid::Uuid);
impl From<uuid::Uuid> for $n { fn from(u: uuid::Uuid) -> Self { Self(u) } }
impl std::fmt::Display for $n { fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result { self.0.fmt(f) } }
)*} }
ids!(PersonId, ChoiceId);
