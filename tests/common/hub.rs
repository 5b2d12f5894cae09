//! A hub on the loopback interface: the requests that a client makes of it, and what can go wrong.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use sha2::{Digest, Sha256};

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

/// A request as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub range: Option<String>,
    pub authorization: Option<String>,
    /// How many requests of this method and path came before.
    pub nth: usize,
}

/// What the server does instead of answering properly.
#[derive(Debug, Clone)]
pub enum Fault {
    /// Closes the connection after this many bytes of the body.
    Cut(usize),
    /// Another body of the right length.
    Garbled,
    /// A whole page of HTML, as a captive portal sends.
    LoginPage,
    /// A shorter body, with its length and without an error.
    Short,
    Status(u16, &'static str),
    /// 302 to this address followed by the request's path.
    Redirect(String),
}

type Rule = dyn Fn(&Seen) -> Option<Fault> + Send + Sync;

pub struct LoopbackHub {
    pub endpoint: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl LoopbackHub {
    /// Serves `models/OWNER/NAME` and `datasets/OWNER/NAME`, each from a directory.
    pub fn start(
        repositories: &[(&str, &Path)],
        rule: impl Fn(&Seen) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let repositories: Arc<HashMap<String, PathBuf>> = Arc::new(
            repositories
                .iter()
                .map(|(name, dir)| ((*name).to_owned(), dir.to_path_buf()))
                .collect(),
        );
        let (log, rule): (_, Arc<Rule>) = (Arc::clone(&seen), Arc::new(rule));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (repositories, log, rule) = (
                    Arc::clone(&repositories),
                    Arc::clone(&log),
                    Arc::clone(&rule),
                );
                // A client that hangs up is its own affair.
                std::thread::spawn(move || answer(stream, &repositories, &log, &*rule).ok());
            }
        });
        Self { endpoint, seen }
    }

    /// Requests so far; forgets them.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn answer(
    stream: TcpStream,
    repositories: &HashMap<String, PathBuf>,
    log: &Mutex<Vec<Seen>>,
    rule: &Rule,
) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Ok(());
    };
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line)? <= 2 {
            break;
        }
        if let Some((key, value)) = line.trim_end().split_once(": ") {
            headers.insert(key.to_lowercase(), value.to_owned());
        }
    }
    let request = {
        let mut log = log.lock().unwrap();
        let nth = log
            .iter()
            .filter(|s| s.method == method && s.path == path)
            .count();
        let request = Seen {
            method,
            path,
            range: headers.get("range").cloned(),
            authorization: headers.get("authorization").cloned(),
            nth,
        };
        log.push(request.clone());
        request
    };
    let fault = rule(&request);
    let mut stream = stream;
    match fault {
        Some(Fault::Status(status, header)) => {
            return write!(
                stream,
                "HTTP/1.1 {status} No\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        Some(Fault::Redirect(to)) => {
            return write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: {to}{}\r\n\
                 Content-Length: 0\r\nConnection: close\r\n\r\n",
                request.path
            );
        }
        Some(Fault::LoginPage) => {
            return send(
                &mut stream,
                &request,
                "200 OK",
                "Content-Type: text/html\r\n",
                b"<!DOCTYPE html><title>Log in</title>",
                usize::MAX,
            );
        }
        _ => {}
    }
    let Some((body, extra)) = body(&request.path, repositories) else {
        return write!(
            stream,
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        );
    };
    let start = request
        .range
        .as_ref()
        .and_then(|r| r.strip_prefix("bytes=")?.split_once('-')?.0.parse().ok())
        .unwrap_or(0);
    let mut part = body[start..].to_vec();
    let (status, mut end) = (
        if start > 0 {
            "206 Partial Content"
        } else {
            "200 OK"
        },
        usize::MAX,
    );
    match fault {
        Some(Fault::Cut(after)) => end = after,
        Some(Fault::Garbled) => part.iter_mut().for_each(|byte| *byte ^= 1),
        Some(Fault::Short) => part.truncate(part.len() / 2),
        _ => {}
    }
    send(&mut stream, &request, status, &extra, &part, end)
}

fn send(
    stream: &mut TcpStream,
    request: &Seen,
    status: &str,
    extra: &str,
    body: &[u8],
    end: usize,
) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\n{extra}Content-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    )?;
    if request.method != "HEAD" {
        stream.write_all(&body[..end.min(body.len())])?;
    }
    stream.flush()
}

/// The body and the headers of what the path names.
fn body(path: &str, repositories: &HashMap<String, PathBuf>) -> Option<(Vec<u8>, String)> {
    let path = path.split('?').next()?;
    if let Some(api) = path.strip_prefix("/api/") {
        let (repository, revision) = api.split_once("/revision/")?;
        let directory = repositories.get(repository)?;
        if !["main", COMMIT].contains(&revision) {
            return None;
        }
        let siblings: Vec<serde_json::Value> = files(directory, "")
            .into_iter()
            .map(|name| sibling(directory, &name))
            .collect();
        let listing = serde_json::json!({ "id": repository, "sha": COMMIT, "siblings": siblings });
        return Some((
            listing.to_string().into_bytes(),
            "Content-Type: application/json\r\n".to_owned(),
        ));
    }
    let (repository, rest) = path[1..].split_once("/resolve/")?;
    let (commit, name) = rest.split_once('/')?;
    let key = if repository.starts_with("datasets/") {
        repository.to_owned()
    } else {
        format!("models/{repository}")
    };
    let bytes = std::fs::read(repositories.get(&key)?.join(name))
        .ok()
        .filter(|_| commit == COMMIT)?;
    let etag = etag(name, &bytes);
    Some((
        bytes,
        format!("ETag: \"{etag}\"\r\nX-Repo-Commit: {COMMIT}\r\n"),
    ))
}

pub fn is_large(name: &str) -> bool {
    name.ends_with(".safetensors") || name.ends_with(".parquet")
}

/// SHA-256 of large files, git's SHA-1 of the others.
fn etag(name: &str, bytes: &[u8]) -> String {
    if is_large(name) {
        pairbench::support::files::hex(&Sha256::digest(bytes))
    } else {
        oid(bytes)
    }
}

fn oid(bytes: &[u8]) -> String {
    use sha1::Digest as _;
    pairbench::support::files::hex(
        &sha1::Sha1::new_with_prefix(format!("blob {}\0", bytes.len()))
            .chain_update(bytes)
            .finalize(),
    )
}

fn sibling(directory: &Path, name: &str) -> serde_json::Value {
    let bytes = std::fs::read(directory.join(name)).unwrap();
    let mut value =
        serde_json::json!({ "rfilename": name, "size": bytes.len(), "blobId": oid(&bytes) });
    if is_large(name) {
        let sha256 = etag(name, &bytes);
        value["lfs"] = serde_json::json!({
            "sha256": sha256,
            "size": bytes.len(),
            "pointerSize": 134,
        });
    }
    value
}

fn files(directory: &Path, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(directory.join(prefix)).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            names.extend(files(directory, &(name + "/")));
        } else {
            names.push(name);
        }
    }
    names.sort();
    names
}
