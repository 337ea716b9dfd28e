//! What a configuration file of nginx, Vite or compose says of sockets. Only what is certain is
//! found; everything else is for the probes. Pure. Start at [`judge`].

use causes::Severity;

use crate::report::Finding;

/// What kind of file it is, and what is wrong in it.
pub(crate) fn judge(name: &str, text: &str, port: Option<u16>) -> (&'static str, Vec<Finding>) {
    let lower = name.to_ascii_lowercase();
    if lower.contains("vite.config") || text.contains("defineConfig") {
        return ("Vite", vite(name, text));
    }
    if (lower.ends_with(".yml") || lower.ends_with(".yaml")) && text.contains("services:") {
        return ("compose", compose(name, text, port));
    }
    if lower.contains("nginx") || text.contains("proxy_pass") {
        return ("nginx", nginx(name, text));
    }
    ("not a file of nginx, Vite or compose", Vec::new())
}

/// One `location` of nginx, with the directives that it inherits left out.
#[derive(Debug)]
struct Location<'a> {
    path: &'a str,
    line: usize,
    body: String,
}

fn nginx(name: &str, text: &str) -> Vec<Finding> {
    let without_comments: String = text
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default())
        .collect::<Vec<_>>()
        .join("\n");
    let mut findings = Vec::new();
    // What stands outside of all locations holds inside of them, unless they say otherwise.
    let outside = outside_of_locations(&without_comments);
    for location in locations(&without_comments) {
        if !location.body.contains("proxy_pass") || !is_for_sockets(&location) {
            continue;
        }
        let own_headers = location.body.contains("proxy_set_header");
        let has =
            |word: &str| location.body.contains(word) || (!own_headers && outside.contains(word));
        let upgrades = has("$http_upgrade")
            && has_header(&location.body, "connection")
                | (!own_headers && has_header(&outside, "connection"));
        let is_new = location.body.contains("proxy_http_version 1.1")
            || outside.contains("proxy_http_version 1.1");
        let place = format!("{name}, line {}, location {}", location.line, location.path);
        if !upgrades {
            let sentence = format!(
                "{place} does not pass Upgrade and Connection on, so no socket can be opened \
                 through it"
            );
            findings.push(certain(Finding::new("proxy.no_upgrade", sentence)).fix(
                "add: proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                 proxy_set_header Connection \"upgrade\";",
            ));
        } else if !is_new {
            let sentence = format!(
                "{place} passes Upgrade on, but in HTTP/1.0: proxy_http_version 1.1 is missing"
            );
            findings.push(
                certain(Finding::new("proxy.http10", sentence)).fix("add: proxy_http_version 1.1;"),
            );
        }
        if let Some(seconds) = read_timeout(&location.body).filter(|seconds| *seconds <= 25) {
            let sentence = format!(
                "{place} cuts what is silent for {seconds} s (proxy_read_timeout); the server \
                 pings every 25 s"
            );
            findings.push(
                Finding::new("idle.proxy", sentence)
                    .severity(Severity::Warning)
                    .fix("raise proxy_read_timeout above 60s"),
            );
        }
    }
    findings
}

fn certain(finding: Finding) -> Finding {
    // A file says what stands in it, not that requests come this way.
    finding.severity(Severity::Warning)
}

fn has_header(text: &str, name: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    lower
        .split("proxy_set_header")
        .skip(1)
        .any(|rest| rest.trim_start().starts_with(name))
}

fn is_for_sockets(location: &Location<'_>) -> bool {
    location.path == "/"
        || location.path.contains("ws")
        || location.path.contains("api")
        || location.path.contains("socket")
}

fn read_timeout(body: &str) -> Option<u64> {
    let value = body
        .split("proxy_read_timeout")
        .nth(1)?
        .split(';')
        .next()?
        .trim();
    let digits: String = value.chars().take_while(char::is_ascii_digit).collect();
    let number: u64 = digits.parse().ok()?;
    match &value[digits.len()..] {
        "" | "s" => Some(number),
        "m" => Some(number * 60),
        _ => None,
    }
}

fn locations(text: &str) -> Vec<Location<'_>> {
    let mut found = Vec::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("location ") {
        let begin = from + at + "location ".len();
        let Some(brace) = text[begin..].find('{') else {
            break;
        };
        let open = begin + brace;
        let end = matching(text, open);
        let path = text[begin..open].trim();
        found.push(Location {
            path: path.rsplit(' ').next().unwrap_or(path),
            line: text[..begin].lines().count().max(1),
            body: text[open..end].to_owned(),
        });
        from = open + 1;
    }
    found
}

