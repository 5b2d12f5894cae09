//! How long the rest will take.

use std::time::Duration;

/// How fast work is done. Work is what costs time (tokens, bytes), not what people count (pairs):
/// long pairs come as they come.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pace {
    /// Work that is done, and all of it.
    pub(crate) done: f64,
    pub(crate) total: f64,
    pub(crate) elapsed: Duration,
}

impl Pace {
    /// `None` as long as nothing is done.
    pub(crate) fn left(self) -> Option<Duration> {
        let rest = (self.total - self.done).max(0.0);
        self.at_this_pace(rest)
    }

    /// What all of it takes, from its beginning.
    pub(crate) fn whole(self) -> Option<Duration> {
        self.at_this_pace(self.total.max(self.done))
    }

    fn at_this_pace(self, work: f64) -> Option<Duration> {
        let seconds = self.elapsed.as_secs_f64() * work / self.done;
        Duration::try_from_secs_f64(seconds).ok()
    }
}

/// About as precise as an estimate is: `40 s`, `12 min`, `1 h 50 min`, `3 d 4 h`.
pub(crate) fn duration(time: Duration) -> String {
    let seconds = time.as_secs();
    let minutes = (seconds + 30) / 60;
    match seconds {
        0..90 => format!("{seconds} s"),
        90..5_370 => format!("{minutes} min"),
        5_370..172_770 => format!("{} h {} min", minutes / 60, minutes % 60),
        _ => format!("{} d {} h", minutes / 1_440, minutes % 1_440 / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_goes_at_the_pace_of_what_is_done() {
        let pace = Pace {
            done: 250.0,
            total: 1_000.0,
            elapsed: Duration::from_secs(10),
        };
        assert_eq!(pace.left(), Some(Duration::from_secs(30)));
        assert_eq!(pace.whole(), Some(Duration::from_secs(40)));
        let nothing = Pace { done: 0.0, ..pace };
        assert_eq!(nothing.left(), None);
        let more = Pace { done: 2e3, ..pace };
        assert_eq!(more.left(), Some(Duration::ZERO));
    }

    #[test]
    fn durations_are_rounded_as_people_round_them() {
        let text = |seconds| duration(Duration::from_secs(seconds));
        assert_eq!(text(0), "0 s");
        assert_eq!(text(89), "89 s");
        assert_eq!(text(90), "2 min");
        assert_eq!(text(5_369), "89 min");
        assert_eq!(text(5_370), "1 h 30 min");
        assert_eq!(text(6_600), "1 h 50 min");
        assert_eq!(text(273_600), "3 d 4 h");
    }
}
