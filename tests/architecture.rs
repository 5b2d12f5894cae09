//! The rooms of `src/` and the arrows between them are those of the table in `src/lib.rs`, no arrow
//! points back up, and no two files need each other.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// Lines that a file may have.
const LONGEST: usize = 400;

/// The module path of a file below `src/`, from the crate's root.
type Module = Vec<String>;

/// A tree of sources: the text of each file by its path below `src/`.
type Sources = BTreeMap<PathBuf, String>;

#[test]
fn files_are_short_and_arrows_are_those_of_the_table() {
    let sources = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    assert_eq!(faults(&sources), Vec::<String>::new());
}

#[test]
fn an_arrow_that_the_table_lacks_is_found() {
    let sources = house("use crate::low::thing;", "pub fn thing() {}");
    assert_eq!(faults(&sources), Vec::<String>::new());

    let sources = house("", "use crate::high::other; pub fn thing() {}");
    assert_eq!(
        faults(&sources),
        ["low/mod.rs uses high: lib.rs allows no such arrow"]
    );

    let sources = house("", "pub fn thing() { crate::high::other() }");
    assert_eq!(
        faults(&sources),
        ["low/mod.rs uses high: lib.rs allows no such arrow"]
    );
}

#[test]
fn tests_may_look_up() {
    let sources = house(
        "",
        "pub fn thing() {} #[cfg(test)] mod tests { use crate::high::other; }",
    );
    assert_eq!(faults(&sources), Vec::<String>::new());
}

#[test]
fn a_table_that_points_up_is_found() {
    let mut sources = house("use crate::low::thing;", "pub fn thing() {}");
    let lib = "//! | `low` | things | `high` |\n//! | `high` | others | `low` |\n";
    sources.insert("lib.rs".into(), lib.to_owned());
    assert_eq!(
        faults(&sources),
        ["lib.rs: low uses high, which stands below it"]
    );
}

#[test]
fn two_files_that_need_each_other_are_found() {
    let mut sources = house("use crate::low::thing;", "mod a; mod b; pub use a::thing;");
    sources.insert(
        "low/a.rs".into(),
        "use super::b::part; pub fn thing() {}".to_owned(),
    );
    sources.insert("low/b.rs".into(), "pub fn part() {}".to_owned());
    assert_eq!(faults(&sources), Vec::<String>::new());

    // Through the room's own name: `thing` lives in a.rs.
    sources.insert(
        "low/b.rs".into(),
        "use super::thing; pub fn part() {}".to_owned(),
    );
    assert_eq!(faults(&sources), ["a circle of files: low/a.rs, low/b.rs"]);
}

#[test]
fn a_long_file_is_found() {
    let mut sources = house("", "");
    sources.insert("high/long.rs".into(), "\n".repeat(LONGEST + 1));
    assert_eq!(
        faults(&sources),
        ["high/long.rs has 401 lines: at most 400"]
    );
}

/// A house of two rooms.
fn house(high: &str, low: &str) -> Sources {
    let lib = "//! | `low` | things | |\n//! | `high` | others | `low` |\n";
    [("lib.rs", lib), ("high/mod.rs", high), ("low/mod.rs", low)]
        .map(|(path, text)| (path.into(), text.to_owned()))
        .into()
}

fn sources(src: &Path) -> Sources {
    let mut sources = Sources::new();
    let mut folders = vec![src.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                sources.insert(path.strip_prefix(src).unwrap().to_owned(), text);
            }
        }
    }
    sources
}

