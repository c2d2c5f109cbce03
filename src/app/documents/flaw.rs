//! What may be wrong with the content of a file.

/// Why a content is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// A PDF with a password.
    Encrypted,
    /// A PDF with a script.
    Scripted,
    /// A PDF that starts programs, opens or sends files.
    Launching,
    /// A PDF with files attached.
    Carrying,
    /// A PDF with a form that has scripts of its own.
    Form,
    /// A PDF whose streams unfold beyond the bound.
    Bomb,
    /// A PDF with objects that cannot be read on the way in.
    Hidden,
    /// A picture with too many pixels.
    Huge,
    /// A picture whose headers do not agree.
    Broken,
    /// A picture that something follows.
    Longer,
    /// The operator's scanner refuses it.
    Scanned,
}

impl Flaw {
    /// Its name, by which pages have words for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Encrypted => "encrypted",
            Self::Scripted => "scripted",
            Self::Launching => "launching",
            Self::Carrying => "carrying",
            Self::Form => "form",
            Self::Bomb => "bomb",
            Self::Hidden => "hidden",
            Self::Huge => "huge",
            Self::Broken => "broken",
            Self::Longer => "longer",
            Self::Scanned => "scanned",
        }
    }

    /// What is wrong, and how to mend it.
    pub const fn told(self) -> &'static str {
        match self {
            Self::Encrypted => "the PDF is encrypted: remove its password, and send that",
            Self::Scripted => "the PDF holds a script: print it to a PDF anew, and send that",
            Self::Launching => {
                "the PDF starts a program or opens other files: print it to a PDF anew, and send that"
            }
            Self::Carrying => "the PDF has files attached: take them out, and send them one by one",
            Self::Form => {
                "the PDF holds a form with scripts of its own (XFA): print it to a PDF anew, and send that"
            }
            Self::Bomb => "the PDF unfolds into far too much: print it to a PDF anew, and send that",
            Self::Hidden => "the PDF hides parts of itself: print it to a PDF anew, and send that",
            Self::Huge => "the picture has more than 100 million pixels: send a smaller one",
            Self::Broken => "the picture is damaged: open it, save it anew, and send that",
            Self::Longer => {
                "something is hidden behind the end of the picture: open it, save it anew, and send that"
            }
            Self::Scanned => {
                "the scanner of this service does not let the file pass: clean it, or send another"
            }
        }
    }
}
