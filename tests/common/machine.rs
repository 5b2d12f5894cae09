//! A user's machine, with its own cache and a token, before one hub.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::path::PathBuf;
use std::process::Output;

use assert_cmd::Command;

use crate::common::golden;
use crate::loopback::{COMMIT, Fault, LoopbackHub, Seen};

pub const SECRET: &str = "hf_SECRETsecretSECRET";
pub const MODEL: &str = "llm-blender/PairRM-hf";
pub const MODEL_FOLDER: &str = "models--llm-blender--PairRM-hf";

/// The golden checkpoints under the names of the real ones.
pub fn hub(rule: impl Fn(&Seen) -> Option<Fault> + Send + Sync + 'static) -> LoopbackHub {
    LoopbackHub::start(
        &[
            (
                "models/llm-blender/PairRM-hf",
                &golden("models/tiny-pairrm"),
            ),
            (
                "models/maywell/Better-PairRM",
                &golden("models/tiny-better-pairrm"),
            ),
        ],
        rule,
    )
}

/// A user's machine: its own cache, a token, one hub.
pub struct Machine {
    pub home: tempfile::TempDir,
    pub endpoint: String,
}

impl Machine {
    pub fn new(hub: &LoopbackHub) -> Self {
        Self {
            home: tempfile::tempdir().unwrap(),
            endpoint: hub.endpoint.clone(),
        }
    }

    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::cargo_bin("pairbench").unwrap();
        for key in [
            "HF_HUB_OFFLINE",
            "TRANSFORMERS_OFFLINE",
            "HF_HUB_CACHE",
            "HUGGINGFACE_HUB_CACHE",
            "HTTP_PROXY",
            "http_proxy",
            "HTTPS_PROXY",
            "https_proxy",
            "ALL_PROXY",
            "all_proxy",
            "HF_TOKEN_PATH",
            "HF_HUB_DISABLE_IMPLICIT_TOKEN",
            "HUGGING_FACE_HUB_TOKEN",
        ] {
            command.env_remove(key);
        }
        command
            .env("HF_HOME", self.home.path())
            .env("HF_ENDPOINT", &self.endpoint)
            .env("HF_TOKEN", SECRET)
            .env("PAIRBENCH_CACHE", "")
            .args(args)
            .timeout(std::time::Duration::from_mins(2));
        command
    }

    pub fn run(&self, args: &[&str]) -> Outcome {
        Outcome::from(self.command(args).output().unwrap())
    }

    /// Runs with variables of the environment set or, without a value, removed.
    pub fn run_with(&self, variables: &[(&str, Option<&str>)], args: &[&str]) -> Outcome {
        let mut command = self.command(args);
        for (key, value) in variables {
            match value {
                Some(value) => command.env(key, value),
                None => command.env_remove(key),
            };
        }
        Outcome::from(command.output().unwrap())
    }

    /// The directory of the model in the cache.
    pub fn model(&self) -> PathBuf {
        self.home.path().join("hub").join(MODEL_FOLDER)
    }

    /// The model's files at the commit.
    pub fn snapshot(&self) -> PathBuf {
        self.model().join("snapshots").join(COMMIT)
    }

    /// Names in the cache that a later run could take for content.
    pub fn blobs(&self, repository: &str) -> Vec<String> {
        let dir = self.home.path().join("hub").join(repository).join("blobs");
        let names = std::fs::read_dir(dir)
            .into_iter()
            .flatten()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned());
        names.filter(|name| !name.starts_with('.')).collect()
    }
}

pub struct Outcome {
    pub out: String,
    pub err: String,
    pub code: i32,
}

impl From<Output> for Outcome {
    fn from(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
        let result = Self {
            out: text(output.stdout),
            err: text(output.stderr),
            code: output.status.code().unwrap(),
        };
        assert!(
            !result.out.contains(SECRET) && !result.err.contains(SECRET),
            "the token is shown: {}",
            result.err
        );
        assert!(!result.err.contains("panicked"), "{}", result.err);
        result
    }
}