/// Everything that is wrong with these sources, in words.
fn faults(sources: &Sources) -> Vec<String> {
    let rooms = rooms(&sources[Path::new("lib.rs")]);
    let mut faults = lengths(sources);
    faults.extend(arrows_up(&rooms));
    let files: BTreeMap<Module, File> = sources
        .iter()
        .map(|(path, text)| (module(path), File::parse(path, text)))
        .collect();
    let allowed: BTreeMap<&str, &[String]> = rooms
        .iter()
        .map(|(room, uses)| (room.as_str(), uses.as_slice()))
        .collect();
    let mut needs: BTreeMap<&Path, BTreeSet<&Path>> = BTreeMap::new();
    for (from, file) in &files {
        let room = from.first().map_or("", String::as_str);
        if !room.is_empty() && !allowed.contains_key(room) {
            faults.push(format!(
                "{}: lib.rs lists no room {room}",
                file.path.display()
            ));
            continue;
        }
        let mut wrong = BTreeSet::new();
        for path in &file.uses {
            let Some(target) = resolve(path, &files) else {
                continue;
            };
            let to = target.first().map_or("", String::as_str);
            let may = room.is_empty() || to == room || allowed[room].iter().any(|one| one == to);
            if !may {
                wrong.insert(to.to_owned());
            }
            let target = files[&target].path;
            if target != file.path {
                needs.entry(file.path).or_default().insert(target);
            }
        }
        let name = file.path.display();
        faults.extend(
            wrong
                .iter()
                .map(|to| format!("{name} uses {to}: lib.rs allows no such arrow")),
        );
    }
    faults.extend(circles(&needs));
    faults
}

fn lengths(sources: &Sources) -> Vec<String> {
    let long = |(path, text): (&PathBuf, &String)| {
        let lines = text.lines().count();
        let fault = || format!("{} has {lines} lines: at most {LONGEST}", path.display());
        (lines > LONGEST).then(fault)
    };
    sources.iter().filter_map(long).collect()
}

/// The rows of the table in `lib.rs`: a room, and the rooms that it uses.
fn rooms(lib: &str) -> Vec<(String, Vec<String>)> {
    let names = |cell: &str| -> Vec<String> {
        cell.split('`')
            .skip(1)
            .step_by(2)
            .map(str::to_owned)
            .collect()
    };
    let rows = lib.lines().filter_map(|line| line.strip_prefix("//! |"));
    rows.filter_map(|row| {
        let cells: Vec<&str> = row.split('|').collect();
        let room = names(cells.first()?).into_iter().next()?;
        Some((room, names(cells.get(2)?)))
    })
    .collect()
}

/// A room uses those above it in the table: then there can be no circle of rooms.
fn arrows_up(rooms: &[(String, Vec<String>)]) -> Vec<String> {
    let above = |at: usize, name: &String| rooms[..at].iter().any(|(room, _)| room == name);
    let of_room = |(at, (room, uses)): (usize, &(String, Vec<String>))| {
        let below = uses.iter().filter(|name| !above(at, name));
        below
            .map(|name| format!("lib.rs: {room} uses {name}, which stands below it"))
            .collect()
    };
    rooms
        .iter()
        .enumerate()
        .flat_map(|row| -> Vec<String> { of_room(row) })
        .collect()
}

fn module(path: &Path) -> Module {
    let path = path.with_extension("");
    let mut parts: Module = path
        .iter()
        .map(|part| part.to_string_lossy().into_owned())
        .collect();
    if matches!(
        parts.last().map(String::as_str),
        Some("mod" | "lib" | "main")
    ) {
        parts.pop();
    }
    parts
}

/// What a file takes from the crate, and what it hands on under its own name.
struct File<'a> {
    path: &'a Path,
    module: Module,
    /// Paths from the crate's root.
    uses: Vec<Module>,
    /// Names that it re-exports, with where they come from.
    exports: BTreeMap<String, Module>,
}

