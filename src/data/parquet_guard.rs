//! Parquet files whose counts can be believed: polars reserves memory for as many values as a
//! header claims.

use std::io::Cursor;
use std::sync::Arc;

use polars::prelude::*;
use polars_buffer::Buffer;
use polars_parquet::parquet::metadata::{FileMetadata, RowGroupMetadata};
use polars_parquet::parquet::page::CompressedPage;
use polars_parquet::parquet::read::{PageReader, read_metadata};

/// Values that a file of any size may have: a column that repeats one value takes next to nothing.
const ANYWAY: usize = 1 << 20;

/// The largest footer, in bytes: in memory it takes up to fifty times as much.
const LARGEST_FOOTER: usize = 16 << 20;
/// The most groups of rows: each takes polars 0.14 ms, were it of a single row.
const MOST_GROUPS: usize = 1 << 14;

/// The footer of a file, without its length and the mark behind it. One that would take far more
/// memory than it is long is refused.
pub(crate) fn footer(file: &[u8]) -> PolarsResult<&[u8]> {
    let length = |end: &[u8; 4]| usize::try_from(u32::from_le_bytes(*end)).unwrap_or(usize::MAX);
    let rest = file
        .strip_suffix(b"PAR1")
        .and_then(<[u8]>::split_last_chunk);
    let Some((before, length)) = rest.map(|(before, end)| (before, length(end))) else {
        polars_bail!(ComputeError: "it does not end in PAR1, as Parquet files do: it is cut off, or \
            something else");
    };
    let Some(start) = before.len().checked_sub(length) else {
        polars_bail!(ComputeError: "its footer would have {length} bytes, more than the file has");
    };
    if length > LARGEST_FOOTER {
        polars_bail!(ComputeError: "its footer has {length} bytes, at most {LARGEST_FOOTER} are \
            read: write the file with larger row groups");
    }
    Ok(&before[start..])
}

/// A reader of a whole file, after a look at what its headers claim. What it calls panics on some
/// damaged files: for use within [`super::guarded`].
pub(crate) fn reader(file: Vec<u8>) -> PolarsResult<ParquetReader<Cursor<Buffer<u8>>>> {
    footer(&file)?;
    let bytes = Buffer::from_vec(file);
    let metadata = read_metadata(&mut Cursor::new(bytes.clone()))?;
    checked(bytes, metadata)
}

/// A reader of the columns that `metadata` knows, after a look at what their headers claim.
pub(crate) fn checked(
    bytes: Buffer<u8>,
    metadata: FileMetadata,
) -> PolarsResult<ParquetReader<Cursor<Buffer<u8>>>> {
    let groups = metadata.row_groups.len();
    if groups > MOST_GROUPS {
        polars_bail!(ComputeError: "it has {groups} row groups, at most {MOST_GROUPS} are read: \
            write the file with larger ones");
    }
    let most = bytes.len().max(ANYWAY);
    let possible = |count: usize| {
        if count <= most {
            Ok(())
        } else {
            polars_bail!(ComputeError: "{count} values in {} bytes", bytes.len())
        }
    };
    possible(metadata.num_rows)?;
    for column in metadata
        .row_groups
        .iter()
        .flat_map(RowGroupMetadata::parquet_columns)
    {
        possible(usize::try_from(column.num_values()).unwrap_or(usize::MAX))?;
        let place = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let range = column.byte_range();
        let chunk = bytes.clone().sliced(place(range.start)..place(range.end));
        for page in PageReader::new(Cursor::new(chunk), column, Vec::new(), bytes.len()) {
            if let CompressedPage::Data(page) = page? {
                // Negative numbers are large ones here.
                possible(page.num_values())?;
                possible(page.num_rows().unwrap_or(0))?;
                possible(page.null_count().unwrap_or(0))?;
            }
        }
    }
    let mut reader = ParquetReader::new(Cursor::new(bytes));
    reader.set_metadata(Arc::new(metadata));
    Ok(reader)
}
