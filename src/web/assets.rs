//! The style sheet, the script, the icons and the looks of institutions, at addresses that change with their content.
//!
//! A browser keeps each for good: after the first page, it fetches pages alone.

use std::collections::BTreeMap;
use std::path::Path;

use axum::extract::{Path as Named, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use flate2::Compression;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::packing::{Unpacks, gzip};
use super::templates::text;
use super::{Site, Web};
use crate::config::{Colour, Look};

/// Parts of the style sheet, in their order.
const SHEETS: &[&str] = &[
    "style.css",
    "style/layout.css",
    "style/parts.css",
    "style/forms.css",
    "style/desk.css",
    "style/print.css",
];
/// The darker tokens, which hold by the system's theme or by choice.
const DARK: &str = "style/dark.css";
const ICON: &str = "favicon.svg";
/// The look of whoever belongs nowhere.
const EVERYBODY: &str = "alliance";
/// Largest logo in bytes.
const LOGO: usize = 64 * 1024;
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Days that a browser may keep what never changes.
const FOR_GOOD: &str = "public, max-age=31536000, immutable";
const FOR_NOW: &str = "public, max-age=300";

/// Grounds of the two themes, as `style.css` and `style/dark.css` name them.
const LIGHT_CARD: Colour = Colour::new([255; 3]);
const DARK_CARD: Colour = Colour::new([0x1a, 0x20, 0x27]);
const DARK_INK: Colour = Colour::new([0x0e, 0x14, 0x19]);
const BLACK: Colour = Colour::new([0; 3]);

/// Everything that is served beside the pages.
#[derive(Debug)]
pub struct Assets {
    files: BTreeMap<String, File>,
    /// Addresses that every page names.
    pub addresses: Addresses,
    looks: BTreeMap<String, Dress>,
}

/// Where a page finds what it is dressed in.
#[derive(Debug, Clone, Serialize)]
pub struct Addresses {
    style: String,
    script: String,
    /// Pictures of pages, each with a name of its own.
    pub icons: String,
}

/// Where the look of an institution is.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Dress {
    style: Option<String>,
    logo: Option<String>,
}

#[derive(Debug)]
struct File {
    kind: &'static str,
    plain: Bytes,
    packed: Bytes,
}

impl Assets {
    /// Reads what is embedded, and the logos.
    ///
    /// # Errors
    /// The first file that cannot be read, and what is wrong with it.
    pub fn load(looks: &BTreeMap<String, Look>) -> Result<Self, String> {
        let mut files = BTreeMap::new();
        let mut keep =
            |stem: &str, end: &str, kind, content: Vec<u8>| add(&mut files, (stem, end), kind, content);
        let addresses = Addresses {
            style: keep("style", "css", CSS, sheet()?.into()),
            script: keep("script", "js", "text/javascript; charset=utf-8", text("script.js")?.into()),
            icons: keep("icons", "svg", SVG, text("icons.svg")?.into()),
        };
        let mut dressed = BTreeMap::new();
        for (name, look) in looks {
            let style = look.colour.map(|colour| keep("look", "css", CSS, shades(colour).into()));
            let logo = match &look.logo {
                Some(path) => Some(keep("logo", "png", "image/png", logo(name, path)?)),
                None => None,
            };
            dressed.insert(name.clone(), Dress { style, logo });
        }
        Ok(Self { files, addresses, looks: dressed })
    }

    /// The look of the first of these institutions that has one.
    pub fn look<'a>(&self, of: impl Iterator<Item = &'a str>) -> Dress {
        let own = of.into_iter().find_map(|name| self.looks.get(name));
        own.or_else(|| self.looks.get(EVERYBODY)).cloned().unwrap_or_default()
    }
}

const CSS: &str = "text/css; charset=utf-8";
const SVG: &str = "image/svg+xml";

fn add(
    files: &mut BTreeMap<String, File>,
    (stem, end): (&str, &str),
    kind: &'static str,
    content: Vec<u8>,
) -> String {
    let name = format!("{stem}-{}.{end}", &hex::encode(Sha256::digest(&content))[..16]);
    let packed = gzip(&content, Compression::best()).into();
    files.insert(name.clone(), File { kind, plain: content.into(), packed });
    format!("/assets/{name}")
}

/// The style sheet in one piece, without comments.
fn sheet() -> Result<String, String> {
    let dark = text(DARK)?;
    let mut whole = String::new();
    for (nth, file) in SHEETS.iter().enumerate() {
        whole += &text(file)?;
        if nth == 0 {
            whole += "@media screen and (prefers-color-scheme: dark) { :root:not([data-theme=light]) {\n";
            whole += &dark;
            whole += "} }\n@media screen { :root[data-theme=dark] {\n";
            whole += &dark;
            whole += "} }\n";
        }
    }
    Ok(uncommented(&whole))
}

