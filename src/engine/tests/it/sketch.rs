//! Small definitions, drawn in a few lines and written out as TOML.

use std::fmt::Write as _;

use sojourn_engine::definition::{Definition, Finding};

/// A definition of states and steps; what they do not need is left out.
#[derive(Clone, Default)]
pub struct Sketch {
    states: Vec<(String, String)>,
    moves: Vec<Drawn>,
    accounts: Vec<(String, String)>,
    sections: String,
    unwatched: bool,
    about_application: bool,
}

#[derive(Clone)]
struct Drawn {
    section: &'static str,
    event: String,
    from: Vec<String>,
    to: String,
    keys: String,
}

impl Sketch {
    /// Every open state gets a clock after which the system ends the case in `stopped` and frees all places.
    pub fn new() -> Self {
        Self::default()
    }

    /// Without those clocks.
    pub fn unwatched() -> Self {
        Self { unwatched: true, ..Self::default() }
    }

    /// About an application, with its rules of sight and choice, instead of a programme.
    pub fn about_application(self) -> Self {
        Self { about_application: true, ..self }
    }

    /// The first state is the initial one. `keys` are lines of its table.
    pub fn state(mut self, name: &str, keys: &str) -> Self {
        self.states.push((name.to_owned(), keys.to_owned()));
        self
    }

    /// A step of the student unless `keys` name others; `from` is a list of names.
    pub fn step(self, event: &str, from: &[&str], to: &str, keys: &str) -> Self {
        let by = if keys.contains("by = ") { "" } else { "by = ['student']\n" };
        self.drawn("transitions", event, from, to, format!("{by}{keys}"))
    }

    pub fn join(self, event: &str, from: &[&str], to: &str, keys: &str) -> Self {
        self.drawn("joins", event, from, to, keys.to_owned())
    }

    pub fn account(mut self, name: &str, keys: &str) -> Self {
        self.accounts.push((name.to_owned(), keys.to_owned()));
        self
    }

    /// Whole sections as they stand in a file.
    pub fn with(mut self, sections: &str) -> Self {
        self.sections.push_str(sections);
        self.sections.push('\n');
        self
    }

    fn drawn(mut self, section: &'static str, event: &str, from: &[&str], to: &str, keys: String) -> Self {
        let from = from.iter().map(|&name| name.to_owned()).collect();
        let mut keys = keys;
        if section == "transitions" && !keys.contains("irreversible") {
            keys.push_str("\nirreversible = true");
        }
        if !keys.contains("notify") {
            keys.push_str("\nnotify = [{ notice = 'told', to = ['student', '@waits_for'] }]");
        }
        self.moves.push(Drawn { section, event: event.to_owned(), from, to: to.to_owned(), keys });
        self
    }

    /// The definition as a file.
    pub fn source(&self) -> String {
        let mut moves = self.moves.clone();
        let mut states = self.states.clone();
        if !self.unwatched {
            let open = states.iter_mut().filter(|(_, keys)| !keys.contains("kind ="));
            let mut watched = Vec::new();
            for (name, keys) in open {
                keys.push_str(
                    "\nclocks = [{ id = 'end', within = '9 days', on_expiry = [{ event = 'stop' }] }]",
                );
                watched.push(name.clone());
            }
            let free: Vec<_> =
                self.accounts.iter().map(|(name, _)| format!("{{ free = '{name}' }}")).collect();
            let keys = format!(
                "by = ['system', 'student']\nirreversible = true\neffects = [{}]\nnotify = [{{ notice = 'told', to = ['student'] }}]",
                free.join(", ")
            );
            moves.push(Drawn {
                section: "transitions",
                event: "stop".to_owned(),
                from: watched,
                to: "stopped".to_owned(),
                keys,
            });
            states.push(("stopped".to_owned(), "kind = 'failure'".to_owned()));
        }
        let subject = if self.about_application { "application" } else { "programme" };
        let mut source =
            format!("{HEAD}subject = '{subject}'\ninitial = '{}'\n{}{TOLD}", states[0].0, self.roles());
        source.push_str(&self.sections);
        for (name, keys) in &self.accounts {
            let line = if keys.contains("line =") { "" } else { "line = 'host'\n" };
            write!(source, "[accounts.{name}]\n{line}{keys}\n").unwrap();
        }
        for (name, keys) in &states {
            let phase = if keys.contains("phase =") { "" } else { "phase = 'recognition'\n" };
            write!(source, "[states.{name}]\n{phase}label.en = '{name}'\nnow.en = 'Now.'\n{keys}\n").unwrap();
        }
        let mut events: Vec<&str> = moves.iter().map(|drawn| drawn.event.as_str()).collect();
        events.sort_unstable();
        events.dedup();
        for event in events {
            writeln!(source, "[events.{event}]\nlabel.en = '{event}'").unwrap();
        }
        for Drawn { section, event, from, to, keys } in &moves {
            writeln!(source, "[[{section}]]\nevent = '{event}'\nfrom = {from:?}\nto = '{to}'\n{keys}")
                .unwrap();
        }
        source
    }

    /// Roles that some key names, and those every sketch has.
    fn roles(&self) -> String {
        let text: String = self.moves.iter().map(|drawn| drawn.keys.as_str()).collect();
        let text =
            text + &self.sections + &self.states.iter().map(|(_, keys)| keys.as_str()).collect::<String>();
        let optional = ROLES.iter().filter(|(name, _)| text.contains(&format!("'{name}'")));
        let mut roles = "[roles]\nstudent = { is = 'applicant', label.en = 'Student' }\n".to_owned();
        if !self.unwatched
            || text.contains("'system'")
            || self.moves.iter().any(|drawn| drawn.section == "joins")
        {
            roles.push_str("system = { is = 'system', label.en = 'System' }\n");
        }
        for (name, is) in optional {
            writeln!(roles, "{name} = {{ is = '{is}', label.en = '{name}' }}").unwrap();
        }
        roles
    }

    pub fn parse(&self) -> Definition {
        Definition::parse(&self.source())
            .unwrap_or_else(|findings| panic!("{}\n{findings:#?}", self.source()))
    }

    pub fn check(&self) -> Vec<Finding> {
        self.parse().check()
    }
}

const HEAD: &str = "id = 'sketch'\nlanguages = ['en']\ncreate = { by = ['student'], notify = [{ notice = 'told', to = ['@waits_for'] }] }\n";

const TOLD: &str = "[notices.told]\naction = false\n";

const ROLES: [(&str, &str); 4] = [
    ("office", "home(coordinator)"),
    ("receiver", "host(coordinator)"),
    ("secretariat", "alliance(secretariat)"),
    ("chair", "alliance(chair)"),
];
