//! Numbers of answers → ranks, references and the best one, as `llm_blender` 0.0.2 defines them
//! (`llm_blender/blender/blender.py`).

mod bubble;
mod ranks;
mod reference;

pub(crate) use bubble::BubblePass;
pub(crate) use ranks::{best_first, ranks};
pub(crate) use reference::{ReferenceMode, reference};