impl<'a> File<'a> {
    fn parse(path: &'a Path, text: &str) -> Self {
        let mut file = Self {
            path,
            module: module(path),
            uses: Vec::new(),
            exports: BTreeMap::new(),
        };
        let parsed = syn::parse_file(text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        file.visit_file(&parsed);
        file
    }

    /// The path from the crate's root, where it is a path within the crate.
    fn absolute(&self, path: &[String]) -> Option<Module> {
        let ups = path.iter().take_while(|part| *part == "super").count();
        match path.first()?.as_str() {
            "crate" | "pairbench" => Some(path[1..].to_vec()),
            "self" => Some([&self.module, &path[1..]].concat()),
            "super" => {
                let home = &self.module[..self.module.len().checked_sub(ups)?];
                Some([home, &path[ups..]].concat())
            }
            _ => None,
        }
    }

    /// A re-export is no need of its own: who asks for the name is led to where it comes from.
    fn import(&mut self, item: &syn::ItemUse) {
        let mut leaves = Vec::new();
        flatten(&item.tree, &mut Vec::new(), &mut leaves);
        let is_export = !matches!(item.vis, syn::Visibility::Inherited);
        for (path, name) in leaves {
            let inside = [self.module.clone(), path.clone()].concat();
            match self.absolute(&path) {
                Some(path) if is_export => drop(self.exports.insert(name, path)),
                None if is_export => drop(self.exports.insert(name, inside)),
                Some(path) => self.uses.push(path),
                None => self.uses.push(inside),
            }
        }
    }
}

impl<'ast> Visit<'ast> for File<'_> {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.import(item);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let parts: Module = path
            .segments
            .iter()
            .map(|part| part.ident.to_string())
            .collect();
        // A child by its own name, or another crate: what is no file of the house is passed over.
        let inside = [self.module.clone(), parts.clone()].concat();
        self.uses.push(self.absolute(&parts).unwrap_or(inside));
        syn::visit::visit_path(self, path);
    }

    /// `pub(crate)` and `pub(super)` contain paths but need nothing.
    fn visit_visibility(&mut self, _: &'ast syn::Visibility) {}

    /// Tests look wherever they like.
    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        let is_test = item.attrs.iter().any(|attribute| match &attribute.meta {
            syn::Meta::List(list) => {
                list.path.is_ident("cfg") && list.tokens.to_string().contains("test")
            }
            _ => false,
        });
        let Some((_, items)) = item.content.as_ref().filter(|_| !is_test) else {
            return;
        };
        self.module.push(item.ident.to_string());
        for item in items {
            self.visit_item(item);
        }
        self.module.pop();
    }
}

fn flatten(tree: &syn::UseTree, before: &mut Module, leaves: &mut Vec<(Module, String)>) {
    let leaf = |name: &syn::Ident| [before.clone(), vec![name.to_string()]].concat();
    match tree {
        syn::UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, leaves);
            before.pop();
        }
        syn::UseTree::Name(name) if name.ident == "self" => {
            leaves.push((before.clone(), before.last().cloned().unwrap_or_default()));
        }
        syn::UseTree::Name(name) => leaves.push((leaf(&name.ident), name.ident.to_string())),
        syn::UseTree::Rename(name) => leaves.push((leaf(&name.ident), name.rename.to_string())),
        syn::UseTree::Glob(_) => leaves.push((before.clone(), String::new())),
        syn::UseTree::Group(group) => {
            group
                .items
                .iter()
                .for_each(|tree| flatten(tree, before, leaves));
        }
    }
}

/// The file that has what a path names, through re-exports.
fn resolve(path: &[String], files: &BTreeMap<Module, File>) -> Option<Module> {
    let deepest = (0..=path.len())
        .rev()
        .find(|n| files.contains_key(&path[..*n]))?;
    let (module, rest) = path.split_at(deepest);
    let Some((name, rest)) = rest.split_first() else {
        return Some(module.to_vec());
    };
    match files[module].exports.get(name) {
        Some(home) if home.as_slice() != path => resolve(&[home.as_slice(), rest].concat(), files),
        // The crate's root holds no code: such a path is another crate's.
        _ => (!module.is_empty()).then(|| module.to_vec()),
    }
}

/// Files that reach themselves, by circle.
fn circles(needs: &BTreeMap<&Path, BTreeSet<&Path>>) -> Vec<String> {
    let reach = |from: &Path| {
        let mut seen: BTreeSet<&Path> = BTreeSet::new();
        let mut next: Vec<&Path> = needs.get(from).into_iter().flatten().copied().collect();
        while let Some(file) = next.pop() {
            if seen.insert(file) {
                next.extend(needs.get(file).into_iter().flatten());
            }
        }
        seen
    };
    let reached: BTreeMap<&Path, BTreeSet<&Path>> =
        needs.keys().map(|file| (*file, reach(file))).collect();
    let circle = |file: &&Path| -> Vec<String> {
        let together = reached[*file].iter().filter(|other| {
            reached
                .get(**other)
                .is_some_and(|back| back.contains(*file))
        });
        together.map(|other| other.display().to_string()).collect()
    };
    let found: BTreeSet<Vec<String>> = reached
        .keys()
        .map(circle)
        .filter(|files| !files.is_empty())
        .collect();
    found
        .into_iter()
        .map(|files| format!("a circle of files: {}", files.join(", ")))
        .collect()
}
