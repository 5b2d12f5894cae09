//! A file of pairs as a run recorded it.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize, Serializer};

use crate::benchmark::quickstart;
use crate::support::input_file::{Directory, InputFile};

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
}
