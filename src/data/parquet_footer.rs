//! The footer of a Parquet file with nothing in it but the columns in use.
//!
//! polars refuses a file for any column that it does not know, and reads Arrow's own description of
//! the columns where there is one. Here the footer is written again before polars sees it: only
//! columns in use, of a message only `role` and `content`, each with Parquet's basic type.

use crate::data::parquet_type::{Element, FIXED_LEN_BYTE_ARRAY, Kind};
use crate::data::thrift::{Member, Members, Writer};

/// More elements than any schema has; each takes six bytes or more.
const MAX_ELEMENTS: usize = 1 << 20;

/// Groups within groups of a column in use, at most.
const MAX_DEPTH: usize = 16;

/// What the columns in use hold, and the footer for polars.
pub(crate) struct Footer {
    /// All columns of the file.
    pub(crate) names: Vec<String>,
    /// Those in use that can be read, as the footer has them.
    pub(crate) columns: Vec<Column>,
    /// Those in use that cannot, with their types.
    pub(crate) unreadable: Vec<(String, String)>,
    /// The columns that are there twice.
    pub(crate) doubled: Vec<String>,
    /// Why values cannot be read although nothing is damaged.
    pub(crate) locked: Option<&'static str>,
    pub(crate) bytes: Vec<u8>,
}

/// A column that can be read; `shown` is its type, for errors.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) content: Content,
    pub(crate) shown: String,
}

/// What a column holds; `Texts` are lists of strings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    Values(Kind),
    Messages,
    Texts,
}

impl Footer {
    /// From the footer of a file; `None` where it is damaged.
    pub(crate) fn read(bytes: &[u8], in_use: &dyn Fn(&str) -> bool) -> Option<Self> {
        let all = Members::new(bytes);
        let members: Vec<Member> = all.take(64).collect::<Option<_>>()?;
        let member = |id| members.iter().find(|member| member.id == id);
        let mut schema = Schema::default();
        let mut found = Self {
            names: Vec::new(),
            columns: Vec::new(),
            unreadable: Vec::new(),
            doubled: Vec::new(),
            locked: None,
            bytes: Vec::new(),
        };
        let mut elements = member(2)?.structs()?.take(MAX_ELEMENTS);
        let root = Element::read(elements.next()??)?;
        for _ in 0..root.children {
            let column = Node::read(&mut elements, &mut schema.leaves, 0)?;
            let name = column.element.name();
            if in_use(&name) {
                found.add(name.clone(), &column, &mut schema);
            }
            found.names.push(name);
        }
        if elements.next().is_some() {
            return None;
        }
        let groups = member(4)?.structs()?;
        let groups: Vec<Vec<u8>> = groups
            .map(|group| schema.row_group(group?))
            .collect::<Option<_>>()?;
        let mut writer = Writer::default();
        writer.copy(*member(1)?);
        let mut root = root;
        root.children = found.columns.len();
        schema.elements.insert(0, written(&root, None));
        writer.structs(2, &schema.elements);
        writer.copy(*member(3)?);
        writer.structs(4, &groups);
        found.bytes = writer.finish();
        found.locked = schema.locked;
        Some(found)
    }

    fn add(&mut self, name: String, column: &Node, schema: &mut Schema) {
        if self.names.contains(&name) {
            self.doubled.push(name);
            return;
        }
        match column.content() {
            Ok(content) => {
                column.write(schema);
                let shown = match content {
                    Content::Messages => "a list of messages".to_owned(),
                    Content::Texts => "a list of strings".to_owned(),
                    Content::Values(_) => column.element.shown(),
                };
                self.columns.push(Column {
                    name,
                    content,
                    shown,
                });
            }
            Err(kind) => self.unreadable.push((name, kind)),
        }
    }
}

/// What is kept of a schema.
#[derive(Default)]
struct Schema {
    elements: Vec<Vec<u8>>,
    /// How many columns of values there are, and which are kept.
    leaves: usize,
    kept: Vec<usize>,
    locked: Option<&'static str>,
}

impl Schema {
    /// A row group with the chunks of the columns that are kept.
    fn row_group(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut writer = Writer::default();
        for member in Members::new(bytes) {
            let member = member?;
            match member.id {
                1 => {
                    let mut kept = self.kept.iter().peekable();
                    let mut chunks = Vec::with_capacity(self.kept.len());
                    let mut all = 0;
                    for (at, chunk) in member.structs()?.enumerate() {
                        if kept.next_if_eq(&&at).is_some() {
                            self.locked = self.locked.or(locked(chunk?));
                            chunks.push(chunk?);
                        }
                        all = at + 1;
                    }
                    (all == self.leaves).then_some(())?;
                    writer.structs(1, &chunks);
                }
                2 | 3 => writer.copy(member),
                _ => {}
            }
        }
        Some(writer.finish())
    }
}

