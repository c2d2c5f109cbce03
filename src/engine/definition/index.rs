//! Positions in a definition's tables, one type per table, so that a state can never be mistaken for an event.

macro_rules! indexes {
    ($($(#[$doc:meta])* $name:ident,)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u16);
        impl $name {
            /// The index as a position in its table.
            pub const fn at(self) -> usize { self.0 as usize }
        }
    )*};
}

indexes! {
    /// A machine of a case: the main one, then the tracks.
    MachineIx,
    /// A state of any machine.
    StateIx,
    /// An event by name; its transitions share it.
    EventIx,
    /// A role the definition declares.
    RoleIx,
    /// A transition or join.
    TransitionIx,
    /// A clock of a state.
    ClockIx,
    /// A notice, one mail text per language.
    NoticeIx,
    /// A document slot.
    DocumentIx,
    /// A list of reason codes.
    ReasonsIx,
    /// A place account.
    AccountIx,
    /// A message shown when a guard fails.
    MessageIx,
}

impl MachineIx {
    /// The main machine.
    pub const MAIN: Self = Self(0);
}
