//! A hub on the loopback interface that answers as huggingface.co does, and what can go wrong.
//!
//! As of 2026, read in the answers that huggingface_hub 2.4 expects and by hand: small files are
//! redirected to a cache on the same host, large ones to a storage host with a signed address,
//! renamed repositories to their new name; what does not exist is 401 with `X-Error-Code`; each
//! answer says how many requests are left.
#![allow(dead_code, reason = "each test binary uses its part")]

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";
/// The head of pull request 1 of a repository that has one.
pub const PULL_REQUEST_COMMIT: &str = "89abcdef0123456789abcdef0123456789abcdef";
const SIGNATURE: &str = "X-Amz-Signature=5ecre7";

/// A request as the server saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub range: Option<String>,
    pub authorization: Option<String>,
    /// How many requests of this method and path came before.
    pub nth: usize,
    /// Of the host that keeps large files.
    pub storage: bool,
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
    /// With further headers.
    Status(u16, &'static str),
    /// A page of HTML with this status, as a firewall sends.
    Page(u16),
    /// 302 to this address followed by the request's path.
    Redirect(String),
}

/// The request that brings the weights: to the storage host.
pub fn weights_get(seen: &Seen) -> bool {
    seen.method == "GET" && seen.storage && seen.path.contains("/model.safetensors?")
}

/// The question what a repository has.
pub fn is_listing(seen: &Seen) -> bool {
    seen.path.starts_with("/api/") && seen.path.contains("/revision/")
}

type Rule = dyn Fn(&Seen) -> Option<Fault> + Send + Sync;

pub struct LoopbackHub {
    pub endpoint: String,
    /// `HOST:PORT` of the host that keeps large files.
    pub storage: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

/// What all connections share.
struct Shared {
    /// By `models/OWNER/NAME` and `datasets/OWNER/NAME`; a pull request's by `…@refs/pr/1`.
    repositories: HashMap<String, PathBuf>,
    /// Old names: a repository whose directory is the new name.
    renamed: HashMap<String, String>,
    storage: String,
    log: Arc<Mutex<Vec<Seen>>>,
    rule: Box<Rule>,
}

struct Reply {
    status: &'static str,
    headers: String,
    body: Vec<u8>,
}

impl LoopbackHub {
    /// Serves each repository from a directory. Where that is no directory but another repository's
    /// name, the repository was renamed.
    pub fn start(
        repositories: &[(&str, &Path)],
        rule: impl Fn(&Seen) -> Option<Fault> + Send + Sync + 'static,
    ) -> Self {
        let (renamed, served): (Vec<_>, Vec<_>) = repositories
            .iter()
            .partition(|(_, place)| !place.is_absolute());
        let listeners = [(); 2].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
        let [endpoint, storage] = [0, 1].map(|i: usize| listeners[i].local_addr().unwrap());
        // Another name of the same interface is another host.
        let storage = format!("localhost:{}", storage.port());
        let seen: Arc<Mutex<Vec<Seen>>> = Arc::default();
        let shared = Arc::new(Shared {
            repositories: served
                .iter()
                .map(|(name, dir)| ((*name).to_owned(), dir.to_path_buf()))
                .collect(),
            renamed: renamed
                .iter()
                .map(|(old, new)| ((*old).to_owned(), new.display().to_string()))
                .collect(),
            storage: storage.clone(),
            log: Arc::clone(&seen),
            rule: Box::new(rule),
        });
        for (listener, is_storage) in listeners.into_iter().zip([false, true]) {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || {
                for stream in listener.incoming().flatten() {
                    let shared = Arc::clone(&shared);
                    // A client that hangs up is its own affair.
                    std::thread::spawn(move || answer(stream, &shared, is_storage).ok());
                }
            });
        }
        Self {
            endpoint: format!("http://{endpoint}"),
            storage,
            seen,
        }
    }

    /// Requests so far; forgets them.
    pub fn seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.seen.lock().unwrap())
    }
}