fn outside_of_locations(text: &str) -> String {
    let mut outside = String::new();
    let mut from = 0;
    while let Some(at) = text[from..].find("location ") {
        outside.push_str(&text[from..from + at]);
        let Some(brace) = text[from + at..].find('{') else {
            break;
        };
        from = matching(text, from + at + brace);
    }
    outside.push_str(&text[from.min(text.len())..]);
    outside
}

/// Where the block ends that opens here.
fn matching(text: &str, open: usize) -> usize {
    let mut depth = 0_usize;
    for (at, byte) in text.as_bytes().iter().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => {
                depth -= 1;
                if depth == 0 {
                    return at + 1;
                }
            }
            _ => {}
        }
    }
    text.len()
}

fn vite(name: &str, text: &str) -> Vec<Finding> {
    let mut findings = Vec::new();
    let code: String = text
        .lines()
        .map(|line| {
            line.split("//")
                .next()
                .filter(|_| !line.contains("://"))
                .unwrap_or(line)
        })
        .collect::<Vec<_>>()
        .join("\n");
    let Some(proxy) = code.find("proxy:").or_else(|| code.find("proxy :")) else {
        return findings;
    };
    let Some(open) = code[proxy..].find('{') else {
        return findings;
    };
    let block = &code[proxy + open..matching(&code, proxy + open)];
    for (key, value) in entries(block) {
        let for_sockets = key.contains("ws") || key.contains("socket");
        let has_ws = value.contains("ws: true") || value.contains("ws:true");
        let to_socket = value.contains("\"ws:")
            || value.contains("'ws:")
            || value.contains("\"wss:")
            || value.contains("'wss:");
        if (for_sockets || key.contains("api")) && !has_ws && !to_socket {
            let finding = Finding::new(
                "dev.vite_ws_false",
                format!(
                    "{name}: the proxy for {key} has no `ws: true`, so sockets below it are not \
                     passed on"
                ),
            );
            findings
                .push(certain(finding).fix(format!("write \"{key}\": {{ target: …, ws: true }}")));
        }
        if value.contains("https://")
            && !value.contains("secure: false")
            && !value.contains("secure:false")
        {
            let finding = Finding::new(
                "dev.vite_tls",
                format!(
                    "{name}: the proxy for {key} speaks TLS without `secure: false`, which a \
                     certificate of your own needs"
                ),
            );
            findings.push(certain(finding));
        }
        if value.contains("//localhost:") {
            let finding = Finding::new(
                "net.ipv6_localhost",
                format!(
                    "{name}: the proxy for {key} goes to localhost, which Node may take for ::1"
                ),
            );
            findings.push(
                finding
                    .severity(Severity::Info)
                    .fix("write 127.0.0.1 in the target"),
            );
        }
    }
    findings
}

/// The entries of an object literal: key and value as text.
fn entries(block: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let inner = block.trim().trim_start_matches('{').trim_end_matches('}');
    let (mut depth, mut current) = (0_usize, String::new());
    let mut push = |current: &mut String| {
        let entry = std::mem::take(current);
        let quoted = entry
            .trim_start()
            .chars()
            .next()
            .filter(|c| matches!(c, '"' | '\'' | '`'));
        let split = match quoted {
            Some(quote) => entry.trim_start()[1..]
                .split_once(quote)
                .and_then(|(key, rest)| Some((key.to_owned(), rest.split_once(':')?.1.to_owned()))),
            None => entry
                .split_once(':')
                .map(|(key, value)| (key.trim().to_owned(), value.to_owned())),
        };
        found.extend(split);
    };
    for character in inner.chars() {
        match character {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                push(&mut current);
                continue;
            }
            _ => {}
        }
        current.push(character);
    }
    push(&mut current);
    found
}

