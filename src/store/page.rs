//! Pages of a list: keyset, stable under inserts, with a cursor that fits no other list.
//!
//! A list sorts by columns that together are unique and never null, compared as one row value `(a, b) > (x, y)`, which both
//! databases answer from an index. To page a list: [`Keyset::read`] what was asked, [`Keyset::narrow`] the query, [`Keyset::page`] the rows.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sea_orm::sea_query::{Expr, ExprTrait, IntoColumnRef};
use sea_orm::{Order, QueryFilter, QueryOrder, QuerySelect, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Result, StoreError};

/// Grows when old cursors could be misread.
const FORMAT: u8 = 1;

/// What a caller asks of a list.
#[derive(Debug, Clone)]
pub struct Asked {
    /// How many items at most, 1 to 200.
    pub limit: u64,
    /// `next` of the page before.
    pub cursor: Option<String>,
}

/// One page of a list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, utoipa::ToSchema)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// The cursor of the next page; none when this is the last.
    pub next: Option<String>,
}

impl<T> Page<T> {
    /// The same page of something made from its items.
    pub fn map<U>(self, each: impl FnMut(T) -> U) -> Page<U> {
        Page { items: self.items.into_iter().map(each).collect(), next: self.next }
    }
}

/// The sort key of a row: what the row value is made of, in the order of the columns.
pub trait Key: Serialize + DeserializeOwned {
    /// The key as values of the database.
    fn values(&self) -> Vec<Value>;
}

impl<A> Key for (A,)
where
    A: Clone + Into<Value> + Serialize + DeserializeOwned,
{
    fn values(&self) -> Vec<Value> {
        vec![self.0.clone().into()]
    }
}

impl<A, B> Key for (A, B)
where
    A: Clone + Into<Value> + Serialize + DeserializeOwned,
    B: Clone + Into<Value> + Serialize + DeserializeOwned,
{
    fn values(&self) -> Vec<Value> {
        vec![self.0.clone().into(), self.1.clone().into()]
    }
}

impl<A, B, C> Key for (A, B, C)
where
    A: Clone + Into<Value> + Serialize + DeserializeOwned,
    B: Clone + Into<Value> + Serialize + DeserializeOwned,
    C: Clone + Into<Value> + Serialize + DeserializeOwned,
{
    fn values(&self) -> Vec<Value> {
        vec![self.0.clone().into(), self.1.clone().into(), self.2.clone().into()]
    }
}

/// Where a page begins and how long it is.
#[derive(Debug)]
pub struct Keyset<K> {
    sort: &'static str,
    filter: String,
    limit: u64,
    after: Option<K>,
}

#[derive(Serialize, Deserialize)]
struct Cursor<K> {
    format: u8,
    sort: String,
    filter: String,
    key: K,
}

impl<K: Key> Keyset<K> {
    /// Reads what was asked of the list that is sorted as `sort` says and filtered by `filter`.
    ///
    /// # Errors
    /// [`StoreError::Cursor`] when the cursor came from another list, sort or filter.
    pub fn read(asked: &Asked, sort: &'static str, filter: &impl Serialize) -> Result<Self> {
        let filter = serde_json::to_vec(filter).map_err(|_| StoreError::Cursor)?;
        let filter = URL_SAFE_NO_PAD.encode(&Sha256::digest(filter)[..9]);
        let after = asked.cursor.as_deref().map(|cursor| decode(cursor, sort, &filter)).transpose()?;
        Ok(Self { sort, filter, limit: asked.limit, after })
    }

    /// Sorts the query, begins it after the page before, and ends it one row after this page.
    pub fn narrow<Q, C>(&self, query: Q, columns: impl IntoIterator<Item = C>, order: Order) -> Q
    where
        Q: QueryFilter + QueryOrder + QuerySelect,
        C: IntoColumnRef,
    {
        let columns: Vec<Expr> = columns.into_iter().map(Expr::col).collect();
        let row = Expr::tuple(columns.clone());
        let begun = match &self.after {
            None => query,
            Some(key) => {
                let last = Expr::tuple(key.values().into_iter().map(Expr::val));
                query.filter(if matches!(order, Order::Desc) { row.lt(last) } else { row.gt(last) })
            }
        };
        let orders = std::iter::repeat_n(order, columns.len());
        let sorted = columns
            .into_iter()
            .zip(orders)
            .fold(begun, |query, (column, order)| query.order_by(column, order));
        sorted.limit(self.limit + 1)
    }

    /// Begins after that row from now on.
    pub fn advance(&mut self, key: K) {
        self.after = Some(key);
    }

    /// How many items at most.
    pub const fn limit(&self) -> u64 {
        self.limit
    }

    /// The row after which it begins.
    pub fn reached(&self) -> Option<K>
    where
        K: Clone,
    {
        self.after.clone()
    }

    /// The cursor of what comes after that row.
    pub fn after(&self, key: K) -> String {
        self.encode(key)
    }

    /// The page of the rows that the narrowed query gave.
    pub fn page<T>(&self, mut rows: Vec<T>, key: impl Fn(&T) -> K) -> Page<T> {
        let limit = usize::try_from(self.limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|last| self.encode(key(last)));
        Page { items: rows, next }
    }

    fn encode(&self, key: K) -> String {
        let cursor = Cursor { format: FORMAT, sort: self.sort.to_owned(), filter: self.filter.clone(), key };
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(&cursor).unwrap_or_default())
    }
}

fn decode<K: Key>(cursor: &str, sort: &str, filter: &str) -> Result<K> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| StoreError::Cursor)?;
    let cursor: Cursor<K> = serde_json::from_slice(&bytes).map_err(|_| StoreError::Cursor)?;
    let fits = cursor.format == FORMAT && cursor.sort == sort && cursor.filter == filter;
    if fits { Ok(cursor.key) } else { Err(StoreError::Cursor) }
}
