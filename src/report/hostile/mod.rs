//! Every format under names that try to be more than text: as snapshots, which `SNAPSHOTS=overwrite
//! cargo test` writes again, and as readers understand them that this project did not write.

mod documents;
mod markup;
mod names;
mod records;
mod snapshots;
