//! Where a request comes from, as much of it as is kept: the name of a browser and a shortened network address.

use std::net::{IpAddr, Ipv6Addr};

/// Longest name of a program that is kept, in characters.
const LONGEST: usize = 60;

/// Browsers by what their agent string holds; those that name others as well come first.
const BROWSERS: [(&str, &str); 8] = [
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("CriOS/", "Chrome"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
];

/// Systems by what an agent string holds.
const SYSTEMS: [(&str, &str); 7] = [
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Macintosh", "macOS"),
    ("CrOS", "ChromeOS"),
    ("Linux", "Linux"),
];

/// Where a request comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whence {
    /// Network address of whoever asks.
    pub address: IpAddr,
    /// Name of their browser or program, such as `Firefox, Linux`; empty where it says none.
    pub agent: String,
}

impl Whence {
    /// From that address, with what the program says of itself (`User-Agent`).
    pub fn new(address: IpAddr, agent: Option<&str>) -> Self {
        Self { address: address.to_canonical(), agent: agent.map(named).unwrap_or_default() }
    }

    /// The network as it is shown and kept: the first three parts of IPv4, the first three groups of IPv6.
    pub fn network(&self) -> String {
        match self.address {
            IpAddr::V4(address) => {
                let [one, two, three, _] = address.octets();
                format!("{one}.{two}.{three}.…")
            }
            IpAddr::V6(address) => {
                let [one, two, three, ..] = address.segments();
                format!("{one:x}:{two:x}:{three:x}:…")
            }
        }
    }

    /// What the address is known again by: all of IPv4, and of IPv6 the half that a machine keeps.
    pub fn origin(&self) -> Vec<u8> {
        match self.address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => {
                let kept = u128::from(address) & (u128::MAX << 64);
                Ipv6Addr::from(kept).octets()[..8].to_vec()
            }
        }
    }
}

/// A browser with its system, or the first word of any other program.
fn named(agent: &str) -> String {
    let known = |list: &'static [(&str, &str)]| list.iter().find(|(mark, _)| agent.contains(mark));
    let browser = known(&BROWSERS).filter(|_| agent.starts_with("Mozilla/"));
    match (browser, known(&SYSTEMS)) {
        (Some((_, browser)), Some((_, system))) => format!("{browser}, {system}"),
        (Some((_, browser)), None) => (*browser).to_owned(),
        (None, _) => {
            let word = agent.split(|letter: char| letter == '/' || letter.is_whitespace()).next();
            word.unwrap_or_default().chars().filter(|letter| !letter.is_control()).take(LONGEST).collect()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(address: &str, agent: &str) -> Whence {
        Whence::new(address.parse().unwrap(), Some(agent))
    }

    #[test]
    fn browsers_are_named_with_their_system_and_programs_by_their_first_word() {
        let named = |agent: &str| from("192.0.2.7", agent).agent;
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 \
                    Safari/537.36 Edg/141.0.0.0";
        assert_eq!(named(edge), "Edge, Windows");
        assert_eq!(
            named("Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"),
            "Firefox, Linux"
        );
        assert_eq!(named("curl/8.14.1"), "curl");
        assert_eq!(named(""), "");
        assert_eq!(named(&"x".repeat(500)).len(), LONGEST);
    }

    #[test]
    fn an_address_is_shown_shortened_and_known_again_whole() {
        assert_eq!(from("192.0.2.7", "").network(), "192.0.2.…");
        assert_ne!(from("192.0.2.7", "").origin(), from("192.0.2.8", "").origin());
        assert_eq!(from("2001:db8:1:2:3::1", "").network(), "2001:db8:1:…");
        assert_eq!(from("2001:db8:1:2:3::1", "").origin(), from("2001:db8:1:2:4::9", "").origin());
        assert_ne!(from("2001:db8:1:2::1", "").origin(), from("2001:db8:1:3::1", "").origin());
        assert_eq!(from("::ffff:192.0.2.7", "").origin(), from("192.0.2.7", "").origin(), "the same machine");
    }
}