fn uncommented(sheet: &str) -> String {
    let mut bare = String::with_capacity(sheet.len());
    for (nth, part) in sheet.split("/*").enumerate() {
        bare += if nth == 0 { part } else { part.split_once("*/").map_or("", |(_, rest)| rest) };
    }
    bare.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

/// The tokens that a colour sets, in shades that can be read in each theme.
fn shades(colour: Colour) -> String {
    let tint = colour.mixed(LIGHT_CARD, 90);
    let link = colour.readable(tint, BLACK);
    let dark_tint = DARK_CARD.mixed(colour, 25);
    let dark = colour.readable(dark_tint, LIGHT_CARD);
    let text = |colour: Colour| String::from(colour);
    let dark = format!(
        "--link: {0}; --main: {0}; --on-main: {1}; --tint: {2};",
        text(dark),
        text(DARK_INK),
        text(dark_tint)
    );
    format!(
        ":root {{ --link: {}; --main: {}; --on-main: #ffffff; --tint: {}; }}\n\
         @media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {dark} }} }}\n\
         @media screen {{ :root[data-theme=dark] {{ {dark} }} }}\n",
        text(link),
        text(colour),
        text(tint)
    )
}

fn logo(of: &str, path: &Path) -> Result<Vec<u8>, String> {
    let fault = |why: &str| format!("alliance.looks.{of}.logo: {}: {why}", path.display());
    let bytes = std::fs::read(path).map_err(|error| fault(&error.to_string()))?;
    match bytes.len() {
        _ if !bytes.starts_with(PNG) => Err(fault("no PNG file")),
        size if size > LOGO => Err(fault(&format!("{size} bytes, at most {LOGO} can be")).clone()),
        _ => Ok(bytes),
    }
}

pub async fn serve(State(web): Site, Named(name): Named<String>, headers: HeaderMap) -> Response {
    web.0.assets.files.get(&name).map_or_else(
        || StatusCode::NOT_FOUND.into_response(),
        |file| answer(&headers, file.kind, FOR_GOOD, &file.plain, &file.packed),
    )
}

pub async fn icon(headers: HeaderMap) -> Response {
    let icon = Bytes::from(text(ICON).unwrap_or_default());
    answer(&headers, SVG, FOR_NOW, &icon, &Bytes::new())
}

fn answer(
    headers: &HeaderMap,
    kind: &'static str,
    kept: &'static str,
    plain: &Bytes,
    packed: &Bytes,
) -> Response {
    let head =
        [(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, kept), (header::VARY, "Accept-Encoding")];
    if Unpacks::of(headers).gzips(plain.len()) && !packed.is_empty() && packed.len() < plain.len() {
        return (head, [(header::CONTENT_ENCODING, "gzip")], packed.clone()).into_response();
    }
    (head, plain.clone()).into_response()
}

impl Web {
    /// What pages are dressed in.
    pub(super) fn assets(&self) -> &Assets {
        &self.0.assets
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn looks(text: &str) -> BTreeMap<String, Look> {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn the_style_sheet_is_one_piece_without_comments() {
        let sheet = sheet().unwrap();
        assert!(!sheet.contains("/*") && !sheet.contains("*/"));
        assert_eq!(sheet.matches('{').count(), sheet.matches('}').count());
        assert_eq!(sheet.matches("--on-main: ").count(), 3, "light, dark by system, dark by choice");
    }

    #[test]
    fn an_institution_has_its_own_look_and_others_that_of_the_alliance() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("logo.png");
        std::fs::write(&file, [PNG, b"picture"].concat()).unwrap();
        let text =
            format!("alliance = {{ colour = '#17518f' }}\n'a.example' = {{ logo = '{}' }}", file.display());
        let assets = Assets::load(&looks(&text)).unwrap();
        let own = assets.look(["b.example", "a.example"].into_iter());
        assert!(own.style.is_none() && own.logo.is_some());
        let other = assets.look(std::iter::empty());
        assert!(other.style.is_some() && other.logo.is_none());
        std::fs::write(&file, "<svg/>").unwrap();
        let fault = Assets::load(&looks(&text)).unwrap_err();
        assert!(
            fault.starts_with("alliance.looks.a.example.logo") && fault.ends_with("no PNG file"),
            "{fault}"
        );
    }
}
