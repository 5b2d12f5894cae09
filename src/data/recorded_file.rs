//! A file of pairs as a run recorded it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use crate::benchmark::quickstart;
use crate::data::column_map::ColumnMap;
use crate::support::input_file::{Directory, InputFile, STANDARD_INPUT};

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DataFile {
    /// In JSON as text: what is no UTF-8 in it is replaced there.
    #[serde(serialize_with = "as_text")]
    pub(crate) path: PathBuf,
    pub sha256: String,
    /// Which of its columns are which, as `--map` says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) map: Option<String>,
}

fn as_text<S: Serializer>(path: &Path, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&path.to_string_lossy())
}

impl DataFile {
    /// The file inside the binary that has this content.
    pub(crate) fn embedded(&self) -> Option<InputFile> {
        let home = Directory::Embedded(quickstart::benchmark());
        let name = self.path.file_name()?.to_str()?;
        Some(home.file(name)).filter(|file| file.sha256().is_ok_and(|hash| hash == self.sha256))
    }

    /// The file where it was, or inside the binary, if it is still what was read.
    fn at_its_path(&self) -> std::result::Result<InputFile, String> {
        let path = self.path.display();
        if self.path.as_os_str() == STANDARD_INPUT {
            return Err("standard input cannot be read again".to_owned());
        }
        let on_disk = InputFile::OnDisk(self.path.clone());
        let file = if on_disk.exists() {
            on_disk
        } else {
            self.embedded()
                .ok_or_else(|| format!("{path} is not there any more"))?
        };
        if file.sha256().map_err(|error| error.to_string())? == self.sha256 {
            Ok(file)
        } else {
            Err(format!("{path} has changed since the run (SHA-256)"))
        }
    }
}

/// Which columns of the files of a run are which: one map for all of them.
pub(crate) fn column_map(recorded: &[DataFile]) -> std::result::Result<ColumnMap, String> {
    let map = recorded.first().and_then(|file| file.map.as_deref());
    map.map_or_else(|| Ok(ColumnMap::default()), str::parse)
}

/// The files that a run read, in its order: those of `given` that have their content, where files
/// are given, else those at their own paths or inside the binary.
///
/// # Errors
/// The first that is not there or has another content, in words; or that none is recorded.
pub(crate) fn find(
    recorded: &[DataFile],
    given: &[PathBuf],
) -> std::result::Result<Vec<InputFile>, String> {
    if recorded.is_empty() {
        return Err("the results were imported without their data".to_owned());
    }
    let mut candidates = Vec::new();
    for path in given {
        let file = InputFile::OnDisk(path.clone());
        let sha256 = file.sha256().map_err(|error| error.to_string())?;
        candidates.push((file, sha256));
    }
    let one = |wanted: &DataFile| {
        let same = candidates
            .iter()
            .find(|(_, sha256)| *sha256 == wanted.sha256);
        match same {
            Some((file, _)) => Ok(file.clone()),
            None if given.is_empty() => wanted.at_its_path(),
            None => Err(format!(
                "none of the files given is {} as it was scored: SHA-256 {}",
                wanted.path.display(),
                wanted.sha256
            )),
        }
    };
    recorded.iter().map(one).collect()
}
