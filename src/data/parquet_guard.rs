//! Parquet files whose counts can be believed: polars reserves memory for as many values as a
//! header claims.

use std::io::Cursor;

use polars::prelude::*;
use polars_buffer::Buffer;
use polars_parquet::parquet::metadata::RowGroupMetadata;
use polars_parquet::parquet::page::CompressedPage;
use polars_parquet::parquet::read::{PageReader, read_metadata};

/// Values that a file of any size may have: a column that repeats one value takes next to nothing.
const ANYWAY: usize = 1 << 20;

/// The largest footer. A group of rows takes about 100 bytes of it for each column, and many times
/// that in memory.
const LARGEST_FOOTER: u32 = 8 << 20;

/// What the end of the file says: the length of the footer in four bytes, and `PAR1`.
fn footer_length(file: &[u8]) -> Option<u32> {
    let (_, end) = file.split_last_chunk::<8>()?;
    let [a, b, c, d, ..] = *end;
    Some(u32::from_le_bytes([a, b, c, d]))
}

/// A reader of a whole file, after a look at what its headers claim. What it calls panics on some
/// damaged files: for use within [`super::guarded`].
pub(crate) fn reader(file: Vec<u8>) -> PolarsResult<ParquetReader<Cursor<Buffer<u8>>>> {
    let bytes = Buffer::from_vec(file);
    let most = bytes.len().max(ANYWAY);
    let possible = |count: usize| {
        if count <= most {
            Ok(())
        } else {
            polars_bail!(ComputeError: "{count} values in {} bytes", bytes.len())
        }
    };
    if let Some(footer) = footer_length(&bytes).filter(|footer| *footer > LARGEST_FOOTER) {
        polars_bail!(ComputeError: "its footer has {footer} bytes, and {LARGEST_FOOTER} are the most: \
            write the file with larger row groups, or with the columns of pairs alone");
    }
    let metadata = read_metadata(&mut Cursor::new(bytes.clone()))?;
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
    Ok(ParquetReader::new(Cursor::new(bytes)))
}
