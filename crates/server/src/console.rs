//! The web console: the files of `web/console/dist`, which a release carries inside and a debug build
//! reads from disk. Every page is the same document, whose script draws what the path names. Without
//! the files, `pages.rs` says how to build them. Start at [`routes`].

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use protocol::{ErrorCode, Problem};

use crate::app::App;
use crate::pages;
use crate::problem::respond;

/// The document and where its pages live; each has more below it. A path that is none of them gets
/// a problem, so that a program which asks for the wrong one is told.
pub(crate) const PAGES: &[&str] = &[
    "/",
    "/sign-in",
    "/setup",
    "/customer",
    "/desk",
    "/split",
    "/lab",
    "/connections",
    "/why",
    "/admin",
];

const DOCUMENT: &str = "index.html";

/// Scripts of this server alone, none inside of the page, so text that someone sent can never become
/// one. Styles are set on elements. `connect-src` is wide because the socket lab and the diagnosis
/// speak to whatever server a person names; a page is drawn without loading another document, so one
/// policy holds for all. What it opens is worth little to a foreign script: there can be none, and
/// the session's cookie is kept from scripts.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self' ws: wss: http: https:; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Files with a hash in their name never change.
const KEPT_FOR_EVER: &str = "public, max-age=31536000, immutable";

/// Other files are asked for anew each time, which costs a 304.
const ASKED_ANEW: &str = "no-cache";

/// A smaller file is not worth compressing, in bytes.
const COMPRESSED_MIN_BYTES: usize = 1_024;

/// Most compressed files that are kept. A release has fewer; a debug build's change on disk.
const COMPRESSED_MAX: usize = 256;

#[derive(rust_embed::RustEmbed)]
#[folder = "../../web/console/dist"]
#[allow_missing = true]
struct Dist;

/// A file as it lies there.
#[derive(Clone, Debug)]
struct File {
    bytes: Bytes,
    hash: [u8; 32],
}

/// Finds a file by its path below the folder.
type Find = fn(&str) -> Option<File>;

/// The console's files.
#[derive(Clone)]
pub(crate) struct Console(Arc<Inner>);

struct Inner {
    find: Find,
    /// Compressed once, by the hash of what was compressed.
    compressed: Mutex<HashMap<[u8; 32], Bytes>>,
}

impl Console {
    /// The console that belongs to this program.
    pub(crate) fn new() -> Self {
        Self::of(|path| {
            let file = Dist::get(path)?;
            let bytes = match file.data {
                Cow::Borrowed(bytes) => Bytes::from_static(bytes),
                Cow::Owned(bytes) => Bytes::from(bytes),
            };
            let hash = file.metadata.sha256_hash();
            Some(File { bytes, hash })
        })
    }

    fn of(find: Find) -> Self {
        Self(Arc::new(Inner {
            find,
            compressed: Mutex::default(),
        }))
    }

    /// A file that lies beside the document, such as an icon; nothing for any other path.
    pub(crate) async fn beside_the_document(
        &self,
        method: &Method,
        path: &str,
        headers: &HeaderMap,
    ) -> Option<Response> {
        let name = path.strip_prefix('/')?;
        let is_read = matches!(*method, Method::GET | Method::HEAD);
        let is_beside = !name.contains('/') && name != DOCUMENT && !name.starts_with('.');
        if !is_read || !is_beside {
            return None;
        }
        self.file(name.to_owned(), ASKED_ANEW, headers).await
    }

    async fn document(&self, headers: &HeaderMap) -> Option<Response> {
        let mut response = self.file(DOCUMENT.to_owned(), ASKED_ANEW, headers).await?;
        response.headers_mut().insert(
            header::CONTENT_SECURITY_POLICY,
            HeaderValue::from_static(POLICY),
        );
        Some(response)
    }

    async fn file(
        &self,
        path: String,
        caching: &'static str,
        headers: &HeaderMap,
    ) -> Option<Response> {
        let takes_gzip = takes_gzip(headers);
        let known = headers.get(header::IF_NONE_MATCH).cloned();
        let console = self.clone();
        // A debug build reads from disk, and compressing takes its time.
        let answer = tokio::task::spawn_blocking(move || {
            let file = (console.0.find)(&path)?;
            let body = match takes_gzip && is_worth_compressing(&path, &file.bytes) {
                true => Some(console.compressed(&file)),
                false => None,
            };
            Some(answer(&path, caching, known.as_ref(), &file, body))
        });
        answer.await.ok().flatten()
    }

