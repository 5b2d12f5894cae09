//! `pairbench rank` and `pairbench score`: lines with a prompt and answers → lines with ranks or
//! scores.

mod answer;
mod candidates;
mod lines;
mod model;
mod numbers;
mod request;
mod session;
mod task;

use crate::commands::finished::Finished;
use crate::commands::rank::lines::Lines;
use crate::commands::rank::model::LoadedModel;
use crate::commands::rank::session::{Done, Session};
use crate::commands::threads::use_threads;
use crate::data::answer_line::AnswerLine;
use crate::support::count::count;
use crate::support::error::{Error, Result};
use crate::support::signals::{Stop, StopMessage};
use crate::support::terminal::say;

pub(crate) use request::{Comparing, Input, MethodName, MethodRequest, Order, RankRequest};

/// Answers each line with one, in their order, as soon as it is known.
pub(crate) fn rank(request: &RankRequest) -> Result<Finished> {
    let method = request.method.resolve()?;
    use_threads(request.threads)?;
    let stop = Stop::listen(StopMessage {
        hint: "the lines that were written are whole; go on with those after them".to_owned(),
        as_json: false,
    })?;
    // Whether the file is there is known before the model is loaded.
    let source = match &request.input {
        Input::Lines(path) => Source::Lines(Lines::open(path)?),
        Input::Candidates { prompt, file } => Source::One(candidates::read(prompt, file)?),
    };
    let model = LoadedModel::load(request)?;
    stop.check()?;
    let mut session = Session::new(&model, method, request.batch_wait, stop);
    if request.header {
        session.print(&model.header())?;
    }
    match source {
        Source::Lines(lines) => session.run(&lines)?,
        Source::One(line) => session.run_one(line)?,
    }
    Ok(finished(&session.done))
}

/// Where lines come from.
enum Source {
    Lines(Lines),
    One(AnswerLine),
}

#[expect(clippy::cast_precision_loss, reason = "a rate for people")]
fn finished(done: &Done) -> Finished {
    let seconds = done.seconds;
    say(&format!(
        "{} in {seconds:.1} s of work, {:.1} lines/s, {} tokens",
        count(done.lines, "line"),
        done.lines as f64 / seconds.max(1e-9),
        done.tokens
    ));
    let complaint = (done.errors > 0).then(|| {
        let what = format!(
            "failed to answer {} of {}",
            done.errors,
            count(done.lines, "line")
        );
        Error::bad_input(what).hint("`error` in the output says why, `line` which they are")
    });
    Finished {
        complaint,
        ..String::new().into()
    }
}