fn compose(name: &str, text: &str, port: Option<u16>) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        let is_listen = trimmed.contains("127.0.0.1:")
            && (trimmed.contains("--host")
                || trimmed.contains("--listen")
                || trimmed.contains("LISTEN"));
        if is_listen || trimmed.contains("--host 127.0.0.1") || trimmed.contains("--host=127.0.0.1")
        {
            let sentence = format!(
                "{name}, line {}: the program listens on 127.0.0.1 inside its container, which \
                 nobody outside can reach",
                index + 1
            );
            findings.push(
                certain(Finding::new("net.bind_loopback", sentence))
                    .fix("listen on 0.0.0.0 inside the container"),
            );
        }
        let in_page = trimmed.contains("VITE_")
            || trimmed.contains("REACT_APP_")
            || trimmed.contains("NEXT_PUBLIC_");
        if in_page && let Some((_, rest)) = trimmed.split_once("://") {
            let host: String = rest
                .chars()
                .take_while(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
                .collect();
            let is_service = !host.is_empty()
                && !host.contains('.')
                && host != "localhost"
                && text
                    .lines()
                    .any(|other| other.trim_end() == format!("  {host}:"));
            if is_service {
                let sentence = format!(
                    "{name}, line {}: a page is told to ask {host}, a name that only containers \
                     can resolve",
                    index + 1
                );
                findings.push(certain(Finding::new("net.dns_split", sentence)).fix(
                    "give pages the address that a browser reaches, such as http://localhost:8000",
                ));
            }
        }
    }
    if let Some(port) = port
        && text.contains("ports:")
        && !text.contains(&port.to_string())
    {
        let sentence = format!("{name} publishes no port {port}, which was asked");
        findings.push(Finding::new("net.wrong_port", sentence).severity(Severity::Info));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(name: &str, text: &str) -> Vec<&'static str> {
        judge(name, text, Some(8000))
            .1
            .into_iter()
            .map(|finding| finding.id)
            .collect()
    }

    #[test]
    fn nginx_must_pass_three_things_on() {
        let file = |body: &str| {
            format!(
                "server {{\n  listen 80;\n  location /ws/ {{\n proxy_pass http://app;\n{body}\n \
                 }}\n}}"
            )
        };
        let headers =
            "proxy_set_header Upgrade $http_upgrade; proxy_set_header Connection \"upgrade\";";
        assert_eq!(ids("site.nginx", &file("")), ["proxy.no_upgrade"]);
        assert_eq!(
            ids(
                "site.nginx",
                &file("# proxy_set_header Upgrade $http_upgrade;")
            ),
            ["proxy.no_upgrade"]
        );
        assert_eq!(ids("site.nginx", &file(headers)), ["proxy.http10"]);
        assert_eq!(
            ids(
                "site.nginx",
                &file(&format!("proxy_http_version 1.1; {headers}"))
            ),
            [] as [&str; 0]
        );
        assert_eq!(
            ids(
                "site.nginx",
                &file(&format!(
                    "proxy_http_version 1.1; {headers} proxy_read_timeout 5s;"
                ))
            ),
            ["idle.proxy"]
        );
        assert_eq!(
            ids(
                "site.nginx",
                "server { location /static/ { proxy_pass http://app; } }"
            ),
            [] as [&str; 0]
        );
        let outside = format!(
            "server {{ proxy_http_version 1.1; {headers} location /ws {{ proxy_pass http://a; }} }}"
        );
        assert_eq!(ids("site.nginx", &outside), [] as [&str; 0]);
    }

    #[test]
    fn vite_must_be_told_of_sockets() {
        let file = |entries: &str| {
            format!("export default defineConfig({{ server: {{ proxy: {{ {entries} }} }} }})")
        };
        assert_eq!(
            ids(
                "vite.config.ts",
                &file("\"/ws\": { target: \"http://127.0.0.1:8000\" }")
            ),
            ["dev.vite_ws_false"]
        );
        assert_eq!(
            ids(
                "vite.config.ts",
                &file("\"/ws\": { target: \"http://127.0.0.1:8000\", ws: true }")
            ),
            [] as [&str; 0]
        );
        assert_eq!(
            ids(
                "vite.config.ts",
                &file("'/api': 'http://127.0.0.1:8000', '/ws': { target: 'ws://127.0.0.1:8000' }")
            ),
            ["dev.vite_ws_false"]
        );
        assert_eq!(
            ids(
                "vite.config.ts",
                &file("'/ws': { target: 'http://localhost:8000', ws: true }")
            ),
            ["net.ipv6_localhost"]
        );
    }

    #[test]
    fn compose_must_listen_outside_and_name_what_browsers_reach() {
        let text = "services:\n  api:\n    command: uvicorn main:app --host 127.0.0.1\n    \
            ports: [\"8000:8000\"]\n  web:\n    environment:\n      VITE_API: http://api:8000\n";
        assert_eq!(
            ids("compose.yml", text),
            ["net.bind_loopback", "net.dns_split"]
        );
        let text = "services:\n  api:\n    command: uvicorn main:app --host 0.0.0.0\n    ports: \
            [\"8000:8000\"]\n";
        assert_eq!(ids("compose.yml", text), [] as [&str; 0]);
    }
}
