//! The binary, measured; checkpoints to damage.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use pairbench::scoring::run_dir::RunDir;
use pairbench::scoring::{Outcome, ScoredItem};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value;

/// What a check allows one file to take.
pub const SECONDS: Duration = Duration::from_secs(2);
pub const MEGABYTE: u64 = 1 << 20;

/// A process that ended.
pub struct Done {
    pub out: String,
    pub err: String,
    pub code: i32,
    /// Of all its threads: on a busy machine the clock says nothing.
    pub cpu: Duration,
    /// Bytes at its largest.
    pub peak: u64,
}

pub fn binary() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pairbench"));
    // No verdict comes from the cache of whoever tests.
    command
        .stdin(Stdio::null())
        .env_remove("RUST_BACKTRACE")
        .env("PAIRBENCH_CACHE", "");
    command
}

/// Runs it; whatever happens, nothing panics and no control character is shown.
pub fn pairbench<S: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = S>) -> Done {
    measured(binary().args(arguments))
}

#[cfg(unix)]
#[expect(
    clippy::zombie_processes,
    reason = "wait4 waits, and tells more than `wait`"
)]
pub fn measured(command: &mut Command) -> Done {
    use std::os::unix::process::ExitStatusExt;
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut out, mut err) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        out.read_to_end(&mut bytes).unwrap();
        bytes
    });
    let mut errors = Vec::new();
    err.read_to_end(&mut errors).unwrap();
    let (mut status, pid) = (0, i32::try_from(child.id()).unwrap());
    // SAFETY: both pointers are to locals, and the process is a child that nobody else waits for.
    let usage = unsafe {
        let mut usage = std::mem::zeroed();
        assert_eq!(libc::wait4(pid, &raw mut status, 0, &raw mut usage), pid);
        usage
    };
    let time = |t: libc::timeval| {
        Duration::from_secs(u64::try_from(t.tv_sec).unwrap())
            + Duration::from_micros(u64::try_from(t.tv_usec).unwrap())
    };
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what is shown is UTF-8");
    let status = std::process::ExitStatus::from_raw(status);
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    Done {
        out: text(reader.join().unwrap()),
        err: text(errors),
        code: status
            .code()
            .unwrap_or_else(|| -status.signal().unwrap_or(0)),
        cpu: time(usage.ru_utime) + time(usage.ru_stime),
        peak: u64::try_from(usage.ru_maxrss).unwrap() * unit,
    }
    .tidy()
}

#[cfg(not(unix))]
pub fn measured(command: &mut Command) -> Done {
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("what is shown is UTF-8");
    Done {
        out: text(output.stdout),
        err: text(output.stderr),
        code: output.status.code().unwrap(),
        cpu: Duration::ZERO,
        peak: 0,
    }
    .tidy()
}

impl Done {
    fn tidy(self) -> Self {
        assert!(
            !self.err.contains("panicked") && !self.out.contains("panicked"),
            "{}",
            self.err
        );
        for text in [&self.out, &self.err] {
            assert!(
                text.chars().all(|c| c == '\n' || !c.is_control()),
                "{text:?}"
            );
            assert!(
                !text.contains(['\u{202e}', '\u{2066}', '\u{2028}']),
                "{text:?}"
            );
        }
        self
    }

    /// Refused with this code, nothing on stdout, and this in the message.
    #[track_caller]
    pub fn refused(&self, case: &str, code: i32, says: &str) {
        assert!(
            self.code == code && self.out.is_empty() && self.err.contains(says),
            "{case}: {} where {code} was due, no `{says}`: {}{}",
            self.code,
            self.out,
            self.err
        );
        assert!(
            self.err.starts_with("error: failed to ") || self.err.contains("\nerror: failed to "),
            "{case}: {}",
            self.err
        );
    }

    #[track_caller]
    pub fn succeeded(self, case: &str) -> Self {
        assert_eq!(self.code, 0, "{case}: {}", self.err);
        self
    }

    /// Within the time of a check, and `more` bytes above a run that has nothing to refuse.
    ///
    /// On Linux a process starts with the peak of the one that spawned it: below that of these
    /// tests nothing is seen.
    #[track_caller]
    pub fn within(&self, case: &str, baseline: &Self, more: u64) {
        assert!(
            self.cpu < baseline.cpu + SECONDS,
            "{case}: {:?} of processor time",
            self.cpu
        );
        let most = (baseline.peak + more).max(own_peak());
        assert!(
            self.peak <= most,
            "{case}: {} MB, {} MB where nothing is wrong",
            self.peak / MEGABYTE,
            baseline.peak / MEGABYTE
        );
    }
}

/// Bytes of this process at its largest, where the system tells.
fn own_peak() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| {
        line.strip_prefix("VmHWM:")?
            .trim()
            .strip_suffix(" kB")?
            .parse::<u64>()
            .ok()
    });
    kilobytes.unwrap_or(0) * 1024
}

pub fn root(part: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(part)
}

pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> PathBuf {
    fs::write(path, bytes).unwrap();
    path.to_owned()
}

pub const ROW: &str =
    r#"{"prompt":"hello!","chosen":"hi!","rejected":"go away!","subset":"greet","id":1}"#;

