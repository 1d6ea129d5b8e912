//! Tables: aligned columns that fit the terminal. Ids are never cut; what may be cut gives way, the widest first.

use super::paper::{Line, Span, Tone};

/// No column becomes narrower than this.
const NARROWEST: usize = 8;
/// Between two columns.
const GAP: &str = "  ";

/// On which side the words stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Side {
    Left,
    Right,
}

/// Whether a column may be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// An id or a figure.
    Whole,
    /// Prose.
    Elastic,
}

/// One column.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    title: &'static str,
    side: Side,
    length: Length,
}

/// A column of ids, words or times: never cut.
pub(super) const fn whole(title: &'static str) -> Column {
    Column { title, side: Side::Left, length: Length::Whole }
}

/// A column of figures.
pub(super) const fn figure(title: &'static str) -> Column {
    Column { title, side: Side::Right, length: Length::Whole }
}

/// A column of prose: cut where the terminal is too narrow.
pub(super) const fn prose(title: &'static str) -> Column {
    Column { title, side: Side::Left, length: Length::Elastic }
}

/// Columns and rows.
#[derive(Debug, Clone)]
pub(super) struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Span>>,
}

impl Table {
    /// A table without rows.
    pub(super) fn new(columns: &[Column]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row: a cell for each column.
    pub(super) fn row(&mut self, cells: Vec<Span>) {
        debug_assert_eq!(cells.len(), self.columns.len(), "a cell for each column");
        self.rows.push(cells);
    }

    /// Title and rows; `width` is the terminal's.
    pub(super) fn lines(&self, width: Option<usize>) -> Vec<Line> {
        let widths = self.widths(width);
        let titles = self.columns.iter().map(|column| Span::new(column.title, Tone::Quiet)).collect();
        let rows = std::iter::once(titles).chain(self.rows.iter().cloned());
        rows.map(|cells: Vec<Span>| self.line(cells, &widths)).collect()
    }

    fn line(&self, cells: Vec<Span>, widths: &[usize]) -> Line {
        let mut spans = Vec::new();
        for ((cell, column), width) in cells.into_iter().zip(&self.columns).zip(widths) {
            let cut = Span { text: console::truncate_str(&cell.text, *width, "…").into_owned(), ..cell };
            let space = Span::from(" ".repeat(width.saturating_sub(cut.width())));
            if !spans.is_empty() {
                spans.push(Span::from(GAP));
            }
            match column.side {
                Side::Left => spans.extend([cut, space]),
                Side::Right => spans.extend([space, cut]),
            }
        }
        Line(spans)
    }

    fn widths(&self, width: Option<usize>) -> Vec<usize> {
        let widest = |(nth, column): (usize, &Column)| {
            let cells = self.rows.iter().map(|row| row[nth].width());
            cells.chain([column.title.len()]).max().unwrap_or_default()
        };
        let mut widths: Vec<usize> = self.columns.iter().enumerate().map(widest).collect();
        let Some(width) = width else { return widths };
        loop {
            let total = widths.iter().sum::<usize>() + GAP.len() * widths.len().saturating_sub(1);
            let elastic = self.columns.iter().enumerate().filter(|(_, column)| column.length == Length::Elastic);
            let most = elastic.map(|(nth, _)| nth).max_by_key(|nth| widths[*nth]);
            match most {
                Some(nth) if total > width && widths[nth] > NARROWEST => widths[nth] -= 1,
                Some(_) | None => return widths,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::paper::{Colour, Paper};
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[whole("ID"), figure("PENDING"), prose("WHY"), prose("NAME")]);
        table.row(vec![
            "102290129340398.57".into(),
            "7".into(),
            "the application answered 503 again".into(),
            "Ää".into(),
        ]);
        table.row(vec!["1".into(), "12345".into(), "-".into(), "日本".into()]);
        table
    }

    fn text(width: Option<usize>) -> String {
        Paper(table().lines(width)).render(Colour::Without)
    }

    #[test]
    fn columns_are_aligned_by_what_a_terminal_shows() {
        let expected = "\
ID                  PENDING  WHY                                 NAME
102290129340398.57        7  the application answered 503 again  Ää
1                     12345  -                                   日本
";
        assert_eq!(text(None), expected);
    }

    #[test]
    fn prose_gives_way_to_a_narrow_terminal_and_ids_never_do() {
        let expected = "\
ID                  PENDING  WHY                  NAME
102290129340398.57        7  the application an…  Ää
1                     12345  -                    日本
";
        assert_eq!(text(Some(54)), expected);
        assert!(text(Some(10)).contains("102290129340398.57        7  the app…  Ää"), "{}", text(Some(10)));
    }
}
