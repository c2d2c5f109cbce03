//! Rows of several tables beside each other or below each other in one statement.

use sea_orm::sea_query::{Expr, SelectStatement, UnionType};
use sea_orm::{ColumnTrait, EntityTrait, Iden, Iterable};

/// Adds every column of an entity, its name after a prefix, as its model is read with that prefix.
pub(super) fn add<E: EntityTrait>(query: &mut SelectStatement, prefix: &str) {
    for column in E::Column::iter() {
        let name = format!("{prefix}{}", column.unquoted());
        query.expr_as(column.select_as(Expr::col((E::default(), column))), name);
    }
}

/// Nothing, of the type that other rows have in the same column.
pub(super) fn nothing(of: &str) -> Expr {
    Expr::cust(format!("CAST(NULL AS {of})"))
}

/// A number that is the same whatever is asked for.
pub(super) fn number(number: i32) -> Expr {
    Expr::cust(number.to_string())
}

/// Rows below each other: every one of them gives the same columns in the same order.
pub(super) fn below(
    mut first: SelectStatement,
    rows: impl IntoIterator<Item = SelectStatement>,
) -> SelectStatement {
    for more in rows {
        first.union(UnionType::All, more);
    }
    first
}
