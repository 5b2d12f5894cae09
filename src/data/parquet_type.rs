//! What a column of a Parquet file holds, by its schema: text, integers, lists of messages, or
//! something of no use, by its name.
//!
//! <https://github.com/apache/parquet-format/blob/master/LogicalTypes.md>

use crate::data::thrift::{Member, Members};

/// An element of the schema: a column, or a group of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Element<'a> {
    pub(crate) name: &'a [u8],
    /// The number of elements below it.
    pub(crate) children: usize,
    /// 0 required, 1 optional, 2 repeated.
    pub(crate) repetition: i64,
    pub(crate) physical: Option<i64>,
    pub(crate) length: Option<i64>,
    converted: Option<i64>,
    logical: Option<Logical>,
    scale: i64,
}

/// A logical type: its number in the format, and what it says besides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Logical {
    id: i16,
    scale: i64,
    signed: bool,
}

/// What the values of a column are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    /// Text that is a JSON document.
    Json,
    Integer {
        signed: bool,
    },
    /// An integer, and how many of its digits are behind the point.
    Decimal {
        scale: u32,
    },
    Uuid,
    Boolean,
    /// Of no use; its name.
    Other(String),
}

const PHYSICAL: [&str; 8] = [
    "BOOLEAN",
    "INT32",
    "INT64",
    "INT96",
    "FLOAT",
    "DOUBLE",
    "BYTE_ARRAY",
    "FIXED_LEN_BYTE_ARRAY",
];

/// By number; none has the number 0 or 9.
const LOGICAL: [&str; 19] = [
    "",
    "STRING",
    "MAP",
    "LIST",
    "ENUM",
    "DECIMAL",
    "DATE",
    "TIME",
    "TIMESTAMP",
    "",
    "INTEGER",
    "UNKNOWN (nulls only)",
    "JSON",
    "BSON",
    "UUID",
    "FLOAT16",
    "VARIANT",
    "GEOMETRY",
    "GEOGRAPHY",
];

const CONVERTED: [&str; 22] = [
    "STRING",
    "MAP",
    "MAP",
    "LIST",
    "ENUM",
    "DECIMAL",
    "DATE",
    "TIME",
    "TIME",
    "TIMESTAMP",
    "TIMESTAMP",
    "INTEGER",
    "INTEGER",
    "INTEGER",
    "INTEGER",
    "INTEGER",
    "INTEGER",
    "INTEGER",
    "INTEGER",
    "JSON",
    "BSON",
    "INTERVAL",
];

const BOOLEAN: i64 = 0;
const INT32: i64 = 1;
const INT64: i64 = 2;
pub(crate) const BYTE_ARRAY: i64 = 6;
pub(crate) const FIXED_LEN_BYTE_ARRAY: i64 = 7;