/// A directory with a checkpoint and a file of pairs, to damage.
pub struct Bench {
    pub dir: tempfile::TempDir,
}

impl Bench {
    /// With a copy of this checkpoint.
    pub fn of(checkpoint: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir(dir.path().join("model")).unwrap();
        for entry in fs::read_dir(root(checkpoint)).unwrap() {
            let path = entry.unwrap().path();
            fs::copy(
                &path,
                dir.path().join("model").join(path.file_name().unwrap()),
            )
            .unwrap();
        }
        write(&dir.path().join("pairs.jsonl"), ROW);
        Self { dir }
    }

    /// The quickstart's: small, in half precision.
    pub fn new() -> Self {
        Self::of("quickstart/pairrm")
    }

    pub fn model(&self, file: &str) -> PathBuf {
        self.dir.path().join("model").join(file)
    }

    pub fn path(&self, file: &str) -> PathBuf {
        self.dir.path().join(file)
    }

    /// Rewrites a JSON file of the checkpoint.
    pub fn edit(&self, file: &str, edit: impl FnOnce(&mut Value)) {
        let mut value = serde_json::from_slice(&fs::read(self.model(file)).unwrap()).unwrap();
        edit(&mut value);
        write(&self.model(file), value.to_string());
    }

    /// Rewrites the weights.
    pub fn weights(&self, edit: impl FnOnce(&mut Vec<Weight>)) {
        let path = self.model("model.safetensors");
        let bytes = fs::read(&path).unwrap();
        let mut weights: Vec<Weight> = SafeTensors::deserialize(&bytes)
            .unwrap()
            .iter()
            .map(|(name, view)| Weight::new(name, &view))
            .collect();
        edit(&mut weights);
        let views = weights.iter().map(|w| {
            (
                w.name.clone(),
                TensorView::new(w.dtype, w.shape.clone(), &w.bytes).unwrap(),
            )
        });
        fs::write(&path, safetensors::serialize(views, None).unwrap()).unwrap();
    }

    pub fn run(&self, more: &[&str]) -> Done {
        self.run_on(&self.path("pairs.jsonl"), more)
    }

    pub fn run_on(&self, data: &Path, more: &[&str]) -> Done {
        let model = format!("M={}", self.path("model").display());
        pairbench(
            [
                [
                    "run",
                    "--template",
                    "pairrm",
                    "--model",
                    &model,
                    "--data",
                    data.to_str().unwrap(),
                ]
                .as_slice(),
                more,
            ]
            .concat(),
        )
    }

    /// Verdicts of a run that must succeed.
    pub fn verdicts(&self, data: &Path, more: &[&str]) -> Vec<ScoredItem> {
        let out = tempfile::tempdir().unwrap();
        self.run_on(
            data,
            &[&["--out", out.path().to_str().unwrap()], more].concat(),
        )
        .succeeded(&format!("{more:?}"));
        RunDir::open(out.path()).unwrap().models.remove(0).1
    }
}

/// A tensor outside of any file.
pub struct Weight {
    pub name: String,
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl Weight {
    fn new(name: &str, view: &TensorView) -> Self {
        Self {
            name: name.to_owned(),
            dtype: view.dtype(),
            shape: view.shape().to_vec(),
            bytes: view.data().to_vec(),
        }
    }

    /// f16 → anything, by its own arithmetic: the quickstart's weights are f16.
    pub fn cast(&mut self, to: Dtype) {
        assert_eq!(self.dtype, Dtype::F16);
        let values = self
            .bytes
            .as_chunks::<2>()
            .0
            .iter()
            .map(|b| half::f16::from_le_bytes(*b));
        self.bytes = match to {
            Dtype::F16 => return,
            Dtype::BF16 => values
                .flat_map(|v| half::bf16::from_f32(v.to_f32()).to_le_bytes())
                .collect(),
            Dtype::F32 => values.flat_map(|v| v.to_f32().to_le_bytes()).collect(),
            Dtype::F64 => values.flat_map(|v| v.to_f64().to_le_bytes()).collect(),
            Dtype::I8 => values.map(|_| 1).collect(),
            other => panic!("{other:?}"),
        };
        self.dtype = to;
    }
}

/// Both logits by row.
pub fn logits(verdicts: &[ScoredItem]) -> Vec<[f32; 2]> {
    let logits = |item: &ScoredItem| {
        let Outcome::Pairwise(both) = &item.outcome else {
            panic!("row {}: no logits", item.row);
        };
        [both.logit_ab, both.logit_ba]
    };
    verdicts.iter().map(logits).collect()
}

/// The largest difference of two lists of logits.
pub fn distance(a: &[[f32; 2]], b: &[[f32; 2]]) -> f32 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .flatten()
        .zip(b.iter().flatten())
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f32::max)
}

/// The quickstart's first `n` pairs, as a file.
pub fn quickstart_pairs(to: &Path, n: usize) -> PathBuf {
    let text = fs::read_to_string(root("benchmarks/quickstart/pairs.jsonl")).unwrap();
    // Every seventh: all subsets take part.
    write(
        to,
        text.lines()
            .step_by(7)
            .take(n)
            .collect::<Vec<_>>()
            .join("\n"),
    )
}