/// An element with those below it.
struct Node<'a> {
    element: Element<'a>,
    children: Vec<Node<'a>>,
    /// The number of the column, for one without children.
    leaf: usize,
}

impl<'a> Node<'a> {
    /// `leaves` counts the columns of values.
    fn read(
        elements: &mut impl Iterator<Item = Option<&'a [u8]>>,
        leaves: &mut usize,
        depth: usize,
    ) -> Option<Self> {
        let element = Element::read(elements.next()??)?;
        let leaf = *leaves;
        *leaves += usize::from(element.physical.is_some());
        let mut children = Vec::new();
        for _ in 0..element.children {
            if depth == MAX_DEPTH {
                pass_over(elements, leaves)?;
            } else {
                children.push(Self::read(elements, leaves, depth + 1)?);
            }
        }
        Some(Self {
            element,
            children,
            leaf,
        })
    }

    /// What it holds, or the name of its type.
    fn content(&self) -> Result<Content, String> {
        let mut lists = 0;
        let mut node = self;
        loop {
            lists += usize::from(node.element.repetition == 2);
            if let Some(parts) = node.parts() {
                if lists != 1 {
                    return Err("a message, or lists of lists of them".to_owned());
                }
                return match parts.map(|part| (part, part.element.kind())) {
                    [(_, Kind::Text), (_, Kind::Text)] => Ok(Content::Messages),
                    [(role, kind), (content, _)] => {
                        let wrong = if kind == Kind::Text { content } else { role };
                        let (name, kind) = (wrong.element.name(), wrong.element.shown());
                        Err(format!("messages whose `{name}` is {kind}"))
                    }
                };
            }
            match &node.children[..] {
                [] if lists == 1 && node.element.kind() == Kind::Text => return Ok(Content::Texts),
                [] if lists > 0 => return Err(format!("a list of {}", node.element.shown())),
                [] => break,
                [only] => node = only,
                _ if lists > 0 => return Err("a list of groups".to_owned()),
                _ => return Err(self.element.shown()),
            }
        }
        if node.element.physical.is_none() || !std::ptr::eq(node, self) {
            return Err(self.element.shown());
        }
        match self.element.kind() {
            Kind::Other(name) => Err(name),
            kind => Ok(Content::Values(kind)),
        }
    }

    /// Role and content of a message, in the file's order.
    fn parts(&self) -> Option<[&Node<'a>; 2]> {
        let is_part = |node: &&Node| {
            let named = node.element.name == b"role" || node.element.name == b"content";
            named && node.children.is_empty() && node.element.repetition != 2
        };
        let parts: Vec<&Node> = self.children.iter().filter(is_part).collect();
        let parts: [&Node; 2] = parts.try_into().ok()?;
        (parts[0].element.name != parts[1].element.name).then_some(parts)
    }

    /// Writes the elements of a column that can be read.
    fn write(&self, schema: &mut Schema) {
        if self.children.is_empty() {
            schema
                .elements
                .push(written(&self.element, Some(&self.element.kind())));
            schema.kept.push(self.leaf);
            return;
        }
        let parts = self.parts();
        let children: Vec<&Node> = parts.map_or_else(|| self.children.iter().collect(), Vec::from);
        let mut element = self.element.clone();
        element.children = children.len();
        schema.elements.push(written(&element, None));
        for child in children {
            child.write(schema);
        }
    }
}

/// Why a chunk of values cannot be read: it is encrypted, or compressed as polars does not know.
fn locked(chunk: &[u8]) -> Option<&'static str> {
    const LZO: i64 = 3;
    let of = |id| move |member: &Member| member.id == id;
    let find = |bytes, id| Members::new(bytes).flatten().find(of(id));
    if find(chunk, 8).is_some() {
        return Some("is encrypted");
    }
    let mut metadata = find(chunk, 3)?.members()?.flatten();
    let codec = metadata.find(of(4))?.integer()?;
    (codec == LZO).then_some("is compressed with LZO")
}

/// An element and what is below it, of no interest.
fn pass_over<'a>(
    elements: &mut impl Iterator<Item = Option<&'a [u8]>>,
    leaves: &mut usize,
) -> Option<()> {
    let mut left: usize = 1;
    while left > 0 {
        let element = Element::read(elements.next()??)?;
        *leaves += usize::from(element.physical.is_some());
        left = (left - 1).checked_add(element.children)?;
    }
    Some(())
}