    fn compressed(&self, file: &File) -> Bytes {
        if let Some(known) = self.lock().get(&file.hash) {
            return known.clone();
        }
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let written = encoder.write_all(&file.bytes);
        let compressed = written.and_then(|()| encoder.finish());
        let compressed = Bytes::from(compressed.expect("memory takes whatever is written"));
        let mut all = self.lock();
        if all.len() >= COMPRESSED_MAX {
            all.clear();
        }
        all.insert(file.hash, compressed.clone());
        compressed
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<[u8; 32], Bytes>> {
        // A panic elsewhere leaves the map whole: every change is one insert.
        self.0
            .compressed
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

/// The routes of the pages and of the files that they load.
pub(crate) fn routes(console: &Console) -> Router<App> {
    let mut router = Router::new();
    for page in PAGES {
        let console = console.clone();
        let show = get(async move |State(app): State<App>, request: Request| {
            match console.document(request.headers()).await {
                Some(document) => document,
                None => pages::without_console(&app, &request),
            }
        });
        router = router.route(page, show.clone());
        if *page != "/" {
            router = router.route(&format!("{page}/{{*below}}"), show);
        }
    }
    let console = console.clone();
    router.route(
        "/assets/{*file}",
        get(async move |Path(file): Path<String>, headers: HeaderMap| {
            let found = console.file(format!("assets/{file}"), KEPT_FOR_EVER, &headers);
            found.await.unwrap_or_else(|| no_asset(&file))
        }),
    )
}

/// A page that was loaded before an update asks for what is no longer there.
fn no_asset(file: &str) -> Response {
    let shown: String = file.chars().take(100).collect();
    let detail = format!("the console of this version has no file assets/{shown}");
    let fix = "Load the page anew: it is of another version of this server.";
    respond(Problem::new(ErrorCode::UnknownPath, detail).with_fix(fix))
}

fn answer(
    path: &str,
    caching: &'static str,
    known: Option<&HeaderValue>,
    file: &File,
    compressed: Option<Bytes>,
) -> Response {
    let tag = entity_tag(&file.hash, compressed.is_some());
    let is_known = known
        .and_then(|known| known.to_str().ok())
        .is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let mut headers = HeaderMap::new();
    let tag = HeaderValue::from_str(&tag).expect("a tag is hexadecimal");
    headers.insert(header::ETAG, tag);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if is_known {
        return (StatusCode::NOT_MODIFIED, headers).into_response();
    }
    let kind = HeaderValue::from_static(content_type(path));
    headers.insert(header::CONTENT_TYPE, kind);
    if compressed.is_some() {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    let bytes = compressed.unwrap_or_else(|| file.bytes.clone());
    (headers, bytes).into_response()
}

/// Names the very bytes that are sent, so the compressed ones have a name of their own.
fn entity_tag(hash: &[u8; 32], is_compressed: bool) -> String {
    let mut tag = String::from("\"");
    for byte in &hash[..16] {
        let _ = write!(tag, "{byte:02x}");
    }
    tag.push_str(if is_compressed { "-gzip\"" } else { "\"" });
    tag
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
    let mut words = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    words.any(|word| {
        let (name, quality) = word.split_once(';').unwrap_or((word, ""));
        let refused = matches!(quality.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000");
        name.trim().eq_ignore_ascii_case("gzip") && !refused
    })
}

fn is_worth_compressing(path: &str, bytes: &Bytes) -> bool {
    let kind = content_type(path);
    let is_text = kind.starts_with("text/") || kind.contains("json") || kind.contains("svg");
    is_text && bytes.len() >= COMPRESSED_MIN_BYTES
}

/// By the end of the name; browsers are told not to guess.
fn content_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, end)| end) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::GzDecoder;
    use http_body_util::BodyExt as _;
    use std::io::Read as _;

    const SCRIPT: &str = "console.log('the same words again and again'); ";

    fn console() -> Console {
        Console::of(|path| {
            let text = match path {
                "index.html" => "<!doctype html><title>Frontdesk</title>".to_owned(),
                "icon.svg" => "<svg/>".to_owned(),
                ".vite/manifest.json" => "{}".to_owned(),
                "assets/main-abc.js" => SCRIPT.repeat(100),
                _ => return None,
            };
            let hash = [u8::try_from(path.len()).unwrap(); 32];
            let bytes = Bytes::from(text);
            Some(File { bytes, hash })
        })
    }

    fn headers(pairs: &[(header::HeaderName, &str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.append(name, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    async fn asset(sent: &HeaderMap) -> Response {
        let path = "assets/main-abc.js".to_owned();
        console().file(path, KEPT_FOR_EVER, sent).await.unwrap()
    }

    #[tokio::test]
    async fn a_hashed_file_is_kept_for_ever_and_compressed_for_whoever_takes_it() {
        let plain = asset(&HeaderMap::new()).await;
        let gzip = asset(&headers(&[(header::ACCEPT_ENCODING, "br, gzip;q=0.8")])).await;
        let refused = asset(&headers(&[(header::ACCEPT_ENCODING, "gzip;q=0")])).await;
        for response in [&plain, &gzip, &refused] {
            assert_eq!(response.headers()[header::CACHE_CONTROL], KEPT_FOR_EVER);
            assert_eq!(response.headers()[header::VARY], "accept-encoding");
            let kind = &response.headers()[header::CONTENT_TYPE];
            assert_eq!(kind, "text/javascript; charset=utf-8");
        }
        assert!(!refused.headers().contains_key(header::CONTENT_ENCODING));
        assert_ne!(plain.headers()[header::ETAG], gzip.headers()[header::ETAG]);
        assert_eq!(gzip.headers()[header::CONTENT_ENCODING], "gzip");
        let sent = gzip.into_body().collect().await.unwrap().to_bytes();
        let mut text = String::new();
        GzDecoder::new(&*sent).read_to_string(&mut text).unwrap();
        assert_eq!(text, SCRIPT.repeat(100));
        assert!(sent.len() < text.len() / 10, "{} bytes", sent.len());
        let whole = plain.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(whole, text.as_bytes());
    }

    #[tokio::test]
    async fn who_has_a_file_already_is_told_so() {
        let first = asset(&HeaderMap::new()).await;
        let tag = first.headers()[header::ETAG].to_str().unwrap().to_owned();
        let list = format!("\"other\", {tag}");
        let again = asset(&headers(&[(header::IF_NONE_MATCH, &list)])).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert_eq!(again.headers()[header::ETAG], first.headers()[header::ETAG]);
        let both = [
            (header::IF_NONE_MATCH, tag.as_str()),
            (header::ACCEPT_ENCODING, "gzip"),
        ];
        let other = asset(&headers(&both)).await;
        assert_eq!(other.status(), StatusCode::OK, "other bytes, another name");
    }

    #[tokio::test]
    async fn the_document_runs_scripts_of_this_server_alone_and_is_asked_for_anew() {
        let document = console().document(&HeaderMap::new()).await.unwrap();
        assert_eq!(document.headers()[header::CACHE_CONTROL], "no-cache");
        assert_eq!(document.headers()[header::CONTENT_SECURITY_POLICY], POLICY);
        let scripts = POLICY.split(';').find(|part| part.contains("script-src"));
        assert_eq!(scripts.map(str::trim), Some("script-src 'self'"));
    }

    #[tokio::test]
    async fn beside_the_document_lies_an_icon_and_nothing_hidden() {
        let ask = async |method: Method, path: &str| {
            let (console, none) = (console(), HeaderMap::new());
            let found = console.beside_the_document(&method, path, &none);
            found.await.map(|response| response.status().as_u16())
        };
        assert_eq!(ask(Method::GET, "/icon.svg").await, Some(200));
        assert_eq!(ask(Method::HEAD, "/icon.svg").await, Some(200));
        assert_eq!(ask(Method::POST, "/icon.svg").await, None);
        for path in [
            "/index.html",
            "/.vite/manifest.json",
            "/assets/main-abc.js",
            "/nothing.png",
            "/",
        ] {
            assert_eq!(ask(Method::GET, path).await, None, "{path}");
        }
    }
}
