//! What people and machines read on stderr while a command works: messages and progress. All of it
//! is best effort: a stderr that takes no more neither ends the run nor changes its exit code.

mod estimate;
mod heartbeat;
mod message;
mod progress;
mod settings;

pub(crate) use message::say_if_verbose;
pub use message::{complain, say, written};
pub(crate) use progress::Progress;
pub use settings::{Color, ProgressStyle, Settings, Verbosity};
