//! How an item is found again.

use std::fmt;

use crate::data::Id;
use crate::scoring::ScoredItem;

/// What identifies an item in its data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ItemKey {
    pub(crate) subset: String,
    pub(crate) id: Option<Id>,
    pub(crate) row: usize,
}

impl ItemKey {
    pub(crate) fn of(item: &ScoredItem) -> Self {
        Self {
            subset: item.subset.clone(),
            id: item.id.clone(),
            row: item.row,
        }
    }
}

/// `subset id 7, row 3`.
impl fmt::Display for ItemKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ", self.subset)?;
        self.id.iter().try_for_each(|id| write!(f, "id {id}, "))?;
        write!(f, "row {}", self.row)
    }
}
