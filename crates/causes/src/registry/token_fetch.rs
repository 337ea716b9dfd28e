//! Causes: fetching the token: CORS and cookies.

use crate::cause::{Cause, Group, Severity, Standing};

pub(super) const CAUSES: &[Cause] = &[
    Cause {
        id: "cors.origin",
        group: Group::TokenFetch,
        title: "The page's origin is not allowed",
        sentence: "The server does not name this page's origin in its answers, so the browser \
                   keeps them from the page.",
        in_page: "`fetch` fails with a TypeError; the console says \"blocked by CORS policy\". \
                  The socket is never tried, as there is no token.",
        in_shell: "The request works; the answer has no `Access-Control-Allow-Origin` for this \
                   origin.",
        probe: "Ask with `Origin: <page>` and compare `Access-Control-Allow-Origin` with it. Vite \
                moves from 5173 to 5174 in silence, and 127.0.0.1 is not localhost.",
        fix: "Add the page's origin, scheme and port included, to `server.allowed_origins`, or \
              open the page where it is allowed.",
        severity: Severity::Error,
        looks_like: &["cors.error_hides"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cors.credentials_wildcard",
        group: Group::TokenFetch,
        title: "A wildcard where a cookie comes along",
        sentence: "The server answers `Access-Control-Allow-Origin: *`, which browsers refuse for \
                   requests with cookies.",
        in_page: "\"must not be the wildcard '*' when the request's credentials mode is \
                  'include'\".",
        in_shell: "The header is `*`, or `Access-Control-Allow-Credentials: true` is missing.",
        probe: "Send the request with `Origin` and read both headers.",
        fix: "Answer with the page's own origin and `Access-Control-Allow-Credentials: true`. \
              Frontdesk does, for what is in `server.allowed_origins`.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cors.error_hides",
        group: Group::TokenFetch,
        title: "An error that looks like CORS",
        sentence: "The answer is an error (500, 502) without CORS headers, so the browser tells \
                   of CORS instead of the error.",
        in_page: "\"No 'Access-Control-Allow-Origin' header is present\", and the network panel \
                  shows status 500 or 502.",
        in_shell: "The real status.",
        probe: "Send the same request with curl and read the status.",
        fix: "Mend the error first; then let the proxy or framework add CORS headers to errors \
              too.",
        severity: Severity::Error,
        looks_like: &["cors.origin", "proxy.bad_gateway"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cors.preflight",
        group: Group::TokenFetch,
        title: "The preflight is refused",
        sentence: "The browser asks with OPTIONS first, because of a header or method, and gets \
                   no permission.",
        in_page: "\"Response to preflight request doesn't pass access control check\", or \
                  \"Request header field … is not allowed\".",
        in_shell: "OPTIONS is answered 401, 404 or 405, or without the header in \
                   `Access-Control-Allow-Headers`.",
        probe: "Send the OPTIONS by hand with `Origin` and `Access-Control-Request-Headers`.",
        fix: "Allow the header, and answer OPTIONS before authentication.",
        severity: Severity::Error,
        looks_like: &["cors.origin"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cookie.not_sent_fetch",
        group: Group::TokenFetch,
        title: "The session cookie stays behind",
        sentence: "The page asks another port or host without `credentials: \"include\"`, so the \
                   browser leaves the session cookie at home.",
        in_page: "The token endpoint answers 401; the socket upgrade would carry the cookie, \
                  which confuses.",
        in_shell: "It works with the cookie.",
        probe: "Ask `/api/v1/diagnose` twice, with and without `credentials: \"include\"`, and \
                compare the cookies.",
        fix: "Add `credentials: \"include\"` to the request (our client does), or serve page and \
              API from one address.",
        severity: Severity::Error,
        looks_like: &["token.endpoint_unauth", "cookie.samesite"],
        standing: Standing::Explained {
            why: "lies in the page's own call of `fetch`; from outside it is `token.endpoint_unauth`",
        },
    },
    Cause {
        id: "cookie.samesite",
        group: Group::TokenFetch,
        title: "The cookie does not cross sites",
        sentence: "To the browser, page and server are two sites, so a cookie with `SameSite=Lax` \
                   or `Strict` stays behind. localhost and 127.0.0.1 are two.",
        in_page: "401 from the token endpoint although the login worked.",
        in_shell: "It works with the cookie.",
        probe: "Compare host names: the same site needs the same host or registrable domain, and \
                the same scheme; ports do not matter.",
        fix: "Open the page by the server's host name, or put a proxy in front that serves both.",
        severity: Severity::Error,
        looks_like: &[
            "cookie.third_party",
            "cookie.not_sent_fetch",
            "token.endpoint_unauth",
        ],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cookie.third_party",
        group: Group::TokenFetch,
        title: "Third-party cookies are blocked",
        sentence: "The browser blocks cookies of other sites altogether, even `SameSite=None; \
                   Secure`.",
        in_page: "401 in some browsers or profiles and not in others.",
        in_shell: "It works with the cookie.",
        probe: "Try the same page in a profile that allows third-party cookies.",
        fix: "Serve page and API from one site through a proxy, or carry the token in the first \
              frame.",
        severity: Severity::Error,
        looks_like: &["cookie.samesite"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cookie.secure_http",
        group: Group::TokenFetch,
        title: "A Secure cookie on plain http",
        sentence: "The cookie is marked `Secure`, and the page is plain http on a name that is \
                   not loopback: the browser drops it.",
        in_page: "The login answers well and the next request is 401: the cookie was never stored.",
        in_shell: "`Set-Cookie` with `Secure` on an http answer.",
        probe: "Read `Set-Cookie` of the login; compare with the page's scheme and host.",
        fix: "Use https, or develop on `http://localhost`. `server.public_url` decides: with \
              https the cookie is `Secure`.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cookie.domain_path",
        group: Group::TokenFetch,
        title: "The cookie does not cover the path",
        sentence: "`Domain` or `Path` of the cookie does not cover the socket's address, so the \
                   browser sends it to one path and not to the other.",
        in_page: "Requests are signed in, the socket is not (or the reverse).",
        in_shell: "`Set-Cookie` says `Path=/api` or another `Domain`.",
        probe: "Read `Set-Cookie` and compare with the path of the socket.",
        fix: "Set `Path=/` and no `Domain`; Frontdesk does.",
        severity: Severity::Error,
        looks_like: &[],
        standing: Standing::Provoked,
    },
    Cause {
        id: "cookie.collision",
        group: Group::TokenFetch,
        title: "Two programs share a cookie name",
        sentence: "Two programs on the same host use the same cookie name, and ports do not \
                   separate cookies: each overwrites the other's.",
        in_page: "Signed out again and again, \"invalid session\", while a private window works.",
        in_shell: "It works with a clean jar.",
        probe: "Look at the names of the cookies of the host; try a private window.",
        fix: "Give the cookies different names, or use 127.0.0.1 for one program and localhost \
              for the other.",
        severity: Severity::Warning,
        looks_like: &["auth.revoked"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "token.endpoint_unauth",
        group: Group::TokenFetch,
        title: "Nobody is signed in",
        sentence: "The token endpoint answers 401: there is no live session, so there is no token \
                   to connect with.",
        in_page: "The token request is 401; an application that goes on anyway connects with \
                  `token=undefined`.",
        in_shell: "`GET /api/v1/auth/ws-token` is 401 without a cookie.",
        probe: "Ask `/api/v1/diagnose`: it says whether the session cookie arrived and whether \
                its session is live.",
        fix: "Log in (`POST /api/v1/auth/login`), and do not connect when the token request fails.",
        severity: Severity::Error,
        looks_like: &["cookie.not_sent_fetch", "cookie.samesite"],
        standing: Standing::Provoked,
    },
    Cause {
        id: "token.cached",
        group: Group::TokenFetch,
        title: "A cached token",
        sentence: "The token request is answered from a cache, so every attempt carries the same \
                   old token.",
        in_page: "4100 after the first five minutes; the token's `iat` does not change.",
        in_shell: "Fresh tokens each time.",
        probe: "Compare `iat` of two answers, and look for `(from disk cache)` in the network \
                panel.",
        fix: "Send `Cache-Control: no-store` (Frontdesk does) and take caches and workers out of \
              `/api`.",
        severity: Severity::Error,
        looks_like: &["auth.expired", "br.service_worker"],
        standing: Standing::Provoked,
    },
];
