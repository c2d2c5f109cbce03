//! Filters in the query of an address, as lists carry them from page to page.

use axum::extract::Query;
use serde::de::DeserializeOwned;
use url::form_urlencoded::Serializer;

/// Those that say something; empty is no filter.
pub fn set<'a>(all: impl IntoIterator<Item = (&'static str, &'a String)>) -> Vec<(&'static str, &'a str)> {
    let all = all.into_iter().map(|(name, value)| (name, value.as_str()));
    all.filter(|(_, value)| !value.is_empty()).collect()
}

/// What filters say as a query without its mark.
pub fn text(set: &[(&'static str, &str)]) -> String {
    Serializer::new(String::new()).extend_pairs(set).finish()
}

/// What such a query says.
pub fn read<T: DeserializeOwned + Default>(query: &str) -> T {
    let address = format!("/?{query}").parse().ok();
    let read = address.and_then(|address| Query::try_from_uri(&address).ok());
    read.map_or_else(T::default, |Query(read)| read)
}

/// An address with a query, where there is something to say.
pub fn address(path: &str, query: &str) -> String {
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}