impl<'a> Element<'a> {
    /// Of a `SchemaElement`; `None` for what is none.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut element = Self::default();
        for member in Members::new(bytes) {
            let member = member?;
            match member.id {
                1 => element.physical = Some(member.integer()?),
                2 => element.length = Some(member.integer()?),
                3 => element.repetition = member.integer()?,
                4 => element.name = member.binary()?,
                5 => element.children = usize::try_from(member.integer()?).ok()?,
                6 => element.converted = Some(member.integer()?),
                7 => element.scale = member.integer()?,
                10 => element.logical = Some(Logical::read(member)?),
                _ => {}
            }
        }
        Some(element)
    }

    pub(crate) fn name(&self) -> String {
        String::from_utf8_lossy(self.name).into_owned()
    }

    /// Its physical type, where values of that are read.
    pub(crate) fn physical_that_is_read(&self) -> Option<i64> {
        const READ: [i64; 5] = [BOOLEAN, INT32, INT64, BYTE_ARRAY, FIXED_LEN_BYTE_ARRAY];
        self.physical.filter(|physical| READ.contains(physical))
    }

    pub(crate) fn is_list(&self) -> bool {
        self.type_name() == "LIST"
    }

    /// What a column's values are.
    pub(crate) fn kind(&self) -> Kind {
        let bytes = self.physical == Some(BYTE_ARRAY);
        let integer = matches!(self.physical, Some(INT32 | INT64));
        let decimal = integer || bytes || self.length.is_some_and(|n| (1..=16).contains(&n));
        match self.type_name() {
            "STRING" | "ENUM" if bytes => Kind::Text,
            "JSON" if bytes => Kind::Json,
            "UUID" if self.length == Some(16) => Kind::Uuid,
            "DECIMAL" if decimal => match u32::try_from(self.scale()) {
                Ok(scale @ 0..=38) => Kind::Decimal { scale },
                _ => self.other(),
            },
            "" if self.physical == Some(BOOLEAN) => Kind::Boolean,
            "INTEGER" | "" if integer => Kind::Integer {
                signed: self.is_signed(),
            },
            _ => self.other(),
        }
    }

    /// The name of its type, for errors.
    pub(crate) fn shown(&self) -> String {
        if self.physical.is_none() {
            let group = if self.repetition == 2 {
                "a repeated group"
            } else {
                "a group"
            };
            return match self.type_name() {
                "" => group.to_owned(),
                name => name.to_owned(),
            };
        }
        let physical = usize::try_from(self.physical.unwrap_or(-1)).unwrap_or(usize::MAX);
        let physical = PHYSICAL
            .get(physical)
            .copied()
            .unwrap_or("of a later version of the format");
        match self.type_name() {
            "" if physical == "BYTE_ARRAY" => "BYTE_ARRAY, which is bytes and not text".to_owned(),
            "" => physical.to_owned(),
            name => format!("{name} in {physical}"),
        }
    }

    fn other(&self) -> Kind {
        Kind::Other(self.shown())
    }

    /// The logical type, or the one that older writers say instead; empty where there is none.
    fn type_name(&self) -> &'static str {
        let name = |names: &[&'static str], at: Option<usize>| {
            at.and_then(|at| names.get(at).copied())
                .unwrap_or("of a later version of the format")
        };
        match (&self.logical, self.converted) {
            (Some(logical), _) => name(&LOGICAL, usize::try_from(logical.id).ok()),
            (None, Some(converted)) => name(&CONVERTED, usize::try_from(converted).ok()),
            (None, None) => "",
        }
    }

    fn scale(&self) -> i64 {
        self.logical.map_or(self.scale, |logical| logical.scale)
    }

    /// Converted types 11 to 14 are the unsigned ones.
    fn is_signed(&self) -> bool {
        match (self.logical, self.converted) {
            (Some(logical), _) => logical.signed,
            (None, Some(converted)) => !(11..=14).contains(&converted),
            (None, None) => true,
        }
    }
}

impl Logical {
    /// Of a union, which has one field.
    fn read(member: Member) -> Option<Self> {
        let kind = member.members()?.next()??;
        let mut found = Self {
            id: kind.id,
            scale: 0,
            signed: false,
        };
        for member in kind.members()? {
            let member = member?;
            match (kind.id, member.id) {
                (5, 1) => found.scale = member.integer()?,
                (10, 2) => found.signed = member.is_true(),
                _ => {}
            }
        }
        Some(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(physical: i64, converted: Option<i64>, logical: Option<i16>) -> Element<'static> {
        Element {
            physical: Some(physical),
            converted,
            logical: logical.map(|id| Logical {
                id,
                scale: 2,
                signed: false,
            }),
            ..Element::default()
        }
    }

    #[test]
    fn old_and_new_annotations_mean_the_same() {
        assert_eq!(of(BYTE_ARRAY, Some(0), None).kind(), Kind::Text);
        assert_eq!(of(BYTE_ARRAY, None, Some(4)).kind(), Kind::Text);
        assert_eq!(of(BOOLEAN, None, None).kind(), Kind::Boolean);
        assert_eq!(of(INT64, None, None).kind(), Kind::Integer { signed: true });
        assert_eq!(
            of(INT32, Some(11), None).kind(),
            Kind::Integer { signed: false }
        );
        assert_eq!(
            of(INT32, None, Some(10)).kind(),
            Kind::Integer { signed: false }
        );
        assert_eq!(
            of(INT64, Some(5), Some(5)).kind(),
            Kind::Decimal { scale: 2 }
        );
    }

    #[test]
    fn what_is_of_no_use_has_a_name() {
        for (element, name) in [
            (
                of(BYTE_ARRAY, None, None),
                "BYTE_ARRAY, which is bytes and not text",
            ),
            (of(5, None, None), "DOUBLE"),
            (of(INT64, Some(9), None), "TIMESTAMP in INT64"),
            (of(BYTE_ARRAY, None, Some(17)), "GEOMETRY in BYTE_ARRAY"),
            (
                of(BYTE_ARRAY, None, Some(40)),
                "of a later version of the format in BYTE_ARRAY",
            ),
            (of(3, None, None), "INT96"),
        ] {
            assert_eq!(element.kind(), Kind::Other(name.to_owned()));
        }
    }
}
