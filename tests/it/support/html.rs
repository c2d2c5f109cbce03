//! The forms of a page of ours, read from its text as a browser would read them.

/// A form with its controls.
#[derive(Debug, Clone, Default)]
pub struct HtmlForm {
    /// Where it is sent; empty: to the page itself.
    pub action: String,
    /// Whether it carries files.
    pub multipart: bool,
    pub controls: Vec<Control>,
}

/// One control with what it holds.
#[derive(Debug, Clone, Default)]
pub struct Control {
    pub name: String,
    /// The type of an `input`, else `textarea` or `select`.
    pub kind: String,
    pub value: String,
    pub required: bool,
    /// Whether a box is ticked.
    pub checked: bool,
    /// The lowest number, where it says one.
    pub low: String,
    /// What a `select` offers.
    pub options: Vec<String>,
}

/// Every form of a page that is posted.
pub fn forms(page: &str) -> Vec<HtmlForm> {
    let mut forms: Vec<HtmlForm> = Vec::new();
    let mut open = false;
    for (tag, text) in page.split('<').filter_map(|part| part.split_once('>')) {
        let name = tag.split([' ', '\n']).next().unwrap_or_default();
        match name {
            "form" => {
                open = attribute(tag, "method").as_deref() == Some("post");
                if open {
                    forms.push(HtmlForm {
                        action: attribute(tag, "action").unwrap_or_default(),
                        multipart: attribute(tag, "enctype").is_some(),
                        controls: Vec::new(),
                    });
                }
            }
            "/form" => open = false,
            _ if open => read(&mut forms.last_mut().expect("a form").controls, name, tag, text),
            _ => {}
        }
    }
    forms
}

fn read(controls: &mut Vec<Control>, name: &str, tag: &str, text: &str) {
    match name {
        "input" | "select" | "textarea" if !attribute(tag, "name").unwrap_or_default().is_empty() => {
            let kind = attribute(tag, "type").unwrap_or_else(|| "text".to_owned());
            let value = if name == "textarea" { text } else { &attribute(tag, "value").unwrap_or_default() };
            controls.push(Control {
                name: attribute(tag, "name").unwrap_or_default(),
                kind: if name == "input" { kind } else { name.to_owned() },
                value: plain(value),
                required: says(tag, "required"),
                checked: says(tag, "checked"),
                low: attribute(tag, "min").unwrap_or_default(),
                options: Vec::new(),
            });
        }
        "option" => {
            let value = plain(&attribute(tag, "value").unwrap_or_else(|| text.to_owned()));
            let Some(select) = controls.last_mut().filter(|last| last.kind == "select") else { return };
            if says(tag, "selected") {
                select.value.clone_from(&value);
            }
            select.options.push(value);
        }
        _ => {}
    }
}

/// The value of an attribute.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let (_, rest) = tag.split_once(&format!(" {name}=\""))?;
    rest.split_once('"').map(|(value, _)| plain(value))
}

/// Whether a tag has an attribute without a value.
fn says(tag: &str, name: &str) -> bool {
    tag.split('"').step_by(2).any(|bare| bare.split_whitespace().any(|word| word == name))
}

/// Text as it is read.
fn plain(text: &str) -> String {
    let signs =
        [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#x27;", "'"), ("&#x2f;", "/"), ("&amp;", "&")];
    signs.iter().fold(text.to_owned(), |text, (sign, letter)| text.replace(sign, letter))
}

mod tests {
    use super::forms;

    #[test]
    fn controls_hold_what_a_browser_would_send() {
        let page = r#"<form method="get"><input name="q"></form><form action="/x" method="post">
            <input name="a" value="1 &lt; 2" required><select name="b"><option value="">–</option><option value="y" selected>Y</option></select>
            <textarea name="c">so
            </textarea></form>"#;
        let [form] = forms(page).try_into().expect("one form");
        let held: Vec<_> = form
            .controls
            .iter()
            .map(|one| (one.name.as_str(), one.kind.as_str(), one.value.trim(), one.required))
            .collect();
        assert_eq!(
            held,
            [("a", "text", "1 < 2", true), ("b", "select", "y", false), ("c", "textarea", "so", false)]
        );
        assert_eq!(form.controls[1].options, ["", "y"]);
    }
}
