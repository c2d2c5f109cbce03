//! What the language promises, sentence by sentence.
