//! Links from one document to another file of the project: the file must exist.

use super::Finding;

/// Checks the links of a Markdown file; `exists` is asked with a path below the root.
pub(super) fn check(path: &str, text: &str, exists: impl Fn(&str) -> bool) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut in_code = false;
    for (index, line) in text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            in_code = !in_code;
        }
        if in_code {
            continue;
        }
        for target in targets(&without_code(line)) {
            let file = target.split(['#', '?']).next().unwrap_or_default();
            if file.is_empty() || is_elsewhere(target) {
                continue;
            }
            if !resolve(path, file).is_some_and(|file| exists(&file)) {
                let what = format!("there is no file `{file}` to link to, mend the link");
                findings.push(Finding::error(path, index + 1, what));
            }
        }
    }
    findings
}

/// The targets of `[text](target)` and `[text](target "title")`.
fn targets(line: &str) -> Vec<&str> {
    line.split("](")
        .skip(1)
        .filter_map(|rest| rest.split([')', ' ']).next())
        .collect()
}

/// The line without what stands between back ticks.
fn without_code(line: &str) -> String {
    line.split('`').step_by(2).collect()
}

fn is_elsewhere(target: &str) -> bool {
    ["http://", "https://", "mailto:"]
        .iter()
        .any(|scheme| target.starts_with(scheme))
}

/// The linked path below the root; nothing if it leaves the project.
fn resolve(from: &str, target: &str) -> Option<String> {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in target.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            name => parts.push(name),
        }
    }
    Some(parts.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(text: &str) -> Vec<usize> {
        let exists = |path: &str| ["README.md", "docs/a.md", "docs"].contains(&path);
        check("docs/b.md", text, exists)
            .iter()
            .map(|finding| finding.line)
            .collect()
    }

    #[test]
    fn links_to_files_that_exist_are_fine() {
        assert_eq!(
            lines("[a](a.md) [top](../README.md#x) [here](#y) [all](../docs/)"),
            [] as [usize; 0]
        );
        assert_eq!(
            lines("[web](https://example.org/none) <mailto:a@b>"),
            [] as [usize; 0]
        );
    }

    #[test]
    fn a_missing_file_and_a_link_out_of_the_project_are_findings() {
        assert_eq!(lines("one\n[c](c.md)\n[out](../../README.md)"), [2, 3]);
    }

    #[test]
    fn code_holds_no_links() {
        assert_eq!(lines("```\n[c](c.md)\n```\n`[c](c.md)`"), [] as [usize; 0]);
    }
}