fn answer(mut stream: TcpStream, shared: &Shared, storage: bool) -> std::io::Result<()> {
    let Some(request) = read(&stream, shared, storage)? else {
        return Ok(());
    };
    let fault = (shared.rule)(&request);
    let plain = |status, headers: String, body: &[u8]| Reply {
        status,
        headers,
        body: body.to_vec(),
    };
    let html = "Content-Type: text/html\r\n".to_owned();
    let page = b"<!DOCTYPE html><title>Log in</title>";
    let mut reply = match &fault {
        Some(Fault::Status(status, header)) => {
            return write!(
                stream,
                "HTTP/1.1 {status} No\r\n{header}Content-Length: 0\r\nConnection: close\r\n\r\n"
            );
        }
        Some(Fault::Page(status)) => {
            write!(
                stream,
                "HTTP/1.1 {status} No\r\n{html}Content-Length: {}\r\n",
                page.len()
            )?;
            write!(stream, "Connection: close\r\n\r\n")?;
            return stream.write_all(page);
        }
        Some(Fault::Redirect(to)) => {
            let location = format!("Location: {to}{}\r\n", request.path);
            plain("302 Found", location, b"")
        }
        Some(Fault::LoginPage) => plain("200 OK", html, page),
        _ if storage => shared.stored(&request.path),
        _ => shared.reply(&request.path),
    };
    let mut end = usize::MAX;
    if reply.status == "200 OK" {
        let range = request.range.as_ref();
        let start: Option<usize> =
            range.and_then(|r| r.strip_prefix("bytes=")?.split_once('-')?.0.parse().ok());
        if let Some(start) = start {
            reply.status = "206 Partial Content";
            reply.body.drain(..start);
        }
        match fault {
            Some(Fault::Cut(after)) => end = after,
            Some(Fault::Garbled) => reply.body.iter_mut().for_each(|byte| *byte ^= 1),
            Some(Fault::Short) => reply.body.truncate(reply.body.len() / 2),
            _ => {}
        }
    }
    write!(
        stream,
        "HTTP/1.1 {}\r\n{}RateLimit: \"api\";r=499;t=120\r\n\
         RateLimit-Policy: \"fixed window\";\"api\";q=500;w=300\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n",
        reply.status,
        reply.headers,
        reply.body.len()
    )?;
    if request.method != "HEAD" {
        stream.write_all(&reply.body[..end.min(reply.body.len())])?;
    }
    stream.flush()
}

fn read(stream: &TcpStream, shared: &Shared, storage: bool) -> std::io::Result<Option<Seen>> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let mut words = line.split_whitespace().map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else {
        return Ok(None);
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
    let mut log = shared.log.lock().unwrap();
    let came_before = |s: &&Seen| s.method == method && s.path == path && s.storage == storage;
    let nth = log.iter().filter(came_before).count();
    let request = Seen {
        method,
        path,
        range: headers.get("range").cloned(),
        authorization: headers.get("authorization").cloned(),
        nth,
        storage,
    };
    log.push(request.clone());
    Ok(Some(request))
}

impl Shared {
    fn reply(&self, path: &str) -> Reply {
        let path = path.replace("%2F", "/");
        for (old, new) in &self.renamed {
            let web = |name: &str| format!("/{}/", name.strip_prefix("models/").unwrap_or(name));
            for (old, new) in [
                (format!("/api/{old}/"), format!("/api/{new}/")),
                (web(old), web(new)),
            ] {
                if let Some(rest) = path.strip_prefix(&old) {
                    return redirect("307 Temporary Redirect", &format!("{new}{rest}"), "");
                }
            }
        }
        let (path, _) = path.split_once('?').unwrap_or((&path, ""));
        if let Some(cached) = path.strip_prefix("/api/resolve-cache/") {
            return self
                .content(cached)
                .map_or_else(no_entry, |(bytes, headers)| Reply {
                    status: "200 OK",
                    headers,
                    body: bytes,
                });
        }
        match path.strip_prefix("/api/") {
            Some(question) => self.api(question),
            None => self.resolve(path),
        }
    }

    /// `KIND/OWNER/NAME[/QUESTION[/REVISION]]`.
    fn api(&self, path: &str) -> Reply {
        let mut parts = path.splitn(5, '/');
        let id: Vec<&str> = parts.by_ref().take(3).collect();
        let (question, revision) = (parts.next(), parts.next().unwrap_or("main"));
        let id = id.join("/");
        if !self.repositories.contains_key(&id) {
            return no_repository();
        }
        let Some((directory, commit)) = self.at(&id, revision) else {
            let what = format!("Invalid rev id: {revision}");
            return refusal("404 Not Found", "RevisionNotFound", &what);
        };
        let names = files(directory, "").into_iter();
        json_reply(&match question {
            None | Some("revision") => {
                let siblings: Vec<Value> = names.map(|name| sibling(directory, &name)).collect();
                let (_, id) = id.split_once('/').unwrap();
                json!({ "id": id, "sha": commit, "siblings": siblings })
            }
            Some("tree") => names.map(|name| leaf(directory, &name)).collect(),
            Some("refs") => {
                let has = self.repositories.contains_key(&format!("{id}@refs/pr/1"));
                let main =
                    json!({ "name": "main", "ref": "refs/heads/main", "targetCommit": COMMIT });
                let one = json!({
                    "name": "refs/pr/1", "ref": "refs/pr/1", "targetCommit": PULL_REQUEST_COMMIT,
                });
                let pulls: Vec<Value> = has.then_some(one).into_iter().collect();
                json!({ "branches": [main], "tags": [], "converts": [], "pullRequests": pulls })
            }
            Some(other) => panic!("the loopback hub knows no question {other}"),
        })
    }

