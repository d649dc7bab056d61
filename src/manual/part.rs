//! What entries of the manual are made of, before it is Markdown or lines of a terminal.

/// A part of an entry. Texts are Markdown of one line: `code` and [links](page.md) alone.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Heading(usize, String),
    Text(String),
    Table {
        headers: Vec<String>,
        rows: Vec<Vec<String>>,
    },
    /// Text of the language.
    Code(String),
}

impl Part {
    /// A paragraph: line ends of a doc comment are blanks.
    pub fn text(text: &str) -> Self {
        Self::Text(one_line(text))
    }

    /// A table without the columns in which nothing stands; none where it has no rows.
    pub fn table(headers: &[&str], rows: Vec<Vec<String>>) -> Option<Self> {
        let kept: Vec<usize> = (0..headers.len())
            .filter(|i| rows.iter().any(|row| !row[*i].is_empty()))
            .collect();
        let pick = |row: &[String]| kept.iter().map(|i| row[*i].clone()).collect();
        let headers: Vec<String> = headers.iter().map(|h| (*h).to_string()).collect();
        (!rows.is_empty()).then(|| Self::Table {
            headers: pick(&headers),
            rows: rows.iter().map(|row| pick(row)).collect(),
        })
    }
}

/// Line ends and indentation become single blanks.
pub fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `text` as code, and nothing for nothing.
pub fn code(text: &str) -> String {
    match text {
        "" => String::new(),
        text => format!("`{text}`"),
    }
}