/// A `SchemaElement` that says only what polars needs: text is UTF-8, all else is its basic type.
fn written(element: &Element, kind: Option<&Kind>) -> Vec<u8> {
    const UTF8: i64 = 0;
    const LIST: i64 = 3;
    let mut writer = Writer::default();
    if let Some(physical) = element.physical_that_is_read() {
        writer.i32(1, physical);
        if let (FIXED_LEN_BYTE_ARRAY, Some(length)) = (physical, element.length) {
            writer.i32(2, length);
        }
    }
    writer.i32(3, element.repetition);
    writer.binary(4, element.name);
    if element.physical.is_none() {
        writer.i32(5, i64::try_from(element.children).unwrap_or(i64::MAX));
    }
    if matches!(kind, Some(Kind::Text | Kind::Json)) {
        writer.i32(6, UTF8);
    } else if element.is_list() {
        writer.i32(6, LIST);
    }
    writer.finish()
}

#[cfg(test)]
mod tests {
    use polars_buffer::Buffer;
    use polars_parquet::parquet::read::deserialize_metadata;
    use polars_parquet::read::ParquetType;

    use super::*;
    use crate::data::parquet_type::BYTE_ARRAY;

    fn element(name: &str, fields: &[(i16, i64)], logical: Option<i16>) -> Vec<u8> {
        let mut writer = Writer::default();
        for (id, value) in fields {
            writer.i32(*id, *value);
        }
        writer.binary(4, name.as_bytes());
        if let Some(logical) = logical {
            let mut union = Writer::default();
            union.nested(logical, &[0]);
            writer.nested(10, &union.finish());
        }
        writer.finish()
    }

    /// A chunk of values; `codec` 1 is Snappy, 3 is LZO.
    fn chunk(codec: i64) -> Vec<u8> {
        let mut metadata = Writer::default();
        for (id, value) in [(1, BYTE_ARRAY), (4, codec), (5, 1), (6, 9), (7, 9), (9, 4)] {
            metadata.i32(id, value);
        }
        let mut writer = Writer::default();
        writer.i32(2, 4);
        writer.nested(3, &metadata.finish());
        writer.finish()
    }

    fn footer(elements: &[Vec<u8>], chunks: &[Vec<u8>]) -> Vec<u8> {
        let mut group = Writer::default();
        group.structs(1, chunks);
        group.i32(2, 9);
        group.i32(3, 1);
        let mut writer = Writer::default();
        writer.i32(1, 1);
        writer.structs(2, elements);
        writer.i32(3, 1);
        writer.structs(4, &[group.finish()]);
        writer.binary(6, b"a test");
        writer.finish()
    }

    fn text(name: &str) -> Vec<u8> {
        element(name, &[(1, BYTE_ARRAY), (3, 1), (6, 0)], None)
    }

    /// polars refuses the whole file for its second column, and reads the new footer.
    #[test]
    fn columns_that_are_not_used_are_not_looked_at() {
        let geometry = |id| element("place", &[(1, BYTE_ARRAY), (3, 1)], Some(id));
        for logical in [16, 17, 18, 99] {
            let elements = [
                element("root", &[(5, 3)], None),
                text("prompt"),
                geometry(logical),
                text("chosen"),
            ];
            let bytes = footer(&elements, &[chunk(1), chunk(3), chunk(1)]);
            assert!(deserialize_metadata(Buffer::from_vec(bytes.clone())).is_err());
            let found = Footer::read(&bytes, &|name| name != "place").unwrap();
            assert_eq!(found.names, ["prompt", "place", "chosen"]);
            assert!(found.unreadable.is_empty() && found.locked.is_none());
            let metadata = deserialize_metadata(Buffer::from_vec(found.bytes)).unwrap();
            let columns = metadata.schema().fields().iter().map(ParquetType::name);
            assert!(columns.eq(["prompt", "chosen"]));
            assert_eq!(metadata.row_groups[0].parquet_columns().len(), 2);

            let found = Footer::read(&bytes, &|name| name == "place").unwrap();
            assert!(found.columns.is_empty());
            assert!(found.unreadable[0].1.ends_with("in BYTE_ARRAY"));
        }
    }

    #[test]
    fn what_polars_cannot_decompress_is_told() {
        let elements = [element("root", &[(5, 1)], None), text("prompt")];
        let read = |bytes: &[u8]| Footer::read(bytes, &|_| true);
        let found = read(&footer(&elements, &[chunk(3)])).unwrap();
        assert_eq!(found.locked, Some("is compressed with LZO"));
        // A chunk too few, an element too many, a footer that ends early.
        assert!(read(&footer(&elements, &[])).is_none());
        let more = [elements[0].clone(), text("prompt"), text("chosen")];
        assert!(read(&footer(&more, &[chunk(1), chunk(1)])).is_none());
        let whole = footer(&elements, &[chunk(1)]);
        assert!((0..whole.len() - 1).all(|length| read(&whole[..length]).is_none()));
    }
}