    /// `/[datasets/]OWNER/NAME/resolve/REVISION/FILE`.
    fn resolve(&self, path: &str) -> Reply {
        let Some((id, rest)) = path[1..].split_once("/resolve/") else {
            return no_repository();
        };
        let id = match id.strip_prefix("datasets/") {
            Some(_) => id.to_owned(),
            None => format!("models/{id}"),
        };
        if !self.repositories.contains_key(&id) {
            return no_repository();
        }
        let revision = ["refs/pr/1", COMMIT, PULL_REQUEST_COMMIT, "main"]
            .into_iter()
            .find(|revision| rest.starts_with(&format!("{revision}/")));
        let Some((revision, (_, commit))) =
            revision.and_then(|revision| Some((revision, self.at(&id, revision)?)))
        else {
            return refusal("404 Not Found", "RevisionNotFound", "Invalid rev id");
        };
        let name = &rest[revision.len() + 1..];
        let place = format!("{id}/{commit}/{name}");
        let Some((bytes, headers)) = self.content(&place) else {
            return no_entry();
        };
        if is_large(name) {
            let to = format!("http://{}/{place}?{SIGNATURE}", self.storage);
            let etag = etag(name, &bytes);
            let linked = format!(
                "X-Linked-ETag: \"{etag}\"\r\nX-Linked-Size: {}\r\nX-Repo-Commit: {commit}\r\n",
                bytes.len()
            );
            redirect("302 Found", &to, &linked)
        } else {
            let to = format!("/api/resolve-cache/{place}?etag=%22{}%22", oid(&bytes));
            redirect("307 Temporary Redirect", &to, &headers)
        }
    }

    /// What the storage host has for who knows the signature.
    fn stored(&self, path: &str) -> Reply {
        let signed = path.strip_suffix(&format!("?{SIGNATURE}"));
        match signed.and_then(|path| self.content(&path[1..])) {
            Some((body, _)) => Reply {
                status: "200 OK",
                headers: String::new(),
                body,
            },
            None => refusal("403 Forbidden", "AccessDenied", "Access Denied"),
        }
    }

    /// The content and the headers of `KIND/OWNER/NAME/COMMIT/FILE`.
    fn content(&self, path: &str) -> Option<(Vec<u8>, String)> {
        let parts: Vec<&str> = path.splitn(5, '/').collect();
        let (directory, commit) = self.at(&parts[..3].join("/"), parts[3])?;
        let bytes = std::fs::read(directory.join(parts[4])).ok()?;
        let etag = etag(parts[4], &bytes);
        let headers = format!("ETag: \"{etag}\"\r\nX-Repo-Commit: {commit}\r\n");
        Some((bytes, headers))
    }

    /// The directory and the commit of a revision.
    fn at(&self, id: &str, revision: &str) -> Option<(&Path, &'static str)> {
        let (key, commit) = match revision {
            "main" | COMMIT => (id.to_owned(), COMMIT),
            "refs/pr/1" | PULL_REQUEST_COMMIT => (format!("{id}@refs/pr/1"), PULL_REQUEST_COMMIT),
            _ => return None,
        };
        Some((self.repositories.get(&key)?, commit))
    }
}

fn redirect(status: &'static str, to: &str, headers: &str) -> Reply {
    Reply {
        status,
        headers: format!("Location: {to}\r\n{headers}"),
        body: Vec::new(),
    }
}

fn json_reply(value: &Value) -> Reply {
    Reply {
        status: "200 OK",
        headers: "Content-Type: application/json\r\n".to_owned(),
        body: value.to_string().into_bytes(),
    }
}

fn no_repository() -> Reply {
    refusal("401 Unauthorized", "RepoNotFound", "Repository not found")
}

fn no_entry() -> Reply {
    refusal("404 Not Found", "EntryNotFound", "Entry not found")
}

fn refusal(status: &'static str, code: &str, message: &str) -> Reply {
    let json = json_reply(&json!({ "error": message }));
    Reply {
        status,
        headers: format!(
            "{}X-Error-Code: {code}\r\nX-Error-Message: {message}\r\n",
            json.headers
        ),
        ..json
    }
}

pub fn is_large(name: &str) -> bool {
    [".safetensors", ".parquet", ".bin"]
        .iter()
        .any(|end| name.ends_with(end))
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

/// A file as `/revision/` lists it.
fn sibling(directory: &Path, name: &str) -> Value {
    let bytes = std::fs::read(directory.join(name)).unwrap();
    let mut value = json!({ "rfilename": name, "size": bytes.len(), "blobId": oid(&bytes) });
    if is_large(name) {
        let sha256 = etag(name, &bytes);
        value["lfs"] = json!({ "sha256": sha256, "size": bytes.len(), "pointerSize": 134 });
    }
    value
}

/// A file as `/tree/` lists it.
fn leaf(directory: &Path, name: &str) -> Value {
    let bytes = std::fs::read(directory.join(name)).unwrap();
    let size = bytes.len();
    let mut value = json!({ "type": "file", "path": name, "size": size, "oid": oid(&bytes) });
    if is_large(name) {
        value["lfs"] = json!({ "oid": etag(name, &bytes), "size": size, "pointerSize": 134 });
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
